"""Who judges the objects of a root: this process alone, or further ones beside it.

The first objects are judged here; if there are more, further processes judge the rest in batches,
and only objects with much content come back, to be read with all that the machine has.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice

from strongroom.ocfl.validation import objects
from strongroom.ocfl.validation.objects import Effort, ObjectSummary, TooLarge
from strongroom.ocfl.validation.problems import Problem
from strongroom.ocfl.validation.processes import Processes
from strongroom.ocfl.validation.progress import Meter
from strongroom.ocfl.validation.reading import Ground
from strongroom.ocfl.validation.reporting import Problems
from strongroom.storage.protocols import Store

#: objects and bytes that are judged here before other processes are worth their start
FIRST, FIRST_BYTES = 1000, 256 << 20
#: objects that a process is sent at once
_BATCH = 16
#: content files and bytes beyond which an object is judged with all workers
_MOST_FILES, _MOST_BYTES = 5000, 64 << 20

#: an object's path (None: none), and what is to be told before it
Item = tuple[str | None, list[Problem]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One object and what is wrong with it."""

    #: what is to be told before it
    before: list[Problem]
    #: None where there is no object, only something to tell
    path: str | None = None
    problems: list[Problem] = field(default_factory=list)
    summary: ObjectSummary | None = None


#: an object's problems and summary; None where it has too much content for one process
Verdict = tuple[list[Problem], ObjectSummary] | None


def judge(store: Store, items: Iterable[Item], effort: Effort, meter: Meter) -> Iterator[Judged]:
    """Judge all objects, in their order."""
    source = iter(items)
    for path, before in source:
        yield _here(store, path, before, effort, meter)
        if effort.workers > 1 and (meter.objects >= FIRST or meter.bytes >= FIRST_BYTES):
            break
    following = next(source, None)
    if following is not None:
        yield from _together(store, chain([following], source), effort, meter)


def _together(
    store: Store, items: Iterator[Item], effort: Effort, meter: Meter
) -> Iterator[Judged]:
    alone = Effort(
        digests=effort.digests, workers=1, most_files=_MOST_FILES, most_bytes=_MOST_BYTES
    )
    batches = iter(lambda: list(islice(items, _BATCH)), [])
    work = ((batch, (store, [path for path, _ in batch], alone)) for batch in batches)
    with Processes(effort.workers) as processes:
        for batch, verdicts in processes.map(judge_all, work):
            for (path, before), verdict in zip(batch, verdicts, strict=True):
                if path is None or verdict is None:
                    yield _here(store, path, before, effort, meter)
                    continue
                problems, summary = verdict
                meter.did(path, objects=1, files=summary.files, bytes=summary.bytes)
                yield Judged(before=before, path=path, problems=problems, summary=summary)


def _here(
    store: Store, path: str | None, before: list[Problem], effort: Effort, meter: Meter
) -> Judged:
    if path is None:
        return Judged(before=before)
    problems: list[Problem] = []
    ground = Ground(store, path, Problems(problems.append, base=path))
    summary = objects.judge(ground, effort, meter)
    return Judged(before=before, path=path, problems=problems, summary=summary)


def judge_all(store: Store, paths: list[str | None], effort: Effort) -> list[Verdict]:
    """The verdicts on some objects; what another process is asked for."""
    verdicts: list[Verdict] = []
    for path in paths:
        try:
            judged = _here(store, path, [], effort, Meter(None))
        except TooLarge:
            verdicts.append(None)
        else:
            verdicts.append((judged.problems, judged.summary) if judged.summary else None)
    return verdicts
