"""Where a deposit and its METS say different things of one file: each with both values.

To what tools say (:mod:`strongroom.domain.mismatch`) it adds what the bytes themselves say, their
digest and their size. Nothing is decided here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from strongroom.domain import merging, mismatch
from strongroom.domain.findings import Finding
from strongroom.domain.mismatch import Mismatch
from strongroom.domain.workspace import WorkFile
from strongroom.errors import Fault

DIGEST = "DigestMetadata"
#: who says what the bytes say
BYTES = "the file"


def with_mets(
    file: WorkFile,
    findings: Sequence[Finding],
    *,
    content_type: str | None,
    mets_path: str | None,
) -> list[Mismatch]:
    """All differences for a file that is on both sides; none for any other, nor for METS itself."""
    described = file.described
    if described is None or file.origin is None or file.path == mets_path:
        return []
    return [
        *_bytes(file),
        *mismatch.compare(
            file.path, findings, described, content_type=content_type, mets_path=mets_path
        ),
    ]


def _bytes(file: WorkFile) -> Iterator[Mismatch]:
    described = file.described
    if described is None:
        return
    stated = described.digest
    for digest in dict.fromkeys((file.proven, file.bagged)):
        if stated is not None and digest not in (None, stated):
            yield Mismatch(metadata_type=DIGEST, field="Digest", in_deposit=digest, in_mets=stated)
    if described.size is not None and file.size is not None and file.size != described.size:
        yield Mismatch(
            metadata_type=DIGEST,
            field="Size",
            in_deposit=str(file.size),
            in_mets=str(described.size),
        )


def within(file: WorkFile, findings: Sequence[Finding]) -> list[Fault]:
    """What sources in the deposit contradict each other in: formats, and digests.

    A manifest counts as a source, and so do the bytes where they were hashed.
    """
    if file.origin is None:
        return []
    stated = [(BYTES, file.proven)]
    return [
        *merging.digest_of(file.path, findings, stated=stated).faults,
        *merging.best_format(file.path, findings).faults,
    ]
