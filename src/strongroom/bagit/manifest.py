"""Reads a BagIt payload manifest (RFC 8493, section 2.1.3): path → digest."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping

from strongroom.domain import digests

#: the manifest whose digests count
MANIFEST = "manifest-sha256.txt"

_LINE = re.compile(r"([0-9A-Fa-f]+)[ \t]+\*?(.+)")


def read(lines: Iterable[str]) -> dict[str, str]:
    """Path relative to the bag → SHA-256 of every usable line.

    Lines that are no manifest lines, digests that are no SHA-256 and paths that leave the bag are
    passed over; of a path listed twice with different digests neither counts.
    """
    found: dict[str, str] = {}
    doubtful: set[str] = set()
    for line in lines:
        match = _LINE.fullmatch(line.rstrip("\r\n"))
        digest = digests.normal(match.group(1)) if match else None
        if match is None or digest is None:
            continue
        path = match.group(2).removeprefix("./")
        for escape, character in (("%0A", "\n"), ("%0D", "\r"), ("%25", "%")):
            path = path.replace(escape, character).replace(escape.lower(), character)
        if path.startswith("/") or ".." in path.split("/"):
            continue
        if found.setdefault(path, digest) != digest:
            doubtful.add(path)
    return {path: digest for path, digest in found.items() if path not in doubtful}


def matched(listed: Mapping[str, str], there: Collection[str]) -> dict[str, str]:
    """The same by the names that the files have here: other systems compose letters otherwise."""
    found = {}
    for path, digest in listed.items():
        forms = (path, *(unicodedata.normalize(form, path) for form in ("NFC", "NFD")))
        found[next((form for form in forms if form in there), path)] = digest
    return found
