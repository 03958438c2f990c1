"""The METS of a deposit that the platform manages: found for an edit, and replaced by its result.

An edit reads the METS once and writes it once, or changes nothing. Two edits at once cannot
lose each other: the METS is put in its place only if it still is what the edit was made from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from strongroom.db import deposits as deposit_rows
from strongroom.domain.content_types import guess
from strongroom.domain.deposits import Deposit
from strongroom.errors import Conflict, NotFound
from strongroom.mets.editing import editor
from strongroom.mets.editing.changes import Change, Edited
from strongroom.services import etags, files, proofs, workspaces
from strongroom.services.context import Context
from strongroom.services.etags import Tagged
from strongroom.storage.protocols import FileEntry, Upload, WorkArea
from strongroom.storage.trouble import told_as


@dataclass(frozen=True, slots=True, kw_only=True)
class Managed:
    """A METS that is to be edited, as it was when it was found."""

    deposit: Deposit
    area: WorkArea
    #: path of the METS in the deposit, and whether only ``data/`` has one
    mets: str
    in_data: bool
    #: its ETag, and what has it
    tagged: Tagged


def find(ctx: Context, agent: str, deposit_id: str, if_match: str | None) -> Managed:
    """The METS of a deposit that may be changed now.

    NotFound without METS; Conflict while the deposit is busy or locked by another, and unless
    ``if_match`` is the ETag of the METS.
    """
    deposit = files.writable(ctx, agent, deposit_id)
    area = ctx.areas.area(deposit.id)
    mets, in_data = workspaces.find_mets(area)
    tagged = etags.of(ctx, deposit.id, area, mets) if mets else None
    if mets is None or tagged is None:
        raise NotFound(f"Deposit {deposit_id} has no METS file.", code="no-mets")
    etags.check_match(if_match, tagged.etag)
    return Managed(deposit=deposit, area=area, mets=mets, in_data=in_data, tagged=tagged)


def edit(ctx: Context, agent: str, managed: Managed, changes: Sequence[Change]) -> Edited:
    """Carry the changes out on the METS, and put it in its place if nobody else was faster.

    Raises as :func:`strongroom.mets.editing.editor.edit`, and Conflict.
    """
    area, path = managed.area, managed.mets
    upload = area.upload(path, content_type=guess(path))
    try:
        with area.open(path) as source, told_as(path):
            _check_same(managed, source.entry)
            edited = editor.edit(source.stream, upload, changes, now=ctx.clock())
        if not edited.changed:
            upload.abort()
            return edited
        if managed.tagged.entry is None:
            _replace_locked(ctx, agent, managed, upload)
        else:
            # the store itself lets one of two edits win; nothing waits for it meanwhile
            files.writable(ctx, agent, managed.deposit.id)
            entry, digest = upload.finish(replacing=managed.tagged.entry)
            proofs.remember(ctx, managed.deposit.id, [replace(entry, sha256=digest)])
    except Conflict as error:
        upload.abort()
        if error.problem == "changed-file":
            raise _lost(managed) from None
        raise
    except BaseException:
        upload.abort()
        raise
    return edited


def _replace_locked(ctx: Context, agent: str, managed: Managed, upload: Upload) -> None:
    """Put the METS in its place while the deposit's row keeps other edits out."""
    with ctx.db.write() as c:
        deposit = files.check_writable(c, agent, managed.deposit.id)
        deposit_rows.save(c, deposit)
        entry = managed.area.entry(managed.mets)
        if entry is None:
            raise Conflict("The METS file was removed meanwhile.", code="etag-mismatch")
        with managed.area.open(managed.mets) as now:
            etags.check_match(managed.tagged.etag, etags.quoted(proofs.digest_of(now.stream)))
        upload.finish()


def _lost(managed: Managed) -> Conflict:
    """Another edit was faster; with the ETag that its result has, if it is still there."""
    now = managed.area.entry(managed.mets)
    if now is None or now.etag is None:
        return Conflict("The METS file was removed meanwhile.", code="etag-mismatch")
    return etags.mismatch(managed.tagged.etag, now.etag)


def _check_same(managed: Managed, entry: FileEntry) -> None:
    if managed.tagged.entry is not None and entry.etag is not None:
        etags.check_match(managed.tagged.etag, entry.etag)
