"""The services called from within the process, for what HTTP cannot provoke.

Unlike the rest of this package it imports the product.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from strongroom import config
from strongroom.db import job_queue
from strongroom.domain.description import DescribedFile
from strongroom.domain.importjob import JobRequest
from strongroom.domain.paths import RepositoryPath
from strongroom.domain.times import utc_now
from strongroom.mets import writer
from strongroom.runtime.opening import open_context
from strongroom.services import deposits, export_run, files, import_run, imports
from strongroom.services.context import Context
from strongroom.services.import_run import Watch
from support import postgres

GROUP = RepositoryPath("books/one")
QUIET = Watch(progress=lambda progress: None, stopping=lambda: False)


def open_data(data: Path) -> Context:
    """The parts of a server on this data folder, until the test ends."""
    environment = postgres.environment_for(data)
    opened = open_context(config.load({"data": str(data)}, environment=environment))
    postgres.TO_CLOSE.append(opened.db.close)
    return opened


def uri(ctx: Context, group: str = GROUP) -> str:
    return f"{ctx.roots.public}/repository/{group}"


def put(ctx: Context, deposit: str, path: str, data: bytes) -> None:
    upload = files.begin(ctx, "a", deposit, path, len(data))
    upload.write(data)
    upload.finish()


def fill(
    ctx: Context, deposit: str, held: dict[str, bytes], *, stated: bytes | None = None
) -> None:
    """Put files and their METS; it states the digests of the files, or of ``stated`` for all."""
    described = [
        DescribedFile(path=path, digest=hashlib.sha256(stated or data).hexdigest())
        for path, data in held.items()
    ]
    mets = writer.write(title="One", files=described, created=utc_now())
    for path, data in {**held, "mets.xml": mets}.items():
        put(ctx, deposit, path, data)


def deposit_with(
    ctx: Context, held: dict[str, bytes], *, stated: bytes | None = None, group: str = GROUP
) -> str:
    """A deposit for the group with these files; its id."""
    new = deposits.New(archival_group=uri(ctx, group), group_name="One")
    made = deposits.create(ctx, "a", new).deposit.id
    fill(ctx, made, held, stated=stated)
    return made


def submit(ctx: Context, deposit: str) -> str:
    request = JobRequest(id=f"/deposits/{deposit}/importjobs/diff")
    return imports.submit(ctx, "a", deposit, request).job.id


def work(ctx: Context) -> int:
    """Run whatever waits, as a worker does; how many jobs."""
    for count in range(1000):
        with ctx.db.write() as c:
            job = job_queue.claim(c, "worker", ctx.clock())
        if job is None:
            return count
        (export_run if job.kind == "export" else import_run).run(ctx, job, QUIET)
    raise AssertionError("the work does not end")


def preserve(ctx: Context, held: dict[str, bytes], group: str = GROUP) -> str:
    """The files as a version of the group; the job's id."""
    job = submit(ctx, deposit_with(ctx, held, group=group))
    work(ctx)
    return job
