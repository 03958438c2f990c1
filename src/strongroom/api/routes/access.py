"""Who may see files and folders, over HTTP beside the contract: in deposits, and where preserved.

``path`` in a query is relative to the content root; without it, all that states something of its
own is shown, the object first.
"""

from __future__ import annotations

from litestar import Response, get, patch
from litestar.params import FromPath, FromQuery, JSONBody

from strongroom.api import values
from strongroom.api.body import EdgeRequest
from strongroom.api.edge import Agent, Given, repository_path
from strongroom.api.operation import JSON, documented, on_deposit, on_shown
from strongroom.domain.grants import Action
from strongroom.services import access
from strongroom.services.access import Held, Setting
from strongroom.wire.access import AccessChange, AccessChanges, AccessItem, AccessView
from strongroom.wire.base import UnsetType


@get(
    "/v1/deposits/{deposit_id:str}/access",
    media_type=JSON,
    sync_to_thread=True,
    opt=documented(
        "Who may see the files of a deposit",
        problems=(404, 413, 422),
        gives=("ETag",),
        needs=on_deposit(),
    ),
)
def show_access(
    edge: Given, deposit_id: FromPath[str], path: FromQuery[str | None] = None
) -> Response[AccessView]:
    return _answer(access.of_deposit(edge.ctx, deposit_id, path))


@patch(
    "/v1/deposits/{deposit_id:str}/access",
    media_type=JSON,
    sync_to_thread=True,
    opt=documented(
        "Set who may see files, folders or the whole of a deposit",
        demands=values.demands("items", items={"type": "array", "minItems": 1}),
        problems=(404, 409, 413, 422),
        headers=("If-Match",),
        gives=("ETag",),
        needs=on_deposit(Action.DEPOSIT),
    ),
)
def set_access(
    edge: Given,
    agent: Agent,
    deposit_id: FromPath[str],
    request: EdgeRequest,
    data: JSONBody[AccessChanges],
) -> Response[AccessView]:
    settings = [_setting(item) for item in data.items or ()]
    match = request.headers.get("if-match")
    return _answer(access.change(edge.ctx, agent, deposit_id, settings, match))


@get(
    "/v1/repository-access/{path:str}",
    media_type=JSON,
    sync_to_thread=True,
    opt=documented(
        "Who may see an Archival Group, or something inside one",
        problems=(404, 410, 413, 422),
        gives=("ETag",),
        needs=on_shown(),
    ),
)
def show_preserved_access(
    edge: Given, path: FromPath[str], version: FromQuery[str | None] = None
) -> Response[AccessView]:
    return _answer(access.of_preserved(edge.ctx, repository_path(path), version))


def _setting(item: AccessChange) -> Setting:
    conditions, rights = item.access_restrictions, item.rights_statement
    return Setting(
        path=item.path,
        conditions=None if isinstance(conditions, UnsetType) else tuple(conditions or ()),
        rights=None if isinstance(rights, UnsetType) else rights,
        keeps_rights=isinstance(rights, UnsetType),
    )


def _answer(view: access.AccessView) -> Response[AccessView]:
    etag = view.etag
    shape = AccessView(
        mets_etag=etag, editable=view.editable, items=[_item(held) for held in view.items]
    )
    return Response(shape, headers={"ETag": etag})


def _item(held: Held) -> AccessItem:
    found = held.access
    return AccessItem(
        path=found.path,
        is_dir=held.is_folder,
        access_restrictions=list(found.conditions),
        effective_access_restrictions=list(found.effective_conditions),
        access_restrictions_from=found.conditions_from,
        rights_statement=found.rights,
        effective_rights_statement=found.effective_rights,
        rights_statement_from=found.rights_from,
    )


HANDLERS = (show_access, set_access, show_preserved_access)
