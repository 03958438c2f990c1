"""Where the outputs of tools lie in a deposit, relative to its content root.

The same for what is read and for what is written here; other programs look there too.
Source: contract mets.md, section 4.
"""

from __future__ import annotations

SIEGFRIED = "metadata/siegfried/"
SIEGFRIED_TABLE = "metadata/siegfried/siegfried.csv"
BRUNNHILDE = "metadata/brunnhilde/siegfried.csv"
REPORT = "metadata/brunnhilde/report.html"
VIRUS_LOG = "metadata/brunnhilde/logs/viruscheck-log.txt"
#: files that the scanner could not look at, each with its reason
UNSCANNED = "metadata/brunnhilde/logs/viruscheck-errors.txt"
VIRUS_DEFINITION = "metadata/virus-definition/virus-definition.txt"
EXIF = "metadata/exif/exif_output.txt"
EXIF_JSON = "metadata/exif/exif_output.json"
