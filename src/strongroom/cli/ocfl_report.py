"""What a validation says, line by line while it goes on, or as one JSON document.

Problems are printed as they come and not kept, so that a root with millions of them fits.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from strongroom.cli.amounts import counted
from strongroom.ocfl.validation.objects import ObjectSummary
from strongroom.ocfl.validation.problems import Problem

if TYPE_CHECKING:
    from strongroom.ocfl.validation.roots import RootSummary


class Report:
    """Prints problems, and a summary at the end."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._count = 0

    def problem(self, problem: Problem) -> None:
        if self._as_json:
            click.echo("," if self._count else '{"problems": [')
            click.echo(json.dumps({"severity": problem.severity, **asdict(problem)}), nl=False)
        else:
            click.echo(_line(problem))
        self._count += 1

    def finish(self, summary: dict[str, object]) -> None:
        """The end of the document, or a line that sums up."""
        if self._as_json:
            start = "\n], " if self._count else '{"problems": [], '
            click.echo(f"{start}{json.dumps(summary)[1:]}")
            return
        word = "valid" if summary["valid"] else "NOT valid"
        click.echo(
            f"{summary['folder']} is {word} ({_counts(summary)}): "
            f"{counted(_number(summary, 'errors'), 'error')}, "
            f"{counted(_number(summary, 'warnings'), 'warning')}."
        )


def summary_of(place: object, summary: ObjectSummary | RootSummary) -> dict[str, object]:
    kind = "object" if isinstance(summary, ObjectSummary) else "root"
    return {"folder": str(place), "kind": kind, "valid": summary.valid, **asdict(summary)}


def _counts(summary: dict[str, object]) -> str:
    one = "object" if summary["kind"] == "root" else "version"
    return (
        f"OCFL {summary['spec'] or 'of no version'}, "
        f"{counted(_number(summary, one + 's'), one)}, "
        f"{counted(_number(summary, 'files'), 'file')} of content, "
        f"{_number(summary, 'bytes'):,} bytes"
    )


def _number(summary: dict[str, object], name: str) -> int:
    value = summary[name]
    return value if isinstance(value, int) else 0


def _line(problem: Problem) -> str:
    seen = [
        f"{word} {value}"
        for word, value in (("expected", problem.expected), ("found", problem.found))
        if value is not None
    ]
    more = f" ({', '.join(seen)})" if seen else ""
    text = f"{problem.severity.upper()} {problem.code} {problem.place or '.'}: {problem.message}"
    # names on disk need not be UTF-8
    return f"{text}{more}".encode("utf-8", "backslashreplace").decode()
