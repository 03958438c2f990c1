"""What a section of administrative metadata says of one file, gathered from PREMIS 1 to 3.

Elements are found wherever they stand in the section, by name. Leaves to others which sections
belong to which file; says here how several sections, or several statements in one, become one.
Source: PREMIS Data Dictionary 3.0, units 1.5 (objectCharacteristics) and 1.6 (originalName).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from strongroom.domain.digests import normal
from strongroom.domain.findings import KeepTags, Tag, VirusFinding
from strongroom.mets.events import EventGatherer, latest
from strongroom.mets.exif import ExifGatherer
from strongroom.mets.names import PREMIS_READ, UNKNOWN_FORMAT, XSI, tag
from strongroom.mets.walker import Closer, Walker

MAX_SIZE = 2**63 - 1  # bytes

_TYPE = tag(XSI, "type")
_PRONOM_KEY = re.compile(r"(x-)?fmt/[0-9]+")
_BREAK = re.compile(r"[\r\n\t]")
_SIZE = re.compile(r"\+?0*([0-9]{1,19})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is stated about one file. None means: nothing is."""

    #: every distinct SHA-256, lower-case hex; more than one is a contradiction
    digests: tuple[str, ...] = ()
    #: a value called SHA-256 that is none
    odd_digest: str | None = None
    #: bytes
    size: int | None = None
    #: a size that is no number
    odd_size: str | None = None
    pronom_key: str | None = None
    format_name: str | None = None
    original_name: str | None = None
    #: where it is preserved, as a URI
    storage_location: str | None = None
    virus: VirusFinding | None = None
    exif: Sequence[Tag] = ()
    #: when the section was made, as written
    created: str = ""


NOTHING = Facts()


def merge(stated: Sequence[Facts]) -> Facts:
    """One statement from several sections: the latest comes first, others fill its gaps.

    Different digests in sections made at the same time are all kept, as a contradiction.
    """
    if len(stated) == 1:
        return stated[0]
    if not stated:
        return NOTHING
    ordered = sorted(stated, key=lambda facts: facts.created, reverse=True)
    digests: tuple[str, ...] = ()
    made = ""
    for facts in ordered:
        if facts.digests and (not digests or facts.created == made):
            digests += facts.digests
            made = facts.created
    formats = next((f for f in ordered if f.pronom_key), None) or next(
        (f for f in ordered if f.format_name), NOTHING
    )
    return Facts(
        digests=tuple(dict.fromkeys(digests)),
        odd_digest=next((f.odd_digest for f in ordered if f.odd_digest), None),
        size=next((f.size for f in ordered if f.size is not None), None),
        odd_size=next((f.odd_size for f in ordered if f.odd_size), None),
        pronom_key=formats.pronom_key,
        format_name=formats.format_name,
        original_name=next((f.original_name for f in ordered if f.original_name), None),
        storage_location=next((f.storage_location for f in ordered if f.storage_location), None),
        virus=functools.reduce(latest, (f.virus for f in stated), None),
        exif=next((f.exif for f in ordered if f.exif), ()),
        created=ordered[0].created,
    )


def says_sha256(algorithm: str | None) -> bool:
    """Whether the name of an algorithm (``SHA-256``, ``sha256``, a URI ending so) means SHA-256."""
    if algorithm is None:
        return False
    text = algorithm.strip().lower()
    if ":" in text:
        text = re.split(r"[/#:]", text)[-1]
    return re.sub(r"[^a-z0-9]", "", text) in ("sha256", "sha2256")


def parse_size(text: str) -> int | None:
    """A number of bytes; None for anything else, such as a negative or an absurd one."""
    match = _SIZE.fullmatch(text.strip())
    size = int(match.group(1)) if match else None
    return size if size is not None and size <= MAX_SIZE else None


