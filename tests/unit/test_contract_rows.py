"""Every row of the HTTP contract that must be proved has a test, and no mark is astray."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from support import contract_marks
from support.contract_rows import RELIED_ON, ROWS, STATUSES, WEAK_SPOTS

TESTS = Path(__file__).parents[1]
SECTIONS = ("16", "17", "19")


@pytest.fixture(scope="module")
def marks() -> contract_marks.Marks:
    return contract_marks.read(TESTS)


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(RELIED_ON, id="16: what clients rely on"),
        pytest.param(WEAK_SPOTS, id="17: what is to be done better"),
        pytest.param(STATUSES, id="19: which condition gets which status"),
    ],
)
def test_every_row_is_proved(rows: dict[str, str], marks: contract_marks.Marks) -> None:
    missing = contract_marks.unproved(rows, marks)
    told = "\n".join(f"  {row}: {rows[row]}" for row in missing)
    assert not missing, f"no test carries the mark of these {len(missing)} rows:\n{told}"


def test_every_mark_names_a_row(marks: contract_marks.Marks) -> None:
    assert not contract_marks.unknown(ROWS, SECTIONS, marks)
    assert not marks.faults


def test_the_sections_are_whole() -> None:
    assert list(RELIED_ON) == [f"16.{n}" for n in range(1, 44)]
    assert list(WEAK_SPOTS) == [f"17.{n}" for n in range(1, 38)]
    assert all(row.startswith("19.") for row in STATUSES)


def read(folder: Path, source: str, name: str = "test_x.py") -> contract_marks.Marks:
    (folder / name).write_text(dedent(source))
    return contract_marks.read(folder)


def test_marks_are_found_wherever_they_reach_tests(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        """
        import pytest

        pytestmark = [pytest.mark.contract("1.a"), pytest.mark.timeout(9)]
        CASES = [pytest.param(1, marks=pytest.mark.contract("1.b"), id="one")]

        MORE = pytest.param(2, marks=(pytest.mark.contract("1.c"),))

        @pytest.mark.parametrize("n", [*CASES, MORE])
        @pytest.mark.contract("1.d", "1.e")
        def test_it(n): ...

        @pytest.mark.contract("1.f")
        class TestMore:
            @pytest.mark.contract("1.d")
            async def test_too(self): ...
        """,
    )
    assert not found.faults
    assert sorted(found.places) == ["1.a", "1.b", "1.c", "1.d", "1.e", "1.f"]
    assert len(found.places["1.d"]) == 2
    assert contract_marks.unproved(["1.g", "1.a", "1.0"], found) == ["1.g", "1.0"]


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("@pytest.mark.contract('1.a')\ndef helper(): ...", "on no test"),
        ("mark = pytest.mark.contract('1.a')", "on no test"),
        ("def test_it():\n    pytest.mark.contract('1.a')", "on no test"),
        ("@pytest.mark.contract\ndef test_it(): ...", "on no test"),
        ("@pytest.mark.contract()\ndef test_it(): ...", "names its rows"),
        ("@pytest.mark.contract(row='1.a')\ndef test_it(): ...", "names its rows"),
        ("@pytest.mark.contract(ROW)\ndef test_it(): ...", "written out"),
        ("@pytest.mark.contract(f'1.{n}')\ndef test_it(): ...", "written out"),
        ("@pytest.mark.contract('1.a')\n@pytest.mark.skip\ndef test_it(): ...", "marked skip"),
        (
            "@pytest.mark.xfail(strict=True)\n@pytest.mark.contract('1.a')\ndef test_it(): ...",
            "marked xfail",
        ),
    ],
)
def test_marks_that_prove_nothing_are_faults(tmp_path: Path, source: str, fault: str) -> None:
    found = read(tmp_path, f"import pytest\n\n{source}\n")
    assert not found.places
    assert len(found.faults) == 1, found.faults
    assert fault in found.faults[0]


def test_a_mark_in_a_file_without_tests_is_a_fault(tmp_path: Path) -> None:
    source = "import pytest\n\n@pytest.mark.contract('1.a')\ndef test_it(): ...\n"
    found = read(tmp_path, source, "helpers.py")
    assert not found.places
    assert found.faults == ["helpers.py:3: pytest collects no tests from this file"]


@pytest.mark.parametrize(
    ("row", "known"),
    [
        ("16.43", True),
        ("16.44", False),
        ("17.0", False),
        ("19.GET-diff.409", True),
        ("19.GET-diff.418", False),
        ("3.3.import", True),
        ("9.GET-search.shape", True),
        ("9", False),
        ("18.1", False),
        ("22.1", False),
        ("import", False),
        ("3.3.", False),
    ],
)
def test_marks_are_held_against_the_rows(row: str, known: bool) -> None:
    marks = contract_marks.Marks(places={row: ["test_x.py:1"]})
    expected = [] if known else [f"{row} at test_x.py:1"]
    assert contract_marks.unknown(ROWS, SECTIONS, marks) == expected
