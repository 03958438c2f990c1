"""Trees of a deposit's files written as JSON, piece by piece: never is a whole tree in memory.

Each file, and each end of a folder, is a line of its own. The form of files in deposits differs
from that of HTTP in two names and in what is not ASCII; :func:`served` turns the one into the
other. Contract http-api.md 1.1, 14.1, 14.2, 14.7.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

import msgspec

from strongroom.domain import merging
from strongroom.domain.file_view import (
    Children,
    CombinedFile,
    CombinedTree,
    ShownFile,
    ShownFolder,
    WorkingTree,
)
from strongroom.domain.findings import (
    DigestFinding,
    ExifFinding,
    Finding,
    FormatFinding,
    OutputFinding,
    StorageFinding,
    VirusFinding,
)
from strongroom.domain.mismatch import Mismatch
from strongroom.domain.paths import quote_path
from strongroom.domain.times import iso
from strongroom.errors import Fault
from strongroom.wire import working as wire
from strongroom.wire.base import UNSET, UnsetType
from strongroom.wire.problems import ProblemFault

#: the moment of what nobody knows the moment of
NEVER = "0001-01-01T00:00:00"

_encode = msgspec.json.Encoder().encode
#: what no ASCII is, in the JSON of files
_OTHER = re.compile(r"[^\x00-\x7f]")
#: an escape in a JSON text: a character by its number (twice, for those beyond U+FFFF), or another
_ESCAPE = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\."
)


#: bytes that are sent or written at once
_CHUNK = 1 << 17


def in_chunks(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in fewer and larger pieces."""
    waiting = bytearray()
    for piece in pieces:
        waiting += piece
        if len(waiting) >= _CHUNK:
            yield bytes(waiting)
            waiting.clear()
    if waiting:
        yield bytes(waiting)


# -------------------------------------------------------------------------------- working trees


def working_tree(tree: WorkingTree) -> Iterator[bytes]:
    """The tree as HTTP knows it, root first."""
    return _working(tree, stored=False)


def stored_tree(tree: WorkingTree) -> Iterator[bytes]:
    """The tree as it lies in deposits; read it line by line."""
    for piece in _working(tree, stored=True):
        yield piece if piece.isascii() else _OTHER.sub(_escaped, piece.decode()).encode()


def served(lines: Iterable[bytes]) -> Iterator[bytes]:
    """What :func:`stored_tree` wrote, as :func:`working_tree` writes it."""
    for line in lines:
        # within a text the quotes would be escaped, so this can only be a name
        line = line.replace(b'"ContentType":', b'"contentType":')
        line = line.replace(b'"Content":', b'"content":')
        yield _ESCAPE.sub(_unescaped, line) if rb"\u" in line else line


def _escaped(match: re.Match[str]) -> str:
    units = match.group().encode("utf-16-be")
    return "".join(f"\\u{units[i : i + 2].hex()}" for i in range(0, len(units), 2))


def _unescaped(match: re.Match[bytes]) -> bytes:
    text = match.group()
    if not text.startswith(rb"\u"):
        return text
    units = bytes.fromhex(text.replace(rb"\u", b"").decode())
    # control characters stay escaped, as JSON wants them
    return text if units < b"\x00\x80" else units.decode("utf-16-be").encode()


def _working(tree: WorkingTree, *, stored: bool) -> Iterator[bytes]:
    metadata = _Metadata(tree.content, stored=stored)

    def folder(path: str) -> tuple[bytes, bytes, bytes]:
        shape = _directory(tree.folder(path))
        if path == "":
            shape.fingerprint = tree.fingerprint
            if tree.warnings:
                shape.warnings = faults(tree.warnings)
        head, _, rest = _encode(shape).partition(b'"files":[]')
        between, _, tail = rest.partition(b'"directories":[]')
        return head + b'"files":[', b"]" + between + b'"directories":[', b"]" + tail

    def file(path: str) -> bytes:
        return _encode(_file(tree.file(path), metadata))

    return _nested(tree.children, "", folder, file)


