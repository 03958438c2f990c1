"""Bags a deposit in BagIt layout anew, once tools have changed what lies in it (RFC 8493).

Digests are those of the bytes as they are. What depositors wrote into ``bag-info.txt`` stays.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from datetime import datetime

from strongroom.bagit import manifest
from strongroom.db import digests as digest_rows
from strongroom.domain.deposits import Deposit, Layout
from strongroom.domain.workspace import PAYLOAD
from strongroom.errors import Fault
from strongroom.services import proofs, workspaces
from strongroom.services.bags import DECLARATION, TAG_MANIFEST
from strongroom.services.context import Context
from strongroom.storage.protocols import FileEntry, WorkArea

INFO = "bag-info.txt"
_OTHER = re.compile(r"(tag)?manifest-(?!sha256\.)[a-z0-9]+\.txt")
#: elements of ``bag-info.txt`` that are told anew
_OURS = ("Bagging-Date", "Payload-Oxum", "Bag-Software-Agent")


def bag_again(ctx: Context, deposit: Deposit) -> tuple[list[Fault], list[Fault]]:
    """Write declaration, information and manifests for what lies in ``data/`` now.

    What went wrong, and what is worth knowing. Nothing is done for a deposit in another layout, nor
    where manifests of other algorithms would become untrue.
    """
    loaded = workspaces.load(ctx, deposit, None)
    if loaded.layout is not Layout.BAGIT:
        return [], []
    others = sorted(path for path in loaded.origins if _OTHER.fullmatch(path))
    if others:
        return [], [
            Fault(
                code="not-bagged",
                message="The bag has manifests of other algorithms and was not bagged anew; its "
                "manifests do not list what the tools have found.",
                path=others[0],
            )
        ]
    area = ctx.areas.area(deposit.id)
    payload = {p: e for p, e in loaded.origins.items() if p.startswith(PAYLOAD + "/")}
    digests = proofs.known(ctx, deposit.id, payload)
    unknown = [entry for path, entry in payload.items() if path not in digests]
    proven, faults = proofs.prove(ctx, deposit.id, area, unknown)
    if faults:
        return faults, []
    digests |= proven
    texts = {
        DECLARATION: b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n",
        INFO: _info(area, loaded.origins, payload.values(), ctx.clock()),
        manifest.MANIFEST: _manifest(digests),
    }
    tags = {path: hashlib.sha256(text).hexdigest() for path, text in texts.items()}
    written = [_write(area, path, text) for path, text in texts.items()]
    written.append(_write(area, TAG_MANIFEST, _manifest(tags)))
    with ctx.db.write() as c:
        digest_rows.remember(c, deposit.id, written)
    return [], []


def _manifest(digests: Mapping[str, str]) -> bytes:
    """Path → digest as the lines of a manifest; what would end a line is escaped."""
    escapes = str.maketrans({"%": "%25", "\n": "%0A", "\r": "%0D"})
    return "".join(
        f"{digest}  {path.translate(escapes)}\n" for path, digest in sorted(digests.items())
    ).encode()


def _info(
    area: WorkArea, there: Mapping[str, FileEntry], payload: Iterable[FileEntry], now: datetime
) -> bytes:
    """What ``bag-info.txt`` says, with our elements brought up to date."""
    old: list[str] = []
    if INFO in there:
        text = area.read_start(INFO, there[INFO].size).decode("utf-8-sig", "replace")
        ours = False
        for line in text.splitlines():
            # a line that begins with white space belongs to the element before it
            ours = ours if line[:1] in (" ", "\t") else line.startswith(_OURS)
            if line and not ours:
                old.append(line)
    sizes = [entry.size for entry in payload]
    new = [
        f"Bagging-Date: {now.date().isoformat()}",
        f"Payload-Oxum: {sum(sizes)}.{len(sizes)}",
        "Bag-Software-Agent: Strongroom",
    ]
    return "".join(f"{line}\n" for line in (*old, *new)).encode()


def _write(area: WorkArea, path: str, text: bytes) -> tuple[str, str, str]:
    """Put a tag file in its place; its path, signature and digest."""
    upload = area.upload(path)
    try:
        upload.write(text)
        entry, digest = upload.finish()
    except BaseException:
        upload.abort()
        raise
    return path, entry.signature, digest
