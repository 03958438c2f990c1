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
from threading import Thread

from strongroom import __version__, config, places
from strongroom.config import Settings
from strongroom.db import nodes as node_rows
from strongroom.db.engine import Database, open_database
from strongroom.domain import ids
from strongroom.domain.times import utc_now
from strongroom.errors import Conflict, NotFound, StrongroomError, Unprocessable
from strongroom.identifiers import load as load_resolvers
from strongroom.jobs.supervisor import Supervisor
from strongroom.jobs.worker import Worker
from strongroom.ocfl.root import OcflRoot
from strongroom.offline import find_mets, make_mets
from strongroom.repository.store import Repository
from strongroom.services import maintenance, pipeline_scratch, upkeep
from strongroom.services.context import Context, Queue, Roots
from strongroom.services.maintenance import RebuildReport
from strongroom.storage import durable
from strongroom.tools import running

__all__ = ["find_mets", "make_mets", "rebuild", "serve", "work"]

log = logging.getLogger("strongroom")

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
        process=f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}",
        max_mets=settings.max_mets,
        scratch=settings.data / "scratch",
        tools=running.ALL,
        origins=places.open_origins(settings),
        destinations=places.open_destinations(settings),
    )


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
            f"place. If it is lost for good, remove the database {settings.database} too.",
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
    ctx = open_context(settings, supervisor)
    try:
        ctx.areas.check()
        with locked(settings, "worker", wait=ORPHAN):  # nobody else is at work meanwhile
            report = maintenance.start_up(ctx, _tell_progress)
            ctx.areas.sweep(upkeep.ABANDONED)
        if report is not None:
            _tell_report(report)
        edge = EdgeSettings(
            public=settings.public_url,
            storage=settings.storage_public_url,
            max_json=settings.max_body,
        )
        app = create_app(ctx, settings=edge)
        supervisor.start()
        try:
            return _run_uvicorn(app, listener, settings)
        finally:
            supervisor.stop(settings.stop_timeout)
    finally:
        listener.close()
        ctx.db.close()


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
            worker = Worker(ctx, name=ctx.process, threads=settings.job_threads)
            maintenance.adopt_jobs(ctx)
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


# ------------------------------------------------------------------------------------- rebuild


def rebuild(settings: Settings, progress: Callable[[int], None] | None = None) -> RebuildReport:
    """Make the index again from storage. Conflict while a server uses the data folder."""
    with locked(settings, "server"), locked(settings, "worker", wait=ORPHAN):
        ctx = open_context(settings)
        try:
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
    for chatty in ("httpx", "botocore", "boto3", "urllib3", "s3transfer"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    # what these tell at DEBUG holds signatures of requests to the store
    logging.getLogger("botocore").setLevel(logging.INFO)
    logging.getLogger("urllib3").setLevel(logging.INFO)
