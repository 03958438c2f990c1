"""Links to files of a deposit over HTTP, beside the contract."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from litestar import Response, post
from litestar.params import FromPath, JSONBody

from strongroom.api import digest_fields, values
from strongroom.api.edge import Agent, Given
from strongroom.api.operation import JSON, documented, on_deposit
from strongroom.domain.grants import Action
from strongroom.domain.paths import MAX_PATH
from strongroom.domain.times import iso
from strongroom.services import links
from strongroom.services.links import LONGEST, MOST, READ, WRITE, Wanted
from strongroom.wire.links import LinkShape, MadeLinks, WantedLinks

_PATH: values.Schema = {"type": "string", "pattern": values.NAMES, "maxLength": MAX_PATH}
_LINK: values.Schema = {
    "oneOf": [
        {
            "required": ["path", "method"],
            "properties": {"path": _PATH, "method": {"const": READ}},
        },
        {
            "required": ["path", "digest", "size"],
            "properties": {
                "path": _PATH,
                "method": {"const": WRITE},
                "digest": {"type": "string", "pattern": "^[0-9A-Fa-f]{64}$"},
                "size": {"type": "integer", "minimum": 0},
            },
        },
    ]
}


@post(
    "/v1/deposits/{deposit_id:str}/links",
    status_code=200,
    media_type=JSON,
    sync_to_thread=True,
    opt=documented(
        "Make links by which files of a deposit are put and read where they are",
        problems=(404, 409),
        demands=values.demands(
            links={"minItems": 1, "maxItems": MOST, "items": _LINK},
            seconds={"minimum": 1, "maximum": LONGEST},
        ),
        # whoever may put files may also read them: a link of either kind tells of the files
        needs=on_deposit(Action.DEPOSIT),
    ),
)
def make_links(
    edge: Given, agent: Agent, deposit_id: FromPath[str], data: JSONBody[WantedLinks]
) -> Response[MadeLinks]:
    root = edge.uris.public

    def own(wanted: Wanted) -> tuple[str, Mapping[str, str]]:
        """Our own files, where the place of the deposit knows no links."""
        url = f"{root}/v1/deposits/{deposit_id}/files/{quote(wanted.path, safe='/')}"
        if wanted.method != WRITE:
            return url, {}
        return url, {
            "Content-Length": str(wanted.size),
            "Content-Digest": digest_fields.write(wanted.digest or ""),
            "X-Client-Identity": agent,
        }

    wanted = [
        Wanted(method=each.method, path=each.path, digest=each.digest, size=each.size)
        for each in data.links
    ]
    made = links.make(edge.ctx, agent, deposit_id, wanted, data.seconds, own)
    return Response(
        MadeLinks(
            links=[
                LinkShape(
                    path=each.wanted.path,
                    method=each.wanted.method,
                    url=each.url,
                    headers=dict(each.headers),
                    expires=iso(each.expires) if each.expires else None,
                )
                for each in made
            ]
        ),
        # whoever has one can use it
        headers={"Cache-Control": "no-store"},
    )


HANDLERS = (make_links,)
