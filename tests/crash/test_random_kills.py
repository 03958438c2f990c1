"""A real server and its worker, killed by SIGKILL at random moments of real imports, many times.

Every time, what they left behind is put in order by starting again and nothing else, and every
import ends at a valid object with exactly the bytes that were put in, and says so. The moments
come from a seed, which is told; how the machine deals with them is chance, so each run is another.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from random import Random
from threading import Thread
from time import sleep
from typing import Any

import httpx
import pytest

from crash import shelf, striking
from crash.phases import MUST, Look, Phase
from crash.shelf import Book, Import
from crash.striking import Pace, Victim
from strongroom import config, runtime
from strongroom.db import index
from strongroom.services import reindex
from support import ocfl_check, postgres, samples, workflow
from support.killing import left_over
from support.server import Server, ServerDied, run_command

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="processes are watched by Linux's /proc"
)

ROUNDS = int(os.environ.get("STRONGROOM_CRASH_ROUNDS") or 30)
#: further rounds for each phase that must be hit and was not
EXTRA = 20
#: versions after which a book is left alone
VERSIONS = 3
#: how often the index is compared with one that is made anew
COMPARED = max(5, ROUNDS // 20)

#: what was hit: how often, by phase and victim
Hits = Counter[tuple[Phase, Victim]]


class Trial:
    """One data folder whose server is killed, and what was put into it."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.server = server
        self.root = server.data / "ocfl-root"
        self.hits: Hits = Counter()
        self.kills: Counter[str] = Counter()
        self.round = 0
        self._folder = folder
        self._pace = Pace()
        self._books: list[Book] = []
        #: digests of what books hold that are left alone, by object id: one for each version
        self._done: dict[str, list[dict[str, str]]] = {}
        self._jobs: list[str] = []
        with workflow.connect(server.url) as client:
            workflow.make_container(client, shelf.ROOM)

    # -------------------------------------------------------------------------- a round

    def calm(self, random: Random) -> None:
        """Rounds in which nobody is killed, to learn how long each phase takes."""
        for _ in range(2):
            with workflow.connect(self.server.url) as client, ThreadPoolExecutor(3) as pool:
                imports = self._prepare(client, random, first=not self._books)
                posted = self._post(client, pool, imports)
                with closing(Look(self.server.data)) as look:
                    self._pace.measure(look, imports[0].sought)
                for each in posted:
                    each.result()
                self._conclude(client, imports)

    def strike(self, random: Random, victim: Victim, aim: Phase | None) -> None:
        """One round: three imports at once, a kill, a restart, and all that must be true then."""
        self.round += 1
        with workflow.connect(self.server.url) as client, ThreadPoolExecutor(3) as pool:
            imports = self._prepare(client, random)
            worker = striking.worker_of(self.server)
            with closing(Look(self.server.data)) as look:
                posted = self._post(client, pool, imports)
                self._await_moment(look, imports[0], posted[0], random, aim)
                striking.strike(self.server, victim, worker)
                self.kills[victim] += 1
                if victim is not Victim.SERVER:
                    self._judge(look, imports, victim, aim)
            for each in posted:
                _settle(each, lost=victim is not Victim.WORKER)
        if victim is Victim.BOTH and random.random() < 0.2:
            self._start_under_fire(imports, random)
        if victim is not Victim.WORKER:
            self.server.start()
        with workflow.connect(self.server.url) as client:
            self._conclude(client, imports)
        self._assert_quiet()
        if self.round % COMPARED == 0:
            self._assert_index_follows_from_storage()

    def _prepare(
        self, client: httpx.Client, random: Random, *, first: bool | None = None
    ) -> list[Import]:
        """The import that is aimed at, and two smaller ones beside it."""
        target = self._book(random, 200, 1 << 20, first=first)
        small = [self._book(random, random.randrange(10, 60), 1 << 15) for _ in range(2)]
        imports = [(target, True), (small[0], True), (small[1], random.random() < 0.5)]
        return [
            shelf.prepare(client, self.server.url, book, random, honest=honest)
            for book, honest in imports
        ]

    def _book(self, random: Random, small: int, large: int, *, first: bool | None = None) -> Book:
        """A book that no other import of the round has: a new one, or one to be gone on with."""
        goes_on = random.random() < 0.6 if first is None else not first
        for book in self._books if goes_on else ():
            if (book.small >= 200) == (small >= 200):
                self._books.remove(book)
                return book
        number = len(self._books) + len(self._done) + random.randrange(1 << 32)
        return Book(path=f"{shelf.ROOM}/{number:x}", small=small, large=large)

    def _post(
        self, client: httpx.Client, pool: ThreadPoolExecutor, imports: list[Import]
    ) -> list[Future[httpx.Response]]:
        return [pool.submit(workflow.post_diff, client, one.deposit) for one in imports]

    def _await_moment(
        self,
        look: Look,
        target: Import,
        posted: Future[httpx.Response],
        random: Random,
        aim: Phase | None,
    ) -> None:
        """Wait until the target is somewhere in a phase; by chance in any."""
        sought = target.sought
        if aim is not None:
            striking.wait_for_phase(look, sought, aim, posted)
            sleep(random.random() * self._pace.of(sought, aim))
        elif random.random() < 0.3:
            sleep(random.random() * self._pace.whole(sought))
        else:
            striking.wait_for_phase(look, sought, Phase.WAITING, posted)
            sleep(random.random() * self._pace.after_posting(sought))

    def _judge(self, look: Look, imports: list[Import], victim: Victim, aim: Phase | None) -> None:
        """Count which phases were hit, by what is left, before anybody tidies up."""
        with striking.nobody_at_work(self.server.data) as alone:
            found = [look.phase(one.sought) for one in imports]
        if not alone:
            self.kills["not judged"] += 1
            return
        self.hits.update((phase, victim) for phase in found)
        if aim is not None and found[0] > aim:
            self._pace.was_late(imports[0].sought, aim)

    def _start_under_fire(self, imports: list[Import], random: Random) -> None:
        """Start again, and kill server and worker once more while they put things in order."""
        wait = random.uniform(0.5, 2.5)

        def fire() -> None:
            sleep(wait)
            self.server.kill()

        gun = Thread(target=fire)
        gun.start()
        try:
            self.server.start()
        except ServerDied:
            assert self.server.process is not None
            assert self.server.process.returncode == -9, self.server.log_tail()
        finally:
            gun.join()
        self.kills["both, once more while starting"] += 1
        with closing(Look(self.server.data)) as look:
            self._judge(look, imports, Victim.BOTH, None)

    # -------------------------------------------------------------------- what must hold

    def _conclude(self, client: httpx.Client, imports: list[Import]) -> None:
        for one in imports:
            shelf.conclude(client, self.root, one, shelf.follow(client, one))
            self._keep(one.book)

    def _keep(self, book: Book) -> None:
        self._jobs += [job for job in book.jobs[-1:] if job not in self._jobs]
        if len(book.versions) < VERSIONS:
            self._books.append(book)
            return
        self._done[book.object_id] = [_digests(files) for files in book.versions]

    def _assert_quiet(self) -> None:
        """With all imports ended, nothing is left of them in staging or on the way."""
        staging = self.root / "extensions" / "strongroom-staging"
        for place in ("work", "trash", "aside"):
            assert os.listdir(staging / place) == []
        with closing(Look(self.server.data)) as look:
            assert look.rows.execute("SELECT * FROM tickets").fetchall() == []
            assert look.rows.execute("SELECT * FROM claims").fetchall() == []
            unfinished = "SELECT id FROM jobs WHERE finished IS NULL"
            assert look.rows.execute(unfinished).fetchall() == []

    def _assert_index_follows_from_storage(self) -> None:
        """An index that is made anew, in a copy of the database, is the same."""
        copy = self._folder / f"copy-{self.round}.db"
        with closing(Look(self.server.data)) as look, closing(sqlite3.connect(copy)) as target:
            look.rows.backup(target)
        settings = config.load(
            {"data": str(self.server.data), "database": f"sqlite:///{copy}"}, environment={}
        )
        ctx = runtime.open_context(settings)
        try:
            with ctx.db.read() as c:
                before = list(index.dump_index(c))
            _, damaged = reindex.rebuild(ctx)
            assert damaged == []
            with ctx.db.read() as c:
                assert list(index.dump_index(c)) == before
        finally:
            ctx.db.close()
        for path in self._folder.glob(f"{copy.name}*"):
            path.unlink()

    def end(self) -> None:
        """The last look at everything, and a rebuild as an operator does it."""
        with workflow.connect(self.server.url) as client:
            told, jobs = shelf.results_in_the_stream(client), self._in_order_of_commit()
        assert len(told) == len(jobs)
        assert [uri for uri, job in zip(told, jobs, strict=True) if f"/{job}/" not in uri] == []
        assert self.server.stop() == 0
        for book in self._books:
            shelf.assert_stored(self.root, book)
            self._done[book.object_id] = [_digests(files) for files in book.versions]
        stored = {object_id: held for object_id, held in self._done.items() if held}
        # one object more: the Container
        assert ocfl_check.assert_root_valid(self.root) == len(stored) + 1
        for object_id, held in stored.items():
            folder = self.root / ocfl_check.place_of(object_id)
            for number, digests in enumerate(held, start=1):
                assert _digests(ocfl_check.contents(folder, f"v{number}")) == digests
        assert left_over(self.root) == []
        before = self._dump()
        ended = run_command("rebuild", "--data", str(self.server.data))
        assert ended.returncode == 0, ended.stdout + ended.stderr
        assert self._dump() == before

    def _in_order_of_commit(self) -> list[str]:
        with closing(Look(self.server.data)) as look:
            rows = look.rows.execute(
                "SELECT id FROM jobs WHERE status = 'completed' ORDER BY finished"
            ).fetchall()
        assert sorted(job for (job,) in rows) == sorted(self._jobs)
        return [job for (job,) in rows]

    def _dump(self) -> list[tuple[Any, ...]]:
        ctx = runtime.open_context(config.load({"data": str(self.server.data)}, environment={}))
        try:
            with ctx.db.read() as c:
                return list(index.dump_index(c))
        finally:
            ctx.db.close()

    # ----------------------------------------------------------------------------- told

    def missing(self) -> list[Phase]:
        """Phases that must be hit and were not."""
        hit = {phase for phase, _ in self.hits}
        return [phase for phase in MUST if phase not in hit]

    def table(self) -> list[str]:
        """What was hit, as lines for people."""
        victims = (Victim.WORKER, Victim.BOTH)
        lines = [
            f"{self.round} rounds; killed: "
            + ", ".join(f"{name} {count}" for name, count in sorted(self.kills.items())),
            f"{'imports found in phase':<30} {'worker':>8} {'both':>8}",
        ]
        for phase in Phase:
            counts = "".join(f" {self.hits[phase, victim]:>8}" for victim in victims)
            lines.append(f"{phase.label:<30}{counts}")
        return lines


