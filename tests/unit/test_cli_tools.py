"""``strongroom tools``: what is there with its version, and what is not with the reason."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from strongroom.cli.main import main


@pytest.fixture
def only_exiftool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "exiftool"
    program.write_text("#!/bin/sh\necho 99.1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.mark.usefixtures("only_exiftool")
def test_tools_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tools"]) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert set(lines) == {"formats", "viruses", "metadata"}
    assert lines["metadata"].split() == ["metadata", "ExifTool", "99.1"]
    assert "absent: there is no program 'clamscan'" in lines["viruses"]


@pytest.mark.usefixtures("only_exiftool")
def test_tools_are_listed_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tools", "--json"]) == 0
    tools = {tool.pop("task"): tool for tool in json.loads(capsys.readouterr().out)["tools"]}
    assert tools["metadata"] == {"name": "ExifTool", "version": "99.1", "reason": None}
    assert tools["viruses"]["version"] is None
    assert "clamscan" in tools["viruses"]["reason"]
