"""Single tags as bytes: where they end, what they are called, and another value for an attribute.

The document is known to be well-formed UTF-8; what an element means is left to others.
"""

from __future__ import annotations

import mmap
import re

from strongroom.mets.text import attribute

#: a whole document: in memory, or a file that is mapped into it
Source = bytes | mmap.mmap

_TAG = re.compile(rb"""<[^<>"']*(?:"[^"<]*"[^<>"']*|'[^'<]*'[^<>"']*)*>""")
_NAME = re.compile(rb"</?([^\s/>]+)")


def end_of_tag(source: Source, start: int) -> int:
    """The position after the tag that begins at ``start``."""
    match = _TAG.match(source, start)
    if match is None:
        raise ValueError(f"no tag begins at byte {start}")
    return match.end()


def name_of(source: Source, start: int) -> str:
    """The name of a tag as written, with its prefix."""
    match = _NAME.match(source, start)
    if match is None:
        raise ValueError(f"no tag begins at byte {start}")
    return match.group(1).decode("utf-8")


def is_empty(tag: bytes) -> bool:
    """Whether a tag is an element of its own, without content (``<a/>``)."""
    return tag.endswith(b"/>")


def with_attribute(tag: bytes, name: str, value: str) -> bytes:
    """The start tag with this attribute, in the place of the one it has, or as its last."""
    given = f'{name}="{attribute(value)}"'.encode()
    found = _find(tag, name)
    if found is not None:
        return tag[: found.start()] + given + tag[found.end() :]
    cut = len(tag) - (2 if is_empty(tag) else 1)
    return tag[:cut].rstrip() + b" " + given + tag[cut:]


def without_attribute(tag: bytes, name: str) -> bytes:
    """The start tag without this attribute and the blanks before it."""
    found = _find(tag, name)
    return tag if found is None else tag[: found.start()].rstrip() + tag[found.end() :]


def value_of(tag: bytes, name: str) -> str | None:
    """The value of an attribute, entities and all; None if the tag has no such attribute."""
    found = _find(tag, name)
    if found is None:
        return None
    return (found[1] if found[1] is not None else found[2]).decode("utf-8")


def _find(tag: bytes, name: str) -> re.Match[bytes] | None:
    pattern = re.compile(rb"""(?<=\s)%s\s*=\s*(?:"([^"]*)"|'([^']*)')""" % re.escape(name.encode()))
    for match in pattern.finditer(tag):
        # not within the value of another attribute
        if _closed(tag[: match.start()]):
            return match
    return None


def _closed(before: bytes) -> bool:
    """Whether no quoted value is open at the end of this."""
    quote = 0
    for byte in before:
        if quote:
            quote = 0 if byte == quote else quote
        elif byte in b"\"'":
            quote = byte
    return not quote
