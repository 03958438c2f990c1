"""Keys and grants by command, while a server runs on the same data folder."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

import pytest

from strongroom.cli.main import main
from support import postgres, workflow
from support.guarded import Guarded
from support.server import environment, run_command

#: a command with the server's settings, in this process: its JSON document
Run = Callable[..., Any]


@pytest.fixture
def run(
    guarded: Guarded, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    data = guarded.server.data
    settings = {
        "STRONGROOM_DATA": str(data),
        "STRONGROOM_DEFAULT_ROLE": "none",
        **postgres.environment_for(data),
    }

    def run(*words: str, code: int = 0) -> Any:
        with monkeypatch.context() as patch:
            for name in os.environ.keys() - environment({}).keys():
                patch.delenv(name)
            for name, value in settings.items():
                patch.setenv(name, value)
            ended = main([*words, "--json"])
        told = capsys.readouterr()
        assert ended == code, told.out + told.err
        return json.loads(told.out)

    return run


def test_a_key_is_made_used_listed_and_revoked(guarded: Guarded, run: Run) -> None:
    name = workflow.fresh("script")
    made = run("keys", "create", name, "--scope", "curator", "--expires", "2h")
    key = made.pop("key")
    env = {"STRONGROOM_SERVER": guarded.url, "STRONGROOM_API_KEY": key}
    shown = run_command("show", "--json", env=env)
    assert shown.returncode == 0, shown.stderr
    assert key not in shown.stdout + shown.stderr
    without = run_command("show", "--json", env={"STRONGROOM_SERVER": guarded.url})
    assert without.returncode == 3
    assert json.loads(without.stdout)["error"]["code"] == "unauthenticated"
    (listed,) = [entry for entry in run("keys", "list") if entry["id"] == made["id"]]
    assert listed["lastUsed"] is not None
    assert {**listed, "lastUsed": None} == made
    assert key[16:] not in json.dumps(listed)
    with guarded.client(key) as client:
        assert client.get("/v1/me").status_code == 200
        run("keys", "revoke", made["id"])
        assert client.get("/v1/me").status_code == 401


def test_bad_keys_are_not_made(run: Run) -> None:
    before = run("keys", "list")
    for words in (
        ("x", "--scope", "king"),
        ("x", "--scope", "reader:a//b"),
        ("x",),
        ("x", "--scope", "reader", "--expires", "soon"),
        ("x", "--scope", "reader", "--agent", "a/b"),
        ("", "--scope", "reader"),
    ):
        answer = run("keys", "create", *words, code=2)
        assert "error" in answer
    assert run("keys", "list") == before
    assert run("keys", "revoke", "nothing", code=4)["error"]["code"] == "no-key"


def test_grants_by_command_count_at_once(guarded: Guarded, run: Run) -> None:
    name = f"{workflow.fresh('cat')}@example.org"
    with guarded.user(name) as client:
        assert client.get("/deposits").status_code == 403
        asked = run("grants", "explain", name, "read", "/a")
        assert not asked["allowed"]
        made = run("grants", "add", f"agent:{name}", "auditor", "/a")
        assert (made["createdBy"], made["path"]) == ("operator", "/a")
        assert client.get("/deposits").status_code == 200
        assert run("grants", "explain", name, "read", "/a/b")["allowed"]
        assert not run("grants", "explain", name, "deposit", "/a/b")["allowed"]
        assert made in run("grants", "list")
        again = run("grants", "add", f"agent:{name}", "auditor", "/a", code=5)
        assert again["error"]["code"] == "already-granted"
        run("grants", "remove", f"agent:{name}", "auditor", "a")
        assert client.get("/deposits").status_code == 403
    run("grants", "remove", f"agent:{name}", "auditor", "/a", code=4)
    # what the settings say can only be changed there
    answer = run("grants", "remove", "*", "reader", "--default-role", "reader", code=5)
    assert answer["error"]["code"] == "configured-grant"
