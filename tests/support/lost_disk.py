"""A disk that forgets: every step is journalled, and a power cut after any of them is made anew.

Of what was not synced any part may be lost: a file's bytes (nothing, half, or zeros of the right
length are left), and each change of a name for itself. What survives is chosen by the caller, and
whether it can be recovered from is none of this module's business.
"""

from __future__ import annotations

import os
import random
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from strongroom.storage import durable

#: path below the top -> bytes; None for a folder
Tree = dict[str, bytes | None]
#: node of a folder, name in it
Slot = tuple[int, str]

TOP = 0


@dataclass(frozen=True, kw_only=True)
class Naming:
    """A change of names, atomic as a file system's journal makes it: all of it, or nothing."""

    what: str
    #: what is no longer where: slot -> node
    taken: dict[Slot, int]
    #: what is now where: slot -> node
    put: dict[Slot, int]

    def touches(self, other: Naming) -> bool:
        """Whether this change cannot have survived without the earlier ``other``.

        A node is in one place at a time, a name has one node, and a folder goes only when empty.
        """
        nodes = {*self.taken.values(), *self.put.values()}
        if nodes & {*other.taken.values(), *other.put.values()}:
            return True
        if self.put.keys() & other.taken.keys():
            return True
        removed = nodes if not self.put else set()
        return any(folder in removed for folder, _ in other.taken)


@dataclass(frozen=True, kw_only=True)
class Bytes:
    """Bytes of a file (``data`` at ``offset``), or its new size."""

    node: int
    offset: int = 0
    data: bytes = b""
    size: int | None = None


@dataclass(frozen=True, kw_only=True)
class Sync:
    """All bytes of a file, all names in a folder, or (None) everything is on the disk."""

    node: int | None


Op = Naming | Bytes | Sync


@dataclass(frozen=True, kw_only=True)
class Fate:
    """Which of the changes that were not synced survive."""

    #: for people
    label: str
    #: by the number of the operation in the journal
    name_survives: Callable[[int], bool]
    #: by the node of the file: "old", "half", "zeros" or "new"
    bytes_left: Callable[[int], str]


def fates(
    journal: Journal, cut: int, *, seed: str, single: int, random_ones: int
) -> Iterator[Fate]:
    """None of the unsynced survives; all; names without bytes; single names; random subsets.

    Of the last ``single`` names each survives alone, and is lost alone.
    """
    pending, dirty = journal.unsynced(cut)
    yield _uniform("nothing unsynced survives", set(), "old")
    yield _uniform("all survives", set(pending), "new")
    if dirty:
        for left in ("old", "half", "zeros"):
            yield _uniform(f"all names survive, of unsynced bytes: {left}", set(pending), left)
    if len(pending) > 1:
        for one in pending[-single:]:
            what = journal.name_of(one)
            yield _uniform(f"of unsynced names only '{what}'", {one}, "new")
            yield _uniform(f"of unsynced names all but '{what}'", {*pending} - {one}, "new")
        chance = random.Random(f"{seed} {cut}")
        for number in range(random_ones):
            kept = {i for i in pending if chance.random() < 0.5}
            left_of = {node: chance.choice(("old", "half", "zeros", "new")) for node in dirty}
            yield Fate(
                label=f"random subset {number}: {[journal.name_of(i) for i in sorted(kept)]}",
                name_survives=kept.__contains__,
                bytes_left=left_of.__getitem__,
            )


def _uniform(label: str, kept: set[int], left: str) -> Fate:
    return Fate(label=label, name_survives=kept.__contains__, bytes_left=lambda _: left)


