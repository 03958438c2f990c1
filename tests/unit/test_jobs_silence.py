"""When a worker is taken for dead, by the watcher's own clock alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from strongroom.db.job_queue import Sign
from strongroom.jobs.silence import Silence

#: by a clock that is years behind
SIGN = Sign(job="j", worker="w", at=datetime(1999, 1, 1, tzinfo=UTC), attempt=1)


@pytest.mark.contract("17.16")
def test_a_sign_that_does_not_change_is_silence() -> None:
    silence = Silence(20)
    assert silence.among([SIGN], 100) == []
    assert silence.among([SIGN], 120) == []
    assert silence.among([SIGN], 120.1) == [SIGN]


def test_another_sign_begins_anew_even_by_a_clock_that_steps_back() -> None:
    silence = Silence(20)
    silence.among([SIGN], 100)
    back = replace(SIGN, at=SIGN.at - timedelta(hours=1))
    assert silence.among([back], 119) == []
    assert silence.among([back], 130) == []
    assert silence.among([back], 140) == [back]


def test_each_job_is_watched_by_itself() -> None:
    silence = Silence(20)
    other = replace(SIGN, job="k")
    silence.among([SIGN], 100)
    assert silence.among([SIGN, other], 125) == [SIGN]
    # what was gone in between is seen for the first time again
    assert silence.among([], 126) == []
    assert silence.among([SIGN, other], 200) == []
