"""Has the product judge objects and roots that lie on disk, and gathers what it says.

What it should have said is left to the tests.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from strongroom.ocfl.validation.objects import ObjectSummary, validate_object
from strongroom.ocfl.validation.problems import Problem
from strongroom.ocfl.validation.progress import Progress
from strongroom.ocfl.validation.roots import RootSummary, validate_root
from strongroom.storage.localstore import LocalStore
from strongroom.storage.protocols import Child, Store
from support.ocfl_faults_making import Damageable, Fault, Root, write

#: how an object is judged, and how a root is
Validators = tuple[Callable[..., ObjectSummary], Callable[..., RootSummary]]
VALIDATORS: Validators = (validate_object, validate_root)


@dataclass(frozen=True)
class Refusing:
    """A store that cannot read some of its files and folders."""

    store: Store
    refused: tuple[str, ...]
    #: how: a number of :mod:`errno`
    number: int = errno.EIO

    @property
    def uri(self) -> str:
        return self.store.uri

    def children(self, folder: str) -> list[Child]:
        self._look(folder)
        return self.store.children(folder)

    def open(self, path: str) -> BinaryIO:
        self._look(path)
        return self.store.open(path)

    def read(self, path: str) -> bytes:
        self._look(path)
        return self.store.read(path)

    def _look(self, path: str) -> None:
        if path in self.refused:
            raise OSError(self.number, os.strerror(self.number), path)


@dataclass(frozen=True)
class Fatal(Refusing):
    """A store that ends any other process than its maker's when it is asked for some paths."""

    maker: int = field(default_factory=os.getpid)

    def _look(self, path: str) -> None:
        if path in self.refused and os.getpid() != self.maker:
            os._exit(9)


@dataclass(frozen=True)
class Judged:
    """All that was said."""

    problems: list[Problem]
    summary: ObjectSummary | RootSummary

    @property
    def codes(self) -> set[str]:
        return {problem.code for problem in self.problems}

    def __str__(self) -> str:
        return "\n".join(f"{each.code} {each.place!r}: {each.message}" for each in self.problems)


def judge(
    folder: Path,
    *,
    root: bool = False,
    refused: tuple[str, ...] = (),
    digests: bool = True,
    workers: int | None = 1,
    progress: Callable[[Progress], None] | None = None,
    validate: Validators = VALIDATORS,
) -> Judged:
    """Judge what lies in a folder; what every judgement must keep to is checked here."""
    store: Store = LocalStore(folder)
    if refused:
        store = Refusing(store, refused)
    problems: list[Problem] = []
    summary: ObjectSummary | RootSummary = validate[root](
        store, tell=problems.append, digests=digests, workers=workers, progress=progress
    )
    errors = sum(each.severity == "error" for each in problems)
    assert (summary.errors, summary.warnings) == (errors, len(problems) - errors)
    assert summary.valid == (errors == 0)
    for each in problems:
        assert each.message.strip(), each
        assert not each.place.startswith("/"), each
    return Judged(problems, summary)


def judge_made(made: Damageable, folder: Path, refused: tuple[str, ...] = ()) -> Judged:
    """Write what was made, and judge it."""
    return judge(write(made.tree(), folder), root=isinstance(made, Root), refused=refused)


def judge_fault(fault: Fault, folder: Path, validate: Validators = VALIDATORS) -> Judged:
    """What is said of a fault; written on first call, looked at again afterwards."""
    made = fault.made()
    if not folder.exists():
        write(made.tree(), folder)
    return judge(folder, root=isinstance(made, Root), refused=fault.refused, validate=validate)


def wrong_about(fault: Fault, judged: Judged) -> list[str]:
    """In what a judgement of a fault differs from what it must be."""
    told = judged.problems
    wrong = []
    codes = fault.codes.split()
    if judged.codes != set(codes):
        wrong.append("codes")
    if not all(fault.place in each.place for each in told):
        wrong.append("places")
    if len(told) != (fault.times or len(codes)):
        wrong.append("number of problems")
    return wrong
