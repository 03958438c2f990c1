"""Where in a METS its entries stand: one pass over the bytes that notes positions.

What the administrative sections say is not looked at; only where they begin and end. Knows what is
safe, as :mod:`strongroom.mets.walker` does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.parsers import expat

from strongroom.errors import BadRequest
from strongroom.mets.editing import tags
from strongroom.mets.editing.sections_ahead import Stretch, stretches
from strongroom.mets.editing.tags import Source
from strongroom.mets.faults import bad_mets
from strongroom.mets.names import METS, MODS, PREMIS, XLINK, XLINK_READ, XSI
from strongroom.mets.walker import MAX_DEPTH, MAX_TOKEN

_CHUNK = 1 << 18
_HREFS = (*(f"{namespace} href" for namespace in XLINK_READ), "href")
#: prefixes that what we write uses
PREFIXES = {"mets": METS, "mods": MODS, "premis": PREMIS, "xlink": XLINK, "xsi": XSI}
#: elements whose inside is not looked at
_OPAQUE = frozenset(f"{METS} {name}" for name in ("amdSec", "dmdSec", "behaviorSec"))


@dataclass(slots=True)
class Span:
    """An element: its first byte, the one after its start tag, its end tag, the one after it.

    Of an empty element (``<a/>``) all but the first are the same.
    """

    start: int
    inner: int = -1
    close: int = -1
    end: int = -1

    @property
    def empty(self) -> bool:
        return self.inner == self.end


@dataclass(slots=True)
class FileNode:
    span: Span
    id: str | None
    admid: str | None
    href: str | None = None


@dataclass(slots=True)
class DivNode:
    span: Span
    id: str | None
    label: str | None
    admid: str | None
    dmdid: str | None
    directory: bool
    parent: DivNode | None
    pointers: list[str] = field(default_factory=list)
    children: list[DivNode] = field(default_factory=list)


@dataclass(slots=True)
class Scan:
    """The positions in one document."""

    header: Span | None = None
    #: text of the first agent's name
    agent: str | None = None
    #: ``amdSec`` and ``dmdSec`` by id
    sections: dict[str, Span] = field(default_factory=dict)
    descriptions: dict[str, Span] = field(default_factory=dict)
    files: dict[str, FileNode] = field(default_factory=dict)
    file_section: Span | None = None
    #: the group that new files go to: the first whose USE is OBJECTS, else the first
    group: Span | None = None
    #: the root div of the physical structMap
    root: DivNode | None = None
    #: every id of what was looked at
    ids: set[str] = field(default_factory=set)
    #: the namespaces that the ``mets`` element knows, by prefix
    namespaces: dict[str, str] = field(default_factory=dict)


class _Scanner:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.found = Scan()
        self._depth = 0
        self._inside = False
        #: depth of the opaque element that is open; 0 if there is none
        self._opaque = 0
        #: the first byte of the last opaque element
        self._opaque_start = -1
        #: element spans that are open and wanted, with their depth
        self._open: list[tuple[int, Span]] = []
        self._declared: dict[str, str] = {}
        self._file: FileNode | None = None
        self._divs: list[DivNode] = []
        self._map_depth = 0
        self._agent_depth = 0
        self._text: list[str] | None = None
        self._objects_seen = False
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartNamespaceDeclHandler = self._namespace
        parser.StartDoctypeDeclHandler = self._doctype
        parser.XmlDeclHandler = self._declaration
        self._parser = parser
        self._listen(True)

    def run(self) -> Scan:
        try:
            self._feed_all()
            self._parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise bad_mets(
                f"it is not well-formed XML: {expat.ErrorString(error.code)}", line=error.lineno
            ) from error
        return self.found

    def _feed_all(self) -> None:
        """The whole document, but without events for what is within administrative sections.

        Pieces end before a ``<``, so that the parser holds nothing back of what it was given.
        """
        at = 0
        while at < len(self.source):
            piece = self.source[at : at + _CHUNK]
            cut = piece.rfind(b"<") if at + _CHUNK < len(self.source) else -1
            cut = cut if cut > 0 else len(piece)
            done = 0
            for stretch in stretches(piece):
                if stretch.close < 0:
                    # the next piece begins with it, and so has all of it if it is not too long
                    cut = stretch.opening if stretch.opening > 0 and cut < len(piece) else cut
                    break
                self._feed(piece[done : stretch.start])
                done = stretch.start
                if self._opaque_start != at + stretch.opening:
                    break  # not what it looks like: in a comment, or of another namespace
                self._note(stretch, at)
                self._listen(False)
                self._feed(piece[done : stretch.last_close])
                self._listen(True)
                done = stretch.last_close
            self._feed(piece[done:cut])
            at += cut
            # expat starts a token anew with each piece until it is whole
            if at - max(self._parser.CurrentByteIndex, 0) > MAX_TOKEN + _CHUNK:
                raise bad_mets(f"a single tag or text is longer than {MAX_TOKEN:,} bytes")

    def _note(self, stretch: Stretch, at: int) -> None:
        """The sections of a stretch but for the last one's end, of which there is an event."""
        depth, span = self._open.pop()
        close, end = stretch.close, stretch.end
        for section in stretch.further:
            span.close, span.end = at + close, at + end
            span = Span(at + section.opening, at + section.start)
            self.found.ids.add(section.id)
            self.found.sections.setdefault(section.id, span)
            close, end = section.close, section.end
        self._open.append((depth, span))

    def _feed(self, data: bytes) -> None:
        self._parser.Parse(data, False)

    def _listen(self, listening: bool) -> None:
        parser = self._parser
        parser.StartElementHandler = self._start if listening else None
        parser.EndElementHandler = self._end if listening else None

    def _declaration(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding is not None and encoding.lower() not in ("utf-8", "us-ascii"):
            raise BadRequest(
                f"The METS file is in {encoding[:40]}; only METS in UTF-8 can be edited. Save it "
                "as UTF-8.",
                code="mets-encoding",
            )

    def _doctype(self, name: str, _system: str | None, _public: str | None, _subset: int) -> None:
        raise bad_mets(f"it has a DOCTYPE ('{name[:40]}'), which is refused")

    def _namespace(self, prefix: str | None, uri: str | None) -> None:
        if not self._inside:
            self._declared[prefix or ""] = uri or ""

    def _span(self) -> Span:
        start = self._parser.CurrentByteIndex
        inner = tags.end_of_tag(self.source, start)
        span = Span(start, inner)
        if self.source[inner - 2 : inner] == b"/>":
            span.close = span.end = inner
        self._open.append((self._depth, span))
        return span

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise bad_mets(f"elements are nested more than {MAX_DEPTH} deep")
        if self._opaque:
            return
        if not self._inside:
            if name == f"{METS} mets" and not self.found.namespaces:
                self._inside = True
                self.found.namespaces = dict(self._declared)
            return
        namespace, _, local = name.rpartition(" ")
        if namespace != METS:
            return
        if name in _OPAQUE:
            self._opaque = self._depth
            self._section(local, attributes.get("ID"))
        elif local == "file":
            self._start_file(attributes)
        elif local == "FLocat":
            if self._file is not None and self._file.href is None:
                self._file.href = next((attributes[n] for n in _HREFS if n in attributes), None)
        elif local == "div":
            self._start_div(attributes)
        elif local == "fptr":
            if self._divs and "FILEID" in attributes:
                self._divs[-1].pointers.append(attributes["FILEID"])
        else:
            self._start_rare(local, attributes)

    def _start_rare(self, local: str, attributes: dict[str, str]) -> None:
        found = self.found
        if local == "metsHdr" and found.header is None:
            found.header = self._span()
        elif local == "agent" and found.agent is None:
            self._agent_depth = self._depth
        elif local == "name" and self._agent_depth and found.agent is None:
            self._text = []
            self._parser.CharacterDataHandler = self._text.append
        elif local == "fileSec" and found.file_section is None:
            found.file_section = self._span()
        elif local == "fileGrp":
            objects = attributes.get("USE", "").upper() == "OBJECTS"
            if found.group is None or (objects and not self._objects_seen):
                found.group = self._span()
                self._objects_seen = objects
        elif local == "structMap" and found.root is None:
            physical = attributes.get("TYPE", "").strip().lower() == "physical"
            self._map_depth = self._depth if physical else 0

    def _section(self, local: str, section_id: str | None) -> None:
        span = self._span()
        self._opaque_start = span.start
        if section_id is not None:
            self.found.ids.add(section_id)
            known = self.found.sections if local == "amdSec" else self.found.descriptions
            known.setdefault(section_id, span)

    def _start_file(self, attributes: dict[str, str]) -> None:
        node = FileNode(self._span(), attributes.get("ID"), attributes.get("ADMID"))
        if node.id is not None:
            self.found.ids.add(node.id)
            self.found.files.setdefault(node.id, node)
        self._file = node

    def _start_div(self, attributes: dict[str, str]) -> None:
        if not self._map_depth:
            return
        parent = self._divs[-1] if self._divs else None
        get = attributes.get
        div = DivNode(
            self._span(),
            get("ID"),
            get("LABEL"),
            get("ADMID"),
            get("DMDID"),
            get("TYPE", "").strip().lower() == "directory",
            parent,
        )
        if div.id is not None:
            self.found.ids.add(div.id)
        if parent is not None:
            parent.children.append(div)
        elif self.found.root is None:
            self.found.root = div
        self._divs.append(div)

    def _end(self, name: str) -> None:
        depth = self._depth
        if self._open and self._open[-1][0] == depth:
            span = self._open.pop()[1]
            if span.end < 0:
                span.close = self._parser.CurrentByteIndex
                span.end = self.source.find(b">", span.close) + 1
        self._depth -= 1
        if self._opaque:
            if depth == self._opaque:
                self._opaque = 0
        elif name == f"{METS} div":
            if self._divs:
                self._divs.pop()
        elif name == f"{METS} file":
            self._file = None
        elif name == f"{METS} structMap":
            self._map_depth = 0
        elif name == f"{METS} name" and self._text is not None:
            self.found.agent = "".join(self._text)
            self._text = None
            self._parser.CharacterDataHandler = None
        elif name == f"{METS} agent":
            self._agent_depth = 0
        elif name == f"{METS} mets" and self._inside:
            self._inside = False


def scan(source: Source) -> Scan:
    """The positions of a document's entries.

    Unprocessable (``bad-mets``) if it is no XML or not safe; BadRequest (``mets-encoding``) if it
    is not in UTF-8.
    """
    if source[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise BadRequest(
            "The METS file is in UTF-16; only METS in UTF-8 can be edited. Save it as UTF-8.",
            code="mets-encoding",
        )
    return _Scanner(source).run()
