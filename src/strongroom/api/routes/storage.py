"""What only the Storage surface has: content, and import results and exports by its own ids.

Contract sections 3.2 to 3.4. Jobs are submitted on the Preservation surface alone.
"""

from __future__ import annotations

from litestar import HttpMethod, get, route
from litestar.params import FromPath, FromQuery

from strongroom.api.body import EdgeRequest
from strongroom.api.contents import ContentResponse, respond
from strongroom.api.edge import Given, repository_path
from strongroom.api.operation import JSON, documented, on_shown, somewhere
from strongroom.api.routes.imports import result_shape
from strongroom.domain.grants import Action
from strongroom.domain.paths import ROOT
from strongroom.errors import BadRequest
from strongroom.services import content, exports, imports
from strongroom.wire import render_jobs
from strongroom.wire.jobs import Export, ImportJobResult


@route(
    "/content/{path:str}",
    http_method=[HttpMethod.GET, HttpMethod.HEAD],
    sync_to_thread=True,
    opt=documented(
        "Read the bytes of a Binary, of any version",
        media_type="*/*",
        also=(206, 304),
        problems=(404, 410, 416),
        headers={"Range": "Byte ranges", "If-None-Match": "An ETag", "If-Range": "An ETag"},
        needs=on_shown(Action.CONTENT),
    ),
)
def read_content(
    edge: Given, path: FromPath[str], request: EdgeRequest, version: FromQuery[str | None] = None
) -> ContentResponse:
    where = repository_path(path)
    if where == ROOT:
        raise BadRequest("Name a Binary after /content/.", code="missing-path")
    return respond(content.open(edge.ctx, where, version), request.method, request.headers)


@get(
    "/import/results/{job_id:str}/{path:str}",
    media_type=JSON,
    sync_to_thread=True,
    opt=documented(
        "Show how an import job stands",
        problems=(404,),
        needs=somewhere(),
    ),
)
def show_import(edge: Given, job_id: FromPath[str], path: FromPath[str]) -> ImportJobResult:
    """The path belongs to the id, but only the job tells which group it means."""
    if repository_path(path) == ROOT:
        raise BadRequest(
            "The path of the Archival Group is missing after the id of the job.",
            code="missing-path",
        )
    return result_shape(imports.find(edge.ctx, job_id), edge)


@get(
    "/export/{job_id:str}",
    media_type=JSON,
    sync_to_thread=True,
    opt=documented(
        "Show how an export stands",
        problems=(404,),
        needs=somewhere(),
    ),
)
def show_export(edge: Given, job_id: FromPath[str]) -> Export:
    view = exports.get(edge.ctx, job_id)
    return render_jobs.export(
        view.job, edge.uris, destination=view.destination, files=view.exported
    )


HANDLERS = (read_content, show_import, show_export)
