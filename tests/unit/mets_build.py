"""Small METS documents of any shape for the tests of reading.

Leaves what a right reading of them is to the tests.
"""

from __future__ import annotations

import io

from strongroom.domain.description import DescribedFile, Description
from strongroom.mets.reader import read

NAMESPACES = (
    'xmlns:mets="http://www.loc.gov/METS/" xmlns:mods="http://www.loc.gov/mods/v3" '
    'xmlns:premis="http://www.loc.gov/premis/v3" xmlns:xlink="http://www.w3.org/1999/xlink" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
)

A = "a" * 64
B = "b" * 64


def parse(document: str | bytes) -> Description:
    data = document.encode() if isinstance(document, str) else document
    return read(io.BytesIO(data))


def mets(*parts: str, attributes: str = "") -> str:
    return f"<mets:mets {NAMESPACES} {attributes}>{''.join(parts)}</mets:mets>"


def premis(
    *, digest: str | None = A, algorithm: str = "sha256", size: object = 1, more: str = ""
) -> str:
    fixity = (
        f"<premis:fixity><premis:messageDigestAlgorithm>{algorithm}"
        f"</premis:messageDigestAlgorithm><premis:messageDigest>{digest}</premis:messageDigest>"
        "</premis:fixity>"
        if digest is not None
        else ""
    )
    length = f"<premis:size>{size}</premis:size>" if size is not None else ""
    return (
        '<premis:object xsi:type="premis:file"><premis:objectCharacteristics>'
        f"{fixity}{length}{more}</premis:objectCharacteristics></premis:object>"
    )


def tech(section_id: str, content: str, attributes: str = "") -> str:
    return (
        f'<mets:techMD ID="{section_id}" {attributes}><mets:mdWrap MDTYPE="PREMIS:OBJECT">'
        f"<mets:xmlData>{content}</mets:xmlData></mets:mdWrap></mets:techMD>"
    )


def amd(section_id: str, *sections: str) -> str:
    return f'<mets:amdSec ID="{section_id}">{"".join(sections)}</mets:amdSec>'


def file(file_id: str, href: str | None, attributes: str = "") -> str:
    place = f'<mets:FLocat LOCTYPE="URL" xlink:href="{href}"/>' if href is not None else ""
    return f'<mets:file ID="{file_id}" {attributes}>{place}</mets:file>'


def files(*entries: str, attributes: str = "") -> str:
    return (
        f"<mets:fileSec><mets:fileGrp {attributes}>{''.join(entries)}</mets:fileGrp></mets:fileSec>"
    )


def structmap(*divs: str, kind: str | None = "PHYSICAL") -> str:
    attribute = f' TYPE="{kind}"' if kind is not None else ""
    return f"<mets:structMap{attribute}>{''.join(divs)}</mets:structMap>"


def div(*content: str, attributes: str = "") -> str:
    return f"<mets:div {attributes}>{''.join(content)}</mets:div>"


def folder(label: str, *content: str, attributes: str = "") -> str:
    return div(*content, attributes=f'TYPE="Directory" LABEL="{label}" {attributes}')


def item(file_id: str, label: str | None = None) -> str:
    attribute = f'LABEL="{label}"' if label is not None else ""
    return div(fptr(file_id), attributes=f'TYPE="Item" {attribute}')


def fptr(file_id: str) -> str:
    return f'<mets:fptr FILEID="{file_id}"/>'


def only(description: Description) -> DescribedFile:
    """The single file that is described, with nothing left untied."""
    assert description.untied == ()
    (found,) = description.files
    return found


def codes(description: Description) -> list[str]:
    return [fault.code for fault in description.warnings]
