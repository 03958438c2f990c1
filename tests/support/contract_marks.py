"""Which rows of the HTTP contract which tests prove, read from their sources without running them.

A test says so by ``@pytest.mark.contract("16.12")``: on itself, on its class, in the module's
``pytestmark``, or among the ``marks`` of a ``pytest.param``. A mark at any other place would reach
no test, so it is a fault; and so is one whose rows are not written out, or whose test never runs.
What rows there are is left to :mod:`support.contract_rows`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

#: rows of sections that are proved as far as it is worth while: `9.GET-search.shape`, `3.3.import`
FORM = re.compile(r"(?:[1-9]|1[0-5]|2[01])(?:\.[A-Za-z0-9-]+)+")

#: marks with which a test proves nothing, wherever it runs
NEVER = ("skip", "xfail")


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What the marks in a set of sources say."""

    #: row to the places of its marks, as ``file:line``
    places: dict[str, list[str]] = field(default_factory=dict)
    #: marks that prove nothing as they stand, one line each
    faults: list[str] = field(default_factory=list)


def read(tests: Path) -> Marks:
    """All marks below this folder of tests.

    Only files that have such a mark are parsed.
    """
    found = Marks()
    for path in sorted(tests.rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        if "mark.contract" in source:
            _read(found, source, path.relative_to(tests).as_posix())
    return found


def unproved(rows: Collection[str], marks: Marks) -> list[str]:
    """Rows that no test carries, in their order."""
    return [row for row in rows if row not in marks.places]


def unknown(rows: Collection[str], sections: Collection[str], marks: Marks) -> list[str]:
    """Marks that name no row: of ``sections`` one of ``rows``, of others anything of the form."""
    return [
        f"{row} at {', '.join(places)}"
        for row, places in sorted(marks.places.items())
        if not (row in rows if row.partition(".")[0] in sections else FORM.fullmatch(row))
    ]


def _read(found: Marks, source: str, name: str) -> None:
    tree = ast.parse(source)
    collected = Path(name).name.startswith("test_")
    placed: set[ast.Call] = set()
    for marks in _on_tests(tree):
        dead = next((mark for mark in marks if _name(mark) in NEVER), None)
        for mark in marks:
            if not isinstance(mark, ast.Call) or _name(mark) != "contract":
                continue
            placed.add(mark)
            place = f"{name}:{mark.lineno}"
            if not collected:
                found.faults.append(f"{place}: pytest collects no tests from this file")
            elif dead is not None:
                found.faults.append(f"{place}: the test is marked {_name(dead)}")
            else:
                _take(found, mark, place)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and _name(node) == "contract":
            mark = next((call for call in placed if call.func is node), None)
            if mark is None:
                found.faults.append(f"{name}:{node.lineno}: this mark is on no test")


def _on_tests(tree: ast.Module) -> Iterator[list[ast.expr]]:
    """The marks of each test or group of tests, together."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) if name.startswith(
                "test_"
            ):
                yield node.decorator_list
            case ast.ClassDef(name=name) if name.startswith("Test"):
                yield node.decorator_list
            case ast.Call(func=ast.Attribute(attr="param")):
                for keyword in node.keywords:
                    if keyword.arg == "marks":
                        yield _listed(keyword.value)
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id="pytestmark")], value=value):
                yield _listed(value)


def _listed(value: ast.expr) -> list[ast.expr]:
    return value.elts if isinstance(value, ast.List | ast.Tuple) else [value]


def _name(mark: ast.expr) -> str | None:
    """``contract`` of ``pytest.mark.contract`` or of a call of it."""
    node = mark.func if isinstance(mark, ast.Call) else mark
    match node:
        case ast.Attribute(value=ast.Attribute(attr="mark") | ast.Name(id="mark"), attr=name):
            return name
    return None


def _take(found: Marks, mark: ast.Call, place: str) -> None:
    if not mark.args or mark.keywords:
        found.faults.append(f"{place}: a mark names its rows, and nothing else")
    for argument in mark.args:
        match argument:
            case ast.Constant(value=str(row)):
                found.places.setdefault(row, []).append(place)
            case _:
                found.faults.append(f"{place}: rows are written out, each as a text")
