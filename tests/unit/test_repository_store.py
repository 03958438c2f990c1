"""Containers, groups and tombstones as OCFL objects: what is written is what is read."""

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest

from strongroom.domain.importjob import BinaryItem, ContainerItem, ImportJob
from strongroom.domain.paths import MemberPath, RepositoryPath
from strongroom.domain.resources import Kind
from strongroom.errors import Conflict, Damaged
from strongroom.ocfl.root import OcflRoot
from strongroom.ocfl.stored import StoredObject
from strongroom.repository import document, history
from strongroom.repository.plan import plan
from strongroom.repository.store import Author, Repository
from strongroom.storage.protocols import FileEntry, OpenFile

NOW = datetime(2026, 1, 2, 3, 4, 5, 678000, UTC)
ALICE = Author(name="alice", address="http://localhost/agents/alice")
GROUP = RepositoryPath("books/one")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(OcflRoot.open(tmp_path / "root", create=True))


class Bytes:
    """An open file that holds these bytes."""

    def __init__(self, path: str, data: bytes) -> None:
        self.entry = FileEntry(path=path, size=len(data), signature="1", changed_ns=0)
        self.stream = io.BytesIO(data)

    def unchanged(self) -> bool:
        return True

    def close(self) -> None:
        self.stream.close()

    def __enter__(self) -> OpenFile:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def digest(data: bytes) -> str:
    import hashlib

    return hashlib.sha256(data).hexdigest()


def add(path: str, data: bytes, name: str | None = None) -> BinaryItem:
    return BinaryItem(
        path=MemberPath(path),
        name=name,
        content_type="text/plain",
        size=len(data),
        digest=digest(data),
        origin=path,
    )


def run(
    repository: Repository, job: ImportJob, sources: dict[str, bytes], job_id: str
) -> StoredObject:
    base = repository.find(job.group)
    old = history.document_at(base) if base else None
    members = history.living(base.inventory, old, base.inventory.head) if base and old else {}
    version = plan(job, members, old=old, job_id=job_id, deposit="dep", received=NOW)
    draft, faults = repository.stage(
        job.group,
        version,
        base=base,
        attempt=job_id,
        open_source=lambda origin: Bytes(origin, sources[origin]),
        progress=lambda files, size: None,
        cancelled=lambda: False,
    )
    assert faults == []
    return repository.commit(draft, created=NOW, author=ALICE, message="job")


def test_a_container_is_written_and_read(repository: Repository) -> None:
    made = repository.create_container(
        RepositoryPath("books"), name="Books", created=NOW, author=ALICE, attempt="a"
    )
    stored = repository.find(RepositoryPath("books"))
    assert stored is not None
    assert history.node(stored) == made
    assert (made.kind, made.name, made.deleted) == (Kind.CONTAINER, "Books", False)
    assert (made.head.agent, made.head.created) == ("alice", NOW)


def test_a_second_container_at_the_same_path_is_a_conflict(repository: Repository) -> None:
    path = RepositoryPath("books")
    repository.create_container(path, name=None, created=NOW, author=ALICE, attempt="a")
    with pytest.raises(Conflict):
        repository.create_container(path, name="x", created=NOW, author=ALICE, attempt="b")


def test_a_tombstone_is_a_version_and_purge_leaves_nothing(repository: Repository) -> None:
    path = RepositoryPath("books")
    repository.create_container(path, name="Books", created=NOW, author=ALICE, attempt="a")
    buried = repository.bury_container(path, created=NOW, author=ALICE, attempt="b")
    assert buried.deleted
    assert [v.number for v in buried.versions] == [1, 2]
    assert buried.versions[1].created > buried.versions[0].created
    repository.purge_container(path)
    assert repository.find(path) is None


def test_two_versions_of_a_group(repository: Repository) -> None:
    sources = {"o/1": b"one", "o/2": b"two", "mets.xml": b"<m/>"}
    first = ImportJob(
        group=GROUP,
        group_name="One",
        mets=MemberPath("mets.xml"),
        containers_to_add=(ContainerItem(path=MemberPath("empty"), name="Empty"),),
        binaries_to_add=(
            add("o/1", b"one", "First"),
            add("o/2", b"two"),
            add("mets.xml", b"<m/>"),
        ),
    )
    run(repository, first, sources, "job1")
    second = ImportJob(
        group=GROUP,
        binaries_to_patch=(add("o/1", b"uno"),),
        binaries_to_delete=(BinaryItem(path=MemberPath("o/2")),),
        binaries_to_rename=(BinaryItem(path=MemberPath("mets.xml"), name="METS"),),
    )
    stored = run(repository, second, {"o/1": b"uno"}, "job2")
    members = history.members_at(stored)
    assert {p: (m.created, m.modified, m.deleted, m.name) for p, m in members.items()} == {
        "o/1": (1, 2, False, "First"),
        "o/2": (1, 2, True, None),
        "mets.xml": (1, 2, False, "METS"),
        "o": (1, 1, False, None),
        "empty": (1, 1, False, "Empty"),
    }
    assert members[MemberPath("o/1")].content_path.startswith("v2/content/")
    at_first = history.members_at(stored, 1)
    assert at_first[MemberPath("o/1")].digest == digest(b"one")
    node = history.node(stored)
    assert (node.name, node.mets) == ("One", "mets.xml")
    assert [v.job for v in node.versions] == ["job1", "job2"]
    assert node.versions[0].received == NOW


def test_a_job_that_changes_nothing_is_seen_as_such(repository: Repository) -> None:
    job = ImportJob(group=GROUP, group_name="One", binaries_to_add=(add("a", b"a"),))
    stored = run(repository, job, {"a": b"a"}, "job1")
    members = history.living(stored.inventory, history.document_at(stored), 1)
    again = ImportJob(group=GROUP, group_name="One", binaries_to_patch=(add("a", b"a"),))
    same = plan(
        again,
        members,
        old=history.document_at(stored),
        job_id="job2",
        deposit="dep",
        received=NOW,
    )
    assert not same.changes
    retitled = ImportJob(group=GROUP, group_name="Two")
    assert plan(
        retitled,
        members,
        old=history.document_at(stored),
        job_id="job2",
        deposit="dep",
        received=NOW,
    ).changes


def test_documents_are_deterministic_and_their_format_is_checked() -> None:
    entries = {"b": document.BinaryEntry(size=1), "a": document.BinaryEntry(size=2)}
    one = document.Document(format=1, type=Kind.GROUP, binaries=dict(entries))
    two = document.Document(format=1, type=Kind.GROUP, binaries=dict(reversed(entries.items())))
    assert document.encode(one) == document.encode(two)
    assert document.decode(document.encode(one), "x") == one
    for bad in (b"{", b'{"format":2,"type":"Container"}', b'{"format":1,"type":"Nonsense"}'):
        try:
            document.decode(bad, "info:fedora/x")
        except Damaged as error:
            assert "info:fedora/x" in error.message
        else:
            raise AssertionError(bad)
