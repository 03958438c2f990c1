"""What lies in a local folder: every file and folder, and everything that can be neither."""

from __future__ import annotations

import os
import stat

from strongroom.errors import BadRequest, Fault, NotFound, Unprocessable
from strongroom.storage.localfile import entry_of, special_file
from strongroom.storage.protocols import FileEntry, Listing
from strongroom.storage.tree import Tree, symbolic_link
from strongroom.storage.trouble import told_as

#: bytes of a path; far beyond what can be preserved, and a bound for the work
MAX_PATH = 4096


def list_tree(tree: Tree) -> Listing:
    """Everything beneath a tree's root; NotFound if the root is not there.

    What vanishes meanwhile is left out; what cannot be looked into is refused by name.
    """
    files: list[FileEntry] = []
    folders: list[str] = []
    refused: list[Fault] = []
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        try:
            below = _list_folder(tree, folder, files, refused)
        except NotFound:
            if folder == "":
                raise
            folders.remove(folder)
        except (BadRequest, Unprocessable) as error:
            refused += error.faults
        else:
            folders += below
            waiting += below
    return Listing(
        files=tuple(sorted(files, key=lambda entry: entry.path)),
        folders=tuple(sorted(folders)),
        refused=tuple(sorted(refused, key=lambda fault: fault.path or "")),
    )


def list_children(tree: Tree, folder: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Bare names of files and folders directly in a folder, sorted; none if it is not there."""
    files: list[FileEntry] = []
    try:
        below = _list_folder(tree, folder, files, [])
    except (NotFound, BadRequest):
        return (), ()
    return (
        tuple(sorted(entry.path.rpartition("/")[2] for entry in files)),
        tuple(sorted(path.rpartition("/")[2] for path in below)),
    )


def _list_folder(
    tree: Tree, folder: str, files: list[FileEntry], refused: list[Fault]
) -> list[str]:
    """Append the files and what is refused of one folder; the paths of its folders."""
    folders = []
    prefix = f"{folder}/" if folder else ""
    descriptor = tree.folder(folder)
    try:
        with told_as(folder or tree.root.name), os.scandir(descriptor) as entries:
            for entry in entries:
                path = prefix + entry.name
                fault = _name_fault(path)
                if fault is not None:
                    refused.append(fault)
                    continue
                try:
                    status = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                if stat.S_ISREG(status.st_mode):
                    files.append(entry_of(path, status))
                elif stat.S_ISDIR(status.st_mode):
                    folders.append(path)
                elif stat.S_ISLNK(status.st_mode):
                    refused.append(symbolic_link(path))
                else:
                    refused.append(special_file(path))
    finally:
        os.close(descriptor)
    return folders


def _name_fault(path: str) -> Fault | None:
    try:
        size = len(path.encode("utf-8"))
    except UnicodeEncodeError:
        return Fault(
            code="bad-name",
            message="The name is not UTF-8; rename the file.",
            path=os.fsencode(path).decode("utf-8", "backslashreplace"),
        )
    if size > MAX_PATH:
        return Fault(
            code="path-too-long",
            message="The path is too long.",
            path=path[:200] + "…",
            expected=f"at most {MAX_PATH} bytes",
            found=f"{size} bytes",
        )
    return None