def _nested(
    children: Mapping[str, Children],
    root: str,
    folder: Callable[[str], tuple[bytes, bytes, bytes]],
    file: Callable[[str], bytes],
) -> Iterator[bytes]:
    """Folders within one another, however deep: the files of each come before its folders.

    ``folder`` gives what stands before its files, between them and its folders, and at its end.
    """
    #: of each folder that is open: its end, and the folders in it that are still to come
    opened: list[tuple[bytes, Iterator[str]]] = []
    comma = b""
    path: str | None = root
    while True:
        if path is not None:
            before, between, end = folder(path)
            yield comma + before
            comma = b""
            for each in children[path].files:
                yield comma + file(each) + b"\n"
                comma = b","
            yield between
            comma = b""
            opened.append((end, iter(children[path].folders)))
        path = next(opened[-1][1], None)
        if path is None:
            end, _ = opened.pop()
            yield end + b"\n"
            if not opened:
                return
            comma = b","


# ------------------------------------------------------------------------------- combined trees


def combined_tree(tree: CombinedTree) -> Iterator[bytes]:
    """The deposit beside its METS, nested; what a folder holds is told once."""
    metadata = _Metadata(tree.content, stored=False)

    def folder(path: str) -> tuple[bytes, bytes, bytes]:
        value = tree.folder(path)
        shape = wire.CombinedDirectory(
            local_path=value.path,
            name=value.name,
            directory_in_deposit=None if value.deposit is None else _directory(value.deposit),
            directory_in_mets=None if value.mets is None else _directory(value.mets),
            files=[],
            directories=[],
            whereabouts=value.where,
        )
        head, _, tail = _encode(shape).rpartition(b'"files":[],"directories":[]')
        return head + b'"files":[', b'],"directories":[', b"]" + tail

    def file(path: str) -> bytes:
        return _encode(_combined_file(tree.file(path), metadata))

    return _nested(tree.children, tree.root, folder, file)


def combined_items(tree: CombinedTree) -> Iterator[bytes]:
    """The same as a flat list, sorted by path."""
    comma = b'{"items":[\n'
    for path, is_folder in tree.paths():
        if is_folder:
            item = wire.CombinedItem(
                path=path, is_dir=True, where=tree.folder(path).where.word, mismatches=[]
            )
        else:
            value = tree.file(path)
            item = wire.CombinedItem(
                path=path,
                is_dir=False,
                where=value.where.word,
                mismatches=_mismatches(value.mismatches),
                doubts=faults(value.doubts) if value.doubts else UNSET,
            )
        yield comma + _encode(item) + b"\n"
        comma = b","
    if comma != b",":
        yield comma
    yield b'],"warnings":' + _encode(faults(tree.warnings)) + b"}\n"


def _combined_file(value: CombinedFile, metadata: _Metadata) -> wire.CombinedFile:
    ours, theirs = value.deposit, value.mets
    return wire.CombinedFile(
        local_path=value.path,
        file_in_deposit=None if ours is None else _file(ours, metadata),
        file_in_mets=None if theirs is None else _file(theirs, metadata),
        mis_matches=_mismatches(value.mismatches),
        whereabouts=value.where,
        deposit_file_format_metadata=_best_format(value.path, ours),
        deposit_virus_scan_metadata=_scan(ours),
        deposit_exif_metadata=_tags(ours),
        mets_file_format_metadata=_best_format(value.path, theirs),
        mets_virus_scan_metadata=_scan(theirs),
        mets_exif_metadata=_tags(theirs),
    )


def _best_format(path: str, file: ShownFile | None) -> wire.FileFormatMetadata | None:
    if file is None:
        return None
    best = merging.best_format(
        path,
        file.findings,
        content_type=file.content_type,
        digest=file.digest,
        size=file.size,
        modified=file.modified,
    ).finding
    return None if best is None else _format(best)


def _scan(file: ShownFile | None) -> wire.VirusScanMetadata | None:
    found = merging.virus_scan(file.findings) if file else None
    return None if found is None else _virus(found)


def _tags(file: ShownFile | None) -> wire.ExifMetadata | None:
    found = merging.properties(file.findings) if file else None
    return None if found is None else _exif(found)


def _mismatches(found: Sequence[Mismatch]) -> list[wire.MisMatch]:
    return [
        wire.MisMatch(
            metadata_type=each.metadata_type,
            field=each.field,
            value_in_deposit=each.in_deposit,
            value_in_mets=each.in_mets,
        )
        for each in found
    ]


