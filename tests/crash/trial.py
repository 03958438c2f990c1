"""A server that is killed round after round, what was put into it, and all that must hold then.

Whom a kill meets, and when, comes from a seed. Where storage is, and how many rounds there are, is
decided by the tests.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from random import Random
from threading import Thread
from time import sleep
from typing import Any

import httpx

from crash import grounds, shelf, striking
from crash.besides import Besides
from crash.grounds import FolderGround, Ground
from crash.phases import MUST, Look, Phase
from crash.shelf import Book, Fill, Import
from crash.striking import Pace, Victim
from strongroom import config
from strongroom.db import index
from strongroom.runtime.opening import open_context
from strongroom.services import reindex
from support import ocfl_check, postgres, samples, workflow
from support.server import Server, ServerDied, run_command

#: versions after which a book is left alone
VERSIONS = 3

#: what was hit: how often, by phase and victim
Hits = Counter[tuple[Phase, Victim]]


class Trial:
    """One data folder whose server is killed, and what was put into it."""

    def __init__(
        self,
        server: Server,
        folder: Path,
        *,
        compared: int,
        ground: Ground | None = None,
        settings: Mapping[str, str] | None = None,
        env: Mapping[str, str] | None = None,
        fill: Fill = workflow.fill,
        besides: Besides | None = None,
        small: int = 200,
        large: int = 1 << 20,
    ) -> None:
        """``compared``: rounds after which the index is compared with one that is made anew.

        ``settings`` say where deposits and root are, and ``env`` is what is needed to reach them.
        ``small`` files and two ``large`` ones are in the first version of what is aimed at.
        """
        self.server = server
        self.ground = ground or FolderGround(server.data / "ocfl-root")
        self._compared = compared
        self._settings = {"data": str(server.data), **(settings or {})}
        if url := postgres.environment_for(server.data).get("STRONGROOM_DATABASE"):
            self._settings["database"] = url
        self._env = dict(env or {})
        self._fill, self._besides = fill, besides
        self._small, self._large = small, large
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

    def _look(self) -> Look:
        return self.ground.look(self.server.data)

    # -------------------------------------------------------------------------- a round

    def calm(self, random: Random) -> None:
        """Rounds in which nobody is killed, to learn how long each phase takes."""
        for _ in range(2):
            with workflow.connect(self.server.url) as client, ThreadPoolExecutor(3) as pool:
                imports = self._prepare(client, random, first=not self._books)
                posted = self._post(client, pool, imports)
                with closing(self._look()) as look:
                    self._pace.measure(look, imports[0].sought)
                for each in posted:
                    each.result()
                self._conclude(client, imports)

    def strike(self, random: Random, victim: Victim, aim: Phase | None) -> None:
        """One round: three imports at once, a kill, a restart, and all that must be true then."""
        self.round += 1
        with workflow.connect(self.server.url) as client, ThreadPoolExecutor(6) as pool:
            imports = self._prepare(client, random)
            worker = self.server.worker()
            if self._besides is not None:
                self._besides.begin(client, pool, random, self._books)
            with closing(self._look()) as look:
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
            if self._besides is not None:
                self._besides.conclude(client)
        self._assert_quiet()
        if self.round % self._compared == 0:
            self._assert_index_follows_from_storage()

    def _prepare(
        self, client: httpx.Client, random: Random, *, first: bool | None = None
    ) -> list[Import]:
        """The import that is aimed at, and two smaller ones beside it."""
        target = self._book(random, self._small, self._large, first=first)
        sizes = [random.randrange(10, max(11, self._small // 3)) for _ in range(2)]
        small = [self._book(random, size, 1 << 15) for size in sizes]
        imports = [(target, True), (small[0], True), (small[1], random.random() < 0.5)]
        return [
            shelf.prepare(client, self.server.url, book, random, honest=honest, fill=self._fill)
            for book, honest in imports
        ]

    def _book(self, random: Random, small: int, large: int, *, first: bool | None = None) -> Book:
        """A book that no other import of the round has: a new one, or one to be gone on with."""
        goes_on = random.random() < 0.6 if first is None else not first
        for book in self._books if goes_on else ():
            if (book.small >= self._small) == (small >= self._small):
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
        with closing(self._look()) as look:
            self._judge(look, imports, Victim.BOTH, None)

    # -------------------------------------------------------------------- what must hold

    def _conclude(self, client: httpx.Client, imports: list[Import]) -> None:
        for one in imports:
            shelf.conclude(client, self.ground, one, shelf.follow(client, one))
            self._keep(one.book)

    def _keep(self, book: Book) -> None:
        self._jobs += [job for job in book.jobs[-1:] if job not in self._jobs]
        if len(book.versions) < VERSIONS:
            self._books.append(book)
            return
        self._done[book.object_id] = [_digests(files) for files in book.versions]

    def _assert_quiet(self) -> None:
        """With all imports ended, nothing is left of them in staging or on the way.

        Where servers share a database, what lies in staging may be another host's for an hour, and
        stays until a server that is alone starts.
        """
        with closing(self._look()) as look:
            assert not look.rows.is_file or self.ground.unfinished() == []
            assert look.rows.execute("SELECT * FROM tickets") == []
            assert look.rows.execute("SELECT * FROM claims") == []
            assert look.rows.execute("SELECT id FROM jobs WHERE finished IS NULL") == []

    def _assert_index_follows_from_storage(self) -> None:
        """An index that is made anew, in a copy of the database, is the same.

        A database that is no file cannot be copied while it is in use; it is compared at the end.
        """
        copy = self._folder / f"copy-{self.round}.db"
        with closing(self._look()) as look:
            if not look.rows.is_file:
                return
            with closing(sqlite3.connect(copy)) as target:
                look.rows.raw.backup(target)
        settings = config.load({**self._settings, "database": f"sqlite:///{copy}"}, environment={})
        ctx = open_context(settings)
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
        if self.ground.unfinished():
            self.server.start()
            assert self.server.stop() == 0
            assert self.ground.unfinished() == []
        assert self.ground.bury() == []
        for book in self._books:
            shelf.assert_stored(self.ground, book)
            self._done[book.object_id] = [_digests(files) for files in book.versions]
        stored = {object_id: held for object_id, held in self._done.items() if held}
        # further objects: the Containers, those that were deleted too
        others = 1 + (len(self._besides.containers) if self._besides is not None else 0)
        assert grounds.assert_root_valid(self.ground) == len(stored) + others
        with self.ground.root() as root:
            for object_id, held in stored.items():
                folder = root / ocfl_check.place_of(object_id)
                for number, digests in enumerate(held, start=1):
                    assert _digests(ocfl_check.contents(folder, f"v{number}")) == digests
        before = self._dump()
        places = [f"--{name.replace('_', '-')}={value}" for name, value in self._settings.items()]
        ended = run_command("rebuild", *places, env=self._env)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        assert self._dump() == before

    def _in_order_of_commit(self) -> list[str]:
        with closing(self._look()) as look:
            rows = look.rows.execute(
                "SELECT id FROM jobs WHERE status = 'completed' AND kind = 'import'"
                " ORDER BY finished"
            )
        assert sorted(job for (job,) in rows) == sorted(self._jobs)
        return [job for (job,) in rows]

    def _dump(self) -> list[tuple[Any, ...]]:
        ctx = open_context(config.load(self._settings, environment={}))
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


def hunt(trial: Trial, seed: int, rounds: int, *, extra: int) -> None:
    """So many rounds, and more for each phase that must be hit and was not; then the end."""
    try:
        trial.calm(Random(seed))
        for number in range(rounds):
            random = Random(f"{seed} {number}")
            trial.strike(random, *plan(number, random))
        for number in range(extra * len(MUST)):
            if not trial.missing():
                break
            victim = (Victim.WORKER, Victim.BOTH)[number % 2]
            trial.strike(Random(f"{seed} more {number}"), victim, trial.missing()[0])
        trial.end()
    except BaseException as error:
        error.add_note(f"round {trial.round} of a run with STRONGROOM_CRASH_SEED={seed}")
        raise


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
