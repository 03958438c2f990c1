"""Content types guessed from file names, the same on every machine."""

from __future__ import annotations

from functools import cache
from mimetypes import MimeTypes

#: what the standard library's own table lacks and libraries often hold
_MORE = {
    ".jp2": "image/jp2",
    ".jpx": "image/jpx",
    ".jxl": "image/jxl",
    ".dng": "image/x-adobe-dng",
    ".warc": "application/warc",
    ".epub": "application/epub+zip",
    ".md": "text/markdown",
    ".flac": "audio/flac",
    ".mkv": "video/x-matroska",
    ".mxf": "application/mxf",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
    ".parquet": "application/vnd.apache.parquet",
    ".7z": "application/x-7z-compressed",
}


@cache
def _table() -> dict[str, str]:
    # the standard library's own table: what the machine's files add to it is left out
    return MimeTypes(filenames=()).types_map[True]


def guess(path: str) -> str | None:
    """The type that the ending of the name stands for; None if it stands for none."""
    dot = path.rfind(".")
    ending = path[dot:].lower() if dot > path.rfind("/") else ""
    return _MORE.get(ending) or _table().get(ending)


#: content types that say nothing, in the order in which they give way
GENERIC = (
    "application/octet-stream",
    "binary/octet-stream",
    "application/x-www-form-urlencoded",
)


def stated_type(content_type: str | None) -> str | None:
    """The type that a store was told for a file; None if that says nothing."""
    plain = (content_type or "").partition(";")[0].strip().lower()
    return None if plain in ("", *GENERIC) else content_type
