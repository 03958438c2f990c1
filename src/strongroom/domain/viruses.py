"""Files in which a virus was found, and what that means for an import job.

Who found it is METS or a scanner; here it is only told which files a job would bring in.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from strongroom.domain.findings import Finding, VirusFinding
from strongroom.domain.importjob import ImportJob
from strongroom.domain.paths import MemberPath
from strongroom.domain.workspace import PAYLOAD
from strongroom.errors import Fault, Unprocessable

#: the source of what METS says, whichever scanner METS names
METS = "METS"


@dataclass(frozen=True, slots=True, kw_only=True)
class InfectedFile:
    """A file in which a virus was found."""

    path: MemberPath
    #: the virus, as the scanner names it; None where it has no name
    signature: str | None
    #: who says so: ``METS``, or the scanner
    source: str


def infected(
    described: Mapping[MemberPath, VirusFinding | None],
    findings: Mapping[str, Iterable[Finding]],
) -> dict[MemberPath, InfectedFile]:
    """All files of which METS or a scanner says that they hold a virus; one voice is enough."""
    found: dict[MemberPath, InfectedFile] = {}
    for path, several in findings.items():
        for finding in several:
            if isinstance(finding, VirusFinding) and finding.has_virus:
                found.setdefault(MemberPath(path), _file(path, finding, finding.source))
    for path, virus in described.items():
        if virus is not None and virus.has_virus:
            found.setdefault(path, _file(path, virus, METS))
    return found


def _file(path: str, finding: VirusFinding, source: str) -> InfectedFile:
    return InfectedFile(path=MemberPath(path), signature=finding.found, source=source)


def brought_in(job: ImportJob, known: Mapping[MemberPath, InfectedFile]) -> list[InfectedFile]:
    """The infected files that a job would add or put in the place of others, by path.

    A file counts by where it lies in the deposit, and by what it is to become.
    """
    found = {}
    for item in (*job.binaries_to_add, *job.binaries_to_patch):
        origin = (item.origin or "").removeprefix(PAYLOAD + "/")
        for path in (item.path, item.origin or origin, origin):
            hit = known.get(MemberPath(path))
            if hit is not None and item.path not in found:
                found[item.path] = InfectedFile(
                    path=item.path, signature=hit.signature, source=hit.source
                )
    return [found[path] for path in sorted(found)]


def refuse(infected_files: Iterable[InfectedFile], allowed: Collection[str]) -> None:
    """Unprocessable (``infected-file``), naming each file that is not allowed by name."""
    names = {name.removeprefix(PAYLOAD + "/") for name in allowed} | set(allowed)
    faults = [
        Fault(
            code="infected-file",
            message=f"A virus was found in this file ({file.source}). Take it out of the deposit, "
            "or name it in allowInfected of the import job",
            path=file.path,
            found=file.signature or "a virus without a name",
        )
        for file in infected_files
        if file.path not in names
    ]
    if faults:
        more = "" if len(faults) == 1 else f" {len(faults) - 1} more are listed in errors."
        raise Unprocessable(
            f"The import would bring a virus in: {faults[0].path} ({faults[0].found}). Take the "
            f"file out of the deposit, or name it in allowInfected of the import job.{more}",
            code="infected-file",
            faults=faults,
        )
