"""Links by which files of a deposit are put and read where they lie, in a bucket or on the server.

Whoever has a link can use it, so none is ever shown: not when it is printed, not in a log, not in
an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from strongroom.client import reading
from strongroom.client.digests import Digest
from strongroom.client.operations import operation
from strongroom.client.references import DepositRef, at
from strongroom.client.sending import Sending
from strongroom.client.transport import Transport
from strongroom.errors import BadRequest
from strongroom.wire.base import Shape
from strongroom.wire.links import LinkShape, WantedLink, WantedLinks


class Link(LinkShape):
    """A request that may be made: ``method``, ``url``, ``headers``; ``expires`` says until when."""

    def __repr__(self) -> str:
        return f"Link({self.method} {self.path!r}, expires={self.expires!r})"


class _Made(Shape):
    links: list[Link]


class Links:
    """Made for a deposit, many at once, and used one by one."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @operation("POST /v1/deposits/{deposit_id}/links")
    def make(
        self, deposit: DepositRef, wanted: Iterable[WantedLink], *, seconds: int = 900
    ) -> list[Link]:
        """Up to 1,000 links, all or none, in the order in which they are wanted."""
        body = WantedLinks(links=list(wanted), seconds=seconds)
        return self._transport.json("POST", f"/v1{at(deposit)}/links", _Made, body=body).links

    def to_put(self, deposit: DepositRef, path: str, known: Digest) -> Link:
        """One link to put this file, and no other, at a path."""
        wanted = WantedLink(path=path, method="PUT", digest=known.sha256, size=known.size)
        return self.make(deposit, [wanted])[0]

    def to_get(self, deposit: DepositRef, path: str) -> Link:
        """One link to read a file."""
        return self.make(deposit, [WantedLink(path=path, method="GET")])[0]

    def put(
        self,
        link: Link,
        source: Path | bytes,
        *,
        known: Digest | None = None,
        seen: Callable[[int], None] | None = None,
    ) -> Digest:
        """Send a file by its link; where the bytes end up refuses any others."""
        _check(link, "PUT")
        sending = Sending(source, known, seen)
        length = {"Content-Length": str(sending.digest.size)}
        self._transport.send(
            "PUT", link.url, headers={**length, **link.headers}, chunks=sending.body, secret=True
        )
        return sending.digest

    def get(self, link: Link, target: Path, *, expected: Digest | None = None) -> Digest:
        """Fetch a file by its link to a local path, which must be free.

        A bucket does not say which digest to expect, so ``expected`` does, from the listing.
        """
        _check(link, "GET")
        return reading.fetch(
            self._transport,
            link.url,
            target,
            headers=link.headers,
            expected=expected,
            secret=True,
        )


def _check(link: Link, method: str) -> None:
    if link.method.upper() != method:
        raise BadRequest(f"The link to '{link.path}' is for {link.method}, not for {method}.")
