"""Opening all parts of Strongroom as settings say, and the locks of a data folder.

What is done with the parts is the affair of the other modules here.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from strongroom import config, places
from strongroom.auth.grants_file import load as load_grants
from strongroom.config import Settings
from strongroom.db import nodes as node_rows
from strongroom.db.engine import Database, open_database
from strongroom.domain import ids
from strongroom.domain.grants import EVERYONE, Grant, Role, Source
from strongroom.domain.times import utc_now
from strongroom.errors import Conflict, NotFound, Unprocessable
from strongroom.identifiers import load as load_resolvers
from strongroom.ocfl.root import OcflRoot
from strongroom.repository.store import Repository
from strongroom.services.context import Context, Queue, Roots
from strongroom.storage import durable
from strongroom.tools import running

#: seconds a new server waits for the worker of one that was killed
ORPHAN = 30.0


class _NoQueue:
    """For processes that add no jobs."""

    def notify(self) -> None:
        return


def open_context(settings: Settings, queue: Queue | None = None) -> Context:
    """All parts, opened as the settings say; folders that are missing are made.

    Conflict (``root-missing``) if the index knows objects and there is no OCFL root: then a disk
    is not mounted, and a new root in its place would hide the loss.
    """
    durable.make_folders(settings.data)
    db = open_database(settings.database)
    try:
        return _context(settings, db, queue or _NoQueue())
    except BaseException:
        db.close()
        raise


def _context(settings: Settings, db: Database, queue: Queue) -> Context:
    return Context(
        db=db,
        areas=places.open_areas(settings),
        repository=Repository(_open_root(settings, db)),
        resolvers=load_resolvers(settings.identifiers),
        queue=queue,
        roots=Roots(public=settings.public_url, storage=settings.storage_public_url),
        clock=utc_now,
        mint=ids.mint,
        process=f"{_place(settings)}:{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}",
        max_mets=settings.max_mets,
        scratch=settings.data / "scratch",
        tools=running.ALL,
        configured=configured_grants(settings),
        origins=places.open_origins(settings),
        destinations=places.open_destinations(settings),
    )


def for_users(ctx: Context, settings: Settings) -> Context:
    """The same parts, whose requests to a store end as soon as users want to know."""
    named = (
        settings.deposits,
        settings.ocfl_root,
        *settings.storage_origins,
        *settings.storage_destinations,
    )
    if all(isinstance(place, Path) for place in named):
        return ctx
    patience = places.for_users(settings)
    return replace(
        ctx,
        areas=places.open_areas(settings, patience),
        repository=Repository(places.open_root(settings, patience, create=False)),
        origins=places.open_origins(settings, patience),
        destinations=places.open_destinations(settings, patience),
    )


def _place(settings: Settings) -> str:
    """What tells this data folder from all others whose servers use the same database."""
    path = settings.data / "place"
    if not path.exists():
        fresh = settings.data / f"place.{secrets.token_hex(8)}"
        durable.write_new(fresh, fresh.suffix[1:].encode())
        try:
            durable.rename_new(fresh, path)
        except FileExistsError:
            durable.unlink(fresh)
    return path.read_text(encoding="ascii")


def _open_root(settings: Settings, db: Database) -> OcflRoot:
    with db.read() as c:
        known = next(iter(node_rows.nodes(c)), None) is not None
    try:
        return places.open_root(settings, create=not known)
    except (NotFound, Unprocessable) as error:
        if not known or error.problem == "no-conditional-writes":
            raise
        raise Conflict(
            f"The index knows what was preserved, but there is no OCFL root at "
            f"{settings.ocfl_root} ({error.message}) Is its disk mounted? Put the root in its "
            f"place. If it is lost for good, remove the database "
            f"{config.without_password(settings.database)} too.",
            code="root-missing",
        ) from None


def configured_grants(settings: Settings) -> tuple[Grant, ...]:
    """The grants that settings and the file make."""
    found = load_grants(settings.grants)
    if settings.default_role == "none":
        return found
    role = Role(settings.default_role)
    return (Grant(subject=EVERYONE, role=role, source=Source.SETTINGS), *found)


@contextmanager
def locked(settings: Settings, name: str, *, wait: float = 0.0) -> Iterator[None]:
    """Hold one of the data folder's locks; Conflict if another process keeps it."""
    durable.make_folders(settings.data)
    path = settings.data / f"{name}.lock"
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        until = time.monotonic() + wait
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= until:
                    raise Conflict(
                        f"Another Strongroom {name} process uses {settings.data} already "
                        f"(its lock is {path}). Stop it first, or use another --data folder.",
                        code="data-in-use",
                    ) from None
                time.sleep(0.05)
        yield
    finally:
        os.close(handle)
