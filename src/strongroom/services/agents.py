"""Who has done something here."""

from __future__ import annotations

from strongroom.db import deposits as deposit_rows
from strongroom.services import authority
from strongroom.services.context import Context


def all_agents(ctx: Context) -> list[str]:
    """Short names of all agents that deposits mention, sorted; of deposits the caller may see."""
    with ctx.db.read() as c:
        return deposit_rows.agents(c, authority.sight(ctx, c))
