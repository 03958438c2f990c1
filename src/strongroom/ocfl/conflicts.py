"""What a writer is told when an object is not as it was, whatever storage it lies in."""

from __future__ import annotations

from strongroom.errors import Conflict


def changed(object_id: str, why: str) -> Conflict:
    return Conflict(
        f"'{object_id}' was changed by someone else: {why}. Look at it again and repeat the "
        "change against what it is now.",
        code="version-conflict",
    )


def already_there(object_id: str, found: str) -> Conflict:
    """A new object meets the object ``found`` in its place."""
    if found == object_id:
        return changed(object_id, "it exists already")
    return Conflict(
        f"'{object_id}' cannot be stored: in this root's layout it has the same place as "
        f"'{found}'. Choose another id.",
        code="place-taken",
    )


def uncommitted_elsewhere(object_id: str) -> Conflict:
    """It has a mutable head, extension 0005."""
    return Conflict(
        f"'{object_id}' has changes that another program has not committed (extension "
        "0005-mutable-head). Commit or discard them there first.",
        code="mutable-head",
    )
