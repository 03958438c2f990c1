"""The files and folders that a METS is to describe, checked and arranged as a tree.

Leaves XML to :mod:`strongroom.mets.writer`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from strongroom.domain.description import DescribedFile, DescribedFolder
from strongroom.domain.digests import normal
from strongroom.domain.paths import ancestors, parent, slug
from strongroom.errors import Fault, Unprocessable
from strongroom.mets.hrefs import clean, written
from strongroom.mets.text import illegal


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A div to be: a file or a folder."""

    path: str
    label: str
    is_folder: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    #: each after the folder it lies in, otherwise in the order given
    folders: Sequence[DescribedFolder]
    #: in the order given
    files: Sequence[DescribedFile]
    #: folder path (``""`` is the root) → what lies directly in it, by label
    children: Mapping[str, Sequence[Entry]]

    def below(self, folder: str) -> Sequence[Entry]:
        return self.children.get(folder, ())


def arrange(files: Iterable[DescribedFile], folders: Iterable[DescribedFolder]) -> Contents:
    """Check everything and add the folders that the paths imply.

    Siblings are sorted by casefolded label, then by code point. Raises Unprocessable with a fault
    for each thing that is wrong.
    """
    faults: list[Fault] = []
    listed = [_checked(file, faults) for file in files]
    file_paths = _once([file.path for file in listed], faults)
    given = list(folders)
    stated = {folder.path: folder for folder in given}
    _once([folder.path for folder in given], faults)
    every: dict[str, DescribedFolder] = {}
    for path in [*stated, *file_paths]:
        above = reversed(ancestors(path))
        for place in (*above, path) if path in stated else above:
            if place not in every:
                every[place] = stated.get(place) or DescribedFolder(path=place)
    for folder in every.values():
        if folder.path in stated:
            _check_path(folder.path, faults)
        if folder.path in file_paths:
            faults.append(_fault("This is a file and a folder at once", folder.path))
    if faults:
        raise Unprocessable(
            f"No METS can be written: {faults[0].message}"
            + (f" There are {len(faults) - 1} more faults; see errors." if faults[1:] else ""),
            code="bad-description",
            faults=faults,
        )
    return Contents(
        folders=tuple(every.values()), files=tuple(listed), children=_tree(every.values(), listed)
    )


def _tree(
    folders: Iterable[DescribedFolder], files: Iterable[DescribedFile]
) -> dict[str, list[Entry]]:
    children: dict[str, list[Entry]] = {}
    for folder in folders:
        entry = Entry(path=folder.path, label=folder.name or slug(folder.path), is_folder=True)
        children.setdefault(parent(folder.path), []).append(entry)
    for file in files:
        entry = Entry(path=file.path, label=file.name or slug(file.path), is_folder=False)
        children.setdefault(parent(file.path), []).append(entry)
    for siblings in children.values():
        siblings.sort(key=lambda entry: (entry.label.casefold(), entry.label, entry.path))
    return children


def _checked(file: DescribedFile, faults: list[Fault]) -> DescribedFile:
    _check_path(file.path, faults)
    digest = normal(file.digest)
    if file.digest is not None and digest is None:
        faults.append(_fault("The digest is no SHA-256", file.path, found=file.digest[:100]))
    if file.size is not None and file.size < 0:
        faults.append(_fault("The size is negative", file.path, found=str(file.size)))
    return file if digest == file.digest else replace(file, digest=digest)


def _check_path(path: str, faults: list[Fault]) -> None:
    if bad := illegal(path):
        faults.append(_fault("The path holds characters that XML cannot carry", path, found=bad))
        return
    try:
        if clean(written(path)) != path:
            raise ValueError("has empty or '.' segments")
    except ValueError as error:
        faults.append(_fault(f"The path {error}", path))


def _once(paths: Sequence[str], faults: list[Fault]) -> set[str]:
    seen: set[str] = set()
    for path in paths:
        if path in seen:
            faults.append(_fault("The path is listed twice", path))
        seen.add(path)
    return seen


def _fault(message: str, path: str, *, found: str | None = None) -> Fault:
    # what XML cannot carry, an answer in JSON may not carry either
    return Fault(
        code="bad-description",
        message=f"{message}.",
        path=path.encode("utf-8", "backslashreplace").decode("utf-8")[:500],
        found=None if found is None else repr(found),
    )
