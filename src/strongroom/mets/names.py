"""Namespaces and fixed texts of METS and its companions, as other programs expect them.

Leaves their meaning to the modules that read and write.
"""

from __future__ import annotations

METS = "http://www.loc.gov/METS/"
METS_2 = "http://www.loc.gov/METS/v2"
MODS = "http://www.loc.gov/mods/v3"
PREMIS = "http://www.loc.gov/premis/v3"
XLINK = "http://www.w3.org/1999/xlink"
XSI = "http://www.w3.org/2001/XMLSchema-instance"

#: older namespaces are read, never written
PREMIS_READ = (
    PREMIS,
    "info:lc/xmlns/premis-v2",
    "http://www.loc.gov/standards/premis",
    "http://www.loc.gov/standards/premis/v1",
)
XLINK_READ = (XLINK, "http://www.w3.org/TR/xlink", "http://www.w3.org/TR/xlink/")
DUBLIN_CORE = ("http://purl.org/dc/elements/1.1/", "http://purl.org/dc/terms/")

#: the agent that marks a METS file as the platform's own; other clients look for this very text
PLATFORM_AGENT = "University of Leeds Digital Library Infrastructure Project"
#: the label of the root folder, and the title of a group without a name
ROOT_LABEL = "__ROOT"
UNTITLED = "[Untitled]"
#: the scanner that virus events are told of
VIRUS_SCANNER = "ClamAV"
#: what clients write as MIMETYPE where they do not know it
NOT_IDENTIFIED = "dlip/not-identified"
#: a property that older platform files have beside the others: all that the tool printed
WHOLE_OUTPUT = "RawOutput"
#: the format name that PREMIS wants where none is known
UNKNOWN_FORMAT = "Unknown"


def tag(namespace: str, local: str) -> str:
    """An expanded name as the parser gives it; no namespace is the bare local name."""
    return f"{namespace} {local}" if namespace else local