def _settle(posted: Future[httpx.Response], *, lost: bool) -> None:
    """The answer to a post; there need be none if the server was killed."""
    try:
        workflow.ok(posted.result(), 201)
    except httpx.TransportError:
        if not lost:
            raise


def _digests(files: dict[str, bytes]) -> dict[str, str]:
    return {path: samples.sha256(data) for path, data in files.items()}


def plan(number: int, random: Random) -> tuple[Victim, Phase | None]:
    """Whom to kill in a round, and when: turns of aimed and random kills.

    Worker and server take turns, since a server starts a worker that dies early again and again
    only after longer and longer pauses.
    """
    aim = MUST[number // 4 % len(MUST)] if number // 2 % 2 else None
    if number % 2 == 0:
        return Victim.WORKER, aim
    if aim is None and random.random() < 0.5:
        return Victim.SERVER, None
    return Victim.BOTH, aim


@postgres.on_sqlite
@pytest.mark.timeout(120 + 30 * ROUNDS)
def test_imports_killed_at_random(
    start_server: Callable[..., Server],
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    seed = int(os.environ.get("STRONGROOM_CRASH_SEED") or secrets.randbits(32))
    trial = Trial(start_server(env={"STRONGROOM_JOB_THREADS": "3"}), tmp_path)
    try:
        trial.calm(Random(seed))
        for number in range(ROUNDS):
            random = Random(f"{seed} {number}")
            trial.strike(random, *plan(number, random))
        for number in range(EXTRA * len(MUST)):
            if not trial.missing():
                break
            victim = (Victim.WORKER, Victim.BOTH)[number % 2]
            trial.strike(Random(f"{seed} more {number}"), victim, trial.missing()[0])
        trial.end()
        assert trial.missing() == [], "these phases were never hit, however often they were tried"
    except BaseException as error:
        error.add_note(f"round {trial.round} of a run with STRONGROOM_CRASH_SEED={seed}")
        raise
    finally:
        record_property("told at the end", [f"STRONGROOM_CRASH_SEED={seed}", *trial.table()])
