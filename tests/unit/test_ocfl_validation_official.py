"""The fixtures of the OCFL community, https://github.com/OCFL/fixtures, judged right."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from support.ocfl_faults_judged import judge

ROOT = Path(__file__).parents[2]
FIXTURES = Path(os.environ.get("STRONGROOM_FIXTURES") or ROOT / "../shared/fixtures") / "ocfl"
#: folder -> how many objects, for 1.0 and 1.1
COUNTS = {"good-objects": (10, 12), "warn-objects": (14, 13), "bad-objects": (52, 55)}


@pytest.fixture(autouse=True)
def _fixtures() -> None:
    if not FIXTURES.is_dir() and not os.environ.get("CI"):
        pytest.skip(f"no OCFL fixtures at {FIXTURES} (set STRONGROOM_FIXTURES)")


def objects(kind: str) -> list[Path]:
    return sorted(path for path in FIXTURES.glob(f"1.[01]/{kind}/*") if path.is_dir())


def cases(kind: str) -> pytest.MarkDecorator:
    found = objects(kind)
    return pytest.mark.parametrize(
        "folder", found, ids=[f"{path.parts[-3]}-{path.name}" for path in found]
    )


def named(folder: Path) -> set[str]:
    """The codes of a fixture's name."""
    return set(re.findall(r"[EW]\d{3}", folder.name))


@pytest.mark.parametrize("kind", COUNTS)
def test_all_are_there(kind: str) -> None:
    found = [path.parts[-3] for path in objects(kind)]
    assert (found.count("1.0"), found.count("1.1")) == COUNTS[kind]


@cases("good-objects")
def test_good(folder: Path) -> None:
    judged = judge(folder)
    assert judged.problems == [], f"\n{judged}"


@cases("warn-objects")
def test_warned_of(folder: Path) -> None:
    judged = judge(folder)
    assert judged.codes == named(folder), f"\n{judged}"
    assert judged.summary.valid


@cases("bad-objects")
def test_bad(folder: Path) -> None:
    judged = judge(folder)
    assert judged.codes & named(folder), f"\n{judged}"
    assert not judged.summary.valid
