"""What a search finds written as JSON shapes, or piece by piece where there is no end of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Protocol

import msgspec

from strongroom.domain.paths import RepositoryPath
from strongroom.domain.searching import FEDORA
from strongroom.domain.times import iso
from strongroom.wire import search as wire
from strongroom.wire.base import UNSET
from strongroom.wire.uris import Uris

#: results that are written at once
_BATCH = 500


class Found(Protocol):
    """A Binary that was found."""

    @property
    def path(self) -> str: ...
    @property
    def created(self) -> datetime: ...
    @property
    def modified(self) -> datetime: ...
    @property
    def size(self) -> int: ...
    @property
    def content_type(self) -> str: ...


def binaries(
    found: Iterable[Found], *, total: int, page: int, page_size: int, pending: int
) -> wire.FedoraSearch:
    results = [_binary(each) for each in found]
    return wire.FedoraSearch(
        total=total,
        count=len(results),
        results=results,
        page_size=page_size,
        page=page,
        pending=pending or UNSET,
    )


def all_binaries(found: Iterable[Found], *, total: int, pending: int) -> Iterator[bytes]:
    """The same shape with everything on one page, as bytes in pieces."""
    yield b'{"total":%d,"count":%d,"results":[' % (total, total)
    encoder, batch, first = msgspec.json.Encoder(), [], True
    for each in found:
        batch.append(_binary(each))
        if len(batch) == _BATCH:
            yield _items(encoder, batch, first)
            batch, first = [], False
    if batch:
        yield _items(encoder, batch, first)
    tail = b'],"pageSize":%d,"page":0' % total
    yield tail + (b',"pending":%d}' % pending if pending else b"}")


def _items(encoder: msgspec.json.Encoder, batch: list[wire.FoundBinary], first: bool) -> bytes:
    items = encoder.encode(batch)[1:-1]
    return items if first else b"," + items


def _binary(each: Found) -> wire.FoundBinary:
    return wire.FoundBinary(
        fedora_id=FEDORA + each.path,
        created=iso(each.created).removesuffix("Z"),
        last_modified=iso(each.modified).removesuffix("Z"),
        content_size=each.size,
        mime_type=each.content_type,
    )


def identifier(
    text: str, path: RepositoryPath, name: str | None, uris: Uris
) -> wire.IdentifierRecord:
    return wire.IdentifierRecord(id=text, title=name, repository_uri=uris.repository(path))
