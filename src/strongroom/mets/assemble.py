"""Ties the parts of an outline together: which files a METS describes, and what it says of them.

Follows the structMap to files, files to their sections and locations. One bad entry becomes a fault
and never loses the others. Leaves XML to :mod:`strongroom.mets.gather`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from strongroom.domain.description import DescribedFile, Description
from strongroom.errors import Fault
from strongroom.mets import descriptive
from strongroom.mets.descriptive import NO_ACCESS, Access, Described
from strongroom.mets.events import latest
from strongroom.mets.faults import fault, untied
from strongroom.mets.folders import Folders
from strongroom.mets.hrefs import clean, leads_elsewhere
from strongroom.mets.names import PLATFORM_AGENT
from strongroom.mets.outline import Div, FileEntry, Group, Location, Outline, Pointer, StructMap
from strongroom.mets.premis import Facts, merge
from strongroom.mets.sections import Sections
from strongroom.mets.statement import Statement, state

#: of several files in one div, the one whose group has this USE is what the div's ADMID is about
_MASTERS = ("objects", "original", "master", "preservation", "default")


def describe(outline: Outline) -> Description:
    return _Assembly(outline).description()


class _Assembly:
    """State of one run over one outline."""

    def __init__(self, outline: Outline) -> None:
        self._outline = outline
        self._sections = Sections(outline.tech, outline.amd, outline.other)
        self._map = choose_map(outline.maps)
        self._files: dict[str, DescribedFile] = {}
        #: further, different digests stated for the same paths
        self._contradicting: list[DescribedFile] = []
        self._untied: list[Fault] = []
        self._warnings: list[Fault] = list(outline.warnings)
        #: id() of each file entry that was dealt with → its path, None if it has none
        self._done: dict[int, str | None] = {}
        self._expanded: set[int] = set()
        self._collapsed: dict[str, FileEntry] | None = None
        self._paths: dict[int, list[str]] = {}
        #: id() of a div → what is stated of the folder it stands for
        self._of_folders: dict[int, Facts] = {}
        #: ids of descriptive sections that speak of something in the object, not of the object
        self._of_parts: set[str] = set()
        self._described = {
            section.id: section for section in outline.described if section.id is not None
        }

    def description(self) -> Description:
        roots = self._map.roots if self._map else []
        stack = list(reversed(roots))
        while stack:
            div = stack.pop()
            self._take_div(div)
            stack.extend(reversed(div.children))
            for child in div.children:
                self._of_parts |= _ids(child.dmdid)
        self._take_rest()
        folders = Folders(self._paths, self._of_folder, self._access)
        folders.align(roots)
        sections = self._title_sections()
        of_all = self._access_sections(sections)
        return Description(
            title=descriptive.title(sections, self._outline.label),
            agent=self._outline.agent,
            editable=self._outline.agent == PLATFORM_AGENT,
            files=(*self._files.values(), *self._contradicting),
            folders=tuple(folders.found.values()),
            untied=(*self._untied, *folders.untied),
            warnings=(*self._warnings, *folders.warnings),
            access_conditions=descriptive.access_conditions(of_all),
            rights_statement=descriptive.rights_statement(of_all),
        )

    # -- descriptive and administrative sections

    def _title_sections(self) -> list[Described]:
        """The dmdSecs that may speak for the whole: the root div's, then the first in MODS."""
        described = self._outline.described
        wanted = _ids(self._map.dmdid if self._map else None)
        chosen = [section for section in described if section.id in wanted]
        chosen += [section for section in described if section.mods][:1]
        return chosen + [section for section in described if section.dublin_core][:1]

    def _access_sections(self, sections: list[Described]) -> list[Described]:
        """Those that say who may see the object.

        Where the platform has edited, a file or folder has a section of its own, which must not be
        taken for the object's; others have theirs anywhere.
        """
        if self._outline.agent != PLATFORM_AGENT:
            return sections
        others = self._of_parts - _ids(self._map.dmdid if self._map else None)
        return [section for section in sections if section.id not in others]

    def _facts(self, admid: str | None, line: int) -> list[Facts]:
        if admid is None:
            return []
        found, lost = self._sections.resolve(admid)
        if lost:
            self._warn(
                "unresolved-admid",
                "An ADMID names sections that do not exist",
                line,
                path=admid,
                found=" ".join(lost),
            )
        return found

    def _of_folder(self, div: Div) -> Facts:
        """What is stated of a folder; nothing of its own is warned of twice."""
        if id(div) not in self._of_folders:
            self._of_folders[id(div)] = merge(self._facts(div.admid, div.line))
        return self._of_folders[id(div)]

    def _access(self, div: Div) -> Access:
        """Who may see what a div stands for, as its own descriptive sections say."""
        wanted = sorted(_ids(div.dmdid) & self._described.keys())
        sections = [self._described[each] for each in wanted]
        return Access(
            conditions=descriptive.access_conditions(sections),
            rights=descriptive.rights_statement(sections),
        )

    # -- files

    def _take_div(self, div: Div) -> None:
        entries = [entry for pointer in div.pointers for entry in self._entries(pointer)]
        alone = len(div.pointers) == 1 and len(entries) == 1 and not div.directory
        subject = _subject(entries) if div.admid is not None and not div.directory else None
        paths = []
        for entry in entries:
            admid = div.admid if entry is subject else None
            path = self._take(entry, name=div.label if alone else None, admid=admid, line=div.line)
            if path is not None:
                paths.append(path)
                self._note_div(path, div, entry, alone=alone)
        if paths:
            self._paths[id(div)] = paths

    def _note_div(self, path: str, div: Div, entry: FileEntry, *, alone: bool) -> None:
        """The ids of a file in the XML; and who may see it, if the div is its own."""
        file = self._files[path]
        access = self._access(div) if alone and div.dmdid else NO_ACCESS
        self._files[path] = replace(
            file,
            div_id=file.div_id or div.id,
            admin_id=file.admin_id or div.admid or entry.admid,
            access_conditions=file.access_conditions or access.conditions,
            rights_statement=file.rights_statement or access.rights,
        )

    def _entries(self, pointer: Pointer) -> Iterator[FileEntry]:
        if not pointer.ids:
            self._untied.append(
                untied("An fptr has no FILEID and no area with one", line=pointer.line, path=None)
            )
        for file_id in pointer.ids:
            entry = self._outline.files_by_id.get(file_id)
            group = self._outline.groups_by_id.get(file_id)
            if entry is None and group is None:
                entry = self._collapsed_ids().get(" ".join(file_id.split()))
            if entry is not None:
                yield entry
            elif group is not None:
                yield from self._expand(group)
            else:
                self._untied.append(
                    untied(
                        "An fptr names a file that does not exist", line=pointer.line, path=file_id
                    )
                )

    def _collapsed_ids(self) -> dict[str, FileEntry]:
        if self._collapsed is None:
            self._collapsed = {}
            for file_id, entry in self._outline.files_by_id.items():
                self._collapsed.setdefault(" ".join(file_id.split()), entry)
        return self._collapsed

    def _expand(self, group: Group) -> Iterator[FileEntry]:
        """All files of a fileGrp, the first time that it is asked for."""
        if id(group) in self._expanded:
            return
        self._expanded.add(id(group))
        yield from group.files
        for inner in group.groups:
            yield from self._expand(inner)

    def _take_rest(self) -> None:
        """Files that no fptr points to: METS describes them all the same."""
        if self._map is None and self._outline.files:
            self._warn("no-structmap", "There is no structMap; files are taken as listed", None)
        for entry in self._outline.files:
            if id(entry) in self._done:
                continue
            if entry.deleted and entry.locations:
                self._warn("deleted-file", "A file is marked as deleted", entry.line, entry.id)
                continue
            path = self._take(entry, name=None, admid=None, line=entry.line)
            if path is not None and self._map is not None:
                self._warn("not-in-structmap", "No fptr points to this file", entry.line, path=path)

    def _take(
        self, entry: FileEntry, *, name: str | None, admid: str | None, line: int
    ) -> str | None:
        if id(entry) in self._done:
            path = self._done[id(entry)]
            if path is not None and name is not None and self._files[path].name is None:
                self._files[path] = replace(self._files[path], name=name)
            return path
        path = self._done[id(entry)] = self._locate(entry)
        if path is None:
            return None
        # a file's own sections say more of it than those of the div around it
        facts = [*self._facts(entry.admid, entry.line), *self._facts(admid, line)]
        statement = state(path, entry, facts, name)
        self._warnings += statement.warnings
        if path in self._files:
            self._merge(statement, entry)
        else:
            self._files[path] = statement.file
        self._contradicting += [
            replace(statement.file, digest=digest) for digest in statement.other_digests
        ]
        return path

    def _merge(self, statement: Statement, entry: FileEntry) -> None:
        """A second description of the same path; a different digest stands beside the first."""
        first, second = self._files[statement.file.path], statement.file
        self._warn("duplicate-path", "This path is described twice", entry.line, path=first.path)
        if first.digest and second.digest and first.digest != second.digest:
            self._contradicting.append(second)
        self._files[first.path] = replace(
            first,
            name=first.name if first.name is not None else second.name,
            content_type=first.content_type or second.content_type,
            size=first.size if first.size is not None else second.size,
            digest=first.digest or second.digest,
            pronom_key=first.pronom_key or second.pronom_key,
            format_name=first.format_name or second.format_name,
            original_name=first.original_name or second.original_name,
            storage_location=first.storage_location or second.storage_location,
            virus=latest(second.virus, first.virus),
            exif=first.exif or second.exif,
        )

    def _locate(self, entry: FileEntry) -> str | None:
        """The path of a file; None, and a fault, if it has none."""
        if not entry.locations:
            if entry.deleted or entry.embedded or entry.nested:
                why = (
                    "it is marked as deleted"
                    if entry.deleted
                    else "its content is in the METS itself"
                    if entry.embedded
                    else "it is a part of another file"
                )
                self._warn(
                    "file-without-location", f"A file has no FLocat: {why}", entry.line, entry.id
                )
            else:
                self._untied.append(
                    untied("A file has no FLocat with an href", line=entry.line, path=entry.id)
                )
            return None
        refused: list[tuple[Location, str]] = []
        for location in sorted(entry.locations, key=lambda location: not location.is_url):
            try:
                return clean(location.href)
            except ValueError as error:
                refused.append((location, f"The href of a file {error}"))
        # what was meant to be a path says more than a handle or a link beside it
        first, reason = min(refused, key=lambda each: leads_elsewhere(each[0].href))
        self._untied.append(untied(reason, line=first.line, path=first.href or entry.id))
        return None

    def _warn(
        self,
        code: str,
        message: str,
        line: int | None,
        path: str | None = None,
        found: str | None = None,
    ) -> None:
        self._warnings.append(fault(code, message, line=line, path=path, found=found))


def _ids(named: str | None) -> set[str]:
    """What a DMDID may mean: one id with blanks in it, or several ids."""
    return {named, *named.split()} if named else set()


def choose_map(maps: list[StructMap]) -> StructMap | None:
    """The physical structMap; else the first that is not logical; else the one with most fptrs."""
    for structmap in maps:
        if structmap.kind == "physical":
            return structmap
    for structmap in maps:
        if structmap.kind != "logical":
            return structmap
    return max(maps, key=lambda structmap: structmap.pointers, default=None)


def _subject(entries: list[FileEntry]) -> FileEntry | None:
    """The one of a div's files that the div's own ADMID is about."""
    open_ones = [entry for entry in entries if entry.admid is None]
    if not open_ones:
        return entries[0] if len(entries) == 1 else None

    def rank(entry: FileEntry) -> int:
        use = entry.use.lower()
        return _MASTERS.index(use) if use in _MASTERS else len(_MASTERS)

    return min(open_ones, key=rank)
