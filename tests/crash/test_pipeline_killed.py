"""A run of tools killed before any of its steps, on disk or in the database, comes to its end.

Whatever the kill left, after the next worker the deposit holds the new results and no old one, METS
says just that, and until then nothing can be imported.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from crash import pace
from crash.test_import_killed import Place, run_until_a_run_completes
from strongroom.db import job_queue
from strongroom.domain.deposits import Template
from strongroom.domain.paths import LISTING_CACHE
from strongroom.domain.pipeline import RunStatus
from strongroom.errors import Conflict
from strongroom.mets.reader import read
from strongroom.services import (
    deposits,
    diffs,
    maintenance,
    pipeline,
    pipeline_run,
    pipeline_scratch,
)
from strongroom.services.context import Context
from support import postgres
from support.inside import QUIET, put, uri

# their processes are forks that are killed at any step, with the database in the folder
pytestmark = postgres.on_sqlite

OBJECTS = {"objects/a.txt": b"one", "objects/b/c.txt": b"two"}
OLD = {"metadata/siegfried/siegfried.csv": b"old", "metadata/old/x/report.html": b"old"}
OWN = {"metadata/ad-hoc/notes.txt": b"mine"}
NEW = {"metadata/siegfried/siegfried.csv": b"new", "metadata/brunnhilde/logs/log.txt": b"clean"}


@dataclass(frozen=True)
class Probed:
    name: str = "writer"
    version: str | None = "1"
    reason: str | None = None


class Writer:
    """A tool whose results are always the same."""

    task = "formats"

    def probe(self) -> Probed:
        return Probed()

    def run(self, folder: Path, scratch: Path, stop: object) -> None:
        for path, data in NEW.items():
            place = scratch / path.removeprefix("metadata/")
            place.parent.mkdir(parents=True)
            place.write_bytes(data)


def work(ctx: Context) -> None:
    equipped = replace(ctx, tools=(Writer(),))
    with ctx.db.write() as c:
        job = job_queue.claim(c, "worker", ctx.clock())
    if job is not None:
        pipeline_run.run(equipped, job, QUIET)


def contents(ctx: Context, deposit: str, root: str) -> dict[str, bytes]:
    """All files of the content but METS, by their paths below its root."""
    found = {
        path.removeprefix(root): data
        for path, data in everything(ctx, deposit).items()
        if path.startswith(root)
    }
    found.pop("mets.xml")
    return found


def everything(ctx: Context, deposit: str) -> dict[str, bytes]:
    """All files, but for the tree that is kept of them."""
    area = ctx.areas.area(deposit)
    found = {}
    for entry in area.listing().files:
        if entry.path == LISTING_CACHE:
            continue
        with area.open(entry.path) as file:
            found[entry.path] = file.stream.read()
    return found


def assert_is_a_bag(files: dict[str, bytes]) -> None:
    digests = {path: hashlib.sha256(data).hexdigest() for path, data in files.items()}
    for manifest in ("manifest-sha256.txt", "tagmanifest-sha256.txt"):
        lines = files[manifest].decode().splitlines()
        listed = {path: digest for digest, path in (line.split("  ", 1) for line in lines)}
        assert listed == {path: digests[path] for path in listed}
        inside = manifest.startswith("manifest")
        assert set(listed) == {
            path
            for path in files
            if path.startswith("data/") == inside and path != "tagmanifest-sha256.txt"
        }


def described(ctx: Context, deposit: str, root: str) -> list[str]:
    with ctx.areas.area(deposit).open(root + "mets.xml") as file:
        return sorted(f.path for f in read(io.BytesIO(file.stream.read()), limit=1 << 20).files)


@pytest.mark.parametrize(
    ("template", "root"), [(Template.ROOT_LEVEL, ""), (Template.BAGIT, "data/")]
)
def test_a_run_killed_before_every_step(tmp_path: Path, template: Template, root: str) -> None:
    before = {**OBJECTS, **OLD, **OWN}
    after = {**OBJECTS, **NEW, **OWN}
    made: dict[str, str] = {}

    def prepare(place: Place) -> None:
        ctx = place.open()
        new = deposits.New(archival_group=uri(ctx, "one"), group_name="One", template=template)
        made["deposit"] = deposits.create(ctx, "a", new).deposit.id
        for path, data in before.items():
            put(ctx, made["deposit"], root + path, data)
        deposits.lock(ctx, "a", made["deposit"], force=False)
        made["run"] = pipeline.start(ctx, "a", made["deposit"]).job.id
        ctx.db.close()

    deposit = ""
    seen = set()
    every = pace.of(3) if root else 1
    for place in run_until_a_run_completes(tmp_path, prepare, work, pace=every):
        deposit = made["deposit"]
        ctx = place.open()
        view = pipeline.run(ctx, deposit, made["run"])
        left = contents(ctx, deposit, root)
        seen.add((view.status, left == before, left == after))
        if view.status is not RunStatus.COMPLETED:
            with pytest.raises(Conflict, match="pipeline run"):
                diffs.diff(ctx, "a", deposit)
        maintenance.start_up(ctx)
        pipeline_scratch.sweep(ctx)
        work(ctx)
        view = pipeline.run(ctx, deposit, made["run"])
        assert (view.status, view.job.errors) == (RunStatus.COMPLETED, ())
        assert contents(ctx, deposit, root) == after
        assert described(ctx, deposit, root) == sorted([*OBJECTS, *NEW])
        if root:
            assert_is_a_bag(everything(ctx, deposit))
        assert deposits.get(ctx, deposit).deposit.locked_by is None
        assert not list(ctx.scratch.iterdir())
        ctx.db.close()
    # kills have hit before, within and after the exchange of old results for new ones
    assert (RunStatus.WAITING, True, False) in seen or (RunStatus.PROCESSING, True, False) in seen
    assert (RunStatus.PROCESSING, False, False) in seen
    assert (RunStatus.METADATA_CREATED, False, True) in seen
    assert (RunStatus.COMPLETED, False, True) in seen
