"""Reads the text that ``exiftool -a -r`` prints: the tags of each file, in its order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from strongroom.domain.findings import Tag

_FILE = re.compile(r"======== (.+)")
_END = re.compile(r"\s*\d+ (directories scanned|image files read|files weren't read.*)")
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9]")


def read(lines: Iterable[str]) -> Iterator[tuple[str, tuple[Tag, ...]]]:
    """Path as the tool saw it, and tags. Lines that are neither are passed over."""
    path: str | None = None
    tags: list[Tag] = []
    for line in lines:
        text = line.rstrip("\r\n")
        if start := _FILE.fullmatch(text):
            if path is not None:
                yield path, tuple(tags)
            path, tags = start[1].replace("\\", "/"), []
        elif _END.fullmatch(text):
            if path is not None:
                yield path, tuple(tags)
            path = None
        elif path is not None and ":" in text:
            name, _, value = text.partition(":")
            if name := _NOT_IN_NAMES.sub("", name):
                tags.append(Tag(name, value.strip()))
    if path is not None:
        yield path, tuple(tags)
