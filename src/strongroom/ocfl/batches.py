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
from strongroom.storage.copier import MOST_GROUPS, Copier, Group, Known
from strongroom.storage.names import encodable
from strongroom.storage.protocols import Folders

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
        #: the batch that is being filled, and its bytes
        self._next: list[tuple[int, NewFile]] = []
        self._bytes = 0
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
        size = file.size
        if size is None or size > smallfiles.SMALL or file.sha256 is None or file.digests:
            return False
        self._next.append((number, file))
        self._bytes += size
        if len(self._next) >= _FILES or self._bytes >= _BYTES:
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
        if self._next:
            self._dispatch()
        self._await_sent()

    def close(self) -> None:
        """End the second process; nothing remains of what is still on its way."""
        if self._second is not None:
            self._second.close()
            self._second = None
        for batch in self._sent:
            for group in batch:
                self._settle(group, range(len(group.files)))
        self._sent.clear()
        self._next = []

    # ------------------------------------------------------------------------------ one batch

    def _dispatch(self) -> None:
        """Have the batch done, here or there."""
        if len(self._later) >= _FILES:
            self._await_sent()
        batch = self._placed()
        second = self._second
        while second is not None and second.waiting and second.ready():
            self._receive(second)
            second = self._second
        if second is not None and second.waiting < _AHEAD:
            for start in range(0, len(batch), MOST_GROUPS):
                self._send(second, batch[start : start + MOST_GROUPS])
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

    def _await_sent(self) -> None:
        """Wait for all that is on its way; then it is known what the same content has become."""
        while self._sent and self._second is not None:
            self._receive(self._second)
        later, self._later = self._later, []
        self._odd += later

    def _placed(self) -> list[_Group]:
        """The files of the batch with their places, by folders; what cannot be is handed back."""
        files, self._next, self._bytes = self._next, [], 0
        named = [path for _, file in files for path in (file.logical, file.source)]
        if paths.unsafe(named) or not encodable("".join(named)):
            self._odd += [item for item in files if not _plain(item[1])]
            files = [item for item in files if _plain(item[1])]
        groups: list[_Group] = []
        group = None
        for number, file in files:
            digest = (file.sha256 or "").lower()
            if digest in self._coming:
                # the same content is on its way; whether that is good must be known first
                self._later.append((number, file))
                continue
            try:
                placed = self._content.promise(file.logical, digest)
            except OSError:
                self._odd.append((number, file))  # meets the error again, and is named with it
                continue
            folder, _, name = file.source.rpartition("/")
            target, _, new = placed.rpartition("/")
            if group is None or group.source != folder or group.target != target:
                group = _Group(folder, target)
                groups.append(group)
            group.files.append(Known(os.fsencode(name), os.fsencode(new), file.size or 0, digest))
            group.items.append((number, file, digest, placed))
            self._coming.add(digest)
        return groups

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
        kept = []
        for place, (number, file, digest, placed) in enumerate(group.items):
            self._coming.discard(digest)
            if place in odd:
                self._content.break_promise(placed)
                self._odd.append((number, file))
            else:
                kept.append((placed, digest, group.files[place].size))
                self._done.append((number, file, digest))
        self._content.keep_promises(kept)


def _plain(file: NewFile) -> bool:
    """Whether nothing has to be said about the paths themselves."""
    both = (file.logical, file.source)
    return not paths.unsafe(both) and all(path.isascii() or encodable(path) for path in both)