# ------------------------------------------------------------------------------ files and folders


def _file(file: ShownFile, metadata: _Metadata) -> wire.WorkingFile:
    return wire.WorkingFile(
        type="WorkingFile",
        local_path=file.path,
        name=file.name,
        modified=_moment(file.modified),
        access_restrictions=list(file.access.conditions),
        effective_access_restrictions=list(file.effective.conditions),
        rights_statement=file.access.rights,
        effective_rights_statement=file.effective.rights,
        content_type=file.content_type,
        digest=file.digest,
        size=file.size,
        mets_extensions=_extensions(file),
        metadata=metadata.items(file.findings),
    )


def _directory(folder: ShownFolder) -> wire.WorkingDirectory:
    return wire.WorkingDirectory(
        type="WorkingDirectory",
        local_path=folder.path,
        name=folder.name,
        modified=_moment(folder.modified),
        files=[],
        access_restrictions=list(folder.access.conditions),
        directories=[],
        effective_access_restrictions=list(folder.effective.conditions),
        rights_statement=folder.access.rights,
        effective_rights_statement=folder.effective.rights,
        mets_extensions=_extensions(folder),
    )


def _extensions(shown: ShownFile | ShownFolder) -> wire.MetsExtensions | UnsetType:
    if shown.div_id is None and shown.admin_id is None:
        return UNSET
    return wire.MetsExtensions(
        div_id=UNSET if shown.div_id is None else shown.div_id,
        adm_id=UNSET if shown.admin_id is None else shown.admin_id,
    )


def _moment(moment: datetime | None) -> str:
    return NEVER if moment is None else iso(moment)


def faults(found: Iterable[Fault]) -> list[ProblemFault]:
    return [
        ProblemFault(
            code=fault.code,
            message=fault.message,
            path=fault.path,
            expected=fault.expected,
            found=fault.found,
        )
        for fault in found
    ]


# ------------------------------------------------------------------------------------- metadata


class _Metadata:
    """Findings as items; where a report can be read, and in which form it is told."""

    def __init__(self, content: str, *, stored: bool) -> None:
        self._content = content
        self._output = wire.StoredToolOutput if stored else wire.ToolOutput

    def items(self, findings: Iterable[Finding]) -> list[wire.Metadata]:
        return [self._item(finding) for finding in findings]

    def _item(self, finding: Finding) -> wire.Metadata:
        when = _moment(finding.timestamp)
        match finding:
            case FormatFinding():
                return _format(finding)
            case VirusFinding():
                return _virus(finding)
            case ExifFinding():
                return _exif(finding)
            case DigestFinding():
                return wire.DigestMetadata(
                    source=finding.source, timestamp=when, digest=finding.digest
                )
            case StorageFinding():
                return wire.StorageMetadata(
                    source=finding.source,
                    timestamp=when,
                    original_name=finding.original_name,
                    storage_location=finding.storage_location,
                )
            case OutputFinding():
                return self._output(  # type: ignore[return-value]
                    source=finding.source,
                    timestamp=when,
                    content_type=finding.content_type,
                    content=self._content + quote_path(finding.path),
                )


def _format(finding: FormatFinding) -> wire.FileFormatMetadata:
    return wire.FileFormatMetadata(
        source=finding.source,
        timestamp=_moment(finding.timestamp),
        digest=finding.digest,
        size=finding.size,
        pronom_key=finding.pronom_key,
        format_name=finding.format_name,
        original_name=finding.original_name,
        storage_location=finding.storage_location,
        content_type=finding.content_type,
    )


def _virus(finding: VirusFinding) -> wire.VirusScanMetadata:
    return wire.VirusScanMetadata(
        source=finding.source,
        timestamp=_moment(finding.timestamp),
        has_virus=finding.has_virus,
        virus_found=finding.found or "",
        virus_definition=finding.definition,
    )


def _exif(finding: ExifFinding) -> wire.ExifMetadata:
    return wire.ExifMetadata(
        source=finding.source,
        timestamp=_moment(finding.timestamp),
        tags=[wire.ExifTag(tag_name=tag.name, tag_value=tag.value) for tag in finding.tags],
    )
