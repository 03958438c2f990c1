"""What each contestant of the engine's benchmarks does, once, in a process of its own.

    python benchmarks/ocfl_work.py WORK SOURCE TARGET NUMBER

Prints one line of JSON: the seconds that the work took after the interpreter and all imports were
there. Who is timed against whom, and how often, is left to ``ocfl_scenarios.py``.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

import ocfl_sources
from ocfl_sources import MIB

OBJECT_ID = "info:fedora/bench/object"
WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
USER, ADDRESS = "Bench", "mailto:bench@example.org"
#: bytes of the file that a new version brings
SMALL_SIZE = 300
#: bytes that each version adds to an inventory, about
_VERSION_BYTES = 300
#: set in the environment, it has the engine's steps on disk counted
COUNT = "STRONGROOM_BENCH_COUNT"
#: bytes from which hashing in threads is faster than in processes
_LARGE = 64 << 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One run of one contestant."""

    source: Path
    #: a folder of this run's own, not made yet; for readers, the storage root
    target: Path
    #: of objects or versions to make, of objects to find, of the file to read
    number: int


#: does what need not be timed (imports, lists) and gives what is
Work = Callable[[Task], Callable[[], None]]


# ----------------------------------------------------------------------------------------- ours


def ours_put(task: Task) -> Callable[[], None]:
    """One version of one object from all files of the source, proved by their known digests."""
    from strongroom.ocfl.draft import NewFile
    from strongroom.ocfl.root import OcflRoot
    from strongroom.storage.local import LocalWorkAreas

    known = ocfl_sources.known(task.source)

    def work() -> None:
        root = OcflRoot.open(task.target)
        area = LocalWorkAreas(task.source.parent).area(task.source.name)
        with root.draft(OBJECT_ID, base=None, attempt="bench") as draft:
            files = (
                NewFile(
                    logical=file.path,
                    source=f"files/{file.path}",
                    sha256=file.sha256,
                    size=file.size,
                )
                for file in known
            )
            faults = draft.add_files(files, area.open, folders=area.folders)
            if faults:
                raise SystemExit(f"{len(faults)} faults, the first: {faults[0]}")
            draft.prepare(created=WHEN, user_name=USER, user_address=ADDRESS, message="v1")
            draft.commit()

    return work


def ours_objects(task: Task) -> Callable[[], None]:
    """One object for each file of the source, each with a commit of its own."""
    from strongroom.ocfl.draft import NewFile
    from strongroom.ocfl.root import OcflRoot
    from strongroom.storage.local import LocalWorkAreas

    known = ocfl_sources.known(task.source)

    def work() -> None:
        root = OcflRoot.open(task.target)
        area = LocalWorkAreas(task.source.parent).area(task.source.name)
        for number, file in enumerate(known):
            new = NewFile(
                logical="content.bin",
                source=f"files/{file.path}",
                sha256=file.sha256,
                size=file.size,
            )
            with root.draft(f"{OBJECT_ID}/{number}", base=None, attempt="bench") as draft:
                faults = draft.add_files([new], area.open, folders=area.folders)
                if faults:
                    raise SystemExit(f"a fault: {faults[0]}")
                draft.prepare(created=WHEN, user_name=USER, user_address=ADDRESS, message="v1")
                draft.commit()

    return work


def _ours_versions(task: Task, *, growing: bool) -> Callable[[], None]:
    from strongroom.ocfl.root import OcflRoot

    def work() -> None:
        root = OcflRoot.open(task.target)
        for number in range(1, task.number + 1):
            # as a service does it: the object is read anew for each change
            base = root.read(OBJECT_ID) if number > 1 else None
            with root.draft(OBJECT_ID, base=base, attempt="bench") as draft:
                draft.add_bytes(_name(number, growing=growing), _small(number))
                draft.prepare(
                    created=WHEN, user_name=USER, user_address=ADDRESS, message=f"v{number}"
                )
                draft.commit()

    return work


def ours_versions(task: Task) -> Callable[[], None]:
    """Versions of one object, a small file replaced in each."""
    return _ours_versions(task, growing=False)


