"""Objects in a bucket that somebody changes behind our back, with any S3 client.

The validator finds each change and names it, no byte of it is served as if it were good, and
recovery restores what is proved by something that is still there. What was harmed is healed after
each test, so that all share a server.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from strongroom.errors import Damaged
from strongroom.ocfl.backend import Repairs
from strongroom.ocfl.root import OcflRoot
from strongroom.ocfl.validation.problems import Problem, Severity
from strongroom.ocfl.validation.roots import validate_root
from strongroom.storage.s3.bucket import Bucket
from strongroom.storage.s3.connection import Endpoint
from strongroom.storage.s3.store import S3Store
from support import bucket_roots, ocfl_check, samples, stages, workflow
from support.s3_server import S3Server
from support.server import run_command
from support.stages import Stage

PAGE, OTHER, BIG = "objects/page é.txt", "objects/other.txt", "objects/big.bin"
ROOT = "ocfl/"


@dataclass
class Harmed:
    """A preserved group of two versions, whose objects in the bucket are changed by a test."""

    stage: Stage
    bucket: str
    group: str
    files: dict[str, bytes]
    #: where its object lies below the root
    place: str

    def key(self, below: str) -> str:
        return f"{ROOT}{self.place}/{below}"

    def get(self, below: str) -> bytes:
        return self.stage.s3.get(self.bucket, self.key(below))

    def put(self, below: str, data: bytes) -> None:
        self.stage.s3.put(self.bucket, self.key(below), data)

    def delete(self, below: str) -> None:
        self.stage.s3.client.delete_object(Bucket=self.bucket, Key=self.key(below))

    def content(self, path: str) -> str:
        """The content path of a file of the head."""
        inventory = json.loads(self.get("inventory.json"))
        state = inventory["versions"][inventory["head"]]["state"]
        [digest] = [digest for digest, paths in state.items() if path in paths]
        content: str = inventory["manifest"][digest][0]
        return content

    def keys(self) -> dict[str, bytes]:
        """All that lies in the object."""
        start = len(self.key(""))
        return {
            key[start:]: self.stage.s3.get(self.bucket, key)
            for key in self.stage.s3.keys(self.bucket, self.key(""))
        }

    @property
    def store(self) -> S3Store:
        return bucket_roots.store(Bucket(self.bucket, Endpoint(url=self.stage.s3.endpoint)), ROOT)

    def problems(self) -> tuple[bool, list[Problem]]:
        """Whether the root is valid, and all that our validator says of it."""
        problems: list[Problem] = []
        summary = validate_root(self.store, tell=problems.append, workers=2)
        return summary.valid, problems

    def errors(self) -> set[tuple[str, str]]:
        """Code and place of each error."""
        valid, problems = self.problems()
        prefix = f"{self.place}/"
        found = {
            (problem.code, problem.place.removeprefix(prefix))
            for problem in problems
            if problem.severity is Severity.ERROR
        }
        assert valid == (not found)
        return found

    def repair(self) -> Repairs:
        return OcflRoot.open(self.store, create=False).repair(every=True)

    def run(self, *arguments: str) -> tuple[int, Any, str]:
        """A command over the root: exit code, what it says in JSON, what it tells people."""
        done = run_command(
            *arguments, f"s3://{self.bucket}/ocfl", "--json", env=self.stage.s3.environment()
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done.returncode, json.loads(done.stdout) if done.stdout else None, done.stderr

    def read(self, path: str, **asked: Any) -> httpx.Response:
        at = workflow.member(self.group, path).partition("/repository/")[2]
        return self.stage.client.get(f"/storage-api/content/{at}", **asked)


@pytest.fixture(autouse=True)
def _credentials(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in s3.environment().items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="module")
def stage(s3: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stages.opened("local-s3", tmp_path_factory.mktemp("harmed"), s3) as opened:
        yield opened


@pytest.fixture(scope="module")
def preserved(stage: Stage) -> Harmed:
    group = stage.group()
    files = {PAGE: b"page one" * 9, OTHER: b"PAGE ONE" * 9, BIG: os.urandom(9 << 20)}
    first = samples.with_mets(files)
    workflow.preserve(stage.client, group, first)
    second = samples.with_mets(files | {"objects/new.txt": b"new"})
    workflow.preserve(stage.client, group, second)
    [option] = [o for o in stage.server._options if o.startswith("s3://")]
    return Harmed(
        stage=stage,
        bucket=option.removeprefix("s3://").partition("/")[0],
        group=group,
        files=second,
        place=ocfl_check.place_of("info:fedora/" + group.partition("/repository/")[2]),
    )


@pytest.fixture
def harmed(preserved: Harmed, _credentials: None) -> Iterator[Harmed]:
    before = preserved.keys()
    yield preserved
    after = preserved.keys()
    for below in after.keys() - before.keys():
        preserved.delete(below)
    for below, data in before.items():
        if after.get(below) != data:
            preserved.put(below, data)
    assert preserved.errors() == set()


def flip(harmed: Harmed, below: str) -> None:
    """One bit, so that size and name stay."""
    data = bytearray(harmed.get(below))
    data[len(data) // 2] ^= 1
    harmed.put(below, bytes(data))


def cut(harmed: Harmed, below: str) -> None:
    harmed.put(below, harmed.get(below)[:-1])


def grow(harmed: Harmed, below: str) -> None:
    harmed.put(below, harmed.get(below) + b"\0")


def empty(harmed: Harmed, below: str) -> None:
    harmed.put(below, b"")


def lose(harmed: Harmed, below: str) -> None:
    harmed.delete(below)


Harm = Callable[[Harmed, str], None]


# ------------------------------------------------------------------------------------- content


@pytest.mark.parametrize("path", [PAGE, BIG], ids=["small", "large"])
@pytest.mark.parametrize("harm", [flip, cut, grow, empty, lose], ids=lambda harm: harm.__name__)
def test_damaged_content_is_found_and_never_served(harmed: Harmed, path: str, harm: Harm) -> None:
    at = harmed.content(path)
    harm(harmed, at)
    assert harmed.errors() == {("E092", at)}
    assert not arrives(harmed, path, harmed.files[path])
    # the others are not concerned
    assert harmed.read(OTHER).content == harmed.files[OTHER]
    assert harmed.repair() == Repairs(done=(), failed=())
    assert harmed.errors() == {("E092", at)}, "nothing proves what the bytes were"


def arrives(harmed: Harmed, path: str, data: bytes) -> bool:
    """Whether a client gets an answer that looks good; then it must be the right bytes."""
    try:
        answer = harmed.read(path)
    except httpx.RemoteProtocolError:
        return False  # it was broken off
    if answer.status_code != 200:
        problem = answer.json()
        assert answer.status_code == 500
        assert problem["code"] in ("missing-content", "digest-mismatch", "size-mismatch"), problem
        assert "page one" not in answer.text
        assert harmed.bucket not in answer.text
        return False
    assert answer.content == data, "wrong bytes were served"
    return True


def test_two_objects_exchanged(harmed: Harmed) -> None:
    one, two = harmed.content(PAGE), harmed.content(OTHER)
    first, second = harmed.get(one), harmed.get(two)
    assert len(first) == len(second)
    harmed.put(one, second)
    harmed.put(two, first)
    assert harmed.errors() == {("E092", one), ("E092", two)}
    assert not arrives(harmed, PAGE, first)
    assert not arrives(harmed, OTHER, second)


def test_an_object_that_nobody_put_there(harmed: Harmed) -> None:
    harmed.put("v2/content/stray", b"stray")
    assert harmed.errors() == {("E023", "v2/content/stray")}
    assert harmed.read(PAGE).content == harmed.files[PAGE]


@pytest.mark.contract("17.12")
def test_damage_is_not_exported(harmed: Harmed) -> None:
    flip(harmed, harmed.content(PAGE))
    started = workflow.start_export(harmed.stage.client, harmed.group)
    shown = workflow.wait_for(harmed.stage.client, started["id"], "error")
    paths = harmed.stage.paths(shown)
    assert PAGE not in paths
    assert BIG in paths
    assert harmed.stage.client.delete(shown["id"]).status_code == 204


# ------------------------------------------------------------------------------------- metadata


@pytest.mark.parametrize("harm", [flip, cut, empty, lose], ids=lambda harm: harm.__name__)
def test_a_damaged_root_inventory_is_found_and_restored(harmed: Harmed, harm: Harm) -> None:
    before = harmed.keys()
    harm(harmed, "inventory.json")
    codes = {code for code, _ in harmed.errors()}
    assert ("E063" if harm is lose else "E060") in codes
    # the index knows the newest version, and its content is proved; the others are asked of storage
    workflow.assert_holds(harmed.stage.client, harmed.group, harmed.files)
    assert harmed.stage.client.get(harmed.group, params={"version": "v1"}).status_code == 500
    repairs = harmed.repair()
    assert repairs.failed == ()
    [repair] = repairs.done
    assert "restored its inventory from the copy that its sidecar proves" in repair
    assert harmed.keys() == before
    assert harmed.errors() == set()
    workflow.assert_holds(harmed.stage.client, harmed.group, harmed.files)


@pytest.mark.parametrize(
    ("harm", "code"),
    [(flip, "E060"), (empty, "E061"), (lose, "E058")],
    ids=["flip", "empty", "lose"],
)
def test_a_damaged_sidecar_is_found_and_written_again(
    harmed: Harmed, harm: Harm, code: str
) -> None:
    before = harmed.keys()
    harm(harmed, "inventory.json.sha256")
    assert {each for each, _ in harmed.errors()} <= {code, "E061"}
    workflow.assert_holds(harmed.stage.client, harmed.group, harmed.files)
    repairs = harmed.repair()
    assert repairs.failed == ()
    [repair] = repairs.done
    assert "rewrote the sidecar of its inventory" in repair
    assert harmed.keys() == before


def test_without_anything_that_proves_it_no_inventory_is_believed(harmed: Harmed) -> None:
    before = harmed.keys()
    for below in ("inventory.json", "inventory.json.sha256"):
        flip(harmed, below)
    flip(harmed, "v2/inventory.json.sha256")
    lying = harmed.keys()
    # whether what is left of a digest still looks like one is chance
    assert {code for code, _ in harmed.errors()} & {"E060", "E061"}
    assert harmed.stage.client.get(harmed.group, params={"version": "v1"}).status_code == 500
    repairs = harmed.repair()
    assert repairs.done == ()
    assert harmed.group.partition("/repository/")[2] in " ".join(repairs.failed)
    assert harmed.keys() == lying != before


def test_an_object_whose_inventory_is_lost_for_good_is_told(harmed: Harmed) -> None:
    """It is neither passed over nor taken for one that was purged."""
    for below in ("inventory.json", "inventory.json.sha256"):
        harmed.delete(below)
    lying = harmed.keys()
    root = OcflRoot.open(harmed.store, create=False)
    [damaged] = [found for found in root.objects() if isinstance(found, Damaged)]
    assert damaged.problem == "bad-inventory"
    assert harmed.place in damaged.message
    repairs = root.repair(every=True)
    assert repairs.done == ()
    [told] = repairs.failed
    assert harmed.group.partition("/repository/")[2] in told
    answer = harmed.stage.client.get(harmed.group, params={"version": "v1"})
    assert (answer.status_code, answer.json()["code"]) == (500, "missing-object")
    assert harmed.keys() == lying


def test_a_lost_declaration(harmed: Harmed) -> None:
    harmed.delete("0=ocfl_object_1.1")
    assert {each for each, _ in harmed.errors()} & {"E003", "E072", "E088"}


def test_a_lost_version_inventory(harmed: Harmed) -> None:
    """The head's own copy; it is where a root inventory is restored from."""
    for below in ("v2/inventory.json", "v2/inventory.json.sha256"):
        harmed.delete(below)
    valid, problems = harmed.problems()
    assert valid  # OCFL only recommends it
    assert "W010" in {problem.code for problem in problems}
    workflow.assert_holds(harmed.stage.client, harmed.group, harmed.files)


# ------------------------------------------------------------------------------------- commands


def test_commands_find_and_restore(harmed: Harmed) -> None:
    before = harmed.keys()
    at = harmed.content(PAGE)
    flip(harmed, at)
    harmed.delete("inventory.json")
    code, told, _ = harmed.run("ocfl", "validate")
    assert code == 7
    assert [problem["code"] for problem in told["problems"] if problem["code"][0] == "E"] == [
        "E063"
    ]
    code, told, _ = harmed.run("ocfl", "recover")
    assert code == 0
    assert len(told["repaired"]) == 1
    code, told, _ = harmed.run("ocfl", "validate")
    assert code == 7
    [error] = [problem for problem in told["problems"] if problem["code"][0] == "E"]
    assert (error["code"], error["place"]) == ("E092", f"{harmed.place}/{at}")
    assert {key for key, data in harmed.keys().items() if data != before[key]} == {at}
