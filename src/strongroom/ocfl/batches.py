"""Small files whose digests are known beforehand, brought in many at a time by two processes.

Where each goes, and whether its content is there already, is decided before it is read. A file
about which anything is odd is handed back, to be taken by itself.
"""

from __future__ import annotations

import os
from collections import deque
from contextlib import ExitStack

from strongroom.errors import StrongroomError
from strongroom.ocfl import paths
from strongroom.ocfl.content import NewContent
from strongroom.ocfl.plan import NewFile
from strongroom.storage import copier, durable, smallfiles
from strongroom.storage.copier import Copier, Group
from strongroom.storage.copier_process import MOST_GROUPS
from strongroom.storage.protocols import Folders
from strongroom.storage.smallfiles import Known

#: files and bytes after which a batch is full: enough to be worth a message, few enough that a
#: killed process's helper is done with it at once
_FILES, _BYTES = 128, 8 << 20
#: batches that this process works on alone before it has a second one started
_ALONE = 3
#: batches that wait at the second process, so that it never waits itself
_AHEAD = 2


class _Group:
    """Files of one folder, on their way to one folder."""

    def __init__(self, source: str, target: str) -> None:
        self.source, self.target = source, target
        self.files: list[Known] = []
        #: for each file its number, itself, its digest, and its place among the content
        self.items: list[tuple[int, NewFile, str, str]] = []


class Batches:
    """One run of copying; close it when done."""

    def __init__(self, content: NewContent, folders: Folders, keep: int) -> None:
        """``keep`` is a descriptor that a second process must hold while it writes."""
        self._content = content
        self._folders = folders
        self._keep = keep
        self._batch: list[_Group] = []
        self._count = self._bytes = 0
        self._sent: deque[list[_Group]] = deque()
        #: digests of what is on its way
        self._coming: set[str] = set()
        self._alone = 0
        self._second: Copier | None = None
        self._done: list[tuple[int, NewFile, str]] = []
        self._odd: list[tuple[int, NewFile]] = []
        #: content that is on its way already; whether that is good must be known first
        self._later: list[tuple[int, NewFile]] = []

    def offer(self, number: int, file: NewFile) -> bool:
        """Take a file into a batch; False if it is none of those that can be."""
        if file.sha256 is None or file.digests or file.size is None:
            return False
        if file.size > smallfiles.SMALL or not _plain(file):
            return False
        digest = file.sha256.lower()
        if digest in self._coming:
            self._wait(number, file)
            return True
        folder, _, name = file.source.rpartition("/")
        try:
            placed = self._content.promise(file.logical, digest)
        except OSError:
            return False
        target, _, new = placed.rpartition("/")
        group = self._batch[-1] if self._batch else None
        if group is None or group.source != folder or group.target != target:
            group = _Group(folder, target)
            self._batch.append(group)
        group.files.append(Known(os.fsencode(name), os.fsencode(new), file.size, digest))
        group.items.append((number, file, digest, placed))
        self._coming.add(digest)
        self._count += 1
        self._bytes += file.size
        if self._full():
            self._dispatch()
        return True

    @property
    def news(self) -> bool:
        """Whether there is something to collect."""
        return bool(self._done or self._odd)

    def collect(self) -> tuple[list[tuple[int, NewFile, str]], list[tuple[int, NewFile]]]:
        """Since the last time: what has come in (number, file, digest), and what is handed back."""
        done, self._done = self._done, []
        odd, self._odd = self._odd, []
        return done, odd

    def finish(self) -> None:
        """Bring in all that is still on its way."""
        if self._batch:
            self._dispatch()
        while self._sent and self._second is not None:
            self._receive(self._second)
        later, self._later = self._later, []
        self._odd += later

    def close(self) -> None:
        """End the second process; nothing remains of what is still on its way."""
        if self._second is not None:
            self._second.close()
            self._second = None
        for batch in (*self._sent, self._batch):
            for group in batch:
                self._settle(group, range(len(group.files)))
        self._sent.clear()
        self._batch = []

    # ------------------------------------------------------------------------------ one batch

    def _wait(self, number: int, file: NewFile) -> None:
        self._later.append((number, file))
        if len(self._later) >= _FILES:
            self.finish()

    def _full(self) -> bool:
        return self._count >= _FILES or self._bytes >= _BYTES or len(self._batch) >= MOST_GROUPS

    def _dispatch(self) -> None:
        batch, self._batch = self._batch, []
        self._count = self._bytes = 0
        while self._second is not None and self._second.waiting and self._second.ready():
            self._receive(self._second)
        if self._second is not None and self._second.waiting < _AHEAD:
            self._send(self._second, batch)
            return
        for group in batch:
            with ExitStack() as stack:
                opened = self._open(group, stack)
                left_out = (
                    smallfiles.copy_known(*opened, self._content.algorithm, group.files)
                    if opened
                    else range(len(group.files))
                )
            self._settle(group, left_out)
        self._alone += 1
        if self._alone == _ALONE and copier.cores() > 1:
            self._second = copier.start(self._content.algorithm, (self._keep,))

    def _send(self, second: Copier, batch: list[_Group]) -> None:
        with ExitStack() as stack:
            groups, sent = [], []
            for group in batch:
                opened = self._open(group, stack)
                if opened is None:
                    self._settle(group, range(len(group.files)))
                else:
                    groups.append(Group(*opened, group.files))
                    sent.append(group)
            if not groups:
                return
            self._sent.append(sent)
            try:
                second.send(groups)
            except OSError:
                self._lost()

    def _receive(self, second: Copier) -> None:
        try:
            answers = second.answer()
        except (OSError, EOFError):
            self._lost()
            return
        for group, left_out in zip(self._sent.popleft(), answers, strict=True):
            self._settle(group, left_out)

    def _lost(self) -> None:
        """The second process has ended by itself: what it was given is taken here, one by one."""
        if self._second is not None:
            self._second.close()
            self._second = None
        for group in (group for batch in self._sent for group in batch):
            self._settle(group, range(len(group.files)))
        self._sent.clear()

    def _open(self, group: _Group, stack: ExitStack) -> tuple[int, int] | None:
        """Source and target folder, open until the stack is left; None if one cannot be.

        The same error then comes again with each file that is taken by itself.
        """
        try:
            source = self._folders.folder(group.source)
            stack.callback(os.close, source)
            target = os.open(self._content.folder(group.target), durable.FOLDER)
            stack.callback(os.close, target)
        except (StrongroomError, OSError):
            return None
        return source, target

    def _settle(self, group: _Group, left_out: range | list[int]) -> None:
        odd = set(left_out)
        for place, (item, known) in enumerate(zip(group.items, group.files, strict=True)):
            number, file, digest, relative = item
            self._coming.discard(digest)
            if place in odd:
                self._content.break_promise(relative)
                self._odd.append((number, file))
            else:
                self._content.keep_promise(relative, digest, known.size)
                self._done.append((number, file, digest))


def _plain(file: NewFile) -> bool:
    """Whether nothing has to be said about the paths themselves."""
    both = (file.logical, file.source)
    return not paths.unsafe(both) and all(path.isascii() or paths.encodable(path) for path in both)
