"""Search: Binaries by their path, deposits by their texts, and what an identifier stands for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from strongroom.client.operations import operation
from strongroom.client.transport import Transport
from strongroom.wire.deposits import Deposit
from strongroom.wire.search import FedoraSearch, FoundBinary, IdentifierRecord, SearchCollection

T = TypeVar("T")
#: what one page holds, and how much there is on all
_Found = tuple[Sequence[T], int]

#: results that are asked for at once
PAGE = 100


class Search:
    """On the Preservation API."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @operation("GET /search")
    def page(
        self, text: str, *, binaries_page: int = 0, deposits_page: int = 0, page_size: int = 20
    ) -> SearchCollection:
        """All three at once; pages are counted from 0, and have 500 results at most."""
        params = {
            "text": text,
            "pageNumber": str(binaries_page),
            "otherPage": str(deposits_page),
            "pageSize": str(page_size),
            "type": "Fedora",
        }
        return self._transport.json("GET", "/search", SearchCollection, params=params)

    def binaries(self, text: str, *, page_size: int = PAGE) -> Iterator[FoundBinary]:
        """Every Binary whose path holds the text, those that changed last first."""

        def of(number: int) -> _Found[FoundBinary]:
            found = self.page(text, binaries_page=number, page_size=page_size).fedora_search
            return ([], 0) if found is None else (found.results, found.total)

        return _every(of)

    def deposits(self, text: str, *, page_size: int = PAGE) -> Iterator[Deposit]:
        """Every deposit, active or not, that holds the text, the newest first."""

        def of(number: int) -> _Found[Deposit]:
            found = self.page(text, deposits_page=number, page_size=page_size).deposit_search
            return ([], 0) if found is None else (found.deposits, found.total)

        return _every(of)

    def identifier(self, text: str) -> IdentifierRecord | None:
        """What a catalogue identifier stands for; None if no resolver tells."""
        return self.page(text, page_size=1).identifier


class StoredSearch:
    """On the Storage API: Binaries alone."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @operation("GET /storage-api/FedoraSearch")
    def page(self, text: str, number: int = 0, *, page_size: int = 20) -> FedoraSearch:
        """One page, counted from 0."""
        params = {"text": text, "page": str(number), "pageSize": str(page_size)}
        return self._transport.json("GET", "/FedoraSearch", FedoraSearch, params=params)

    def binaries(self, text: str, *, page_size: int = PAGE) -> Iterator[FoundBinary]:
        """Every Binary whose path holds the text, those that changed last first."""

        def of(number: int) -> _Found[FoundBinary]:
            found = self.page(text, number, page_size=page_size)
            return found.results, found.total

        return _every(of)


def _every(page: Callable[[int], _Found[T]]) -> Iterator[T]:
    """What all pages hold, counted from 0; the next is asked for when one is used up."""
    number = seen = 0
    while True:
        found, total = page(number)
        if not found:
            return
        yield from found
        seen += len(found)
        number += 1
        if seen >= total:
            return
