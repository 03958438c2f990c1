"""Archival Groups that are imported version after version, and all that must be true of them.

What was put in is kept here, file by file, and is what storage is compared with. Kills, and what
is imported when, are decided by the tests.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from random import Random

import httpx

from crash.grounds import Ground
from crash.phases import Sought
from strongroom.ocfl.validation.problems import Severity
from support import ocfl_check, samples, workflow
from support.workflow import Json, get, ok

#: the Container that holds the groups
ROOM = "killed"

Files = dict[str, bytes]
#: puts files into a deposit, where these lie
Fill = Callable[[Mapping[str, str], Mapping[str, bytes]], object]


@dataclass
class Book:
    """An Archival Group and what each of its versions must hold, METS included."""

    path: str
    #: what its first version is like: small files, and bytes of each of two larger ones
    small: int
    large: int
    versions: list[Files] = field(default_factory=list)
    #: id of the job that made each version
    jobs: list[str] = field(default_factory=list)

    @property
    def object_id(self) -> str:
        return f"info:fedora/{self.path}"


@dataclass
class Import:
    """A deposit that is to become the next version of a book, or to be refused."""

    book: Book
    files: Files
    deposit: Json
    #: whether the METS tells the truth; else the job must fail and leave nothing
    honest: bool

    @property
    def sought(self) -> Sought:
        return Sought(
            deposit=self.deposit["id"].rpartition("/")[2],
            object_id=self.book.object_id,
            version=len(self.book.versions) + 1,
        )


# ---------------------------------------------------------------------------------- putting in


def prepare(
    client: httpx.Client,
    url: str,
    book: Book,
    random: Random,
    *,
    honest: bool,
    fill: Fill = workflow.fill,
) -> Import:
    """A deposit with the book's next version, not yet posted as a job."""
    files = _next(book, random)
    entries = samples.entries(files)
    if not honest:
        path = random.choice(sorted(files))
        entries = samples.entries(files, digests={path: samples.sha256(b"something else")})
    files["mets.xml"] = samples.plain_mets(entries, title=book.path)
    group = f"{url}/repository/{book.path}"
    deposit = workflow.make_deposit(client, archivalGroup=group, archivalGroupName="A group")
    fill(deposit, files)
    return Import(book=book, files=files, deposit=deposit, honest=honest)


def _next(book: Book, random: Random) -> Files:
    """The files of a first version; or of the last one with some deleted, patched and added."""
    if not book.versions:
        files = {
            f"objects/{number // 50}/page {number:04d}.txt": random.randbytes(
                random.randrange(3000)
            )
            for number in range(book.small)
        }
        for name in ("large", "larger"):
            files[f"objects/{name}.bin"] = random.randbytes(book.large)
        return files
    files = dict(book.versions[-1])
    del files["mets.xml"]
    some = random.sample(sorted(files), k=max(3, len(files) // 5))
    for path in some[::2]:
        del files[path]
    for path in some[1::2]:
        files[path] = random.randbytes(random.randrange(3000))
    number = len(book.versions) + 1
    for count in range(max(3, book.small // 8)):
        files[f"new in {number}/{count}.txt"] = random.randbytes(random.randrange(2000))
    # the same bytes again, which are not to be stored again
    kept = random.choice(sorted(files))
    files[f"copies/{number}"] = files[kept]
    return files


def follow(client: httpx.Client, one: Import) -> Json:
    """The job's end; it is posted once more if the server died before it kept it."""
    results = get(client, f"{one.deposit['id']}/importjobs/results")
    assert len(results) <= 1, results
    job = results[0] if results else ok(workflow.post_diff(client, one.deposit), 201).json()
    return workflow.wait(client, job)


# ------------------------------------------------------------------------------ what must hold


def conclude(client: httpx.Client, ground: Ground, one: Import, result: Json) -> None:
    """The job tells the truth about what became of the book, and so does the deposit."""
    deposit = get(client, one.deposit["id"])
    if one.honest:
        number = len(one.book.versions) + 1
        assert result["status"] == "completed", result
        assert result["errors"] is None, result
        assert result["newVersion"] == f"v{number}", result
        assert (deposit["status"], deposit["versionPreserved"]) == ("preserved", f"v{number}")
        one.book.versions.append(one.files)
        one.book.jobs.append(result["id"].rpartition("/")[2])
    else:
        assert result["status"] == "completedWithErrors", result
        assert "does not have the SHA-256" in str(result["errors"]), result
        assert result["newVersion"] is None, result
        assert (deposit["status"], deposit["versionPreserved"]) == ("error", None)
    assert_stored(ground, one.book)
    assert_told(client, one)


def assert_stored(ground: Ground, book: Book) -> None:
    """The object is valid and has the book's versions, byte for byte; or there is none."""
    with ground.object(book.object_id) as folder:
        if not book.versions:
            assert not folder.exists()
            return
        inventory = ocfl_check.inventory(folder)
        numbers = range(1, len(book.versions) + 1)
        assert sorted(inventory["versions"]) == sorted(f"v{number}" for number in numbers)
        assert inventory["head"] == f"v{len(book.versions)}"
        for number, files, job in zip(numbers, book.versions, book.jobs, strict=True):
            assert ocfl_check.contents(folder, f"v{number}") == files, f"v{number} of {book.path}"
            assert inventory["versions"][f"v{number}"]["message"].endswith(f"/results/{job}")
        ocfl_check.assert_valid(folder)
    problems = ground.judge(book.object_id)
    assert [problem for problem in problems if problem.severity is Severity.ERROR] == []
    # digests by SHA-256 are a choice
    assert [problem for problem in problems if problem.code != "W004"] == []


def assert_told(client: httpx.Client, one: Import) -> None:
    """The server shows the same versions and files as were put in."""
    group, versions = one.deposit["archivalGroup"], one.book.versions
    if not versions:
        assert client.get(group).status_code == 404
        return
    loaded = workflow.load(client, group)
    assert [v["ocflVersion"] for v in loaded["versions"]] == [
        f"v{number + 1}" for number in range(len(versions))
    ]
    found = {path: each["digest"] for path, each in workflow.binaries(loaded).items()}
    assert found == {path: samples.sha256(data) for path, data in versions[-1].items()}


def results_in_the_stream(client: httpx.Client) -> list[str]:
    """URIs of the job results in the activity stream, oldest first, each after the one before."""
    events: list[Json] = []
    page = get(client, "/activity/archivalgroups/collection").get("last")
    while page:
        shown = get(client, page["id"])
        events = shown["orderedItems"] + events
        page = shown.get("prev")
    times = [datetime.fromisoformat(event["endTime"]) for event in events]
    assert times == sorted(set(times)), "two events at one time, or in disorder"
    return [event["object"]["seeAlso"][0]["id"] for event in events]
