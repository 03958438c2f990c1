"""Walks through an XML document once, calling back for the elements that were asked for.

Knows what is safe (no DOCTYPE, bounded depth, tokens, text and size) and nothing of METS. Memory
does not grow with the document; what is kept of it is up to the callbacks. Expat is used rather
than a tree, because it reports a DOCTYPE before reading it and knows the line of every element.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Mapping
from typing import BinaryIO
from xml.parsers import expat

from strongroom.errors import Unprocessable
from strongroom.mets.faults import bad_mets

MAX_DEPTH = 256  # elements within one another
MAX_TOKEN = 2**20  # bytes of one tag with its attributes, or of one comment
MAX_TEXT = 2**20  # characters of one text that is kept
MAX_ENTRIES = 4_000_000  # elements that the callbacks keep
CHUNK = 2**18  # bytes

Closer = Callable[[], None]
#: takes the attributes; returns what is to be called at the end of the element, if anything
Opener = Callable[[Mapping[str, str]], Closer | None]

_ENCODINGS = re.compile(
    r"utf-8|utf-16(le|be)?|us-ascii|iso-8859-([1-9]|1[013456])|windows-125[0-8]|koi8-[ru]", re.I
)


class Walker:
    """One walk through one document. Names are ``namespace local``, or the bare local name."""

    def __init__(self) -> None:
        self.depth = 0
        #: name of the document's root element, once seen
        self.root: str | None = None
        #: the name in a DOCTYPE, which ends the walk
        self.doctype: str | None = None
        self._openers: dict[str, Opener] = {}
        self._closers: list[tuple[int, Closer]] = []
        self._others: Callable[[str], Closer | None] | None = None
        self._text: list[str] | None = None
        self._characters = 0
        self._entries = 0
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.XmlDeclHandler = self._declaration
        parser.StartDoctypeDeclHandler = self._doctype
        self._parser = parser

    def on(self, name: str, opener: Opener) -> None:
        self._openers[name] = opener

    def others(self, opener: Callable[[str], Closer | None] | None) -> None:
        """From now on call this with the name of each element that nobody asked for by name."""
        self._others = opener

    @property
    def line(self) -> int:
        """The line of the tag that is being read, from 1."""
        return self._parser.CurrentLineNumber

    def keep(self) -> None:
        """Count one more entry that is kept in memory."""
        self._entries += 1
        if self._entries > MAX_ENTRIES:
            raise bad_mets(f"it has more than {MAX_ENTRIES:,} entries", line=self.line)

    def capture(self, put: Callable[[str], None]) -> Closer | None:
        """Collect all text up to the end of the element just opened, and put it there."""
        if self._text is not None:
            return None
        self._text = []
        self._characters = 0
        self._parser.CharacterDataHandler = self._data

        def close() -> None:
            self._parser.CharacterDataHandler = None
            text = "".join(self._text or ())
            self._text = None
            put(text)

        return close

    def walk(self, stream: BinaryIO, limit: int) -> None:
        """Read to the end. Raises Unprocessable (``bad-mets``) for what is not safe or no XML."""
        fed = 0
        try:
            while chunk := stream.read(CHUNK):
                fed += len(chunk)
                if fed > limit:
                    raise bad_mets(f"it is larger than {limit:,} bytes")
                self._parser.Parse(chunk, False)
                # expat starts a token anew with each chunk until it is whole
                if fed - max(self._parser.CurrentByteIndex, 0) > MAX_TOKEN:
                    raise bad_mets(
                        f"a single tag or comment is longer than {MAX_TOKEN:,} bytes",
                        line=self.line,
                    )
            self._parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise bad_mets(
                f"it is not well-formed XML: {expat.ErrorString(error.code)}", line=error.lineno
            ) from error

    def first_elements(self, start: bytes) -> list[str]:
        """The names of the root and of the first element in it, as far as ``start`` shows them.

        What is no XML, or not safe, has none from there on; see :attr:`doctype` for one reason.
        """
        names: list[str] = []

        def note(name: str, _attributes: Mapping[str, str]) -> None:
            if len(names) < 2:
                names.append(name)

        self._parser.StartElementHandler = note
        self._parser.EndElementHandler = None
        with contextlib.suppress(expat.ExpatError, Unprocessable):
            self._parser.Parse(start, False)
        return names

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise bad_mets(f"elements are nested more than {MAX_DEPTH} deep", line=self.line)
        if self.root is None:
            self.root = name
        opener = self._openers.get(name)
        if opener is not None:
            closer = opener(attributes)
        elif self._others is not None:
            closer = self._others(name)
        else:
            return
        if closer is not None:
            self._closers.append((self.depth, closer))

    def _end(self, _name: str) -> None:
        if self._closers and self._closers[-1][0] == self.depth:
            self._closers.pop()[1]()
        self.depth -= 1

    def _data(self, data: str) -> None:
        if self._text is not None:
            self._characters += len(data)
            if self._characters > MAX_TEXT:
                raise bad_mets(f"a text is longer than {MAX_TEXT:,} characters", line=self.line)
            self._text.append(data)

    def _declaration(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding is not None and not _ENCODINGS.fullmatch(encoding):
            raise bad_mets(
                f"its encoding '{encoding[:40]}' is not supported", what_to_do="Save it as UTF-8."
            )

    def _doctype(self, name: str, _system: str | None, _public: str | None, _subset: int) -> None:
        self.doctype = name
        raise bad_mets(
            f"it has a DOCTYPE ('{name[:40]}'), which is refused: it can pull in other files",
            line=self.line,
            what_to_do="Remove the DOCTYPE declaration.",
        )
