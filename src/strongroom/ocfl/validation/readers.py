"""Reads many small files of a store with folders, by itself and by lean processes beside it.

Nobody waits for those processes: what they have not answered when all else is done is read here.
So they may be slow to start, or die, and nothing but time is lost. What is odd about a file is left
to :mod:`.hashing`, which takes it by itself.
"""

from __future__ import annotations

import logging
import os
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from typing import NamedTuple

from strongroom.ocfl.validation.small import digests_of
from strongroom.storage.helper import Helper
from strongroom.storage.helper_process import MOST_FOLDERS
from strongroom.storage.protocols import Folders

log = logging.getLogger(__name__)

#: files and bytes after which a batch, or a group, is full: enough to be worth a message
FILES, BYTES = 128, 8 << 20
#: batches that wait at a process, so that it never waits itself
_AHEAD = 2
#: seconds of work that are worth the start of one process
WORTH = 0.03
#: seconds to open a file and to hash one byte on usual machines: only to guess how much work it is
_OPENING, _HASHING = 5e-6, 1e-9
_MODULE = "strongroom.ocfl.validation.reader_process"


class Group(NamedTuple):
    """Files of one folder that are read in the same way."""

    #: path in the store
    folder: str
    algorithms: Sequence[str]
    names: list[str]
    #: bytes of each
    sizes: list[int]


#: for each algorithm the digests of all files; None where a file must be read by itself
Digests = list[list[str | None]]


class Readers:
    """This process and so many beside it at most; close it when done (a context manager)."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._beside: dict[Helper, deque[list[Group]]] = {}

    def __enter__(self) -> Readers:
        return self

    def __exit__(self, *exc: object) -> None:
        for helper in self._beside:
            helper.close()
        self._beside.clear()

    def begin(self, files: int, size: int) -> None:
        """Start as many processes as so many files of ``size`` bytes together are worth."""
        seconds = files * _OPENING + size * _HASHING
        while sys.executable and len(self._beside) < min(self._most, int(seconds / WORTH)):
            try:
                self._beside[Helper(_MODULE)] = deque()
            except OSError as error:
                log.warning("Small files are read by fewer processes than could be: %s", error)
                return

    def read(self, folders: Folders, groups: Iterable[Group]) -> Iterator[tuple[Group, Digests]]:
        """The digests of all files of all groups, in any order of the groups."""
        for batch in _batches(groups):
            for helper in list(self._beside):
                while self._ready(helper):
                    yield from self._answers(helper, folders)
            free = min(self._beside, key=lambda helper: helper.waiting, default=None)
            if free is None or free.waiting >= _AHEAD or not self._send(free, folders, batch):
                yield from _here(folders, batch)
        for helper, sent in list(self._beside.items()):
            while sent:
                if self._ready(helper):
                    yield from self._answers(helper, folders)
                else:
                    # the last first: it works on the others already
                    yield from _here(folders, sent.pop())

    def _ready(self, helper: Helper) -> bool:
        return bool(self._beside.get(helper)) and helper.ready()

    def _send(self, helper: Helper, folders: Folders, batch: list[Group]) -> bool:
        """Whether the batch is on its way to a process."""
        with ExitStack() as stack:
            opened = []
            try:
                for group in batch:
                    opened.append(folders.folder(group.folder))
                    stack.callback(os.close, opened[-1])
                helper.post([tuple(group[1:]) for group in batch], opened)
            except OSError:
                # a folder that cannot be opened, or a process that is gone: both show soon enough
                return False
        self._beside[helper].append(batch)
        return True

    def _answers(self, helper: Helper, folders: Folders) -> Iterator[tuple[Group, Digests]]:
        """What a process has read; if it is gone, what it should have read is read here."""
        sent = self._beside[helper]
        try:
            found = helper.next()
        except (OSError, EOFError):
            log.warning("A process that read files to be validated has ended by itself.")
            del self._beside[helper]
            helper.close()
            for batch in sent:
                yield from _here(folders, batch)
        else:
            yield from zip(sent.popleft(), found, strict=True)


def _batches(groups: Iterable[Group]) -> Iterator[list[Group]]:
    batch: list[Group] = []
    count = size = 0
    for group in groups:
        batch.append(group)
        count += len(group.names)
        size += sum(group.sizes)
        if count >= FILES or size >= BYTES or len(batch) == MOST_FOLDERS:
            yield batch
            batch, count, size = [], 0, 0
    if batch:
        yield batch


def _here(folders: Folders, batch: list[Group]) -> Iterator[tuple[Group, Digests]]:
    for group in batch:
        try:
            folder = folders.folder(group.folder)
        except OSError:
            yield group, [[None] * len(group.names) for _ in group.algorithms]
            continue
        try:
            found = digests_of(folder, group.algorithms, group.names, group.sizes)
        finally:
            os.close(folder)
        yield group, found
