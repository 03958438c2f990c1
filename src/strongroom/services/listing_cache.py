"""The tree of a deposit's files that is kept in the deposit, as ``__METSlike.json``.

Programs that look into working areas read it there; over HTTP it only saves time. It counts while
it is the file that was written here, and tells the same state of files, digests and deposit that is
found now; so an old one is never shown. Contract http-api.md 14.2.
"""

from __future__ import annotations

import hashlib
import io
import logging
import re
from collections.abc import Iterator, Mapping
from typing import cast

from strongroom.db import digests as digest_rows
from strongroom.db import jobs as job_rows
from strongroom.domain.deposits import Deposit, DepositStatus
from strongroom.domain.file_view import WorkingTree
from strongroom.domain.paths import LISTING_CACHE
from strongroom.domain.times import iso
from strongroom.errors import NotFound, StrongroomError
from strongroom.services import proofs
from strongroom.services.context import Context
from strongroom.storage.protocols import FileEntry, Listing, OpenFile
from strongroom.wire import render_working

log = logging.getLogger(__name__)

#: tells trees that this program writes from those of earlier ones; raised when they would differ
_FORM = 1
#: bytes in which the fingerprint of a tree is found
_START = 4096
#: bytes that are read of a tree at once
_BUFFER = 1 << 18
_FINGERPRINT = re.compile(rb'\A\{"type":"WorkingDirectory"[^{\[]*"fingerprint":"([0-9a-f]{64})"')


def fingerprint(ctx: Context, deposit: Deposit, listing: Listing, proven: Mapping[str, str]) -> str:
    """Tells one state of a deposit's files, and of what is known of them, from another."""
    state = hashlib.sha256()

    def add(*parts: str) -> None:
        state.update(("\0".join(parts) + "\0\0").encode("utf-8", "surrogatepass"))

    add(str(_FORM), ctx.roots.public, deposit.layout, iso(deposit.modified))
    for entry in listing.files:
        if entry.path != LISTING_CACHE:
            add("file", entry.path, entry.signature, proven.get(entry.path, ""))
    for path in listing.folders:
        add("folder", path)
    for fault in listing.refused:
        add("refused", fault.code, fault.path or "")
    return state.hexdigest()


def fresh(ctx: Context, deposit: Deposit) -> Iterator[bytes] | None:
    """The tree that is kept, as HTTP knows it; None if it has to be made anew."""
    area = ctx.areas.area(deposit.id)
    if area.entry(LISTING_CACHE) is None:
        return None
    listing = area.listing()
    by_path = {entry.path: entry for entry in listing.files}
    kept = by_path.get(LISTING_CACHE)
    proven = proofs.known(ctx, deposit.id, by_path)
    if kept is None or LISTING_CACHE not in proven:
        return None
    found = _FINGERPRINT.match(area.read_start(LISTING_CACHE, _START))
    if found is None or found[1].decode() != fingerprint(ctx, deposit, listing, proven):
        return None
    return read(ctx, deposit, kept)


def store(ctx: Context, deposit: Deposit, tree: WorkingTree, started_ns: int) -> FileEntry | None:
    """Keep a tree of files that were listed at ``started_ns``; None if it is not kept.

    Nothing is written while files of the deposit are on their way. Where the place refuses, the
    tree can be shown all the same, and the log tells why it is not kept.
    """
    if _is_busy(ctx, deposit):
        return None
    area = ctx.areas.area(deposit.id)
    try:
        upload = area.upload(LISTING_CACHE, content_type="application/json")
        try:
            for chunk in render_working.in_chunks(render_working.stored_tree(tree)):
                upload.write(chunk)
            entry, digest = upload.finish()
        except BaseException:
            upload.abort()
            raise
        if area.remote or tree.latest_ns < started_ns - proofs.BLUR:
            # a file that changes within the blur might look the same afterwards, on a disk
            with ctx.db.write() as c:
                digest_rows.remember(c, deposit.id, [(entry.path, entry.signature, digest)])
        return entry
    except (StrongroomError, OSError) as error:
        log.warning("the tree of deposit %s is not kept: %s", deposit.id, error)
        return None


def _is_busy(ctx: Context, deposit: Deposit) -> bool:
    if deposit.status is DepositStatus.EXPORTING:
        return True
    with ctx.db.read() as c:
        return bool(job_rows.unfinished(c, deposit.id))


def read(ctx: Context, deposit: Deposit, entry: FileEntry) -> Iterator[bytes] | None:
    """The tree that is kept in this file, as HTTP knows it; None if another took its place."""
    try:
        file = ctx.areas.area(deposit.id).open(entry.path)
    except NotFound:
        return None
    if file.entry.signature != entry.signature:
        file.close()
        return None
    return _served(file)


def _served(file: OpenFile) -> Iterator[bytes]:
    with file, io.BufferedReader(cast(io.RawIOBase, file.stream), _BUFFER) as lines:
        yield from render_working.in_chunks(render_working.served(lines))
