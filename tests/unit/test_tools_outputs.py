"""What tools wrote is read as it is meant, and junk in it costs nothing but itself."""

from __future__ import annotations

import io
import os
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from strongroom.domain.findings import ExifFinding, FormatFinding, Tag, VirusFinding
from strongroom.errors import Unprocessable
from strongroom.tools import align, clamav, exiftool, outputs, running, siegfried

WHEN = datetime(2026, 1, 2, tzinfo=UTC)
FIXTURES = (
    Path(os.environ.get("STRONGROOM_FIXTURES") or Path(__file__).parents[2] / "../shared/fixtures")
    / "mets"
)
HEAD = "filename,filesize,modified,errors,sha256,namespace,id,format,version,mime,class,basis,warning\n"  # noqa: E501


def row(path: str, key: str = "fmt/43", size: str = "1") -> str:
    return f'"{path}",{size},2025,,{"a" * 64},pronom,{key},JPEG,1,image/jpeg,,,\n'


def read(files: dict[str, str]) -> outputs.Outputs:
    return outputs.read_all(lambda path: io.BytesIO(files[path].encode()), files, lambda _: WHEN)


def test_formats_of_a_deposit() -> None:
    table = HEAD + "".join(
        [row("/home/u/x/objects/a.jpg"), row("/home/u/x/objects/d/a.jpg", "UNKNOWN", "")]
    )
    found = read(
        {"metadata/siegfried/siegfried.csv": table, "objects/a.jpg": "", "objects/d/a.jpg": ""}
    )
    assert found.warnings == ()
    [one] = found.findings["objects/a.jpg"]
    assert one == FormatFinding(
        source="Siegfried", timestamp=WHEN, digest="a" * 64, size=1, pronom_key="fmt/43",
        format_name="JPEG", content_type="image/jpeg",
    )  # fmt: skip
    [other] = found.findings["objects/d/a.jpg"]
    assert isinstance(other, FormatFinding)
    assert (other.pronom_key, other.size) == ("UNKNOWN", None)


def test_a_file_of_several_formats_and_one_that_is_not_there() -> None:
    table = "\ufeff" + HEAD.replace("\n", "\r\n") + "".join(
        [row("x\\objects\\a"), row("x\\objects\\a", "fmt/1"), row("x/objects/b"),
         row("x/objects/c")]
    )  # fmt: skip
    found = read({"metadata/siegfried/other.csv": table, "objects/a": "", "objects/b": ""})
    assert set(found.findings) == {"objects/b"}
    texts = [fault.message for fault in found.warnings]
    assert any("may have several formats: fmt/43, fmt/1" in text for text in texts)
    assert any("'x/objects/c'" in text for text in texts)


def test_a_table_that_is_none_is_a_warning() -> None:
    found = read({"metadata/siegfried/siegfried.csv": "hello\n", "objects/a": ""})
    assert found.findings == {}
    assert found.warnings[0].path == "metadata/siegfried/siegfried.csv"


LOG = f"""LibClamAV Warning: something: odd
WARNING: Can't open file
/srv/x/objects/a b.txt: Eicar-Signature FOUND
/srv/x/objects/c: OK

{clamav.SUMMARY}
Known viruses: 1
Scanned files: 3
Infected files: 1
Time: 0.1 sec (0 m 0 s)
"""


def test_viruses_of_a_deposit() -> None:
    files = {
        outputs.VIRUS_LOG: LOG,
        outputs.VIRUS_DEFINITION: "ClamAV 1.4.3/27886/Tue Jan 20 07:24:12 2026\n",
        "objects/a b.txt": "",
        "objects/c": "",
    }
    found = read(files)
    [hit] = found.findings["objects/a b.txt"]
    assert isinstance(hit, VirusFinding)
    assert (hit.has_virus, hit.found) == (True, "Eicar-Signature")
    assert hit.definition == "ClamAV 1.4.3/27886/Tue Jan 20 07:24:12 2026"
    [clean] = found.findings["objects/c"]
    assert isinstance(clean, VirusFinding)
    assert not clean.has_virus
    assert found.warnings == ()


@pytest.mark.parametrize(
    "log",
    ["", LOG.partition(clamav.SUMMARY)[0], LOG.replace("Infected files: 1", "Infected files: 2"),
     LOG.replace("Scanned files: 3", "")],
)  # fmt: skip
def test_no_file_is_clean_by_a_log_that_is_not_whole(log: str) -> None:
    found = read({outputs.VIRUS_LOG: log, "objects/a b.txt": "", "objects/c": ""})
    assert all(each.has_virus for each in found.findings.get("objects/a b.txt", ()))  # type: ignore[union-attr]
    assert "objects/c" not in found.findings
    assert found.warnings


def test_properties_of_a_deposit() -> None:
    text = (
        "======== objects/a.jpg\r\nFile Name    : a.jpg\r\nnothing here\r\n"
        "Zip File: one: two\r\nZip File: three\r\n======== objects/b\r\nX : ======== y\r\n"
        "    1 directories scanned\r\n    2 image files read\r\n"
    )
    found = read({outputs.EXIF: text, "objects/a.jpg": "", "objects/b": ""})
    [one] = found.findings["objects/a.jpg"]
    assert isinstance(one, ExifFinding)
    assert one.tags == (
        Tag("FileName", "a.jpg"),
        Tag("ZipFile", "one: two"),
        Tag("ZipFile", "three"),
    )
    [two] = found.findings["objects/b"]
    assert isinstance(two, ExifFinding)
    assert two.tags == (Tag("X", "======== y"),)


def test_real_outputs() -> None:
    if not FIXTURES.is_dir() and not os.environ.get("CI"):
        pytest.skip(f"no fixtures at {FIXTURES} (set STRONGROOM_FIXTURES)")
    with (FIXTURES / "siegfried.csv").open(encoding="utf-8", newline="") as table:
        matches = list(siegfried.read(table))
    assert len(matches) == 14
    assert all(match.digest and match.size is not None for match in matches)
    with (FIXTURES / "exif_output.txt").open(encoding="utf-8", newline="") as text:
        files = list(exiftool.read(text))
    assert len(files) == 1
    assert len(files[0][1]) > 10


@pytest.mark.parametrize(
    ("seen", "known", "found"),
    [
        (["objects/a"], ["objects/a"], {"objects/a": "objects/a"}),
        (["/x/objects/objects/a"], ["objects/a"], {"/x/objects/objects/a": "objects/a"}),
        (["a/b", "c"], ["objects/a/b", "objects/c"], {"a/b": "objects/a/b", "c": "objects/c"}),
        (["x/objects/a", "y/objects/b", "y/objects/c"], ["objects/a", "objects/b", "objects/c"],
         {"y/objects/b": "objects/b", "y/objects/c": "objects/c"}),
        (["elsewhere"], ["objects/a"], {}),
        ([], ["objects/a"], {}),
    ],
)  # fmt: skip
def test_paths_are_aligned_by_one_offset(
    seen: list[str], known: list[str], found: dict[str, str]
) -> None:
    assert align.aligned(seen, known) == found


# ------------------------------------------------------------------------------ real programs


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
    files = {outputs.EXIF: text, "objects/-rf *; $HOME/é #.txt": "", "objects/b.txt": ""}
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
    found = read({outputs.VIRUS_LOG: log, "objects/bad one.txt": "", "objects/good.txt": ""})
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
