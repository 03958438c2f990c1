"""Progress bars on stderr: files and bytes of the phase at hand.

It draws what :class:`~strongroom.client.progress.Progress` is told; with ``--json`` nothing is
drawn at all.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.progress import Progress as Drawing
from rich.text import Text

from strongroom.client.progress import Progress, Silent


class _Files(ProgressColumn):
    def render(self, task: Task) -> Text:
        done, total = task.fields["files"], task.fields["total_files"]
        return Text(f"{done:,}/{total:,} files" if total else "")


class Bars:
    """One bar for each phase; may be told things by several threads."""

    def __init__(self, drawing: Drawing) -> None:
        self._drawing = drawing
        self._lock = threading.Lock()
        self._task: TaskID | None = None
        self._files = 0

    def phase(self, name: str, *, files: int, size: int) -> None:
        with self._lock:
            self._files = 0
            self._task = self._drawing.add_task(
                name, total=size or None, files=0, total_files=files
            )

    def step(self, *, files: int = 0, size: int = 0) -> None:
        with self._lock:
            if self._task is not None:
                self._files += files
                self._drawing.update(self._task, advance=size, files=self._files)

    def at(self, *, files: int, size: int, total_files: int, total_size: int) -> None:
        with self._lock:
            if self._task is not None:
                self._files = files
                self._drawing.update(
                    self._task,
                    completed=size,
                    total=total_size or None,
                    files=files,
                    total_files=total_files,
                )


@contextmanager
def watching(*, drawn: bool) -> Iterator[Progress]:
    """Progress that is drawn on stderr, or not at all."""
    if not drawn:
        yield Silent()
        return
    with Drawing(
        TextColumn("{task.description:<11}"),
        BarColumn(bar_width=30),
        _Files(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(compact=True),
        console=Console(stderr=True),
    ) as drawing:
        yield Bars(drawing)