def ours_growing(task: Task) -> Callable[[], None]:
    """Versions of one object, one small file more in each."""
    return _ours_versions(task, growing=True)


def ours_read(task: Task) -> Callable[[], None]:
    """Open a root and an object, and read one file of it, proved."""
    from strongroom.ocfl.root import OcflRoot

    wanted = ocfl_sources.path_of(task.number)
    size = (task.source / "files" / wanted).stat().st_size

    def work() -> None:
        data = OcflRoot.open(task.target, create=False).read(OBJECT_ID).read_bytes(wanted)
        _expect(len(data), size)

    return work


def ours_validate(task: Task) -> Callable[[], None]:
    """Validate the one object of a root, digests of all content included."""
    from strongroom.ocfl.validation.objects import validate_object
    from strongroom.ocfl.validation.problems import Problem
    from strongroom.storage.localstore import LocalStore

    # as ocfl-py is given it
    path = os.path.relpath(_only_object(task.target), task.target)

    def work() -> None:
        found: list[Problem] = []
        summary = validate_object(LocalStore(task.target), path, tell=found.append)
        if not summary.valid:
            raise SystemExit(f"not valid: {found[:5]}")

    return work


def ours_validate_root(task: Task) -> Callable[[], None]:
    """Validate a storage root and all its objects."""
    from strongroom.ocfl.validation.problems import Problem
    from strongroom.ocfl.validation.roots import validate_root
    from strongroom.storage.localstore import LocalStore

    def work() -> None:
        found: list[Problem] = []
        summary = validate_root(LocalStore(task.target), tell=found.append)
        _expect(summary.objects, task.number)
        if not summary.valid:
            raise SystemExit(f"not valid: {found[:5]}")

    return work


# -------------------------------------------------------------------------------------- ocfl-py


def peer_put(task: Task) -> Callable[[], None]:
    """One object made by ocfl-py from the folder of files."""
    import ocfl

    metadata = ocfl.VersionMetadata(
        created=WHEN.isoformat(), name=USER, address=ADDRESS, message="v1"
    )

    def work() -> None:
        made = ocfl.Object(identifier=OBJECT_ID, digest_algorithm="sha256")
        made.create(str(task.source / "files"), metadata, str(task.target))

    return work


def peer_objects(task: Task) -> Callable[[], None]:
    """One object for each file, made by ocfl-py where its layout 0003 puts it."""
    import ocfl

    metadata = ocfl.VersionMetadata(
        created=WHEN.isoformat(), name=USER, address=ADDRESS, message="v1"
    )
    # all that it takes is a folder
    folders = sorted(entry.path for entry in os.scandir(task.source / "folders"))

    def work() -> None:
        root = ocfl.StorageRoot(
            root=str(task.target), layout_name="0003-hash-and-id-n-tuple-storage-layout"
        )
        root.initialize()
        for number, folder in enumerate(folders):
            object_id = f"{OBJECT_ID}/{number}"
            place = task.target / root.object_path(object_id)
            place.parent.mkdir(parents=True, exist_ok=True)
            made = ocfl.Object(identifier=object_id, digest_algorithm="sha256")
            made.create(folder, metadata, str(place))

    return work


def _peer_versions(task: Task, *, growing: bool) -> Callable[[], None]:
    import ocfl

    scratch = task.target.parent / f"{task.target.name}-files"
    scratch.mkdir()
    for number in range(1, task.number + 1):
        (scratch / str(number)).mkdir()
        (scratch / str(number) / _name(number, growing=growing)).write_bytes(_small(number))

    def work() -> None:
        for number in range(1, task.number + 1):
            metadata = ocfl.VersionMetadata(
                created=WHEN.isoformat(), name=USER, address=ADDRESS, message=f"v{number}"
            )
            made = ocfl.Object(identifier=OBJECT_ID, digest_algorithm="sha256")
            folder = str(scratch / str(number))
            if number == 1:
                made.create(folder, metadata, str(task.target))
                continue
            made.open_obj_fs(str(task.target))
            version = made.start_new_version(
                objdir=str(task.target),
                srcdir=folder,
                digest_algorithm="sha256",
                metadata=metadata,
                carry_content_forward=growing,
            )
            version.add_from_srcdir()
            made.write_new_version(version)

    return work


