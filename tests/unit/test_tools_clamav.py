"""A log of ClamAV is read for what it says and no more: what it does not say is not "clean"."""

from __future__ import annotations

import pytest

from strongroom.tools import clamav
from strongroom.tools.clamav import Scan

LOG = """\
LibClamAV Warning: something: is odd FOUND
WARNING: Can't open file /x: Permission denied ERROR
/srv/x/objects/a b.txt: Win.Test.EICAR_HDB-1 FOUND
C:\\x\\objects\\c:d.exe: Eicar-Signature FOUND
/srv/x/objects/ok.txt: OK
/srv/x/objects/locked: Access denied ERROR
/srv/x/objects/big: Heuristics.Limits.Exceeded.MaxFileSize FOUND
/srv/x/objects/empty: Empty file
no colon here

----------- SCAN SUMMARY -----------
Known viruses: 8708689
Engine version: 1.4.3
Scanned directories: 2
Scanned files: 5
Infected files: 3
Total errors: 1
Data scanned: 0.00 MB
Time: 0.012 sec (0 m 0 s)
Start Date: 2026:02:13 11:28:14
End Date:   2026:02:13 11:28:15
"""


def read(text: str) -> Scan:
    return clamav.read(text.splitlines())


@pytest.mark.parametrize("text", [LOG, LOG.replace("\n", "\r\n")], ids=["lf", "crlf"])
def test_hits_noise_and_summary(text: str) -> None:
    found = read(text)
    assert found.hits == {
        "/srv/x/objects/a b.txt": "Win.Test.EICAR_HDB-1",
        "C:\\x\\objects\\c:d.exe": "Eicar-Signature",
    }
    assert found.clean == {"/srv/x/objects/ok.txt"}
    assert found.unscanned == {
        "/srv/x/objects/locked": "Access denied",
        "/srv/x/objects/big": "Heuristics.Limits.Exceeded.MaxFileSize",
    }
    assert (found.scanned, found.infected) == (5, 3)
    assert found.ended
    assert found.definition == "ClamAV 1.4.3 Known viruses 8708689"
    assert found.when is not None
    assert found.when.isoformat() == "2026-02-13T11:28:15+00:00"


def test_what_brunnhilde_writes_of_the_date() -> None:
    when = read(f"Date scanned: 2026-02-13 11:28:14.123456\n{clamav.SUMMARY}\n").when
    assert when is not None
    assert when.isoformat() == "2026-02-13T11:28:14.123456+00:00"


@pytest.mark.parametrize(
    "log",
    [
        "",
        "a: Eicar FOUND\n",
        f"a: Eicar FOUND\n{clamav.SUMMARY}\nKnown viruses: 1\n",
        f"a: Eicar FOUND\n{clamav.SUMMARY}\nScanned files: 2\nInfected files: 2\n",
        f"{clamav.SUMMARY}\nScanned files: many\n",
    ],
    ids=["empty", "no-summary", "nothing-scanned", "hits-missing", "no-number"],
)
def test_a_log_that_is_not_whole_says_so(log: str) -> None:
    assert not read(log).ended


def test_a_hit_counts_even_where_the_log_breaks_off() -> None:
    assert read("x/a: Eicar FOUND\n").hits == {"x/a": "Eicar"}


def test_of_a_file_with_several_hits_the_first_counts() -> None:
    found = read(
        f"a: One FOUND\na: Two FOUND\n{clamav.SUMMARY}\nScanned files: 1\nInfected files: 1"
    )
    assert (found.hits, found.ended) == ({"a": "One"}, True)


def test_reasons_of_files_that_were_not_scanned() -> None:
    assert clamav.reasons(["a: b: too large", "nothing", ": x"]) == {"a: b": "too large"}
