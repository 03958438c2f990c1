"""Checks a job against its deposit and against what is preserved, and completes it.

A client may write any job; whatever it leaves open (size, type, digest, source version) is filled
in from what the server knows, and whatever contradicts the present state is refused, all faults at
once. What a job may do to a given state is in :mod:`strongroom.domain.legal`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from strongroom.domain import digests, legal
from strongroom.domain.content_types import guess
from strongroom.domain.description import DescribedFile
from strongroom.domain.faults import Faults
from strongroom.domain.importjob import (
    LISTS,
    BinaryItem,
    ContainerItem,
    ImportJob,
    ItemRequest,
    JobRequest,
)
from strongroom.domain.paths import (
    MemberPath,
    RepositoryPath,
    ancestors,
    decode,
    inside,
    member_faults,
    strip_roots,
)
from strongroom.domain.resources import Group, Member
from strongroom.errors import BadRequest, Conflict, Fault

_WRONG, _STATE = 1, 2  # ranks: the request is wrong, the state is not as it says


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """What the server knows of one file of the deposit."""

    #: bytes
    size: int
    #: SHA-256 of its bytes, proven or from a fresh manifest
    digest: str | None = None
    #: SHA-256 as METS states it
    described: str | None = None
    #: as whoever put it there told the store
    stored_type: str | None = None
    content_type: str | None = None


#: an origin (path relative to the deposit) → what is known of it, or what is wrong with it
Witnesses = Callable[[str], Witness | Fault]


def read(
    request: JobRequest,
    *,
    group: RepositoryPath,
    group_name: str | None,
    roots: Iterable[str],
    files: str,
    existing: Group | None,
    witnesses: Witnesses,
    described: Mapping[MemberPath, DescribedFile],
    mets: MemberPath | None,
    locate: Callable[[str], str] | None = None,
) -> ImportJob:
    """The request as a complete, legal job.

    ``files`` is the URI of the deposit's files; ``described`` is what METS says, by member path.
    ``locate`` gives the origins of a job without a deposit their one form, or raises BadRequest.
    Raises BadRequest or Conflict with every fault at once.
    """
    faults = Faults()
    roots = tuple(roots)
    if locate is None:

        def locate(origin: str) -> str:
            return origin_path(origin, files)

    _check_group(request, group, roots, faults)
    seen: dict[tuple[str, str], str] = {}
    lists: dict[str, tuple[BinaryItem | ContainerItem, ...]] = {}
    for name in LISTS:
        items: list[BinaryItem | ContainerItem] = []
        for entry in request.lists.get(name, ()):
            path = _member(entry, group, roots, faults)
            if path is None:
                continue
            _check_duplicate(name, path, entry, seen, faults)
            if name.startswith("containers"):
                items.append(_container(entry, path, name, locate))
                continue
            if name in ("binaries_to_add", "binaries_to_patch"):
                member = existing.members.get(path) if existing else None
                item = _with_bytes(
                    entry, path, locate, witnesses, described.get(path), member, faults
                )
            else:
                item = BinaryItem(path=path, name=entry.name, digest=digests.normal(entry.digest))
            if item is not None:
                items.append(item)
        lists[name] = tuple(items)
    lists["containers_to_add"] += _implied_containers(lists, existing)
    job = ImportJob(
        group=group,
        group_name=request.archival_group_name
        or group_name
        or (existing.name if existing else None),
        is_update=existing is not None,
        source_version=existing.version.number if existing else None,
        mets=mets,
        **lists,  # type: ignore[arg-type]
    )
    _check_state(request, existing, faults)
    for fault in legal.faults(job, existing):
        faults.put(_WRONG if fault.code in _WRONG_CODES else _STATE, _kind(fault), fault)
    faults.raise_all("The import job cannot be accepted")
    return job


_WRONG_CODES = frozenset({"no-name", "contradiction"})


def _kind(fault: Fault) -> type[BadRequest] | type[Conflict]:
    return BadRequest if fault.code in _WRONG_CODES else Conflict


# ------------------------------------------------------------------------------- one entry


def _member(
    entry: ItemRequest, group: RepositoryPath, roots: tuple[str, ...], faults: Faults
) -> MemberPath | None:
    if not entry.id:
        faults.add(_WRONG, BadRequest, "missing-id", "An item of the job has no id")
        return None
    raw = strip_roots(entry.id, roots)
    if raw is None:
        faults.add(
            _WRONG,
            BadRequest,
            "foreign-id",
            "The id lies in no repository that this server knows",
            path=entry.id,
            expected=f"an id below {roots[0]}/repository/",
        )
        return None
    try:
        path = inside(decode(raw), group)
    except BadRequest as error:
        for fault in error.faults:
            faults.put(_WRONG, BadRequest, replace(fault, path=entry.id[:200]))
        return None
    if not path:
        faults.add(
            _WRONG,
            BadRequest,
            "outside-group",
            "The id lies outside the job's Archival Group",
            path=entry.id,
            expected=f"an id below /repository/{group}/",
        )
        return None
    wrong = member_faults(path)
    for fault in wrong:
        faults.put(_WRONG, BadRequest, fault)
    return None if wrong else MemberPath(path)


def _container(
    entry: ItemRequest, path: MemberPath, list_name: str, locate: Callable[[str], str]
) -> ContainerItem:
    origin = None
    if list_name == "containers_to_add" and entry.origin:
        try:
            origin = locate(entry.origin)
        except BadRequest:
            origin = None  # nothing is read from it
    return ContainerItem(path=path, name=entry.name, origin=origin)


def _implied_containers(
    lists: Mapping[str, tuple[BinaryItem | ContainerItem, ...]], existing: Group | None
) -> tuple[ContainerItem, ...]:
    """Containers that come into being since something is added below them."""
    known = {item.path for item in lists["containers_to_add"] + lists["binaries_to_add"]}
    if existing is not None:
        known.update(existing.members)
    implied = {
        MemberPath(up)
        for item in lists["containers_to_add"] + lists["binaries_to_add"]
        for up in ancestors(item.path)
    }
    return tuple(ContainerItem(path=path) for path in sorted(implied - known))


def _with_bytes(
    entry: ItemRequest,
    path: MemberPath,
    locate: Callable[[str], str],
    witnesses: Witnesses,
    described: DescribedFile | None,
    member: Member | None,
    faults: Faults,
) -> BinaryItem | None:
    """A Binary whose bytes come from the deposit, with size, type and digest settled."""
    sound = True

    def wrong(
        code: str, message: str, *, expected: str | None = None, found: str | None = None
    ) -> None:
        nonlocal sound
        sound = False
        faults.add(_WRONG, BadRequest, code, message, path=path, expected=expected, found=found)

    claimed = digests.normal(entry.digest)
    if entry.digest and claimed is None:
        wrong(
            "bad-digest",
            "The digest is no SHA-256",
            expected="64 hexadecimal digits",
            found=entry.digest[:100],
        )
    if not entry.origin:
        wrong("missing-origin", "A Binary to add or patch needs an origin")
        return None
    try:
        origin = locate(entry.origin)
    except BadRequest as error:
        for fault in error.faults:
            faults.put(_WRONG, BadRequest, fault)
        return None
    witness = witnesses(origin)
    if isinstance(witness, Fault):
        faults.put(_WRONG, BadRequest, witness)
        return None
    if entry.size is not None and entry.size != witness.size and entry.size != 0:
        wrong(
            "size-mismatch",
            "The size in the job is not that of the file",
            expected=str(entry.size),
            found=str(witness.size),
        )
    if claimed and witness.digest and claimed != witness.digest:
        wrong(
            "digest-mismatch",
            "The digest in the job is not that of the file",
            expected=claimed,
            found=witness.digest,
        )
    stated = described.digest if described else None
    digest = claimed or witness.digest or witness.described or stated
    if digest is None and not entry.digest:
        wrong(
            "no-digest",
            "A Binary to add or patch needs a digest, in the job or in METS",
            expected="a SHA-256 of 64 hexadecimal digits",
        )
    if not sound:
        return None
    return BinaryItem(
        path=path,
        name=entry.name,
        content_type=entry.content_type
        or (described.content_type if described else None)
        or (member.content_type if member else None)
        or witness.stored_type
        or guess(path)
        or witness.content_type,
        size=witness.size,
        digest=digest,
        origin=origin,
    )


def origin_path(origin: str, files: str) -> str:
    """The path of ``origin`` relative to the deposit whose files' URI is ``files``.

    Accepts the percent-encoded and the raw form. BadRequest (``foreign-origin``) for anything that
    does not lie inside; nothing is ever resolved against the file system here.
    """
    refusal = BadRequest(
        f"The origin {origin[:200]} lies outside the deposit.",
        code="foreign-origin",
        faults=[
            Fault(
                code="foreign-origin",
                message="The origin lies outside the deposit",
                path=origin[:200],
                expected=f"a URI below {files}",
            )
        ],
    )
    rest = None
    if origin.startswith(files):
        rest = origin[len(files) :]
    else:
        scheme, sep, tail = files.partition("://")
        try:
            raw_base = f"{scheme}{sep}/{decode(tail.strip('/'), token=False)}/"
        except BadRequest:
            raw_base = files
        if origin.startswith(raw_base):
            rest = origin[len(raw_base) :]
    if not rest:
        raise refusal
    try:
        return decode(rest, token=False)
    except BadRequest as error:
        raise BadRequest(
            f"The origin {origin[:200]} cannot be used: {error.message}",
            code="foreign-origin",
            faults=[replace(fault, path=origin[:200]) for fault in error.faults],
        ) from None


def _check_duplicate(
    list_name: str,
    path: MemberPath,
    entry: ItemRequest,
    seen: dict[tuple[str, str], str],
    faults: Faults,
) -> None:
    """An item stands in one list only; a rename may stand beside a change."""
    key = ("rename" if list_name.endswith("rename") else "change", path)
    before = seen.get(key)
    if before is None:
        seen[key] = list_name
        return
    where = f"twice in {_wire(before)}"
    if before != list_name:
        where = f"in {_wire(before)} and in {_wire(list_name)}"
    faults.add(
        _WRONG,
        BadRequest,
        "duplicate-id",
        f"The item is listed {where}",
        path=path,
        found=entry.id,
    )


def _wire(list_name: str) -> str:
    first, *rest = list_name.split("_")
    return first + "".join(word.capitalize() for word in rest)


# ----------------------------------------------------------------------------- the whole job


def _check_group(
    request: JobRequest, group: RepositoryPath, roots: tuple[str, ...], faults: Faults
) -> None:
    if request.archival_group is None:
        return
    raw = strip_roots(request.archival_group, roots)
    try:
        path = decode(raw) if raw is not None else None
    except BadRequest:
        path = None
    if path != group:
        faults.add(
            _WRONG,
            BadRequest,
            "wrong-group",
            "The job's archivalGroup is not that of the deposit",
            path="archivalGroup",
            expected=f"{roots[0]}/repository/{group}",
            found=request.archival_group[:300],
        )


def _check_state(request: JobRequest, existing: Group | None, faults: Faults) -> None:
    """Whether the client saw the group as it is now."""
    if request.is_update is not None and request.is_update != (existing is not None):
        there = "exists" if existing else "does not exist"
        faults.add(
            _STATE,
            Conflict,
            "stale-job",
            f"The Archival Group {there}, so isUpdate cannot be {str(request.is_update).lower()}",
            path="isUpdate",
        )
    wanted = request.source_version
    if wanted is None:
        return
    head = existing.version if existing else None
    names = {f"v{head.number}", f"{head.created:%Y%m%d%H%M%S}"} if head else set()
    if wanted not in names:
        faults.add(
            _STATE,
            Conflict,
            "stale-version",
            "The job was made against a version that is not the head; make the diff again",
            path="sourceVersion",
            expected=f"v{head.number}" if head else "no version (the group does not exist)",
            found=wanted[:40],
        )
