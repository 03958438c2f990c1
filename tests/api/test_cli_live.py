"""The command line against a live server, as a process of its own: what it prints and ends with."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from support import postgres, samples, workflow
from support.server import Server

FILES = {
    "objects/page 1.png": samples.page(1),
    "objects/box #2 & more.txt": b"two",
    "objects/deep/100%.txt": b"",
    "notes/été 📖.txt": b"gefunden",
}


@dataclass
class Ended:
    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Ended]


@pytest.fixture
def run(server: Server, tmp_path: Path) -> Run:
    """Runs ``strongroom …`` in an empty folder, pointed at the shared server."""

    def call(
        *arguments: str | Path,
        code: int = 0,
        url: str | None = server.url,
        data: Path | None = None,
    ) -> Ended:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("STRONGROOM_")}
        done = subprocess.run(
            [sys.executable, "-m", "strongroom", *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=120,
            cwd=tmp_path,
            env=kept
            | ({"STRONGROOM_SERVER": url} if url else {})
            | (postgres.environment_for(data) if data else {}),
        )
        assert done.returncode == code, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
        return Ended(done.returncode, done.stdout, done.stderr)

    return call


@pytest.fixture
def group() -> str:
    return f"/{workflow.fresh('cli')}/books/my-book"


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


def read(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_folder_goes_in_and_comes_out_version_by_version(run, group, tmp_path):
    book = write(tmp_path / "book", FILES)
    (book / "blank" / "inner").mkdir(parents=True)
    make = ("--make-mets", "--make-containers", "--name", "My Book", "--identity", "tester")
    first = run("preserve", book, group, *make, "--json").document
    assert (first["version"], first["unchanged"], first["verified"]) == ("v1", False, True)
    assert first["files"] == first["uploadedFiles"] == len(FILES) + 1
    assert first["warnings"] == []
    assert first["containersMade"] == [group.rsplit("/", 2)[0], group.rsplit("/", 1)[0]]
    before = read(book)

    again = run("preserve", book, group, "--json").document
    assert (again["version"], again["unchanged"], again["uploadedFiles"]) == ("v1", True, 0)

    (book / "objects/page 1.png").write_bytes(samples.page(11))
    (book / "objects/page 3.png").write_bytes(samples.page(3))
    (book / "notes/été 📖.txt").unlink()
    (book / "notes").rmdir()
    (book / "mets.xml").unlink()
    second = run("preserve", book, group, "--make-mets", "--json").document
    assert (second["version"], second["uploadedFiles"]) == ("v2", 3)

    exported = run("export", group, "head", "--json").document
    assert read(tmp_path / "head") == read(book)
    assert (tmp_path / "head" / "blank" / "inner").is_dir()
    assert {file["path"]: file["digest"] for file in exported["files"]} == {
        path: samples.sha256(content) for path, content in read(book).items()
    }
    (tmp_path / "old").mkdir()
    assert run("export", group, "old", "--version", "v1").out.startswith(f"{group} v1 is in ")
    assert read(tmp_path / "old") == before

    found = run("versions", group, "--json").document["versions"]
    assert [(v["version"], v["added"], v["changed"], v["removed"]) for v in found] == [
        ("v1", 5, 0, 0),
        ("v2", 1, 2, 1),
    ]
    assert [v["agent"] for v in found] == ["tester", "dlipdev"]
    shown = run("show", group, "--version", "v1").out
    assert "“My Book”" in shown
    assert "v1 of 2 versions" in shown
    assert "box #2 & more.txt  3 B" in shown
    assert "my-book/" in run("show", group.rsplit("/", 1)[0]).out
    assert run("show", f"{group}/objects/page 1.png", "--json").document["type"] == "Binary"


def test_progress_goes_to_stderr_and_results_to_stdout(run, group, tmp_path):
    book = write(tmp_path / "book", FILES)
    done = run("preserve", book, group, "--make-mets", "--make-containers")
    assert done.out.count("\n") == 1
    assert done.out.startswith(f"{group} is preserved as v1 (5 files")
    assert "Uploading" in done.err
    quiet = run("export", group, "out", "--json")
    assert quiet.err == ""


def test_an_applications_own_mets_is_used(run, group, tmp_path):
    book = write(tmp_path / "book", samples.with_mets(FILES))
    done = run("preserve", book, group, "--make-containers", "--json").document
    assert done["version"] == "v1"
    run("export", group, "out")
    assert read(tmp_path / "out") == read(book)


def test_a_bag_is_preserved_by_its_payload(run, group, tmp_path):
    payload = samples.with_mets(FILES)
    bag = write(tmp_path / "bag", {f"data/{path}": content for path, content in payload.items()})
    (bag / "bagit.txt").write_text("BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n")
    done = run("preserve", bag, group, "--make-containers", "--json").document
    assert done["files"] == len(payload)
    assert "bagit.txt" in done["warnings"][0]
    run("export", group, "out")
    assert read(tmp_path / "out") == payload


def test_refused_material_is_named_and_the_same_deposit_goes_on(run, group, tmp_path):
    book = write(tmp_path / "book", samples.with_mets(FILES))
    stray = {"objects/stray 1.txt": b"1", "objects/stray 2.txt": b"2"}
    write(book, stray)
    refused = run("preserve", book, group, "--make-containers", "--json", code=3).document
    named = {fault["path"] for fault in refused["error"]["faults"]}
    assert set(stray) <= named
    assert "--resume" in refused["error"]["hints"][0]
    for path in stray:
        (book / path).unlink()
    clash = run("preserve", book, group, code=5)
    assert "--resume" in clash.err
    done = run("preserve", book, group, "--resume", "--json").document
    assert (done["version"], done["uploadedFiles"]) == ("v1", 0)


def test_files_that_are_not_what_mets_says_are_not_preserved(run, group, tmp_path):
    book = write(tmp_path / "book", samples.with_mets(FILES))
    (book / "objects/box #2 & more.txt").write_bytes(b"TWO")
    (book / "notes/été 📖.txt").write_bytes(b"other words")
    failed = run("preserve", book, group, "--make-containers", "--json", code=3).document
    named = {fault["path"] for fault in failed["error"]["faults"]}
    assert any("box" in path for path in named)
    assert any("notes" in path for path in named)
    run("show", group, code=4)


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (("show", "/nowhere/at/all"), 4, "nowhere"),
        (("versions", "/nowhere"), 4, ""),
        (("export", "/nowhere", "out"), 4, ""),
        (("show", "/a//b"), 2, "empty"),
    ],
)
def test_what_is_not_there_is_exit_4(run, arguments, code, word):
    assert word in run(*arguments, code=code).err
    assert run(*arguments, "--json", code=code).document["exit"] == code


def test_local_trouble_has_codes_of_its_own(run, group, tmp_path):
    book = write(tmp_path / "book", FILES)
    run("preserve", book, group, code=9)
    run("preserve", book, group, "--make-mets", code=4)  # no Containers yet
    run("preserve", book, group, "--make-mets", code=5)  # METS was made before
    (book / "link").symlink_to("mets.xml")
    run("preserve", book, group, "--make-containers", code=10)
    (book / "link").unlink()
    run("preserve", book, group, "--make-containers")
    write(tmp_path / "full", {"mine": b"1"})
    run("export", group, "full", code=5)
    run("export", group, "out", "--version", "v9", code=4)
    run("export", group.rsplit("/", 1)[0], "out", code=5)
    assert read(tmp_path / "full") == {"mine": b"1"}
    assert not (tmp_path / "out").exists()


def test_no_server_is_exit_8(run):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        run("show", "/", url=f"http://127.0.0.1:{probe.getsockname()[1]}", code=8)


@pytest.mark.parametrize("size", [10, 3_000_000])
def test_content_that_was_damaged_in_storage_is_never_exported(
    start_server, run, group, tmp_path, size
):
    server = start_server()
    book = write(tmp_path / "book", {"objects/a.bin": os.urandom(size)})
    run("preserve", book, group, "--make-mets", "--make-containers", url=server.url)
    (stored,) = server.data.rglob("v1/content/objects/a.bin")
    content = bytearray(stored.read_bytes())
    content[-1] ^= 1
    stored.chmod(0o644)
    stored.write_bytes(content)
    failed = run("export", group, "out", "--json", url=server.url, code=7 if size == 10 else 8)
    assert failed.document["error"]["message"]
    assert not (tmp_path / "out").exists()
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".part")] == []


def test_rebuild_makes_the_same_index_and_refuses_a_served_folder(
    start_server, run, group, tmp_path
):
    server = start_server()
    book = write(tmp_path / "book", FILES)
    run("preserve", book, group, "--make-mets", "--make-containers", url=server.url)
    before = run("show", group, "--json", url=server.url).out
    run("rebuild", "--data", server.data, data=server.data, code=5)
    server.stop()
    postgres.lose(server.data)
    report = run("rebuild", "--data", server.data, "--json", data=server.data).document
    assert report["objects"] == 3  # two Containers and the group
    assert report["damaged"] == []
    server.start()
    assert run("show", group, "--json", url=server.url).out == before


def test_the_demo_runs_twice_in_a_row_and_beside_a_busy_port(run, tmp_path):
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = str(busy.getsockname()[1])
        first = run("demo", "--port", port, url=None)
    assert f"Port {port} is busy" in first.out
    assert first.out.count("every digest equals its source") == 3
    second = run("demo", "--port", port, "--json", url=None).document
    assert second["verified"] is True
    assert (second["v1 files"], second["v2 files"]) == (22, 24)
    assert second["folder"] == str(tmp_path / "strongroom-demo" / "run-2")
    place = Path(second["ocflObject"])
    assert (place / "inventory.json").is_file()
    # it left a data folder that a server starts on
    shutil.rmtree(tmp_path / "strongroom-demo" / "run-1")
    assert read(tmp_path / "strongroom-demo" / "run-2" / "book-v2").keys() > {"mets.xml"}
