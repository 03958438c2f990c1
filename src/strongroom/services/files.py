"""Files of a Deposit over HTTP, for clients that cannot reach the working area themselves."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection

from strongroom.db import digests as digest_rows
from strongroom.db import jobs as job_rows
from strongroom.domain.content_types import guess
from strongroom.domain.deposits import Deposit, DepositStatus
from strongroom.domain.paths import LISTING_CACHE, member_faults
from strongroom.errors import BadRequest, Conflict, Fault, OutOfSpace
from strongroom.services import deposit_files, deposits, nodes, proofs
from strongroom.services.context import Context
from strongroom.services.views import Content
from strongroom.storage.protocols import FileEntry, Listing, Upload

#: bytes that are always left free on the disk
RESERVE = 64 << 20


class DepositUpload:
    """A file on its way into a Deposit; its digest is remembered as proven."""

    def __init__(
        self, ctx: Context, agent: str, deposit: str, upload: Upload, *, replaces: bool
    ) -> None:
        self._ctx, self._agent, self._deposit, self._upload = ctx, agent, deposit, upload
        #: whether a file is at the path already
        self.replaces = replaces

    def write(self, chunk: bytes | memoryview) -> None:
        self._upload.write(chunk)

    def finish(
        self, *, sha256: str | None = None, size: int | None = None
    ) -> tuple[FileEntry, str]:
        """Put the file in its place; its entry and SHA-256.

        Unprocessable on a mismatch, Conflict if a job of the deposit has begun meanwhile.
        """
        writable(self._ctx, self._agent, self._deposit)
        entry, digest = self._upload.finish(sha256=sha256, size=size)
        with self._ctx.db.write() as c:
            digest_rows.remember(c, self._deposit, [(entry.path, entry.signature, digest)])
        return entry, digest

    def abort(self) -> None:
        self._upload.abort()


def begin(ctx: Context, agent: str, deposit_id: str, path: str, size: int | None) -> DepositUpload:
    """Begin to write a file; ``size`` in bytes, where the client said it.

    BadRequest for a path that cannot be, Conflict while the deposit is busy or locked by another,
    OutOfSpace before the first byte if the disk cannot hold it.
    """
    deposit = writable(ctx, agent, deposit_id)
    _check_path(path)
    area = ctx.areas.area(deposit.id)
    free = area.free_bytes()
    if size is not None and size + RESERVE > free:
        raise OutOfSpace(
            f"{size} bytes do not fit: {max(0, free - RESERVE)} bytes are free for deposits.",
            code="out-of-space",
        )
    replaces = area.entry(path) is not None
    return DepositUpload(
        ctx,
        agent,
        deposit.id,
        area.upload(path, size=size, content_type=guess(path)),
        replaces=replaces,
    )


def read(ctx: Context, deposit_id: str, path: str) -> Content:
    """A file of a Deposit; NotFound if it is not there."""
    with ctx.db.read() as c:
        deposit = nodes.deposit(c, deposit_id)
    entry = ctx.areas.area(deposit.id).entry(path)
    digest = None
    if entry is not None:
        digest = entry.sha256 or proofs.known_one(ctx, deposit.id, entry)
    return deposit_files.content(ctx, deposit, path, digest)


def delete(ctx: Context, agent: str, deposit_id: str, path: str) -> None:
    """Delete a file of a Deposit; NotFound if it is not there."""
    deposit = writable(ctx, agent, deposit_id)
    ctx.areas.area(deposit.id).delete(path)


def make_folder(ctx: Context, agent: str, deposit_id: str, path: str) -> bool:
    """Make a folder and those above it; whether it is new. Errors as with :func:`begin`."""
    deposit = writable(ctx, agent, deposit_id)
    _check_path(path)
    area = ctx.areas.area(deposit.id)
    above, _, name = path.rpartition("/")
    there = name in area.children(above)[1]
    area.make_folder(path)
    return not there


def delete_folder(ctx: Context, agent: str, deposit_id: str, path: str) -> None:
    """Delete an empty folder; NotFound if it is not there, Conflict if it is not empty."""
    deposit = writable(ctx, agent, deposit_id)
    ctx.areas.area(deposit.id).delete_folder(path)


def listing(ctx: Context, deposit_id: str) -> tuple[Listing, dict[str, str]]:
    """All files and folders of a Deposit, and the digests that are known.

    The cache of the tree that the server keeps there is none of its files.
    """
    with ctx.db.read() as c:
        deposit = nodes.deposit(c, deposit_id)
    found = ctx.areas.area(deposit.id).listing()
    found = replace(found, files=tuple(e for e in found.files if e.path != LISTING_CACHE))
    return found, proofs.known(ctx, deposit.id, {entry.path: entry for entry in found.files})


def writable(ctx: Context, agent: str, deposit_id: str) -> Deposit:
    """The Deposit, if its files may change; Conflict if another has its lock, or a job runs."""
    with ctx.db.read() as c:
        return check_writable(c, agent, deposit_id)


def check_writable(c: Connection, agent: str, deposit_id: str) -> Deposit:
    """The same, within a transaction."""
    deposit = nodes.deposit(c, deposit_id)
    deposits.check_lock(deposit, agent)
    if deposit.status is DepositStatus.EXPORTING or job_rows.unfinished(c, deposit_id):
        raise Conflict(
            f"Deposit {deposit_id} has an unfinished job; its files cannot change now.",
            code="unfinished-job",
        )
    return deposit


def path_faults(path: str) -> list[Fault]:
    """Why no file of a deposit can be put at a path over HTTP."""
    faults = member_faults(path)
    if path == LISTING_CACHE:
        faults.append(
            Fault(code="reserved-path", message="This name is kept for older clients.", path=path)
        )
    return faults


def _check_path(path: str) -> None:
    faults = path_faults(path)
    if faults:
        raise BadRequest(
            f"'{path[:200]}' cannot be a file of a deposit: {faults[0].message}",
            code="bad-path",
            faults=faults,
        )
