"""Digests of deposit files that are proven: hashed by us, and the file untouched since.

A digest is remembered with the signature that the file had; it counts for as long as the signature
stays the same. A file that changed within the last tenth of a second is hashed but not remembered,
since file systems do not tell two changes so close together apart; where a store gives it an ETag,
that tells them apart. What a store hashed itself as it came in need not be read again.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import BinaryIO

from strongroom.db import digests as digest_rows
from strongroom.errors import Fault, StrongroomError, Unprocessable
from strongroom.services.context import Context
from strongroom.storage.protocols import FileEntry, WorkArea

#: nanoseconds within which two changes of a file may look like one
BLUR = 100_000_000
CHUNK = 1 << 20
#: how often a file is looked at that others replace meanwhile
_LOOKS = 10
#: from this size on threads pay (bytes)
LARGE = 4 << 20
#: files under way at once: of a disk, and of a place that each look is a journey to
_WORKERS, _REMOTE_WORKERS = 2, 16


def known(ctx: Context, deposit: str, entries: Mapping[str, FileEntry]) -> dict[str, str]:
    """Path → SHA-256 of all files whose remembered digest still counts."""
    with ctx.db.read() as c:
        remembered = digest_rows.known(c, deposit)
    return {
        path: digest
        for path, (signature, digest) in remembered.items()
        if path in entries and entries[path].signature == signature
    }


def known_one(ctx: Context, deposit: str, entry: FileEntry) -> str | None:
    """The remembered SHA-256 of one file, if it still counts."""
    with ctx.db.read() as c:
        remembered = digest_rows.known_one(c, deposit, entry.path)
    if remembered is None or remembered[0] != entry.signature:
        return None
    return remembered[1]


def settled(ctx: Context, deposit: str, area: WorkArea, path: str) -> str | None:
    """SHA-256 of one file as it is now; None if it is not there.

    Looks again where somebody has just put another file in its place. Unprocessable if it cannot
    be read, or is written to all the time.
    """
    faults: list[Fault] = []
    for _ in range(_LOOKS):
        entry = area.entry(path)
        if entry is None:
            return None
        remembered = known_one(ctx, deposit, entry)
        if remembered is not None:
            return remembered
        found, faults = prove(ctx, deposit, area, [entry])
        if path in found:
            return found[path]
        if faults[0].code not in ("changed-file", "missing-file"):
            break
    raise Unprocessable(faults[0].message, code=faults[0].code, faults=faults)


def prove(
    ctx: Context, deposit: str, area: WorkArea, entries: Iterable[FileEntry]
) -> tuple[dict[str, str], list[Fault]]:
    """Hash files; path → SHA-256, and a fault for each that could not be read.

    Of ``entries`` only the sizes matter; what counts is the file as it is opened. Where its store
    vouches for a digest, that is taken instead.
    """
    entries = list(entries)
    found = vouched(ctx, deposit, area, entries)
    faults: list[Fault] = []
    to_remember: list[tuple[str, str, str]] = []
    large: list[str] = []
    small: list[str] = []
    for entry in entries:
        if entry.path not in found:
            aside = entry.size >= LARGE or area.remote
            (large if aside else small).append(entry.path)

    def one(path: str) -> tuple[str, str, FileEntry, bool] | list[Fault]:
        return _hash(area, path)

    with ThreadPoolExecutor(_REMOTE_WORKERS if area.remote else _WORKERS) as pool:
        results = [*pool.map(one, large), *map(one, small)]
    for result in results:
        if isinstance(result, list):
            faults += result
            continue
        path, digest, entry, settled = result
        found[path] = digest
        if settled:
            to_remember.append((path, entry.signature, digest))
    if to_remember:
        with ctx.db.write() as c:
            digest_rows.remember(c, deposit, to_remember)
    return found, faults


def vouched(
    ctx: Context, deposit: str, area: WorkArea, entries: Iterable[FileEntry]
) -> dict[str, str]:
    """Path → SHA-256 of files whose store took it as they came in; it is asked for each.

    Files of which the listing says that the store did not are not asked for.
    """
    wanted = [entry.path for entry in entries if entry.vouched is not False]
    if not (area.remote and wanted):
        return {}
    return remember(ctx, deposit, area.look(wanted))


def remember(ctx: Context, deposit: str, entries: Iterable[FileEntry]) -> dict[str, str]:
    """Path → SHA-256 of those that know it, which is remembered."""
    known = [(e.path, e.signature, e.sha256) for e in entries if e.sha256 is not None]
    if known:
        with ctx.db.write() as c:
            digest_rows.remember(c, deposit, known)
    return {path: digest for path, _, digest in known}


def digest_of(stream: BinaryIO) -> str:
    """SHA-256 of all that is left in a stream."""
    digest = hashlib.sha256()
    while chunk := stream.read(CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def _hash(area: WorkArea, path: str) -> tuple[str, str, FileEntry, bool] | list[Fault]:
    try:
        with area.open(path) as file:
            started = time.time_ns()
            digest = digest_of(file.stream)
            if not file.unchanged():
                return [
                    Fault(
                        code="changed-file",
                        message="The file was changed while it was read; try again",
                        path=path,
                    )
                ]
            settled = file.entry.etag is not None or file.entry.changed_ns < started - BLUR
            return path, digest, file.entry, settled
    except StrongroomError as error:
        if error.faults:
            return list(error.faults)
        return [Fault(code=error.problem, message=error.message, path=path)]
    except OSError as error:
        return [
            Fault(
                code="unreadable-file",
                message=f"The file cannot be read: {error.strerror}",
                path=path,
            )
        ]
