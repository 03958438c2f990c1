"""The server held against its own OpenAPI description, by schemathesis.

All phases and all checks; what is not held against the server is listed, with the reasons, in
``support/described``: in the configuration, and in MEANING of the hooks.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from support import postgres
from support.described import seeds
from support.guarded import Guarded
from support.server import Server, environment
from support.workflow import ok

#: the same in every run, unless another is given
SEED = os.environ.get("STRONGROOM_SCHEMA_SEED") or ("1" if postgres.is_sqlite() else "2")
#: of each operation, in the phase that makes them at random; fewer once more with PostgreSQL,
#: with other ones
EXAMPLES = int(
    os.environ.get("STRONGROOM_SCHEMA_EXAMPLES") or (100 if postgres.is_sqlite() else 10)
)
HERE = Path(seeds.__file__).parent

#: operations that answer no 2xx here, and why
NEVER_WELL = {
    f"POST /v1/deposits/{{deposit_id}}/uploads{ending}": "deposits in folders take files whole"
    for ending in ("", "/complete", "/abort")
}


@dataclass(frozen=True, kw_only=True)
class Run:
    code: int
    said: str
    operations: set[str]
    #: number of answers by operation and status
    answers: dict[str, dict[str, int]]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("described")
    server = Server(folder / "data", folder / "server.log", env=seeds.settings(folder))
    try:
        server.start()
        # one that may act for others, so that X-Client-Identity is heeded
        key = Guarded(server).key("administrator", name="boss", names_agents=True)
        with httpx.Client(
            base_url=server.url, headers={"X-API-KEY": key}, timeout=60, trust_env=False
        ) as client:
            told = seeds.furnish(client, server, folder, key)
            description = ok(client.get("/openapi.json")).json()
        found = _schemathesis(server, folder, told, key)
        seeds.resume(server)
        server.stop()
    finally:
        server.kill()
    operations = {
        f"{method.upper()} {path}"
        for path, methods in description["paths"].items()
        for method in methods
    }
    return Run(
        code=found.returncode,
        said=found.stdout + found.stderr + f"\nlog of the server:\n{server.log_tail()}",
        operations=operations,
        answers=json.loads((folder / "tally.json").read_text()),
    )


def _schemathesis(
    server: Server, folder: Path, told: dict[str, Any], key: str
) -> subprocess.CompletedProcess[str]:
    shutil.copy(HERE / "schemathesis.toml", folder)
    (folder / "told.json").write_text(json.dumps({**told, "tally": str(folder / "tally.json")}))
    command = [sys.executable, "-m", "schemathesis.cli"]
    command += ["--config-file", str(folder / "schemathesis.toml"), "run"]
    command += [f"{server.url}/openapi.json", "--url", f"http://127.0.0.1:{server.port}"]
    command += ["--seed", SEED, "--max-examples", str(EXAMPLES)]
    return subprocess.run(
        command,
        cwd=folder,
        env={
            **environment({}),
            "DESCRIBED": str(folder / "told.json"),
            "DESCRIBED_HOOKS": str(HERE / "hooks.py"),
            "DESCRIBED_KEY": key,
        },
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.timeout(3600)
def test_nothing_contradicts_the_description(
    run: Run, record_property: Callable[[str, object], None]
) -> None:
    requests = sum(sum(each.values()) for each in run.answers.values())
    record_property(
        "told at the end",
        [
            f"STRONGROOM_SCHEMA_SEED={SEED}: {requests} requests of {len(run.answers)} operations",
            f"{sum(map(_well, run.answers.values()))} of them answered 2xx",
        ],
    )
    assert run.code == 0, run.said[-30_000:]
    for phase in ("Examples", "Coverage", "Fuzzing", "Stateful"):
        assert re.search(rf"✅\s+{phase}", run.said), phase
    count = len(run.operations)
    assert f"Tested: {count}" in run.said


def _well(statuses: dict[str, int]) -> bool:
    return any(status[0] == "2" for status in statuses)


def test_every_operation_is_asked_and_does_something(run: Run) -> None:
    assert run.answers.keys() == run.operations
    assert {name for name, each in run.answers.items() if not _well(each)} == NEVER_WELL.keys()
    assert not [name for name, each in run.answers.items() if any(s[0] == "5" for s in each)]
