"""Who may do what, over HTTP beside the contract: shown, granted, taken back, explained."""

from __future__ import annotations

from litestar import Response, delete, get, post
from litestar.params import FromPath, JSONBody

from strongroom.api import values
from strongroom.api.body import EdgeRequest
from strongroom.api.edge import Agent, Given
from strongroom.api.operation import JSON, At, Needs, documented, somewhere
from strongroom.api.values import text, word
from strongroom.domain.grants import MAX_SUBJECT, Action, Grant, Role
from strongroom.domain.times import iso
from strongroom.errors import BadRequest, Fault
from strongroom.services import grants
from strongroom.wire import grants as wire


def _shape(grant: Grant) -> wire.Grant:
    return wire.Grant(
        id=grant.id,
        subject=grant.subject,
        role=grant.role.value,
        path=f"/{grant.path}",
        source=grant.source.value,
        created=iso(grant.created) if grant.created else None,
        created_by=grant.created_by,
    )


@get(
    "/v1/me",
    media_type=JSON,
    sync_to_thread=True,
    opt=documented(
        "Who asks, and the grants that count", answer=wire.Me, needs=Needs(at=At.NOWHERE)
    ),
)
def show_me(edge: Given, agent: Agent) -> wire.Me:
    caller = edge.ctx.caller
    return wire.Me(
        agent=agent,
        kind=caller.kind.value if edge.guarded else "local",
        subjects=sorted(caller.subjects),
        grants=[_shape(grant) for grant in grants.effective(edge.ctx)],
    )


#: whose grant it is, without blanks around the name
_SUBJECT = (
    r"^(\*|(agent|client|group|sub):"
    r"[^\s\u0000-\u0020\u007f-\u00a0]([^\u0000-\u001f\u007f-\u00a0]*[^\s\u0000-\u0020\u007f-\u00a0])?)$"
)
_GROUPS = text("Names of groups that a token would state, with commas between")
_AGENT = "A name, or a subject of grants"


@get(
    "/v1/grants",
    media_type=JSON,
    sync_to_thread=True,
    opt=documented(
        "List the grants: all of them, or those that count for someone",
        problems=(404,),
        query={"agent": text(_AGENT), "groups": _GROUPS},
        needs=somewhere(Action.AUDIT),
    ),
)
def list_grants(edge: Given, request: EdgeRequest) -> list[wire.Grant]:
    agent = request.query_params.get("agent")
    if not agent:
        return [_shape(grant) for grant in grants.every(edge.ctx)]
    found = grants.of_someone(edge.ctx, agent, _groups(request))
    return [_shape(grant) for grant in found]


def _groups(request: EdgeRequest) -> list[str]:
    return [name for name in request.query_params.get("groups", "").split(",") if name]


@post(
    "/v1/grants",
    media_type=JSON,
    sync_to_thread=True,
    opt=documented(
        "Grant a role to a subject, at a path and below",
        demands=values.demands(
            "subject",
            "role",
            "path",
            subject={"type": "string", "pattern": _SUBJECT, "maxLength": MAX_SUBJECT},
            role={"enum": [*Role]},
            path={"type": "string", "pattern": values.SLUGS_OR_ROOT},
        ),
        problems=(409,),
        gives=("Location",),
        needs=somewhere(Action.ADMINISTER),
    ),
)
def add_grant(edge: Given, agent: Agent, data: JSONBody[wire.GrantIn]) -> Response[wire.Grant]:
    missing = [name for name in ("subject", "role", "path") if getattr(data, name) is None]
    if data.subject is None or data.role is None or data.path is None:
        raise BadRequest(
            f"A grant needs a subject, a role and a path; missing: {', '.join(missing)}.",
            code="missing-property",
            faults=[
                Fault(code="missing-property", message="The property is missing.", path=name)
                for name in missing
            ],
        )
    grant = grants.add(edge.ctx, agent, data.subject, data.role, data.path)
    return Response(_shape(grant), headers={"Location": f"{edge.uris.public}/v1/grants/{grant.id}"})


@delete(
    "/v1/grants/{grant_id:str}",
    sync_to_thread=True,
    opt=documented(
        "Take a grant back",
        problems=(404,),
        needs=somewhere(Action.ADMINISTER),
    ),
)
def remove_grant(edge: Given, agent: Agent, grant_id: FromPath[str]) -> None:
    grants.remove(edge.ctx, agent, grant_id)


@get(
    "/v1/grants/explain",
    media_type=JSON,
    sync_to_thread=True,
    opt=documented(
        "Whether someone may do something at a path, and why",
        problems=(404,),
        query={
            "agent": text(_AGENT, required=True, minLength=1),
            "groups": _GROUPS,
            "action": word("What to do", Action, required=True),
            "path": text(
                "A repository path; `/` is the root",
                required=True,
                minLength=1,
                pattern=values.SLUGS_OR_ROOT,
            ),
        },
        needs=somewhere(Action.AUDIT),
    ),
)
def explain_grants(edge: Given, request: EdgeRequest) -> wire.Explanation:
    query = request.query_params
    missing = [name for name in ("agent", "action", "path") if not query.get(name)]
    if missing:
        raise BadRequest(
            f"Say who, what and where; missing: {', '.join(missing)}.",
            code="bad-parameter",
            faults=[
                Fault(code="bad-parameter", message="The parameter is missing.", path=name)
                for name in missing
            ],
        )
    found = grants.explain(
        edge.ctx, query["agent"], _groups(request), query["action"], query["path"]
    )
    return wire.Explanation(
        agent=found.caller.name,
        subjects=sorted(found.caller.subjects),
        action=found.action.value,
        path=f"/{found.path}",
        allowed=found.decision.allowed,
        because=found.decision.because,
        considered=[
            wire.ConsideredGrant(grant=_shape(c.grant), applies=c.applies, because=c.because)
            for c in found.considered
        ],
    )


HANDLERS = (show_me, list_grants, add_grant, remove_grant, explain_grants)
