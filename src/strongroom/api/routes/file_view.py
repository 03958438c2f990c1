"""Views of a deposit's files over HTTP: as they lie there, and beside METS. Contract section 14."""

from __future__ import annotations

from typing import Any

from litestar import Response, get
from litestar.params import FromPath, FromQuery

from strongroom.api.edge import Given
from strongroom.api.operation import JSON, documented, on_deposit
from strongroom.api.streamed import respond
from strongroom.services import file_view
from strongroom.wire import render_working
from strongroom.wire.working import CombinedDirectory, CombinedItems, WorkingDirectory


@get(
    "/deposits/{deposit_id:str}/filesystem",
    media_type=JSON,
    sync_to_thread=True,
    opt=documented(
        "Show the files of a deposit, with what tools found out about them",
        answer=WorkingDirectory,
        problems=(404,),
        needs=on_deposit(),
    ),
)
def show_files(
    edge: Given, deposit_id: FromPath[str], refresh: FromQuery[bool] = False
) -> Response[Any]:
    return respond(file_view.filesystem(edge.ctx, deposit_id, refresh=refresh))


@get(
    "/deposits/{deposit_id:str}/combined",
    media_type=JSON,
    sync_to_thread=True,
    opt=documented(
        "Show the files of a deposit beside what METS says of them",
        answer=CombinedDirectory,
        problems=(404, 413, 422),
        needs=on_deposit(),
    ),
)
def show_combined(
    edge: Given, deposit_id: FromPath[str], refresh: FromQuery[bool] = False
) -> Response[Any]:
    tree = file_view.combined(edge.ctx, deposit_id, refresh=refresh)
    return respond(render_working.in_chunks(render_working.combined_tree(tree)))


@get(
    "/v1/deposits/{deposit_id:str}/combined",
    media_type=JSON,
    sync_to_thread=True,
    opt=documented(
        "List files and folders of a deposit and of its METS, with what they disagree about",
        answer=CombinedItems,
        problems=(404, 413, 422),
        needs=on_deposit(),
    ),
)
def list_combined(edge: Given, deposit_id: FromPath[str]) -> Response[Any]:
    tree = file_view.combined(edge.ctx, deposit_id, refresh=False)
    return respond(render_working.in_chunks(render_working.combined_items(tree)))


HANDLERS = (show_files, show_combined, list_combined)
