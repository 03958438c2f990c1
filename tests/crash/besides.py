"""What else goes on while servers are killed: exports, Containers made and deleted, METS edited.

Whatever was answered stays true after the kill; what was not, was done or not, and can be done
again. When to kill is left to the tests.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from random import Random
from time import sleep
from xml.etree import ElementTree

import httpx

from crash import shelf
from crash.shelf import Book, Files
from support import workflow
from support.stages import Stage
from support.workflow import Json, get, ok

#: statuses of a Container that is gone
GONE = (404, 410)


@dataclass(kw_only=True)
class Round:
    """What was begun beside the imports of a round."""

    container: str
    made: Future[httpx.Response]
    doomed: str | None
    deleted: Future[httpx.Response] | None
    #: the group that is exported, the answer to that, and what must come to be there
    export: tuple[str, Future[httpx.Response], Files] | None
    #: a deposit whose METS is edited, the METS before, and the file that is added
    edited: Json
    before: bytes
    path: str
    edit: Future[httpx.Response]


@dataclass
class Besides:
    """A server's other work; one for a trial."""

    stage: Stage
    #: paths of all Containers that were ever made
    containers: list[str] = field(default_factory=list)
    #: how often each thing was found half-way and had to be asked for again, or was done
    counts: dict[str, int] = field(default_factory=dict)
    _round: int = 0
    _now: Round | None = None

    def begin(
        self, client: httpx.Client, pool: ThreadPoolExecutor, random: Random, books: list[Book]
    ) -> None:
        """Ask for everything; answers may never come."""
        self._round += 1

        def ask(request: Callable[[], httpx.Response], most: float = 0.3) -> Future[httpx.Response]:
            return pool.submit(_after, random.random() * most, request)

        edited = workflow.make_deposit(
            client,
            archivalGroup=f"{self.stage.server.url}/repository/{shelf.ROOM}/edit-{self._round}",
            archivalGroupName="Edited",
            template="RootLevel",
        )
        path = "objects/page é.txt"
        self.stage.put(edited, path, b"a page")
        tag = get(client, edited["id"])["metsETag"]
        export = None
        ready = [book for book in books if book.versions]
        if ready:
            book = random.choice(ready)
            group = f"{self.stage.server.url}/repository/{book.path}"
            asked = {"archivalGroup": group}
            post = ask(lambda: client.post("/deposits/export", json=asked), 0.1)
            export = (group, post, dict(book.versions[-1]))
        container = f"{shelf.ROOM}/made-{self._round}"
        doomed = self.containers[-1] if len(self.containers) % 2 else None

        self._now = Round(
            container=container,
            made=ask(lambda: client.put(f"/repository/{container}")),
            doomed=doomed,
            deleted=ask(lambda: client.delete(f"/repository/{doomed}")) if doomed else None,
            export=export,
            edited=edited,
            before=self.stage.read(edited, "mets.xml"),
            path=path,
            edit=ask(
                lambda: client.post(f"{edited['id']}/mets", json=[path], headers={"If-Match": tag})
            ),
        )

    def conclude(self, client: httpx.Client) -> None:
        """All that was asked for is as it was answered, and can be had."""
        now = self._now
        if now is None:
            return
        self._now = None
        self._conclude_container(client, now)
        self._conclude_edit(client, now)
        if now.export is not None:
            self._conclude_export(client, *now.export)

    def _conclude_export(
        self, client: httpx.Client, group: str, asked: Future[httpx.Response], files: Files
    ) -> None:
        if _answered(asked, 201):
            deposit = asked.result().json()["id"]
            self._count("exports answered")
        else:
            again = client.post("/deposits/export", json={"archivalGroup": group})
            found = again.json()
            # it was kept, or it was not
            deposit = found["errors"][0]["found"] if again.status_code == 409 else found["id"]
            self._count("exports unanswered")
        shown = workflow.wait_for(client, f"/deposits/{deposit.rpartition('/')[2]}", "new")
        paths = [path for path in self.stage.paths(shown) if not path.endswith("/")]
        assert paths == sorted(files), "an export that says that it is there is whole"
        for path in paths:
            assert self.stage.read(shown, path) == files[path], path
        ok(client.delete(shown["id"]), 204)
        assert self.stage.paths(shown) == []

    def _conclude_container(self, client: httpx.Client, now: Round) -> None:
        there = client.get(f"/repository/{now.container}").status_code
        if _answered(now.made, 201):
            assert there == 200, "a Container that was made is gone"
            self._count("Containers made")
        elif there != 200:
            assert there == 404
            ok(client.put(f"/repository/{now.container}"), 201)
            self._count("Containers asked for again")
        self.containers.append(now.container)
        if now.doomed is not None and now.deleted is not None:
            there = client.get(f"/repository/{now.doomed}").status_code
            if _answered(now.deleted, 204):
                assert there in GONE, "a Container that was deleted is there"
                self._count("Containers deleted")
            elif there not in GONE:
                ok(client.delete(f"/repository/{now.doomed}"), 204)
                self._count("Containers deleted again")
            assert client.get(f"/repository/{now.doomed}").status_code in GONE

    def _conclude_edit(self, client: httpx.Client, now: Round) -> None:
        mets = self.stage.read(now.edited, "mets.xml")
        ElementTree.fromstring(mets)
        done = _answered(now.edit, 200)
        if mets == now.before:
            assert not done, "an edit that was answered is lost"
            tag = get(client, now.edited["id"])["metsETag"]
            ok(client.post(f"{now.edited['id']}/mets", json=[now.path], headers={"If-Match": tag}))
        self._count("edits answered" if done else "edits unanswered")
        added = workflow.get_diff(client, now.edited)["binariesToAdd"]
        assert [item["id"].rpartition("/")[2] for item in added if "page" in item["id"]] == [
            workflow.encoded("page é.txt")
        ]

    def _count(self, what: str) -> None:
        self.counts[what] = self.counts.get(what, 0) + 1


def _after(pause: float, request: Callable[[], httpx.Response]) -> httpx.Response:
    sleep(pause)
    return request()


def _answered(asked: Future[httpx.Response], status: int) -> bool:
    """Whether an answer came, which must be this one."""
    try:
        ok(asked.result(), status)
    except httpx.TransportError:
        return False
    return True
