"""The repository over HTTP, on both surfaces: browse, Containers, storage maps, group paths.

Contract sections 2.4, 2.5, 3.1, 8 and 12. The surfaces differ in ids and in how strict ``view`` is.
"""

from __future__ import annotations

from typing import Any

from litestar import HttpMethod, Response, delete, get, put, route
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.response.base import ASGIResponse

from strongroom.api import streamed
from strongroom.api.body import EdgeRequest
from strongroom.api.contents import ContentResponse, respond
from strongroom.api.edge import Agent, Edge, Given, repository_path
from strongroom.api.inputs import container_name
from strongroom.api.operation import JSON, documented
from strongroom.domain.paths import ROOT, RepositoryPath
from strongroom.domain.resources import Group, Kind
from strongroom.errors import BadRequest, Fault
from strongroom.services import browse, containers, large
from strongroom.services.views import ContainerView, MemberView, ResourceView
from strongroom.wire import render_large, render_resources
from strongroom.wire.resources import ArchivalGroup, Binary, Container, ContainerIn, StorageMap

KIND_HEADER = "X-Preservation-Resource-Type"
LIGHTWEIGHT = "lightweight"

Resource = ArchivalGroup | Container | Binary


def shape_of(view: ResourceView, edge: Edge, *, lightweight: bool = False) -> Resource:
    """Whatever was found, as this surface shows it."""
    if isinstance(view, ContainerView):
        children = () if lightweight else view.children
        if view.node is None:
            return render_resources.root(children, edge.uris)
        return render_resources.container(view.node, children, edge.uris)
    if isinstance(view, MemberView):
        return render_resources.member(
            view.member,
            view.group,
            view.object_path,
            () if lightweight else view.children,
            edge.uris,
            edge.place,
        )
    if lightweight:
        return render_resources.lightweight_group(view, edge.uris)
    return render_resources.group(view, edge.uris, edge.place)


def _kind(view: ResourceView) -> str:
    if isinstance(view, ContainerView):
        return "RepositoryRoot" if view.node is None else view.node.kind.value
    return "ArchivalGroup" if isinstance(view, Group) else view.member.kind.value


def _show(
    edge: Edge, path: RepositoryPath, request: EdgeRequest, version: str | None, *, light: bool
) -> Response[Any]:
    if request.method == "HEAD":
        # only a version makes it necessary to look further than the kind
        found = None if version is None else browse.resource(edge.ctx, path, version)
        kind = browse.kind(edge.ctx, path).value if found is None else _kind(found)
        # a HEAD must not tell the length of anything but GET's answer, which was not made
        return ContentResponse(ASGIResponse(headers={KIND_HEADER: kind}, is_head_response=True))
    if not light and (big := large.group(edge.ctx, path, version)) is not None:
        pieces = render_large.group(big.group, big.members, edge.uris, edge.place)
        answer = streamed.respond(pieces)
        answer.headers[KIND_HEADER] = Kind.GROUP.value
        return answer
    found = browse.resource(edge.ctx, path, version)
    shape = shape_of(found, edge, lightweight=light)
    return Response(shape, headers={KIND_HEADER: _kind(found)})


_READ = documented(
    "Show a Container, an Archival Group or something inside one",
    answer=Resource,
    problems=(404, 410),
)

_READ_OR_METS = documented(
    "Show a Container, an Archival Group or something inside one; or the METS of a group",
    answer=Resource,
    also=(206, 304),
    problems=(404, 410, 416),
)


@route(
    "/repository/{path:str}",
    http_method=[HttpMethod.GET, HttpMethod.HEAD],
    media_type=JSON,
    sync_to_thread=True,
    opt=_READ_OR_METS,
)
def show_resource(
    edge: Given,
    path: FromPath[str],
    request: EdgeRequest,
    version: FromQuery[str | None] = None,
    view: FromQuery[str | None] = None,
) -> Response[Any]:
    """On the Preservation surface: ``view=mets`` is the METS of a group, unknown views are none."""
    where, view = repository_path(path), (view or "").lower()
    if view == "mets":
        mets = browse.mets(edge.ctx, where, version)
        if mets is not None:
            return respond(mets, request.method, request.headers)
    return _show(edge, where, request, version, light=view == LIGHTWEIGHT)


