"""What is compared with what: the work of a diff grows with the files, not with their square.

Counted are the calls that Python makes and the comparisons of paths, so that neither a loop within
a loop nor a search through a list goes unseen.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from strongroom.domain import legal
from strongroom.domain.description import DescribedFile, DescribedFolder, Description
from strongroom.domain.diff import diff, needs_proof
from strongroom.domain.paths import MemberPath, RepositoryPath
from strongroom.domain.resources import Group, Kind, Member, Node, Version
from strongroom.domain.workspace import Workspace, join
from strongroom.mets.hrefs import candidates
from strongroom.repository.plan import plan

NOW = datetime(2026, 1, 1, tzinfo=UTC)
GROUP = RepositoryPath("l/g")
OLD, NEW = "a" * 64, "b" * 64


class Path(str):
    """Counts how often it is compared."""

    __slots__ = ()
    compared = 0

    def __eq__(self, other: object) -> bool:
        Path.compared += 1
        return str.__eq__(self, other)

    def __lt__(self, other: str) -> bool:
        Path.compared += 1
        return str.__lt__(self, other)

    __hash__ = str.__hash__


def path(kind: str, number: int) -> Path:
    return Path(f"objects/folder {number % 7}/{kind} é {number}.txt")


def work(act: Callable[[], object]) -> int:
    """Calls and comparisons of paths that something takes."""
    calls = 0

    def count(_frame: object, event: str, _what: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    Path.compared = 0
    sys.setprofile(count)
    try:
        act()
    finally:
        sys.setprofile(None)
    return calls + Path.compared


def group(size: int) -> Group:
    """Binaries of three kinds, each in one of seven folders."""
    version = Version(number=1, created=NOW, agent="x")
    members = {
        found: Member(
            path=found,
            kind=Kind.BINARY,
            content_type="text/plain",
            size=3,
            digest=OLD,
            created=1,
            modified=1,
        )
        for kind in ("same", "changed", "gone")
        for number in range(size)
        for found in [MemberPath(path(kind, number))]
    }
    for folder in {"objects", *(f"objects/folder {n}" for n in range(7))}:
        members[MemberPath(folder)] = Member(
            path=MemberPath(folder), kind=Kind.CONTAINER, created=1, modified=1
        )
    node = Node(path=GROUP, kind=Kind.GROUP, name="T", versions=(version,))
    return Group(node=node, version=version, name="T", members=members)


def workspace(size: int, existing: Group) -> Workspace:
    """The same group with a third of it changed, a third gone, and as many added."""
    digests = {
        path(kind, number): OLD if kind == "same" else NEW
        for kind in ("same", "changed", "added")
        for number in range(size)
    }
    mets = MemberPath("mets.xml")
    joined = join(
        files={MemberPath(p): (str(p), 3) for p in digests} | {mets: ("mets.xml", 9)},
        folders={},
        description=Description(
            title="T",
            files=tuple(DescribedFile(path=p, digest=d, size=3) for p, d in digests.items()),
            folders=tuple(DescribedFolder(path=f"objects/folder {n}") for n in range(7)),
        ),
        mets=mets,
        preserved=existing.members.keys(),
        candidates=candidates,
    )
    assert len(needs_proof(joined, existing)) == size + 1
    return joined.with_proofs({MemberPath(p): d for p, d in digests.items()} | {mets: NEW})


def compare(size: int, existing: Group) -> None:
    job = diff(
        workspace(size, existing),
        group=GROUP,
        group_name="T",
        existing=existing,
        guess_type={},
    )
    assert len(job.binaries_to_add) == size + 1
    assert len(job.binaries_to_patch) == len(job.binaries_to_delete) == size
    assert legal.faults(job, existing) == []
    version = plan(job, existing.members, old=None, job_id="j", deposit=None, received=NOW)
    assert len(version.copies) == 2 * size + 1


@pytest.mark.contract("17.35")
def test_a_diff_takes_four_times_the_work_for_four_times_the_files() -> None:
    small, large = group(150), group(600)
    compare(10, group(10))  # what is imported and cached is so from now on
    once = work(lambda: compare(150, small))
    four_times = work(lambda: compare(600, large))
    # sorting takes a little more than in proportion
    assert 3.5 < four_times / once < 5


def test_what_grows_with_the_square_is_seen() -> None:
    def search(size: int) -> None:
        listed = [path("x", number) for number in range(size)]
        assert all(Path(each) in listed for each in reversed(listed))

    assert work(lambda: search(400)) / work(lambda: search(100)) > 12
