"""The worker: the process that runs jobs."""

from __future__ import annotations

import logging
import os
import signal
from threading import Thread

from strongroom.config import Settings
from strongroom.errors import StrongroomError
from strongroom.jobs.worker import Worker
from strongroom.runtime.logs import log_to_stderr
from strongroom.runtime.opening import ORPHAN, locked, open_context
from strongroom.services import maintenance, pipeline_scratch

log = logging.getLogger(__name__)


def work(settings: Settings) -> int:
    """Run jobs until standard input ends; started and watched by the server."""
    log_to_stderr(settings)
    try:
        with locked(settings, "worker", wait=ORPHAN):
            ctx = open_context(settings)
            ctx.db.present(first=False)
            worker = Worker(ctx, name=ctx.process, threads=settings.job_threads)
            maintenance.adopt_jobs(ctx, alone=not ctx.db.shared)
            pipeline_scratch.sweep(ctx)
            # the server decides when to stop; a Ctrl-C reaches both and must not come first
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, lambda *_: worker.stop())
            Thread(target=_listen_to_parent, args=(worker,), daemon=True).start()
            worker.run()
            ctx.db.close()
    except StrongroomError as error:
        log.error("the worker cannot run: %s", error.message)
        return 1
    return 0


def _listen_to_parent(worker: Worker) -> None:
    while os.read(0, 4096):
        worker.wake()
    worker.stop()
