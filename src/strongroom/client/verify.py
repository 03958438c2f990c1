"""Holding what is preserved against what is local, file by file.

It compares names, sizes and digests that others have read, and names every difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from strongroom.client.digests import Digest
from strongroom.client.errors import VerificationFailed
from strongroom.errors import Fault
from strongroom.wire.resources import Binary


def differences(local: Mapping[str, Digest], preserved: Mapping[str, Binary]) -> Iterator[Fault]:
    """Everything that is missing, extra, of another size or another digest; by path."""
    for path in sorted(local.keys() | preserved.keys()):
        here, there = local.get(path), preserved.get(path)
        if there is None:
            yield Fault(code="missing", message="Not in the Archival Group.", path=path)
        elif here is None:
            yield Fault(code="extra", message="In the Archival Group, not here.", path=path)
        elif there.digest != here.sha256:
            yield Fault(
                code="digest-mismatch",
                message="The SHA-256 differs.",
                path=path,
                expected=here.sha256,
                found=there.digest,
            )
        elif there.size != here.size:
            yield Fault(
                code="size-mismatch",
                message="The size differs.",
                path=path,
                expected=f"{here.size} bytes",
                found=f"{there.size} bytes",
            )


def require_equal(
    local: Mapping[str, Digest], preserved: Mapping[str, Binary], *, what: str
) -> None:
    """Raise VerificationFailed naming every difference, if there is one."""
    faults = list(differences(local, preserved))
    if faults:
        count = len(faults)
        raise VerificationFailed(
            f"{what} is not what lies in the folder: {count} "
            f"{'file differs' if count == 1 else 'files differ'}. "
            "The folder was left alone; compare the files named before you delete anything.",
            faults=faults,
        )
