"""Small deposits with real bytes, and METS files as several producers write them.

An independent METS writer: strings and escaping only. Leaves copying to :mod:`support.workflow`.
"""

from __future__ import annotations

import hashlib
import struct
import unicodedata
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from xml.sax.saxutils import escape, quoteattr

NAMESPACES = (
    'xmlns:mets="http://www.loc.gov/METS/" xmlns:mods="http://www.loc.gov/mods/v3" '
    'xmlns:premis="http://www.loc.gov/premis/v3" xmlns:xlink="http://www.w3.org/1999/xlink" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
)

TYPES = {
    ".txt": "text/plain",
    ".xml": "application/xml",
    ".png": "image/png",
    ".tif": "image/tiff",
    ".jpg": "image/jpeg",
    ".jp2": "image/jp2",
    ".html": "text/html",
    ".pdf": "application/pdf",
}

#: names that software tends to trip over; all are legal in a file system and inside a group
AWKWARD_NAMES = (
    "with space.txt",
    "two  spaces.txt",
    "hash#tag.txt",
    "percent%41.txt",
    "100%.txt",
    "a%2Fb.txt",
    "plus+sign.txt",
    "am&per<sand>.txt",
    'quote\'s "double".txt',
    "question?mark=1.txt",
    "semi;colon:comma,.txt",
    "back\\slash.txt",
    "emoji 📚.txt",
    unicodedata.normalize("NFC", "café-nfc.txt"),
    unicodedata.normalize("NFD", "résumé-nfd.txt"),
    "日本語.txt",
    "UPPER.txt",
    "upper.txt",
    ".hidden",
    "trailing dot.",
    "con",
    "~tilde.txt",
    "[brackets]{braces}.txt",
)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One file as a METS describes it."""

    path: str
    digest: str | None
    size: int | None
    content_type: str | None = None
    #: display name; None writes no LABEL
    label: str | None = None


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def content_type(path: str) -> str:
    return TYPES.get(PurePosixPath(path).suffix.lower(), "application/octet-stream")


def page(number: int, *, width: int = 48, height: int = 64) -> bytes:
    """A real PNG image, different for each number."""
    rows = b"".join(
        b"\0" + bytes((x * 7 + y * 13 + number * 31 + number // 256) % 256 for x in range(width))
        for y in range(height)
    )

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    text = b"Comment\0page " + str(number).encode()
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"tEXt", text)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def book(pages: int = 3) -> dict[str, bytes]:
    """A small book: page images, a text for each, and one empty file."""
    files = {f"objects/page {n:04d}.png": page(n) for n in range(1, pages + 1)}
    files |= {f"objects/alto/{n:04d}.xml": f"<alto n='{n}'/>".encode() for n in range(1, pages + 1)}
    return files | {"metadata/empty.txt": b""}


def entries(
    files: Mapping[str, bytes],
    *,
    labels: Mapping[str, str] | None = None,
    digests: Mapping[str, str | None] | None = None,
    types: Mapping[str, str | None] | None = None,
) -> list[Entry]:
    """What a truthful METS says of these files, apart from what ``digests`` and ``types`` say."""
    return [
        Entry(
            path=path,
            digest=(digests or {}).get(path, sha256(data)),
            size=len(data),
            content_type=(types or {}).get(path, content_type(path)),
            label=(labels or {}).get(path),
        )
        for path, data in sorted(files.items())
    ]


def with_mets(
    files: Mapping[str, bytes],
    *,
    name: str = "mets.xml",
    title: str = "A sample",
    labels: Mapping[str, str] | None = None,
    folders: Mapping[str, str | None] | None = None,
) -> dict[str, bytes]:
    """The files with a plain METS of them."""
    mets = plain_mets(entries(files, labels=labels), title=title, folders=folders)
    return {**files, name: mets}


def parents(path: str) -> list[str]:
    """Every folder above this path, the outermost first."""
    parts = path.split("/")[:-1]
    return ["/".join(parts[: n + 1]) for n in range(len(parts))]


# --------------------------------------------------------------- a plain third-party METS


def plain_mets(
    files: Iterable[Entry],
    *,
    title: str = "A sample",
    agent: str = "Sample writer 1.0",
    folders: Mapping[str, str | None] | None = None,
) -> bytes:
    """A METS as a small, tidy application writes it; ``folders`` adds folders with their labels."""
    listed = list(files)
    labels: dict[str, str | None] = {
        folder: None for entry in listed for folder in parents(entry.path)
    }
    labels |= {parent: None for folder in folders or {} for parent in parents(folder)}
    labels |= folders or {}
    ids = {entry.path: f"f{n}" for n, entry in enumerate(listed)}
    folder_ids = {folder: f"d{n}" for n, folder in enumerate(sorted(labels))}
    amd = "".join(_amd(f"adm-{ids[entry.path]}", _premis(entry)) for entry in listed)
    amd += "".join(
        _amd(f"adm-{folder_ids[folder]}", _premis_folder(folder)) for folder in sorted(labels)
    )
    group = "".join(_file(entry, ids[entry.path]) for entry in listed)
    tree = _tree("", listed, labels, ids, folder_ids)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<mets:mets {NAMESPACES}>'
        f'<mets:metsHdr CREATEDATE="2024-05-01T10:00:00Z"><mets:agent ROLE="CREATOR" TYPE="OTHER" '
        f'OTHERTYPE="SOFTWARE"><mets:name>{escape(agent)}</mets:name></mets:agent></mets:metsHdr>'
        f'<mets:dmdSec ID="dmd-root"><mets:mdWrap MDTYPE="MODS"><mets:xmlData><mods:mods>'
        f"<mods:titleInfo><mods:title>{escape(title)}</mods:title></mods:titleInfo></mods:mods>"
        f"</mets:xmlData></mets:mdWrap></mets:dmdSec>{amd}"
        f'<mets:fileSec><mets:fileGrp USE="OBJECTS">{group}</mets:fileGrp></mets:fileSec>'
        f'<mets:structMap TYPE="PHYSICAL"><mets:div ID="root" DMDID="dmd-root" TYPE="Directory" '
        f'LABEL="__ROOT">{tree}</mets:div></mets:structMap></mets:mets>\n'
    ).encode()


def _tree(
    folder: str,
    listed: list[Entry],
    labels: Mapping[str, str | None],
    ids: Mapping[str, str],
    folder_ids: Mapping[str, str],
) -> str:
    out = []
    for below in sorted(path for path in labels if path.rpartition("/")[0] == folder):
        # a folder without a label of its own is called after its last segment
        label = labels[below] or below.rpartition("/")[2]
        out.append(
            f'<mets:div TYPE="Directory" ID="p-{folder_ids[below]}" LABEL={quoteattr(label)} '
            f'ADMID="adm-{folder_ids[below]}">'
            + _tree(below, listed, labels, ids, folder_ids)
            + "</mets:div>"
        )
    for entry in listed:
        if entry.path.rpartition("/")[0] == folder:
            label = f" LABEL={quoteattr(entry.label)}" if entry.label is not None else ""
            out.append(
                f'<mets:div TYPE="Item" ID="p-{ids[entry.path]}"{label}>'
                f'<mets:fptr FILEID="file-{ids[entry.path]}"/></mets:div>'
            )
    return "".join(out)


def _file(entry: Entry, number: str) -> str:
    mime = f" MIMETYPE={quoteattr(entry.content_type)}" if entry.content_type else ""
    return (
        f'<mets:file ID="file-{number}" ADMID="adm-{number}"{mime}>'
        f'<mets:FLocat LOCTYPE="URL" xlink:type="simple" xlink:href={quoteattr(entry.path)}/>'
        "</mets:file>"
    )


def _amd(number: str, premis: str) -> str:
    return (
        f'<mets:amdSec ID="{number}"><mets:techMD ID="t-{number}">'
        f'<mets:mdWrap MDTYPE="PREMIS:OBJECT"><mets:xmlData>{premis}</mets:xmlData></mets:mdWrap>'
        "</mets:techMD></mets:amdSec>"
    )


def _premis(entry: Entry, algorithm: str = "SHA256") -> str:
    fixity = (
        f"<premis:fixity><premis:messageDigestAlgorithm>{algorithm}</premis:messageDigestAlgorithm>"
        f"<premis:messageDigest>{entry.digest}</premis:messageDigest></premis:fixity>"
        if entry.digest is not None
        else ""
    )
    size = f"<premis:size>{entry.size}</premis:size>" if entry.size is not None else ""
    return (
        '<premis:object xsi:type="premis:file">'
        f"<premis:objectCharacteristics>{fixity}{size}</premis:objectCharacteristics>"
        f"<premis:originalName>{escape(entry.path)}</premis:originalName></premis:object>"
    )


def _premis_folder(path: str) -> str:
    return (
        '<premis:object xsi:type="premis:file"><premis:objectCharacteristics/>'
        f"<premis:originalName>{escape(path)}</premis:originalName></premis:object>"
    )


# ------------------------------------------------------------------------ like EPrints


def eprints_mets(files: Iterable[Entry], *, title: str = "An eprint") -> bytes:
    """An EPrints-like METS: a wrapper, one amdSec, PREMIS directly below mdWrap, no mods:mods."""
    listed = list(files)
    tech = "".join(
        f'<mets:techMD ID="AMD_eprint_1_{n}"><mets:mdWrap MDTYPE="OTHER" MIMETYPE="text/xml">'
        f"{_premis(entry, 'sha256')}</mets:mdWrap></mets:techMD>"
        for n, entry in enumerate(listed)
    )
    group = "".join(
        f'<mets:file ID="eprint_1_{n}" ADMID="AMD_eprint_1_{n}" SIZE="{entry.size}" '
        f"MIMETYPE={quoteattr(entry.content_type or 'application/octet-stream')}>"
        f'<mets:FLocat LOCTYPE="URL" xlink:type="simple" xlink:href={quoteattr(entry.path)}/>'
        "</mets:file>"
        for n, entry in enumerate(listed)
    )
    pointers = "".join(f'<mets:fptr FILEID="eprint_1_{n}"/>' for n, _ in enumerate(listed))
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n<mets-objects>\n<mets:mets {NAMESPACES} '
        'OBJID="eprint_1" LABEL="Eprints Item"><mets:metsHdr CREATEDATE="2023-12-22T04:53:58Z">'
        '<mets:agent ROLE="CREATOR" TYPE="OTHER" OTHERTYPE="SOFTWARE"><mets:name>EPrints 3.3.15'
        '</mets:name></mets:agent></mets:metsHdr><mets:dmdSec ID="DMD_eprint_1"><mets:mdWrap '
        'MDTYPE="MODS"><mets:xmlData><mods:titleInfo>'
        f"<mods:title>{escape(title)}</mods:title></mods:titleInfo></mets:xmlData></mets:mdWrap>"
        f'</mets:dmdSec><mets:amdSec ID="AMD_eprint_1">{tech}</mets:amdSec>'
        f'<mets:fileSec><mets:fileGrp USE="reference">{group}</mets:fileGrp></mets:fileSec>'
        f'<mets:structMap><mets:div DMDID="DMD_eprint_1" ADMID="AMD_eprint_1">{pointers}'
        "</mets:div></mets:structMap></mets:mets>\n</mets-objects>\n"
    ).encode()


# -------------------------------------------------------------------------- like Goobi


def goobi_mets(
    images: Iterable[Entry], texts: Iterable[Entry] = (), *, title: str = "A report"
) -> bytes:
    """A Goobi-like METS: LOGICAL first, ADMID on the page's div, two fileGrps, own file name.

    The digests of ``texts`` stand in CHECKSUM attributes, since the page's ADMID speaks of the
    image alone.
    """
    pictures, words = list(images), list(texts)
    tech = "".join(
        f'<mets:techMD ID="AMD_{n:04d}"><mets:mdWrap MDTYPE="OTHER" MIMETYPE="text/xml">'
        f"<mets:xmlData>{_premis(entry, 'sha256')}</mets:xmlData></mets:mdWrap></mets:techMD>"
        for n, entry in enumerate(pictures, start=1)
    )
    groups = "".join(
        f'<mets:fileGrp USE="{use}">'
        + "".join(
            f'<mets:file ID="FILE_{n:04d}_{use}" MIMETYPE={quoteattr(entry.content_type or "")}'
            + (f' CHECKSUM="{entry.digest}" CHECKSUMTYPE="SHA-256"' if use == "ALTO" else "")
            + (f' SIZE="{entry.size}">' if use == "ALTO" else ">")
            + f'<mets:FLocat LOCTYPE="URL" xlink:href={quoteattr(entry.path)}/></mets:file>'
            for n, entry in enumerate(listed, start=1)
        )
        + "</mets:fileGrp>"
        for use, listed in (("OBJECTS", pictures), ("ALTO", words))
    )
    pages = "".join(
        f'<mets:div ADMID="AMD_{n:04d}" ID="PHYS_{n:04d}" ORDER="{n}" ORDERLABEL=" - " TYPE="page">'
        f'<mets:fptr FILEID="FILE_{n:04d}_OBJECTS"/>'
        + (f'<mets:fptr FILEID="FILE_{n:04d}_ALTO"/>' if n <= len(words) else "")
        + "</mets:div>"
        for n, _ in enumerate(pictures, start=1)
    )
    return (
        f'<mets:mets xmlns:dv="http://dfg-viewer.de/" {NAMESPACES} OBJID="224611">'
        '<mets:metsHdr CREATEDATE="2017-09-19T10:01:45Z"><mets:agent OTHERTYPE="SOFTWARE" '
        'ROLE="CREATOR" TYPE="OTHER"><mets:name>Goobi - ugh-3.0</mets:name></mets:agent>'
        '</mets:metsHdr><mets:dmdSec ID="DMDLOG_0000"><mets:mdWrap MDTYPE="MODS"><mets:xmlData>'
        '<mods:mods><mods:name type="corporate"><mods:namePart>A council</mods:namePart>'
        f"</mods:name><mods:titleInfo><mods:title>{escape(title)}</mods:title></mods:titleInfo>"
        '<mods:accessCondition type="status">Open</mods:accessCondition></mods:mods>'
        '</mets:xmlData></mets:mdWrap></mets:dmdSec><mets:dmdSec ID="DMDPHYS_0000"><mets:mdWrap '
        'MDTYPE="MODS"><mets:xmlData><mods:mods/></mets:xmlData></mets:mdWrap></mets:dmdSec>'
        f'<mets:amdSec ID="AMD">{tech}</mets:amdSec><mets:fileSec>{groups}</mets:fileSec>'
        '<mets:structMap TYPE="LOGICAL"><mets:div ADMID="AMD" DMDID="DMDLOG_0000" ID="LOG_0000" '
        f'LABEL={quoteattr(title)} TYPE="Monograph"><mets:div ID="LOG_0001" TYPE="Cover"/>'
        '</mets:div></mets:structMap><mets:structMap TYPE="PHYSICAL"><mets:div '
        f'DMDID="DMDPHYS_0000" ID="PHYS_0000" TYPE="physSequence">{pages}</mets:div>'
        "</mets:structMap></mets:mets>"
    ).encode()


# ------------------------------------------------------------------- like Archivematica


def archivematica_mets(files: Iterable[Entry], *, title: str = "ARTCOOB15") -> bytes:
    """An Archivematica-like METS: a BOM, %transferDirectory%, many techMD, a wrapping div."""
    listed = list(files)
    folders = sorted({folder for entry in listed for folder in parents(entry.path)})
    amd = "".join(
        f'<mets:amdSec ID="amdSec_{n}">'
        # a superseded description, as a re-ingest leaves it
        f'<mets:techMD ID="techMD_{n}_old" CREATED="2023-01-01T00:00:00" STATUS="superseded">'
        '<mets:mdWrap MDTYPE="PREMIS:OBJECT"><mets:xmlData>'
        f"{_archivematica_premis(entry, '0' * 64)}</mets:xmlData></mets:mdWrap></mets:techMD>"
        f'<mets:techMD ID="techMD_{n}" CREATED="2024-03-15T14:35:00" STATUS="current">'
        '<mets:mdWrap MDTYPE="PREMIS:OBJECT"><mets:xmlData>'
        f"{_archivematica_premis(entry, entry.digest or '')}</mets:xmlData></mets:mdWrap>"
        f'</mets:techMD><mets:digiprovMD ID="digiprovMD_{n}"><mets:mdWrap MDTYPE="PREMIS:EVENT">'
        '<mets:xmlData><premis:event xmlns:premis="http://www.loc.gov/premis/v3">'
        "<premis:eventType>ingestion</premis:eventType></premis:event></mets:xmlData></mets:mdWrap>"
        "</mets:digiprovMD></mets:amdSec>"
        for n, entry in enumerate(listed, start=1)
    )
    group = "".join(
        f'<mets:file ID="file-{n}" GROUPID="Group-{n}" ADMID="amdSec_{n}" '
        f"MIMETYPE={quoteattr(entry.content_type or 'application/octet-stream')}>"
        f'<mets:FLocat xlink:href={quoteattr(entry.path)} LOCTYPE="OTHER" OTHERLOCTYPE="SYSTEM"/>'
        "</mets:file>"
        for n, entry in enumerate(listed, start=1)
    )

    def below(folder: str) -> str:
        divs = [
            f'<mets:div TYPE="Directory" LABEL={quoteattr(path.rpartition("/")[2])}>'
            f"{below(path)}</mets:div>"
            for path in folders
            if path.rpartition("/")[0] == folder
        ]
        divs += [
            f'<mets:div TYPE="Item" LABEL={quoteattr(entry.path.rpartition("/")[2])}>'
            f'<mets:fptr FILEID="file-{n}"/></mets:div>'
            for n, entry in enumerate(listed, start=1)
            if entry.path.rpartition("/")[0] == folder
        ]
        return "".join(divs)

    return (
        "\ufeff".encode()
        + (
            '<mets:mets xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
            'xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:mets="http://www.loc.gov/METS/">'
            '<mets:metsHdr CREATEDATE="2024-03-15T14:35:00"/>'
            f'{amd}<mets:fileSec><mets:fileGrp USE="original">{group}</mets:fileGrp>'
            '<mets:fileGrp USE="deleted"><mets:file ID="file-gone"/></mets:fileGrp></mets:fileSec>'
            '<mets:structMap TYPE="physical" ID="structMap_1" LABEL="Archivematica default">'
            f'<mets:div TYPE="Directory" LABEL={quoteattr(title)}>{below("")}</mets:div>'
            '</mets:structMap><mets:structMap TYPE="logical" ID="structMap_2"><mets:div '
            'TYPE="Directory" LABEL="x"/></mets:structMap></mets:mets>'
        ).encode()
    )


def _archivematica_premis(entry: Entry, digest: str) -> str:
    return (
        '<premis:object xmlns:premis="http://www.loc.gov/premis/v3" xsi:type="premis:file" '
        'version="3.0"><premis:objectIdentifier><premis:objectIdentifierType>UUID'
        "</premis:objectIdentifierType><premis:objectIdentifierValue>f4ec498d"
        "</premis:objectIdentifierValue></premis:objectIdentifier><premis:objectCharacteristics>"
        "<premis:fixity><premis:messageDigestAlgorithm>sha256</premis:messageDigestAlgorithm>"
        f"<premis:messageDigest>{digest}</premis:messageDigest></premis:fixity>"
        f"<premis:size>{entry.size}</premis:size></premis:objectCharacteristics>"
        f"<premis:originalName>%transferDirectory%{escape(entry.path)}</premis:originalName>"
        "</premis:object>"
    )
