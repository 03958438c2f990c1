"""Edits a METS that the platform manages: the bytes concerned are replaced, all others stay.

One pass finds where everything stands (:mod:`strongroom.mets.editing.scan`), one copy makes the new
file. Nothing is written unless all changes can be made.
"""

from __future__ import annotations

import mmap
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from io import UnsupportedOperation
from typing import BinaryIO

from strongroom.domain.description import DescribedFile, DescribedFolder
from strongroom.domain.paths import ancestors, parent, slug
from strongroom.errors import BadRequest, Fault, NotFound, StrongroomError, Unprocessable
from strongroom.mets import contents, elements
from strongroom.mets.editing import access, tags
from strongroom.mets.editing import section as sections
from strongroom.mets.editing.changes import Change, Edited, PutFile, PutFolder, Remove, SetAccess
from strongroom.mets.editing.described import Descriptions
from strongroom.mets.editing.scan import PREFIXES, DivNode, Scan, Span, scan
from strongroom.mets.editing.splices import OverlapError, Splices, Writable
from strongroom.mets.editing.tags import Source
from strongroom.mets.editing.tree import Entry, Tree, shallowest_first
from strongroom.mets.faults import bad_mets
from strongroom.mets.ids import escape
from strongroom.mets.names import PLATFORM_AGENT

#: what is wrong with a request whose first fault is this; any other is BadRequest
_KINDS: Mapping[str, type[StrongroomError]] = {
    "no-such-item": NotFound,
    "bad-rights": Unprocessable,
    "bad-restriction": Unprocessable,
}


def edit(source: BinaryIO, target: Writable, changes: Sequence[Change], *, now: datetime) -> Edited:
    """Carry out all changes on the METS in ``source``, into ``target``.

    Folders on the way to what is put are made where they lack. Everything that no change concerns
    stays byte for byte as it is; ``LASTMODDATE`` becomes ``now`` if anything changes.

    BadRequest (``foreign-mets``) if another agent made the METS, and for changes that cannot be;
    NotFound for what is to be removed, or to have other access, and is not there; Unprocessable for
    METS that cannot be read, and for bad access conditions and rights. All faults are told at once,
    and then nothing is written; the first says which of these it is.
    """
    with ExitStack() as stack:
        data = _mapped(source, stack)
        editing = _Editing(data)
        for change in changes:
            editing.plan(change)
        try:
            paths = editing.carry_out(now)
            editing.splices.write(data, target)
        except OverlapError as error:
            raise bad_mets("what is to be changed stands within other things to change") from error
        return Edited(paths=paths, changed=len(editing.splices) > 0)


def _mapped(source: BinaryIO, stack: ExitStack) -> Source:
    """The whole of a file without reading it into memory, where it is one."""
    source.seek(0)
    try:
        mapped = mmap.mmap(source.fileno(), 0, access=mmap.ACCESS_READ)
    except (UnsupportedOperation, AttributeError, OSError, ValueError):
        return source.read()
    stack.callback(mapped.close)
    return mapped


