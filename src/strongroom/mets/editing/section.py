"""Brings what one administrative section says of a file up to date, and leaves the rest of it.

Digest, size, format, properties, place and virus scan are each replaced where they stand, or put
where the schema wants them; what nothing is known of stays as it was.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from xml.parsers import expat

from strongroom.domain.description import DescribedFile
from strongroom.mets import elements
from strongroom.mets.editing import tags
from strongroom.mets.editing.splices import Splices
from strongroom.mets.faults import bad_mets
from strongroom.mets.names import METS, PREMIS_READ, UNKNOWN_FORMAT
from strongroom.mets.premis import says_sha256
from strongroom.mets.text import text
from strongroom.mets.walker import MAX_DEPTH


@dataclass(slots=True)
class Element:
    """An element of a section, by positions in it."""

    name: str
    start: int
    inner: int
    close: int = -1
    end: int = -1
    words: list[str] = field(default_factory=list)
    children: list[Element] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(self.words).strip()

    def below(self) -> Iterator[Element]:
        """All elements in it, at any depth, in the order of the document."""
        for child in self.children:
            yield child
            yield from child.below()


def parse(section: bytes, namespaces: Mapping[str, str]) -> Element:
    """The section's elements; ``namespaces`` are those it stands in, by prefix.

    Unprocessable (``bad-mets``) if they are nested too deep, or need what stands around it.
    """
    declared = "".join(
        f' xmlns{":" if prefix else ""}{prefix}="{uri}"' for prefix, uri in namespaces.items()
    )
    head = f"<around{declared}>".encode()
    root = Element("", 0, 0)
    stack = [root]
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True

    def start(name: str, _attributes: dict[str, str]) -> None:
        at = parser.CurrentByteIndex - len(head)
        if at >= 0:
            element = Element(name, at, tags.end_of_tag(section, at))
            if section[element.inner - 2 : element.inner] == b"/>":
                element.close = element.end = element.inner
            stack[-1].children.append(element)
            stack.append(element)
            if len(stack) > MAX_DEPTH:
                raise bad_mets(f"elements are nested more than {MAX_DEPTH} deep")

    def end(_name: str) -> None:
        if len(stack) > 1:
            element = stack.pop()
            if element.end < 0:
                element.close = parser.CurrentByteIndex - len(head)
                element.end = section.index(b">", element.close) + 1

    def data(words: str) -> None:
        stack[-1].words.append(words)

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = data
    try:
        parser.Parse(head + section + b"</around>", True)
    except expat.ExpatError as error:
        raise bad_mets(
            f"a section cannot be read by itself: {expat.ErrorString(error.code)}"
        ) from error
    return root.children[0]


def original_name(section: Element) -> str | None:
    """The first originalName in a section."""
    found = next((e for e in section.below() if _premis(e) == "originalName"), None)
    return found.text or None if found else None


def patched(section: bytes, file: DescribedFile, tail: str, namespaces: Mapping[str, str]) -> bytes:
    """The section with what is known of the file; ``tail`` is what new ids in it end with."""
    root = parse(section, namespaces)
    splices = _Splices(section)
    thing = next((e for e in root.below() if _premis(e) == "object"), None)
    if thing is None:
        body = elements.section(tail, elements.file_object(file)).encode()
        inner = body[body.index(b"<mets:techMD") : body.rindex(b"</mets:amdSec>")]
        splices.into(root, inner)
    else:
        _patch_object(thing, file, splices)
    if file.virus is not None:
        event = elements.virus_event(tail, file.virus).encode()
        old = next((e for e in root.children if _is_virus_check(e)), None)
        if old is not None:
            splices.replace(old, event)
        else:
            splices.into(root, event)
    return splices.result()


class _Splices:
    def __init__(self, section: bytes) -> None:
        self._section = section
        self._pieces = Splices()
        #: what goes into elements, by where they begin
        self._inner: dict[int, tuple[Element, list[bytes]]] = {}

    def into(self, element: Element, piece: bytes) -> None:
        """As the last thing in an element."""
        self._inner.setdefault(element.start, (element, []))[1].append(piece)

    def before(self, element: Element, piece: bytes) -> None:
        self._pieces.insert(element.start, piece)

    def after(self, element: Element, piece: bytes) -> None:
        self._pieces.insert(element.end, piece)

    def replace(self, element: Element, piece: bytes) -> None:
        self._pieces.replace(element.start, element.end, piece)

    def say(self, element: Element, words: str) -> None:
        """Another text in an element that has nothing but text."""
        if element.text == words:
            return
        if element.inner == element.end:
            self.into(element, text(words).encode())
        else:
            self._pieces.replace(element.inner, element.close, text(words).encode())

    def result(self) -> bytes:
        for element, pieces in self._inner.values():
            piece = b"".join(pieces)
            if piece and element.inner == element.end:
                name = tags.name_of(self._section, element.start)
                whole = b">" + piece + f"</{name}>".encode()
                self._pieces.replace(element.inner - 2, element.inner, whole)
            elif piece:
                self._pieces.insert(element.close, piece)
        target = io.BytesIO()
        self._pieces.write(self._section, target)
        return target.getvalue()


def _patch_object(thing: Element, file: DescribedFile, splices: _Splices) -> None:
    traits = next((e for e in thing.children if _premis(e) == "objectCharacteristics"), None)
    if traits is None:
        whole = (
            "<premis:objectCharacteristics>"
            + elements.fixity(file.digest)
            + elements.size(file.size)
            + elements.format_of(file.format_name, file.pronom_key)
            + elements.extension(file.exif.tags if file.exif else ())
            + "</premis:objectCharacteristics>"
        ).encode()
        following = next((e for e in thing.children if _premis(e) in _AFTER_TRAITS), None)
        if following is not None:
            splices.before(following, whole)
        else:
            splices.into(thing, whole)
    else:
        _patch_traits(traits, file, splices)
    if file.exif is not None:
        for old in thing.children:
            if _premis(old) == "significantProperties":
                splices.replace(old, b"")
        said = elements.significant(file.exif.tags).encode()
        if traits is not None:
            splices.before(traits, said)
    if file.storage_location is not None:
        place = next((e for e in thing.below() if _premis(e) == "contentLocationValue"), None)
        if place is not None:
            splices.say(place, file.storage_location)
        else:
            splices.into(thing, elements.storage(file.storage_location).encode())


#: what may come after the characteristics of an object (PREMIS 3.0, file)
_AFTER_TRAITS = frozenset(
    (
        *("originalName", "storage", "signatureInformation", "environmentFunction"),
        *("environmentDesignation", "environmentRegistry", "environmentExtension", "relationship"),
        *("linkingEventIdentifier", "linkingRightsStatementIdentifier"),
    )
)


def _patch_traits(traits: Element, file: DescribedFile, splices: _Splices) -> None:
    """Digest, size, format and properties; new ones go where the schema wants them."""
    named = {kind: [e for e in traits.children if _premis(e) == kind] for kind in _TRAITS}
    new: dict[str, bytes] = {}
    if file.digest is not None:
        value = next((v for e in named["fixity"] if (v := _sha256_value(e))), None)
        if value is not None:
            splices.say(value, file.digest)
        else:
            new["fixity"] = elements.fixity(file.digest).encode()
    if file.size is not None:
        if named["size"]:
            splices.say(named["size"][0], str(file.size))
        else:
            new["size"] = elements.size(file.size).encode()
    if file.pronom_key is not None or file.format_name is not None:
        said = _format(named["format"], file)
        if said is not None:
            if not named["format"]:
                new["format"] = said
            for number, old in enumerate(named["format"]):
                splices.replace(old, b"" if number else said)
    if file.exif is not None:
        for old_extension in named["objectCharacteristicsExtension"]:
            splices.replace(old_extension, b"")
        new["objectCharacteristicsExtension"] = elements.extension(file.exif.tags).encode()
    _put_in_order(traits, new, splices)


_TRAITS = (
    *("compositionLevel", "fixity", "size", "format", "creatingApplication", "inhibitors"),
    "objectCharacteristicsExtension",
)


def _put_in_order(traits: Element, new: Mapping[str, bytes], splices: _Splices) -> None:
    """Each new piece before the first element that must come after it, or as the last."""
    for kind in _TRAITS:
        piece = new.get(kind)
        if not piece:
            continue
        later = _TRAITS[_TRAITS.index(kind) + 1 :]
        following = next((e for e in traits.children if _premis(e) in later), None)
        if following is not None:
            splices.before(following, piece)
        else:
            splices.into(traits, piece)


def _sha256_value(fixity: Element) -> Element | None:
    algorithm = next((e for e in fixity.children if _premis(e) == "messageDigestAlgorithm"), None)
    if algorithm is None or not says_sha256(algorithm.text):
        return None
    return next((e for e in fixity.children if _premis(e) == "messageDigest"), None)


def _format(old: list[Element], file: DescribedFile) -> bytes | None:
    """The format as it is known now; None if the section says just that."""
    names = [e.text for f in old for e in f.below() if _premis(e) == "formatName"]
    keys = [e.text for f in old for e in f.below() if _premis(e) == "formatRegistryKey"]
    name = file.format_name or next(iter(names), None) or UNKNOWN_FORMAT
    key = file.pronom_key or next(iter(keys), None)
    if len(old) == 1 and names == [name] and keys == ([key] if key else []):
        return None
    return elements.format_of(name, key).encode()


def _is_virus_check(section: Element) -> bool:
    return section.name == f"{METS} digiprovMD" and any(
        _premis(e) == "eventType" and " ".join(e.text.lower().split()) == "virus check"
        for e in section.below()
    )


def _premis(element: Element) -> str | None:
    """The local name of an element of PREMIS, of whichever edition."""
    namespace, _, local = element.name.rpartition(" ")
    return local if namespace in PREMIS_READ else None
