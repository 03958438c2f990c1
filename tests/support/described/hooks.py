"""Hooks of schemathesis: real things to ask about, what is not held against the server, a tally.

Run inside its process. What it is told comes as JSON in the file that DESCRIBED names;
what it counts goes into another.
"""

from __future__ import annotations

import atexit
import itertools
import json
import os
import re
import zlib
from base64 import b64encode
from collections import Counter
from email.utils import formatdate
from pathlib import Path
from typing import Any

import hypothesis
import schemathesis
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from requests.adapters import HTTPAdapter
from schemathesis import Case, HookContext, Response
from schemathesis.core.failures import Failure
from schemathesis.openapi.checks import RejectedPositiveData

from strongroom.api import values

TOLD: dict[str, Any] = json.loads(Path(os.environ["DESCRIBED"]).read_text())
EXAMPLES: dict[str, list[dict[str, Any]]] = TOLD["examples"]
POOLS: dict[str, list[str]] = TOLD["pools"]

#: codes of 400 for a good shape: what is said decides, or what is there. Each with its reason.
MEANING = {
    "bad-activity": "a URI must lie below the public root of this server",
    "bad-agent": "a URI must lie below this server; which characters can be printed, Unicode says",
    "bad-grant": "which characters can be printed, Unicode says",
    "bad-archive-job": "depositUri must name depositId, and endTime not lie before startTime",
    "bad-digest-field": "Content-Digest and Repr-Digest must state one SHA-256",
    "bad-datetime": "no pattern knows how many days a month has",
    "bad-path": "names that are none (`.` and `..`), and paths that are longer in UTF-8",
    "path-too-long": "the limit counts bytes",
    "reserved-path": "folders and files of the server's own",
    "container-not-empty": "what lies in the Container decides",
    "not-deletable": "what lies at the path decides",
    "foreign-id": "a URI must lie below the public root of this server",
    "foreign-origin": "settings say from where may be read",
    "foreign-destination": "settings say where to may be written",
    "not-in-error": "the state of the deposit decides",
    "exporting": "the state of the deposit decides",
    "no-archival-group": "the deposit has none yet",
    "no-group": "there is no Archival Group at the path",
    "not-a-group": "what lies at the path decides",
    "no-name": "neither deposit nor METS says what the group is called",
    "wrong-deposit": "the job must name the deposit of the URL",
    "nothing-to-add": "none of the items is in the deposit",
    "nul-in-text": "the database decides: PostgreSQL keeps no NUL, and cannot be asked for one",
    "links-collide": "no schema compares two items of a list",
    "unknown-schema": "the configuration names the schemas of identifiers",
}

_answers: Counter[tuple[str, int]] = Counter()


# Requests are made at random. To climb towards those that are answered best takes a fourth of the
# time more, and what it finds are longer texts.
hypothesis.target = lambda observation, *, label="": observation  # type: ignore[assignment]
# And a fifth of it is to look whether strategies are sound that are made anew for each request.
SearchStrategy.validate = lambda self: None  # type: ignore[method-assign]

_SECONDS = st.integers(0, 2**31 - 1)
schemathesis.openapi.format("http-date", _SECONDS.map(lambda n: formatdate(n, usegmt=True)))
_NAMES = st.text("abcXYZ0189 .-_&é#?%", min_size=1, max_size=20).filter(lambda s: s.strip(" ."))
schemathesis.openapi.format("agent-name", _NAMES.map(str.strip))
schemathesis.openapi.format(
    "content-digest",
    st.binary(min_size=32, max_size=32).map(lambda raw: f"sha-256=:{b64encode(raw).decode()}:"),
)


# What has a pattern is made from it, letter by letter, and most of the time of a run would be spent
# on paths and headers, which every request has. The same texts, made directly:
_LETTERS = st.characters(codec="utf-8", exclude_characters="/\x7f", exclude_categories=("Cc", "Cs"))
_VISIBLE = st.characters(min_codepoint=0x21, max_codepoint=0x7E)
_SLUG = st.text("0123456789ABCXYZabcxyz%().-_", min_size=1, max_size=12)
_SLUGS = st.lists(_SLUG, min_size=1, max_size=4).map("/".join)
_AGENT = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0x7E, exclude_characters="/"),
    min_size=1,
    max_size=20,
)
DIRECTLY: dict[str, st.SearchStrategy[str]] = {
    values.NAMES: st.lists(st.text(_LETTERS, min_size=1, max_size=12), min_size=1, max_size=4).map(
        "/".join
    ),
    values.SLUGS: _SLUGS,
    values.SENT["Idempotency-Key"].schema["pattern"]: st.text(_VISIBLE, min_size=1, max_size=40),
    values.SENT["X-Client-Identity"].schema["pattern"]: _AGENT,
}
for _number, (_pattern, _texts) in enumerate(DIRECTLY.items()):
    # a client would resolve `.` and `..` before it asks
    _good = _texts.filter(re.compile(_pattern).search).filter(
        lambda text: {".", ".."}.isdisjoint(text.split("/"))
    )
    schemathesis.openapi.format(f"directly-{_number}", _good)


@schemathesis.hook
def before_load_schema(context: HookContext, raw_schema: dict[str, Any]) -> None:
    """Say of each parameter with such a pattern how its texts are made."""
    formats = {pattern: f"directly-{number}" for number, pattern in enumerate(DIRECTLY)}
    for methods in raw_schema["paths"].values():
        for operation in methods.values():
            for parameter in operation.get("parameters", ()):
                schema = parameter["schema"]
                if schema.get("pattern") in formats:
                    schema["format"] = formats[schema["pattern"]]


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
    """The slashes of a path's end are sent as they are; of an id that is a URI, its last part."""
    for name, value in (case.path_parameters or {}).items():
        if name == "path" and isinstance(value, str):
            case.path_parameters[name] = value.replace("%2F", "/")
        elif isinstance(value, str) and value.startswith("http"):
            case.path_parameters[name] = value.replace("%2F", "/").rpartition("/")[2]


@schemathesis.hook
def after_call(context: HookContext, case: Case, response: Response) -> None:
    # methods that an operation does not have are tried as well, and are none of its answers
    if (response.request.method or "").upper() == case.operation.method.upper():
        _answers[case.operation.label, response.status_code] += 1


@schemathesis.hook
def filter_failure(context: HookContext, failure: Failure, case: Case, response: Response) -> bool:
    """Whether it is held against the server. A HEAD has no code; the GET beside it has."""
    if isinstance(failure, RejectedPositiveData) and response.status_code == 400:
        return case.method != "HEAD" and _code(response) not in MEANING
    return True


def _code(response: Response) -> str | None:
    try:
        found: str | None = response.json().get("code")
    except ValueError:
        return None
    return found


# Each session gets an address of its own: who cannot prove who asks is held up by address, and
# that is what some checks try.
_addresses = (f"127.0.{high}.{low}" for high, low in itertools.product(range(1, 255), repeat=2))
_init_poolmanager = HTTPAdapter.init_poolmanager


def _with_address(self: HTTPAdapter, *arguments: Any, **more: Any) -> None:
    _init_poolmanager(self, *arguments, **more, source_address=(next(_addresses), 0))


HTTPAdapter.init_poolmanager = _with_address  # type: ignore[method-assign]


@atexit.register
def tell() -> None:
    found: dict[str, dict[str, int]] = {}
    for (label, status), count in sorted(_answers.items()):
        found.setdefault(label, {})[str(status)] = count
    Path(TOLD["tally"]).write_text(json.dumps(found))
