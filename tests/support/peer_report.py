"""Understands what ``rocfl validate`` prints, to the last line, or fails: nothing is passed over.

Running rocfl, and deciding which remarks count, is left to :mod:`support.peer`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass


class PeerFailed(Exception):
    """A peer did not judge at all, or said something that is not understood."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that rocfl remarks on."""

    #: "root", "hierarchy", or "object " and its id
    subject: str
    #: E… or W…
    code: str
    #: what is the matter; for objects it begins with "(root)" or a version
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One answer."""

    #: ids of the objects that were judged; UNKNOWN for those whose id could not be read
    objects: Sequence[str]
    #: whether root and hierarchy were judged
    of_root: bool
    findings: Sequence[Finding]


UNKNOWN = "Unknown"

_OBJECT = re.compile(r"(Object) (.+) is (valid|invalid|valid with warnings)")
_STORAGE = re.compile(r"(Storage) (root|hierarchy) is (valid|invalid|valid with warnings)")
_ITEM = re.compile(r" {4} *([0-9]+)\. \[([EW][0-9]{3})\] (.+)")
_COUNT = re.compile(r"  (Total objects|Invalid objects|Storage issues): +([0-9]+)")
#: line above remarks -> first letter of their codes
_LISTS = {"  Errors:": "E", "  Warnings:": "W"}


def parse(text: str, status: int, *, summary: bool) -> Report:
    """What the answer says; PeerFailed if a line, a number or the exit status does not fit.

    ``summary`` says whether there must be one (there is none where one object was asked for).
    """
    blocks = [block.split("\n") for block in text.rstrip("\n").split("\n\n")] if text else []
    counted = _counts(blocks.pop() if blocks else []) if summary else {}
    subjects: list[str] = []
    findings: list[Finding] = []
    for block in blocks:
        subject, found = _block(block)
        subjects.append(subject)
        findings += found
    wrong = [finding.subject for finding in findings if finding.code.startswith("E")]
    objects = [subject for subject in subjects if subject.startswith("object ")]
    storage = [subject for subject in subjects if not subject.startswith("object ")]
    if storage not in ([], ["root", "hierarchy"]):
        raise PeerFailed(f"rocfl judged only a part of the root:\n{text}")
    actual = {"Total objects": len(objects), "Invalid objects": _invalid(blocks)}
    if storage:
        actual["Storage issues"] = sum(subject in storage for subject in wrong)
    if summary and counted != actual:
        raise PeerFailed(f"rocfl counts {counted}, but its lines say {actual}:\n{text}")
    if status != (2 if wrong else 0):
        raise PeerFailed(f"rocfl ended with {status}, which does not fit what it said:\n{text}")
    return Report(
        objects=[subject.removeprefix("object ") for subject in objects],
        of_root=bool(storage),
        findings=findings,
    )


def _counts(lines: Sequence[str]) -> dict[str, int]:
    if not lines or lines[0] != "Summary:":
        raise PeerFailed(f"not the summary of rocfl: {lines}")
    matches = [_match(_COUNT, line) for line in lines[1:]]
    return {match[1]: int(match[2]) for match in matches}


def _invalid(blocks: Sequence[Sequence[str]]) -> int:
    """How many objects are called invalid; ids may repeat, so their blocks are counted."""
    return sum(lines[0].startswith("Object ") and "  Errors:" in lines for lines in blocks)


def _block(lines: Sequence[str]) -> tuple[str, list[Finding]]:
    """The subject of a verdict and what is remarked on it; verdict and remarks must agree."""
    head = _OBJECT.fullmatch(lines[0]) or _match(_STORAGE, lines[0])
    subject = f"object {head[2]}" if head[1] == "Object" else head[2]
    found: list[Finding] = []
    letter, number = "", 0
    for line in lines[1:]:
        if line in _LISTS:
            letter, number = _LISTS[line], 0
            continue
        item = _match(_ITEM, line)
        number += 1
        if int(item[1]) != number or item[2][0] != letter:
            raise PeerFailed(f"rocfl's remark does not stand where it should: {line!r}")
        found.append(Finding(subject=subject, code=item[2], text=item[3]))
    letters = {finding.code[0] for finding in found}
    expected = "invalid" if "E" in letters else "valid with warnings" if letters else "valid"
    if head[3] != expected:
        raise PeerFailed(f"rocfl's verdict does not fit its remarks: {lines}")
    return subject, found


def _match(pattern: re.Pattern[str], line: str) -> re.Match[str]:
    match = pattern.fullmatch(line)
    if match is None:
        raise PeerFailed(f"not understood from rocfl: {line!r}")
    return match
