"""The sample book's METS, written the way an application outside Strongroom writes its own.

It shares nothing with the server's writer, so that the demo proves that a stranger's METS is
understood: percent-encoded hrefs, SHA-256 checksums, labels, two structMaps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

NAME = "mets.xml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """A file as METS tells of it."""

    #: relative to the METS file
    path: str
    label: str
    mime: str
    #: bytes
    size: int
    #: lower-case hex
    sha256: str


def write(*, title: str, files: Sequence[Described], created: datetime) -> str:
    """The METS file of a book; its files in their order."""
    listed = "\n".join(_file(number, file) for number, file in enumerate(files, 1))
    divs = "\n".join(_div(number, file) for number, file in enumerate(files, 1))
    return _WHOLE.format(
        label=quoteattr(title),
        title=escape(title),
        created=f"{created:%Y-%m-%dT%H:%M:%SZ}",
        files=listed,
        divs=divs,
    )


_WHOLE = """\
<?xml version="1.0" encoding="UTF-8"?>
<mets xmlns="http://www.loc.gov/METS/" xmlns:mods="http://www.loc.gov/mods/v3"
      xmlns:xlink="http://www.w3.org/1999/xlink" LABEL={label}>
  <metsHdr CREATEDATE="{created}">
    <agent ROLE="CREATOR" TYPE="OTHER" OTHERTYPE="SOFTWARE">
      <name>Sample digitisation workflow</name>
    </agent>
  </metsHdr>
  <dmdSec ID="DMD_1"><mdWrap MDTYPE="MODS"><xmlData>
    <mods:mods><mods:titleInfo><mods:title>{title}</mods:title></mods:titleInfo></mods:mods>
  </xmlData></mdWrap></dmdSec>
  <fileSec>
    <fileGrp USE="DEFAULT">
{files}
    </fileGrp>
  </fileSec>
  <structMap TYPE="LOGICAL">
    <div TYPE="Monograph" DMDID="DMD_1" LABEL={label}/>
  </structMap>
  <structMap TYPE="PHYSICAL">
    <div TYPE="physSequence">
{divs}
    </div>
  </structMap>
</mets>
"""


def _file(number: int, file: Described) -> str:
    return (
        f'      <file ID="FILE_{number:04}" MIMETYPE={quoteattr(file.mime)} SIZE="{file.size}"'
        f' CHECKSUM="{file.sha256}" CHECKSUMTYPE="SHA-256">'
        f'<FLocat LOCTYPE="URL" xlink:href="{quote(file.path)}"/></file>'
    )


def _div(number: int, file: Described) -> str:
    label = quoteattr(file.label)
    return (
        f'      <div ID="PHYS_{number:04}" ORDER="{number}" TYPE="page" LABEL={label}>'
        f'<fptr FILEID="FILE_{number:04}"/></div>'
    )
