"""The parameters of a layout out of its ``config.json``, with everything at once that is wrong.

https://ocfl.github.io/extensions/, "Parameters". What the parameters are is said by the struct of
each layout: its types and limits are the constraints of the specification.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, ClassVar, Protocol, TypeVar, cast

import msgspec

from strongroom.errors import Fault, Unprocessable

#: the one property that is no parameter
EXTENSION_NAME = "extensionName"


class _Kind(Protocol):
    """A struct that holds the parameters of a layout."""

    name: ClassVar[str]

    def conflicts(self) -> Iterator[str]:
        """What is wrong beyond the type of each parameter, one sentence each."""


_K = TypeVar("_K", bound=_Kind)


def read(kind: type[_K], config: bytes | None) -> _K:
    """The layout that the bytes describe; None: with the defaults of its specification.

    Unprocessable (``bad-layout``) with a fault for each thing that is wrong. ``extensionName`` may
    be missing, as its folder has the name too, but must not be another one.
    """
    given = {} if config is None else _properties(kind.name, config)
    faults, values = [], {}
    if (said := given.pop(EXTENSION_NAME, kind.name)) != kind.name:
        faults.append(_fault(EXTENSION_NAME, f"is for {said!r}", kind.name, said))
    for field in msgspec.structs.fields(cast("type[msgspec.Struct]", kind)):
        name = field.encode_name
        if name not in given:
            if field.required:
                faults.append(_fault(name, "is missing and has no default"))
            continue
        value = given.pop(name)
        try:
            values[field.name] = msgspec.convert(value, field.type)
        except msgspec.ValidationError as error:
            faults.append(_fault(name, f"is {value!r}: {error}", found=value))
    faults += [_fault(name, "is not known here", found=given[name]) for name in sorted(given)]
    if not faults:
        layout = kind(**values)
        faults = [_fault(None, text) for text in layout.conflicts()]
        if not faults:
            return layout
    raise _refused(kind.name, faults)


def _properties(layout: str, config: bytes) -> dict[str, Any]:
    try:
        given = json.loads(config.decode("utf-8"), object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise _refused(layout, [_fault(None, f"it is no JSON ({error})")]) from error
    if not isinstance(given, dict):
        raise _refused(layout, [_fault(None, "it must hold a JSON object")])
    return given


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object; ValueError if it names something twice, as nobody knows which one counts."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = sorted({name for name in names if names.count(name) > 1})
        raise ValueError(f"twice in it: {', '.join(twice)}")
    return found


def _fault(name: str | None, what: str, expected: str | None = None, found: object = None) -> Fault:
    return Fault(
        code="bad-layout",
        message=f"{name} {what}" if name else what,
        path=name,
        expected=expected,
        found=None if found is None else repr(found),
    )


def _refused(layout: str, faults: list[Fault]) -> Unprocessable:
    texts = "; ".join(fault.message.rstrip(".") for fault in faults)
    return Unprocessable(
        f"The storage root's layout {layout} cannot be followed: {texts}. "
        f"Correct extensions/{layout}/config.json.",
        code="bad-layout",
        faults=faults,
    )
