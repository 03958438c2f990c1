"""What every handler is given: the services' context, the URIs of its surface, and the agent.

One :class:`Edge` for each surface is made when the application is; it never changes.
"""

from __future__ import annotations

from dataclasses import dataclass

from litestar.di import NamedDependency, Provide
from litestar.params import SkipValidation

from strongroom.api import guards, routing
from strongroom.api.body import EdgeRequest
from strongroom.domain.paths import RepositoryPath, decode
from strongroom.services.context import Context
from strongroom.wire.render_resources import Place
from strongroom.wire.uris import Uris


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    ctx: Context
    #: as the surface of the handler writes them
    uris: Uris

    @property
    def place(self) -> Place:
        return Place(root_uri=self.ctx.root_uri, storage_type=self.ctx.storage_type)


def _agent(request: EdgeRequest) -> str:
    """Who acts; header values are bytes, and clients that go beyond ASCII mean UTF-8."""
    sent = request.headers.get("x-client-identity")
    if sent is not None:
        raw = sent.encode("latin-1")
        try:
            sent = raw.decode("utf-8")
        except UnicodeDecodeError:
            sent = raw.decode("latin-1")
    return guards.agent_name(sent)


def dependencies(edge: Edge) -> dict[str, Provide]:
    """What the handlers of one surface may ask for by name."""
    return {
        "edge": Provide(lambda: edge, sync_to_thread=False),
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
