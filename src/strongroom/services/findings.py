"""What the outputs of tools and METS say of a deposit's files, and what METS is to be told."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from typing import BinaryIO

from strongroom.domain import viruses
from strongroom.domain.description import DescribedFile
from strongroom.domain.findings import ExifFinding, Finding, FormatFinding, VirusFinding
from strongroom.domain.paths import MemberPath
from strongroom.domain.viruses import InfectedFile
from strongroom.domain.workspace import WorkFile
from strongroom.errors import Fault
from strongroom.services import workspaces
from strongroom.services.context import Context
from strongroom.tools import outputs
from strongroom.tools.outputs import Outputs

#: content types that say nothing. Source: contract mets.md 4.9
_GENERIC = frozenset(
    {"application/octet-stream", "binary/octet-stream", "application/x-www-form-urlencoded"}
)
#: outputs of which a search for viruses has no need; they can be large
_NOT_OF_VIRUSES = (outputs.SIEGFRIED, outputs.BRUNNHILDE, outputs.EXIF)


def of_deposit(
    ctx: Context,
    deposit: str,
    loaded: workspaces.Loaded,
    paths: Collection[str] | None = None,
) -> Outputs:
    """What the outputs of tools in a deposit say, by member path.

    Of outputs only those among ``paths`` are read; without ``paths``, all.
    """
    area = ctx.areas.area(deposit)

    def open_file(path: str) -> BinaryIO:
        return area.open(loaded.entries[MemberPath(path)].path).stream

    def modified(path: str) -> datetime:
        changed = loaded.entries[MemberPath(path)].changed_ns
        return datetime.fromtimestamp(changed / 1e9, UTC)

    return outputs.read_all(open_file, loaded.entries if paths is None else paths, modified)


def infected(
    ctx: Context, deposit: str, loaded: workspaces.Loaded | None
) -> Mapping[MemberPath, InfectedFile]:
    """The files of a deposit in which METS or a scanner says that a virus was found."""
    if loaded is None:
        return {}
    described = {
        path: file.described.virus
        for path, file in loaded.workspace.files.items()
        if file.described
    }
    read = {path for path in loaded.entries if not path.startswith(_NOT_OF_VIRUSES)}
    return viruses.infected(described, of_deposit(ctx, deposit, loaded, read).findings)


def to_describe(
    file: WorkFile, found: Iterable[Finding], guessed: str | None
) -> tuple[DescribedFile, list[Fault]]:
    """A file as METS is to describe it from now on, and what of the findings cannot be used.

    ``guessed`` is a content type for want of a better one. What a tool says of other bytes does not
    count, and where tools name different formats none is told.
    """
    faults: list[Fault] = []
    formats: list[FormatFinding] = []
    scans: list[VirusFinding] = []
    exif: ExifFinding | None = None
    for finding in found:
        if isinstance(finding, FormatFinding):
            if finding.digest not in (None, file.proven):
                faults.append(_other_bytes(file, finding))
            else:
                formats.append(finding)
        elif isinstance(finding, VirusFinding):
            scans.append(finding)
        elif isinstance(finding, ExifFinding):
            exif = exif or finding
    keys = {finding.pronom_key for finding in formats if finding.pronom_key}
    if len(keys) > 1:
        faults.append(
            Fault(
                code="several-formats",
                message="Tools name different formats, so METS is told none.",
                path=file.path,
                found=", ".join(f"{f.source}: {f.pronom_key}" for f in formats),
            )
        )
        formats = []
    best = formats[0] if formats else None
    stated = file.described.content_type if file.described else None
    types = [f.content_type for f in formats if f.content_type not in (None, *_GENERIC)]
    described = DescribedFile(
        path=file.path,
        digest=file.proven,
        size=file.size,
        content_type=next(iter(types), None) or (None if stated else guessed),
        pronom_key=best.pronom_key if best else None,
        format_name=best.format_name if best else None,
        # one voice is enough
        virus=next((s for s in scans if s.has_virus), scans[0] if scans else None),
        exif=exif,
    )
    return described, faults


def _other_bytes(file: WorkFile, finding: FormatFinding) -> Fault:
    return Fault(
        code="digest-mismatch",
        message=f"{finding.source} looked at other bytes than lie there now; run the tools again.",
        path=file.path,
        expected=file.proven,
        found=finding.digest,
    )
