"""Times the OCFL engine itself, without a server, beside other tools and what the machine can do.

    python benchmarks/bench_ocfl.py [--scenario NAME …] [--rounds 5] [--peer-rounds 5]
                                    [--scale 1.0] [--folder DIR] [--sources DIR]
                                    [--json FILE] [--markdown FILE] [--keep]
    python benchmarks/bench_ocfl.py --show FILE [FILE …]

Each contestant runs in a fresh process, in interleaved rounds whose order changes, on sources that
are in memory and targets that are new; nothing small is deleted before the end, since that slows
many file systems down for minutes. ``--json`` and ``--markdown`` are written anew after each run,
so that whoever is stopped has what was done. Prints Markdown tables; ``--show`` prints those of
earlier runs from their JSON. Names may be shortened: ``validate`` stands for all that begin with
it.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import ocfl_measure
import ocfl_scenarios
import ocfl_sources
import ocfl_tables
from ocfl_measure import Counts, Failed
from ocfl_scenarios import Contestant, Scenario
from ocfl_tables import Outcome, Report, Result

GIB = 1 << 30


class Bench:
    """One call's folder, with the sources and roots that are made once."""

    def __init__(self, place: Path, sources: Path) -> None:
        self.place = place
        self.sources = sources
        self.traces = ocfl_measure.can_trace()

    def run(
        self,
        scenario: Scenario,
        outcome: Outcome,
        rounds: int,
        peer_rounds: int,
        keep: Callable[[], None],
    ) -> None:
        """Run a scenario: all contestants once for their counts, then in timed rounds.

        ``outcome`` is filled meanwhile; ``keep`` is called whenever there is more in it.
        """
        source = self._source(scenario)
        subject = self._subject(scenario, source) if scenario.subject else None
        pairs = list(zip(scenario.contestants, outcome.results, strict=True))
        for number in range(rounds + 1):
            # nobody always comes after the same other
            turn = number % len(pairs)
            for contestant, result in pairs[turn:] + pairs[:turn]:
                if result.failure is not None or (contestant.peer and number > peer_rounds):
                    continue
                what = "counted" if number == 0 else f"round {number} of {rounds}"
                _say(f"{scenario.name}: {contestant.name}, {what}")
                runs = self.place / "runs" / scenario.name
                runs.mkdir(parents=True, exist_ok=True)
                target = subject or runs / f"{scenario.contestants.index(contestant)}-{number}"
                command = contestant.command(source, target)
                try:
                    ocfl_sources.warm(subject or source / "files")
                    self._settle()
                    if number == 0:
                        result.counts = self._count(contestant, command)
                    else:
                        result.runs.append(ocfl_measure.run(command))
                    if subject is None and contestant.writes:
                        _check(scenario, contestant, result.amount, target)
                except Failed as failure:
                    result.failure = str(failure)
                    _say(f"FAILED: {failure}")
                if scenario.large and subject is None and target.exists():
                    # large files go quickly, and the disk is not endless
                    shutil.rmtree(target)
                keep()

    def _source(self, scenario: Scenario) -> Path:
        folder = self.sources / scenario.source.key
        if not folder.exists():
            _say(f"making {scenario.source.count:,} files of {scenario.source.size:,} bytes")
            ocfl_sources.make(folder, scenario.source)
        return folder

    def _subject(self, scenario: Scenario, source: Path) -> Path:
        assert scenario.subject is not None
        folder = self.place / "subjects" / scenario.name
        folder.parent.mkdir(exist_ok=True)
        _say(f"{scenario.name}: making what is to be read")
        ocfl_measure.run(scenario.subject.command(source, folder))
        return folder

    def _count(self, contestant: Contestant, command: Sequence[str]) -> Counts | None:
        if self.traces:
            return ocfl_measure.count(command)
        if contestant.ours:
            return ocfl_measure.count_own_syncs(command)
        ocfl_measure.run(command)
        return None

    def _settle(self) -> None:
        """Have nobody pay for what another has left to be written."""
        subprocess.run(["sync", "-f", self.place], check=True)


def _empty(scenario: Scenario) -> Outcome:
    """The outcome of a scenario before its first run."""
    return Outcome(
        name=scenario.name,
        title=scenario.title,
        unit=scenario.unit,
        amount=scenario.amount,
        yardstick=scenario.yardstick,
        results=[
            Result(
                name=contestant.name,
                verifies=contestant.verifies,
                amount=contestant.amount or scenario.amount,
                runs=[],
            )
            for contestant in scenario.contestants
        ],
    )


def _check(scenario: Scenario, contestant: Contestant, amount: int, target: Path) -> None:
    """Failed unless the contestant has left as many files and bytes as it should."""
    if scenario.leaves is None:
        return
    sizes = [
        size
        for path, size in ocfl_sources.files_below(target)
        if not contestant.ocfl or "/content/" in path
    ]
    found, wanted = (len(sizes), sum(sizes)), scenario.leaves(amount)
    if found != wanted:
        raise Failed(f"{contestant.name} left {found} files and bytes instead of {wanted}")


