"""Runs jobs: claims one after another and carries each to its end, a few at a time.

A worker is a process of its own, so that hashing never starves the API. Whatever it was doing when
it is killed, the rows tell the next worker what to run again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Lock, Thread

from strongroom.db import job_queue
from strongroom.domain.importjob import Job, JobKind, Progress
from strongroom.errors import StrongroomError, Unavailable
from strongroom.jobs.silence import Silence
from strongroom.services import export_run, import_run, pipeline_run, search_fill, upkeep
from strongroom.services.context import Context
from strongroom.services.import_run import (
    ATTEMPTS,
    Interrupted,
    NotRecorded,
    Watch,
    is_of_database,
)

log = logging.getLogger("strongroom.worker")

#: seconds between looks at the queue when nobody wakes the worker
POLL = 1.0
#: so much longer where nobody adds jobs without waking it: an idle server rests
REST = 5
HEARTBEAT = 5.0
#: seconds without a sign of life after which a worker is taken for dead
LEASE = 20.0
#: seconds before a version that could not be recorded is tried again
LATER = 5.0
#: how many workers may die of one job before it is given up
DEATHS = 10
#: seconds between two clearings of abandoned work
UPKEEP = 900.0
#: seconds between two records of a job's progress
REPORT = 1.0

#: how jobs of each kind are run, and how they are given up
_RUNS = {
    JobKind.IMPORT: import_run.run,
    JobKind.EXPORT: export_run.run,
    JobKind.PIPELINE: pipeline_run.run,
}
_ENDS = {
    JobKind.IMPORT: import_run.give_up,
    JobKind.EXPORT: export_run.give_up,
    JobKind.PIPELINE: pipeline_run.give_up,
}


class Worker:
    """A few threads that run jobs until they are told to stop."""

    def __init__(self, ctx: Context, *, name: str, threads: int) -> None:
        self._ctx, self._name, self._threads = ctx, name, threads
        self._stop, self._wake = Event(), Event()
        #: a job has ended, and may have made a version
        self._recorded = Event()
        self._running: set[str] = set()
        self._silence = Silence(LEASE)
        self._lock = Lock()

    def wake(self) -> None:
        """There may be something to do."""
        self._wake.set()

    def stop(self) -> None:
        """Take no more jobs; those that run stop at the next safe point and are run again later."""
        self._stop.set()
        self._wake.set()
        self._recorded.set()

    def run(self) -> None:
        """Work until :meth:`stop`; returns when the last job has come to a safe point."""
        beat = Thread(target=self._beat, name="heartbeat", daemon=True)
        beat.start()
        Thread(target=self._tend, name="upkeep", daemon=True).start()
        search = Thread(target=self._follow, name="search", daemon=True)
        search.start()
        with ThreadPoolExecutor(self._threads, thread_name_prefix="job") as pool:
            for number in range(self._threads):
                # scanning takes hours: where there are several threads, one is never at it
                but = JobKind.PIPELINE if number == 0 and self._threads > 1 else None
                pool.submit(self._loop, but)
        beat.join(HEARTBEAT)
        search.join(HEARTBEAT)

    def _loop(self, but: JobKind | None) -> None:
        while not self._stop.is_set():
            try:
                self._wake.clear()
                job = self._claim(but)
                if job is None:
                    self._wake.wait(POLL if self._ctx.db.shared else REST * POLL)
                    continue
                self._wake.set()  # there may be more, for the other threads
                self._run(job)
            except Exception:
                log.exception("the worker could not look for jobs; it tries again")
                self._stop.wait(POLL)

    def _claim(self, but: JobKind | None) -> Job | None:
        with self._ctx.db.touch() as c:
            return job_queue.claim(c, self._name, self._ctx.clock(), but=but)

    def _run(self, job: Job) -> None:
        with self._lock:
            self._running.add(job.id)
        watch = Watch(progress=self._reporter(job.id), stopping=self._stop.is_set)
        log.info("%s job %s begins (attempt %d)", job.kind, job.id, job.attempts)
        started = time.monotonic()
        try:
            if job.attempts > DEATHS:
                self._give_up(
                    job, f"The worker died {job.attempts - 1} times while it ran this job."
                )
                return
            _RUNS[job.kind](self._ctx, job, watch)
            log.info("%s job %s ended after %.1f s", job.kind, job.id, time.monotonic() - started)
        except Interrupted:
            log.info("%s job %s stops here and will be run again", job.kind, job.id)
            self._give_back(job, counts=False)
        except NotRecorded as error:
            self._try_later(job, error)
        except StrongroomError as error:
            if is_of_database(error):
                self._try_later(job, error)
            else:
                self._failed(job, error)
        except Exception as error:  # noqa: BLE001 - it is told in the log
            self._failed(job, error)
        finally:
            with self._lock:
                self._running.discard(job.id)
            self._recorded.set()
            self._wake.set()  # something else may have waited for its end

    def _failed(self, job: Job, error: Exception) -> None:
        log.exception(
            "%s job %s failed in attempt %d", job.kind, job.id, job.attempts, exc_info=error
        )
        if job.attempts < ATTEMPTS:
            self._stop.wait(POLL * job.attempts)
            self._give_back(job, counts=True)
        else:
            self._give_up(
                job,
                f"The server failed {job.attempts} times to run this job "
                f"({type(error).__name__}); its log says more.",
            )

    def _give_up(self, job: Job, reason: str) -> None:
        try:
            _ENDS[job.kind](self._ctx, job, reason)
        except Exception as error:  # noqa: BLE001 - an end must be recorded, however long it takes
            self._try_later(job, error)

    def _try_later(self, job: Job, error: Exception) -> None:
        """What happened cannot be recorded now, and nothing but time mends that."""
        log.error("job %s cannot be recorded yet, and is tried again: %s", job.id, error)
        self._stop.wait(LATER)
        self._give_back(job, counts=False)

    def _give_back(self, job: Job, *, counts: bool) -> None:
        while True:
            try:
                with self._ctx.db.touch() as c:
                    job_queue.give_back(c, job.id, self._name, counts=counts)
                self._wake.set()
                return
            except StrongroomError as error:
                log.error("job %s cannot be given back yet: %s", job.id, error)
                if self._stop.wait(LATER):
                    return  # the next worker finds it running and takes it up

    def _reporter(self, job_id: str) -> Callable[[Progress], None]:
        last_time, last_phase = 0.0, ""

        def report(progress: Progress) -> None:
            nonlocal last_time, last_phase
            now = time.monotonic()
            if now - last_time < REPORT and progress.phase == last_phase:
                return
            last_time, last_phase = now, progress.phase
            try:
                with self._ctx.db.touch() as c:
                    job_queue.set_progress(c, job_id, self._name, progress)
            except Unavailable as error:  # nothing of the job depends on it
                log.warning("progress of job %s is not recorded: %s", job_id, error)

        return report

    def _tend(self) -> None:
        while not self._stop.wait(UPKEEP):
            try:
                upkeep.tend(self._ctx)
            except Exception:
                log.exception("abandoned work could not be looked for")

    def _follow(self) -> None:
        """Let the search follow what jobs, and rebuilds, have recorded."""
        while not self._stop.is_set():
            self._recorded.clear()
            try:
                search_fill.fill(self._ctx, self._stop.is_set)
            except Exception:
                log.exception("the search could not follow the index; it tries again")
                self._stop.wait(LATER)
            self._recorded.wait(POLL)

    def _beat(self) -> None:
        while not self._stop.wait(HEARTBEAT):
            with self._lock:
                running = list(self._running)
            for job_id in running:
                try:
                    with self._ctx.db.touch() as c:
                        job_queue.heartbeat(c, job_id, self._name, self._ctx.clock())
                except Exception:
                    log.exception("the heartbeat of job %s could not be recorded", job_id)
            try:
                self._watch_others()
            except Exception:
                log.exception("the worker could not look after the jobs of others")

    def _watch_others(self) -> None:
        """Let jobs wait again whose workers have fallen silent, wherever these ran."""
        with self._ctx.db.read() as c:
            signs = job_queue.signs_of_life(c)
        with self._lock:
            others = [sign for sign in signs if sign.job not in self._running]
        for sign in self._silence.among(others, time.monotonic()):
            with self._ctx.db.touch() as c:
                released = job_queue.release_silent(c, sign)
            if released:
                log.warning("job %s waits again: its worker %s is silent", sign.job, sign.worker)
                self._wake.set()
