"""When the tree of a deposit's files is kept there, and when it is believed again."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from strongroom.domain.deposits import Template
from strongroom.domain.paths import LISTING_CACHE, RepositoryPath
from strongroom.services import containers, deposits, exports, file_view
from strongroom.services.context import Context
from support import inside


@pytest.fixture
def ctx(tmp_path: Path) -> Iterator[Context]:
    context = inside.open_data(tmp_path)
    containers.create(context, "a", RepositoryPath("books"), None)
    yield context
    context.db.close()


def look(ctx: Context, deposit: str, *, refresh: bool = False) -> Any:
    return json.loads(b"".join(file_view.filesystem(ctx, deposit, refresh=refresh)))


def kept(ctx: Context, deposit: str) -> Path:
    return Path(ctx.areas.area(deposit).uri.removeprefix("file://")) / LISTING_CACHE


def count_loads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The deposits that are read whole from now on."""
    read: list[str] = []
    working = file_view.working

    def counted(ctx: Context, deposit: Any) -> Any:
        read.append(deposit.id)
        return working(ctx, deposit)

    monkeypatch.setattr(file_view, "working", counted)
    return read


def test_a_deposit_is_read_once(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    made = inside.deposit_with(ctx, {"objects/a.txt": b"one"})
    assert not kept(ctx, made).exists(), "a deposit without template is empty"
    time.sleep(0.15)
    read = count_loads(monkeypatch)
    first = look(ctx, made)
    assert [look(ctx, made), look(ctx, made)] == [first, first]
    assert read == [made]
    look(ctx, made, refresh=True)
    assert read == [made, made]
    # who looks at both sides anew keeps the tree as well
    kept(ctx, made).unlink()
    file_view.combined(ctx, made, refresh=True)
    assert kept(ctx, made).exists()
    assert look(ctx, made)["files"]
    assert read == [made, made]
    # a digest that was proved meanwhile is something new, though no file has changed
    inside.put(ctx, made, "objects/b.txt", b"two")
    digests = {file["digest"] for file in look(ctx, made)["directories"][0]["files"]}
    assert None not in digests


def test_files_that_have_just_changed_are_looked_at_again(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = deposits.New(template=Template.ROOT_LEVEL)
    made = deposits.create(ctx, "a", new).deposit.id
    assert kept(ctx, made).exists()
    read = count_loads(monkeypatch)
    inside.put(ctx, made, "objects/a.txt", b"one")
    look(ctx, made)
    look(ctx, made)
    assert read == [made, made], "within the blur nothing is taken for settled"


def test_nothing_is_kept_while_an_export_is_at_work(ctx: Context) -> None:
    inside.preserve(ctx, {"objects/a.txt": b"one"})
    new = deposits.New(archival_group=inside.uri(ctx), template=Template.NONE)
    deposit = exports.start(ctx, "a", new).deposit.id
    assert look(ctx, deposit)["files"] == []
    assert not kept(ctx, deposit).exists()
    inside.work(ctx)
    assert look(ctx, deposit)["directories"][0]["files"][0]["localPath"] == "objects/a.txt"
    assert kept(ctx, deposit).exists()


def test_nothing_is_kept_while_a_job_waits(ctx: Context) -> None:
    made = inside.deposit_with(ctx, {"objects/a.txt": b"one"})
    inside.submit(ctx, made)
    assert look(ctx, made, refresh=True)["directories"]
    assert not kept(ctx, made).exists()


def test_what_is_shown_is_what_is_kept_or_what_is_there(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = inside.deposit_with(ctx, {"objects/\u00e9.txt": b"one"})
    time.sleep(0.15)
    at_once = b"".join(file_view.filesystem(ctx, made, refresh=True))
    again = b"".join(file_view.filesystem(ctx, made, refresh=False))
    assert at_once == again
    assert "\u00e9".encode() in again
    monkeypatch.setattr(file_view.listing_cache, "store", lambda *_: None)
    unkept = json.loads(b"".join(file_view.filesystem(ctx, made, refresh=True)))
    assert {**unkept, "modified": None} == {**json.loads(again), "modified": None}