def _check_room(place: Path, sources: Path, scenarios: Sequence[Scenario], rounds: int) -> None:
    """Leave with a word if a disk will not hold all this."""
    weight = sum(source.on_disk for source in {scenario.source for scenario in scenarios})
    needed = 0
    if sources.stat().st_dev == place.stat().st_dev:
        needed = weight
    elif weight > shutil.disk_usage(sources).free * 0.9:
        raise SystemExit(
            f"The sources take {weight / GIB:.0f} GiB, more than is free in {sources}."
        )
    for scenario in scenarios:
        writers = sum(contestant.writes for contestant in scenario.contestants)
        if scenario.subject is not None:
            needed += 2 * scenario.source.on_disk
        elif scenario.large:
            needed += scenario.weight
        else:
            needed += scenario.weight * writers * (rounds + 1)
    free = shutil.disk_usage(place).free
    if needed > free * 0.9:
        raise SystemExit(
            f"This needs about {needed / GIB:.0f} GiB in {place}, and {free / GIB:.0f} GiB are "
            "free. Choose another --folder, fewer scenarios, or a smaller --scale."
        )


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _options() -> argparse.Namespace:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = ", ".join(scenario.name for scenario in ocfl_scenarios.all_scenarios(1))
    options.add_argument("--scenario", nargs="+", default=[], metavar="NAME", help=names)
    options.add_argument("--rounds", type=int, default=5, help="timed rounds (default: 5)")
    options.add_argument(
        "--peer-rounds",
        type=int,
        help="timed rounds of ocfl-py, which takes most of the time (default: as all others)",
    )
    options.add_argument("--scale", type=float, default=1.0, help="multiplies all numbers")
    options.add_argument(
        "--folder", type=Path, help="on the disk to be measured (default: build/ here)"
    )
    options.add_argument(
        "--sources", type=Path, help="for the files that are preserved (default: beside the rest)"
    )
    options.add_argument(
        "--keep", action="store_true", help="do not delete what was made, which can take minutes"
    )
    options.add_argument("--json", type=Path, metavar="FILE", help="keep all that was measured")
    options.add_argument("--markdown", type=Path, metavar="FILE", help="the tables, in a file too")
    options.add_argument("--show", type=Path, nargs="+", metavar="FILE", help="print JSON of runs")
    return options.parse_args()


def _show(files: Sequence[Path]) -> None:
    for file in files:
        report = msgspec.json.decode(file.read_bytes(), type=Report)
        print("\n".join(ocfl_tables.markdown(report)) + "\n")


def _keep(report: Report, chosen: argparse.Namespace) -> None:
    """Write what was found so far where the options say."""
    if chosen.json:
        _replace(chosen.json, msgspec.json.encode(report))
    if chosen.markdown:
        _replace(chosen.markdown, ("\n".join(ocfl_tables.markdown(report)) + "\n").encode())


def _replace(file: Path, data: bytes) -> None:
    new = file.with_name(f"{file.name}.new")
    new.write_bytes(data)
    new.replace(file)


def _measure(chosen: argparse.Namespace) -> Report:
    scenarios = ocfl_scenarios.chosen(ocfl_scenarios.all_scenarios(chosen.scale), chosen.scenario)
    if not scenarios:
        raise SystemExit(f"There is no scenario {' or '.join(chosen.scenario)}; see --help.")
    folder = chosen.folder or Path.cwd() / "build"
    folder.mkdir(parents=True, exist_ok=True)
    place = Path(tempfile.mkdtemp(prefix="bench-ocfl-", dir=folder.absolute()))
    sources = Path(tempfile.mkdtemp(prefix="bench-ocfl-", dir=chosen.sources or place))
    try:
        _check_room(place, sources, scenarios, chosen.rounds)
        report = Report(
            machine=ocfl_tables.machine(place, ocfl_scenarios.rocfl()),
            rounds=chosen.rounds,
            scale=chosen.scale,
            outcomes=[],
        )
        bench = Bench(place, sources)
        _say(f"{'; '.join(report.machine)}; load {os.getloadavg()[0]:.1f}")
        peer_rounds = chosen.rounds if chosen.peer_rounds is None else chosen.peer_rounds
        for scenario in scenarios:
            started = time.monotonic()
            outcome = _empty(scenario)
            report.outcomes.append(outcome)
            bench.run(scenario, outcome, chosen.rounds, peer_rounds, lambda: _keep(report, chosen))
            _say(f"{scenario.name}: {time.monotonic() - started:.0f} s in all")
            print("\n".join(ocfl_tables.table(outcome)) + "\n", flush=True)
        return report
    finally:
        shutil.rmtree(sources)
        if chosen.keep:
            _say(f"all that was made is left in {place}")
        else:
            _say("deleting all that was made")
            shutil.rmtree(place)


def main() -> None:
    chosen = _options()
    if chosen.show:
        _show(chosen.show)
        return
    report = _measure(chosen)
    if any(result.failure for outcome in report.outcomes for result in outcome.results):
        raise SystemExit("Some contestants failed; see above.")


if __name__ == "__main__":
    main()
