"""The text of single METS elements in the platform's form, for the writer and the editor.

Prefixes are part of the form: clients find elements by their qualified names. Each function gives
well-formed text; where it goes is left to the callers. ``tail`` is what ids of an entry end with.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from strongroom.domain.description import DescribedFile, DescribedFolder
from strongroom.domain.findings import Tag, VirusFinding
from strongroom.mets.hrefs import written
from strongroom.mets.names import NOT_IDENTIFIED, PLATFORM_AGENT, UNKNOWN_FORMAT, WHOLE_OUTPUT
from strongroom.mets.text import attribute, text

#: properties that are told a second time where PREMIS has a place for them, by their tags in lower
#: case without blanks
_SIGNIFICANT = {
    "imageheight": "ImageHeight",
    "imagewidth": "ImageWidth",
    "duration": "Duration",
    "avgbitrate": "Bitrate",
}
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9]")
#: characters of one property that are kept
_LONGEST_VALUE = 10_000


# ------------------------------------------------------------------------ administrative sections


def section(tail: str, premis_object: str, more: str = "") -> str:
    """An ``amdSec`` around a PREMIS object, and ``more`` after its ``techMD``."""
    return (
        f'<mets:amdSec ID="ADM_{tail}"><mets:techMD ID="TECH_{tail}">'
        f'<mets:mdWrap MDTYPE="PREMIS:OBJECT"><mets:xmlData>{premis_object}'
        f"</mets:xmlData></mets:mdWrap></mets:techMD>{more}</mets:amdSec>"
    )


def file_section(tail: str, file: DescribedFile) -> str:
    """All that is known of a file."""
    return section(tail, file_object(file), virus_event(tail, file.virus) if file.virus else "")


def folder_object(folder: DescribedFolder) -> str:
    """A folder has no bytes. What is stored somewhere is a representation (PREMIS 3.0, 1.7)."""
    kind = "intellectualEntity" if folder.storage_location is None else "representation"
    return (
        f'<premis:object xsi:type="premis:{kind}">{_identifier(folder.path)}'
        f"<premis:originalName>{text(folder.path)}</premis:originalName>"
        f"{storage(folder.storage_location)}</premis:object>"
    )


def file_object(file: DescribedFile) -> str:
    tags = file.exif.tags if file.exif else ()
    return (
        f'<premis:object xsi:type="premis:file">{_identifier(file.path)}{significant(tags)}'
        f"<premis:objectCharacteristics>{fixity(file.digest)}{size(file.size)}"
        f"{format_of(file.format_name, file.pronom_key)}{extension(tags)}"
        "</premis:objectCharacteristics>"
        f"<premis:originalName>{text(file.path)}</premis:originalName>"
        f"{storage(file.storage_location)}</premis:object>"
    )


def _identifier(path: str) -> str:
    return (
        "<premis:objectIdentifier><premis:objectIdentifierType>local</premis:objectIdentifierType>"
        f"<premis:objectIdentifierValue>{text(path)}</premis:objectIdentifierValue>"
        "</premis:objectIdentifier>"
    )


def fixity(digest: str | None) -> str:
    if digest is None:
        return ""
    return (
        "<premis:fixity><premis:messageDigestAlgorithm>SHA256</premis:messageDigestAlgorithm>"
        f"<premis:messageDigest>{digest}</premis:messageDigest></premis:fixity>"
    )


def size(count: int | None) -> str:
    return "" if count is None else f"<premis:size>{count}</premis:size>"


def format_of(name: str | None, key: str | None) -> str:
    registry = ""
    if key:
        registry = (
            "<premis:formatRegistry><premis:formatRegistryName>PRONOM</premis:formatRegistryName>"
            f"<premis:formatRegistryKey>{text(key)}</premis:formatRegistryKey>"
            "</premis:formatRegistry>"
        )
    return (
        "<premis:format><premis:formatDesignation>"
        f"<premis:formatName>{text(name or UNKNOWN_FORMAT)}</premis:formatName>"
        f"</premis:formatDesignation>{registry}</premis:format>"
    )


def storage(location: str | None) -> str:
    if location is None:
        return ""
    return (
        "<premis:storage><premis:contentLocation>"
        "<premis:contentLocationType>uri</premis:contentLocationType>"
        f"<premis:contentLocationValue>{text(location)}</premis:contentLocationValue>"
        f"</premis:contentLocation><premis:storageMedium>{text(PLATFORM_AGENT)}"
        "</premis:storageMedium></premis:storage>"
    )


def significant(tags: Iterable[Tag]) -> str:
    """Height, width, duration and bit rate, where the tool tells of them."""
    return "".join(
        "<premis:significantProperties><premis:significantPropertiesType>"
        f"{_SIGNIFICANT[key]}</premis:significantPropertiesType>"
        f"<premis:significantPropertiesValue>{text(tag.value[:_LONGEST_VALUE])}"
        "</premis:significantPropertiesValue></premis:significantProperties>"
        for tag in tags
        if (key := "".join(tag.name.lower().split())) in _SIGNIFICANT
    )


def extension(tags: Iterable[Tag]) -> str:
    """Each property as an element of its name; what can be no name of an element is left out.

    So is the whole of a tool's output, which repeats all the others.
    """
    named = [(_NOT_IN_NAMES.sub("", tag.name), tag.value[:_LONGEST_VALUE]) for tag in tags]
    inner = "".join(
        f"<{name}>{text(value)}</{name}>"
        for name, value in named
        if name and not name[0].isdigit() and not name.lower().startswith("xml")
        if name != WHOLE_OUTPUT
    )
    if not inner:
        return ""
    return (
        f"<premis:objectCharacteristicsExtension><ExifMetadata>{inner}</ExifMetadata>"
        "</premis:objectCharacteristicsExtension>"
    )


def virus_event(tail: str, found: VirusFinding) -> str:
    """The ``digiprovMD`` of a virus scan."""
    # the time is mandatory; that it is unknown can be said (ISO 8601-2)
    when = found.timestamp.isoformat() if found.timestamp else "unknown"
    section_id = f"digiprovMD_ClamAV_ADM_{tail}"
    return (
        f'<mets:digiprovMD ID="{section_id}"><mets:mdWrap MDTYPE="PREMIS:EVENT"><mets:xmlData>'
        "<premis:event><premis:eventIdentifier><premis:eventIdentifierType>local"
        "</premis:eventIdentifierType><premis:eventIdentifierValue>"
        f"{section_id}</premis:eventIdentifierValue></premis:eventIdentifier>"
        "<premis:eventType>virus check</premis:eventType>"
        f"<premis:eventDateTime>{when}</premis:eventDateTime>"
        "<premis:eventDetailInformation><premis:eventDetail>"
        f"{text(found.definition or '')}</premis:eventDetail></premis:eventDetailInformation>"
        "<premis:eventOutcomeInformation><premis:eventOutcome>"
        f"{'Fail' if found.has_virus else 'Pass'}</premis:eventOutcome>"
        "<premis:eventOutcomeDetail><premis:eventOutcomeDetailNote>"
        f"{text(found.found or '')}</premis:eventOutcomeDetailNote></premis:eventOutcomeDetail>"
        "</premis:eventOutcomeInformation></premis:event>"
        "</mets:xmlData></mets:mdWrap></mets:digiprovMD>"
    )


# ------------------------------------------------------------------------------ files and divs


def file(tail: str, described: DescribedFile) -> str:
    more = "".join(
        f' {name}="{attribute(value)}"' for name, value in file_attributes(described).items()
    )
    return (
        f'<mets:file ID="FILE_{tail}" ADMID="ADM_{tail}"{more}>'
        '<mets:FLocat LOCTYPE="URL" xlink:type="simple" '
        f'xlink:href="{attribute(written(described.path))}"/></mets:file>'
    )


def file_attributes(described: DescribedFile) -> dict[str, str]:
    """What a ``file`` element says of a file, but for its ids."""
    found: dict[str, str] = {}
    if described.content_type and described.content_type != NOT_IDENTIFIED:
        found["MIMETYPE"] = described.content_type
    if described.size is not None:
        found["SIZE"] = str(described.size)
    if described.digest is not None:
        found["CHECKSUM"] = described.digest
        found["CHECKSUMTYPE"] = "SHA-256"
    return found


def file_div(tail: str, label: str) -> str:
    return (
        f'<mets:div ID="PHYS_{tail}" LABEL="{attribute(label)}" TYPE="Item">'
        f'<mets:fptr FILEID="FILE_{tail}"/></mets:div>'
    )


def folder_div(tail: str, label: str) -> str:
    """The start tag alone."""
    return (
        f'<mets:div ID="PHYS_{tail}" LABEL="{attribute(label)}" ADMID="ADM_{tail}" '
        'TYPE="Directory">'
    )
