"""JSON bodies read into wire shapes, as tolerantly as existing clients need and no more.

Property names match in any case and unknown ones are ignored; syntax, types and booleans are
strict. Numbers that may be sent as strings are typed so by the shapes, and what the values mean is
for others to judge. Source: contract section 1.1.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar, cast

import msgspec
from msgspec import inspect

from strongroom.errors import BadRequest, Fault

T = TypeVar("T")

_Fold = Callable[[Any], Any]
_BOM = b"\xef\xbb\xbf"


def read(body: bytes, shape: type[T]) -> T | None:
    """The body as ``shape``; None for the literal ``null``.

    Raises BadRequest (``malformed-json`` with the byte position, or ``wrong-type`` naming the
    property).
    """
    body = body.removeprefix(_BOM)
    try:
        value = msgspec.json.decode(body)
        if value is None:
            return None
        # folding also drops what is unknown, so that only known properties are ever judged
        return msgspec.convert(_folder(cast("Any", shape))(value), type=shape, strict=True)
    except msgspec.ValidationError as error:
        raise _wrong_type(str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        reason = str(error)
        if "truncated" in reason:
            reason = f"it ends too early (byte {len(body)})"
        raise _malformed(reason) from error
    except RecursionError:
        raise _malformed("it is nested too deeply") from None


def _malformed(reason: str) -> BadRequest:
    reason = reason.removeprefix("JSON is malformed: ").rstrip(".")
    return BadRequest(
        f"The body is not JSON that can be read: {reason}.",
        code="malformed-json",
        faults=[Fault(code="malformed-json", message=f"The JSON is malformed: {reason}.")],
    )


def _wrong_type(text: str) -> BadRequest:
    """msgspec says ``Expected `bool`, got `str` - at `$.isUpdate` ``."""
    what, _, place = text.partition(" - at `")
    name = place.rstrip("`").removeprefix("$").removeprefix(".") or "(the body)"
    expected, _, found = what.removeprefix("Expected ").partition(", got ")
    return BadRequest(
        f"The property '{name}' has the wrong type: {what}.",
        code="wrong-type",
        faults=[
            Fault(
                code="wrong-type",
                message="The property has the wrong type.",
                path=name,
                expected=expected.replace("`", "") or None,
                found=found.replace("`", "") or None,
            )
        ],
    )


# ------------------------------------------------------------------------ folding of names


@cache
def _folder(shape: Any) -> _Fold:
    """What turns plain JSON values into ones with exactly the names of ``shape``, on all levels."""
    return _fold_of(inspect.type_info(shape), {}) or _same


def _same(value: Any) -> Any:
    return value


def _fold_of(info: inspect.Type, done: dict[type[Any], _Fold]) -> _Fold | None:
    """The fold for one type; None where there is nothing to fold."""
    if isinstance(info, inspect.StructType):
        return _struct_fold(info, done)
    if isinstance(info, inspect.ListType):
        inner = _fold_of(info.item_type, done)
        return None if inner is None else _list_fold(inner)
    if isinstance(info, inspect.UnionType):
        # a union of ours holds at most one struct and one list; values tell which is meant
        folds = [fold for fold in (_fold_of(part, done) for part in info.types) if fold]
        return _chain(folds) if folds else None
    return None


def _chain(folds: list[_Fold]) -> _Fold:
    def fold(value: Any) -> Any:
        for each in folds:
            value = each(value)
        return value

    return fold


def _list_fold(inner: _Fold) -> _Fold:
    def fold(value: Any) -> Any:
        return [inner(item) for item in value] if isinstance(value, list) else value

    return fold


def _struct_fold(info: inspect.StructType, done: dict[type[Any], _Fold]) -> _Fold:
    if info.cls in done:
        return done[info.cls]
    names = {field.encode_name.lower(): field.encode_name for field in info.fields}
    inner: dict[str, _Fold] = {}

    def fold(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        known = {}
        for key, item in value.items():
            name = names.get(key) or names.get(key.lower())
            if name is not None:
                known[name] = inner[name](item) if name in inner else item
        return known

    done[info.cls] = fold
    for field in info.fields:
        below = _fold_of(field.type, done)
        if below is not None:
            inner[field.encode_name] = below
    return fold
