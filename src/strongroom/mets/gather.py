"""Gathers the outline of a METS document in one pass over its elements.

Reads the first ``mets`` element of the document, wherever it stands, and keeps compact records.
Leaves to others how the records belong together.
"""

from __future__ import annotations

from collections.abc import Mapping

from strongroom.domain.findings import KeepTags
from strongroom.mets.descriptive import DescriptiveGatherer
from strongroom.mets.faults import bad_mets, fault
from strongroom.mets.names import METS, METS_2, XLINK_READ, tag
from strongroom.mets.outline import Div, FileEntry, Group, Location, Outline, Pointer, StructMap
from strongroom.mets.premis import NOTHING, Facts, PremisGatherer, merge
from strongroom.mets.walker import Closer, Opener, Walker

_HREFS = (*(tag(namespace, "href") for namespace in XLINK_READ), "href")
_NOT_CURRENT = ("superseded", "deleted")


class OutlineGatherer:
    """Registers itself with a walker; :meth:`result` is the outline when the walk is over."""

    def __init__(self, walker: Walker, *, keep_tags: KeepTags | None = None) -> None:
        self._walker = walker
        self._outline = Outline()
        self._premis = PremisGatherer(walker, keep_tags=keep_tags)
        self._descriptive = DescriptiveGatherer(walker)
        self._seen = self._inside = False
        #: within a metadata section or embedded content: METS elements mean nothing there
        self._foreign = False
        self._agent_open = self._agent_seen = False
        self._amd: list[Facts] | None = None
        self._groups: list[Group] = []
        self._files: list[FileEntry] = []
        self._map: StructMap | None = None
        self._divs: list[Div] = []
        self._ids: list[str] | None = None
        walker.on(tag(METS, "mets"), self._mets)
        walker.on(tag(METS_2, "mets"), self._mets_2)
        structure: dict[str, Opener] = {
            "agent": self._agent,
            "name": self._agent_name,
            "dmdSec": self._dmd_sec,
            "amdSec": self._amd_sec,
            "techMD": self._section("techMD"),
            "digiprovMD": self._section("digiprovMD"),
            "rightsMD": self._section("rightsMD"),
            "sourceMD": self._section("sourceMD"),
            "fileGrp": self._file_grp,
            "file": self._file,
            "FLocat": self._flocat,
            "FContent": self._fcontent,
            "structMap": self._struct_map,
            "div": self._div,
            "fptr": self._fptr,
            "area": self._area,
            "mptr": self._mptr,
        }
        for local, opener in structure.items():
            walker.on(tag(METS, local), self._structural(opener))

    def result(self) -> Outline:
        if not self._seen:
            root = (self._walker.root or "").rpartition(" ")[2]
            raise bad_mets(
                f"its root element is '{root[:80]}', and no element 'mets' of the namespace {METS} "
                "is in it",
                what_to_do="Is this the right file?",
            )
        return self._outline

    def _structural(self, opener: Opener) -> Opener:
        def open_structural(attributes: Mapping[str, str]) -> Closer | None:
            return opener(attributes) if self._inside and not self._foreign else None

        return open_structural

    def _warn(self, code: str, message: str, path: str | None = None) -> None:
        self._walker.keep()
        self._outline.warnings.append(fault(code, message, line=self._walker.line, path=path))

    def _claim(self, known: Mapping[str, object], section_id: str) -> bool:
        """Whether this id is new; a warning if it is not, because the first one counts."""
        if section_id in known:
            self._warn("duplicate-id", "This ID occurs twice; the first one counts", section_id)
            return False
        return True

    # -- the document and its header

    def _mets(self, attributes: Mapping[str, str]) -> Closer | None:
        if self._inside:
            return None
        if self._seen:
            self._warn("several-mets", "There is another 'mets' element; only the first is read")
            return None
        self._seen = self._inside = True
        self._outline.label = attributes.get("LABEL")
        return self._end_mets

    def _end_mets(self) -> None:
        self._inside = False

    def _mets_2(self, _attributes: Mapping[str, str]) -> Closer | None:
        if not self._seen:
            raise bad_mets(
                "it is METS 2, which is not supported",
                line=self._walker.line,
                what_to_do=f"Provide METS 1 (namespace {METS}).",
            )
        return None

    def _agent(self, _attributes: Mapping[str, str]) -> Closer | None:
        if self._agent_seen:
            return None
        self._agent_seen = self._agent_open = True
        return self._end_agent

    def _end_agent(self) -> None:
        self._agent_open = False

    def _agent_name(self, _attributes: Mapping[str, str]) -> Closer | None:
        return self._walker.capture(self._put_agent) if self._agent_open else None

    def _put_agent(self, text: str) -> None:
        if self._outline.agent is None and text.strip():
            self._outline.agent = text

    # -- metadata sections

    def _end_foreign(self) -> None:
        self._foreign = False

    def _dmd_sec(self, attributes: Mapping[str, str]) -> Closer | None:
        self._walker.keep()
        self._foreign = True
        self._descriptive.begin(attributes.get("ID"))
        return self._end_dmd_sec

    def _end_dmd_sec(self) -> None:
        self._foreign = False
        self._outline.described.append(self._descriptive.finish())

    def _amd_sec(self, attributes: Mapping[str, str]) -> Closer | None:
        self._walker.keep()
        self._amd = []
        section_id = attributes.get("ID")

        def close() -> None:
            facts, self._amd = merge(self._amd or ()), None
            if section_id is not None and self._claim(self._outline.amd, section_id):
                self._outline.amd[section_id] = facts

        return close

    def _section(self, kind: str) -> Opener:
        known = self._outline.tech if kind == "techMD" else self._outline.other
        # rightsMD and sourceMD speak of other things than the file itself
        speaks = kind in ("techMD", "digiprovMD")

        def open_section(attributes: Mapping[str, str]) -> Closer | None:
            self._walker.keep()
            self._foreign = True
            section_id = attributes.get("ID")
            current = attributes.get("STATUS", "").strip().lower() not in _NOT_CURRENT
            if speaks:
                self._premis.begin(attributes.get("CREATED"))

            def close() -> None:
                self._foreign = False
                facts = self._premis.finish() if speaks else NOTHING
                if self._amd is not None and current and facts is not NOTHING:
                    self._amd.append(facts)
                if section_id is not None and self._claim(known, section_id):
                    known[section_id] = facts

            return close

        return open_section

    # -- files

    def _file_grp(self, attributes: Mapping[str, str]) -> Closer | None:
        self._walker.keep()
        above = self._groups[-1] if self._groups else None
        use = attributes.get("USE") or (above.use if above else "")
        group = Group(use=use)
        if above:
            above.groups.append(group)
        self._groups.append(group)
        group_id = attributes.get("ID")
        if group_id is not None and self._claim(self._outline.groups_by_id, group_id):
            self._outline.groups_by_id[group_id] = group
        return self._end_file_grp

    def _end_file_grp(self) -> None:
        self._groups.pop()

    def _file(self, attributes: Mapping[str, str]) -> Closer | None:
        self._walker.keep()
        get = attributes.get
        use = self._groups[-1].use if self._groups else ""
        entry = FileEntry(
            id=get("ID"),
            line=self._walker.line,
            use=get("USE") or use,
            deleted=use.lower() == "deleted" or get("USE", "").lower() == "deleted",
            nested=bool(self._files),
            mimetype=get("MIMETYPE"),
            admid=get("ADMID"),
            size=get("SIZE"),
            checksum=get("CHECKSUM"),
            checksum_type=get("CHECKSUMTYPE"),
        )
        self._outline.files.append(entry)
        if self._groups:
            self._groups[-1].files.append(entry)
        if entry.id is not None and self._claim(self._outline.files_by_id, entry.id):
            self._outline.files_by_id[entry.id] = entry
        self._files.append(entry)
        return self._end_file

    def _end_file(self) -> None:
        self._files.pop()

    def _flocat(self, attributes: Mapping[str, str]) -> Closer | None:
        href = next((attributes[name] for name in _HREFS if name in attributes), None)
        if self._files and href is not None:
            self._walker.keep()
            is_url = attributes.get("LOCTYPE", "").upper() == "URL"
            place = Location(href=href, is_url=is_url, line=self._walker.line)
            self._files[-1].locations.append(place)
        return None

    def _fcontent(self, _attributes: Mapping[str, str]) -> Closer | None:
        if self._files:
            self._files[-1].embedded = True
        self._foreign = True
        return self._end_foreign

    # -- structure

    def _struct_map(self, attributes: Mapping[str, str]) -> Closer | None:
        maps = self._outline.maps
        if maps and maps[0].kind == "physical":
            return None
        self._map = StructMap(kind=attributes.get("TYPE", "").strip().lower())
        if self._map.kind == "physical":
            maps.clear()
        maps.append(self._map)
        return self._end_struct_map

    def _end_struct_map(self) -> None:
        self._map = None

    def _div(self, attributes: Mapping[str, str]) -> Closer | None:
        if self._map is None:
            return None
        self._walker.keep()
        div = Div(
            line=self._walker.line,
            directory=attributes.get("TYPE", "").strip().lower() == "directory",
            label=attributes.get("LABEL") or None,
            id=attributes.get("ID"),
            admid=attributes.get("ADMID"),
            dmdid=attributes.get("DMDID"),
        )
        if self._divs:
            self._divs[-1].children.append(div)
        else:
            if not self._map.roots:
                self._map.dmdid = attributes.get("DMDID")
            self._map.roots.append(div)
        self._divs.append(div)
        return self._end_div

    def _end_div(self) -> None:
        self._divs.pop()

    def _fptr(self, attributes: Mapping[str, str]) -> Closer | None:
        if self._map is None or not self._divs or self._ids is not None:
            return None
        self._walker.keep()
        self._map.pointers += 1
        line = self._walker.line
        self._ids = [attributes["FILEID"]] if "FILEID" in attributes else []

        def close() -> None:
            ids = tuple(dict.fromkeys(self._ids or ()))
            self._ids = None
            self._divs[-1].pointers.append(Pointer(line=line, ids=ids))

        return close

    def _area(self, attributes: Mapping[str, str]) -> Closer | None:
        if self._ids is not None and "FILEID" in attributes:
            self._walker.keep()
            self._ids.append(attributes["FILEID"])
        return None

    def _mptr(self, attributes: Mapping[str, str]) -> Closer | None:
        if self._map is not None:
            href = next((attributes[name] for name in _HREFS if name in attributes), None)
            self._warn(
                "points-elsewhere", "An mptr points to another METS, which is not read", href
            )
        return None
