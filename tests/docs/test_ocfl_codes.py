"""The reference of validation codes says what the validator's own table says."""

from __future__ import annotations

from pathlib import Path

from strongroom.ocfl.validation.codes import CODES

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "ocfl-validation.md"


def test_every_code_is_documented_as_it_is() -> None:
    rows = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| [")]
    expected = [
        f"| [{code.code}]({code.url}) | {code.meaning} | {code.section} | "
        f"{'yes' if code.checked else 'no'}{f'. {code.remark}' if code.remark else ''} |"
        for code in CODES.values()
    ]
    assert rows == expected
