"""Links to files of a deposit as JSON: what is wanted, and the requests that can be made."""

from __future__ import annotations

from strongroom.wire.base import Shape


class WantedLink(Shape):
    path: str
    #: ``PUT`` or ``GET``
    method: str = "PUT"
    #: of the file that will be put: SHA-256, and bytes
    digest: str | None = None
    size: int | None = None


class WantedLinks(Shape):
    links: list[WantedLink]
    #: how long they last
    seconds: int = 900


class LinkShape(Shape):
    path: str
    method: str
    url: str
    #: to be sent with the request, exactly so
    headers: dict[str, str]
    #: null if it does not end
    expires: str | None


class MadeLinks(Shape):
    """In the order in which they were wanted."""

    links: list[LinkShape]
