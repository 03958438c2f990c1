"""The METS of a deposit that the platform manages: found for an edit, and replaced by its result.

An edit reads the METS once and writes it once, or changes nothing. Two edits at once cannot
lose each other: the METS is put in its place only if it still is what the edit was made from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from strongroom.db import deposits as deposit_rows
from strongroom.domain.deposits import Deposit
from strongroom.errors import Conflict, Fault, NotFound
from strongroom.mets.editing import editor
from strongroom.mets.editing.changes import Change, Edited
from strongroom.services import files, proofs, workspaces
from strongroom.services.context import Context
from strongroom.storage.protocols import WorkArea


@dataclass(frozen=True, slots=True, kw_only=True)
class Managed:
    """A METS that is to be edited, as it was when it was found."""

    deposit: Deposit
    area: WorkArea
    #: path of the METS in the deposit, and whether only ``data/`` has one
    mets: str
    in_data: bool
    #: its SHA-256
    digest: str


def find(ctx: Context, agent: str, deposit_id: str, if_match: str | None) -> Managed:
    """The METS of a deposit that may be changed now.

    NotFound without METS; Conflict while the deposit is busy or locked by another, and unless
    ``if_match`` is the ETag of the METS.
    """
    deposit = files.writable(ctx, agent, deposit_id)
    area = ctx.areas.area(deposit.id)
    mets, in_data = workspaces.find_mets(area)
    digest = proofs.settled(ctx, deposit.id, area, mets) if mets else None
    if mets is None or digest is None:
        raise NotFound(f"Deposit {deposit_id} has no METS file.", code="no-mets")
    _check_match(if_match, digest)
    return Managed(deposit=deposit, area=area, mets=mets, in_data=in_data, digest=digest)


def edit(ctx: Context, agent: str, managed: Managed, changes: Sequence[Change]) -> Edited:
    """Carry the changes out on the METS, and put it in its place if nobody else was faster.

    Raises as :func:`strongroom.mets.editing.editor.edit`, and Conflict.
    """
    upload = managed.area.upload(managed.mets)
    try:
        with managed.area.open(managed.mets) as source:
            edited = editor.edit(source.stream, upload, changes, now=ctx.clock())
        if not edited.changed:
            upload.abort()
            return edited
        with ctx.db.write() as c:
            # writing the row keeps other edits out until this one is done
            deposit = files.check_writable(c, agent, managed.deposit.id)
            deposit_rows.save(c, deposit)
            entry = managed.area.entry(managed.mets)
            if entry is None:
                raise Conflict("The METS file was removed meanwhile.", code="etag-mismatch")
            with managed.area.open(managed.mets) as now:
                _check_match(f'"{managed.digest}"', proofs.digest_of(now.stream))
            upload.finish()
    except BaseException:
        upload.abort()
        raise
    return edited


def _check_match(if_match: str | None, digest: str) -> None:
    etag = f'"{digest}"'
    if (if_match or "").strip() != etag:
        raise Conflict(
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
