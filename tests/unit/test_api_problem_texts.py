"""Every code that the program can put into a problem has its explanation, and only those have."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import strongroom
from strongroom.api import problems
from strongroom.api.problem_texts import TEXTS

SOURCE = Path(strongroom.__file__).parent
#: rooms that never speak through the HTTP API
ELSEWHERE = {"cli", "client"}
KEBAB = re.compile(r"[a-z]+(-[a-z]+)+")
#: functions of the rooms that take a code as their first or second plain argument
TAKES_CODE = {"add", "fault", "wrong", "_warn", "_fault", "_bad", "bad"}


def codes(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            for keyword in node.keywords:
                if keyword.arg == "code" and isinstance(keyword.value, ast.Constant):
                    yield keyword.value.value
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            for argument in node.args[:3] if name in TAKES_CODE else ():
                text = getattr(argument, "value", None)
                if isinstance(text, str) and KEBAB.fullmatch(text):
                    yield text
        if isinstance(node, ast.ClassDef):
            for item in node.body:
                if (
                    isinstance(item, ast.Assign)
                    and getattr(item.targets[0], "id", "") == "code"
                    and isinstance(item.value, ast.Constant)
                ):
                    yield item.value.value


def all_codes() -> dict[str, str]:
    found = dict.fromkeys(problems.ROUTER_CODES.values(), "api/problems.py")
    found |= dict.fromkeys(["unexpected", "foreign-host", "foreign-site"], "api")
    for path in sorted(SOURCE.rglob("*.py")):
        where = path.relative_to(SOURCE)
        if where.parts[0] not in ELSEWHERE:
            found |= {code: str(where) for code in codes(path) if isinstance(code, str)}
    return found


def test_every_code_is_explained() -> None:
    missing = {code: where for code, where in all_codes().items() if code not in TEXTS}
    assert not missing, f"add these to api/problem_texts.py: {missing}"


def test_the_scan_sees_codes_of_every_kind() -> None:
    found = all_codes()
    assert {"tombstone", "bad-path", "malformed-json", "stale-version", "not-in-mets"} <= set(found)


def test_texts_are_sentences() -> None:
    for code, text in TEXTS.items():
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", code)
        assert text[0].isupper() and text.endswith("."), code
