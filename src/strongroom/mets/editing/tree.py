"""The files and folders of a scanned METS by their paths, whatever their ids look like.

A file lies where its href says; a folder where the originalName in its section says, else where its
files do, else where its label says.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from strongroom.mets.editing import section as sections
from strongroom.mets.editing.scan import DivNode, FileNode, Scan, Span
from strongroom.mets.editing.tags import Source
from strongroom.mets.hrefs import clean, clean_path


@dataclass(slots=True)
class Entry:
    """A file or a folder of the structMap."""

    path: str
    div: DivNode
    #: None for a folder
    file: FileNode | None = None
    children: list[Entry] = field(default_factory=list)


class Tree:
    """All entries by path; ``""`` is the root."""

    def __init__(self, source: Source, scanned: Scan, root: DivNode) -> None:
        self._source = source
        self._scan = scanned
        self.entries: dict[str, Entry] = {}
        #: hrefs of files that no div points to, or that several do
        self.odd: set[str] = set()
        #: sections by their ids with white space collapsed; made when first needed
        self._collapsed: dict[str, Span] | None = None
        self.root = self._folder(root, "")

    def section(self, entry: Entry) -> Span | None:
        """The entry's ``amdSec``."""
        admid = (entry.file.admid if entry.file else None) or entry.div.admid
        if admid is None:
            return None
        known = self._scan.sections
        found = known.get(admid)
        if found is None:
            if self._collapsed is None:
                self._collapsed = {" ".join(key.split()): span for key, span in known.items()}
            found = self._collapsed.get(" ".join(admid.split()))
        return found

    def _folder(self, div: DivNode, path: str) -> Entry:
        entry = Entry(path, div)
        self.entries.setdefault(path, entry)
        for child in div.children:
            if child.directory:
                entry.children.append(self._folder(child, self._path_of(child, path)))
            else:
                self._files(child, entry)
        return entry

    def _files(self, div: DivNode, above: Entry) -> None:
        for pointer in div.pointers:
            file = self._scan.files.get(pointer)
            path = _clean(file.href) if file else None
            if file is None or path is None:
                continue
            if path in self.entries or len(div.pointers) > 1:
                self.odd.add(path)
            entry = Entry(path, div, file)
            self.entries.setdefault(path, entry)
            above.children.append(entry)
        for child in div.children:
            if child.directory:
                above.children.append(self._folder(child, self._path_of(child, above.path)))
            else:
                self._files(child, above)

    def _path_of(self, div: DivNode, above: str) -> str:
        stated = self._stated(div)
        if stated is not None:
            return stated
        for child in div.children:
            for pointer in child.pointers:
                file = self._scan.files.get(pointer)
                path = _clean(file.href) if file else None
                if path is not None:
                    return path.rpartition("/")[0]
        name = div.label or ""
        return f"{above}/{name}" if above else name

    def _stated(self, div: DivNode) -> str | None:
        span = self._scan.sections.get(div.admid or "")
        if span is None:
            return None
        whole = self._source[span.start : span.end]
        name = sections.original_name(sections.parse(whole, self._scan.namespaces))
        try:
            return clean_path(name) if name else None
        except ValueError:
            return None


def _clean(href: str | None) -> str | None:
    try:
        return clean(href) if href is not None else None
    except ValueError:
        return None


def shallowest_first(paths: Iterable[str]) -> list[str]:
    return sorted(paths, key=lambda path: (path.count("/"), path))
