"""Puts the HTTP application together: routes of both surfaces, documentation, and the front.

A pure function of the context and the settings; it opens nothing and starts nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any, NoReturn

from litestar import Litestar, Router
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute
from litestar.types import ASGIApp

from strongroom.api import described, idempotency, openapi, pages
from strongroom.api.body import EdgeRequest
from strongroom.api.edge import Edge, dependencies
from strongroom.api.front import Front
from strongroom.api.gate import Gate
from strongroom.api.guards import Hosts
from strongroom.api.routes import (
    access,
    activity,
    archiving,
    deposits,
    file_view,
    files,
    grants,
    imports,
    in_parts,
    links,
    mets,
    pipeline,
    repository,
    search,
    service,
    storage,
    tokens,
)
from strongroom.api.routing import STORAGE_PREFIX, Routes, Surfaces
from strongroom.api.settings import EdgeSettings
from strongroom.services.authentication import Authentication
from strongroom.services.context import Context
from strongroom.wire.uris import preservation_uris, storage_uris

#: the routes of each surface
PRESERVATION: tuple[HTTPRouteHandler, ...] = (
    *service.PRESERVATION,
    *deposits.HANDLERS,
    *imports.HANDLERS,
    *files.HANDLERS,
    *links.HANDLERS,
    *in_parts.HANDLERS,
    *file_view.HANDLERS,
    *mets.HANDLERS,
    *access.HANDLERS,
    *pipeline.HANDLERS,
    *repository.PRESERVATION,
    *activity.PRESERVATION,
    *grants.HANDLERS,
    *tokens.HANDLERS,
    *archiving.HANDLERS,
    *search.PRESERVATION,
)
STORAGE: tuple[HTTPRouteHandler, ...] = (
    *service.STORAGE,
    *repository.STORAGE,
    *storage.HANDLERS,
    *activity.STORAGE,
    *search.STORAGE,
)


#: bytes of any JSON body but an import job; none that means something comes near
MAX_SMALL = 1 << 20


def create_app(
    ctx: Context, *, settings: EdgeSettings, authentication: Authentication | None = None
) -> ASGIApp:
    """The application, to be run by any ASGI server.

    Without ``authentication`` everyone who reaches it may do everything.
    """
    surfaces = Surfaces.of(settings.public, settings.storage)
    preservation = Edge(
        ctx=ctx,
        uris=preservation_uris(settings.public, settings.storage),
        how=authentication,
    )
    stored = replace(preservation, uris=storage_uris(settings.public, settings.storage))
    gates = (
        []
        if authentication is None
        else [Gate(ctx=ctx, how=authentication, attempts=preservation.attempts)]
    )
    litestar = Litestar(
        [
            Router(
                "/",
                route_handlers=[
                    *(handler for handler in PRESERVATION if handler not in imports.LARGE),
                    *_documentation(settings, guarded=bool(gates)),
                    *pages.problem_pages(),
                ],
                dependencies=dependencies(preservation),
            ),
            Router(
                "/",
                route_handlers=imports.LARGE,
                dependencies=dependencies(preservation),
                request_max_body_size=settings.max_json,
            ),
            Router(
                STORAGE_PREFIX,
                route_handlers=storage.LARGE,
                dependencies=dependencies(stored),
                request_max_body_size=settings.max_json,
            ),
            Router(
                STORAGE_PREFIX,
                route_handlers=[
                    *(handler for handler in STORAGE if handler not in storage.LARGE),
                    *_storage_documentation(settings, guarded=bool(gates)),
                    *pages.problem_pages(),
                ],
                dependencies=dependencies(stored),
            ),
        ],
        guards=gates,
        request_class=EdgeRequest,
        request_max_body_size=min(settings.max_json, MAX_SMALL),
        exception_handlers={Exception: _hand_on},
        lifespan=[_threads(settings.threads)],
        middleware=[idempotency.middleware(ctx, settings.max_json, gates)],
        openapi_config=None,
        logging_config=None,
    )
    preserved, kept = _formats(litestar)
    return Front(
        router=litestar,
        hosts=Hosts.of(settings),
        surfaces=surfaces,
        preservation=Routes.of(preserved),
        storage=Routes.of(kept),
        private=authentication is not None,
        query_names=described.query_names((*PRESERVATION, *STORAGE)),
    )


def _formats(litestar: Litestar) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """The methods of every path format, of the Preservation and of the Storage surface."""
    preservation: dict[str, set[str]] = {}
    kept: dict[str, set[str]] = {}
    for route in litestar.routes:
        if not isinstance(route, HTTPRoute):
            continue
        text = route.path_format
        own = kept if text.startswith(STORAGE_PREFIX) else preservation
        own[text.removeprefix(STORAGE_PREFIX)] = {str(method) for method in route.methods}
    return preservation, kept


def _threads(count: int) -> Callable[[Litestar], AbstractAsyncContextManager[None]]:
    """Threads for the services; the event loop's own few would be taken by a handful of diffs."""

    @asynccontextmanager
    async def run(_app: Litestar) -> AsyncIterator[None]:
        executor = ThreadPoolExecutor(count, thread_name_prefix="http")
        asyncio.get_running_loop().set_default_executor(executor)
        yield

    return run


def _documentation(settings: EdgeSettings, *, guarded: bool) -> list[HTTPRouteHandler]:
    """The description of everything that the Preservation root leads to."""
    if not settings.docs:
        return []
    parts = [openapi.Part(tag="Preservation", prefix="", handlers=PRESERVATION)]
    prefix = openapi.storage_prefix(settings)
    if prefix is not None:
        parts.append(openapi.Part(tag="Storage", prefix=prefix, handlers=STORAGE))
    return pages.documentation(partial(openapi.document, parts, settings.public, guarded=guarded))


def _storage_documentation(settings: EdgeSettings, *, guarded: bool) -> list[HTTPRouteHandler]:
    """The description of the Storage surface alone, below its own root."""
    if not settings.docs:
        return []
    part = openapi.Part(tag="Storage", prefix="", handlers=STORAGE)
    return pages.documentation(partial(openapi.document, [part], settings.storage, guarded=guarded))


def _hand_on(_request: Any, error: Exception) -> NoReturn:
    """Problems are written in one place, the front."""
    raise error
