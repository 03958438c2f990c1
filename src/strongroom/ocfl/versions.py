"""The inventory that an object gets with its next version; pure, the same for all stores."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from strongroom.errors import Fault, Unprocessable
from strongroom.ocfl import paths
from strongroom.ocfl.inventory import Inventory, VersionEntry, spell


def following(
    object_id: str,
    base: Inventory | None,
    *,
    spec: str,
    state: Mapping[str, str],
    stored: Mapping[str, str],
    created: datetime,
    user_name: str,
    user_address: str | None,
    message: str | None,
) -> Inventory:
    """The inventory of ``base`` with one version more (of v1 if ``base`` is None).

    ``state`` is logical path -> digest, ``stored`` digest -> content path of new content. An
    object keeps its specification (never above its root's, E081), its digest algorithm, its
    content folder and its way of numbering (E013, E020). Raises Unprocessable if the state cannot
    be: all bad paths at once.
    """
    check_state(state)
    held: dict[str, list[str]] = {}
    for logical in sorted(state):
        held.setdefault(state[logical], []).append(logical)
    # the inventory knows milliseconds; the entry shall equal what is read back
    utc = created.astimezone(UTC)
    entry = VersionEntry(
        created=utc.replace(microsecond=utc.microsecond // 1000 * 1000),
        spelled=spell(utc),
        state={digest: tuple(found) for digest, found in held.items()},
        message=message,
        user_name=user_name,
        user_address=user_address,
    )
    added = {digest: (path,) for digest, path in stored.items()}
    if base is None:
        return Inventory(id=object_id, head=1, manifest=added, versions={1: entry}, spec=spec)
    head = base.head + 1
    return Inventory(
        id=base.id,
        head=head,
        manifest={**base.manifest, **added},
        versions={**base.versions, head: entry},
        digest_algorithm=base.digest_algorithm,
        content_directory=base.content_directory,
        fixity=base.fixity,
        spec=base.spec,
        padding=base.padding,
        spellings=base.spellings,
    )


def check_state(state: Mapping[str, str]) -> None:
    """Unprocessable, naming all of them, if logical paths are unsafe or in each other's way."""
    faults = [
        Fault(code="bad-path", message="The path is not safe in an OCFL object.", path=path[:200])
        for path in paths.unsafe(state)
    ]
    faults += [
        Fault(
            code="path-conflict",
            message="The path is a file, and also a folder of another file.",
            path=path[:200],
        )
        for path in paths.also_folders(state.keys())
    ]
    if faults:
        raise Unprocessable(
            f"{len(faults)} paths cannot be preserved, the first being '{faults[0].path}': "
            f"{faults[0].message}",
            code=faults[0].code,
            faults=faults,
        )
