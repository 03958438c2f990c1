"""What tools and METS say of a deposit's files, and what of it METS is to be told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from strongroom.domain import viruses
from strongroom.domain.description import DescribedFile
from strongroom.domain.findings import ExifFinding, Finding, FormatFinding, VirusFinding
from strongroom.domain.paths import MemberPath
from strongroom.domain.viruses import InfectedFile
from strongroom.domain.workspace import WorkFile
from strongroom.errors import Fault
from strongroom.services import workspaces
from strongroom.services.context import Context


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    findings: Mapping[str, tuple[Finding, ...]] = field(default_factory=dict)
    warnings: tuple[Fault, ...] = ()


def of_deposit(ctx: Context, deposit: str, loaded: workspaces.Loaded) -> Outputs:
    """What the outputs of tools in a deposit say, by member path."""
    return Outputs()


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
    return viruses.infected(described, of_deposit(ctx, deposit, loaded).findings)


def to_describe(
    file: WorkFile, found: tuple[Finding, ...], loaded: workspaces.Loaded
) -> tuple[DescribedFile, list[Fault]]:
    """A file as METS is to describe it from now on, and what its sources disagree about."""
    formats = [finding for finding in found if isinstance(finding, FormatFinding)]
    best = formats[0] if formats else None
    return DescribedFile(
        path=file.path,
        digest=file.proven,
        size=file.size,
        content_type=loaded.types.get(file.path),
        pronom_key=best.pronom_key if best else None,
        format_name=best.format_name if best else None,
        virus=next((f for f in found if isinstance(f, VirusFinding)), None),
        exif=next((f for f in found if isinstance(f, ExifFinding)), None),
    ), []
