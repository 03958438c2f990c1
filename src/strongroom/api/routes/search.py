"""Search over HTTP, on both surfaces. Contract section 9."""

from __future__ import annotations

from typing import Any

from litestar import Response, get

from strongroom.api import streamed
from strongroom.api.body import EdgeRequest
from strongroom.api.edge import Edge, Given
from strongroom.api.operation import JSON, documented, somewhere
from strongroom.api.routes.deposits import deposit_shape
from strongroom.api.search_inputs import PARAMETERS, STORAGE_PARAMETERS, question, storage_question
from strongroom.services import search
from strongroom.services.search import FoundPage
from strongroom.wire import render_search
from strongroom.wire.search import DepositSearch, FedoraSearch, IdentifierRecord, SearchCollection


@get(
    "/search",
    media_type=JSON,
    sync_to_thread=True,
    opt=documented(
        "Search Binaries, deposits and identifiers", query=PARAMETERS, needs=somewhere()
    ),
)
def search_all(edge: Given, request: EdgeRequest) -> SearchCollection:
    asked = question(request.query_params)
    binaries = search.binaries(
        edge.ctx, asked.text, page=asked.binaries_page, page_size=asked.page_size
    )
    return SearchCollection(
        fedora_search=_binaries(binaries),
        deposit_search=_deposits(edge, asked.text, asked.deposits_page, asked.page_size),
        identifier=_identifier(edge, asked.text),
    )


def _binaries(found: FoundPage) -> FedoraSearch:
    return render_search.binaries(
        found.found,
        total=found.total,
        page=found.page,
        page_size=found.page_size,
        pending=found.pending,
    )


def _deposits(edge: Edge, text: str, page: int, page_size: int) -> DepositSearch | None:
    found = search.deposits_with(edge.ctx, text, page=page, page_size=page_size)
    if not found.deposits:
        return None
    return DepositSearch(
        deposits=[deposit_shape(view, edge) for view in found.deposits],
        total=found.total,
        page=found.page,
        page_size=found.page_size,
    )


def _identifier(edge: Edge, text: str) -> IdentifierRecord | None:
    found = search.identified(edge.ctx, text)
    if found is None:
        return None
    return render_search.identifier(text.strip(), found.path, found.name, edge.uris)


@get(
    "/FedoraSearch",
    media_type=JSON,
    sync_to_thread=True,
    opt=documented(
        "Search Binaries by their paths",
        answer=FedoraSearch,
        query=STORAGE_PARAMETERS,
        needs=somewhere(),
    ),
)
def search_binaries(edge: Given, request: EdgeRequest) -> Response[Any]:
    text, page, size = storage_question(request.query_params)
    if page is None or size is None:
        found = search.all_binaries(edge.ctx, text)
        return streamed.respond(
            render_search.all_binaries(found.found, total=found.total, pending=found.pending)
        )
    return Response(_binaries(search.binaries(edge.ctx, text, page=page, page_size=size)))


PRESERVATION = (search_all,)
STORAGE = (search_binaries,)