class Journal:
    """What was done on a disk below ``top``, whose contents at the start are all on it."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self.ops: list[Op] = []
        self._lock = threading.RLock()
        self._count = 0
        self._base_names: dict[Slot, int] = {}
        self._base_bytes: dict[int, bytes] = {}
        self._folders = {TOP}
        self._scan(top, TOP)
        self._last: tuple[int, Any] = (-1, None)
        #: what a process sees now
        self._names = dict(self._base_names)

    def _scan(self, folder: Path, node: int) -> None:
        for path in sorted(folder.iterdir()):
            child = self._new_node(is_folder=path.is_dir())
            self._base_names[node, path.name] = child
            if path.is_dir():
                self._scan(path, child)
            else:
                self._base_bytes[child] = path.read_bytes()

    def _new_node(self, *, is_folder: bool) -> int:
        self._count += 1
        if is_folder:
            self._folders.add(self._count)
        return self._count

    # ------------------------------------------------------------------------------- recording

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Journal every step of this process; no sync of the machine's own disk is waited for."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "fsync", lambda descriptor: None)
            for name in durable.STEPS:
                after = getattr(self, f"_after_{name}")
                patch.setattr(durable, name, self._step(getattr(durable, name), after))
            yield

    def _step(
        self, original: Callable[..., object], after: Callable[..., None]
    ) -> Callable[..., object]:
        def step(*args: object, **named: object) -> object:
            with self._lock:
                position = _position(args[0])
                result = original(*args, **named)
                if result is not False:
                    after(position, *args, **named)
                return result

        return step

    def _after_make_folder(self, _: int, path: object, *, folder: int | None = None) -> None:
        self._made(_where(path, folder), is_folder=True)

    def _after_create(
        self, _: int, path: object, *, folder: int | None = None, extra: int = 0
    ) -> None:
        self._made(_where(path, folder), is_folder=False)

    def _after_write_new(self, _: int, path: object, data: bytes) -> None:
        # its bytes went through write(), which has made the file if it was new here
        if self._node(_where(path, None)) is None:
            self._made(_where(path, None), is_folder=False)

    def _after_write(self, position: int, descriptor: int, data: bytes) -> None:
        self._wrote(descriptor, bytes(data), position)

    def _after_write_at(self, _: int, descriptor: int, data: memoryview, offset: int) -> None:
        self._wrote(descriptor, bytes(data), offset)

    def _after_truncate(self, _: int, descriptor: int, size: int) -> None:
        if (node := self._open_node(descriptor)) is not None:
            self.ops.append(Bytes(node=node, size=size))

    def _after_reserve(self, _: int, descriptor: int, size: int) -> None:
        self._after_truncate(0, descriptor, os.fstat(descriptor).st_size)

    def _after_rename(
        self,
        _: int,
        source: object,
        target: object,
        *,
        source_folder: int | None = None,
        target_folder: int | None = None,
    ) -> None:
        old, new = _where(source, source_folder), _where(target, target_folder)
        node, left, taken = self._node(old), self._slot(old), self._slot(new)
        if node is None or left is None or taken is None:
            assert not self._inside(old), f"{old} was renamed, and nobody saw it made"
            assert not self._inside(new), f"{new} came from elsewhere"
            return
        self._named(f"rename {old} to {new}", {left: node}, {taken: node})

    _after_rename_new = _after_rename

    def _after_exchange(self, _: int, source: object, target: object) -> None:
        one, two = _where(source, None), _where(target, None)
        slots = self._slot(one), self._slot(two)
        nodes = self._node(one), self._node(two)
        assert None not in slots + nodes, f"{one} and {two} were exchanged"
        before = dict(zip(slots, nodes, strict=True))
        after = dict(zip(slots, reversed(nodes), strict=True))
        self._named(f"exchange {one} and {two}", before, after)  # type: ignore[arg-type]

    def _after_unlink(self, _: int, path: object, *, folder: int | None = None) -> None:
        where = _where(path, folder)
        node, slot = self._node(where), self._slot(where)
        if node is not None and slot is not None:
            self._named(f"remove {where}", {slot: node}, {})

    _after_remove_folder = _after_unlink

    def _after_sync_file(self, _: int, descriptor: int) -> None:
        if (node := self._open_node(descriptor)) is not None:
            self.ops.append(Sync(node=node))

    def _after_sync_folder(self, _: int, path: object) -> None:
        """Nothing: it was seen as the sync_file that it is made of."""

    def _after_sync_file_system(self, _: int, descriptor: int) -> None:
        self.ops.append(Sync(node=None))

    def _made(self, where: str, *, is_folder: bool) -> None:
        slot = self._slot(where)
        if slot is not None:
            self._named(f"make {where}", {}, {slot: self._new_node(is_folder=is_folder)})

    def _named(self, what: str, taken: dict[Slot, int], put: dict[Slot, int]) -> None:
        self.ops.append(Naming(what=_short(what, self.top), taken=dict(taken), put=dict(put)))
        _apply(self._names, self.ops[-1])

    def _wrote(self, descriptor: int, data: bytes, offset: int) -> None:
        where = os.readlink(f"/proc/self/fd/{descriptor}")
        if self._node(where) is None:
            self._made(where, is_folder=False)
        if (node := self._node(where)) is not None:
            self.ops.append(Bytes(node=node, offset=offset, data=data))

    def _open_node(self, descriptor: int) -> int | None:
        return self._node(os.readlink(f"/proc/self/fd/{descriptor}"))

    def _inside(self, where: str) -> bool:
        return where.startswith(f"{self.top}/")

    def _node(self, where: str) -> int | None:
        if where == str(self.top):
            return TOP
        slot = self._slot(where)
        return None if slot is None else self._names.get(slot)

    def _slot(self, where: str) -> Slot | None:
        folder, _, name = where.rpartition("/")
        if not self._inside(where):
            return None
        parent = self._node(folder)
        return None if parent is None else (parent, name)

    # ------------------------------------------------------------------------------ forgetting

    def describe(self, cut: int) -> str:
        """What the last operation before the cut was, for people."""
        what = self.name_of(cut - 1) if cut else "nothing"
        return f"after operation {cut} of {len(self.ops)} ({what})"

    def name_of(self, number: int) -> str:
        """What an operation was, for people."""
        op = self.ops[number]
        if isinstance(op, Naming):
            return op.what
        if op.node is None:
            return "sync the file system"
        verb = "sync" if isinstance(op, Sync) else "write to"
        return f"{verb} what was {self._first_name(op.node)}"

    def _first_name(self, node: int) -> str:
        if node == TOP:
            return "the top"
        for op in self.ops:
            if isinstance(op, Naming) and node in op.put.values():
                return op.what
        return next(name for (_, name), held in self._base_names.items() if held == node)

    def unsynced(self, cut: int) -> tuple[list[int], set[int]]:
        """After so many operations: the changes of names, and the files, that could be lost."""
        pending, synced, now = self._at(cut)
        return pending, {node for node in now if now[node] != synced.get(node)}

    def after(self, cut: int, fate: Fate) -> Tree:
        """The disk as a power cut after so many operations left it."""
        pending, synced, now = self._at(cut)
        lost = set(pending) - self._closure({i for i in pending if fate.name_survives(i)}, pending)
        names = dict(self._base_names)
        for i, op in enumerate(self.ops[:cut]):
            if isinstance(op, Naming) and i not in lost:
                _apply(names, op)

        def content(node: int) -> bytes:
            old, new = synced.get(node, b""), now.get(node, b"")
            if old == new:
                return new
            left = fate.bytes_left(node)
            cases = {"old": old, "half": new[: len(new) // 2], "zeros": bytes(len(new)), "new": new}
            return cases[left]

        below: dict[int, dict[str, int]] = {}
        for (folder, name), node in names.items():
            below.setdefault(folder, {})[name] = node
        tree: Tree = {}
        waiting = [("", TOP)]
        seen = set()
        while waiting:
            path, folder = waiting.pop()
            assert folder not in seen, f"{path} is there twice: the model is wrong"
            seen.add(folder)
            for name, node in below.get(folder, {}).items():
                if node in self._folders:
                    tree[f"{path}{name}"] = None
                    waiting.append((f"{path}{name}/", node))
                else:
                    tree[f"{path}{name}"] = content(node)
        return tree

    def _at(self, cut: int) -> tuple[list[int], dict[int, bytes], dict[int, bytes]]:
        """Changes of names that are not synced, bytes on the disk, bytes as a process saw them."""
        if self._last[0] != cut:
            self._last = (cut, self._look(cut))
        return self._last[1]

    def _look(self, cut: int) -> tuple[list[int], dict[int, bytes], dict[int, bytes]]:
        pending: list[int] = []
        synced, now = dict(self._base_bytes), dict(self._base_bytes)
        for i, op in enumerate(self.ops[:cut]):
            if isinstance(op, Naming):
                pending.append(i)
                now |= {n: b"" for n in op.put.values() if n not in self._folders and n not in now}
            elif isinstance(op, Bytes):
                old = now.get(op.node, b"")
                if op.size is not None:
                    now[op.node] = old[: op.size].ljust(op.size, b"\0")
                else:
                    end = op.offset + len(op.data)
                    now[op.node] = old[: op.offset].ljust(op.offset, b"\0") + op.data + old[end:]
            elif op.node is None:
                pending, synced = [], dict(now)
            elif op.node in self._folders:
                settled = {j for j in pending if self._is_settled_by(j, op.node)}
                pending = [j for j in pending if j not in self._closure(settled, pending)]
            else:
                synced[op.node] = now.get(op.node, b"")
        return pending, synced, now

    def _is_settled_by(self, number: int, folder: int) -> bool:
        """Whether syncing a folder brings a change onto the disk.

        For a rename between two folders that is the one where the name is new; a file system may
        well do it at the sync of either, but need not.
        """
        op = self.ops[number]
        assert isinstance(op, Naming)
        return any(parent == folder for parent, _ in (op.put or op.taken))

    def _closure(self, chosen: set[int], pending: Iterable[int]) -> set[int]:
        """The chosen changes, with the earlier ones that they cannot be without."""
        found = set(chosen)
        for later in sorted(pending, reverse=True):
            if later in found:
                op = self.ops[later]
                assert isinstance(op, Naming)
                for earlier in pending:
                    before = self.ops[earlier]
                    if earlier < later and isinstance(before, Naming) and op.touches(before):
                        found.add(earlier)
        return found


def _apply(names: dict[Slot, int], op: Naming) -> None:
    for slot, node in op.taken.items():
        if names.get(slot) == node:
            del names[slot]
    names.update(op.put)


def _short(what: str, top: Path) -> str:
    what = what.replace(f"{top}/", "").replace("root/extensions/strongroom-staging", "staging")
    return re.sub(r"([0-9a-f]{8})[0-9a-f]{8,}", r"\1…", what)


def _position(descriptor: object) -> int:
    """Where an open file is written next; 0 for anything else."""
    if not isinstance(descriptor, int):
        return 0
    return os.lseek(descriptor, 0, os.SEEK_CUR)


def _where(path: object, folder: int | None) -> str:
    if folder is None:
        return os.path.abspath(str(path))
    return os.path.normpath(f"{os.readlink(f'/proc/self/fd/{folder}')}/{path}")


def write(tree: Tree, folder: Path) -> None:
    """The tree as files in a new folder."""
    folder.mkdir()
    for path, data in sorted(tree.items()):
        if data is None:
            (folder / path).mkdir()
        else:
            (folder / path).write_bytes(data)
