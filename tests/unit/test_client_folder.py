"""Local folders are read whole, and what could not be preserved is named, all of it."""

from __future__ import annotations

import hashlib
import os
import threading

import pytest

from strongroom.client.digests import Digest, digest, sha256_of_header
from strongroom.client.folder import digests, scan
from strongroom.client.parallel import Crew, Stopped
from strongroom.client.progress import Silent
from strongroom.errors import BadRequest, NotFound


def test_a_folder_lists_files_folders_and_the_empty_ones(tmp_path):
    (tmp_path / "objects" / "deep").mkdir(parents=True)
    (tmp_path / "empty" / "inner").mkdir(parents=True)
    (tmp_path / "objects" / "deep" / "a #1.txt").write_bytes(b"abc")
    (tmp_path / ".hidden").write_bytes(b"")
    (tmp_path / "__METSlike.json").write_bytes(b"{}")
    found = scan(tmp_path)
    assert found.files == {".hidden": 0, "objects/deep/a #1.txt": 3}
    assert found.folders == ("empty", "empty/inner", "objects", "objects/deep")
    assert found.empty_folders == ("empty", "empty/inner")
    assert found.size == 3


def test_everything_that_cannot_be_preserved_is_named_at_once(tmp_path):
    (tmp_path / "good.txt").write_bytes(b"1")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "link").symlink_to(tmp_path / "good.txt")
    (tmp_path / "folder link").symlink_to(tmp_path / "sub")
    os.mkfifo(tmp_path / "pipe")
    with open(os.fsencode(tmp_path) + b"/bad\xff", "wb"):
        pass
    with pytest.raises(BadRequest, match="4 things") as caught:
        scan(tmp_path)
    named = {fault.code: fault.path for fault in caught.value.faults if fault.path != "sub/link"}
    assert named == {
        "symbolic-link": "folder link",
        "special-file": "pipe",
        "bad-name": "bad\\udcff",
    }
    assert "sub/link" in {fault.path for fault in caught.value.faults}


def test_no_folder_is_named(tmp_path):
    with pytest.raises(NotFound, match="is not a folder"):
        scan(tmp_path / "nowhere")


def test_digests_are_those_of_the_bytes_whatever_their_size(tmp_path):
    contents = {"empty": b"", "small": b"x" * 1000, "edge": b"y" * 65536, "big": b"z" * 3_000_001}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    found = digests(scan(tmp_path), threads=2, progress=Silent())
    assert found == {
        name: Digest(len(content), hashlib.sha256(content).hexdigest())
        for name, content in contents.items()
    }


def test_a_link_is_not_read_even_when_it_appears_after_the_scan(tmp_path):
    (tmp_path / "target").write_bytes(b"secret")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    with pytest.raises(BadRequest, match="cannot be read"):
        digest(tmp_path / "link")


def test_a_pipe_is_refused_without_waiting_for_a_writer(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(BadRequest, match="not a regular file"):
        digest(tmp_path / "pipe")


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:", hashlib.sha256().hexdigest()),
        ("md5=:AAAA:, sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:", "e3b0c442"),
        ("sha-512=:AAAA:", None),
        ("sha-256=:AAAA:", None),
        ("sha-256=:A:", None),
        (None, None),
    ],
)
def test_digest_fields_are_read(header, expected):
    found = sha256_of_header(header)
    assert found == expected if expected is None else (found or "").startswith(expected)


def test_a_digest_is_written_as_it_is_read():
    for content in (b"", b"abc"):
        sha256 = hashlib.sha256(content).hexdigest()
        assert sha256_of_header(Digest(len(content), sha256).header) == sha256


def test_a_crew_keeps_order_and_never_runs_far_ahead():
    taken: list[int] = []

    def items():
        for number in range(100):
            taken.append(number)
            yield number

    results = Crew(2).each(lambda number: number * 2, items())
    assert next(results) == 0
    assert len(taken) <= 8
    assert list(results) == [number * 2 for number in range(1, 100)]


def test_a_failure_stops_long_work_at_its_next_step():
    crew = Crew(2)
    started = threading.Event()
    ended: list[str] = []
    step = crew.counted(lambda _: None)

    def work(name: str) -> None:
        if name == "fails":
            started.wait(10)
            raise ValueError(name)
        try:
            started.set()
            for _ in range(2_000_000):
                step(1)
        except Stopped:
            ended.append(name)
            raise

    with pytest.raises(ValueError, match="fails"):
        list(crew.each(work, ["fails", "long"]))
    assert ended == ["long"]
