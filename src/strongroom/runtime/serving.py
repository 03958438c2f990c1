"""The server: checks and opens everything, starts the worker, answers requests until stopped."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from strongroom import __version__, config, places
from strongroom.api.app import create_app
from strongroom.api.settings import EdgeSettings
from strongroom.config import Settings
from strongroom.errors import Conflict
from strongroom.jobs import twin
from strongroom.jobs.supervisor import Supervisor
from strongroom.jobs.twin import Twin
from strongroom.runtime.logs import log_to_stderr
from strongroom.runtime.opening import ORPHAN, for_users, locked, open_context
from strongroom.runtime.working import work
from strongroom.services import maintenance, upkeep
from strongroom.services.authentication import Authentication
from strongroom.services.maintenance import RebuildReport

log = logging.getLogger("strongroom")


def serve(settings: Settings) -> int:
    """Run the server until it is asked to stop; the exit code.

    Conflict if the data folder or the port is in use already.
    """
    supervisor = Supervisor(
        [sys.executable, "-m", "strongroom", "worker"],
        _worker_environment(settings),
        first=Twin(lambda: work(settings)) if twin.possible() else None,
    )
    log_to_stderr(settings)
    try:
        with locked(settings, "server"):
            return _serve(settings, supervisor)
    finally:
        supervisor.stop(settings.stop_timeout)


def _serve(settings: Settings, supervisor: Supervisor) -> int:
    listener = _listen(settings)
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
        serving = for_users(ctx, settings)
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
    if settings.authentication == "off":
        return None
    from strongroom.runtime.proving import authentication

    return authentication(settings)


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


def _worker_environment(settings: Settings) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(config.PREFIX)}
    return kept | config.as_environment(settings)


def _tell_progress(count: int) -> None:
    if count % 1000 == 0:
        log.info("rebuilding the index: %d objects so far", count)


def _tell_report(report: RebuildReport) -> None:
    log.warning("the index was rebuilt from storage: %d objects", report.objects)
    for fault in report.damaged:
        log.error("not indexed: %s", fault.message)
