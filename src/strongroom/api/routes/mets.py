"""Edits of a deposit's METS over HTTP."""

from __future__ import annotations

from collections.abc import Iterable

from litestar import post
from litestar.params import FromPath, JSONBody

from strongroom.api import problems, values
from strongroom.api.body import EdgeRequest
from strongroom.api.edge import Agent, Given
from strongroom.api.operation import JSON, documented, on_deposit
from strongroom.domain.grants import Action
from strongroom.services import deposit_mets
from strongroom.services.deposit_mets import Item, Selection
from strongroom.wire.mets import DeleteSelection, ItemsAffected, MinimalItem


def _shape(items: Iterable[Item]) -> ItemsAffected:
    return ItemsAffected(
        items=[
            MinimalItem(path=item.path, is_dir=item.is_folder, where=item.where) for item in items
        ]
    )


@post(
    "/deposits/{deposit_id:str}/mets",
    status_code=200,
    media_type=JSON,
    sync_to_thread=True,
    opt=documented(
        "Put files and folders of a deposit into its METS",
        demands={"minItems": 1},
        problems=(404, 409, 422),
        headers=("If-Match",),
        needs=on_deposit(Action.DEPOSIT),
    ),
)
def add_to_mets(
    edge: Given,
    agent: Agent,
    deposit_id: FromPath[str],
    request: EdgeRequest,
    data: JSONBody[list[str]],
) -> ItemsAffected:
    match = request.headers.get("if-match")
    added = deposit_mets.add(edge.ctx, agent, deposit_id, data, match)
    shape = _shape(added.items)
    if added.warnings:
        shape.warnings = [problems.wire_fault(fault) for fault in added.warnings]
    return shape


@post(
    "/deposits/{deposit_id:str}/mets/delete",
    status_code=200,
    media_type=JSON,
    sync_to_thread=True,
    opt=documented(
        "Delete files and folders from a deposit's METS, from the deposit, or both",
        demands={
            **values.demands("items", items={"type": "array", "minItems": 1}),
            "anyOf": [
                {"required": [name], "properties": {name: {"const": True}}}
                for name in ("deleteFromMets", "deleteFromDepositFiles", "deleteFromRoot")
            ],
        },
        problems=(404, 409, 422),
        headers=("If-Match",),
        needs=on_deposit(Action.DEPOSIT),
    ),
)
def delete_from_mets(
    edge: Given,
    agent: Agent,
    deposit_id: FromPath[str],
    request: EdgeRequest,
    data: JSONBody[DeleteSelection],
) -> ItemsAffected:
    selection = Selection(
        items=tuple(
            Item(path=item.path, is_folder=item.is_dir, where=item.where)
            for item in data.items or ()
        ),
        from_mets=data.delete_from_mets,
        from_files=data.delete_from_deposit_files,
        from_root=data.delete_from_root,
        continue_if_fail=frozenset(data.continue_if_fail or ()),
    )
    match = request.headers.get("if-match")
    return _shape(deposit_mets.remove(edge.ctx, agent, deposit_id, selection, match))


HANDLERS = (add_to_mets, delete_from_mets)
