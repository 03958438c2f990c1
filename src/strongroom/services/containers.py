"""Makes and deletes Containers outside Archival Groups."""

from __future__ import annotations

from strongroom.db import jobs as job_rows
from strongroom.db import nodes as node_rows
from strongroom.domain.grants import Action
from strongroom.domain.paths import ROOT, RepositoryPath, check_slugs, slug
from strongroom.domain.resources import Kind, Node
from strongroom.errors import BadRequest, Conflict
from strongroom.services import authority, claims, nodes, reindex
from strongroom.services.context import Context


def create(ctx: Context, agent: str, path: RepositoryPath, name: str | None) -> Node:
    """A new Container; its parents must exist.

    BadRequest for an illegal path; Conflict if anything, even a tombstone, is there, or an ancestor
    is missing or an Archival Group. Of two racing calls exactly one wins.
    """
    if path == ROOT:
        raise BadRequest("The root of the repository cannot be made.", code="bad-path")
    check_slugs(path)
    title = name.strip() if name and name.strip() and name.strip() != slug(path) else None
    owner = f"{ctx.process}:{ctx.mint()}"
    with ctx.db.write() as c:
        _check_free(path, node_rows.node(c, path))
        nodes.check_parent(c, path)
        _check_no_import(job_rows.unfinished_import(c, path), path)
        claims.claim(c, ctx, path, claims.CREATE, owner)
    with claims.held(ctx, path, owner):
        ctx.repository.create_container(
            path, name=title, created=ctx.clock(), author=ctx.author(agent), attempt=ctx.mint()
        )
        made = reindex.follow_storage(ctx, path)
    if made is None:
        raise Conflict(f"/repository/{path} was removed as it was made.", code="busy-path")
    return made


def _check_free(path: RepositoryPath, there: Node | None) -> None:
    if there is None:
        return
    what = f"a tombstone of a {there.kind}" if there.deleted else f"a {there.kind}"
    raise Conflict(
        f"There is {what} at /repository/{path} already.",
        code="already-there",
    )


def _check_no_import(job: str | None, path: RepositoryPath) -> None:
    if job is not None:
        raise Conflict(
            f"Import job {job} is about to make an Archival Group at /repository/{path}.",
            code="active-import",
        )


def delete(ctx: Context, agent: str, path: RepositoryPath, *, purge: bool) -> None:
    """Delete an empty Container, leaving a tombstone, or (``purge``) nothing at all.

    NotFound if nothing is there, Gone for a tombstone (which ``purge`` removes), BadRequest for
    everything that is no empty Container.
    """
    if path == ROOT:
        raise BadRequest("The root of the repository cannot be deleted.", code="not-deletable")
    if purge:
        authority.authorise(ctx, Action.PURGE, path)
    owner = f"{ctx.process}:{ctx.mint()}"
    with ctx.db.write() as c:
        node = node_rows.node(c, path)
        if node is None:
            above = node_rows.group_at_or_above(c, path)
            if above is None:
                raise nodes.not_there(path)
            raise BadRequest(
                f"/repository/{path} lies inside the Archival Group /repository/{above.path}; "
                "change groups with import jobs.",
                code="not-deletable",
            )
        if node.kind is not Kind.CONTAINER:
            raise BadRequest(
                f"/repository/{path} is an {node.kind}; only empty Containers can be deleted.",
                code="not-deletable",
            )
        if node.deleted and not purge:
            raise nodes.tombstone(path)
        if node_rows.has_children(c, path):
            raise BadRequest(
                f"/repository/{path} is not empty; only empty Containers can be deleted.",
                code="container-not-empty",
            )
        coming = job_rows.unfinished_import_below(c, path)
        if coming is not None:
            _check_no_import(coming.id, coming.group)
        claims.claim(c, ctx, path, claims.DELETE, owner)
    with claims.held(ctx, path, owner):
        if purge:
            ctx.repository.purge_container(path)
        else:
            ctx.repository.bury_container(
                path, created=ctx.clock(), author=ctx.author(agent), attempt=ctx.mint()
            )
        reindex.follow_storage(ctx, path)
