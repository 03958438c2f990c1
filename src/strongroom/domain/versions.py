"""Names of versions on the wire: ``v1``, ``v2``, …"""

from __future__ import annotations

import re

from strongroom.errors import BadRequest, Fault

_NAME = re.compile(r"v([1-9][0-9]{0,8})")
_MEMENTO = re.compile(r"[0-9]{14}")


def version_name(number: int) -> str:
    return f"v{number}"


def version_number(name: str) -> int | None:
    """The number of ``vN``; None if the text is no such name."""
    match = _NAME.fullmatch(name)
    return int(match.group(1)) if match else None


def is_memento(text: str) -> bool:
    """Whether the text is a memento id, ``yyyyMMddHHmmss``."""
    return _MEMENTO.fullmatch(text) is not None


def bad_version(text: str) -> BadRequest:
    return BadRequest(
        f"'{text[:40]}' is not a version.",
        code="bad-version",
        faults=[
            Fault(
                code="bad-version",
                message="The version cannot be read.",
                path="version",
                expected="v1, v2, … or a memento timestamp yyyyMMddHHmmss",
                found=text[:40],
            )
        ],
    )
