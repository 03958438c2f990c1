"""Deposits over HTTP: made, listed, changed, locked, deleted; their METS. Contract section 2.1."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from litestar import HttpMethod, Response, delete, get, patch, post, put, route
from litestar.params import FromPath, FromQuery, JSONBody

from strongroom.api import values
from strongroom.api.body import EdgeRequest
from strongroom.api.contents import CONDITIONS, FILE, ContentResponse, respond
from strongroom.api.edge import Agent, Edge, Given
from strongroom.api.inputs import (
    LIST_PARAMETERS,
    MAX_TEXT,
    TEMPLATES,
    check_deposit_texts,
    deposit_query,
    template,
)
from strongroom.api.operation import JSON, documented, on_deposit, somewhere
from strongroom.domain.grants import Action
from strongroom.errors import BadRequest, Fault
from strongroom.services import deposits, exports
from strongroom.services.views import DepositPage, DepositView
from strongroom.wire import render_deposits
from strongroom.wire.deposits import Deposit, DepositIn, DepositQueryPage, SchemaAndValue

_CREATE = (404, 409, 410, 422)
_TEXTS: dict[str, values.Schema] = {
    "archivalGroupName": values.line(MAX_TEXT),
    "submissionText": values.lines(MAX_TEXT),
}


def deposit_shape(view: DepositView, edge: Edge) -> Deposit:
    return render_deposits.deposit(
        view.deposit,
        edge.uris,
        files=view.files,
        group_exists=view.group_exists,
        mets_etag=view.mets_etag,
        export=view.export,
    )


def _created(view: DepositView, edge: Edge) -> Response[Deposit]:
    """201 with the relative ``Location`` that existing clients know."""
    shape = deposit_shape(view, edge)
    return Response(shape, headers={"Location": f"/deposits/{view.deposit.id}"})


def _new(data: DepositIn | None) -> deposits.New:
    sent = data or DepositIn()
    check_deposit_texts(sent)
    return deposits.New(
        archival_group=sent.archival_group,
        group_name=sent.archival_group_name,
        submission_text=sent.submission_text,
        template=template(sent.template),
        version_exported=sent.version_exported,
    )


@get(
    "/deposits",
    media_type=JSON,
    sync_to_thread=True,
    opt=documented(
        "List deposits",
        query=LIST_PARAMETERS,
        gives=("Link",),
        needs=somewhere(),
    ),
)
def list_deposits(edge: Given, request: EdgeRequest) -> Response[DepositQueryPage]:
    roots = (edge.uris.public, edge.uris.storage)
    page = deposits.query(edge.ctx, deposit_query(request.query_params, roots))
    shape = DepositQueryPage(
        deposits=[deposit_shape(view, edge) for view in page.deposits],
        page=page.page,
        page_size=page.page_size,
        total=page.total,
    )
    links = _links(f"{edge.uris.public}/deposits", dict(request.query_params), page)
    return Response(shape, headers={"Link": links})


def _links(address: str, query: dict[str, Any], page: DepositPage) -> str:
    """The pages around this one (RFC 8288)."""
    last = max(1, -(-page.total // page.page_size))
    pages = {"first": 1, "prev": page.page - 1, "next": page.page + 1, "last": last}
    return ", ".join(
        f'<{address}?{urlencode({**query, "page": number})}>; rel="{name}"'
        for name, number in pages.items()
        if 1 <= number <= last
    )


@post(
    "/deposits",
    media_type=JSON,
    sync_to_thread=True,
    opt=documented(
        "Create a deposit",
        demands=values.demands(**_TEXTS, template=TEMPLATES),
        problems=_CREATE,
        once=True,
        gives=("Location",),
        needs=somewhere(Action.DEPOSIT),
    ),
)
def create_deposit(
    edge: Given, agent: Agent, data: JSONBody[DepositIn | None] = None
) -> Response[Deposit]:
    return _created(deposits.create(edge.ctx, agent, _new(data)), edge)


@post(
    "/deposits/from-identifier",
    media_type=JSON,
    sync_to_thread=True,
    opt=documented(
        "Create a deposit for an identifier",
        demands=values.demands("schema", "value", template=TEMPLATES),
        problems=(*_CREATE, 502, 504),
        once=True,
        gives=("Location",),
        needs=somewhere(Action.DEPOSIT),
    ),
)
def create_from_identifier(
    edge: Given, agent: Agent, data: JSONBody[SchemaAndValue]
) -> Response[Deposit]:
    missing = [name for name in ("schema", "value") if not (getattr(data, name) or "").strip()]
    if data.schema is None or data.value is None or missing:
        raise BadRequest(
            f"An identifier needs a schema and a value; missing: {', '.join(missing)}.",
            code="missing-property",
            faults=[
                Fault(code="missing-property", message="The property is missing.", path=name)
                for name in missing
            ],
        )
    view = deposits.from_identifier(
        edge.ctx, agent, data.schema.strip(), data.value.strip(), template(data.template)
    )
    return _created(view, edge)


@post(
    "/deposits/export",
    media_type=JSON,
    sync_to_thread=True,
    opt=documented(
        "Export an Archival Group into a new deposit",
        demands=values.demands(
            "archivalGroup",
            **_TEXTS,
            template=TEMPLATES,
            versionExported={"anyOf": [values.VERSION, {"type": "null"}]},
        ),
        problems=_CREATE,
        once=True,
        gives=("Location",),
        needs=somewhere(Action.DEPOSIT),
    ),
)
def create_by_export(
    edge: Given, agent: Agent, data: JSONBody[DepositIn | None] = None
) -> Response[Deposit]:
    return _created(exports.start(edge.ctx, agent, _new(data)), edge)


@get(
    "/deposits/{deposit_id:str}",
    media_type=JSON,
    sync_to_thread=True,
    opt=documented(
        "Show a deposit",
        problems=(404,),
        needs=on_deposit(),
    ),
)
def show_deposit(edge: Given, deposit_id: FromPath[str]) -> Deposit:
    return deposit_shape(deposits.get(edge.ctx, deposit_id), edge)


@patch(
    "/deposits/{deposit_id:str}",
    media_type=JSON,
    sync_to_thread=True,
    opt=documented(
        "Change a deposit",
        problems=(404, 409, 410),
        demands=values.demands(**_TEXTS, archived=values.MOMENT),
        needs=on_deposit(Action.DEPOSIT),
    ),
)
def patch_deposit(
    edge: Given, agent: Agent, deposit_id: FromPath[str], data: JSONBody[DepositIn]
) -> Deposit:
    check_deposit_texts(data)
    changes = deposits.Changes(
        archival_group=data.archival_group,
        group_name=data.archival_group_name,
        submission_text=data.submission_text,
        archived=data.archived,
    )
    return deposit_shape(deposits.patch(edge.ctx, agent, deposit_id, changes), edge)


@delete(
    "/deposits/{deposit_id:str}",
    sync_to_thread=True,
    opt=documented(
        "Delete a deposit and its files", problems=(404, 409), needs=on_deposit(Action.DEPOSIT)
    ),
)
def delete_deposit(edge: Given, agent: Agent, deposit_id: FromPath[str]) -> None:
    deposits.delete(edge.ctx, agent, deposit_id)


@post(
    "/deposits/{deposit_id:str}/lock",
    status_code=204,
    sync_to_thread=True,
    opt=documented(
        "Lock a deposit",
        problems=(404, 409),
        needs=on_deposit(Action.DEPOSIT),
    ),
)
def lock_deposit(
    edge: Given, agent: Agent, deposit_id: FromPath[str], force: FromQuery[bool] = False
) -> None:
    deposits.lock(edge.ctx, agent, deposit_id, force=force)


@delete(
    "/deposits/{deposit_id:str}/lock",
    sync_to_thread=True,
    opt=documented(
        "Release the lock of a deposit", problems=(404,), needs=on_deposit(Action.DEPOSIT)
    ),
)
def unlock_deposit(edge: Given, agent: Agent, deposit_id: FromPath[str]) -> None:
    deposits.unlock(edge.ctx, agent, deposit_id)


@put(
    "/deposits/{deposit_id:str}/activate",
    status_code=204,
    sync_to_thread=True,
    opt=documented(
        "Make a deposit active",
        problems=(404, 409),
        needs=on_deposit(Action.DEPOSIT),
    ),
)
def activate_deposit(edge: Given, deposit_id: FromPath[str]) -> None:
    deposits.activate(edge.ctx, deposit_id)


@put(
    "/deposits/{deposit_id:str}/deactivate",
    status_code=204,
    sync_to_thread=True,
    opt=documented(
        "Make a failed deposit inactive", problems=(404,), needs=on_deposit(Action.DEPOSIT)
    ),
)
def deactivate_deposit(edge: Given, deposit_id: FromPath[str]) -> None:
    deposits.deactivate(edge.ctx, deposit_id)


@route(
    "/deposits/{deposit_id:str}/mets",
    http_method=[HttpMethod.GET, HttpMethod.HEAD],
    sync_to_thread=True,
    opt=documented(
        "Read the METS of a deposit",
        media_type="application/xml",
        also=(206, 304),
        problems=(404, 416),
        headers=CONDITIONS,
        gives=FILE,
        needs=on_deposit(),
    ),
)
def deposit_mets(edge: Given, deposit_id: FromPath[str], request: EdgeRequest) -> ContentResponse:
    content, etag = deposits.mets(edge.ctx, deposit_id)
    return respond(content, request.method, request.headers, etag=etag)


HANDLERS = (
    list_deposits,
    create_deposit,
    create_from_identifier,
    create_by_export,
    show_deposit,
    patch_deposit,
    delete_deposit,
    lock_deposit,
    unlock_deposit,
    activate_deposit,
    deactivate_deposit,
    deposit_mets,
)