def peer_versions(task: Task) -> Callable[[], None]:
    """Versions of one object by ocfl-py, a small file replaced in each."""
    return _peer_versions(task, growing=False)


def peer_growing(task: Task) -> Callable[[], None]:
    """Versions of one object by ocfl-py, one small file more in each."""
    return _peer_versions(task, growing=True)


def peer_read(task: Task) -> Callable[[], None]:
    """Read an inventory with ocfl-py, and one file by its logical path."""
    import ocfl

    wanted = ocfl_sources.path_of(task.number)
    size = (task.source / "files" / wanted).stat().st_size
    folder = _only_object(task.target)

    def work() -> None:
        inventory = ocfl.Object(path=folder).parse_inventory()
        path = inventory.current_version.content_path_for_logical_path(wanted)
        _expect(len(Path(folder, path).read_bytes()), size)

    return work


def peer_validate(task: Task) -> Callable[[], None]:
    """Validate every object of a root with ocfl-py, which does not know the root's layout."""
    import ocfl

    def work() -> None:
        judged = 0
        for folder in _objects(task.target):
            passed, validator = ocfl.Object().validate(folder, log_warnings=False)
            if not passed:
                raise SystemExit(f"not valid: {validator}")
            judged += 1
        if judged == 0:
            raise SystemExit("no object was found")

    return work


# ----------------------------------------------------------------------------------- yardsticks


def hash_one(task: Task) -> Callable[[], None]:
    """SHA-256 of every file, in one thread of one process: read, hashed, compared with nothing."""
    files = ocfl_sources.files_below(_content_of(task))

    def work() -> None:
        _hash(path for path, _ in files)

    return work


def hash_all(task: Task) -> Callable[[], None]:
    """The same on all cores: small files in processes, large files in threads.

    One file is hashed by one core: SHA-256 has no order but from the first byte to the last.
    """
    files = ocfl_sources.files_below(_content_of(task))
    shares = [[path for path, _ in files[first :: cores()]] for first in range(cores())]
    if sum(size for _, size in files) >= _LARGE * len(files):

        def in_threads() -> None:
            # one at a time for each core, so that no core ends long before the others
            with ThreadPoolExecutor(cores()) as pool:
                list(pool.map(_hash, ([path] for path, _ in files)))

        return in_threads

    def in_processes() -> None:
        # this process takes the first share itself
        context = get_context("fork")
        others = [context.Process(target=_hash, args=(share,)) for share in shares[1:]]
        for process in others:
            process.start()
        _hash(shares[0])
        for process in others:
            process.join()
            _expect(process.exitcode or 0, 0)

    return in_processes


def plain_objects(task: Task) -> Callable[[], None]:
    """A folder and a file for each object, both synced: the least that a durable object takes."""
    known = ocfl_sources.known(task.source)

    def work() -> None:
        task.target.mkdir()
        parent = os.open(task.target, os.O_RDONLY)
        for number, file in enumerate(known):
            data = (task.source / "files" / file.path).read_bytes()
            folder = task.target / str(number)
            folder.mkdir()
            with (folder / "content.bin").open("xb", buffering=0) as target:
                target.write(data)
                os.fsync(target.fileno())
            above = os.open(folder, os.O_RDONLY)
            os.fsync(above)
            os.close(above)
            os.fsync(parent)
        os.close(parent)

    return work


def plain_versions(task: Task) -> Callable[[], None]:
    """The files of each version, with inventories as large as ours, written and synced one by one:
    the least that durable versions take."""

    def work() -> None:
        task.target.mkdir()
        root = os.open(task.target, os.O_RDONLY)
        for number in range(1, task.number + 1):
            folder = task.target / f"v{number}"
            content = folder / "content"
            content.mkdir(parents=True)
            _write_synced(content / _name(number, growing=False), _small(number))
            inventory = b" " * (_VERSION_BYTES * number)
            for place in (folder, task.target):
                for name, data in (("inventory.json", inventory), ("sidecar", b" " * 80)):
                    _write_synced(place / f"{name}.new", data)
                    (place / f"{name}.new").rename(place / name)
            for place in (content, folder):
                opened = os.open(place, os.O_RDONLY)
                os.fsync(opened)
                os.close(opened)
            os.fsync(root)
        os.close(root)

    return work


