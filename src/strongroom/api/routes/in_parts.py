"""Files of a deposit that come in parts by links, over HTTP, beside the contract."""

from __future__ import annotations

from litestar import Response, post
from litestar.params import FromPath, JSONBody

from strongroom.api import values
from strongroom.api.edge import Agent, Given
from strongroom.api.operation import JSON, documented, on_deposit
from strongroom.domain.grants import Action
from strongroom.domain.times import iso
from strongroom.services import in_parts
from strongroom.services.links import LONGEST
from strongroom.wire.files import DepositFile
from strongroom.wire.in_parts import (
    AbortedUpload,
    BegunUpload,
    PartShape,
    SentUpload,
    WantedUpload,
)


@post(
    "/v1/deposits/{deposit_id:str}/uploads",
    status_code=200,
    media_type=JSON,
    sync_to_thread=True,
    opt=documented(
        "Make links by which a file of a deposit is sent in parts",
        demands=values.demands(
            size={"minimum": 1, "maximum": in_parts.LARGEST},
            seconds={"minimum": 1, "maximum": LONGEST},
        ),
        problems=(404, 409, 413, 415, 503),
        needs=on_deposit(Action.DEPOSIT),
    ),
)
def begin_upload(
    edge: Given, agent: Agent, deposit_id: FromPath[str], data: JSONBody[WantedUpload]
) -> Response[BegunUpload]:
    begun = in_parts.begin(
        edge.ctx,
        agent,
        deposit_id,
        data.path,
        size=data.size,
        part=data.part_size,
        upload=data.upload,
        seconds=data.seconds,
    )
    return Response(
        BegunUpload(
            path=data.path,
            upload=begun.upload,
            part_size=begun.part,
            parts=[
                PartShape(
                    number=each.number,
                    size=each.size,
                    method=each.link.method,
                    url=each.link.url,
                    headers=dict(each.link.headers),
                    expires=iso(each.link.expires),
                )
                for each in begun.parts
            ],
        ),
        # whoever has one can use it
        headers={"Cache-Control": "no-store"},
    )


@post(
    "/v1/deposits/{deposit_id:str}/uploads/complete",
    status_code=200,
    media_type=JSON,
    sync_to_thread=True,
    opt=documented(
        "Put a file in its place whose parts have come",
        problems=(404, 409, 413, 415, 422, 503),
        needs=on_deposit(Action.DEPOSIT),
    ),
)
def complete_upload(
    edge: Given, agent: Agent, deposit_id: FromPath[str], data: JSONBody[SentUpload]
) -> DepositFile:
    entry = in_parts.complete(edge.ctx, agent, deposit_id, data.path, data.upload, data.etags)
    return DepositFile(path=entry.path, size=entry.size, digest=entry.sha256)


@post(
    "/v1/deposits/{deposit_id:str}/uploads/abort",
    status_code=204,
    sync_to_thread=True,
    opt=documented(
        "Throw away the parts of a file that is not to come",
        problems=(404, 409, 413, 415, 503),
        needs=on_deposit(Action.DEPOSIT),
    ),
)
def abort_upload(
    edge: Given, agent: Agent, deposit_id: FromPath[str], data: JSONBody[AbortedUpload]
) -> None:
    in_parts.abort(edge.ctx, agent, deposit_id, data.path, data.upload)


HANDLERS = (begin_upload, complete_upload, abort_upload)
