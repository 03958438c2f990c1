"""Whether a complete job can be carried out on a given state of its Archival Group.

Asked when a job is posted, and once more right before it is carried out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from strongroom.domain.importjob import ImportJob
from strongroom.domain.paths import ancestors, slug
from strongroom.domain.resources import Group, Kind
from strongroom.errors import Fault


def faults(job: ImportJob, existing: Group | None) -> list[Fault]:
    """What forbids carrying the job out on this state of the group."""
    found: list[Fault] = []

    def fault(code: str, message: str, path: str | None, expected: str | None = None) -> None:
        found.append(Fault(code=code, message=message, path=path, expected=expected))

    if existing is None and not (job.group_name or "").strip():
        fault(
            "no-name",
            "A new Archival Group needs a name (archivalGroupName), from the deposit, the job or "
            "METS",
            None,
        )
    kinds: dict[str, Kind] = {p: m.kind for p, m in existing.members.items()} if existing else {}
    before = dict(kinds)
    for kind, remove in (
        (Kind.BINARY, job.binaries_to_delete),
        (Kind.CONTAINER, job.containers_to_delete),
    ):
        for gone in remove:
            if before.get(gone.path) is not kind:
                fault("not-there", f"There is no {kind} to delete at this path", gone.path)
            kinds.pop(gone.path, None)
    for kind, add in (
        (Kind.CONTAINER, job.containers_to_add),
        (Kind.BINARY, job.binaries_to_add),
    ):
        for new in add:
            if new.path in before or new.path in kinds:
                fault(
                    "already-there",
                    f"A {kinds.get(new.path) or before[new.path]} is at this path already",
                    new.path,
                )
            kinds[new.path] = kind
    for patched in job.binaries_to_patch:
        if before.get(patched.path) is not Kind.BINARY:
            fault("not-there", "There is no Binary to patch at this path", patched.path)
    for kind, renames in (
        (Kind.BINARY, job.binaries_to_rename),
        (Kind.CONTAINER, job.containers_to_rename),
    ):
        for item in renames:
            if kinds.get(item.path) is not kind:
                fault("not-there", f"There is no {kind} to rename at this path", item.path)
            if not (item.name or "").strip():
                fault("no-name", "A rename needs a name", item.path)
    _check_tree(kinds, job, fault)
    return found


def _check_tree(
    kinds: Mapping[str, Kind],
    job: ImportJob,
    fault: Callable[[str, str, str | None], None],
) -> None:
    """No file below a file, no deleted Container with something left in it."""
    doomed = {item.path for item in job.containers_to_delete}
    told: set[str] = set()
    for path in kinds:
        for up in ancestors(path):
            if up in told:
                continue
            if up in doomed:
                told.add(up)
                fault(
                    "container-not-empty",
                    f"The Container cannot be deleted, since {slug(path)} stays in it",
                    up,
                )
            elif kinds.get(up) is Kind.BINARY:
                told.add(up)
                fault("path-taken", f"A Binary cannot have {slug(path)} below it", up)
