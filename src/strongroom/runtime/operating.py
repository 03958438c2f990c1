"""What operators do to a data folder by commands, with and without a server beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from strongroom import config
from strongroom.config import Settings
from strongroom.db.engine import Database, open_database
from strongroom.errors import Conflict
from strongroom.runtime.opening import ORPHAN, locked, open_context
from strongroom.services import maintenance
from strongroom.services.context import Context
from strongroom.services.maintenance import RebuildReport
from strongroom.storage import durable


@contextmanager
def register(settings: Settings) -> Iterator[Database]:
    """The database alone, for what needs no storage; a server may use it meanwhile."""
    durable.make_folders(settings.data)
    db = open_database(settings.database)
    try:
        yield db
    finally:
        db.close()


@contextmanager
def offline_context(settings: Settings) -> Iterator[Context]:
    """All parts, for a command of the operator; a server may use them meanwhile."""
    ctx = open_context(settings)
    try:
        yield ctx
    finally:
        ctx.db.close()


def rebuild(settings: Settings, progress: Callable[[int], None] | None = None) -> RebuildReport:
    """Make the index again from storage. Conflict while servers use the folder or the database."""
    with locked(settings, "server"), locked(settings, "worker", wait=ORPHAN):
        ctx = open_context(settings)
        try:
            presence = ctx.db.present(first=True)
            if not presence.alone:
                raise Conflict(
                    "Other servers use the database "
                    f"{config.without_password(settings.database)} now. Stop them all first.",
                    code="data-in-use",
                )
            return maintenance.rebuild(ctx, progress)
        finally:
            ctx.db.close()
