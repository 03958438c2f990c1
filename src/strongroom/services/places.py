"""Files outside deposits: what jobs of the Storage API may read, and where its exports may write.

Both are lists in the settings; nothing else on the machine or in a store can be named. How a place
is read or written is its driver's business, which follows no link and leaves no root.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from strongroom.domain.check import Witness, origin_path
from strongroom.domain.content_types import guess, stated_type
from strongroom.domain.paths import quote_path
from strongroom.errors import BadRequest, Fault, NotFound, StrongroomError
from strongroom.repository.plan import VersionPlan
from strongroom.services.context import Context
from strongroom.storage.protocols import Folders, OpenFile, WorkArea


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """How the bytes of a version are read."""

    #: with origins as ``open`` takes them
    version: VersionPlan
    open: Callable[[str], OpenFile]
    folders: Folders | None
    remote: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A folder into which an export writes."""

    area: WorkArea
    #: of every path in the area; empty, or ends with a slash
    prefix: str
    #: with a slash at its end
    uri: str


# ----------------------------------------------------------------------------------- reading


def locate(ctx: Context, origin: str) -> str:
    """An origin in its one form: a URI below a place that may be read. BadRequest for others."""
    area, path = _origin(ctx, origin)
    return area.uri + quote_path(path)


def _origin(ctx: Context, origin: str) -> tuple[WorkArea, str]:
    """The place that an origin lies in, and its path there."""
    refusal: BadRequest | None = None
    # the deepest first, if one place lies in another
    for area in sorted(ctx.origins, key=lambda area: len(area.uri), reverse=True):
        try:
            return area, origin_path(origin, area.uri)
        except BadRequest as error:
            refusal = error
    if len(ctx.origins) == 1 and refusal is not None:
        raise refusal
    allowed = ", ".join(area.uri for area in ctx.origins)
    where = f"Origins lie below {allowed}" if allowed else "This server reads no origins"
    raise BadRequest(
        f"The origin {origin[:200]} may not be read. {where} (setting storage_origins).",
        code="foreign-origin",
        faults=[
            Fault(
                code="foreign-origin",
                message="The origin lies in no place that jobs may read",
                path=origin[:200],
                expected=f"a URI below {allowed}" if allowed else "no origin at all",
            )
        ],
    )


def witnesses(ctx: Context, count: int) -> Callable[[str], Witness | Fault]:
    """What is known of each of so many origins, which :func:`locate` gave."""
    opened: dict[str, Callable[[str], OpenFile]] = {}

    def witness(origin: str) -> Witness | Fault:
        area, path = _origin(ctx, origin)
        if area.uri not in opened:
            opened[area.uri] = area.opener(count)
        try:
            with opened[area.uri](path) as file:
                entry = file.entry
        except StrongroomError as error:
            if error.faults:
                return replace(error.faults[0], path=origin)
            missing = isinstance(error, NotFound)
            return Fault(
                code="missing-file" if missing else error.problem,
                message="There is no such file" if missing else error.message,
                path=origin,
            )
        return Witness(
            size=entry.size,
            digest=entry.sha256,
            stored_type=stated_type(entry.content_type),
            content_type=guess(path),
        )

    return witness


def read_start(ctx: Context, origin: str, size: int) -> bytes:
    """The first bytes of an origin."""
    area, path = _origin(ctx, origin)
    return area.read_start(path, size)


def sources(ctx: Context, version: VersionPlan) -> Sources:
    """How to read what a version of a job without a deposit takes.

    BadRequest if the settings allow an origin no more.
    """
    found = [_origin(ctx, copy.origin) for copy in version.copies]
    areas = {area.uri: area for area, _ in found}
    if len(areas) == 1:
        # as from one deposit: small files are read by their folders, many at once
        ((area, _), *_) = found
        copies = tuple(
            replace(copy, origin=path)
            for copy, (_, path) in zip(version.copies, found, strict=True)
        )
        return Sources(
            version=replace(version, copies=copies),
            open=area.opener(len(copies)),
            folders=area.folders,
            remote=area.remote,
        )
    opened = {uri: area.opener(len(found)) for uri, area in areas.items()}

    def open_source(origin: str) -> OpenFile:
        area, path = _origin(ctx, origin)
        return opened[area.uri](path)

    return Sources(
        version=version,
        open=open_source,
        folders=None,
        remote=any(area.remote for area in areas.values()),
    )


# ----------------------------------------------------------------------------------- writing


def target(ctx: Context, destination: str) -> Target:
    """The folder that a destination names, below a place that may be written to.

    BadRequest (``foreign-destination``) for others, and for such a place itself.
    """
    wanted = destination.strip().rstrip("/") + "/"
    for place in sorted(ctx.destinations, key=lambda place: len(place.uri), reverse=True):
        try:
            path = origin_path(wanted.rstrip("/"), place.uri)
        except BadRequest:
            continue
        first, _, rest = path.partition("/")
        if first.startswith("."):
            break  # the place's own
        return Target(
            area=place.areas.area(first),
            prefix=f"{rest}/" if rest else "",
            uri=place.uri + quote_path(path) + "/",
        )
    raise _foreign(destination, [place.uri for place in ctx.destinations])


def _foreign(destination: str, allowed: Sequence[str]) -> BadRequest:
    where = (
        "Name a folder below " + ", ".join(allowed)
        if allowed
        else "This server writes exports into deposits alone"
    )
    return BadRequest(
        f"Nothing may be exported to {destination[:200]}. {where} (setting storage_destinations).",
        code="foreign-destination",
        faults=[
            Fault(
                code="foreign-destination",
                message="The destination lies in no place that exports may be written to.",
                path="destination",
                expected=f"a folder below {', '.join(allowed)}" if allowed else None,
                found=destination[:200],
            )
        ],
    )
