"""Buckets at scale, in bounded memory: a deposit of very many files, and one very large object.

A modest number of files in the ordinary suite; ``make scale`` takes STRONGROOM_SCALE_FILES
(100,000), and an object of STRONGROOM_SCALE_OBJECT_MIB (5,223: above what a store copies by one
request), which is left out without it. Nothing here asserts a time; the figures are printed.
"""

from __future__ import annotations

import hashlib
import io
import os
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from strongroom.storage.s3 import reading
from support import samples, stages, workflow
from support.s3_server import S3Server
from support.stages import Stage
from support.workflow import get_diff, ok

FILES = int(os.environ.get("STRONGROOM_SCALE_FILES", "2100"))
MEBIBYTE = 1 << 20
#: bytes that a process may take besides what it keeps for each file
GROUND = 190 * MEBIBYTE
#: bytes for each file of a deposit, in the process that lists and diffs it
EACH = 6 * 1024
#: MiB of one object; 0: it is left out
LARGE = int(os.environ.get("STRONGROOM_SCALE_OBJECT_MIB", "0"))
#: bytes that a process may take besides, for parts that are under way
PARTS = 128 * MEBIBYTE
#: files of a folder
FOLDER = 1000

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="memory is read in /proc"
)


@pytest.fixture
def store() -> Iterator[S3Server]:
    with S3Server() as s3:
        yield s3


@contextmanager
def counted(stage: Stage, what: str) -> Iterator[Counter[str]]:
    """What the store is asked for inside the ``with``; prints the figures."""
    since = stage.s3.access_log_path.stat().st_size
    found: Counter[str] = Counter()
    start = time.monotonic()
    yield found
    took = time.monotonic() - start
    found.update(stage.s3.requests(since))
    peak = stage.server.peak_memory() // MEBIBYTE
    print(f"{what}: {took:.1f} s, peak {peak} MiB, {dict(found)}")


@pytest.mark.timeout(3600)
def test_a_deposit_of_very_many_objects(store: S3Server, tmp_path: Path) -> None:
    with (
        stages.opened("s3-s3", tmp_path, store, warm=False) as stage,
        httpx.Client(base_url=stage.server.url, timeout=1800, trust_env=False) as client,
    ):
        deposit = workflow.make_deposit(client, archivalGroup=stage.group())
        bucket, prefix = stage.bucket_and_prefix(deposit)
        entries: list[samples.Entry] = []

        def files() -> Iterator[tuple[str, bytes]]:
            for number in range(FILES):
                path = f"objects/{number // FOLDER:03d}/{number:06d}.bin"
                data = b"%d" % number
                entries.append(
                    samples.Entry(
                        path=path,
                        digest=hashlib.sha256(data).hexdigest(),
                        size=len(data),
                        content_type="application/octet-stream",
                        label=None,
                    )
                )
                yield prefix + path, data

        store.plant(bucket, files())
        mets = samples.plain_mets(entries)
        stage.put(deposit, "mets.xml", mets)
        pages = 2 * (FILES // FOLDER) + 20
        # it is read, and hashed besides, for it states no digest of itself
        # of the worker and of METS, not of the files
        others = 40 + 2 * (len(mets) // reading.PART)

        address = deposit["id"].replace("/deposits/", "/v1/deposits/")
        with counted(stage, f"list of {FILES:,}") as asked:
            listed = ok(client.get(f"{address}/files")).json()
        assert len(listed["files"]) == FILES + 1
        assert asked["ListObjectsV2"] <= pages, asked
        assert asked.total() - asked["ListObjectsV2"] <= others, asked

        with counted(stage, f"diff of {FILES:,}") as asked:
            diff = get_diff(client, deposit)
        assert len(diff["binariesToAdd"]) == FILES + 1
        assert asked["ListObjectsV2"] <= pages, asked
        assert asked.total() - asked["ListObjectsV2"] <= others, asked
        assert stage.server.peak_memory() < GROUND + EACH * FILES


def test_what_is_planted_is_what_a_client_puts(s3: S3Server) -> None:
    """The objects of these tests are laid down by hand, for speed."""
    bucket = s3.make_bucket()
    s3.put(bucket, "put", b"text")
    s3.plant(bucket, [("planted", b"text")])

    def shown(key: str) -> dict[str, object]:
        head = s3.client.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
        [listed] = s3.client.list_objects_v2(Bucket=bucket, Prefix=key)["Contents"]
        both = {**head, **listed}
        return {
            name: both[name] for name in both.keys() - {"ResponseMetadata", "LastModified", "Key"}
        }

    assert shown("planted") == shown("put")


class _Film(io.RawIOBase):
    """Bytes of the large object, of which no MiB is like another; hashed as they are read."""

    def __init__(self) -> None:
        self.digest = hashlib.sha256()
        self._number = 0
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        if not self._left and self._number < LARGE:
            self._left = self._number.to_bytes(8, "big") * (MEBIBYTE // 8)
            self.digest.update(self._left)
            self._number += 1
        data, self._left = self._left[: len(buffer)], self._left[len(buffer) :]
        buffer[: len(data)] = data
        return len(data)


@pytest.mark.skipif(not LARGE, reason="make scale runs it: it takes 20 GiB of disk, and minutes")
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("combination", ["s3-s3", "s3-local"])
def test_an_object_above_what_a_store_copies_at_once(combination: str, tmp_path: Path) -> None:
    with (
        S3Server(folder=tmp_path) as store,
        stages.opened(combination, tmp_path, store, warm=False) as stage,
        httpx.Client(base_url=stage.server.url, timeout=1800, trust_env=False) as client,
    ):
        group = stage.group()
        deposit = workflow.make_deposit(client, archivalGroup=group)
        bucket, prefix = stage.bucket_and_prefix(deposit)
        film = _Film()
        store.client.upload_fileobj(io.BufferedReader(film), bucket, f"{prefix}film.bin")
        digest = film.digest.hexdigest()
        made = samples.Entry(
            path="film.bin",
            digest=digest,
            size=LARGE * MEBIBYTE,
            content_type="application/octet-stream",
            label=None,
        )
        stage.put(deposit, "mets.xml", samples.plain_mets([made]))
        with counted(stage, f"import of {LARGE} MiB, {combination}"):
            result = ok(workflow.post_diff(client, deposit), 201).json()
            result = workflow.wait(client, result, seconds=1800)
        assert (result["status"], result["errors"]) == ("completed", None)
        binary = workflow.get(client, f"{group}/film.bin")
        assert (binary["digest"], binary["size"]) == (digest, LARGE * MEBIBYTE)
        found = hashlib.sha256()
        with counted(stage, "read over HTTP"), client.stream("GET", binary["content"]) as answer:
            for chunk in answer.iter_raw():
                found.update(chunk)
        assert found.hexdigest() == digest
        assert store.uploads(bucket) == []
        assert stage.server.peak_memory() < GROUND + PARTS
