"""The errors and warnings of METS reading and writing, in one form.

Leaves to the callers which of them is grave.
"""

from __future__ import annotations

from strongroom.errors import Fault, Unprocessable


def bad_mets(message: str, *, line: int | None = None, what_to_do: str = "") -> Unprocessable:
    """The error for a METS file that cannot be read as a whole."""
    place = f" (line {line})" if line is not None else ""
    text = f"The METS file cannot be read: {message}{place}."
    return Unprocessable(
        f"{text} {what_to_do}".rstrip(),
        code="bad-mets",
        faults=[Fault(code="bad-mets", message=f"{message}{place}")],
    )


def fault(
    code: str,
    message: str,
    *,
    line: int | None = None,
    path: str | None = None,
    expected: str | None = None,
    found: str | None = None,
) -> Fault:
    """One entry that is wrong or odd, with the line of the element it stands in."""
    place = f" (line {line})" if line else ""
    return Fault(
        code=code,
        message=f"{message}{place}.",
        path=_short(path),
        expected=expected,
        found=_short(found),
    )


def untied(message: str, *, line: int, path: str | None) -> Fault:
    """An entry that belongs to no path."""
    return fault("untied-entry", message, line=line, path=path)


def _short(text: str | None) -> str | None:
    return text if text is None or len(text) <= 500 else text[:500] + "…"
