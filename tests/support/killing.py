"""What the tests of crashes share: steps watched, processes paused and woken, objects compared.

Unlike most of this package it imports the product. Which step a process is stopped at, and what
must be true afterwards, is decided by the tests.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from strongroom.errors import NotFound
from strongroom.ocfl.draft import Draft
from strongroom.ocfl.root import OcflRoot
from strongroom.ocfl.stored import StoredObject
from strongroom.storage import durable
from support import ocfl_check

WHEN = datetime(2026, 2, 3, 4, 5, 6, 789000, tzinfo=UTC)

#: logical path -> bytes
Files = dict[str, bytes]
#: number of a version -> its files; empty if there is no object
State = dict[int, Files]


def before_each_step(act: Callable[[str, tuple[Any, ...]], None]) -> None:
    """From now on call ``act`` with name and arguments of each step before it is done.

    For child processes: it is never taken back.
    """

    def watched(name: str, original: Callable[..., object]) -> Callable[..., object]:
        def step(*args: object, **named: object) -> object:
            act(name, args)
            return original(*args, **named)

        return step

    for name in durable.STEPS:
        setattr(durable, name, watched(name, getattr(durable, name)))


def finish(draft: Draft, message: str = "a version") -> StoredObject:
    """Prepare and commit."""
    draft.prepare(
        created=WHEN, user_name="Ann", user_address="mailto:ann@example.org", message=message
    )
    return draft.commit()


def state(root: OcflRoot, object_id: str) -> State:
    """Every file of every version of an object, proved by its digest."""
    try:
        stored = root.read(object_id)
    except NotFound:
        return {}
    return {
        number: {path: stored.read_bytes(path, number) for path in stored.inventory.logical(number)}
        for number in stored.inventory.versions
    }


def assert_sound(root: OcflRoot, object_id: str) -> None:
    """The object is valid, if there is one."""
    if root.exists(object_id):
        ocfl_check.assert_valid(root.folder / root.object_path(object_id))


def left_over(root: Path) -> list[str]:
    """What lies in staging that belongs to nobody, and empty folders in the hierarchy."""
    staging = root / "extensions" / "strongroom-staging"
    found = [
        f"{name}/{path.name}"
        for name in ("work", "trash", "aside")
        for path in sorted((staging / name).iterdir())
    ]
    for path in root.rglob("*"):
        relative = path.relative_to(root)
        if path.is_dir() and "extensions" not in relative.parts and not any(path.iterdir()):
            found.append(f"the empty folder {relative}")
    return found
