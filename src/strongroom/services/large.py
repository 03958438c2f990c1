"""Archival Groups with very many members, told piece by piece in bounded memory.

What is small is read whole by :mod:`strongroom.services.browse`. Here Binaries are read a page at a
time, each page in a transaction of its own, so that a slow client holds none open. If another
version is made meanwhile, reading goes on in storage, which keeps them all.
"""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter

from strongroom.db import members as member_rows
from strongroom.db import nodes as node_rows
from strongroom.domain.paths import ROOT, MemberPath, RepositoryPath, encode, parent
from strongroom.domain.resources import Group, Kind, Member, Node
from strongroom.services import authority, browse
from strongroom.services.context import Context

#: members up to which a group is read whole, and how deep they may lie: an encoder of nested values
#: has its limits
SMALL, SHALLOW = 5_000, 60
#: Binaries in a page, and pages of each depth that are held
_PAGE, _HELD = 1_000, 3

_PATH = attrgetter("path")


@dataclass(frozen=True, slots=True, kw_only=True)
class LargeGroup:
    """An Archival Group at one version; its members are asked for."""

    #: without members
    group: Group
    members: Members


@dataclass(frozen=True, slots=True)
class _Page:
    """Binaries of one depth that follow one another, none left out from ``after`` on."""

    after: str
    binaries: list[Member]
    #: no more come behind them
    ends: bool

    def covers(self, after: str) -> bool:
        return self.after <= after and (self.ends or after < self.binaries[-1].path)


class Members:
    """The living members of a group at one version, by folders or all of them by path."""

    def __init__(self, ctx: Context, node: Node, number: int) -> None:
        self._ctx, self._node, self._number = ctx, node, number
        self._pages: dict[int, deque[_Page]] = defaultdict(lambda: deque(maxlen=_HELD))
        #: by depth, once the index tells of another version
        self._stored: Mapping[int, list[Member]] | None = None
        if number != node.head.number:
            self._read_storage()
        self._folders: dict[str, list[Member]] = defaultdict(list)
        self._depths: list[int] = []
        self._look()

    def folders(self, above: str) -> list[Member]:
        """The Containers directly in a Container (``""``: the group), by id."""
        return self._folders.get(above, [])

    def binaries(self, above: str) -> Iterator[Member]:
        """The Binaries directly in a Container, by id."""
        found, last = [], ""
        for binary in self._in(above):
            found.append(binary)
            if len(found) > _PAGE:
                break
        else:
            yield from sorted(found, key=_id)
            return
        found = []
        for binary in self._in(above):
            key = _id(binary)
            if key < last:
                break
            last = key
        else:
            # in the order of ids as they are: nothing has to be held
            yield from self._in(above)
            return
        paths = sorted((binary.path for binary in self._in(above)), key=encode)
        depth = _depth_in(above)
        for start in range(0, len(paths), _PAGE):
            some = paths[start : start + _PAGE]
            chosen = self._chosen(depth, some)
            yield from (chosen[path] for path in some)

    def all_binaries(self) -> Iterator[Member]:
        """Every Binary, by path."""
        runs = (self._run(depth, "", None) for depth in self._depths)
        return heapq.merge(*runs, key=_PATH)

    # -------------------------------------------------------------------------- from the index

    def _look(self) -> None:
        containers: list[Member]
        if self._stored is None:
            with self._ctx.db.read() as c:
                if self._unchanged(node_rows.node(c, self._node.path)):
                    containers = member_rows.containers(c, self._node.path)
                    self._depths = member_rows.depths(c, self._node.path)
                else:
                    self._read_storage()
        if self._stored is not None:
            containers = [m for m in self._past().values() if m.kind is Kind.CONTAINER]
            self._depths = sorted(self._stored)
        for container in sorted(containers, key=_id):
            self._folders[parent(container.path)].append(container)

    def _unchanged(self, now: Node | None) -> bool:
        return now is not None and now.inventory_digest == self._node.inventory_digest

    def _in(self, above: str) -> Iterator[Member]:
        """The Binaries directly in a Container, by path."""
        if above == "":
            return self._run(0, "", None)
        # '0' is the character after '/'
        return self._run(_depth_in(above), f"{above}/", f"{above}0")

    def _run(self, depth: int, after: str, before: str | None) -> Iterator[Member]:
        while True:
            page = self._page(depth, after)
            for binary in page.binaries[bisect_right(page.binaries, after, key=_PATH) :]:
                if before is not None and binary.path >= before:
                    return
                yield binary
            if page.ends:
                return
            after = page.binaries[-1].path

    def _page(self, depth: int, after: str) -> _Page:
        held = self._pages[depth]
        for page in held:
            if page.covers(after):
                return page
        page = self._read(depth, after)
        held.appendleft(page)
        return page

    def _read(self, depth: int, after: str) -> _Page:
        if self._stored is None:
            with self._ctx.db.read() as c:
                found = member_rows.binaries_after(
                    c, self._node.path, self._node.inventory_digest, depth, after, _PAGE
                )
            if found is not None:
                return _Page(after, found, len(found) < _PAGE)
            self._read_storage()
        run = (self._stored or {}).get(depth, [])
        start = bisect_right(run, after, key=_PATH)
        some = run[start : start + _PAGE]
        return _Page(after, some, start + _PAGE >= len(run))

    def _chosen(self, depth: int, paths: list[MemberPath]) -> dict[MemberPath, Member]:
        if self._stored is None:
            with self._ctx.db.read() as c:
                found = member_rows.binaries_at(
                    c, self._node.path, self._node.inventory_digest, depth, paths
                )
            if found is not None:
                return {member.path: member for member in found}
            self._read_storage()
        past = self._past()
        return {path: past[path] for path in paths}

    # -------------------------------------------------------------------------- from storage

    def _past(self) -> Mapping[MemberPath, Member]:
        return self._ctx.repository.past(self._node, self._number).members

    def _read_storage(self) -> None:
        runs: dict[int, list[Member]] = defaultdict(list)
        for path, member in sorted(self._past().items()):
            if member.kind is Kind.BINARY:
                runs[path.count("/")].append(member)
        self._stored = runs


def group(ctx: Context, path: RepositoryPath, version: str | None = None) -> LargeGroup | None:
    """The Archival Group at a path, if it is one with very many members, or deep ones; else None.

    None, too, for one that the caller may not see. Errors as those of
    :func:`strongroom.services.browse.group` for its version.
    """
    if path == ROOT:
        return None
    with ctx.db.read() as c:
        node = node_rows.node(c, path)
        if node is None or node.kind is not Kind.GROUP or not authority.sees(ctx, c, path):
            return None
        if not member_rows.is_beyond(c, path, SMALL, SHALLOW):
            return None
    wanted = browse.pick_version(node, version)
    name, mets = browse.name_and_mets(ctx, node, wanted)
    return LargeGroup(
        group=Group(
            node=node,
            version=wanted,
            object_path=ctx.repository.object_path(path),
            name=name,
            mets=mets,
        ),
        members=Members(ctx, node, wanted.number),
    )


def _id(member: Member) -> str:
    return encode(member.path)


def _depth_in(above: str) -> int:
    return above.count("/") + 1 if above else 0
