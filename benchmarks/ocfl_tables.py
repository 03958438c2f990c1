"""What the engine's benchmarks found, as values that can be kept as JSON, and as Markdown tables.

Measures nothing itself but what machine this is.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import ssl
import statistics
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ocfl_measure import Counts, Run

MIB = 1 << 20
#: bytes from the disk that are more than programs and tables of the file system, so a source was
#: not in memory
_COLD = 64 * MIB


@dataclass(kw_only=True)
class Result:
    """What one contestant did in all rounds of a scenario."""

    name: str
    verifies: str
    #: how much each run did, in the scenario's unit
    amount: int
    runs: list[Run]
    counts: Counts | None = None
    #: why there are no (more) runs
    failure: str | None = None


@dataclass(kw_only=True)
class Outcome:
    """A scenario and what came of it."""

    name: str
    title: str
    unit: str
    amount: int
    yardstick: str
    results: list[Result]


@dataclass(kw_only=True)
class Report:
    """All that one call of the benchmarks found."""

    machine: list[str]
    rounds: int
    scale: float
    outcomes: list[Outcome]


def machine(folder: Path, rocfl: str | None) -> list[str]:
    """Where this ran and against what, a few words each."""
    return [
        _processor(),
        f"{_memory() / (1 << 30):.0f} GiB of memory",
        f"{platform.system()} {platform.release()}",
        _file_system(folder),
        f"CPython {platform.python_version()}, {ssl.OPENSSL_VERSION}",
        f"Strongroom {importlib.metadata.version('strongroom')}",
        f"ocfl-py {importlib.metadata.version('ocfl-py')}",
        _first_line([rocfl, "--version"]) if rocfl else "rocfl left out: not found",
        _first_line(["cp", "--version"]),
    ]


def markdown(report: Report) -> Iterator[str]:
    """The whole report."""
    yield (
        f"{report.rounds} interleaved rounds"
        + (f", all numbers multiplied by {report.scale:g}" if report.scale != 1 else "")
        + f"; {'; '.join(report.machine)}."
    )
    for outcome in report.outcomes:
        yield ""
        yield from table(outcome)


def table(outcome: Outcome) -> Iterator[str]:
    """One scenario's table; times in seconds."""
    beside = next((r for r in outcome.results if r.name == outcome.yardstick and r.runs), None)
    yield f"### {outcome.title} (`{outcome.name}`)"
    yield ""
    yield (
        f"| contestant | n | whole process: median (min–max) | × *{outcome.yardstick}* "
        f"| without start-up | × | {outcome.unit}/s | CPU | peak memory | system calls | syncs "
        "| verifies |"
    )
    yield "| --- |" + " ---: |" * 10 + " --- |"
    for result in outcome.results:
        if result.failure is not None:
            yield f"| {result.name} | failed: {_in_cell(result.failure)} |" + " |" * 10
        elif result.runs:
            yield _row(result, beside, few=result.amount < outcome.amount)


def _row(result: Result, beside: Result | None, *, few: bool) -> str:
    walls, works = [run.wall for run in result.runs], [_work(run) for run in result.runs]
    started = any(run.work is not None for run in result.runs)
    # who does less than the others cannot be compared by time
    comparable = beside is not None and beside.amount == result.amount
    over = [
        _ratio(walls, [run.wall for run in beside.runs]) if comparable and beside else "",
        _ratio(works, [_work(run) for run in beside.runs]) if comparable and beside else "",
    ]
    counts = result.counts
    peaks = [run.memory for run in result.runs if run.memory is not None]
    cold = max(run.from_disk for run in result.runs) > _COLD
    cells = [
        result.name + (f" (only {result.amount:,})" if few else ""),
        str(len(result.runs)),
        f"{_middle(walls)} ({_number(min(walls))}–{_number(max(walls))}) s"
        + (" (read from disk)" if cold else ""),
        over[0],
        f"{_middle(works)} s" if started else "",
        over[1] if started else "",
        f"{result.amount / statistics.median(works):,.0f}",
        f"{_middle([run.cpu for run in result.runs])} s",
        f"{max(peaks) / MIB:,.0f} MiB" if peaks else "–",
        "not counted" if counts is None or counts.calls is None else f"{counts.calls:,}",
        "not counted" if counts is None else f"{counts.syncs:,}",
        result.verifies,
    ]
    return "| " + " | ".join(cells) + " |"


def _work(run: Run) -> float:
    return run.wall if run.work is None else run.work


def _ratio(times: list[float], others: list[float]) -> str:
    return f"{statistics.median(times) / statistics.median(others):.2f}"


def _middle(values: list[float]) -> str:
    return _number(statistics.median(values))


def _number(seconds: float) -> str:
    return (
        f"{seconds:.3f}"
        if seconds < 0.1
        else f"{seconds:.2f}"
        if seconds < 20
        else f"{seconds:.0f}"
    )


def _in_cell(text: str) -> str:
    return " ".join(text.split())[-200:].replace("|", "\\|")


# ---------------------------------------------------------------------------------- the machine


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    text = info.read_text() if info.exists() else ""
    name = re.search(r"model name\s*: (.+)", text)
    sha = ", SHA extensions" if re.search(r"\bsha_ni\b|\bsha2\b", text) else ""
    return f"{os.cpu_count()} × {name[1] if name else platform.machine()}{sha}"


def _memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _file_system(folder: Path) -> str:
    kind = _first_line(["stat", "-f", "-c", "%T", str(folder)])
    device = _first_line(["df", "--output=source", str(folder)], line=1)
    if "ext" not in kind:
        return kind
    journal = any(Path("/proc/fs/jbd2").glob(f"{Path(device).name}-*"))
    return "ext4" if journal else "ext4 without a journal"


def _first_line(command: list[str], line: int = 0) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[line].strip()
