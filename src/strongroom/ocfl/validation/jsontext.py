"""JSON as OCFL wants it: UTF-8, no key twice, nothing that RFC 8259 does not have.

Says of any bytes what is wrong with them, and never fails on them; what the values mean is left
to the checks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NoReturn

#: an escape that may be half of a surrogate pair
_HALF = re.compile(r"\\u[dD][89a-fA-F]")


class NotJson(ValueError):
    """What is wrong with the text; ``position`` names the value concerned, if it is one."""

    def __init__(self, message: str, position: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.position = position


def parse(raw: bytes) -> Any:
    """The value that the bytes stand for.

    Numbers come as floats (nothing in an inventory is a number). NotJson for anything that is
    not JSON, for a key that stands twice in one object and for text that is no Unicode.
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NotJson(f"byte {error.start} is no UTF-8") from error
    del raw
    doubled: list[tuple[dict[str, Any], str]] = []

    def collect(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) != len(pairs):
            doubled.append((made, _second(pairs)))
        return made

    try:
        value = json.loads(
            text,
            object_pairs_hook=collect,
            parse_int=float,
            parse_constant=_refuse,
        )
    except RecursionError as error:
        raise NotJson("it is nested too deeply") from error
    except json.JSONDecodeError as error:
        raise NotJson(f"{error.msg} at line {error.lineno}, column {error.colno}") from error
    if doubled:
        where, key = doubled[0]
        raise NotJson(f"the key {key[:200]!r} stands twice in one object", _position(value, where))
    if _HALF.search(text):
        for position, string in _strings(value):
            try:
                string.encode()
            except UnicodeEncodeError as error:
                raise NotJson("a text holds half of a character", position) from error
    return value


def try_parse(raw: bytes) -> tuple[Any, NotJson | None]:
    """The value, or what is wrong with the bytes."""
    try:
        return parse(raw), None
    except NotJson as error:
        return None, error


def same(one: Any, other: Any) -> bool:
    """Whether two values are the same; those nested too deeply to be compared never are."""
    try:
        return bool(one == other)
    except RecursionError:
        return False


def place(file: str, wrong: NotJson) -> str:
    """Where it is wrong, as problems name places."""
    return f"{file}: {wrong.position}" if wrong.position else file


def told(wrong: NotJson) -> str:
    """What is wrong, as a sentence."""
    return f"This is no JSON that can be used: {wrong.message}."


def _refuse(constant: str) -> NoReturn:
    raise NotJson(f"{constant} is no JSON")


def _second(pairs: list[tuple[str, Any]]) -> str:
    """The first key that was there before."""
    seen: set[str] = set()
    return next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]


def _position(value: Any, wanted: dict[str, Any]) -> str:
    return next((position for position, found in _walk(value) if found is wanted), "")


def _strings(value: Any) -> Iterator[tuple[str, str]]:
    for position, found in _walk(value):
        if isinstance(found, str):
            yield position, found
        elif isinstance(found, dict):
            yield from ((position, key) for key in found)


def _walk(value: Any) -> Iterator[tuple[str, Any]]:
    """Every value within, with its keys joined by dots."""
    left = [("", value)]
    while left:
        position, found = left.pop()
        yield position, found
        if isinstance(found, dict):
            left.extend((f"{position}.{key}".lstrip("."), part) for key, part in found.items())
        elif isinstance(found, list):
            left.extend((position, part) for part in found)
