"""Commands as scripts see them: exit codes, one JSON document, options where people put them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import click
import httpx
import pytest

from strongroom import client as client_room
from strongroom.cli import main as main_module
from strongroom.cli.exits import MEANING, Exit, NoMets, code_for
from strongroom.cli.main import cli, main
from strongroom.cli.state import State
from strongroom.client import errors as client_errors
from strongroom.client.retry import Retry
from strongroom.errors import (
    BadRequest,
    Conflict,
    Damaged,
    Fault,
    Gone,
    NotFound,
    OutOfSpace,
    StrongroomError,
)
from strongroom.wire.jobs import ImportJobResult

NOBODY = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    for name in ("STRONGROOM_SERVER", "STRONGROOM_IDENTITY", "STRONGROOM_STORAGE_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def served(monkeypatch):
    """Commands talk to the function that is put here; the settings they used are noted."""
    used: list[State] = []
    answers: dict[str, httpx.Response] = {}

    def make(state: State) -> client_room.Client:
        used.append(state)
        wire = httpx.MockTransport(
            lambda request: answers.get(request.url.path, httpx.Response(404))
        )
        return client_room.Client(state.server, state.identity, retry=Retry(attempts=1), wire=wire)

    monkeypatch.setattr(State, "client", make)
    return used, answers


def problem(status: int, code: str = "x") -> client_errors.ApiError:
    body = json.dumps({"code": code, "detail": "No."}).encode()
    return client_errors.from_answer(status, body, method="GET", url="/x")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (problem(400), Exit.REFUSED),
        (problem(403), Exit.REFUSED),
        (problem(404), Exit.NOT_FOUND),
        (problem(409), Exit.CONFLICT),
        (problem(410), Exit.NOT_FOUND),
        (problem(422), Exit.REFUSED),
        (problem(500), Exit.REFUSED),
        (problem(507), Exit.NO_SPACE),
        (problem(500, "digest-mismatch"), Exit.VERIFICATION),
        (problem(422, "digest-mismatch"), Exit.REFUSED),
        (client_errors.Unreachable("x"), Exit.UNREACHABLE),
        (client_errors.BadAnswer("x"), Exit.REFUSED),
        (client_errors.FilesRefused("x"), Exit.REFUSED),
        (client_errors.VerificationFailed("x"), Exit.VERIFICATION),
        (client_errors.JobFailed("x", result=ImportJobResult(id="j")), Exit.JOB_FAILED),
        (NoMets("x"), Exit.NO_METS),
        (NotFound("x"), Exit.NOT_FOUND),
        (Gone("x"), Exit.NOT_FOUND),
        (Conflict("x"), Exit.CONFLICT),
        (Damaged("x"), Exit.VERIFICATION),
        (OutOfSpace("x"), Exit.NO_SPACE),
        (BadRequest("x"), Exit.USAGE),
        (BadRequest("x", code="bad-folder"), Exit.BAD_FOLDER),
        (BadRequest("x", code="unreadable-file"), Exit.BAD_FOLDER),
        (StrongroomError("x"), Exit.UNEXPECTED),
    ],
)
def test_each_failure_has_its_exit_code(error, code):
    assert code_for(error) is code


def test_exit_codes_are_what_scripts_know():
    assert {code.name: int(code) for code in Exit} == {
        "OK": 0,
        "UNEXPECTED": 1,
        "USAGE": 2,
        "REFUSED": 3,
        "NOT_FOUND": 4,
        "CONFLICT": 5,
        "JOB_FAILED": 6,
        "VERIFICATION": 7,
        "UNREACHABLE": 8,
        "NO_METS": 9,
        "BAD_FOLDER": 10,
        "NO_SPACE": 11,
        "UNFIT": 12,
        "SINGLE_WRITER": 13,
        "INTERRUPTED": 130,
    }
    assert set(MEANING) == set(Exit)


def test_an_error_for_people_names_every_fault_and_what_to_do(capsys, monkeypatch):
    @click.command()
    def fails() -> None:
        error = Conflict(
            "Two files differ.",
            faults=[
                Fault(code="x", message="The SHA-256 differs.", path="a", expected="1", found="2"),
                Fault(code="x", message="Not there.", path="b"),
            ],
        )
        error.add_note("Run it again.")
        raise error

    monkeypatch.setitem(cli.commands, "fails", fails)
    assert main(["fails"]) == 5
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "Error: Two files differ.",
        "  a: The SHA-256 differs. (expected 1, found 2)",
        "  b: Not there.",
        "Run it again.",
    ]


def test_a_very_long_list_of_faults_is_cut_for_people_but_not_for_programs(capsys, monkeypatch):
    @click.command()
    @main_module.server_options
    @click.option("--json", "ignored", is_flag=True)
    def fails(ignored: bool) -> None:
        raise BadRequest("All wrong.", faults=[Fault(code="x", message=str(i)) for i in range(99)])

    monkeypatch.setitem(cli.commands, "fails", fails)
    assert main(["fails"]) == 2
    assert "and 49 more (--json lists all" in capsys.readouterr().err
    assert main(["fails", "--json"]) == 2
    assert len(json.loads(capsys.readouterr().out)["error"]["faults"]) == 99


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["nonsense"], 2),
        (["show", "--no-such-option"], 2),
        (["preserve", "only-a-folder"], 2),
        (["preserve", "f", "/p", "--jobs", "0"], 2),
        (["show", "a/../b"], 2),
        (["show", "/x", "--server", "nonsense"], 2),
        (["preserve", "no-such-folder", "/a/b"], 4),
        (["serve", "--port", "many"], 2),
        (["serve", "--host", "0.0.0.0"], 2),
        (["serve", "--config", "no-such-file.toml"], 2),
    ],
)
def test_a_wrong_command_line_is_told_in_words_and_in_json(
    capsys, tmp_path, monkeypatch, arguments, code
):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert "Error" in err
    if arguments[0] != "serve":
        assert main([*arguments, "--json"]) == code
        document = json.loads(capsys.readouterr().out)
        assert document["exit"] == code
        assert document["error"]["message"]


@pytest.mark.parametrize("as_json", [False, True])
def test_an_interrupt_is_exit_130_and_says_what_goes_on(capsys, monkeypatch, as_json):
    @click.command()
    @click.option("--json", "ignored", is_flag=True)
    def slow(ignored: bool) -> None:
        interrupt = KeyboardInterrupt()
        interrupt.add_note("The job goes on.")
        raise interrupt

    monkeypatch.setitem(cli.commands, "slow", slow)
    assert main(["slow", *(["--json"] if as_json else [])]) == 130
    out, err = capsys.readouterr()
    assert err.split("\n")[-3:] == ["Interrupted.", "The job goes on.", ""]
    if as_json:
        assert json.loads(out)["error"] == {
            "code": "interrupted",
            "message": "Interrupted.",
            "hints": ["The job goes on."],
        }


def test_a_reader_that_has_seen_enough_is_not_shouted_at():
    program = [sys.executable, "-m", "strongroom", "preserve", "--help"]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 1  # click's own code for a closed pipe


def test_nobody_there_is_exit_8(capsys, monkeypatch):
    monkeypatch.setattr(
        State, "client", lambda self: client_room.Client(self.server, retry=Retry(attempts=1))
    )
    assert main(["show", "/x", "--server", NOBODY, "--json"]) == 8
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "unreachable"


@pytest.mark.parametrize(
    ("arguments", "environment", "server", "identity"),
    [
        (["show", "/"], {}, "http://localhost:8000", None),
        (["--server", "http://a", "show", "/"], {}, "http://a", None),
        (["show", "/", "--server", "http://b"], {}, "http://b", None),
        (["--server", "http://a", "show", "/", "--server", "http://b"], {}, "http://b", None),
        (["show", "/"], {"STRONGROOM_SERVER": "http://e"}, "http://e", None),
        (
            ["--server", "http://a", "show", "/"],
            {"STRONGROOM_SERVER": "http://e"},
            "http://a",
            None,
        ),
        (["show", "/", "--identity", "me"], {"STRONGROOM_IDENTITY": "env"}, None, "me"),
        (["--identity", "me", "show", "/"], {"STRONGROOM_IDENTITY": "env"}, None, "me"),
    ],
)
def test_the_server_is_chosen_where_people_put_it(
    served, monkeypatch, arguments, environment, server, identity
):
    used, _ = served
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert main(arguments) == 4
    assert used[0].server == (server or "http://localhost:8000")
    assert used[0].identity == identity


# ------------------------------------------------------------------------- show and versions

GROUP = {
    "id": "http://localhost:8000/repository/library/b",
    "type": "ArchivalGroup",
    "name": "A Book",
    "version": {
        "mementoTimestamp": "20260102000000",
        "mementoDateTime": "2026-01-02T00:00:00",
        "ocflVersion": "v2",
    },
    "versions": [
        {"mementoTimestamp": "2", "mementoDateTime": "2026", "ocflVersion": "v1"},
        {"mementoTimestamp": "3", "mementoDateTime": "2026", "ocflVersion": "v2"},
    ],
    "lastModified": "2026-01-02T00:00:00Z",
    "lastModifiedBy": "http://localhost:8000/agents/goobi%20x",
    "containers": [
        {
            "id": "http://localhost:8000/repository/library/b/objects",
            "name": "Pages",
            "binaries": [
                {
                    "id": "http://localhost:8000/repository/library/b/objects/p%201.tif",
                    "name": "p 1.tif",
                    "size": 1234,
                    "digest": "ab" * 32,
                }
            ],
        }
    ],
    "binaries": [
        {"id": "http://localhost:8000/repository/library/b/mets.xml", "size": 5, "digest": "c" * 64}
    ],
}


def test_a_group_is_shown_as_a_tree(served, capsys):
    _, answers = served
    answers["/repository/library/b"] = httpx.Response(200, json=GROUP)
    assert main(["show", "/library/b"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "/library/b  ArchivalGroup “A Book”  v2 of 2 versions",
        "├── objects/  “Pages”",
        "│   └── p 1.tif  1.2 kB  abababababab",
        "└── mets.xml  5 B  cccccccccccc",
    ]


def test_as_json_a_resource_is_what_the_api_gives(served, capsys):
    _, answers = served
    answers["/repository/library/b"] = httpx.Response(200, json=GROUP)
    assert main(["show", "/library/b", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["id"] == GROUP["id"]
    assert document["containers"][0]["binaries"][0]["size"] == 1234


def test_versions_count_what_changed(capsys, monkeypatch):
    older = GROUP | {
        "version": GROUP["version"] | {"ocflVersion": "v1"},
        "binaries": [
            {"id": f"{GROUP['id']}/mets.xml", "size": 4, "digest": "d" * 64},
            {"id": f"{GROUP['id']}/gone.txt", "size": 1, "digest": "e" * 64},
        ],
        "containers": [],
    }

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=older if "version" in request.url.params else GROUP)

    monkeypatch.setattr(
        State,
        "client",
        lambda self: client_room.Client(self.server, wire=httpx.MockTransport(answer)),
    )
    assert main(["versions", "library/b", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["path"] == "/library/b"
    first, second = document["versions"]
    assert (first["version"], first["added"], first["changed"], first["removed"]) == ("v1", 2, 0, 0)
    assert (second["version"], second["added"], second["changed"], second["removed"]) == (
        "v2",
        1,
        1,
        1,
    )
    assert (second["files"], second["bytes"], second["agent"]) == (2, 1239, "goobi x")
    assert main(["versions", "library/b"]) == 0
    assert "+1 ~1 -1" in capsys.readouterr().out.splitlines()[1]


# ----------------------------------------------------------------------------------- preserve


def test_a_folder_without_mets_says_what_to_do(capsys, tmp_path, served):
    (tmp_path / "page.txt").write_text("hello")
    assert main(["preserve", str(tmp_path), "/library/b"]) == 9
    err = capsys.readouterr().err
    assert "has no METS file" in err
    assert "--make-mets" in err
    assert served[0] == []


def test_mets_is_made_once_and_never_written_over(capsys, tmp_path, served):
    (tmp_path / "page.txt").write_text("hello")
    # the server knows no Container, so nothing further happens
    assert main(["preserve", str(tmp_path), "/library/b", "--make-mets"]) == 4
    made = (tmp_path / "mets.xml").read_bytes()
    assert b"page.txt" in made
    capsys.readouterr()
    assert main(["preserve", str(tmp_path), "/library/b", "--make-mets"]) == 5
    assert "has a METS file already (mets.xml)" in capsys.readouterr().err
    assert (tmp_path / "mets.xml").read_bytes() == made


def test_links_in_a_folder_are_refused_before_anything_else(capsys, tmp_path, served):
    (tmp_path / "mets.xml").write_text("<mets/>")
    (tmp_path / "one").symlink_to("mets.xml")
    (tmp_path / "two").symlink_to("/nowhere")
    assert main(["preserve", str(tmp_path), "/library/b", "--json"]) == 10
    document = json.loads(capsys.readouterr().out)
    assert [fault["path"] for fault in document["error"]["faults"]] == ["one", "two"]
    assert served[0] == []


# -------------------------------------------------------------------------------- reference


REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "cli.md"


def options(command: click.Command) -> set[str]:
    found = {flag for p in command.params if isinstance(p, click.Option) for flag in p.opts}
    return {flag for flag in found if flag.startswith("--")} - {"--help"}


def test_the_reference_names_every_command_option_and_exit_code_and_no_other():
    text = REFERENCE.read_text(encoding="utf-8")
    parts = re.split(r"^## ", text, flags=re.MULTILINE)
    every = {
        (name, inner): found
        for name, command in cli.commands.items()
        for inner, found in (
            command.commands.items() if isinstance(command, click.Group) else [(None, command)]
        )
    }
    sections = {}
    for part in parts:
        words = part.splitlines()[0].split()
        if words[:1] == ["strongroom"]:
            group = isinstance(cli.commands.get(words[1]), click.Group)
            sections[words[1], words[2] if group else None] = part
    assert set(sections) == set(every)
    shared = options(cli) - {"--version"}
    of_server = set(re.findall(r"^\| `(--[a-z0-9-]+)", sections["serve", None], flags=re.MULTILINE))
    for name, command in every.items():
        told = set(re.findall(r"^\| `(--[a-z0-9-]+)", sections[name], flags=re.MULTILINE))
        if "options of `serve`" in sections[name]:
            told |= of_server
        if "`--json`" in sections[name]:
            told.add("--json")
        assert told == options(command) - shared, name
    general = next(part for part in parts if part.startswith("Which server"))
    assert set(re.findall(r"^\| `(--[a-z0-9-]+)", general, flags=re.MULTILINE)) == shared
    codes = next(part for part in parts if part.startswith("Exit codes"))
    table = dict(re.findall(r"^\| (\d+) \| (.+) \|$", codes, flags=re.MULTILINE))
    assert table == {str(int(code)): meaning for code, meaning in MEANING.items()}


def test_the_reference_gives_the_defaults_of_the_settings():
    from strongroom import config

    text = REFERENCE.read_text(encoding="utf-8")
    for name, (default, _) in config.OPTIONS.items():
        row = re.search(rf"^\| `--{name.replace('_', '-')} .*$", text, flags=re.MULTILINE)
        assert row is not None, name
        assert f"`STRONGROOM_{name.upper()}`" in row[0]
        assert (f"`{default}`" if default else "none") in row[0]


@pytest.mark.parametrize("name", [None, *sorted(cli.commands)])
def test_every_command_has_help(capsys, name):
    assert main([*([name] if name else []), "--help"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("Usage: strongroom")
    assert len(out.splitlines()) > 5
