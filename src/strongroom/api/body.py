"""Request bodies that are JSON: media type, size and shape, before a handler sees them.

Litestar asks a request for its JSON; this one answers with the wire shape that the handler declares
as ``data``, read by :mod:`strongroom.wire.json_in`. Uploads do not come through here.
"""

from __future__ import annotations

from types import NoneType
from typing import Any, cast, get_args, get_origin

from anyio import to_thread
from litestar import Request
from litestar.exceptions import HTTPException

from strongroom.wire import json_in

#: bytes of a body from which it is decoded outside the event loop
_LARGE = 1 << 16


class EdgeRequest(Request[Any, Any, Any]):
    """A request whose JSON is one of our wire shapes."""

    async def json(self) -> Any:
        """The body as the shape that the handler wants, None for the literal ``null``.

        415 for another media type, BadRequest for what cannot be read.
        """
        self._check_media_type()
        body = await self.body()
        field = self.route_handler.parsed_data_field
        if field is None:
            raise TypeError(f"{self.route_handler} reads JSON without declaring 'data'")
        shape = _shape(field.annotation)
        if len(body) < _LARGE:
            return json_in.read(body, shape)
        return await to_thread.run_sync(json_in.read, body, shape)

    def _check_media_type(self) -> None:
        media_type, options = self.content_type
        name = media_type.lower()
        json = name in ("application/json", "text/json") or (
            name.startswith("application/") and name.endswith("+json")
        )
        if not json or options.get("charset", "utf-8").lower().strip('"') not in ("utf-8", "utf8"):
            raise HTTPException(
                status_code=415,
                detail="The body must be JSON in UTF-8; send it as 'Content-Type: application/json'"
                f" (found: '{self.headers.get('content-type', '')[:100]}').",
            )


def _shape(annotation: Any) -> type[Any]:
    """What is to be read: the struct in ``Shape`` or ``Shape | None``, or a list as it is."""
    if get_origin(annotation) is list:
        return cast("type[Any]", annotation)
    parts = [part for part in get_args(annotation) if part is not NoneType]
    found: type[Any] = parts[0] if parts else annotation
    return found