@route(
    "/repository/{path:str}",
    http_method=[HttpMethod.GET, HttpMethod.HEAD],
    media_type=JSON,
    sync_to_thread=True,
    opt=_READ,
)
def show_stored_resource(
    edge: Given,
    path: FromPath[str],
    request: EdgeRequest,
    version: FromQuery[str | None] = None,
    view: FromQuery[str | None] = None,
) -> Response[Any]:
    """On the Storage surface: there is one view, and another is 400."""
    if view is not None and view.lower() != LIGHTWEIGHT:
        raise BadRequest(
            f"Unsupported view: '{view[:40]}'.",
            code="unsupported-view",
            faults=[
                Fault(
                    code="unsupported-view",
                    message="The view is not known.",
                    path="view",
                    expected=LIGHTWEIGHT,
                    found=view[:40],
                )
            ],
        )
    return _show(edge, repository_path(path), request, version, light=view is not None)


@put(
    "/repository/{path:str}",
    status_code=201,
    media_type=JSON,
    sync_to_thread=True,
    opt=documented("Make a Container", problems=(409, 415)),
)
def make_container(
    edge: Given, agent: Agent, path: FromPath[str], data: JSONBody[ContainerIn | None] = None
) -> Response[Container]:
    name = None if data is None else container_name(data.name)
    node = containers.create(edge.ctx, agent, repository_path(path), name)
    shape = render_resources.container(node, (), edge.uris)
    return Response(shape, headers={"Location": edge.uris.repository(node.path)})


@delete(
    "/repository/{path:str}",
    sync_to_thread=True,
    opt=documented(
        "Delete an empty Container, leaving a tombstone; with purge nothing stays",
        problems=(404, 409, 410),
    ),
)
def delete_container(
    edge: Given, agent: Agent, path: FromPath[str], purge: FromQuery[bool] = False
) -> None:
    containers.delete(edge.ctx, agent, repository_path(path), purge=purge)


@get(
    "/ocfl/storagemap/{path:str}",
    media_type=JSON,
    sync_to_thread=True,
    opt=documented(
        "Where the bytes of an Archival Group lie", answer=StorageMap, problems=(404, 410)
    ),
)
def show_storage_map(
    edge: Given, path: FromPath[str], version: FromQuery[str | None] = None
) -> Response[Any]:
    where = repository_path(path)
    if where == ROOT:
        raise BadRequest("Name an Archival Group after /ocfl/storagemap/.", code="missing-path")
    if (big := large.group(edge.ctx, where, version)) is not None:
        pieces = render_large.large_map(big.group, big.members, edge.uris, edge.place)
        return streamed.respond(pieces)
    group = browse.group(edge.ctx, where, version)
    return Response(render_resources.storage_map(group, edge.uris, edge.place))


_CHECK = documented(
    "Whether an Archival Group is at a path or can be made there", problems=(409, 410)
)


@get(
    "/validation/archivalgroup/{path:str}",
    media_type=JSON,
    sync_to_thread=True,
    opt=documented(
        "Whether an Archival Group is at a path or can be made there", problems=(409, 410)
    ),
)
def check_group(edge: Given, path: FromPath[str]) -> ArchivalGroup:
    return _checked(edge, path)


@get(
    "/import/test-path/{path:str}",
    media_type=JSON,
    sync_to_thread=True,
    opt=documented(
        "Whether an Archival Group is at a path or can be made there", problems=(409, 410)
    ),
)
def test_path(edge: Given, path: FromPath[str]) -> ArchivalGroup:
    return _checked(edge, path)


def _checked(edge: Edge, path: str) -> ArchivalGroup:
    """An empty group where the path is good; the services raise where it is not."""
    where = repository_path(path)
    if where == ROOT:
        raise BadRequest("Name the path of an Archival Group.", code="missing-path")
    browse.check_group_path(edge.ctx, where)
    return ArchivalGroup()


PRESERVATION = (show_resource, make_container, delete_container, show_storage_map, check_group)
STORAGE = (show_stored_resource, make_container, delete_container, show_storage_map, test_path)
