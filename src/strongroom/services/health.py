"""Whether requests can be served."""

from __future__ import annotations

from strongroom.db import meta
from strongroom.services.context import Context


def check(ctx: Context) -> None:
    """Ask the index something small; Unavailable if it does not answer."""
    with ctx.db.read() as c:
        meta.get(c, "health")
