"""What is about the server itself: greeting, health, agents."""

from __future__ import annotations

import logging

from litestar import Response, get

from strongroom.api.edge import Given
from strongroom.api.operation import JSON, PUBLIC, documented, somewhere
from strongroom.errors import Unavailable
from strongroom.services import agents, health

log = logging.getLogger(__name__)

TEXT = "text/plain"


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


PRESERVATION = (hello, show_health, list_agents)
STORAGE = (hello, show_health)