def _write_synced(path: Path, data: bytes) -> None:
    with path.open("xb", buffering=0) as file:
        file.write(data)
        os.fsync(file.fileno())


def plain_read(task: Task) -> Callable[[], None]:
    """Read and hash the inventory of a root's one object, and one file of it."""
    folder = Path(_only_object(task.target))
    wanted = next(folder.glob(f"v1/content/{ocfl_sources.path_of(task.number)}"))

    def work() -> None:
        for path in (folder / "inventory.json", wanted):
            hashlib.sha256(path.read_bytes()).hexdigest()

    return work


def cores() -> int:
    """Processors that this process may use."""
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed else os.cpu_count() or 1


_BUFFERS = threading.local()


def _hash(paths: Iterable[str]) -> None:
    buffer = getattr(_BUFFERS, "buffer", None)
    if buffer is None:
        buffer = _BUFFERS.buffer = memoryview(bytearray(MIB))
    for path in paths:
        digest = hashlib.sha256()
        descriptor = os.open(path, os.O_RDONLY)
        while size := os.readv(descriptor, [buffer]):
            digest.update(buffer[:size])
        os.close(descriptor)
        digest.hexdigest()


# --------------------------------------------------------------------------------------- pieces


def _name(number: int, *, growing: bool) -> str:
    return f"{number:06}.txt" if growing else "page.txt"


def _small(number: int) -> bytes:
    line = f"version {number:06}\n".encode()
    return line * (SMALL_SIZE // len(line))


def _content_of(task: Task) -> Path:
    """What a yardstick reads: the source's files, or the whole root that others validate."""
    return task.target if task.target.exists() else task.source / "files"


def _objects(root: Path) -> Iterable[str]:
    for folder, below, files in os.walk(root):
        if Path(folder) == root and "extensions" in below:
            below.remove("extensions")
        if any(name.startswith("0=ocfl_object_") for name in files):
            below.clear()
            yield folder


def _only_object(root: Path) -> str:
    (folder,) = _objects(root)
    return folder


def _expect(found: int, wanted: int) -> None:
    if found != wanted:
        raise SystemExit(f"found {found} instead of {wanted}")


WORKS: dict[str, Work] = {
    work.__name__.replace("_", "-"): work
    for work in (
        ours_put,
        ours_objects,
        ours_versions,
        ours_growing,
        ours_read,
        ours_validate,
        ours_validate_root,
        peer_put,
        peer_objects,
        peer_versions,
        peer_growing,
        peer_read,
        peer_validate,
        hash_one,
        hash_all,
        plain_objects,
        plain_versions,
        plain_read,
    )
}


def _count_steps() -> dict[str, int]:
    """Count the engine's own steps on disk from now on, for machines without strace."""
    from strongroom.storage import durable

    steps: dict[str, int] = {}

    def counted(name: str, original: Callable[..., object]) -> Callable[..., object]:
        def step(*args: object, **named: object) -> object:
            steps[name] = steps.get(name, 0) + 1
            return original(*args, **named)

        return step

    for name in durable.STEPS:
        setattr(durable, name, counted(name, getattr(durable, name)))
    return steps


def main() -> None:
    name, source, target, number = sys.argv[1:]
    # ocfl-py tells of every version
    logging.disable(logging.WARNING)
    steps = _count_steps() if os.environ.get(COUNT) else {}
    work = WORKS[name](Task(source=Path(source), target=Path(target), number=int(number)))
    started = time.perf_counter()
    work()
    print(json.dumps({"seconds": time.perf_counter() - started, "steps": steps}))


if __name__ == "__main__":
    main()
