"""What the outputs of tools and METS say of a deposit's files, and what METS is to be told."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import BinaryIO

from strongroom.domain import merging, viruses
from strongroom.domain.description import DescribedFile
from strongroom.domain.disagreements import BYTES
from strongroom.domain.findings import Finding, FormatFinding
from strongroom.domain.paths import MemberPath
from strongroom.domain.viruses import InfectedFile
from strongroom.domain.workspace import WorkFile
from strongroom.errors import Fault, StrongroomError
from strongroom.services import workspaces
from strongroom.services.context import Context
from strongroom.services.tag_shelf import TagShelf
from strongroom.storage.protocols import FileEntry
from strongroom.tools import outputs
from strongroom.tools.outputs import Outputs

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: outputs of which a search for viruses has no need; they can be large
_NOT_OF_VIRUSES = (outputs.SIEGFRIED, outputs.BRUNNHILDE, outputs.EXIF)


def of_deposit(
    ctx: Context,
    deposit: str,
    entries: Mapping[MemberPath, FileEntry],
    paths: Collection[str] | None = None,
    *,
    unread: list[Fault] | None = None,
) -> Outputs:
    """What the outputs of tools in a deposit say, by member path.

    Of outputs only those among ``paths`` are read; without ``paths``, all. One that cannot be read
    is an error, unless there is a list of what is ``unread`` to put it in.
    """
    area = ctx.areas.area(deposit)

    def open_file(path: str) -> BinaryIO | None:
        try:
            return area.open(entries[MemberPath(path)].path).stream
        except StrongroomError as error:
            if unread is None:
                raise
            unread.append(Fault(code=error.problem, message=error.message, path=path))
            return None

    def modified(path: str) -> datetime:
        return moment(entries[MemberPath(path)].changed_ns)

    return outputs.read_all(
        open_file,
        entries if paths is None else paths,
        modified,
        keep_tags=TagShelf(ctx.scratch).keep,
    )


def moment(nanoseconds: int) -> datetime:
    """The moment so many nanoseconds after 1970, to the microsecond."""
    return EPOCH + timedelta(microseconds=nanoseconds // 1000)


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
    return viruses.infected(described, of_deposit(ctx, deposit, loaded.entries, read).findings)


def conflicts(file: WorkFile, found: Sequence[Finding]) -> tuple[Fault, ...]:
    """What sources say of the digest of a file, where they do not agree with each other.

    The bytes themselves are a source, and so is a manifest that is not older than the file.
    """
    stated = [(BYTES, file.proven), ("BagIt", file.bagged)]
    return merging.digest_of(file.path, found, stated=stated).faults


def to_describe(
    file: WorkFile, found: Sequence[Finding], guessed: str | None
) -> tuple[DescribedFile, list[Fault]]:
    """A file as METS is to describe it from now on, and what of the findings cannot be used.

    ``guessed`` is the content type that its name stands for. What a tool says of other bytes does
    not count, and where tools name different formats none is told.
    """
    others = [
        finding
        for finding in found
        if isinstance(finding, FormatFinding) and finding.digest not in (None, file.proven)
    ]
    counting = [finding for finding in found if finding not in others]
    best, doubts = merging.best_format(file.path, counting)
    stated = file.described.content_type if file.described else None
    # what a tool has seen goes before what is stated, and a mere name goes before nothing
    kind = merging.best_content_type(merging.told_types(counting)) or (None if stated else guessed)
    described = DescribedFile(
        path=file.path,
        digest=file.proven,
        size=file.size,
        content_type=kind,
        pronom_key=best.pronom_key if best else None,
        format_name=best.format_name if best else None,
        # one voice is enough
        virus=merging.virus_scan(found),
        exif=merging.properties(found),
    )
    return described, [*(_other_bytes(file, finding) for finding in others), *doubts]


def _other_bytes(file: WorkFile, finding: FormatFinding) -> Fault:
    return Fault(
        code="digest-mismatch",
        message=f"{finding.source} looked at other bytes than lie there now; run the tools again.",
        path=file.path,
        expected=file.proven,
        found=finding.digest,
    )
