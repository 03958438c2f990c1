"""The files that the benchmarks of the engine preserve, made once, with the digests they must have.

A source is a folder with ``files/`` and ``sums.json``, and maybe ``folders/`` with each file in a
folder of its own, as ocfl-py takes them. What is done with it, and what is timed, is
left to the modules beside this one.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
from dataclasses import dataclass
from pathlib import Path

MIB = 1 << 20
_BLOCK = 8 * MIB
#: files in one folder, as digitised books have pages
_FOLDER = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """A file of a source, and what is known of it beforehand."""

    #: relative to ``files/``
    path: str
    #: bytes
    size: int
    #: lower-case hex
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Files that are made once; scenarios with equal sources share them."""

    count: int
    #: bytes
    size: int
    #: whether each file is wanted in a folder of its own, too
    folders: bool = False

    @property
    def key(self) -> str:
        return f"{self.count}-of-{self.size}{'-folders' if self.folders else ''}"

    @property
    def mib(self) -> int:
        return self.count * self.size // MIB

    @property
    def on_disk(self) -> int:
        """Bytes, about: whole blocks, inodes and names."""
        return self.count * (-(-self.size // 4096) * 4096 + 512)


def path_of(number: int) -> str:
    """The path of a source's file, relative to ``files/``."""
    return f"objects/{number // _FOLDER:04}/{number:06}.bin"


def make(folder: Path, source: Source, *, seed: int = 1) -> None:
    """The files of a source, no two alike, the same bytes for the same seed."""
    size = source.size
    block = random.Random(seed).randbytes(min(size, _BLOCK))
    sums = []
    for number in range(source.count):
        path = path_of(number)
        target = folder / "files" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256()
        with target.open("wb") as file:
            for start in range(0, size, len(block)):
                # no two blocks are alike, so that nothing is stored or compressed away
                mark = (number << 32 | start // len(block)).to_bytes(8, "big")
                piece = (mark + block[8:])[: size - start]
                file.write(piece)
                digest.update(piece)
        if source.folders:
            alone = folder / "folders" / f"{number:06}"
            alone.mkdir(parents=True)
            (alone / "content.bin").hardlink_to(target)
        sums.append({"path": path, "size": size, "sha256": digest.hexdigest()})
    (folder / "sums.json").write_text(json.dumps(sums))


def known(folder: Path) -> list[Sum]:
    """The files of a source, in the order in which they were made."""
    return [Sum(**entry) for entry in json.loads((folder / "sums.json").read_bytes())]


def files_below(folder: Path) -> list[tuple[str, int]]:
    """Path and size (bytes) of every file below a folder, in the order of the file system."""
    found = []
    for top, _, names in os.walk(folder):
        for name in names:
            path = f"{top}/{name}"
            found.append((path, os.stat(path).st_size))
    return found


def warm(folder: Path) -> None:
    """Read every file below a folder, so that whoever is timed next finds all of it in memory."""
    buffer = bytearray(MIB)
    for path, _ in files_below(folder):
        with open(path, "rb", buffering=0) as file:
            while file.readinto(buffer):
                pass
