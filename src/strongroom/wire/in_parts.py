"""Uploads of a file in parts as JSON: what is to come, the links, and what came."""

from __future__ import annotations

from strongroom.wire.base import Shape


class WantedUpload(Shape):
    path: str
    #: bytes of the whole file
    size: int
    #: bytes of each part but the last; without it the server chooses
    part_size: int | None = None
    #: of an upload that was begun, for which new links are wanted
    upload: str | None = None
    #: how long links last
    seconds: int = 900


class PartShape(Shape):
    #: from 1
    number: int
    #: bytes
    size: int
    method: str
    url: str
    #: to be sent with the request, exactly so
    headers: dict[str, str]
    expires: str


class BegunUpload(Shape):
    path: str
    upload: str
    part_size: int
    parts: list[PartShape]


class SentUpload(Shape):
    path: str
    upload: str
    #: the ``ETag`` of the answer to each part, first to last
    etags: list[str]


class AbortedUpload(Shape):
    path: str
    upload: str
