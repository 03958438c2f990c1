"""Reads the project's Markdown: its pages, their fenced blocks, links, headings and tables.

Knows just as much of Markdown as these pages use; what is true of them is left to the tests.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`[^`\n]+`")
_LINK = re.compile(r"\[[^\]]*\]\(([^()\s]*)\)")
_HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A fenced block."""

    language: str
    text: str
    #: number of its first line of text, counted from 1
    line: int
    #: whether nothing but an empty line stands between it and the block before
    follows: bool


def pages() -> list[Path]:
    """The README and every page below ``docs``."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def name(page: Path) -> str:
    """A page relative to the project, as tests show it."""
    return str(page.relative_to(ROOT))


def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    found = []
    before = -2
    for match in _FENCE.finditer(text):
        found.append(
            Block(
                language=match.group(1),
                text=match.group(2),
                line=text.count("\n", 0, match.start(2)) + 1,
                follows=text[before : match.start()].strip() == "" and before > 0,
            )
        )
        before = match.end()
    return found


def links(page: Path) -> list[str]:
    """The targets of all links outside of code."""
    return _LINK.findall(_CODE.sub("", _FENCE.sub("", page.read_text(encoding="utf-8"))))


def anchors(page: Path) -> set[str]:
    """What a link may name after ``#``: headings, lower-case, with hyphens."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in _HEADING.findall(text)
    }


def rows(page: Path, heading: str) -> Iterator[list[str]]:
    """The cells of every table row below a heading, down to the next of any level."""
    text = "\n" + page.read_text(encoding="utf-8")
    _, found, rest = text.partition(f"\n{heading}\n")
    assert found, f"{name(page)} has no heading '{heading}'"
    section = re.split(r"^#", rest, maxsplit=1, flags=re.MULTILINE)[0]
    for line in section.splitlines():
        if line.startswith("|") and not set(line) <= set("|- :"):
            # a bar inside of a cell is written \|
            cells = re.split(r"(?<!\\)\|", line.strip().strip("|"))
            yield [cell.strip().replace(r"\|", "|") for cell in cells]


def differs(promised: str, printed: str) -> bool:
    """Whether a page promises something else; ``…`` stands for anything."""
    # a page may end a line that a program does not
    pattern = re.escape(promised.strip("\n")).replace("…", ".*?")
    return re.fullmatch(pattern, printed.strip("\n"), re.DOTALL) is None
