"""Large Archival Groups are told piece by piece, with the very bytes of small ones."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from strongroom.db import members as member_rows
from strongroom.db import nodes as node_rows
from strongroom.db.engine import Database, open_database
from strongroom.domain.grants import SYSTEM, Caller, CallerKind
from strongroom.domain.paths import MemberPath, RepositoryPath, ancestors
from strongroom.domain.resources import Group, Kind, Member, Node, Version
from strongroom.errors import NotFound
from strongroom.services import browse, large, listings
from strongroom.wire import render_large, render_resources
from strongroom.wire.render_resources import Place
from strongroom.wire.uris import storage_uris

PATH = RepositoryPath("books/big")
START = datetime(2026, 1, 1, tzinfo=UTC)
URIS = storage_uris("http://p", "http://p/s")
PLACE = Place(root_uri="file:///root/", storage_type="FileSystem")
#: names whose order is another one when they are written as ids
NAMES = ("a b", "a-b", "a", "a.b", "a#b", "ü", "é", "~", "Z", "a%b", "📚", "a(b", "0")


@dataclass
class Stored:
    """What storage keeps: members by version."""

    versions: dict[int, dict[MemberPath, Member]] = field(default_factory=dict)
    asked: int = 0

    def past(self, node: Node, number: int) -> Any:
        self.asked += 1
        return SimpleNamespace(members=self.versions[number], name="Past", mets=None)

    def object_path(self, path: str) -> str:
        return "abc/def/" + path


def binary(path: str, version: int = 1) -> Member:
    digest = hashlib.sha256(str(hash(path) % 500).encode()).hexdigest()
    return Member(
        path=MemberPath(path),
        kind=Kind.BINARY,
        content_type="text/plain",
        size=len(path),
        digest=digest,
        content_path=f"v{version}/content/{path}",
        created=1,
        modified=version,
    )


def with_folders(binaries: list[Member], *empty: str) -> dict[MemberPath, Member]:
    found = {m.path: m for m in binaries}
    for path in [*found, *empty]:
        for up in (*ancestors(path), *([path] if path in empty else [])):
            found[MemberPath(up)] = Member(
                path=MemberPath(up), kind=Kind.CONTAINER, name="ö", created=1, modified=1
            )
    return found


def wide() -> dict[MemberPath, Member]:
    """Very many files in one folder, few elsewhere."""
    chosen = random.Random(1)
    return with_folders(
        [binary(f"objects/{chosen.choice(NAMES)}{n:05d}.txt") for n in range(3_500)]
        + [binary(f"{name}/{name}/x") for name in NAMES]
        + [binary("mets.xml")],
        "empty/er",
    )


def plain() -> dict[MemberPath, Member]:
    """Names that need no escapes."""
    return with_folders([binary(f"objects/p{n:05d}.tif") for n in range(3_500)])


def bushy() -> dict[MemberPath, Member]:
    """Very many folders, some of them deep."""
    chosen = random.Random(2)
    paths = {
        "/".join(chosen.choice(NAMES) for _ in range(chosen.randint(1, 6))) + f"/f{n}.txt"
        for n in range(3_000)
    }
    return with_folders([binary(path) for path in paths] + [binary("/".join("d" * 150) + "/x")])


def node(number: int) -> Node:
    versions = tuple(
        Version(number=n, created=START + timedelta(days=n), agent=f"agent {n}")
        for n in range(1, number + 1)
    )
    return Node(
        path=PATH,
        kind=Kind.GROUP,
        name='A big one "storageMap":null',
        other_names=('"containers":[],"binaries":[]',),
        versions=versions,
        inventory_digest=f"{number:064x}",
    )


@pytest.fixture(autouse=True)
def soon_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large, "SMALL", 2_000)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(f"sqlite:///{tmp_path / 'index.db'}")
    yield opened
    opened.close()


def context(db: Database, members: dict[MemberPath, Member]) -> Any:
    record(db, node(1), members)
    return SimpleNamespace(db=db, caller=SYSTEM, repository=Stored({1: members}))


def record(db: Database, made: Node, members: dict[MemberPath, Member]) -> None:
    with db.write() as c:
        node_rows.put_node(c, made)
        member_rows.replace_members(c, PATH, members.values())


def whole(group: Group, place: Place | None = PLACE) -> bytes:
    return msgspec.json.encode(render_resources.group(group, URIS, place))


def pieces(ctx: Any, version: str | None = None, place: Place | None = PLACE) -> list[bytes]:
    found = large.group(ctx, PATH, version)
    assert found is not None
    assert found.group.members == {}
    return list(render_large.group(found.group, found.members, URIS, place))


@pytest.mark.contract("17.34")
@pytest.mark.parametrize("make", [wide, plain, bushy])
def test_the_bytes_are_those_of_a_small_group(db: Database, make: Any) -> None:
    ctx = context(db, make())
    expected = browse.group(ctx, PATH)
    told = pieces(ctx)
    assert b"".join(told) == whole(expected)
    # who may not know where it is stored gets the rest
    assert b"".join(pieces(ctx, place=None)) == whole(expected, None)
    assert len(told) > 5
    assert max(map(len, told)) < 400_000
    found = large.group(ctx, PATH)
    assert found is not None
    storage_map = b"".join(render_large.large_map(found.group, found.members, URIS, PLACE))
    assert storage_map == msgspec.json.encode(render_resources.storage_map(expected, URIS, PLACE))
    assert ctx.repository.asked == 0


def test_tombstones_are_left_out(db: Database) -> None:
    members = plain()
    gone = {p: replace(m, deleted=True) for p, m in members.items() if "7" in p}
    ctx = context(db, members | gone)
    assert b"".join(pieces(ctx)) == whole(browse.group(ctx, PATH))


@pytest.mark.parametrize("make", [wide, bushy])
def test_an_older_version_comes_from_storage(db: Database, make: Any) -> None:
    ctx = context(db, plain())
    ctx.repository.versions = {1: make(), 2: plain()}
    record(db, node(2), plain())
    expected = browse.group(ctx, PATH, "v1")
    assert b"".join(pieces(ctx, "v1")) == whole(expected)


@pytest.mark.parametrize("make", [wide, plain, bushy])
def test_a_version_that_is_made_meanwhile_changes_nothing(db: Database, make: Any) -> None:
    ctx = context(db, make())
    expected = whole(replace(browse.group(ctx, PATH), name=node(1).name))
    found = large.group(ctx, PATH)
    assert found is not None
    told = b""
    for number, piece in enumerate(render_large.group(found.group, found.members, URIS, PLACE)):
        if number == 2:
            record(db, node(2), with_folders([binary("other.txt", 2)]))
        told += piece
    assert told == expected
    assert ctx.repository.asked > 0 or make is bushy  # whose folders are all read by then


def test_what_may_not_be_seen_is_not_told(db: Database) -> None:
    ctx = context(db, plain())
    ctx.caller = Caller(name="ann", kind=CallerKind.KEY, scopes=())
    assert large.group(ctx, PATH) is None
    assert listings.in_group(ctx, RepositoryPath(f"{PATH}/objects")) is None


def test_what_lies_very_deep_is_told_too(db: Database) -> None:
    deep = "/".join("d" * 1900)
    ctx = context(db, with_folders([binary(f"{deep}/x")]))
    told = b"".join(pieces(ctx))
    assert told.count(b'"type":"Container"') == 1900
    assert told.endswith(b"}") and f'/{deep}/x"'.encode() in told


def test_what_is_small_or_no_group_is_read_whole(db: Database) -> None:
    ctx = context(db, with_folders([binary(f"{n}.txt") for n in range(large.SMALL)]))
    assert large.group(ctx, PATH) is None
    assert large.group(ctx, RepositoryPath("")) is None
    assert large.group(ctx, RepositoryPath("books")) is None
    record(db, node(1), with_folders([binary(f"{n}.txt") for n in range(large.SMALL + 1)]))
    assert large.group(ctx, PATH) is not None
    with pytest.raises(NotFound):
        large.group(ctx, PATH, "v9")
