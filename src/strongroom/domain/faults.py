"""Collects everything that is wrong with a request before it is refused.

Each fault carries a rank; the error that is raised is of the kind of the fault with the lowest
rank, and names all of them.
"""

from __future__ import annotations

from strongroom.errors import Fault, StrongroomError


class Faults:
    """A list of faults that turns into one error."""

    def __init__(self) -> None:
        self._found: list[tuple[int, type[StrongroomError], Fault]] = []

    def add(
        self,
        rank: int,
        kind: type[StrongroomError],
        code: str,
        message: str,
        *,
        path: str | None = None,
        expected: str | None = None,
        found: str | None = None,
    ) -> None:
        fault = Fault(code=code, message=message, path=path, expected=expected, found=found)
        self._found.append((rank, kind, fault))

    def put(self, rank: int, kind: type[StrongroomError], fault: Fault) -> None:
        self._found.append((rank, kind, fault))

    def __bool__(self) -> bool:
        return bool(self._found)

    def raise_all(self, what: str) -> None:
        """Raise one error with all faults, the gravest first; do nothing if there are none.

        ``what`` opens the message, as in "The job cannot be run".
        """
        if not self._found:
            return
        ordered = sorted(self._found, key=lambda entry: entry[0])
        kind = ordered[0][1]
        first = ordered[0][2]
        place = f" ({first.path})" if first.path else ""
        detail = "".join(
            f"; {label} {value}"
            for label, value in (("expected", first.expected), ("found", first.found))
            if value is not None
        )
        left = len(ordered) - 1
        more = ""
        if left:
            more = (
                " One more fault is listed in errors."
                if left == 1
                else (f" {left} more faults are listed in errors.")
            )
        raise kind(
            f"{what}: {first.message.rstrip('.')}{place}{detail}.{more}",
            code=first.code,
            faults=[fault for _, _, fault in ordered],
        )
