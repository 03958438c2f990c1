"""OCFL roots in buckets for tests of crashes: opened, killed at, told what must not be there.

Like :mod:`support.killing` it imports the product. Which request a process is killed at, and what
must be true afterwards, is decided by the tests.
"""

from __future__ import annotations

import json
import os
import signal
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from strongroom.ocfl import layouts
from strongroom.ocfl.bucket import owners
from strongroom.ocfl.bucket.backend import open_bucket
from strongroom.ocfl.extensions import Unknown
from strongroom.ocfl.root import OcflRoot
from strongroom.ocfl.validation.problems import Severity
from strongroom.ocfl.validation.roots import validate_root
from strongroom.storage.s3.bucket import Bucket
from strongroom.storage.s3.location import Location
from strongroom.storage.s3.store import S3Store
from support import ocfl_check, wire

PREFIX = "archive/root/"
STAGING = "extensions/strongroom-staging/"
FAILED = 99


def store(bucket: Bucket, prefix: str = PREFIX) -> S3Store:
    return S3Store(bucket, Location(bucket=bucket.name, prefix=prefix))


def opened(
    bucket: Bucket, prefix: str = PREFIX, *, upgrade: bool = False, **times: int
) -> OcflRoot:
    """The root, made if it is not there; ``times`` are ``lease`` and ``burial``."""
    backend, is_new = open_bucket(
        store(bucket, prefix),
        create=True,
        layout=layouts.DEFAULT,
        unknown=Unknown.WARN,
        upgrade=upgrade,
        clock=lambda: datetime.now(UTC),
        **times,
    )
    return OcflRoot(backend, is_new=is_new)


def at_once(root: OcflRoot) -> OcflRoot:
    """The same root for somebody who knows that no dead writer's request is under way."""
    backend: Any = root._backend
    return OcflRoot(type(backend)(replace(backend._site, burial=0)))


def buried(root: OcflRoot) -> list[str]:
    """Clear all unfinished work away, by as many starts as that takes; what was told."""
    told: list[str] = []
    ground: Any = root._backend.ground
    impatient = at_once(root)
    for _ in range(6):
        told += impatient.recover_all()
        if not ground.bucket.any_below(ground.work):
            break
    return told


def buried_as_dead(root: OcflRoot) -> list[str]:
    """The same, for whoever knows that nobody is at work, though this process lives."""
    lives = owners.lives
    owners.lives = lambda owner: False
    try:
        return buried(root)
    finally:
        owners.lives = lives


# ------------------------------------------------------------------------------------ processes


def child(work: Callable[[], None]) -> int:
    """Do the work in a process of its own; its number."""
    number = os.fork()
    if number != 0:
        return number
    try:
        work()
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        os._exit(FAILED)


def killed(root: OcflRoot, spoil: wire.Spoil, work: Callable[[], None]) -> bool:
    """Do the work in a child whose requests are spoiled; whether that killed it."""

    def spoiled() -> None:
        leave(root)
        with wire.spoiled(spoil):
            work()

    _, status = os.waitpid(child(spoiled), 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0, "the child failed by itself; its trace is above"
    return False


def leave(root: OcflRoot) -> None:
    """In a child: leave the parent's connections alone."""
    ground: Any = root._backend.ground
    wire.leave_connections(ground.bucket.endpoint)


def dying(at: int, *, after: bool) -> wire.Spoil:
    """Death before the request of a number is sent, or when it was carried out."""

    def spoil(
        number: int, request: AWSPreparedRequest, send: Callable[[], AWSResponse]
    ) -> AWSResponse:
        if number == at and not after:
            die()
        answer = send()
        if number == at:
            die()
        return answer

    return spoil


def dying_after(method: str, ending: str) -> wire.Spoil:
    """Death when a request on a key that ends so was carried out."""

    def spoil(_: int, request: AWSPreparedRequest, send: Callable[[], AWSResponse]) -> AWSResponse:
        answer = send()
        if request.method == method and request.url.partition("?")[0].endswith(ending):
            die()
        return answer

    return spoil


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
    threading.Event().wait()  # the signal takes a moment to arrive


# ------------------------------------------------------------------------------ what is to be seen


def unaccounted(bucket: Bucket, prefix: str = PREFIX) -> list[str]:
    """Keys that no inventory and no rule explains, and parts of uploads."""
    keys = [entry.key.removeprefix(prefix) for entry in bucket.listing(prefix)]
    expected = {key for key in keys if "/" not in key}
    expected |= {STAGING + name for name in ("README.txt", "root-id")}
    expected |= {key for key in keys if key.startswith((f"{STAGING}aside/", "extensions/0"))}
    for key in keys:
        if key.endswith("/inventory.json") and f"{key[:-15]}/0=ocfl_object_1.1" in keys:
            expected |= set(_of_object(bucket, prefix, key[:-15]))
    uploads = bucket.client.list_multipart_uploads(Bucket=bucket.name, Prefix=prefix)
    return sorted(set(keys) - expected) + [
        f"an upload to {said['Key']}" for said in uploads.get("Uploads", ())
    ]


def _of_object(bucket: Bucket, prefix: str, folder: str) -> Iterator[str]:
    inventory = json.loads(bucket.get(f"{prefix}{folder}/inventory.json")[0])
    sidecar = f"inventory.json.{inventory['digestAlgorithm']}"
    yield f"{folder}/0=ocfl_object_1.1"
    for place in ("", *(f"{name}/" for name in inventory["versions"])):
        yield f"{folder}/{place}inventory.json"
        yield f"{folder}/{place}{sidecar}"
    for paths in inventory["manifest"].values():
        yield from (f"{folder}/{path}" for path in paths)


def assert_sound(root: OcflRoot) -> int:
    """Our validator and ocfl-py find nothing wrong; how many objects there are."""
    ground: Any = root._backend.ground
    problems: list[str] = []
    summary = validate_root(
        ground.store,
        tell=lambda problem: (
            problems.append(str(problem)) if problem.severity is Severity.ERROR else None
        ),
        workers=1,
    )
    assert summary.valid, problems
    with downloaded(ground.bucket, ground.store.location.prefix) as folder:
        for place in ocfl_check.objects(folder):
            ocfl_check.assert_valid(place)
    return summary.objects


@contextmanager
def downloaded(bucket: Bucket, prefix: str = PREFIX) -> Iterator[Path]:
    """All that is below a prefix, as files in memory."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as name:
        for entry in bucket.listing(prefix):
            file = Path(name) / entry.key.removeprefix(prefix)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(bucket.get(entry.key)[0])
        yield Path(name)
