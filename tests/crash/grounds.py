"""Where the servers of crash tests keep things: in folders or in buckets, looked at from outside.

A ground shows objects as folders, whichever it is, and says what is left over. What must hold of
them is said by the tests.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from crash.phases import Look, Phase, Sought
from strongroom.ocfl.validation.objects import validate_object
from strongroom.ocfl.validation.problems import Problem
from strongroom.ocfl.validation.roots import validate_root
from strongroom.storage.localstore import LocalStore
from strongroom.storage.s3.bucket import Bucket
from support import bucket_roots, ocfl_check
from support.killing import left_over


class Ground(Protocol):
    """An OCFL root that a server writes to."""

    def look(self, data: Path) -> Look:
        """For one thread; to be closed."""

    def object(self, object_id: str) -> Any:
        """A context manager: the folder of an object, or a copy; there is none if it is not."""

    def root(self) -> Any:
        """A context manager: the folder of the root, or a copy, without what is left over."""

    def judge(self, object_id: str) -> list[Problem]:
        """What our validator finds where the object really lies."""

    def unfinished(self) -> list[str]:
        """What a writer left that is at work no more, and nobody has taken care of."""

    def bury(self) -> list[str]:
        """With no server: clear all away that was given up; what is left then and should not."""


@dataclass(frozen=True)
class FolderGround:
    """A root in a folder."""

    folder: Path

    def look(self, data: Path) -> Look:
        return FolderLook(data, self.folder)

    @contextmanager
    def object(self, object_id: str) -> Iterator[Path]:
        yield self.folder / ocfl_check.place_of(object_id)

    @contextmanager
    def root(self) -> Iterator[Path]:
        yield self.folder

    def judge(self, object_id: str) -> list[Problem]:
        problems: list[Problem] = []
        store = LocalStore(self.folder / ocfl_check.place_of(object_id))
        validate_object(store, tell=problems.append, workers=1)
        return problems

    def unfinished(self) -> list[str]:
        staging = self.folder / "extensions" / "strongroom-staging"
        return [
            f"{place}/{name}"
            for place in ("work", "trash", "aside")
            for name in os.listdir(staging / place)
        ]

    def bury(self) -> list[str]:
        return left_over(self.folder)


@dataclass(frozen=True)
class BucketGround:
    """A root below a prefix of a bucket."""

    bucket: Bucket
    prefix: str

    def look(self, data: Path) -> Look:
        return BucketLook(data, self)

    @contextmanager
    def object(self, object_id: str) -> Iterator[Path]:
        """Without the content of attempts that were given up, which no inventory names."""
        place = ocfl_check.place_of(object_id)
        with bucket_roots.downloaded(self.bucket, f"{self.prefix}{place}/") as folder:
            self._tidy(folder, place)
            if not (folder / "inventory.json").exists():
                shutil.rmtree(folder)
            yield folder
            folder.mkdir(exist_ok=True)

    def _tidy(self, folder: Path, place: str) -> None:
        for note in self.notes():
            if place.endswith(f"/{_hashed(note['object'])}"):
                for content in folder.glob(f"v*/content/{note['nonce']}"):
                    assert note.get("givenUp"), f"the work {note} was not given up"
                    shutil.rmtree(content)
        for path in sorted(folder.rglob("*"), reverse=True):
            if path.is_dir() and not any(path.iterdir()):
                path.rmdir()

    @contextmanager
    def root(self) -> Iterator[Path]:
        with bucket_roots.downloaded(self.bucket, self.prefix) as folder:
            yield folder

    def judge(self, object_id: str) -> list[Problem]:
        """Attempts that were given up leave files (E023) until they are buried."""
        problems: list[Problem] = []
        place = ocfl_check.place_of(object_id)
        nonces = [f"/{note['nonce']}/" for note in self.notes() if note.get("givenUp")]
        store = bucket_roots.store(self.bucket, f"{self.prefix}{place}/")
        validate_object(store, tell=problems.append, workers=1)
        return [
            problem
            for problem in problems
            if not any(nonce in f"/{problem.place}/" for nonce in nonces)
        ]

    def notes(self) -> list[dict[str, Any]]:
        """Of all work that is begun or was given up."""
        found = []
        work = f"{self.prefix}{bucket_roots.STAGING}work/"
        for entry in self.bucket.listing(work):
            try:
                data, _ = self.bucket.get(entry.key)
            except FileNotFoundError:
                continue  # ended in this moment
            found.append(json.loads(data))
        return found

    def unfinished(self) -> list[str]:
        """Work that was given up stays until no request of its writer can arrive any more."""
        aside = self.bucket.listing(f"{self.prefix}{bucket_roots.STAGING}aside/")
        return [str(note) for note in self.notes() if not note.get("givenUp")] + [
            entry.key for entry in aside
        ]

    def bury(self) -> list[str]:
        root = bucket_roots.opened(self.bucket, self.prefix)
        bucket_roots.buried(root)
        return bucket_roots.unaccounted(self.bucket, self.prefix)


class FolderLook(Look):
    """How far an import has come in a folder."""

    def __init__(self, data: Path, root: Path) -> None:
        super().__init__(data)
        self._root = root
        self._work = root / "extensions" / "strongroom-staging" / "work"

    def stored(self, sought: Sought) -> Phase | None:
        folder = self._root / ocfl_check.place_of(sought.object_id)
        try:
            own = (folder / f"v{sought.version}" / "inventory.json").read_bytes()
            head = (folder / "inventory.json").read_bytes()
        except FileNotFoundError:
            return None
        return Phase.BETWEEN if own == head else Phase.MOVED_IN

    def staged(self, sought: Sought, attempt: str) -> Phase | None:
        for name in os.listdir(self._work):
            if name.endswith(f"-{attempt}"):
                sealed = _is_sealed(self._work / name, sought.version)
                return Phase.BEFORE_COMMIT if sealed else Phase.COPY
        return None


class BucketLook(Look):
    """How far an import has come in a bucket."""

    def __init__(self, data: Path, ground: BucketGround) -> None:
        super().__init__(data)
        self._ground = ground

    def stored(self, sought: Sought) -> Phase | None:
        place = f"{self._ground.prefix}{ocfl_check.place_of(sought.object_id)}/"
        bucket = self._ground.bucket
        try:
            own, _ = bucket.get(f"{place}v{sought.version}/inventory.json")
        except FileNotFoundError:
            return None
        try:
            head, _ = bucket.get(f"{place}inventory.json")
        except FileNotFoundError:
            return Phase.MOVED_IN
        return Phase.BETWEEN if own == head else Phase.MOVED_IN

    def staged(self, sought: Sought, attempt: str) -> Phase | None:
        for note in self._ground.notes():
            if note.get("attempt") == attempt and not note.get("givenUp"):
                return Phase.BEFORE_COMMIT if note.get("inventory") else Phase.COPY
        return None


def assert_root_valid(ground: Ground) -> int:
    """The whole root is valid, by ocfl-py and by our validator; how many objects there are."""
    with ground.root() as folder:
        count = ocfl_check.assert_root_valid(folder)
    if isinstance(ground, BucketGround):
        problems: list[Problem] = []
        store = bucket_roots.store(ground.bucket, ground.prefix)
        summary = validate_root(store, tell=problems.append, workers=1)
        assert summary.valid, problems
        assert summary.objects == count
    return count


def _is_sealed(place: Path, version: int) -> bool:
    """Whether the version's inventory lies in staging, which comes after all its content."""
    top = place / "object" if version == 1 else place
    return (top / f"v{version}" / "inventory.json").exists()


def _hashed(object_id: str) -> str:
    return ocfl_check.place_of(object_id).rpartition("/")[2]
