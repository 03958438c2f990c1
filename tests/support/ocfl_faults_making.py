"""Writes small OCFL objects and roots from plain dictionaries, so that tests can damage them.

Written from the specification alone and without the product, so that a validator can be judged
with them. What can be wrong with them is left to the modules beside this one.
"""

from __future__ import annotations

import copy
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ID = "info:example/book"
USER = {"name": "Ann", "address": "mailto:ann@example.org"}


@dataclass(frozen=True)
class Link:
    """A symbolic link."""

    target: str


@dataclass(frozen=True)
class SameFile:
    """Another name of a file that the tree has too."""

    path: str


@dataclass(frozen=True)
class Pipe:
    """What waits for a writer when it is opened unwarily."""


#: a file's bytes; None is an empty folder
Entry = bytes | Link | SameFile | Pipe | None
Tree = dict[str, Entry]
Inventory = dict[str, Any]


def write(tree: Mapping[str, Entry], folder: Path) -> Path:
    """Put a tree on disk; second names come after the files that they name."""
    folder.mkdir(parents=True, exist_ok=True)
    for path, entry in sorted(tree.items(), key=lambda item: isinstance(item[1], SameFile)):
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        match entry:
            case None:
                place.mkdir(exist_ok=True)
            case bytes():
                place.write_bytes(entry)
            case Link(target):
                place.symlink_to(target)
            case SameFile(other):
                os.link(folder / other, place)
            case Pipe():
                os.mkfifo(place)
    return folder


def digest(algorithm: str, data: bytes) -> str:
    """A digest in lower-case hex, of the core list and of extensions 0001 and 0009."""
    if algorithm == "size":
        return str(len(data))
    if algorithm == "sha512/256":
        return hashlib.new("sha512_256", data).hexdigest()
    if algorithm.startswith("blake2b-"):
        size = int(algorithm.removeprefix("blake2b-")) // 8
        return hashlib.blake2b(data, digest_size=size).hexdigest()
    return hashlib.new(algorithm, data).hexdigest()


def serialised(inventory: Inventory | bytes) -> bytes:
    if isinstance(inventory, bytes):
        return inventory
    return json.dumps(inventory, indent=1, ensure_ascii=False).encode()


@dataclass
class Damageable:
    """What is put over the finished tree, and what is taken out of it first."""

    changes: Tree = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)

    def put(self, path: str, entry: Entry) -> None:
        self.changes[path] = entry

    def remove(self, *paths: str) -> None:
        """Take files, or folders with all that is below them, away."""
        self.gone += paths

    def move(self, path: str, to: str) -> None:
        """Give a file another name."""
        self.put(to, self.tree()[path])
        self.remove(path)

    def tree(self) -> Tree:
        """Everything, damage included."""
        whole = {
            path: entry
            for path, entry in self.sound().items()
            if not any(path == gone or path.startswith(f"{gone}/") for gone in self.gone)
        }
        return {**whole, **self.changes}

    def sound(self) -> Tree:
        raise NotImplementedError


@dataclass
class Obj(Damageable):
    """An object in the making."""

    spec: str = "1.1"
    #: version folder -> its inventory (or raw bytes); the last is the root's too
    inventories: dict[str, Inventory | bytes] = field(default_factory=dict)
    #: content path -> bytes
    content: dict[str, bytes] = field(default_factory=dict)
    #: the root's inventory, where it is another than the newest version's
    root: Inventory | bytes | None = None

    @property
    def newest(self) -> Inventory:
        return self.of(list(self.inventories)[-1])

    def of(self, version: str) -> Inventory:
        """The inventory in a version folder, to be changed."""
        found = self.inventories[version]
        assert isinstance(found, dict)
        return found

    def each(self) -> Iterator[Inventory]:
        return (self.of(version) for version in self.inventories)

    def digest_of(self, path: str) -> str:
        """The key of a content file in the newest manifest."""
        [found] = [key for key, paths in self.newest["manifest"].items() if path in paths]
        return str(found)

    def raw(self, data: bytes) -> None:
        """These bytes as the newest inventory, with the side-car that fits."""
        self.inventories[list(self.inventories)[-1]] = data

    def sound(self) -> Tree:
        value = f"ocfl_object_{self.spec}"
        tree: Tree = {f"0={value}": f"{value}\n".encode(), **self.content}
        for version, inventory in self.inventories.items():
            tree |= _pair(f"{version}/", inventory)
        newest = list(self.inventories.values())[-1:]
        for inventory in [self.root] if self.root is not None else newest:
            tree |= _pair("", inventory)
        return tree


def _pair(folder: str, inventory: Inventory | bytes) -> Tree:
    """An inventory and its side-car."""
    data = serialised(inventory)
    algorithm = inventory.get("digestAlgorithm") if isinstance(inventory, dict) else "sha512"
    if algorithm not in ("md5", "sha256"):
        algorithm = "sha512"
    sidecar = f"{digest(algorithm, data)}  inventory.json\n".encode()
    return {f"{folder}inventory.json": data, f"{folder}inventory.json.{algorithm}": sidecar}


