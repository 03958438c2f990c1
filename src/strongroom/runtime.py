"""Puts the parts together: the server, the worker, the rebuild, and offline helpers for commands.

Only entry points and tests import this module.
"""

from __future__ import annotations

import fcntl
import logging
import os
import secrets
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from threading import Thread

from strongroom import __version__, config, places
from strongroom.auth.grants_file import load as load_grants
from strongroom.auth.issuers import Issuer
from strongroom.auth.signing import SigningKeys
from strongroom.auth.verify import Accepted, Verifier
from strongroom.config import Settings
from strongroom.db import nodes as node_rows
from strongroom.db.engine import Database, open_database
from strongroom.domain import ids
from strongroom.domain.grants import EVERYONE, Grant, Role, Source
from strongroom.domain.times import utc_now
from strongroom.errors import Conflict, NotFound, StrongroomError, Unprocessable
from strongroom.identifiers import load as load_resolvers
from strongroom.jobs.supervisor import Supervisor
from strongroom.jobs.worker import Worker
from strongroom.ocfl.root import OcflRoot
from strongroom.offline import find_mets, make_mets
from strongroom.repository.store import Repository
from strongroom.services import maintenance, pipeline_scratch, upkeep
from strongroom.services.authentication import Authentication
from strongroom.services.context import Context, Queue, Roots
from strongroom.services.maintenance import RebuildReport
from strongroom.storage import durable
from strongroom.tools import running

__all__ = ["find_mets", "make_mets", "rebuild", "serve", "work"]

log = logging.getLogger("strongroom")

#: file in the data folder with the keys that sign tokens
TOKEN_KEYS = "token-keys.json"  # noqa: S105

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
    return Context(
        db=db,
        areas=places.open_areas(settings),
        repository=Repository(_open_root(settings, db)),
        resolvers=load_resolvers(settings.identifiers),
        queue=queue or _NoQueue(),
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


def _for_users(ctx: Context, settings: Settings) -> Context:
    """The same parts, whose requests to a store end as soon as users want to know."""
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


def serve(settings: Settings) -> int:
    """Run the server until it is asked to stop; the exit code.

    Conflict if the data folder or the port is in use already.
    """
    _log_to_stderr(settings)
    with locked(settings, "server"):
        return _serve(settings)


def _serve(settings: Settings) -> int:
    from strongroom.api.app import create_app
    from strongroom.api.settings import EdgeSettings

    listener = _listen(settings)
    supervisor = Supervisor(
        [sys.executable, "-m", "strongroom", "worker"],
        _worker_environment(settings),
    )
    places.try_root(settings)
    ctx = open_context(settings, supervisor)
    try:
        places.check_areas(settings, ctx.areas)
        with locked(settings, "worker", wait=ORPHAN):  # nobody else is at work meanwhile
            presence = ctx.db.present(first=True)
            report = maintenance.start_up(ctx, _tell_progress, alone=presence.alone)
            presence.settle()
            upkeep.tend_areas(ctx)
        if report is not None:
            _tell_report(report)
        edge = EdgeSettings(
            public=settings.public_url,
            storage=settings.storage_public_url,
            loopback_only=settings.host.strip("[]") in config.LOOPBACK,
            max_json=settings.max_body,
        )
        serving = _for_users(ctx, settings)
        app = create_app(serving, settings=edge, authentication=_authentication(settings))
        supervisor.start()
        try:
            return _run_uvicorn(app, listener, settings)
        finally:
            supervisor.stop(settings.stop_timeout)
    finally:
        listener.close()
        ctx.db.close()


def _authentication(settings: Settings) -> Authentication | None:
    """How callers prove who they are; None while authentication is off."""
    if settings.authentication == "off":
        return None
    issuers = config.listed(settings.oidc_issuers)
    audiences = config.listed(settings.oidc_audience)
    signer = SigningKeys(settings.data / TOKEN_KEYS)
    own = settings.public_url
    accepted = {url: Accepted(keys=Issuer(url), audiences=audiences) for url in issuers}
    accepted[own] = Accepted(keys=signer, audiences=[own])
    clients = config.listed(settings.identity_clients)
    if settings.host.strip("[]") not in config.LOOPBACK and own.startswith("http://"):
        log.warning(
            "clients send tokens and keys to %s without encryption; put a proxy with TLS in front "
            "and set public_url to its https address",
            own,
        )
    return Authentication(
        tokens=Verifier(issuers=accepted, skew=settings.clock_skew),
        signer=signer,
        own_issuer=own,
        lifetime=settings.token_lifetime,
        trusted_clients=None
        if clients == ["*"]
        else frozenset(client for client in clients if client != "none"),
    )


def configured_grants(settings: Settings) -> tuple[Grant, ...]:
    """The grants that settings and the file make."""
    found = load_grants(settings.grants)
    if settings.default_role == "none":
        return found
    role = Role(settings.default_role)
    return (Grant(subject=EVERYONE, role=role, source=Source.SETTINGS), *found)


def _run_uvicorn(app: Callable[..., object], listener: socket.socket, settings: Settings) -> int:
    import uvicorn

    class Server(uvicorn.Server):
        """Ends a graceful stop by returning; uvicorn's own would raise the signal once more."""

        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            before = {
                number: signal.signal(number, self.handle_exit)
                for number in (signal.SIGINT, signal.SIGTERM)
            }
            try:
                yield
            finally:
                for number, handler in before.items():
                    signal.signal(number, handler)

    server = Server(
        uvicorn.Config(
            app,
            log_level=settings.log_level.lower(),
            access_log=settings.log_level.lower() == "debug",
            log_config=None,
            server_header=False,
            proxy_headers=False,  # nothing is believed of a request that it cannot prove
            lifespan="on",
            timeout_graceful_shutdown=settings.stop_timeout,
        )
    )
    log.info(
        "Strongroom %s serves %s (data in %s, documentation at %s/docs)",
        __version__,
        settings.public_url,
        settings.data,
        settings.public_url,
    )
    server.run(sockets=[listener])
    return 0 if server.started else 1


def _listen(settings: Settings) -> socket.socket:
    host = settings.host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, settings.port))
    except OSError as error:
        listener.close()
        raise Conflict(
            f"Port {settings.port} of {host} cannot be used: {error.strerror}. "
            "Stop what uses it, or choose another with --port.",
            code="port-in-use",
        ) from None
    listener.listen(2048)
    listener.set_inheritable(False)
    return listener


