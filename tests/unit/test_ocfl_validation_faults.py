"""Every kind of damage is told by exactly its code, at its place; what is sound is let pass."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from strongroom.ocfl.validation.codes import CODES
from support.ocfl_faults import FAULTS, SOUND
from support.ocfl_faults_judged import judge_fault, judge_made, wrong_about
from support.ocfl_faults_making import Damageable, Fault


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_fault_is_told_by_its_code_and_place(fault: Fault, tmp_path: Path) -> None:
    judged = judge_fault(fault, tmp_path / "x")
    assert not wrong_about(fault, judged), f"expected {fault.codes}, told was\n{judged}"


@pytest.mark.parametrize("sound", SOUND.values(), ids=SOUND)
def test_what_is_sound_gives_no_problem(sound: Callable[[], Damageable], tmp_path: Path) -> None:
    judged = judge_made(sound(), tmp_path / "x")
    assert judged.problems == [], f"\n{judged}"


@pytest.mark.parametrize("code", CODES)
def test_a_code_is_checked_and_has_a_fault_of_its_own_or_says_why_not(code: str) -> None:
    found = CODES[code]
    assert found.code == code
    assert found.meaning
    assert found.section
    if found.checked:
        assert any(fault.codes == code for fault in FAULTS), "no fault yields exactly this code"
    else:
        assert found.remark, "it is not checked, and nothing says why"


def test_faults_name_codes_that_there_are() -> None:
    named = {code for fault in FAULTS for code in fault.codes.split()}
    assert named <= {*CODES, "unreadable"}
    assert not any(not CODES[code].checked for code in named if code in CODES)
    assert [name for name, count in Counter(map(str, FAULTS)).items() if count > 1] == []


def test_all_codes_of_the_specification_are_known() -> None:
    errors = {f"E{number:03}" for number in range(1, 113)}
    errors -= {"E065", "E068", "E086", "E091", "E109"}
    warnings = {f"W{number:03}" for number in range(1, 17)} - {"W006"}
    assert (len(errors), len(warnings)) == (107, 15)
    assert set(CODES) == errors | warnings
