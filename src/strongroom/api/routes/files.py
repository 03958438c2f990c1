"""Files of a deposit over HTTP, beside the contract: put, get, list, delete.

For clients that cannot reach the working area; what the files mean is for METS and the diff.
"""

from __future__ import annotations

from anyio import to_thread
from litestar import HttpMethod, Response, delete, get, put, route
from litestar.exceptions import HTTPException
from litestar.params import FromPath

from strongroom.api import digest_fields, problems, routing, values
from strongroom.api.body import EdgeRequest
from strongroom.api.contents import CONDITIONS, FILE, ContentResponse, respond
from strongroom.api.edge import Agent, Given
from strongroom.api.operation import JSON, documented, on_deposit
from strongroom.api.uploads import receive_into
from strongroom.domain.grants import Action
from strongroom.domain.paths import MAX_PATH, decode
from strongroom.errors import BadRequest
from strongroom.services import files
from strongroom.wire.files import DepositFile, DepositFiles

#: what ``path`` is here
_FILE = values.text(
    "The path of a file or folder in the deposit, percent-encoded but for its slashes",
    pattern=values.NAMES,
    maxLength=MAX_PATH,
)


def _path(segment: str) -> str:
    """The path of a file, decoded once; a trailing slash would name a folder, so it is refused."""
    return decode(routing.tail(segment))


@get(
    "/v1/deposits/{deposit_id:str}/files",
    media_type=JSON,
    sync_to_thread=True,
    opt=documented(
        "List the files of a deposit",
        problems=(404,),
        needs=on_deposit(),
    ),
)
def list_files(edge: Given, deposit_id: FromPath[str]) -> DepositFiles:
    listing, digests = files.listing(edge.ctx, deposit_id)
    return DepositFiles(
        files=[
            DepositFile(path=entry.path, size=entry.size, digest=digests.get(entry.path))
            for entry in listing.files
        ],
        folders=list(listing.folders),
        refused=[problems.wire_fault(fault) for fault in listing.refused],
    )


@route(
    "/v1/deposits/{deposit_id:str}/files/{path:str}",
    http_method=[HttpMethod.GET, HttpMethod.HEAD],
    sync_to_thread=True,
    opt=documented(
        "Read a file of a deposit",
        media_type="*/*",
        also=(206, 304),
        problems=(404, 416),
        headers=CONDITIONS,
        gives=FILE,
        path=_FILE,
        needs=on_deposit(Action.CONTENT),
    ),
)
def read_file(
    edge: Given, deposit_id: FromPath[str], path: FromPath[str], request: EdgeRequest
) -> ContentResponse:
    content = files.read(edge.ctx, deposit_id, _path(path))
    return respond(content, request.method, request.headers)


@put(
    "/v1/deposits/{deposit_id:str}/files/{path:str}",
    status_code=201,
    media_type=JSON,
    request_max_body_size=None,
    opt=documented(
        "Put a file into a deposit (201 a new one, 200 in place of another)",
        also=(200,),
        problems=(404, 409, 415, 422, 507),
        headers=("Content-Digest", "Repr-Digest"),
        path=_FILE,
        upload="application/octet-stream",
        needs=on_deposit(Action.DEPOSIT),
    ),
)
async def put_file(
    edge: Given, agent: Agent, deposit_id: FromPath[str], path: FromPath[str], request: EdgeRequest
) -> Response[DepositFile]:
    headers = request.headers
    expected = digest_fields.expected(headers.get("content-digest"), headers.get("repr-digest"))
    _check_whole(request)
    size = request.content_length
    upload = await to_thread.run_sync(
        lambda: files.begin(edge.ctx, agent, deposit_id, _path(path), size)
    )
    entry, digest = await receive_into(upload, request.receive, sha256=expected, size=size)
    return Response(
        DepositFile(path=entry.path, size=entry.size, digest=digest),
        status_code=200 if upload.replaces else 201,
    )


def _check_whole(request: EdgeRequest) -> None:
    """The body must be the whole file, as it is."""
    if "content-range" in request.headers:
        raise BadRequest(
            "A file is put as a whole; Content-Range is not understood.", code="partial-put"
        )
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise HTTPException(
            status_code=415,
            detail=f"Send the file as it is, without Content-Encoding (found: '{encoding[:40]}').",
        )


@delete(
    "/v1/deposits/{deposit_id:str}/files/{path:str}",
    sync_to_thread=True,
    opt=documented(
        "Delete a file of a deposit",
        problems=(404, 409),
        path=_FILE,
        needs=on_deposit(Action.DEPOSIT),
    ),
)
def delete_file(edge: Given, agent: Agent, deposit_id: FromPath[str], path: FromPath[str]) -> None:
    files.delete(edge.ctx, agent, deposit_id, _path(path))


@put(
    "/v1/deposits/{deposit_id:str}/folders/{path:str}",
    status_code=201,
    sync_to_thread=True,
    media_type="text/plain",
    opt=documented(
        "Make a folder in a deposit, with those above it (201 a new one, 200 one that was there)",
        media_type="text/plain",
        also=(200,),
        problems=(404, 409),
        path=_FILE,
        needs=on_deposit(Action.DEPOSIT),
    ),
)
def put_folder(
    edge: Given, agent: Agent, deposit_id: FromPath[str], path: FromPath[str]
) -> Response[bytes]:
    new = files.make_folder(edge.ctx, agent, deposit_id, _path(path))
    return Response(b"", status_code=201 if new else 200, media_type="text/plain")


@delete(
    "/v1/deposits/{deposit_id:str}/folders/{path:str}",
    sync_to_thread=True,
    opt=documented(
        "Delete an empty folder of a deposit",
        problems=(404, 409),
        path=_FILE,
        needs=on_deposit(Action.DEPOSIT),
    ),
)
def delete_folder(
    edge: Given, agent: Agent, deposit_id: FromPath[str], path: FromPath[str]
) -> None:
    files.delete_folder(edge.ctx, agent, deposit_id, _path(path))


HANDLERS = (list_files, read_file, put_file, delete_file, put_folder, delete_folder)
