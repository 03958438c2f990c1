"""Files of a Deposit that clients send in parts, each by a link, past what one link can bring.

Where the place itself knows no links there is nothing to do here: a file is put whole.
"""

from __future__ import annotations

from collections.abc import Sequence

from strongroom.domain.content_types import guess
from strongroom.errors import BadRequest, Conflict, Fault
from strongroom.services import files
from strongroom.services.context import Context
from strongroom.services.links import LONGEST
from strongroom.storage.protocols import FileEntry, Links, PartLinks

#: bytes of the largest file
LARGEST = 5 << 40


def begin(
    ctx: Context,
    agent: str,
    deposit_id: str,
    path: str,
    *,
    size: int,
    part: int | None,
    upload: str | None,
    seconds: int,
) -> PartLinks:
    """Links for all parts of a file, or new ones for an upload that was begun.

    BadRequest naming all that cannot be, Conflict as with putting files, or (``no-parts``) where
    the place takes files whole only.
    """
    faults = files.path_faults(path)
    if not 1 <= seconds <= LONGEST:
        faults.append(_fault("How long links last.", "seconds", f"1 to {LONGEST}", str(seconds)))
    if not 1 <= size <= LARGEST:
        faults.append(_fault("The bytes of the file.", "size", f"1 to {LARGEST}", str(size)))
    if faults:
        raise BadRequest("No upload was begun.", code=faults[0].code, faults=faults)
    return _links(ctx, agent, deposit_id).begin(
        path, size=size, part=part, content_type=guess(path), upload=upload, seconds=seconds
    )


def complete(
    ctx: Context, agent: str, deposit_id: str, path: str, upload: str, etags: Sequence[str]
) -> FileEntry:
    """Put the file in its place; errors as those of the place, and Conflict as with putting files.

    What may be at the path, locks and jobs are looked at once more.
    """
    return _links(ctx, agent, deposit_id).complete(_good(path), upload, etags)


def abort(ctx: Context, agent: str, deposit_id: str, path: str, upload: str) -> None:
    """Throw away what came of an upload; harmless if there is none."""
    _links(ctx, agent, deposit_id).abort(_good(path), upload)


def _links(ctx: Context, agent: str, deposit_id: str) -> Links:
    deposit = files.writable(ctx, agent, deposit_id)
    links = ctx.areas.area(deposit.id).links
    if links is None:
        raise Conflict(
            "The files of this deposit lie in a folder, where each is put whole, of any size: "
            "PUT /v1/deposits/{id}/files/{path}.",
            code="no-parts",
        )
    return links


def _good(path: str) -> str:
    if faults := files.path_faults(path):
        raise BadRequest("No file of a deposit can be there.", code=faults[0].code, faults=faults)
    return path


def _fault(message: str, path: str, expected: str, found: str) -> Fault:
    return Fault(code="bad-upload", message=message, path=path, expected=expected, found=found)
