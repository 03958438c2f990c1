"""What only the Storage surface has: content, and import results and exports by its own ids.

Contract sections 3.2 to 3.4 and 6. Jobs that are submitted here need no deposit.
"""

from __future__ import annotations

from litestar import HttpMethod, Response, get, post, route
from litestar.params import FromPath, FromQuery, JSONBody

from strongroom.api import states, values
from strongroom.api.body import EdgeRequest
from strongroom.api.contents import CONDITIONS, FILE, ContentResponse, respond
from strongroom.api.edge import Agent, Given, repository_path
from strongroom.api.inputs import JOB, job_request, named_agent
from strongroom.api.operation import JSON, documented, on_shown, somewhere
from strongroom.api.routes.imports import result_shape
from strongroom.domain.grants import Action
from strongroom.domain.paths import ROOT
from strongroom.domain.times import iso
from strongroom.domain.versions import version_name
from strongroom.errors import BadRequest
from strongroom.services import content, exports, imports, storage_exports, storage_imports
from strongroom.wire import render_jobs
from strongroom.wire.jobs import Export, ExportIn, ImportJobResult, StorageImportJobIn
from strongroom.wire.uris import file_uri

#: what the body of an export must hold
_EXPORT = values.demands(
    "archivalGroup", "destination", sourceVersion={"anyOf": [values.VERSION, {"type": "null"}]}
)


@route(
    "/content/{path:str}",
    http_method=[HttpMethod.GET, HttpMethod.HEAD],
    sync_to_thread=True,
    opt=documented(
        "Read the bytes of a Binary, of any version",
        media_type="*/*",
        also=(206, 304),
        problems=(404, 416),
        headers=(*CONDITIONS, "Accept-Datetime"),
        gives=(*FILE, "Link", "Memento-Datetime"),
        needs=on_shown(Action.CONTENT),
    ),
)
def read_content(
    edge: Given, path: FromPath[str], request: EdgeRequest, version: FromQuery[str | None] = None
) -> ContentResponse:
    where = repository_path(path)
    if where == ROOT:
        raise BadRequest("Name a Binary after /content/.", code="missing-path")
    state = states.state(edge, where, version, request.headers, content=True)
    found = content.open(edge.ctx, where, state.version)
    return respond(found, request.method, request.headers, extra=state.headers)


@get(
    "/v1/content-timemap/{path:str}",
    sync_to_thread=True,
    media_type=states.LINK_FORMAT,
    opt=documented(
        "The states of the bytes of a Binary (RFC 7089)",
        media_type=states.LINK_FORMAT,
        problems=(404,),
        needs=on_shown(),
    ),
)
def show_content_timemap(edge: Given, path: FromPath[str]) -> str:
    return states.timemap(edge, repository_path(path), content=True)


@post(
    "/import",
    media_type=JSON,
    sync_to_thread=True,
    opt=documented(
        "Submit an import job that needs no deposit",
        demands=values.demands("id", "archivalGroup", **JOB),
        problems=(404, 409, 410, 422),
        gives=("Location",),
        once=True,
        needs=somewhere(Action.PRESERVE),
    ),
)
def submit_import(
    edge: Given, agent: Agent, data: JSONBody[StorageImportJobIn]
) -> Response[ImportJobResult]:
    view = storage_imports.submit(
        edge.ctx,
        agent,
        job_request(data),
        author=named_agent("createdBy", data.created_by, edge.ctx.roots.all),
        agent=named_agent("lastModifiedBy", data.last_modified_by, edge.ctx.roots.all),
    )
    shape = result_shape(view, edge)
    return Response(shape, headers={"Location": shape.id})


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


@post(
    "/export",
    media_type=JSON,
    sync_to_thread=True,
    opt=documented(
        "Export a version of an Archival Group into a folder",
        demands=_EXPORT,
        problems=(404, 409, 410, 422),
        gives=("Location",),
        once=True,
        needs=somewhere(Action.CONTENT),
    ),
)
def submit_export(edge: Given, agent: Agent, data: JSONBody[ExportIn]) -> Response[Export]:
    view = storage_exports.start(
        edge.ctx,
        agent,
        archival_group=data.archival_group,
        destination=data.destination,
        version=(data.source_version or "").strip() or None,
    )
    shape = render_jobs.export(view.job, edge.uris, destination=view.destination, files=())
    return Response(shape, headers={"Location": shape.id or ""})


@post(
    "/exportMetsOnly",
    status_code=200,
    media_type=JSON,
    sync_to_thread=True,
    opt=documented(
        "Export the METS of an Archival Group into a folder, at once",
        demands=_EXPORT,
        problems=(404, 409, 410),
        needs=somewhere(Action.CONTENT),
    ),
)
def export_mets(edge: Given, agent: Agent, data: JSONBody[ExportIn]) -> Export:
    done = storage_exports.mets_only(
        edge.ctx,
        agent,
        archival_group=data.archival_group,
        destination=data.destination,
        version=(data.source_version or "").strip() or None,
    )
    by, ended = edge.uris.agent(done.agent), iso(done.finished)
    return Export(
        files=[file_uri(done.destination, path) for path in done.files],
        created=iso(done.begun),
        created_by=by,
        last_modified=ended,
        last_modified_by=by,
        archival_group=edge.uris.repository(done.group),
        destination=done.destination,
        date_begun=iso(done.begun),
        date_finished=ended,
        source_version=version_name(done.version.number),
        errors=render_jobs.errors(done.errors, done.group, edge.uris),
    )


HANDLERS = (
    read_content,
    show_content_timemap,
    submit_import,
    show_import,
    submit_export,
    show_export,
    export_mets,
)
#: those whose bodies list every file of a group, and are as long as that takes
LARGE = (submit_import,)
