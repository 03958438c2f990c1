"""The scenarios of the engine's benchmarks: what is done, by whom, and beside which yardstick.

What each contestant does lies in ``ocfl_work.py``; the rounds are run by ``bench_ocfl.py``.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import ocfl_sources
import ocfl_work
from ocfl_sources import MIB, Source

HASHING = "hashing alone, all cores"
#: ocfl-py looks at all old versions before it makes a new one: 1,000 would take an hour
_PEER_VERSIONS = 100
#: the least that durable objects and versions take, and that a proved read takes
READING = "the same bytes, read and hashed"
LIMIT = "mkdir, write, fsync"
#: versions bring their own files
_NOTHING = Source(count=1, size=16)

#: source, target -> the command's arguments
Command = Callable[[Path, Path], list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contestant:
    """Who does a scenario's work, and what to know of it."""

    name: str
    command: Command
    #: whether it proves the bytes: "yes", "no", or "–" where that is no question
    verifies: str = "–"
    #: how much it does, where it is less than the others do
    amount: int | None = None
    #: whether it is Strongroom, which can count its own steps
    ours: bool = False
    #: whether it is slow enough to be given fewer rounds
    peer: bool = False
    #: whether it makes OCFL objects, whose content lies in folders of that name
    ocfl: bool = True
    #: whether, in a scenario that writes, it writes
    writes: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Work that several contestants do."""

    name: str
    title: str
    source: Source
    contestants: tuple[Contestant, ...]
    #: name of the contestant beside which all others are put
    yardstick: str
    #: what the rate is counted in, and how many of it one run does
    unit: str
    amount: int
    #: who makes the root that the contestants read; None if they write
    subject: Contestant | None = None
    #: amount -> files and bytes of content that a writer shall leave
    leaves: Callable[[int], tuple[int, int]] | None = None
    #: bytes that one run leaves on the disk, about
    weight: int = 0
    #: whether targets are a few large files, removed after each run
    large: bool = False


def all_scenarios(scale: float) -> list[Scenario]:
    """Every scenario, with its numbers multiplied by ``scale``."""

    def scaled(number: int) -> int:
        return max(2, round(number * scale))

    pages, scans = (
        Source(count=scaled(10_000), size=4 << 10),
        Source(count=scaled(10_000), size=10 << 10),
    )
    # four, for they can be shared out evenly by two cores, and by four
    four = Source(count=4, size=max(16, round(1024 * scale)) * MIB)
    one = Source(count=1, size=5 * four.size)
    single = Source(count=scaled(2_000), size=4 << 10, folders=True)
    many = Source(count=scaled(100_000), size=200)
    crowd = Source(count=scaled(100_000), size=4 << 10)
    versions, growing = scaled(1_000), scaled(300)
    return [
        _put("small-4k", pages),
        _put("small-10k", scans),
        _put("large-one", one),
        _put("large-four", four),
        _objects("objects", single),
        _versions("versions", "versions", versions, "a small file replaced in each"),
        _versions("versions-few", "versions", scaled(100), "a small file replaced in each"),
        _versions("growing", "growing", growing, "one small file more in each"),
        _validate("validate-small-4k", pages, _ours("ours-put", 0), "files", pages.count),
        _validate("validate-small-10k", scans, _ours("ours-put", 0), "files", scans.count),
        _validate("validate-many", crowd, _ours("ours-put", 0), "files", crowd.count),
        _validate("validate-large-one", one, _ours("ours-put", 0), "MiB", one.mib),
        _validate("validate-large-four", four, _ours("ours-put", 0), "MiB", four.mib),
        _validate(
            "validate-objects",
            single,
            _ours("ours-objects", single.count),
            "objects",
            single.count,
            root=True,
        ),
        _validate(
            "validate-versions", _NOTHING, _ours("ours-versions", versions), "versions", versions
        ),
        _open("open", many),
    ]


def chosen(scenarios: Iterable[Scenario], names: Iterable[str]) -> list[Scenario]:
    """Those with one of the names, or whose names begin with one (``validate``); all for none."""
    wanted = list(names)
    return [
        scenario
        for scenario in scenarios
        if not wanted or any(f"{scenario.name}-".startswith(f"{name}-") for name in wanted)
    ]


def rocfl() -> str | None:
    """The program of that name: as `make bench` builds it, or on the path.

    Not the one that judges in the tests, which is built without optimisation.
    """
    built = Path(__file__).parents[1] / "build/peers/optimised/bin/rocfl"
    return str(built) if built.exists() else shutil.which("rocfl")


# ------------------------------------------------------------------------------------ scenarios


def _put(name: str, source: Source) -> Scenario:
    large = source.size >= MIB
    size = f"{source.size // MIB:,} MiB" if large else f"{source.size >> 10} KiB"
    return Scenario(
        name=name,
        title=f"{source.count:,} × {size} into one new object",
        source=source,
        contestants=(
            _ours("ours-put", 0),
            _python("ocfl-py", "peer-put", 0, verifies="no"),
            *_rocfl_put(),
            *_copies("files"),
            _sha256sum(lambda source, _: source / "files", large=large),
            _python("hashing alone, one core", "hash-one", 0, writes=False),
            _python(HASHING, "hash-all", 0, writes=False),
        ),
        yardstick=HASHING if large else "cp -r, sync -f",
        unit="MiB" if large else "files",
        amount=source.mib if large else source.count,
        leaves=lambda _: (source.count, source.count * source.size),
        weight=source.on_disk,
        large=large,
    )


def _objects(name: str, source: Source) -> Scenario:
    number = source.count
    return Scenario(
        name=name,
        title=f"{number:,} objects of one file of {source.size >> 10} KiB, a commit for each",
        source=source,
        contestants=(
            _ours("ours-objects", number),
            _python("ocfl-py", "peer-objects", number, verifies="no"),
            _python(LIMIT, "plain-objects", number, verifies="no", ocfl=False),
            *_copies("folders"),
            _sha256sum(lambda source, _: source / "folders", large=False),
        ),
        yardstick=LIMIT,
        unit="objects",
        amount=number,
        leaves=lambda _: (number, number * source.size),
        # an object is six files and six folders
        weight=number * (48 << 10),
    )


def _versions(name: str, work: str, number: int, what: str) -> Scenario:
    few = min(number, _PEER_VERSIONS)
    size = ocfl_work.SMALL_SIZE
    limit = [_python(LIMIT, "plain-versions", number, verifies="no")] if work == "versions" else []
    return Scenario(
        name=name,
        title=f"{number:,} versions of one object, {what}",
        source=_NOTHING,
        contestants=(
            _ours(f"ours-{work}", number),
            _python("ocfl-py", f"peer-{work}", few, verifies="no", amount=few),
            *limit,
        ),
        yardstick=LIMIT if limit else "ocfl-py",
        unit="versions",
        amount=number,
        leaves=lambda versions: (versions, versions * size),
        # each version keeps an inventory of all versions before it
        weight=number**3 * 20 if work == "growing" else number**2 * 200,
    )


def _validate(
    name: str, source: Source, maker: Contestant, unit: str, amount: int, *, root: bool = False
) -> Scenario:
    large = unit == "MiB"
    which = [] if root else [ocfl_work.OBJECT_ID]
    before = f"{source.count:,} × " if large else ""
    after = f" of {source.size >> 10} KiB" if unit == "files" else ""
    return Scenario(
        name=name,
        title=f"Validate {before}"
        f"{amount // source.count if large else amount:,} {unit}{after}"
        f"{'' if root else ' in one object'}",
        source=source,
        subject=maker,
        contestants=(
            _ours("ours-validate-root" if root else "ours-validate", amount),
            _python("ocfl-py", "peer-validate", amount, verifies="yes"),
            *_rocfl(
                lambda _, target: ["-r", str(target), "validate", "-l", "error", *which],
                verifies="yes",
            ),
            _sha256sum(lambda _, target: target, large=large),
            _python(HASHING, "hash-all", 0, writes=False),
        ),
        yardstick=HASHING,
        unit=unit,
        amount=amount,
    )


def _open(name: str, source: Source) -> Scenario:
    wanted = source.count // 2
    return Scenario(
        name=name,
        title=f"Open an object of {source.count:,} files and read one of them",
        source=source,
        subject=_ours("ours-put", 0),
        contestants=(
            _ours("ours-read", wanted),
            _python("ocfl-py", "peer-read", wanted, verifies="no"),
            *_rocfl(
                lambda _, target: [
                    "-r",
                    str(target),
                    "cat",
                    ocfl_work.OBJECT_ID,
                    ocfl_sources.path_of(wanted),
                ],
                verifies="no",
            ),
            _python(READING, "plain-read", wanted, ocfl=False),
        ),
        yardstick=READING,
        unit="reads",
        amount=1,
    )


# ---------------------------------------------------------------------------------- contestants


def _ours(work: str, number: int) -> Contestant:
    command = _working(work, number)
    return Contestant(name="Strongroom", command=command, verifies="yes", ours=True)


def _python(
    name: str,
    work: str,
    number: int,
    *,
    verifies: str = "–",
    amount: int | None = None,
    ocfl: bool = True,
    writes: bool = True,
) -> Contestant:
    return Contestant(
        name=name,
        command=_working(work, number),
        verifies=verifies,
        amount=amount,
        ocfl=ocfl,
        writes=writes,
        peer=work.startswith("peer-"),
    )


def _working(work: str, number: int) -> Command:
    return lambda source, target: [
        sys.executable,
        ocfl_work.__file__,
        work,
        str(source),
        str(target),
        str(number),
    ]


def _copies(folder: str) -> list[Contestant]:
    """Copies of a folder of the source, synced and not; they verify nothing."""
    return [
        Contestant(
            name="cp -r, sync -f",
            command=lambda source, target: _shell(
                'cp -r "$1" "$2" && sync -f "$2"', source / folder, target
            ),
            verifies="no",
            ocfl=False,
        ),
        Contestant(
            name="cp -r",
            command=lambda source, target: ["cp", "-r", str(source / folder), str(target)],
            verifies="no",
            ocfl=False,
        ),
    ]


def _sha256sum(folder: Callable[[Path, Path], Path], *, large: bool) -> Contestant:
    return Contestant(
        name="sha256sum, all cores",
        command=lambda source, target: _shell(
            'find "$1" -type f -print0 | xargs -0 -P "$2" -n "$3" sha256sum >/dev/null',
            folder(source, target),
            ocfl_work.cores(),
            # large files one by one, so that no core has two while another has none
            1 if large else 500,
        ),
        writes=False,
    )


def _rocfl(arguments: Command, *, verifies: str) -> list[Contestant]:
    program = rocfl()
    if program is None:
        return []
    return [
        Contestant(
            name="rocfl",
            command=lambda source, target: [program, "-q", *arguments(source, target)],
            verifies=verifies,
        )
    ]


def _rocfl_put() -> list[Contestant]:
    program = rocfl()
    if program is None:
        return []
    script = """
        set -e
        program=$3 root=$2 id=$4 files=$1/files/objects
        "$program" -q -r "$root" init
        "$program" -q -r "$root" new -d sha256 "$id"
        "$program" -q -r "$root" cp -r "$id" "$files" -- /
        "$program" -q -r "$root" commit "$id"
    """
    return [
        Contestant(
            name="rocfl",
            command=lambda source, target: _shell(
                script, source, target, program, ocfl_work.OBJECT_ID
            ),
            verifies="no",
        )
    ]


def _shell(script: str, *arguments: object) -> list[str]:
    return ["sh", "-c", script, "sh", *map(str, arguments)]
