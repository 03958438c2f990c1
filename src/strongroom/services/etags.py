"""The ETag of a deposit's file: the store's own, or the quoted SHA-256 where a disk has none."""

from __future__ import annotations

from dataclasses import dataclass

from strongroom.errors import Conflict, Fault
from strongroom.services import proofs
from strongroom.services.context import Context
from strongroom.storage.protocols import FileEntry, WorkArea


@dataclass(frozen=True, slots=True, kw_only=True)
class Tagged:
    """A file as it is now."""

    #: with its quotes
    etag: str
    #: SHA-256, if it is known
    digest: str | None
    #: the very file that has a store's ETag; None where the ETag is made from the bytes
    entry: FileEntry | None


def of(ctx: Context, deposit: str, area: WorkArea, path: str) -> Tagged | None:
    """The ETag of a file; None if it is not there. Raises as :func:`proofs.settled`."""
    entry = area.entry(path)
    if entry is None:
        return None
    if entry.etag is not None:
        digest = entry.sha256 or proofs.known_one(ctx, deposit, entry)
        return Tagged(etag=entry.etag, digest=digest, entry=entry)
    proven = proofs.settled(ctx, deposit, area, path)
    return None if proven is None else Tagged(etag=quoted(proven), digest=proven, entry=None)


def quoted(digest: str) -> str:
    """A digest as an ETag."""
    return f'"{digest}"'


def check_match(if_match: str | None, etag: str) -> None:
    """Conflict (``etag-mismatch``) unless a client's ``If-Match`` is the ETag of the METS."""
    if (if_match or "").strip() != etag:
        raise mismatch(if_match, etag)


def mismatch(if_match: str | None, etag: str) -> Conflict:
    return Conflict(
        f"Conflict: ETag does not match deposit METS. Its ETag is {etag}; read the METS again "
        "and send that as If-Match.",
        code="etag-mismatch",
        faults=[
            Fault(
                code="etag-mismatch",
                message="If-Match must be the ETag of the METS as it is now.",
                expected=etag,
                found=if_match,
            )
        ],
    )
