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


def with_attribute(tag: bytes, name: str, value: str | None) -> bytes:
    """The start tag with this attribute, in the place of the one it has, or as its last.

    None takes the attribute away.
    """
    given = f'{name}="{attribute(value)}"'.encode() if value is not None else b""
    pattern = re.compile(rb"""(?<=\s)%s\s*=\s*(?:"[^"]*"|'[^']*')""" % re.escape(name.encode()))
    for match in pattern.finditer(tag):
        # not within the value of another attribute
        before = tag[: match.start()]
        if _closed(before):
            return (before if given else before.rstrip()) + given + tag[match.end() :]
    if value is None:
        return tag
    cut = len(tag) - (2 if is_empty(tag) else 1)
    return tag[:cut].rstrip() + b" " + given + tag[cut:]


def value_of(tag: bytes, name: str) -> str | None:
    """The value of an attribute, entities and all; None if the tag has no such attribute."""
    pattern = re.compile(rb"""(?<=\s)%s\s*=\s*(?:"([^"]*)"|'([^']*)')""" % re.escape(name.encode()))
    for match in pattern.finditer(tag):
        if _closed(tag[: match.start()]):
            return (match[1] if match[1] is not None else match[2]).decode("utf-8")
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
