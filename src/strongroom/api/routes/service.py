"""What is about the server itself: greeting, health, agents."""

from __future__ import annotations

import logging

from litestar import Response, get

from strongroom.api.edge import Given
from strongroom.api.operation import JSON, PUBLIC, documented, somewhere
from strongroom.domain.grants import Action
from strongroom.errors import Unavailable
from strongroom.services import agents, connectivity, health
from strongroom.services.connectivity import Check
from strongroom.wire.archiving import ConnectivityCheckResult

log = logging.getLogger(__name__)

TEXT = "text/plain"

#: what is asked at two places each: at today's, and at the one that older clients know
_STORING = documented(
    "Whether storing works: the index and the OCFL storage root", needs=somewhere(Action.LOCATE)
)
_ROOT = documented("Whether the OCFL storage root can be used", needs=somewhere(Action.LOCATE))


@get(
    "/",
    media_type=TEXT,
    sync_to_thread=False,
    opt=documented("A greeting with the way to the documentation", media_type=TEXT, needs=PUBLIC),
)
def hello(edge: Given) -> str:
    root = edge.uris.own
    return (
        "Strongroom: versioned object storage for preservation.\n\n"
        f"Repository     {edge.uris.repository('')}\n"
        f"Health         {root}/health\n"
        f"Documentation  {edge.uris.public}/docs\n"
        f"OpenAPI        {edge.uris.public}/openapi.json\n"
    )


@get(
    "/health",
    media_type=TEXT,
    sync_to_thread=True,
    opt=documented("Whether requests can be served", media_type=TEXT, also=(503,), needs=PUBLIC),
)
def show_health(edge: Given) -> Response[str]:
    """In words that existing monitors know, also when it fails."""
    try:
        health.check(edge.ctx)
    except Unavailable as error:
        log.error(
            "unhealthy: %s%s", error.message, f" [{error.operator}]" if error.operator else ""
        )
        return Response("Unhealthy", status_code=503)
    return Response("Healthy")


@get(
    "/test",
    media_type=TEXT,
    sync_to_thread=False,
    opt=documented("A word that says that requests arrive", media_type=TEXT, needs=somewhere()),
)
def say_test() -> str:
    return "Strongroom answers.\n"


def _result(check: Check) -> ConnectivityCheckResult:
    return ConnectivityCheckResult(name=check.name, success=check.success, error=check.error)


@get(
    "/storage",
    media_type=JSON,
    sync_to_thread=True,
    opt=_STORING,
)
def check_storage(edge: Given) -> ConnectivityCheckResult:
    return _result(connectivity.storage(edge.ctx))


@get(
    "/storage/check-s3",
    media_type=JSON,
    sync_to_thread=True,
    opt=documented(
        "Whether the place of the deposits' files can be used",
        needs=somewhere(Action.LOCATE),
    ),
)
def check_deposits(edge: Given) -> ConnectivityCheckResult:
    return _result(connectivity.deposits(edge.ctx))


@get(
    "/storage/check-storage-s3",
    media_type=JSON,
    sync_to_thread=True,
    opt=_ROOT,
)
def check_root(edge: Given) -> ConnectivityCheckResult:
    return _result(connectivity.storage_root(edge.ctx))


@get(
    "/fedora",
    media_type=JSON,
    sync_to_thread=True,
    opt=_STORING,
)
def check_repository(edge: Given) -> ConnectivityCheckResult:
    return _result(connectivity.storage(edge.ctx))


@get(
    "/storagecheck",
    media_type=JSON,
    sync_to_thread=True,
    opt=_ROOT,
)
def check_stored(edge: Given) -> ConnectivityCheckResult:
    return _result(connectivity.storage_root(edge.ctx))


@get(
    "/agents",
    media_type=JSON,
    sync_to_thread=True,
    opt=documented(
        "Everyone who ever acted on a deposit",
        needs=somewhere(),
    ),
)
def list_agents(edge: Given) -> list[str]:
    return [edge.uris.agent(name) for name in agents.all_agents(edge.ctx)]


PRESERVATION = (
    hello,
    say_test,
    show_health,
    list_agents,
    check_storage,
    check_deposits,
    check_root,
)
STORAGE = (hello, show_health, check_repository, check_stored)
