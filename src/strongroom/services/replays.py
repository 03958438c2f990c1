"""The same request twice: carried out once, answered twice.

A client that got no answer may send its request again under the same key. What succeeded is kept
for a day and answered again; what failed is forgotten, since it changed nothing, and may be tried
anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from strongroom.db import replays as rows
from strongroom.db.replays import Replay
from strongroom.errors import Conflict, Unprocessable
from strongroom.services.context import Context

__all__ = ["KEPT", "Replay", "begin", "drop", "finish"]

#: how long an answer is kept
KEPT = timedelta(hours=24)


def begin(ctx: Context, key: str, digest: str) -> Replay | None:
    """The answer that was given already; None if the request is to be carried out now.

    Unprocessable (``key-reused``) if another body came under the key; Conflict (``key-in-use``)
    while the first request is being carried out, or (``outcome-unknown``) if the server stopped
    while it was.
    """
    now = ctx.clock()
    with ctx.db.write() as c:
        found = rows.find(c, key, now - KEPT)
        if found is None:
            rows.begin(c, key, digest, ctx.process, now, now - KEPT)
            return None
    if found.digest != digest:
        raise Unprocessable(
            "Another request was sent with this Idempotency-Key. Give each request a key of its "
            "own.",
            code="key-reused",
        )
    if found.owner is None:
        return found
    if ctx.db.shared and found.owner.partition(":")[0] != ctx.place:
        raise Conflict(
            "Another server took the request with this Idempotency-Key, and has not answered it "
            "yet. Ask again in a moment; if this stays so, that server stopped: look what is "
            "there, and use another key.",
            code="key-in-use",
        )
    if found.owner == ctx.process:
        raise Conflict(
            "The request with this Idempotency-Key is being carried out. Ask again in a moment.",
            code="key-in-use",
        )
    raise Conflict(
        "The server stopped while it carried out the request with this Idempotency-Key; whether it "
        "came to an end is not known. Look what is there, and use another key.",
        code="outcome-unknown",
    )


def finish(
    ctx: Context, key: str, status: int, headers: Sequence[tuple[str, str]], body: bytes
) -> None:
    """Keep the answer to a request."""
    with ctx.db.write() as c:
        rows.finish(c, key, status, headers, body)


def drop(ctx: Context, key: str) -> None:
    """Forget a request that failed."""
    with ctx.db.write() as c:
        rows.drop(c, key)