class PremisGatherer:
    """Gathers :class:`Facts` between :meth:`begin` and :meth:`finish`, from the first object there.

    Bitstreams, extensions and any further objects in the section are left out.
    """

    def __init__(self, walker: Walker, *, keep_tags: KeepTags | None) -> None:
        self._walker = walker
        self._events = EventGatherer(walker)
        self._exif = ExifGatherer(walker, keep=keep_tags)
        self._listening = False
        self._in_object = False
        self._created = ""
        self._reset()
        leaves = {
            "messageDigest": self._put_digest,
            "size": self._put_size,
            "formatName": self._put_format_name,
            "formatRegistryName": self._put_registry,
            "formatRegistryKey": self._put_key,
            "originalName": self._put_original_name,
            "contentLocationValue": self._put_storage_location,
        }
        for namespace in PREMIS_READ:
            walker.on(tag(namespace, "object"), self._object)
            walker.on(tag(namespace, "fixity"), self._fixity)
            walker.on(tag(namespace, "messageDigestAlgorithm"), self._algorithm_element)
            walker.on(tag(namespace, "format"), self._format)
            walker.on(tag(namespace, "objectCharacteristicsExtension"), self._extension)
            walker.on(tag(namespace, "significantPropertiesExtension"), self._extension)
            for local, put in leaves.items():
                walker.on(tag(namespace, local), self._leaf(put))

    def begin(self, created: str | None) -> None:
        self._listening = True
        self._created = (created or "").strip()
        self._reset()
        self._events.begin()
        self._exif.begin()

    def finish(self) -> Facts:
        self._listening = False
        virus, exif = self._events.finish(), self._exif.finish()
        if not self._found:
            if not self._created and virus is None and not exif:
                return NOTHING
            return Facts(virus=virus, exif=exif, created=self._created)
        name, key = self._best_format()
        return Facts(
            digests=tuple(dict.fromkeys(self._digests)),
            odd_digest=self._odd_digest,
            size=self._size,
            odd_size=self._odd_size if self._size is None else None,
            pronom_key=key,
            format_name=name,
            original_name=self._original_name,
            storage_location=self._storage_location,
            virus=virus,
            exif=exif,
            created=self._created,
        )

    def _reset(self) -> None:
        self._found = False
        self._digests: list[str] = []
        self._odd_digest: str | None = None
        self._algorithms: list[str] = []
        self._values: list[str] = []
        self._size: int | None = None
        self._odd_size: str | None = None
        #: format name, registry, key of each format
        self._formats: list[list[str | None]] = []
        self._original_name: str | None = None
        self._storage_location: str | None = None

    # -- elements

    def _object(self, attributes: Mapping[str, str]) -> Closer | None:
        kind = attributes.get(_TYPE, "").rpartition(":")[2]
        if not self._listening or self._in_object or self._found or kind == "bitstream":
            return None
        self._in_object = self._found = True
        return self._end_object

    def _end_object(self) -> None:
        self._in_object = False

    def _extension(self, _attributes: Mapping[str, str]) -> Closer | None:
        if not self._in_object:
            return None
        self._in_object = False
        return self._end_extension

    def _end_extension(self) -> None:
        self._in_object = True

    def _fixity(self, _attributes: Mapping[str, str]) -> Closer | None:
        if not self._in_object:
            return None
        self._algorithms.clear()
        self._values.clear()
        return self._end_fixity

    def _end_fixity(self) -> None:
        if not any(says_sha256(algorithm) for algorithm in self._algorithms):
            return
        for value in self._values:
            digest = normal(value)
            if digest is not None:
                self._digests.append(digest)
            elif value.strip():
                self._odd_digest = self._odd_digest or value.strip()

    def _algorithm_element(self, attributes: Mapping[str, str]) -> Closer | None:
        if not self._in_object:
            return None
        if "valueURI" in attributes:
            self._algorithms.append(attributes["valueURI"])
        return self._walker.capture(self._algorithms.append)

    def _format(self, _attributes: Mapping[str, str]) -> Closer | None:
        if self._in_object:
            self._formats.append([None, None, None])
        return None

    def _leaf(self, put: Callable[[str], None]) -> Callable[[Mapping[str, str]], Closer | None]:
        def open_leaf(_attributes: Mapping[str, str]) -> Closer | None:
            return self._walker.capture(put) if self._in_object else None

        return open_leaf

    def _put_digest(self, text: str) -> None:
        self._values.append(text)

    def _put_size(self, text: str) -> None:
        if self._size is None and text.strip():
            self._size = parse_size(text)
            if self._size is None:
                self._odd_size = text.strip()

    def _put_format_name(self, text: str) -> None:
        self._put_format(0, text)

    def _put_registry(self, text: str) -> None:
        self._put_format(1, text)

    def _put_key(self, text: str) -> None:
        self._put_format(2, text)

    def _put_format(self, place: int, text: str) -> None:
        if self._formats and self._formats[-1][place] is None:
            self._formats[-1][place] = text.strip() or None

    def _put_original_name(self, text: str) -> None:
        if self._original_name is None:
            # outer spaces may belong to the name, unless they come with line breaks: indentation
            self._original_name = (text.strip() if _BREAK.search(text) else text) or None

    def _put_storage_location(self, text: str) -> None:
        self._storage_location = self._storage_location or text.strip() or None

    def _best_format(self) -> tuple[str | None, str | None]:
        """Name and PRONOM key: of the format in PRONOM, else the first name that is known."""
        for name, registry, key in self._formats:
            named_pronom = registry is not None and registry.lower() == "pronom"
            if key and (named_pronom or _PRONOM_KEY.fullmatch(key)):
                return (None if name == UNKNOWN_FORMAT else name), key
        names = [name for name, _, _ in self._formats if name and name != UNKNOWN_FORMAT]
        return (names[0] if names else None), None
