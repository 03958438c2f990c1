"""METS as further producers write it, for the same files again and again: look-alikes, not copies.

Strings and escaping only, as in :mod:`support.samples`, which has EPrints, Goobi and Archivematica.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape, quoteattr

from support import samples
from support.samples import NAMESPACES

Files = Mapping[str, bytes]

AGENT = "University of Leeds Digital Library Infrastructure Project"


@dataclass(frozen=True, kw_only=True)
class Producer:
    """A shape of METS."""

    name: str
    #: as the producer calls the file
    file_name: str
    files: dict[str, bytes]
    write: Callable[[Files], bytes]
    title: str
    #: whether its METS has SHA-256 digests
    has_sha256: bool = True
    #: a file that may be changed
    changing: str


# ---------------------------------------------------------------------------------- the platform


def platform(files: Files, *, today: bool = True, title: str = "A platform group") -> bytes:
    """The platform's own form: raw paths as ids, and the accidents of its serialiser.

    ``today`` is the form of 2026: a BOM, bogus types on leaves, EXIF, virus events with long dates.
    Before that there were schema locations, a title in ``mods:name`` and ``sha256`` in small
    letters.
    """
    folders = sorted({folder for path in files for folder in samples.parents(path)})
    amd = "".join(
        _platform_section(folder, "<premis:objectCharacteristics/>", today) for folder in folders
    )
    for path, data in files.items():
        amd += _platform_section(path, _platform_traits(data, today), today, scanned=today)
    group = "".join(
        f"<mets:file ID={quoteattr(f'FILE_{path}')} ADMID={quoteattr(f'ADM_{path}')} "
        f'MIMETYPE="{samples.content_type(path)}"><mets:FLocat LOCTYPE="URL" xlink:type="simple" '
        f"xlink:href={quoteattr(path)}/></mets:file>"
        for path in files
    )

    def divs(above: str) -> str:
        return "".join(
            f"<mets:div ID={quoteattr(f'PHYS_{folder}')} LABEL={quoteattr(_last(folder))} "
            f"ADMID={quoteattr(f'ADM_{folder}')} DMDID={quoteattr(f'DMD_{folder}')} "
            f'TYPE="Directory">{divs(folder)}</mets:div>'
            for folder in folders
            if folder.rpartition("/")[0] == above
        ) + "".join(
            f'<mets:div ID={quoteattr(f"PHYS_{path}")} LABEL={quoteattr(_last(path))} TYPE="Item">'
            f"<mets:fptr FILEID={quoteattr(f'FILE_{path}')}/></mets:div>"
            for path in files
            if path.rpartition("/")[0] == above
        )

    mods = (
        f"<mods:titleInfo><mods:title>{escape(title)}</mods:title></mods:titleInfo>"
        if today
        else f"<mods:name>{escape(title)}</mods:name>"
    )
    return (("\ufeff" if today else "") + (
        f"<mets:mets {NAMESPACES}><mets:metsHdr CREATEDATE=\"2026-01-21T10:17:24.7444199+00:00\">"
        f'<mets:agent ROLE="CREATOR" TYPE="OTHER" OTHERTYPE="SOFTWARE"><mets:name>{AGENT}'
        '</mets:name></mets:agent></mets:metsHdr><mets:dmdSec ID="DMD_PHYS_ROOT"><mets:mdWrap '
        f'MDTYPE="MODS"><mets:xmlData><mods:mods>{mods}</mods:mods></mets:xmlData></mets:mdWrap>'
        f'</mets:dmdSec>{amd}<mets:fileSec><mets:fileGrp USE="OBJECTS">{group}</mets:fileGrp>'
        '</mets:fileSec><mets:structMap TYPE="PHYSICAL"><mets:div ID="PHYS_ROOT" LABEL="__ROOT" '
        f'DMDID="DMD_PHYS_ROOT" TYPE="Directory">{divs("")}</mets:div></mets:structMap></mets:mets>'
    )).encode()  # fmt: skip


def _last(path: str) -> str:
    return path.rpartition("/")[2]


def _platform_traits(data: bytes, today: bool) -> str:
    bogus = ' xsi:type="premis:{}"' if today else ""
    exif = (
        "<premis:objectCharacteristicsExtension"
        f"{bogus.format('objectCharacteristicsExtension')}><ExifMetadata><ImageWidth>48"
        "</ImageWidth><ZipFileName>a</ZipFileName><ZipFileName>b</ZipFileName><RawOutput>all"
        "</RawOutput></ExifMetadata></premis:objectCharacteristicsExtension>"
    )
    return (
        "<premis:objectCharacteristics><premis:fixity><premis:messageDigestAlgorithm"
        f"{bogus.format('messageDigestAlgorithm')}>{'SHA256' if today else 'sha256'}"
        "</premis:messageDigestAlgorithm><premis:messageDigest>"
        f"{samples.sha256(data)}</premis:messageDigest></premis:fixity>"
        f"<premis:size>{len(data)}</premis:size>{exif if today else ''}"
        "</premis:objectCharacteristics>"
    )


def _platform_section(path: str, traits: str, today: bool, *, scanned: bool = False) -> str:
    more = "" if today else ' xsi:schemaLocation="http://www.loc.gov/premis/v3 x.xsd" version="3.0"'
    event = (
        f"<mets:digiprovMD ID={quoteattr(f'digiprovMD_ClamAV_ADM_{path}')}>"
        '<mets:mdWrap MDTYPE="PREMIS:EVENT"><mets:xmlData><premis:event xmlns:version="3.0">'
        "<premis:eventType>virus check</premis:eventType><premis:eventDateTime>Wednesday, 21 "
        "January 2026</premis:eventDateTime><premis:eventOutcomeInformation><premis:eventOutcome>"
        "Pass</premis:eventOutcome></premis:eventOutcomeInformation></premis:event></mets:xmlData>"
        "</mets:mdWrap></mets:digiprovMD>"
    )
    return (
        f"<mets:amdSec ID={quoteattr(f'ADM_{path}')}><mets:techMD ID={quoteattr(f'TECH_{path}')}>"
        '<mets:mdWrap MDTYPE="PREMIS:OBJECT"><mets:xmlData><premis:object xsi:type="premis:file"'
        f"{more}>{traits}<premis:originalName>{escape(path)}</premis:originalName></premis:object>"
        f"</mets:xmlData></mets:mdWrap></mets:techMD>{event if scanned else ''}</mets:amdSec>"
    )


# -------------------------------------------------------------------------------- Archivematica


def archivematica(files: Files) -> bytes:
    """An AIP whose hrefs are form-encoded, and whose originalName begins with %SIPDirectory%."""
    mets = samples.archivematica_mets(samples.entries(files)).decode()
    for path in files:
        href = "/".join(quote_plus(part, safe="#") for part in path.split("/"))
        mets = mets.replace(f"xlink:href={quoteattr(path)}", f'xlink:href="{href}"')
    return mets.replace("%transferDirectory%", "%SIPDirectory%").encode()


# ---------------------------------------------------------------------------- EPrints and Goobi


def eprints(files: Files) -> bytes:
    return samples.eprints_mets(samples.entries(files), title="A thesis")


def goobi(files: Files) -> bytes:
    """Its "sha256" is a SHA-1, and the texts have no digest at all."""
    entries = [
        samples.Entry(
            path=path,
            digest=hashlib.sha1(data, usedforsecurity=False).hexdigest(),
            size=len(data),
            content_type=samples.content_type(path),
        )
        for path, data in sorted(files.items())
    ]
    pages = [entry for entry in entries if entry.path.startswith("objects/")]
    texts = [entry for entry in entries if not entry.path.startswith("objects/")]
    return samples.goobi_mets(pages, texts, title="[Report 1960] /")


# ----------------------------------------------------------------------------------- E-ARK CSIP


def eark(files: Files) -> bytes:
    """A package whose divs point to file groups; digests are attributes, hrefs are encoded."""
    folders = sorted({path.partition("/")[0] for path in files})
    groups = "".join(
        f'<fileGrp ID="uuid-g{n}" USE="{folder.title()}">'
        + "".join(
            f'<file ID="uuid-{samples.sha256(path.encode())[:12]}" SIZE="{len(data)}" '
            f'MIMETYPE="{samples.content_type(path)}" CHECKSUM="{samples.sha256(data).upper()}" '
            f'CHECKSUMTYPE="SHA-256" CREATED="2024-05-01T10:00:00Z"><FLocat LOCTYPE="URL" '
            f'xlink:type="simple" xlink:href="./{quote(path)}"/></file>'
            for path, data in sorted(files.items())
            if path.startswith(f"{folder}/")
        )
        + "</fileGrp>"
        for n, folder in enumerate(folders)
    )
    divs = "".join(
        f'<div ID="uuid-d{n}" LABEL="{folder.title()}"><fptr FILEID="uuid-g{n}"/></div>'
        for n, folder in enumerate(folders)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<mets xmlns="http://www.loc.gov/METS/" '
        'xmlns:csip="https://DILCIS.eu/XML/METS/CSIPExtensionMETS" '
        'xmlns:xlink="http://www.w3.org/1999/xlink" OBJID="uuid-1" TYPE="Mixed" LABEL="A package" '
        'PROFILE="https://earkcsip.dilcis.eu/profile/E-ARK-CSIP.xml">'
        '<metsHdr CREATEDATE="2024-05-01T10:00:00Z" csip:OAISPACKAGETYPE="SIP"><agent '
        'ROLE="CREATOR" TYPE="OTHER" OTHERTYPE="SOFTWARE"><name>commons-ip</name></agent></metsHdr>'
        '<amdSec><digiprovMD ID="uuid-p" STATUS="CURRENT"><mdRef LOCTYPE="URL" MDTYPE="PREMIS" '
        'xlink:type="simple" xlink:href="metadata/premis.xml"/></digiprovMD></amdSec>'
        f'<fileSec ID="uuid-f">{groups}</fileSec><structMap ID="uuid-s" TYPE="PHYSICAL" '
        f'LABEL="CSIP"><div ID="uuid-d" LABEL="A package">{divs}</div></structMap></mets>'
    ).encode()


# ------------------------------------------------------------------------------ NDNP and others


def ndnp(files: Files) -> bytes:
    """A newspaper issue: areas in par and seq, nested groups, MIX, digests on ``file`` alone.

    The old namespace of xlink; SHA-1 only, as these programmes ask for.
    """
    listed = sorted(files.items())
    group = "".join(
        f'<fileGrp ID="pageFileGrp{n}" USE="page">'
        f'<file ID="f{n}" MIMETYPE="{samples.content_type(path)}" ADMID="mix{n} src{n}" '
        f'SIZE="{len(data)}" CHECKSUMTYPE="SHA-1" '
        f'CHECKSUM="{hashlib.sha1(data, usedforsecurity=False).hexdigest()}">'
        f'<FLocat LOCTYPE="HANDLE" xlink:href="hdl:loc.ndnp/{n}"/>'
        f'<FLocat LOCTYPE="OTHER" OTHERLOCTYPE="file" xlink:href={quoteattr("./" + path)}/></file>'
        "</fileGrp>"
        for n, (path, data) in enumerate(listed)
    )
    amd = "".join(
        f'<techMD ID="mix{n}"><mdWrap MDTYPE="NISOIMG"><xmlData><mix '
        'xmlns="http://www.loc.gov/mix/v20"><size>999</size></mix></xmlData></mdWrap></techMD>'
        for n, _ in enumerate(listed)
    ) + "".join(
        f'<sourceMD ID="src{n}"><mdWrap MDTYPE="OTHER"><xmlData/></mdWrap></sourceMD>'
        for n, _ in enumerate(listed)
    )
    divs = "".join(
        f'<div TYPE="np:page" ORDER="{n}"><fptr><par><area FILEID="f{n}"/><seq>'
        f'<area FILEID="f{n}" BEGIN="P1" BETYPE="IDREF"/></seq></par></fptr></div>'
        for n, _ in enumerate(listed)
    )
    return (
        '<?xml version="1.0"?><mets xmlns="http://www.loc.gov/METS/" '
        'xmlns:xlink="http://www.w3.org/TR/xlink" TYPE="urn:library-of-congress:ndnp:mets:'
        'newspaper:issue" LABEL="The Sun, 1906-01-03"><dmdSec ID="issueModsBib"><mdWrap '
        'MDTYPE="MODS"><xmlData><mods xmlns="http://www.loc.gov/mods/v3"><relatedItem type="host">'
        '<identifier type="lccn">sn83030214</identifier></relatedItem></mods></xmlData></mdWrap>'
        f'</dmdSec><amdSec ID="amd">{amd}</amdSec><fileSec><fileGrp>{group}</fileGrp></fileSec>'
        f'<structMap xmlns:np="urn:np"><div TYPE="np:issue" DMDID="issueModsBib">{divs}</div>'
        "</structMap></mets>"
    ).encode()


def dspace(files: Files) -> bytes:
    """A submission with nothing but a logical structMap, a licence in the METS, and MD5."""
    listed = sorted(files.items())
    group = "".join(
        f'<mets:file ID="bitstream_{n}" MIMETYPE="{samples.content_type(path)}" '
        f'SIZE="{len(data)}" CHECKSUMTYPE="MD5" '
        f'CHECKSUM="{hashlib.md5(data, usedforsecurity=False).hexdigest()}">'
        f'<mets:FLocat LOCTYPE="URL" xlink:type="simple" xlink:href={quoteattr(path)}/></mets:file>'
        for n, (path, data) in enumerate(listed)
    )
    divs = "".join(
        f'<mets:div ID="div_{n}" TYPE="DSpace Content Bitstream">'
        f'<mets:fptr FILEID="bitstream_{n}"/></mets:div>'
        for n, _ in enumerate(listed)
    )
    return (
        f'<?xml version="1.0" encoding="utf-8" standalone="no"?>\n<mets:mets {NAMESPACES} '
        'ID="sort-mets" OBJID="sword-mets" LABEL="DSpace SWORD Item" PROFILE="DSpace METS SIP '
        'Profile 1.0"><mets:dmdSec ID="sword-mets-dmd-1"><mets:mdWrap MDTYPE="OTHER" '
        'OTHERMDTYPE="DIM"><mets:xmlData><dcterms:title xmlns:dcterms="http://purl.org/dc/terms/">'
        "An article</dcterms:title></mets:xmlData></mets:mdWrap></mets:dmdSec><mets:fileSec>"
        f'<mets:fileGrp USE="CONTENT">{group}</mets:fileGrp><mets:fileGrp USE="LICENSE">'
        f'<mets:file ID="licence"><mets:FContent><mets:binData>{"TGljZW5jZSA" * 100}'
        "</mets:binData></mets:FContent></mets:file></mets:fileGrp></mets:fileSec>"
        '<mets:structMap ID="sword-mets-struct-1" LABEL="structure" TYPE="LOGICAL"><mets:div '
        f'ID="div" DMDID="sword-mets-dmd-1" TYPE="DSpace Item">{divs}</mets:div></mets:structMap>'
        "</mets:mets>"
    ).encode()


# ------------------------------------------------------------------------------------ all of them

_BOOK = {
    "objects/page 1.png": samples.page(1),
    "objects/sub folder/page  2 & é.png": samples.page(2),
    "objects/empty.txt": b"",
    "metadata/notes #1.txt": b"notes",
}
_FLAT = {"objects/1.jp2": b"\0image 1", "objects/2.jp2": b"\0image 2"}

PRODUCERS = (
    Producer(
        name="platform-2026",
        file_name="mets.xml",
        files=_BOOK,
        write=platform,
        title="A platform group",
        changing="objects/sub folder/page  2 & é.png",
    ),
    Producer(
        name="platform-older",
        file_name="mets.xml",
        files=_BOOK,
        write=lambda files: platform(files, today=False, title="as-test-4"),
        title="as-test-4",
        changing="objects/page 1.png",
    ),
    Producer(
        name="archivematica",
        file_name="METS.4aa446e3-5d58-4090-ace7-c242c11c60d5.xml",
        files={
            "objects/a b+c.txt": b"1",
            "objects/100%.txt": b"2",
            "objects/hash#é.txt": b"3",
            "objects/submissionDocumentation/transfer-a/METS.xml": b"<not-the-mets/>",
        },
        write=archivematica,
        title="Given",
        changing="objects/a b+c.txt",
    ),
    Producer(
        name="eprints",
        file_name="10315_mets.xml",
        files={**_FLAT, "objects/372705s_001 x.jpg": b"\xff\xd8 jpeg"},
        write=eprints,
        title="A thesis",
        changing="objects/372705s_001 x.jpg",
    ),
    Producer(
        name="goobi",
        file_name="b29356350.xml",
        files={**_FLAT, "alto/1.xml": b"<alto n='1'/>", "alto/2.xml": b"<alto n='2'/>"},
        write=goobi,
        title="[Report 1960] /",
        has_sha256=False,
        changing="objects/2.jp2",
    ),
    Producer(
        name="e-ark",
        file_name="METS.xml",
        files={
            "documentation/read me.txt": b"read",
            "metadata/premis.xml": b"<premis/>",
            "representations/rep 1/data/é.bin": b"\1\2\3",
        },
        write=eark,
        title="A package",
        changing="representations/rep 1/data/é.bin",
    ),
    Producer(
        name="ndnp",
        file_name="1906010301_mets.xml",
        files={"0001.tif": b"II*\0one", "0001.xml": b"<alto/>", "0002.tif": b"II*\0two"},
        write=ndnp,
        title="The Sun, 1906-01-03",
        has_sha256=False,
        changing="0001.xml",
    ),
    Producer(
        name="dspace",
        file_name="mets.xml",
        files={"article.pdf": b"%PDF-1.4 one", "data set.csv": b"a,b"},
        write=dspace,
        title="An article",
        has_sha256=False,
        changing="article.pdf",
    ),
)