# ---------------------------------------------------------------------------------- the worker


def work(settings: Settings) -> int:
    """Run jobs until standard input ends; started and watched by :func:`serve`."""
    _log_to_stderr(settings)
    try:
        with locked(settings, "worker", wait=ORPHAN):
            ctx = open_context(settings)
            ctx.db.present(first=False)
            worker = Worker(ctx, name=ctx.process, threads=settings.job_threads)
            maintenance.adopt_jobs(ctx, alone=not ctx.db.shared)
            pipeline_scratch.sweep(ctx)
            # the server decides when to stop; a Ctrl-C reaches both and must not come first
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, lambda *_: worker.stop())
            Thread(target=_listen_to_parent, args=(worker,), daemon=True).start()
            worker.run()
            ctx.db.close()
    except StrongroomError as error:
        log.error("the worker cannot run: %s", error.message)
        return 1
    return 0


def _listen_to_parent(worker: Worker) -> None:
    while os.read(0, 4096):
        worker.wake()
    worker.stop()


def _worker_environment(settings: Settings) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(config.PREFIX)}
    return kept | config.as_environment(settings)


# ---------------------------------------------------------------------- who may use the server


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


def rotate_token_keys(settings: Settings) -> str:
    """Sign tokens with a new key from now on; its id."""
    return SigningKeys(settings.data / TOKEN_KEYS).rotate(utc_now())


# ------------------------------------------------------------------------------------- rebuild


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


def _tell_progress(count: int) -> None:
    if count % 1000 == 0:
        log.info("rebuilding the index: %d objects so far", count)


def _tell_report(report: RebuildReport) -> None:
    log.warning("the index was rebuilt from storage: %d objects", report.objects)
    for fault in report.damaged:
        log.error("not indexed: %s", fault.message)


def _log_to_stderr(settings: Settings) -> None:
    logging.basicConfig(
        stream=sys.stderr,
        level=settings.log_level.upper(),
        format="%(asctime)s %(levelname)-7s %(name)s: %(message)s",
    )
    logging.getLogger("alembic").setLevel(logging.WARNING)
    # what some of these tell at DEBUG holds signatures of requests to the store
    for chatty in ("httpx", "botocore", "boto3", "urllib3", "s3transfer"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
