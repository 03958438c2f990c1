"""The repository over HTTP, on both surfaces: browse, Containers, storage maps, group paths.

Contract sections 2.4, 2.5, 3.1, 8 and 12. The surfaces differ in ids and in how strict ``view`` is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar import HttpMethod, Response, delete, get, put, route
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.response.base import ASGIResponse

from strongroom.api import paging, states, streamed, values
from strongroom.api.body import EdgeRequest
from strongroom.api.contents import ContentResponse, respond
from strongroom.api.edge import Agent, Edge, Given, repository_path
from strongroom.api.inputs import MAX_NAME, container_name
from strongroom.api.operation import JSON, documented, on_path, on_shown, somewhere
from strongroom.api.states import State
from strongroom.domain.grants import Action
from strongroom.domain.paths import MAX_PATH, ROOT, RepositoryPath
from strongroom.domain.resources import Group, Kind
from strongroom.errors import BadRequest, Fault
from strongroom.services import browse, containers, large, listings
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
            edge.place_of(view.group.path),
        )
    if lightweight:
        return render_resources.lightweight_group(view, edge.uris)
    return render_resources.group(view, edge.uris, edge.place_of(view.node.path))


def _kind(view: ResourceView) -> str:
    if isinstance(view, ContainerView):
        return "RepositoryRoot" if view.node is None else view.node.kind.value
    return "ArchivalGroup" if isinstance(view, Group) else view.member.kind.value


def _show(
    edge: Edge, path: RepositoryPath, request: EdgeRequest, version: str | None, *, light: bool
) -> Response[Any]:
    asked = paging.asked(request.query_params)
    view = LIGHTWEIGHT if light else f"page {asked}" if asked else ""
    state = states.state(edge, path, version, request.headers, view=view)
    version = state.version
    if state.unchanged:
        return _bare(304, state.headers)
    if request.method == "HEAD":
        # only a version makes it necessary to look further than the kind
        found = None if version is None else browse.resource(edge.ctx, path, version)
        kind = browse.kind(edge.ctx, path).value if found is None else _kind(found)
        return _bare(200, {**state.headers, KIND_HEADER: kind})
    if not light and (answer := _in_pieces(edge, path, version, state, asked)) is not None:
        return answer
    found = browse.resource(edge.ctx, path, version)
    shape = shape_of(found, edge, lightweight=light)
    return Response(shape, headers={**state.headers, KIND_HEADER: _kind(found)})


def _in_pieces(
    edge: Edge,
    path: RepositoryPath,
    version: str | None,
    state: State,
    asked: paging.Asked | None,
) -> Response[Any] | None:
    """The answer about a Container outside groups, or about what has very many members."""
    if (big := large.group(edge.ctx, path, version)) is not None:
        pieces = render_large.group(big.group, big.members, edge.uris, edge.place_of(path))
        return streamed.respond(pieces, {**state.headers, KIND_HEADER: Kind.GROUP.value})
    if version is not None:
        return None
    if (inner := listings.in_group(edge.ctx, path)) is not None:
        pieces = render_large.member(
            inner.member,
            inner.members,
            inner.group,
            inner.object_path,
            edge.uris,
            edge.place_of(inner.group.path),
        )
        return streamed.respond(pieces, {**state.headers, KIND_HEADER: Kind.CONTAINER.value})
    start, size = (asked.start, asked.size) if asked else (0, None)
    if (page := listings.page(edge.ctx, path, start=start, size=size)) is None:
        return None
    kind = Kind.ROOT if page.node is None else Kind.CONTAINER
    headers = {**state.headers, KIND_HEADER: kind.value}
    if asked:
        headers["Link"] = paging.links(edge.uris.repository(path), asked, page.total)
    return streamed.respond(render_large.container(page.node, page.children, edge.uris), headers)


def _bare(status: int, headers: Mapping[str, str]) -> ContentResponse:
    """Headers alone: an answer must not tell the length of anything but what GET would send."""
    return ContentResponse(
        ASGIResponse(status_code=status, headers=dict(headers), is_head_response=True)
    )


_CONDITIONS = ("If-None-Match", "Accept-Datetime")
_GIVEN = ("ETag", "Link", "Memento-Datetime", KIND_HEADER)

_READ = documented(
    "Show a Container, an Archival Group or something inside one",
    answer=Resource,
    also=(304,),
    needs=somewhere(),
    problems=(404, 410),
    headers=_CONDITIONS,
    gives=_GIVEN,
    query={
        "view": values.word("Without what lies in it", (LIGHTWEIGHT,)),
        **paging.PARAMETERS,
    },
)

_READ_OR_METS = documented(
    "Show a Container, an Archival Group or something inside one; or the METS of a group",
    answer=Resource,
    media_type="application/xml",
    needs=somewhere(),
    also=(206, 304),
    problems=(404, 410, 416),
    headers=(*_CONDITIONS, "Range", "If-Range"),
    gives=_GIVEN,
    query=paging.PARAMETERS,
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
        state = states.state(edge, where, version, request.headers)
        mets = browse.mets(edge.ctx, where, state.version)
        if mets is not None:
            told = states.of_view(state, view)
            return respond(mets, request.method, request.headers, extra=told)
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


#: where a Container can be
_PLACE = values.text("The path of the Container", pattern=values.SLUGS, maxLength=MAX_PATH)


@put(
    "/repository/{path:str}",
    status_code=201,
    media_type=JSON,
    sync_to_thread=True,
    opt=documented(
        "Make a Container",
        demands=values.demands(name=values.line(MAX_NAME)),
        problems=(409,),
        path=_PLACE,
        gives=("Location",),
        needs=on_path(Action.ARRANGE),
    ),
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
        path=_PLACE,
        needs=on_path(Action.ARRANGE),
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
        "Where the bytes of an Archival Group lie",
        answer=StorageMap,
        also=(304,),
        problems=(404, 410),
        headers=("If-None-Match",),
        gives=("ETag",),
        needs=on_shown(Action.LOCATE),
    ),
)
def show_storage_map(
    edge: Given,
    path: FromPath[str],
    request: EdgeRequest,
    version: FromQuery[str | None] = None,
) -> Response[Any]:
    where = repository_path(path)
    if where == ROOT:
        raise BadRequest("Name an Archival Group after /ocfl/storagemap/.", code="missing-path")
    conditions = {"if-none-match": request.headers.get("if-none-match", "")}
    state = states.state(edge, where, version, conditions, view="storage map")
    headers = {"ETag": state.tag} if state.tag else {}
    if state.unchanged:
        return _bare(304, headers)
    if (big := large.group(edge.ctx, where, version)) is not None:
        pieces = render_large.large_map(big.group, big.members, edge.uris, edge.place)
        return streamed.respond(pieces, headers)
    group = browse.group(edge.ctx, where, version)
    return Response(render_resources.storage_map(group, edge.uris, edge.place), headers=headers)


@get(
    "/v1/timemap/{path:str}",
    sync_to_thread=True,
    media_type=states.LINK_FORMAT,
    opt=documented(
        "The states of an Archival Group or a Binary (RFC 7089)",
        media_type=states.LINK_FORMAT,
        problems=(404,),
        needs=on_shown(),
    ),
)
def show_timemap(edge: Given, path: FromPath[str]) -> str:
    return states.timemap(edge, repository_path(path))


#: asked of either API, at a place of its own
_GROUP_CHECK = documented(
    "Whether an Archival Group is at a path or can be made there",
    problems=(409, 410),
    path=_PLACE,
    needs=on_shown(),
)


@get(
    "/validation/archivalgroup/{path:str}",
    media_type=JSON,
    sync_to_thread=True,
    opt=_GROUP_CHECK,
)
def check_group(edge: Given, path: FromPath[str]) -> ArchivalGroup:
    return _checked(edge, path)


@get(
    "/import/test-path/{path:str}",
    media_type=JSON,
    sync_to_thread=True,
    opt=_GROUP_CHECK,
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


PRESERVATION = (
    show_resource,
    make_container,
    delete_container,
    show_storage_map,
    show_timemap,
    check_group,
)
STORAGE = (
    show_stored_resource,
    make_container,
    delete_container,
    show_storage_map,
    show_timemap,
    test_path,
)
