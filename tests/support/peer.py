"""Lets OCFL programs of others judge storage roots: rocfl (Rust) and ocfl-java, from `make peers`.

They run as processes; an answer that is not wholly understood is an error, never "no problems".
Judging by ocfl-py, object by object, is left to :mod:`support.ocfl_check`.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from support import java_process
from support.peer_report import UNKNOWN, Finding, PeerFailed, Report, parse

PEERS = Path(__file__).parents[2] / "build" / "peers"
ROCFL = PEERS / "bin" / "rocfl"
JAVA = java_process.CLASSES

#: warnings about what we chose: content is named by SHA-256
CHOSEN = frozenset({"W004"})
#: extensions of storage roots that nobody registered but that are meant to be there
OWN_EXTENSIONS = frozenset({"strongroom-staging", "rocfl-staging"})

_SECONDS = 120


def require() -> None:
    """Skip the test where the peers are not built; in CI that is an error."""
    missing = [program.name for program in (ROCFL, JAVA / "Judge.class") if not program.exists()]
    if missing and os.environ.get("CI"):
        raise PeerFailed(f"{missing} must be there in CI: make peers")
    if missing:
        pytest.skip(f"no judges ({', '.join(missing)}); to build them: make peers")


def judge_root(root: Path, *, allow: Collection[str] = ()) -> list[str]:
    """All that rocfl and ocfl-java find wrong with a root and its objects, bytes included.

    Warnings are problems, too, but for those in ``allow`` (codes). Raises PeerFailed.
    """
    return rocfl_root(root, allow=allow) + java_root(root, allow=allow)


def judge_object(root: Path, object_id: str, *, allow: Collection[str] = ()) -> list[str]:
    """All that rocfl finds wrong with an object, which it looks for where the layout says."""
    report, missing = _asked(root, [object_id])
    return missing + _told(report.findings, allow)


# ---------------------------------------------------------------------------------------- rocfl


def rocfl_root(root: Path, *, allow: Collection[str] = ()) -> list[str]:
    """All that rocfl finds wrong with a root and its objects, wherever they lie.

    Each object must also be found by its id, that is where rocfl reads the layout to put it.
    """
    done, missing = _rocfl(root, "validate")
    report = parse(done.stdout, done.returncode, summary=True)
    if not report.of_root or missing:
        raise PeerFailed(f"rocfl judged no root: {done}")
    problems = _told(report.findings, allow)
    ids = [name for name in report.objects if name != UNKNOWN]
    if ids:
        problems += _asked(root, sorted(set(ids)), "--no-fixity-check")[1]
    return problems


def rocfl(root: Path, *arguments: str) -> str:
    """Let rocfl do something else in a root; what it said."""
    done, missing = _rocfl(root, *arguments)
    if done.returncode or missing:
        raise PeerFailed(f"rocfl {arguments} ended with {done.returncode}: {done.stderr}")
    return done.stdout


def _asked(root: Path, object_ids: Sequence[str], *options: str) -> tuple[Report, list[str]]:
    """What rocfl says of these objects, looked for by their ids; and those it did not find."""
    done, missing = _rocfl(root, "validate", *options, "--", *object_ids)
    # 1 says that something was not found, unless something is wrong with another object
    status = 0 if missing and done.returncode == 1 else done.returncode
    report = parse(done.stdout, status, summary=len(object_ids) > 1)
    if report.of_root or sorted([*report.objects, *missing]) != sorted(object_ids):
        raise PeerFailed(f"rocfl was asked for {object_ids} and answered: {done}")
    return report, [f"rocfl: object {name}: not where the layout says" for name in missing]


# validation tells the same as W016 or E112
_UNSUPPORTED = re.compile(r"\[WARN \] Storage root extension .+ is not supported at this time")
_NOT_FOUND = re.compile(r"\[ERROR\] Not found: Object (.*)")


def _rocfl(root: Path, *arguments: str) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """Run it; ids of objects that it did not find. PeerFailed if it complains of anything else."""
    done = _run([str(ROCFL), "--no-styles", "--root", str(root), *arguments])
    missing = []
    for line in done.stderr.splitlines():
        not_found = _NOT_FOUND.fullmatch(line)
        if not_found:
            missing.append(not_found[1])
        elif not _UNSUPPORTED.fullmatch(line):
            raise PeerFailed(f"rocfl {arguments} ended with {done.returncode}: {done.stderr}")
    return done, missing


def _told(findings: Sequence[Finding], allow: Collection[str]) -> list[str]:
    return [
        f"rocfl: {finding.subject}: {finding.code} {finding.text}"
        for finding in findings
        if finding.code not in CHOSEN and finding.code not in allow and not _is_ours(finding)
    ]


def _is_ours(finding: Finding) -> bool:
    name = finding.text.removeprefix("Extensions directory contains unknown extension: ")
    return (finding.subject, finding.code) == ("root", "W016") and name in OWN_EXTENSIONS


# ------------------------------------------------------------------------------------ ocfl-java


def java_root(root: Path, *, allow: Collection[str] = ()) -> list[str]:
    """All that ocfl-java finds wrong with the objects of a root, each found by its layout."""
    return list(_java_problems(_java(root, "validate"), allow))


def java_write(root: Path, object_id: str, logical: str, text: str) -> str:
    """Let ocfl-java add a version with this file to an object, new or not; the version's name."""
    version: str = _java(root, "write", object_id, logical, text)["version"]
    return version


def _java_problems(answer: dict[str, Any], allow: Collection[str]) -> Iterator[str]:
    for name, found in answer.items():
        if found.keys() != {"errors", "warnings"}:
            raise PeerFailed(f"not understood from ocfl-java: {found}")
        for code, text in [*found["errors"], *found["warnings"]]:
            if code not in CHOSEN and code not in allow:
                yield f"ocfl-java: object {name}: {code} {text}"


def _java(root: Path, what: str, *arguments: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(dir=root.parent) as work:
        said = java_process.shared().ask([what, str(root), work, *arguments])
    if "failed" in said:
        raise PeerFailed(f"ocfl-java {what} ended with {said['failed']}")
    answer = said.get("answer")
    if not isinstance(answer, dict):
        raise PeerFailed(f"not understood from ocfl-java: {said}")
    return answer


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    with tempfile.TemporaryDirectory() as home:
        return subprocess.run(
            command,
            capture_output=True,
            encoding="utf-8",
            env=java_process.bare(home),
            timeout=_SECONDS,
            check=False,
        )
