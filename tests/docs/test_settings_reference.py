"""The reference of settings names every setting, as the program has it, and no other."""

from __future__ import annotations

import documents

from strongroom.config import LOOPBACK, OPTIONS, PREFIX

PAGE = documents.ROOT / "docs" / "reference" / "settings.md"


def listed() -> dict[str, list[str]]:
    """The table's rows without their headings, by TOML key."""
    _, *rows = documents.rows(PAGE, "# Settings")
    plain = [[cell.strip("`") if n < 4 else cell for n, cell in enumerate(row)] for row in rows]
    return {row[2]: row for row in plain}


def test_every_setting_is_listed_and_no_other() -> None:
    assert list(listed()) == list(OPTIONS)


def test_names_and_defaults_are_those_of_the_program() -> None:
    for name, (default, _) in OPTIONS.items():
        option, variable, _, stated, meaning = listed()[name]
        assert option == f"--{name.replace('_', '-')}"
        assert variable == PREFIX + name.upper()
        assert stated == default, name
        assert meaning[0].isupper() and meaning.endswith("."), name


def test_the_page_names_every_host_that_is_accepted() -> None:
    meaning = listed()["host"][4]
    assert all(f"`{host}`" in meaning for host in LOOPBACK)
