"""Hooks of schemathesis: real things to ask about, what is not held against the server, a tally.

Run inside its process. What it is told comes as JSON in the file that STRONGROOM_DESCRIBED names;
what it counts goes into another.
"""

from __future__ import annotations

import atexit
import json
import os
import zlib
from collections import Counter
from pathlib import Path
from typing import Any

import schemathesis
from schemathesis import Case, HookContext, Response

TOLD: dict[str, Any] = json.loads(Path(os.environ["STRONGROOM_DESCRIBED"]).read_text())
EXAMPLES: dict[str, list[dict[str, Any]]] = TOLD["examples"]
POOLS: dict[str, list[str]] = TOLD["pools"]

_answers: Counter[tuple[str, int]] = Counter()
_codes: Counter[tuple[str, int, str]] = Counter()


@schemathesis.hook
def before_add_examples(context: HookContext, examples: list[Case]) -> None:
    operation = context.operation
    assert operation is not None
    examples += [operation.Case(**wanted) for wanted in EXAMPLES.get(operation.label, [])]


@schemathesis.hook
def map_case(context: HookContext, case: Case) -> Case:
    """Half of the good requests name what is there."""
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return case
    parameters = case.path_parameters or {}
    for name, value in parameters.items():
        pool = POOLS.get(f"{case.operation.label} {name}") or POOLS.get(name)
        number = zlib.crc32(str(value).encode())
        if pool and number % 2:
            parameters[name] = pool[number // 2 % len(pool)]
    return case


@schemathesis.hook
def before_call(context: HookContext, case: Case, kwargs: dict[str, Any]) -> None:
    """The slashes of a path's end are sent as they are."""
    tail = (case.path_parameters or {}).get("path")
    if isinstance(tail, str):
        case.path_parameters["path"] = tail.replace("%2F", "/")


@schemathesis.hook
def after_call(context: HookContext, case: Case, response: Response) -> None:
    _answers[case.operation.label, response.status_code] += 1


@atexit.register
def tell() -> None:
    found: dict[str, dict[str, int]] = {}
    for (label, status), count in sorted(_answers.items()):
        found.setdefault(label, {})[str(status)] = count
    Path(TOLD["tally"]).write_text(json.dumps(found, indent=1))
