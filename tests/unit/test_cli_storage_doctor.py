"""``strongroom storage doctor`` on folders: what it says, in words and in JSON, and how it ends."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from strongroom.cli.exits import Exit
from strongroom.cli.main import main
from strongroom.storage.doctor import examine
from strongroom.storage.doctor.findings import Report, State


def _document(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Codes of probes that find something bad."""
    codes: list[str] = []
    real = examine.examine_folder

    def altered(path: Path, **more: Any) -> Report:
        report = real(path, **more)
        return replace(
            report,
            findings=tuple(
                replace(each, state=State.BAD) if each.name in codes else each
                for each in report.findings
            ),
        )

    monkeypatch.setattr(examine, "examine_folder", altered)
    return codes


def test_a_folder_is_fit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["storage", "doctor", str(tmp_path)]) == Exit.OK
    out = capsys.readouterr().out
    assert "For the working areas of deposits: fit." in out
    assert "For an OCFL storage root: fit." in out
    assert list(tmp_path.iterdir()) == []


def test_it_is_told_in_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["storage", "doctor", str(tmp_path), "--json", "--for", "ocfl-root"]
    assert main(command) == Exit.OK
    document = _document(capsys)
    (store,) = document["stores"]
    assert (document["exit"], store["place"]) == (0, str(tmp_path))
    assert (store["fit"], store["left"]) == ({"ocfl-root": "yes"}, [])
    rights = store["findings"][0]
    assert rights.pop("needed") == ["deposits", "ocfl-root"]
    assert rights == {
        "name": "rights",
        "title": "Rights",
        "state": "good",
        "found": "write, read, list and delete",
        "means": "All that is done all the time is allowed.",
    }


def test_the_places_of_the_settings_are_tried_each_for_its_use(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder that the server would make is tried where it would be made."""
    data = tmp_path / "not" / "yet"
    root = tmp_path / "root"
    root.mkdir()
    command = ["storage", "doctor", "--data", str(data), "--ocfl-root", str(root), "--json"]
    assert main(command) == Exit.OK
    stores = _document(capsys)["stores"]
    assert [(store["place"], store["fit"]) for store in stores] == [
        (str(tmp_path), {"deposits": "yes"}),
        (str(root), {"ocfl-root": "yes"}),
    ]
    assert not data.exists()


def test_a_folder_that_is_not_fit(
    tmp_path: Path, broken: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    broken.append("locks")
    assert main(["storage", "doctor", str(tmp_path)]) == Exit.UNFIT
    assert "For an OCFL storage root: NOT fit." in capsys.readouterr().out


def test_a_folder_for_one_writer(
    tmp_path: Path, broken: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    broken.append("rename-noreplace")
    command = ["storage", "doctor", str(tmp_path)]
    assert main(command) == Exit.SINGLE_WRITER
    assert main([*command, "--for", "deposits"]) == Exit.OK
    assert main([*command, "--s3-single-writer", "yes"]) == Exit.OK
    assert main([*command, "--json"]) == Exit.SINGLE_WRITER
    capsys.readouterr()
    broken.append("names")
    assert main([*command, "--json"]) == Exit.UNFIT
    assert _document(capsys)["stores"][0]["fit"] == {
        "deposits": "no",
        "ocfl-root": "single-writer",
    }


def test_a_bad_place_is_told_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["storage", "doctor", "s3://b", "--json"]) == Exit.USAGE
    assert "s3://bucket/prefix" in _document(capsys)["error"]["message"]


def test_a_store_that_does_not_answer(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    command = ["storage", "doctor", "s3://bucket/x", "--s3-endpoint", "http://127.0.0.1:1"]
    assert main([*command, "--json"]) == Exit.UNREACHABLE
    assert _document(capsys)["error"]["code"] == "storage-unavailable"
