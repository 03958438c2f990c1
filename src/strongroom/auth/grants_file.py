"""Reads grants from a TOML file: an array ``[[grants]]`` of tables subject, role and path.

Names everything that is wrong with it at once.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from strongroom.domain.grants import Grant, Source, make
from strongroom.errors import BadRequest, Fault

_KEYS = frozenset({"subject", "role", "path"})


def load(file: Path | None) -> tuple[Grant, ...]:
    """The grants that ``file`` makes; none without a file. BadRequest (``bad-grants``)."""
    if file is None:
        return ()
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise _refused(file, [_fault(str(file), f"cannot be read: {error.strerror}")]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _refused(file, [_fault(str(file), f"is no TOML: {error}")]) from error
    faults = [_fault(name, "is not known; grants stand in [[grants]]") for name in document]
    faults = [fault for fault in faults if fault.path != "grants"]
    entries = document.get("grants", [])
    if not isinstance(entries, list):
        entries = []
        faults.append(_fault("grants", "is no array of tables; write [[grants]]"))
    found = []
    for number, entry in enumerate(entries, 1):
        grant = _grant(f"grants[{number}]", entry, faults)
        if grant is not None:
            found.append(grant)
    if faults:
        raise _refused(file, faults)
    return tuple(found)


def _grant(key: str, entry: Any, faults: list[Fault]) -> Grant | None:
    if not isinstance(entry, dict):
        faults.append(_fault(key, "is no table"))
        return None
    wrong = [_fault(f"{key}.{name}", "is not known") for name in entry if name not in _KEYS]
    wrong += [
        _fault(f"{key}.{name}", "is missing" if name not in entry else "is no text")
        for name in sorted(_KEYS)
        if not isinstance(entry.get(name), str)
    ]
    faults += wrong
    if wrong:
        return None
    try:
        return make(entry["subject"], entry["role"], entry["path"], source=Source.FILE)
    except BadRequest as error:
        faults += [
            _fault(f"{key}.{fault.path}", fault.message, fault.found) for fault in error.faults
        ]
        return None


def _fault(path: str, message: str, found: str | None = None) -> Fault:
    return Fault(code="bad-grants", message=message, path=path, found=found)


def _refused(file: Path, faults: list[Fault]) -> BadRequest:
    told = "; ".join(f"{fault.path} {fault.message}" for fault in faults[:50])
    return BadRequest(
        f"The grants in {file} cannot be used: {told}", code="bad-grants", faults=faults
    )
