"""The programs themselves are run, and what they write is read again."""

from __future__ import annotations

import io
import os
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from strongroom.domain.findings import Tag
from strongroom.errors import Unprocessable
from strongroom.tools import clamav, outputs, places, running

WHEN = datetime(2026, 1, 2, tzinfo=UTC)


def read(files: dict[str, str]) -> outputs.Outputs:
    return outputs.read_all(lambda path: io.BytesIO(files[path].encode()), files, lambda _: WHEN)


def there(program: str, package: str) -> None:
    if shutil.which(program) is None:
        text = f"no {program} here (Debian: {package})"
        if os.environ.get("CI"):
            pytest.fail(text)
        pytest.skip(text)


def test_exiftool_is_run_and_read(tmp_path: Path) -> None:
    there("exiftool", "libimage-exiftool-perl")
    objects = tmp_path / "deposit" / "objects"
    (objects / "-rf *; $HOME").mkdir(parents=True)
    (objects / "-rf *; $HOME" / "é #.txt").write_text("hello")
    (objects / "b.txt").write_text("hello")
    tool, scratch = running.ExifTool(), tmp_path / "scratch"
    assert tool.probe().reason is None
    tool.run(objects, scratch, lambda: False)
    text = (scratch / "exif" / "exif_output.txt").read_text()
    assert str(tmp_path) not in text
    files = {places.EXIF: text, "objects/-rf *; $HOME/é #.txt": "", "objects/b.txt": ""}
    found = read(files).findings
    assert set(found) == {"objects/-rf *; $HOME/é #.txt", "objects/b.txt"}
    assert Tag("MIMEType", "text/plain") in found["objects/b.txt"][0].tags  # type: ignore[union-attr]


def test_clamscan_is_run_and_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there("clamscan", "clamav")
    objects = tmp_path / "deposit" / "objects"
    objects.mkdir(parents=True)
    (objects / "bad one.txt").write_text("this is the-signature-we-look-for, no more")
    (objects / "good.txt").write_text("hello")
    base = tmp_path / "own.ndb"
    base.write_text(f"Test.Signature:0:*:{b'the-signature-we-look-for'.hex()}\n")
    # definitions of our own: the real ones are hundreds of megabytes
    wrapper = tmp_path / "bin" / "clamscan"
    wrapper.parent.mkdir()
    wrapper.write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && echo "ClamAV 1/2/3" && exit\n'
        f'exec {shutil.which("clamscan")} --database={base} "$@"\n'
    )
    wrapper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{wrapper.parent}:{os.environ['PATH']}")
    tool, scratch = running.ClamScan(), tmp_path / "scratch"
    assert tool.probe().version == "ClamAV 1/2/3"
    tool.run(objects, scratch, lambda: False)
    log = (scratch / "brunnhilde" / "logs" / "viruscheck-log.txt").read_text()
    assert str(tmp_path) not in log.partition(clamav.SUMMARY)[0]
    found = read({places.VIRUS_LOG: log, "objects/bad one.txt": "", "objects/good.txt": ""})
    assert found.warnings == ()
    flags = {path: each[0].has_virus for path, each in found.findings.items()}  # type: ignore[union-attr]
    assert flags == {"objects/bad one.txt": True, "objects/good.txt": False}


def test_a_program_is_absent_fails_or_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "objects").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path))
    reason = running.Siegfried().probe().reason
    assert reason is not None
    assert "there is no program 'sf'" in reason
    program = tmp_path / "sf"
    program.write_text("#!/bin/sh\necho 'it hurts' >&2\nexit 3\n")
    program.chmod(0o755)
    with pytest.raises(Unprocessable, match=r"sf: it ended with 3\. It said: it hurts"):
        running.Siegfried().run(tmp_path / "objects", tmp_path / "out", lambda: False)
    program.write_text("#!/bin/sh\nexec /bin/sleep 60\n")
    started = time.monotonic()
    running.Siegfried().run(tmp_path / "objects", tmp_path / "out", lambda: True)
    assert time.monotonic() - started < 30


def test_clamav_without_definitions_is_no_scanner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "clamscan"
    program.write_text("#!/bin/sh\necho ClamAV 1.4.6\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    reason = running.ClamScan().probe().reason
    assert reason is not None
    assert "freshclam" in reason
