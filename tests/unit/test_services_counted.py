"""How often files are read and the database is asked, a second time or for more folders."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from strongroom.domain.paths import RepositoryPath
from strongroom.ocfl.root import OcflRoot
from strongroom.repository.store import Repository
from strongroom.services import browse, containers, deposits, proofs
from strongroom.services.context import Context
from support import inside


@pytest.fixture
def ctx(tmp_path: Path, request: pytest.FixtureRequest) -> Context:
    opened = inside.open_data(tmp_path / "data")
    request.addfinalizer(opened.db.close)
    containers.create(opened, "a", RepositoryPath("books"), None)
    return opened


def statements(act: Callable[[], object]) -> int:
    """How many statements an act sends to the database."""
    found: list[str] = []

    def seen(_c: object, _cursor: object, statement: str, *_: object) -> None:
        found.append(statement)

    event.listen(Engine, "before_cursor_execute", seen)
    try:
        act()
    finally:
        event.remove(Engine, "before_cursor_execute", seen)
    return len(found)


@pytest.mark.contract("17.34")
def test_a_group_is_read_from_the_index_alone_whatever_folders_it_has(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folders in (2, 40):
        held = {f"objects/{n}/page.txt": b"%d" % n for n in range(folders)}
        inside.preserve(ctx, held, group=f"books/{folders}")

    def untouched(*_: Any, **__: Any) -> None:
        raise AssertionError("storage was asked")

    for name in ("find", "past"):
        monkeypatch.setattr(Repository, name, untouched)
    for name in ("read", "exists"):
        monkeypatch.setattr(OcflRoot, name, untouched)
    for inner in ("", "/objects", "/objects/1", "/objects/1/page.txt"):
        few, many = (
            statements(lambda path=path: browse.resource(ctx, RepositoryPath(path)))
            for path in (f"books/2{inner}", f"books/40{inner}")
        )
        assert few == many <= 6, (inner, few, many)
    assert len(browse.group(ctx, RepositoryPath("books/40")).members) == 82


@pytest.mark.contract("17.32")
def test_mets_that_has_not_changed_is_read_once(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    deposit = inside.deposit_with(ctx, {"objects/a": b"a"})
    hashed: list[str] = []
    whole = proofs._hash

    def counted(area: Any, path: str) -> Any:
        hashed.append(path)
        return whole(area, path)

    monkeypatch.setattr(proofs, "_hash", counted)
    time.sleep(0.15)  # longer than two changes may look like one
    tags = {deposits.get(ctx, deposit).mets_etag for _ in range(4)}
    assert len(tags) == 1
    assert len(hashed) <= 1  # what is uploaded is hashed as it comes
    before = list(hashed)
    place = Path(ctx.areas.area(deposit).uri.removeprefix("file://")) / "mets.xml"
    place.write_bytes(place.read_bytes() + b"\n")
    time.sleep(0.15)
    tags |= {deposits.get(ctx, deposit).mets_etag for _ in range(4)}
    assert len(tags) == 2
    assert hashed == [*before, "mets.xml"]
