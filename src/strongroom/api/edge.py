"""What every handler is given: the services' context, the URIs of its surface, and the agent.

One :class:`Edge` for each surface is made when the application is; it never changes.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from litestar.di import NamedDependency, Provide
from litestar.params import SkipValidation

from strongroom.api import credentials, guards, routing
from strongroom.api.attempts import Attempts
from strongroom.api.body import EdgeRequest
from strongroom.domain.grants import Action, Caller, CallerKind
from strongroom.domain.paths import RepositoryPath, decode
from strongroom.services import authority
from strongroom.services.authentication import Authentication
from strongroom.services.context import Context
from strongroom.wire.render_resources import Place
from strongroom.wire.uris import Uris

#: the key of a request's state under which its caller stands
CALLER = "caller"
#: who asks for what is public: nothing else is allowed
NOBODY = Caller(name="nobody", kind=CallerKind.CLIENT, scopes=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    ctx: Context
    #: as the surface of the handler writes them
    uris: Uris
    #: how callers prove who they are; then the context acts for one of them
    how: Authentication | None = None
    attempts: Attempts = field(default_factory=Attempts)

    @property
    def guarded(self) -> bool:
        """Whether callers have to prove who they are."""
        return self.how is not None

    @property
    def place(self) -> Place:
        return Place(root_uri=self.ctx.root_uri, storage_type=self.ctx.storage_type)

    def place_of(self, group: RepositoryPath) -> Place | None:
        """Where a group is stored; None if the caller may not know."""
        if self.guarded and not authority.may(self.ctx, Action.LOCATE, group):
            return None
        return self.place


def _agent(request: EdgeRequest) -> str:
    """Who acts: the caller, or whom the request names while authentication is off."""
    caller: Caller | None = request.state.get(CALLER)
    if caller is not None:
        return caller.name
    return guards.agent_name(credentials.agent_header(request.scope["headers"]))


def dependencies(edge: Edge) -> dict[str, Provide]:
    """What the handlers of one surface may ask for by name."""

    def mine(request: EdgeRequest) -> Edge:
        caller: Caller = request.state.get(CALLER, NOBODY)
        return replace(edge, ctx=replace(edge.ctx, caller=caller))

    def shared() -> Edge:
        return edge

    return {
        "edge": Provide(mine if edge.guarded else shared, sync_to_thread=False),
        "agent": Provide(_agent, sync_to_thread=False),
    }


#: annotations of handler parameters that Litestar fills from the dependencies
Given = NamedDependency[SkipValidation[Edge]]
Agent = NamedDependency[str]


def repository_path(segment: str) -> RepositoryPath:
    """The repository path that a route's tail names, decoded once; one trailing slash is ignored.

    Raises BadRequest.
    """
    return RepositoryPath(decode(routing.tail(segment).removesuffix("/")))
