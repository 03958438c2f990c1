"""Links to files of a Deposit: by them clients read and write where the files are, not through us.

Where the place itself knows no links, they lead to our own files over HTTP, so that clients need
not care. What was promised of a file (digest, size) is bound into its link.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from strongroom.domain import digests
from strongroom.domain.content_types import guess
from strongroom.errors import BadRequest, Conflict, Fault, NotFound, StrongroomError, TooLarge
from strongroom.services import files, nodes
from strongroom.services.context import Context
from strongroom.storage.protocols import Links, WorkArea

#: links of one request
MOST = 1000
#: seconds that links last at most
LONGEST = 12 * 3600

READ, WRITE = "GET", "PUT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A link, as a client asks for it."""

    method: str
    path: str
    #: of the file that will be put: SHA-256, and bytes
    digest: str | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A request that can be made until it ends."""

    wanted: Wanted
    #: a secret, where the place itself answers to it
    url: str = field(repr=False)
    #: what must be sent besides
    headers: Mapping[str, str]
    #: aware UTC; None if it does not end
    expires: datetime | None


#: makes a link to our own files: the path, and the SHA-256 of what is to come
Own = Callable[[Wanted], tuple[str, Mapping[str, str]]]


def make(
    ctx: Context,
    agent: str,
    deposit_id: str,
    wanted: Sequence[Wanted],
    seconds: int,
    own: Own,
) -> list[Made]:
    """Links in the order in which they are wanted; all of them, or none and every fault.

    BadRequest for what cannot be, Conflict as with putting files, NotFound for files to read that
    are not there, TooLarge for what no link can bring.
    """
    wanted = [_settled(each) for each in wanted]
    writes = any(each.method == WRITE for each in wanted)
    if writes:
        deposit = files.writable(ctx, agent, deposit_id)
    else:
        with ctx.db.read() as c:
            deposit = nodes.deposit(c, deposit_id)
    _check(wanted, seconds)
    area = ctx.areas.area(deposit.id)
    links = area.links
    _check_place(area, links, wanted)
    if links is None:
        return [_made_own(each, own) for each in wanted]
    return [_made(links, each, seconds) for each in wanted]


def _settled(wanted: Wanted) -> Wanted:
    digest = digests.normal(wanted.digest) or wanted.digest
    return replace(wanted, method=wanted.method.upper(), digest=digest)


def _made(links: Links, wanted: Wanted, seconds: int) -> Made:
    if wanted.method == READ:
        link = links.read(wanted.path, seconds=seconds)
    else:
        link = links.write(
            wanted.path,
            sha256=wanted.digest or "",
            size=wanted.size or 0,
            content_type=guess(wanted.path),
            seconds=seconds,
        )
    return Made(wanted=wanted, url=link.url, headers=link.headers, expires=link.expires)


def _made_own(wanted: Wanted, own: Own) -> Made:
    url, headers = own(wanted)
    return Made(wanted=wanted, url=url, headers=headers, expires=None)


# -------------------------------------------------------------------------------------- faults


def _check(wanted: Sequence[Wanted], seconds: int) -> None:
    """BadRequest naming all that is wrong with what is wanted, whatever is in the deposit."""
    faults: list[Fault] = []
    if not 1 <= seconds <= LONGEST:
        faults.append(
            _fault("How long links last.", "seconds", f"1 to {LONGEST} seconds", str(seconds))
        )
    if not 1 <= len(wanted) <= MOST:
        faults.append(_fault("How many links.", "links", f"1 to {MOST}", str(len(wanted))))
        wanted = wanted[:MOST]
    seen: set[tuple[str, str]] = set()
    for each in wanted:
        faults += _faults(each)
        if (each.method, each.path) in seen:
            faults.append(_collision(f"{each.method} is wanted twice.", each.path))
        seen.add((each.method, each.path))
    faults += _each_other([each.path for each in wanted if each.method == WRITE])
    if faults:
        raise BadRequest(
            f"No links were made: {len(faults)} of the things asked for cannot be.",
            code=faults[0].code,
            faults=faults,
        )


def _faults(wanted: Wanted) -> list[Fault]:
    faults = files.path_faults(wanted.path)
    if wanted.method not in (READ, WRITE):
        faults.append(
            _fault("The method of a link.", wanted.path, f"{READ} or {WRITE}", wanted.method[:20])
        )
    if wanted.method == WRITE and digests.normal(wanted.digest) is None:
        faults.append(
            Fault(
                code="bad-digest",
                message="The SHA-256 of the file that will be put.",
                path=wanted.path,
                expected="64 hexadecimal digits",
                found=(wanted.digest or "none")[:80],
            )
        )
    if wanted.method == WRITE and (wanted.size is None or wanted.size < 0):
        faults.append(
            Fault(
                code="bad-size",
                message="The size of the file that will be put.",
                path=wanted.path,
                expected="a number of bytes from 0",
                found="none" if wanted.size is None else str(wanted.size),
            )
        )
    return faults


def _each_other(paths: Sequence[str]) -> list[Fault]:
    """Files that are to come where others want their folders."""
    taken = set(paths)
    above = {
        "/".join(parts[:count])
        for path in paths
        for parts in [path.split("/")]
        for count in range(1, len(parts))
    }
    return [
        _collision("It is to be a file, and a folder of another one.", path)
        for path in sorted(taken & above)
    ]


def _collision(message: str, path: str) -> Fault:
    return Fault(code="links-collide", message=message, path=path)


def _fault(message: str, path: str, expected: str | None = None, found: str | None = None) -> Fault:
    return Fault(code="bad-link", message=message, path=path, expected=expected, found=found)


def _check_place(area: WorkArea, links: Links | None, wanted: Sequence[Wanted]) -> None:
    """Raise all that the place has against it."""
    reads = [each.path for each in wanted if each.method == READ]
    writes = [each.path for each in wanted if each.method == WRITE]
    if links is None:
        # puts are looked at when they come
        found: list[StrongroomError] = [
            NotFound(f"There is no file '{path}'.") for path in reads if area.entry(path) is None
        ]
    else:
        found = links.trouble(reads, writes)
        found += [
            _too_large(each, links.largest)
            for each in wanted
            if each.method == WRITE and (each.size or 0) > links.largest
        ]
    if found:
        raise _together(found)


def _too_large(wanted: Wanted, largest: int) -> TooLarge:
    fault = Fault(
        code="link-too-large",
        message="It has more bytes than a link can bring.",
        path=wanted.path,
        expected=f"at most {largest} bytes",
        found=str(wanted.size),
    )
    return TooLarge(
        f"'{wanted.path}' has more bytes than a link can bring.",
        code="link-too-large",
        faults=[fault],
    )


def _together(found: Sequence[StrongroomError]) -> StrongroomError:
    """One error that names all; its kind is that of the first in the order of checking."""
    faults = [
        fault
        for error in found
        for fault in error.faults or (Fault(code=error.problem, message=error.message),)
    ]
    kinds = (NotFound, Conflict, TooLarge)
    kind = next((kind for kind in kinds if isinstance(found[0], kind)), BadRequest)
    return kind(f"No links were made. {found[0].message}", code=found[0].problem, faults=faults)
