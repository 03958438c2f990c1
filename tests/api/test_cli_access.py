"""Keys and grants by command, while a server runs on the same data folder."""

from __future__ import annotations

import json
from typing import Any

from support import workflow
from support.guarded import Guarded
from support.server import run_command


def run(guarded: Guarded, *words: str, code: int = 0) -> Any:
    """The JSON document of a command with the server's settings."""
    settings = {"STRONGROOM_DATA": str(guarded.server.data), "STRONGROOM_DEFAULT_ROLE": "none"}
    done = run_command(*words, "--json", env=settings)
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_a_key_is_made_used_listed_and_revoked(guarded: Guarded) -> None:
    name = workflow.fresh("script")
    made = run(guarded, "keys", "create", name, "--scope", "curator", "--expires", "2h")
    key = made.pop("key")
    env = {"STRONGROOM_SERVER": guarded.url, "STRONGROOM_API_KEY": key}
    shown = run_command("show", "--json", env=env)
    assert shown.returncode == 0, shown.stderr
    assert key not in shown.stdout + shown.stderr
    without = run_command("show", "--json", env={"STRONGROOM_SERVER": guarded.url})
    assert without.returncode == 3
    assert json.loads(without.stdout)["error"]["code"] == "unauthenticated"
    (listed,) = [entry for entry in run(guarded, "keys", "list") if entry["id"] == made["id"]]
    assert listed["lastUsed"] is not None
    assert {**listed, "lastUsed": None} == made
    assert key[16:] not in json.dumps(listed)
    with guarded.client(key) as client:
        assert client.get("/v1/me").status_code == 200
        run(guarded, "keys", "revoke", made["id"])
        assert client.get("/v1/me").status_code == 401


def test_bad_keys_are_not_made(guarded: Guarded) -> None:
    before = run(guarded, "keys", "list")
    for words in (
        ("x", "--scope", "king"),
        ("x", "--scope", "reader:a//b"),
        ("x",),
        ("x", "--scope", "reader", "--expires", "soon"),
        ("x", "--scope", "reader", "--agent", "a/b"),
        ("", "--scope", "reader"),
    ):
        answer = run(guarded, "keys", "create", *words, code=2)
        assert "error" in answer
    assert run(guarded, "keys", "list") == before
    assert run(guarded, "keys", "revoke", "nothing", code=4)["error"]["code"] == "no-key"


def test_grants_by_command_count_at_once(guarded: Guarded) -> None:
    name = f"{workflow.fresh('cat')}@example.org"
    with guarded.user(name) as client:
        assert client.get("/deposits").status_code == 403
        asked = run(guarded, "grants", "explain", name, "read", "/a")
        assert not asked["allowed"]
        made = run(guarded, "grants", "add", f"agent:{name}", "auditor", "/a")
        assert (made["createdBy"], made["path"]) == ("operator", "/a")
        assert client.get("/deposits").status_code == 200
        assert run(guarded, "grants", "explain", name, "read", "/a/b")["allowed"]
        assert not run(guarded, "grants", "explain", name, "deposit", "/a/b")["allowed"]
        assert made in run(guarded, "grants", "list")
        again = run(guarded, "grants", "add", f"agent:{name}", "auditor", "/a", code=5)
        assert again["error"]["code"] == "already-granted"
        run(guarded, "grants", "remove", f"agent:{name}", "auditor", "a")
        assert client.get("/deposits").status_code == 403
    run(guarded, "grants", "remove", f"agent:{name}", "auditor", "/a", code=4)
    # what the settings say can only be changed there
    answer = run(guarded, "grants", "remove", "*", "reader", "--default-role", "reader", code=5)
    assert answer["error"]["code"] == "configured-grant"
