"""JSON bodies read into wire shapes, as tolerantly as existing clients need and no more.

Property names match in any case and unknown ones are skipped without being built or judged; syntax,
types and booleans are strict. Numbers that may be sent as strings are typed so by the shapes, and
what the values mean is for others to judge. Source: contract section 1.1.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, TypeVar, cast

import msgspec
from msgspec import inspect

from strongroom.errors import BadRequest, Fault

T = TypeVar("T")

_BOM = b"\xef\xbb\xbf"
_NULL = re.compile(rb"[ \t\r\n]*null[ \t\r\n]*")

#: A name that could be one of ours. In well-formed JSON a quote that no backslash escapes, followed
#: by a word, a quote and a colon, begins a property name wherever it stands.
_NAME = re.compile(rb'"(?<!\\")([A-Za-z]{1,32})"[ \t\r\n]*:')

#: from here on a floating-point number cannot tell whole numbers from their neighbours
_EXACT = 1 << 53

#: bytes that are looked through at once, so that other threads get their turn in between
_PIECE = 1 << 18


def read(body: bytes, shape: type[T]) -> T | None:
    """The body as ``shape``; None for the literal ``null``.

    Memory: what ``shape`` holds, and at most two copies of the body. Raises BadRequest
    (``malformed-json``, with the byte position where it is known, or ``wrong-type`` naming the
    property).
    """
    body = body.removeprefix(_BOM)
    if _NULL.fullmatch(body):
        return None
    try:
        folded = _folded(body, _names(cast("Any", shape)))
        try:
            return msgspec.json.decode(folded, type=shape)
        except msgspec.ValidationError as error:
            if "got `float`" not in str(error):
                raise
            try:
                whole = _whole_numbers(folded)
            except ValueError:
                raise error from None
            return msgspec.json.decode(whole, type=shape)
    except msgspec.ValidationError as error:
        raise _wrong_type(str(error)) from error
    except msgspec.DecodeError as error:
        reason = str(error)
        if "truncated" in reason:
            # half of a surrogate pair looks just so, and then the end has nothing to do with it
            halved = re.search(rb"\\u[dD][89abAB]", body)
            reason = (
                "it ends too early, or in half of a surrogate pair"
                if halved
                else f"it ends too early (byte {len(body)})"
            )
        raise _malformed(reason) from error
    except RecursionError:
        raise _malformed("it is nested too deeply") from None


def _whole_numbers(body: bytes | bytearray) -> bytes:
    """The body with ``1.0`` and ``1e3`` as the whole numbers they are (RFC 8259, section 6).

    ValueError for what is no JSON.
    """

    def read(text: str) -> int | float:
        number = float(text)
        return int(number) if number.is_integer() and abs(number) < _EXACT else number

    return json.dumps(json.loads(body, parse_float=read), allow_nan=False).encode()


def _malformed(reason: str) -> BadRequest:
    reason = reason.removeprefix("JSON is malformed: ").rstrip(".")
    return BadRequest(
        f"The body is not JSON that can be read: {reason}.",
        code="malformed-json",
        faults=[Fault(code="malformed-json", message=f"The JSON is malformed: {reason}.")],
    )


# ------------------------------------------------------------------------ wrong types

#: types as msgspec names them, in the words of JSON
_WORDS = {
    "int": "a whole number",
    "float": "a decimal number",
    "str": "a string",
    "bool": "true or false",
    "array": "an array",
    "object": "an object",
}


def _wrong_type(text: str) -> BadRequest:
    """msgspec says ``Expected `bool`, got `str` - at `$.isUpdate` `` or ``Number out of range``."""
    what, _, place = text.partition(" - at `")
    name = place.rstrip("`").removeprefix("$").removeprefix(".") or "(the body)"
    if what.startswith("Expected "):
        expected, _, found = what.removeprefix("Expected ").partition(", got ")
        expected, found = _in_words(expected), _in_words(found)
    else:
        expected, found = "a value of moderate size", f"something else ({what.lower()})"
        if "out of range" in what:
            expected, found = "a number of at most 18 digits", "a number out of range"
    return BadRequest(
        f"The property '{name}' has the wrong type: expected {expected}, found {found}.",
        code="wrong-type",
        faults=[
            Fault(
                code="wrong-type",
                message="The property has the wrong type.",
                path=name,
                expected=expected,
                found=found,
            )
        ],
    )


def _in_words(types: str) -> str:
    """``int | str | null`` as ``a whole number, a string or null``."""
    names = types.strip("`").split(" | ")
    words = [_WORDS.get(name, name) for name in names]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


# ------------------------------------------------------------------------ folding of names


@cache
def _names(shape: Any) -> Mapping[bytes, bytes]:
    """The property names of a shape, on all its levels, by their lower case."""
    found: dict[bytes, bytes] = {}
    _collect(inspect.type_info(shape), found, set())
    return found


def _collect(info: inspect.Type, found: dict[bytes, bytes], done: set[type[Any]]) -> None:
    if isinstance(info, inspect.StructType) and info.cls not in done:
        done.add(info.cls)
        for field in info.fields:
            name = field.encode_name.encode()
            if found.setdefault(name.lower(), name) != name:
                raise TypeError(f"{info.cls} spells {name!r} unlike another level")
            _collect(field.type, found, done)
    elif isinstance(info, inspect.ListType):
        _collect(info.item_type, found, done)
    elif isinstance(info, inspect.UnionType):
        for part in info.types:
            _collect(part, found, done)


def _folded(body: bytes, names: Mapping[bytes, bytes]) -> bytes | bytearray:
    """The body with every known name as the shape spells it, at the same places.

    Names are found by their quotes; ones with escapes in them (``"\\u0049d"``) stay as they are.
    Raises BadRequest where the body is not UTF-8, which the decoder leaves unseen in what it skips.
    """
    ours = frozenset(names.values())
    folded: bytearray | None = None
    for start, end in _pieces(body):
        piece = body[start:end]
        if not piece.isascii():
            _check_utf8(piece, start)
        others = set(_NAME.findall(piece)) - ours
        if any(name.lower() in names for name in others):
            folded = bytearray(body) if folded is None else folded
            for match in _NAME.finditer(piece):
                if name := names.get(match[1].lower()):
                    folded[start + match.start(1) : start + match.end(1)] = name
    return body if folded is None else folded


def _pieces(body: bytes) -> Iterator[tuple[int, int]]:
    """Where to cut: behind commas, since no name with its colon goes across one."""
    start = 0
    while start < len(body):
        end = body.find(b",", start + _PIECE) + 1 or len(body)
        yield start, end
        start = end


def _check_utf8(piece: bytes, start: int) -> None:
    try:
        piece.decode()
    except UnicodeDecodeError as error:
        raise _malformed(f"it is not UTF-8 (byte {start + error.start})") from error
