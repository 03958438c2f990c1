"""Reads what ExifTool printed: the tags of each file, as text (``-a -r``) or as JSON (``-j``).

Leaves the meaning of tags to others; names are reduced to letters and digits, values are kept as
they are. Source: contract mets.md 4.6.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from sys import intern
from typing import Any

from strongroom.domain.findings import Tag
from strongroom.tools.json_items import Items
from strongroom.tools.text import Peeked, Readable, clean, first_sign, lines

#: characters of a value that are kept; what METS takes of one
LONGEST_VALUE = 10_000

_START = 4096  # bytes
_NAMES = 100_000  # names that are remembered
_FILE = "======== "
_END = re.compile(
    r"\s*\d+ (directories scanned|image files (read|updated|created)|files? (failed|weren't).*)"
)
_LIST = re.compile(r"^\s*\[")
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9]")


def read(stream: Readable) -> Iterator[tuple[str, tuple[Tag, ...]]]:
    """Path as the tool saw it, and tags. ValueError if a JSON list breaks off."""
    peeked = Peeked(stream, _START)
    if first_sign(peeked.start).startswith(b"["):
        return _json(peeked)
    return _text(lines(peeked))


def _text(printed: Iterable[str]) -> Iterator[tuple[str, tuple[Tag, ...]]]:
    """Lines that are neither a file's nor a tag's are passed over."""
    path: str | None = None
    tags: list[Tag] = []
    names: dict[str, str] = {}
    for line in printed:
        name, colon, value = line.partition(":")
        if line.startswith(_FILE):
            if tags:
                yield _place(path, tags), tuple(tags)
            path, tags = line[len(_FILE) :], []
        elif colon:
            # the same few names come again and again
            bare = names.get(name)
            if bare is None:
                bare = intern(_NOT_IN_NAMES.sub("", name))
                if len(names) < _NAMES:
                    names[name] = bare
            if bare:
                tags.append(Tag(bare, value.strip()[:LONGEST_VALUE]))
        elif _END.fullmatch(line):
            if tags:
                yield _place(path, tags), tuple(tags)
            path, tags = None, []
    if tags:
        yield _place(path, tags), tuple(tags)


def _place(path: str | None, tags: Iterable[Tag]) -> str:
    """The path; for a file looked at alone, which has no line of its own, what its tags say."""
    if path is not None:
        return path
    known = {tag.name: tag.value for tag in tags}
    folder, name = known.get("Directory"), known.get("FileName", "")
    return f"{folder}/{name}" if folder and folder != "." else name


def _json(stream: Readable) -> Iterator[tuple[str, tuple[Tag, ...]]]:
    for item in Items(stream, _LIST):
        path = ""
        tags: list[Tag] = []
        for pair in item if isinstance(item, list) else ():
            if not isinstance(pair, tuple):
                continue
            name, value = pair
            if name == "SourceFile":
                path = clean(str(value))
            else:
                # a group stands before the name, as in "System:FileName"
                bare = _NOT_IN_NAMES.sub("", str(name).rpartition(":")[2])
                if bare:
                    tags.append(Tag(intern(bare), _plain(value)[:LONGEST_VALUE]))
        if path:
            yield path, tuple(tags)


def _plain(value: Any) -> str:
    """A JSON value as text; lists joined as ExifTool joins them."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list) and not any(isinstance(each, tuple) for each in value):
        return ", ".join(_plain(each) for each in value)
    return clean(json.dumps(_object(value), ensure_ascii=False))


def _object(value: Any) -> Any:
    if isinstance(value, list) and value and all(isinstance(each, tuple) for each in value):
        return {name: _object(inner) for name, inner in value}
    return [_object(each) for each in value] if isinstance(value, list) else value