State = Mapping[str, bytes]
#: three versions: what is added, changed, taken away, and stored once for two places
BOOK: Sequence[State] = (
    {"a.txt": b"one", "b/c.txt": b"two", "empty": b""},
    {"a.txt": b"one, changed", "b/c.txt": b"two", "copy of c": b"two", "empty": b""},
    {"a.txt": b"one, changed", "b/c.txt": b"two", "copy of c": b"two"},
)
PAGE: Sequence[State] = ({"a.txt": b"page"},)


def make(
    states: Sequence[State] = BOOK,
    *,
    spec: str | Sequence[str] = "1.1",
    algorithm: str | Sequence[str] = "sha512",
    name: Callable[[int], str] = "v{}".format,
    content: str = "content",
    content_key: bool = False,
    fixity: Iterable[str] = (),
    object_id: str = ID,
    once: bool = True,
) -> Obj:
    """A sound object with one version for each state.

    ``spec`` and ``algorithm``: one for all versions, or one for each. ``content_key``: whether the
    content folder is named in the inventories. ``once``: whether equal bytes are stored once.
    """
    names = [name(number) for number in range(1, len(states) + 1)]
    specs = [spec] * len(states) if isinstance(spec, str) else spec
    algorithms = [algorithm] * len(states) if isinstance(algorithm, str) else algorithm
    made = Obj(spec=specs[-1])
    before: State = {}
    stored: set[bytes] = set()
    for index, state in enumerate(states):
        for path, data in state.items():
            here = data in stored if once else before.get(path) == data
            stored.add(data)
            if not here:
                made.content[f"{names[index]}/{content}/{path}"] = data
        before = state
        chosen = algorithms[index]
        inventory: Inventory = {
            "id": object_id,
            "type": f"https://ocfl.io/{specs[index]}/spec/#inventory",
            "digestAlgorithm": chosen,
            "head": names[index],
            "manifest": _block(chosen, made.content),
            "versions": {
                names[number]: {
                    "created": f"2026-01-01T{number // 60:02}:{number % 60:02}:00Z",
                    "message": f"Version {number + 1}",
                    "user": dict(USER),
                    "state": _block(chosen, states[number]),
                }
                for number in range(index + 1)
            },
        }
        if content_key:
            inventory["contentDirectory"] = content
        if blocks := {each: _block(each, made.content) for each in fixity}:
            inventory["fixity"] = blocks
        made.inventories[names[index]] = copy.deepcopy(inventory)
    return made


def _block(algorithm: str, files: State) -> dict[str, list[str]]:
    """Digest to paths."""
    found: dict[str, list[str]] = {}
    for path, data in files.items():
        found.setdefault(digest(algorithm, data), []).append(path)
    return found


@dataclass
class Root(Damageable):
    """A storage root in the making."""

    spec: str = "1.1"
    #: path -> object
    objects: dict[str, Obj] = field(default_factory=dict)
    #: name and configuration of the layout, where one is declared
    layout: str | None = None
    config: dict[str, Any] | None = None

    def sound(self) -> Tree:
        tree: Tree = {f"0=ocfl_{self.spec}": f"ocfl_{self.spec}\n".encode()}
        if self.layout is not None:
            described = {"extension": self.layout, "description": "Where objects lie."}
            tree["ocfl_layout.json"] = json.dumps(described).encode()
        if self.config is not None:
            tree[f"extensions/{self.layout}/config.json"] = json.dumps(self.config).encode()
        for path, each in self.objects.items():
            tree |= {f"{path}/{below}": entry for below, entry in each.tree().items()}
        return tree


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A way to damage an object or a root, and what a validator must then say."""

    name: str
    #: exactly these codes, separated by blanks
    codes: str
    harm: Callable[[Any], None]
    #: a part of the place of every problem that is reported
    place: str = ""
    base: Callable[[], Damageable] = make
    #: paths that the place refuses to read, as a bad disk does
    refused: tuple[str, ...] = ()
    #: how many problems there are; None: one for each code
    times: int | None = None

    def made(self) -> Damageable:
        harmed = self.base()
        self.harm(harmed)
        return harmed

    def __str__(self) -> str:
        return f"{self.codes}: {self.name}"


def fault(
    codes: str,
    name: str,
    place: str,
    harm: Callable[[Any], object],
    base: Callable[[], Damageable] = make,
    *,
    refused: tuple[str, ...] = (),
    times: int | None = None,
) -> Fault:
    """A row of a table of faults."""
    return Fault(
        name=name,
        codes=codes,
        place=place,
        harm=lambda made: (harm(made), None)[1],
        base=base,
        refused=refused,
        times=times,
    )
