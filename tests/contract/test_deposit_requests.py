"""How many journeys to the store deposits take, and that many are made at once."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from strongroom import config
from strongroom.domain.description import DescribedFile
from strongroom.domain.importjob import JobStatus
from strongroom.domain.paths import RepositoryPath
from strongroom.domain.times import utc_now
from strongroom.mets import writer
from strongroom.runtime.opening import open_context
from strongroom.services import containers, deposits, diffs, file_view, imports
from strongroom.services.context import Context
from strongroom.storage.s3.bucket import Bucket
from support import inside, wire
from support.wire import Count


@pytest.fixture
def ctx(bucket: Bucket, tmp_path: Path, request: pytest.FixtureRequest) -> Context:
    """Deposits and the OCFL root are in a bucket."""
    settings = {
        "data": str(tmp_path / "data"),
        "deposits": f"s3://{bucket.name}/deposits",
        "ocfl_root": f"s3://{bucket.name}/ocfl",
    }
    opened = open_context(config.load(settings, environment={}))
    request.addfinalizer(opened.db.close)
    containers.create(opened, "a", RepositoryPath("books"), None)
    return opened


def filled(ctx: Context, files: int, group: str = inside.GROUP) -> str:
    held = {f"objects/{n}.txt": b"%d" % n for n in range(files)}
    return inside.deposit_with(ctx, held, group=group)


def requests(act: Callable[[], object]) -> list[str]:
    with wire.spoiled(lambda number, request, send: send()) as count:
        act()
    return count.requests


def told(found: list[str], method: str, word: str = "") -> list[str]:
    return [line for line in found if line.startswith(f"{method} ") and word in line]


class Together:
    """Lets the first of some requests go only when another of them is under way as well."""

    def __init__(self, wanted: Callable[[str], bool]) -> None:
        self._wanted = wanted
        self._lock, self._second = threading.Lock(), threading.Event()
        self.seen = 0
        self.alone = False

    def __call__(
        self, _number: int, request: AWSPreparedRequest, send: Callable[[], AWSResponse]
    ) -> AWSResponse:
        if self._wanted(wire.said(request)):
            with self._lock:
                self.seen += 1
                if self.seen > 1:
                    self._second.set()
            if not self._second.wait(10):
                self.alone = True
        return send()


def together(wanted: Callable[[str], bool], act: Callable[[], object]) -> tuple[Together, Count]:
    gate = Together(wanted)
    with wire.spoiled(gate) as count:
        act()
    return gate, count


@pytest.mark.contract("17.32")
def test_a_look_at_a_deposit_reads_no_mets(ctx: Context) -> None:
    counts = set()
    for files in (2, 20):
        deposit = filled(ctx, files, f"books/{files}")
        found = requests(lambda deposit=deposit: deposits.get(ctx, deposit))
        assert deposits.get(ctx, deposit).mets_etag
        # METS is found by its name and known by its ETag; no byte of any file is read
        assert len(told(found, "HEAD", "mets.xml")) == 1
        assert [line for line in told(found, "GET") if "list-type=2" not in line] == []
        counts.add(len(found))
    assert counts == {3}, counts


@pytest.mark.contract("17.32")
def test_the_list_of_deposits_asks_the_store_for_nothing(ctx: Context) -> None:
    filled(ctx, 2)
    assert requests(lambda: deposits.query(ctx, deposits.DepositQuery())) == []


@pytest.mark.contract("17.33")
def test_files_are_looked_at_once_and_side_by_side_and_what_is_kept_is_shown(ctx: Context) -> None:
    deposit = filled(ctx, 20)

    def show(refresh: bool) -> bytes:
        return b"".join(file_view.filesystem(ctx, deposit, refresh=refresh))

    def of_a_file(line: str) -> bool:
        return line.startswith("HEAD ") and "/objects/" in line

    gate, count = together(of_a_file, lambda: show(True))
    assert not gate.alone
    assert gate.seen == 20, count.requests
    # METS is read, and the tree that is kept; of files nothing is
    assert told(count.requests, "GET", "/objects/") == []
    found = requests(lambda: show(False))
    assert not any(of_a_file(line) for line in found)
    assert len(found) < 10, found
    assert b"objects/19.txt" in show(False)


@pytest.mark.contract("17.33")
def test_a_diff_asks_for_no_file_of_which_all_is_known(ctx: Context) -> None:
    counts = []
    for files in (2, 30):
        deposit = filled(ctx, files, f"books/{files}")
        described = [
            DescribedFile(
                path=f"objects/{n}.txt",
                digest=hashlib.sha256(b"%d" % n).hexdigest(),
                content_type="text/plain",
            )
            for n in range(files)
        ]
        mets = writer.write(title="One", files=described, created=utc_now())
        inside.put(ctx, deposit, "mets.xml", mets)
        counts.append(len(requests(lambda d=deposit: diffs.diff(ctx, "a", d))))
    assert counts[0] == counts[1] < 10, counts


@pytest.mark.contract("17.36")
def test_an_import_brings_several_files_at_once(ctx: Context, bucket: Bucket) -> None:
    deposit = filled(ctx, 12)
    job = inside.submit(ctx, deposit)

    def brings(line: str) -> bool:
        return line.startswith("PUT ") and "/content/" in line and ".strongroom" not in line

    gate, count = together(brings, lambda: inside.work(ctx))
    assert not gate.alone
    assert gate.seen == 13
    assert len(told(count.requests, "PUT", "/content/")) == 14
    assert imports.find(ctx, job).job.status is JobStatus.COMPLETED
    stored = ctx.repository.find(inside.GROUP)
    assert stored is not None
    assert {stored.read_bytes(f"objects/{n}.txt") for n in range(12)} == {
        b"%d" % n for n in range(12)
    }