class _Editing:
    def __init__(self, source: Source) -> None:
        self._source = source
        self._scan = scan(source)
        self._check_ours(self._scan)
        root, group, inner = self._scan.root, self._scan.group, self._scan.file_section
        if root is None or group is None or inner is None:
            raise bad_mets("it has no physical structMap with a div, or no fileSec with a fileGrp")
        self._group = group
        self._file_section = inner
        self._tree = Tree(source, self._scan, root)
        self._descriptions = Descriptions(self._scan)
        self.splices = Splices()
        self._faults: list[Fault] = []
        self._missing: list[str] = []
        #: what each path is to become, the last change of it counts
        self._puts: dict[str, PutFile | PutFolder] = {}
        self._removes: dict[str, Entry] = {}
        self._affected: dict[str, bool] = {}
        self._access: dict[str, SetAccess] = {}
        #: where sections begin → how many of the entries that stay have them
        self._users: Counter[int] | None = None
        self._declared = "".join(
            f' xmlns:{prefix}="{uri}"'
            for prefix, uri in PREFIXES.items()
            if self._scan.namespaces.get(prefix) != uri
        )
        #: what goes among the children of divs: before which position, order, text
        self._among: list[tuple[int, tuple[str, str], str]] = []
        #: by where an element begins: it, what goes into it at the end, and its new attributes
        self._ends: dict[int, tuple[Span, list[tuple[tuple[str, str], str]]]] = {}
        self._tags: dict[int, tuple[Span, dict[str, str | None]]] = {}
        self._new_descriptions: list[str] = []
        self._new_sections: list[str] = []
        self._new_files: list[str] = []

    def _check_ours(self, scanned: Scan) -> None:
        if scanned.agent != PLATFORM_AGENT:
            raise BadRequest(
                f"METS file was not created by {PLATFORM_AGENT}, so it is not edited here. Edit it "
                "with the program that made it.",
                code="foreign-mets",
            )

    # ------------------------------------------------------------------------------- planning

    def plan(self, change: Change) -> None:
        if isinstance(change, PutFile):
            self._plan_put(change.file.path, change, folder=False)
        elif isinstance(change, PutFolder):
            self._plan_put(change.path, change, folder=True)
        elif isinstance(change, Remove):
            self._plan_remove(change.path)
        else:
            if change.path in self._access:
                self._fault("duplicate-item", "Its access is set twice", change.path)
            self._access[change.path] = change
            self._affected.setdefault(change.path, True)

    def _plan_put(self, path: str, change: PutFile | PutFolder, *, folder: bool) -> None:
        there = self._tree.entries.get(path)
        self._removes.pop(path, None)
        if path == "" or (there is not None and (there.file is None) != folder):
            what = "a folder" if folder else "a file"
            self._fault("path-conflict", f"METS has something else than {what} at this path", path)
        self._puts[path] = change
        for above in ancestors(path):
            other = self._tree.entries.get(above)
            if (other is not None and other.file is not None) or isinstance(
                self._puts.get(above), PutFile
            ):
                self._fault("path-conflict", "A file stands where a folder must be", above)
            self._affected.setdefault(above, True)
        self._affected[path] = folder

    def _plan_remove(self, path: str) -> None:
        entry = self._tree.entries.get(path)
        if self._puts.pop(path, None) is not None and entry is None:
            del self._affected[path]
            return
        if entry is None or path == "":
            self._missing.append(path)
            return
        self._removes[path] = entry
        self._affected[path] = entry.file is None

    def _fault(self, code: str, message: str, path: str) -> None:
        self._faults.append(Fault(code=code, message=f"{message}.", path=path[:500]))

    def _check(self) -> None:
        for path, entry in self._removes.items():
            left = [child.path for child in entry.children if child.path not in self._removes]
            if left or any(path in ancestors(put) for put in self._puts):
                self._fault("folder-not-empty", "A folder with something in it stays", path)
        files = [change.file for change in self._puts.values() if isinstance(change, PutFile)]
        folders = [path for path in self._puts if isinstance(self._puts[path], PutFolder)]
        try:
            contents.arrange(files, [DescribedFolder(path=path) for path in folders])
        except Unprocessable as error:
            self._faults += error.faults
        self._check_access()
        if self._missing:
            self._faults += [
                Fault(code="no-such-item", message="METS has nothing at this path.", path=p[:500])
                for p in self._missing
            ]
        if self._faults:
            self._faults = list(dict.fromkeys(self._faults))
            raise self._refusal()

    def _check_access(self) -> None:
        entries = self._tree.entries
        for path in self._access:
            entry = entries.get(path)
            if entry is None or path in self._removes:
                self._fault("no-such-item", "METS has nothing at this path", path)
            elif path in self._tree.odd or self._descriptions.shared(entry.div):
                self._fault(
                    "shared-description",
                    "What METS says of this path, it says of others as well",
                    path,
                )
        for change in self._access.values():
            self._faults += access.faults(change)

    def _refusal(self) -> StrongroomError:
        first = self._faults[0]
        more = f" There are {len(self._faults) - 1} more; see errors." if self._faults[1:] else ""
        if first.code == "no-such-item" and len(self._missing) == len(self._faults):
            return NotFound(
                f"Can't find a file or folder to delete: '{first.path}'.{more}",
                code="no-such-item",
                faults=self._faults,
            )
        text = (
            "Cannot delete a non-empty directory"
            if first.code == "folder-not-empty"
            else f"METS cannot be edited so: {first.message.rstrip('.')}"
        )
        kind = _KINDS.get(first.code, BadRequest)
        return kind(f"{text}: '{first.path}'.{more}", code=first.code, faults=self._faults)

    # ------------------------------------------------------------------------------ carrying out

    def carry_out(self, now: datetime) -> tuple[tuple[str, bool], ...]:
        """Note all splices; the paths affected."""
        self._check()
        for entry in self._removes.values():
            self._remove(entry)
        new = [path for path in self._affected if path not in self._tree.entries]
        for path, put in self._puts.items():
            there = self._tree.entries.get(path)
            if there is not None:
                self._update(there, put)
        self._add(new)
        for path, change in self._access.items():
            self._set_access(self._tree.entries[path], change)
        self._place()
        header = self._scan.header
        if len(self.splices) and header is not None:
            self._retag(header, {"LASTMODDATE": now.isoformat()})
            self._rewrite(header.start)
        return tuple((path, self._affected[path]) for path in shallowest_first(self._affected))

    def _remove(self, entry: Entry) -> None:
        above = entry.div.parent
        # an ancestor that goes takes this div with it
        gone = [self._tree.entries.get(path) for path in ancestors(entry.path)]
        if not any(other is not None and other.path in self._removes for other in gone):
            self.splices.cut(entry.div.span.start, entry.div.span.end)
        elif above is None:
            raise AssertionError("only what lies below the root is removed")
        if entry.file is not None:
            self.splices.cut(entry.file.span.start, entry.file.span.end)
        section = self._tree.section(entry)
        if section is not None and not self._shared(section):
            self.splices.cut(section.start, section.end)
        if entry.path not in self._tree.odd and not self._descriptions.shared(entry.div):
            for description in self._descriptions.of(entry.div).values():
                self.splices.cut(description.start, description.end)

    def _shared(self, section: Span) -> bool:
        """Whether anything that stays has the same section."""
        if self._users is None:
            self._users = Counter(
                found.start
                for entry in self._tree.entries.values()
                if entry.path not in self._removes and (found := self._tree.section(entry))
            )
        return section.start in self._users

    def _update(self, entry: Entry, change: PutFile | PutFolder) -> None:
        if isinstance(change, PutFolder):
            name = (change.name or "").strip()
            if name and name != entry.div.label:
                self._retag(entry.div.span, {"LABEL": name})
            return
        assert entry.file is not None, "what is put was checked against what is there"  # noqa: S101
        span = entry.file.span
        tag = self._source[span.start : span.inner]
        given = elements.file_attributes(change.file)
        stated = {
            name: value
            for name, value in given.items()
            # a METS that never had the others does not get them, for they could go stale
            if name == "MIMETYPE" or f" {name}=".encode() in tag
        }
        self._retag(span, stated)
        tail = escape(change.file.path)
        section = self._tree.section(entry)
        if section is None:
            if entry.file.admid is None:
                self._retag(span, {**stated, "ADMID": f"ADM_{tail}"})
            self._new_sections.append(elements.file_section(tail, change.file))
            return
        whole = self._source[section.start : section.end]
        patched = sections.patched(whole, change.file, tail, self._scan.namespaces)
        if patched != whole:
            self.splices.replace(section.start, section.end, patched)

    def _retag(self, span: Span, values: Mapping[str, str | None]) -> None:
        """Note new values of attributes; None: without it."""
        self._tags.setdefault(span.start, (span, {}))[1].update(values)

    def _set_access(self, entry: Entry, change: SetAccess) -> None:
        """In the entry's first record of MODS, in no other of its records; else in a new one."""
        named = self._descriptions.of(entry.div)
        left = list(named)
        rest = change
        for section_id, span in named.items():
            whole = self._source[span.start : span.end]
            patched = access.patched(whole, rest, self._scan.namespaces)
            if patched is None:
                continue
            rest = access.emptied(rest)
            if patched == b"" and entry.path:
                self.splices.cut(span.start, span.end)
                left.remove(section_id)
            elif patched and patched != whole:
                self.splices.replace(span.start, span.end, patched)
        if access.says_something(rest):
            section_id = self._descriptions.new_id(escape(entry.path) or "PHYS_ROOT")
            self._new_descriptions.append(access.record(section_id, rest))
            left.append(section_id)
        if left != list(named):
            self._retag(entry.div.span, {"DMDID": " ".join(left) or None})

    # -- what is new

    def _add(self, new: list[str]) -> None:
        wanted = set(new)
        below: dict[str, list[str]] = {}
        for path in new:
            below.setdefault(parent(path), []).append(path)
        for path in shallowest_first(new):
            tail = self._tail(path)
            if self._affected[path]:
                folder = DescribedFolder(path=path, storage_location=self._location(path))
                self._new_sections.append(elements.section(tail, elements.folder_object(folder)))
            else:
                file = self._described(path)
                self._new_sections.append(elements.file_section(tail, file))
                self._new_files.append(elements.file(tail, file))
            if parent(path) not in wanted:
                div = self._tree.entries[parent(path)].div
                self._insert(div, self._label(path), path, self._div(path, below))

    def _div(self, path: str, below: dict[str, list[str]]) -> str:
        tail = self._tail(path)
        if not self._affected[path]:
            return elements.file_div(tail, self._label(path))
        inner = sorted(below.get(path, ()), key=lambda each: _key(self._label(each), each))
        divs = "".join(self._div(each, below) for each in inner)
        return f"{elements.folder_div(tail, self._label(path))}{divs}</mets:div>"

    def _tail(self, path: str) -> str:
        """What the ids of a new entry end with; never what another id is already."""
        tail, number = escape(path), 1
        while any(f"{prefix}_{tail}" in self._scan.ids for prefix in ("PHYS", "FILE", "ADM")):
            number += 1
            tail = f"{escape(path)}.{number}"
        return tail

    def _described(self, path: str) -> DescribedFile:
        change = self._puts[path]
        if not isinstance(change, PutFile):
            raise TypeError("a folder is no file")
        return change.file

    def _location(self, path: str) -> str | None:
        change = self._puts.get(path)
        return change.storage_location if isinstance(change, PutFolder) else None

    def _label(self, path: str) -> str:
        change = self._puts.get(path)
        return ((change.name or "").strip() if change else "") or slug(path)

    def _insert(self, div: DivNode, label: str, path: str, text: str) -> None:
        """Among its siblings: before the first whose label comes after, else as the last."""
        key = _key(label, path)
        before = next(
            (
                child.span.start
                for child in div.children
                if _key(child.label or "", "") > (key[0], key[1], "")
            ),
            None,
        )
        if before is None:
            self._at_end(div.span, text, key[:2])
        else:
            self._among.append((before, key[:2], text))

    # -- where the new goes

    def _at_end(self, span: Span, text: str, order: tuple[str, str] = ("", "")) -> None:
        self._ends.setdefault(span.start, (span, []))[1].append((order, text))

    def _place(self) -> None:
        for before, _, text in sorted(self._among):
            self.splices.insert(before, self._named(text).encode())
        for text in self._new_files:
            self._at_end(self._group, text)
        if self._new_descriptions:
            starts = (span.start for span in self._scan.sections.values())
            body = "".join(map(self._named, self._new_descriptions))
            self.splices.insert(min(starts, default=self._file_section.start), body.encode())
        if self._new_sections:
            body = "".join(map(self._named, self._new_sections))
            self.splices.insert(self._file_section.start, body.encode())
        for start in self._ends.keys() | self._tags.keys():
            self._rewrite(start)

    def _rewrite(self, start: int) -> None:
        """Give an element its new attributes, and at its end what goes into it."""
        span, values = self._tags.get(start, (None, {}))
        span, pieces = self._ends.get(start, (span, []))
        if span is None:
            return
        tag = new = self._source[span.start : span.inner]
        for name, value in values.items():
            new = (
                tags.without_attribute(new, name)
                if value is None
                else tags.with_attribute(new, name, value)
            )
        texts = [text for _, text in sorted(pieces, key=lambda piece: piece[0])]
        body = "".join(map(self._named, texts)).encode()
        if body and span.empty:
            name = tags.name_of(self._source, span.start)
            new = new[:-2].rstrip() + b">" + body + f"</{name}>".encode()
        elif body:
            self.splices.insert(span.close, body)
        if new != tag:
            self.splices.replace(span.start, span.inner, new)

    def _named(self, text: str) -> str:
        """With the namespaces declared that the document does not declare as we write them."""
        if not self._declared:
            return text
        head, _, rest = text.partition(" ")
        return f"{head}{self._declared} {rest}"


def _key(label: str, path: str) -> tuple[str, str, str]:
    return (label.casefold(), label, path)
