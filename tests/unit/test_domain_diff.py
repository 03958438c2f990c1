"""Diffs: what is added, patched, deleted and renamed, and what is refused."""

from collections.abc import Iterable
from datetime import UTC, datetime

import pytest

from strongroom.domain.description import DescribedFile, DescribedFolder, Description
from strongroom.domain.diff import diff, needs_proof
from strongroom.domain.importjob import ImportJob
from strongroom.domain.paths import MemberPath, RepositoryPath
from strongroom.domain.resources import Group, Kind, Member, Node, Version
from strongroom.domain.workspace import Workspace, join
from strongroom.errors import BadRequest, Fault, StrongroomError, Unprocessable

A, B, C = "a" * 64, "b" * 64, "c" * 64
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def workspace(
    deposit: dict[str, str],
    described: Iterable[DescribedFile],
    *,
    folders: Iterable[str] = (),
    described_folders: Iterable[DescribedFolder] = (),
    preserved: Iterable[str] = (),
    untied: tuple[Fault, ...] = (),
    mets: str | None = "mets.xml",
    managed: bool = False,
) -> Workspace:
    """A deposit whose files (path → digest of their bytes) are all proven, METS included."""
    files = {MemberPath(p): (p, 3) for p in deposit}
    if mets:
        files[MemberPath(mets)] = (mets, 99)
    joined = join(
        files=files,
        folders={MemberPath(f): f for f in folders},
        description=Description(
            title="T",
            editable=managed,
            files=tuple(described),
            folders=tuple(described_folders),
            untied=untied,
        )
        if mets
        else None,
        mets=MemberPath(mets) if mets else None,
        preserved=preserved,
        candidates=lambda path: (path, path.replace("%20", " ")),
    )
    proofs = {MemberPath(p): d for p, d in deposit.items() if d}
    if mets:
        proofs[MemberPath(mets)] = C
    return joined.with_proofs(proofs)


def described(path: str, digest: str | None = A, **rest: object) -> DescribedFile:
    return DescribedFile(path=path, digest=digest, **rest)  # type: ignore[arg-type]


def group(*members: Member, name: str = "T") -> Group:
    version = Version(number=1, created=NOW, agent="x")
    node = Node(path=RepositoryPath("l/g"), kind=Kind.GROUP, name=name, versions=(version,))
    return Group(node=node, version=version, name=name, members={m.path: m for m in members})


def binary(path: str, digest: str = A, name: str | None = None) -> Member:
    return Member(
        path=MemberPath(path),
        kind=Kind.BINARY,
        name=name,
        content_type="text/plain",
        size=3,
        digest=digest,
        created=1,
        modified=1,
    )


def container(path: str, name: str | None = None) -> Member:
    return Member(path=MemberPath(path), kind=Kind.CONTAINER, name=name, created=1, modified=1)


def run(space: Workspace, existing: Group | None = None, name: str | None = "N") -> ImportJob:
    return diff(
        space, group=RepositoryPath("l/g"), group_name=name, existing=existing, guess_type={}
    )


def paths(items: Iterable[object]) -> list[str]:
    return [item.path for item in items]  # type: ignore[attr-defined]


def refused(space: Workspace, existing: Group | None = None) -> StrongroomError:
    with pytest.raises(StrongroomError) as caught:
        run(space, existing)
    return caught.value


METS = binary("mets.xml", C)


def test_a_new_group_gets_everything() -> None:
    job = run(
        workspace(
            {"objects/1": A},
            [described("objects/1", name="One")],
            folders=["objects"],
            described_folders=[DescribedFolder(path="empty", name="Nothing")],
        )
    )
    assert paths(job.binaries_to_add) == ["mets.xml", "objects/1"]
    assert [(c.path, c.name) for c in job.containers_to_add] == [
        ("empty", "Nothing"),
        ("objects", None),
    ]
    assert job.binaries_to_add[1].name == "One"
    assert job.source_version is None
    assert not job.is_update


def test_nothing_changed_gives_seven_empty_lists() -> None:
    existing = group(METS, binary("objects/1", A, "One"), container("objects", "Obj"))
    job = run(workspace({"objects/1": A}, [described("objects/1")], folders=["objects"]), existing)
    assert job.is_empty


def test_an_update_finds_add_patch_delete_and_rename() -> None:
    existing = group(
        METS, container("o"), binary("o/1"), binary("o/2"), binary("o/3", A, "Three"), binary("o/4")
    )
    job = run(
        workspace(
            {"o/1": B, "o/3": A, "o/5": A},
            [
                described("o/1", B),
                described("o/3", name="Drei"),
                described("o/5"),
                described("o/4"),
            ],
            folders=["o"],
        ),
        existing,
    )
    assert paths(job.binaries_to_add) == ["o/5"]
    assert paths(job.binaries_to_patch) == ["o/1"]
    assert paths(job.binaries_to_delete) == ["o/2"]
    assert [(r.path, r.name) for r in job.binaries_to_rename] == [("o/3", "Drei")]
    assert paths(job.containers_to_add) == []


def test_a_deposit_with_mets_alone_knows_that_the_rest_is_unchanged() -> None:
    existing = group(METS, container("o"), binary("o/1"), binary("o/2"))
    space = workspace({}, [described("o/1"), described("o/2", None)], preserved=existing.members)
    assert run(space, existing).is_empty


def test_a_percent_encoded_href_is_the_file_that_is_there() -> None:
    job = run(workspace({"a b": A}, [described("a%20b")]))
    assert paths(job.binaries_to_add) == ["a b", "mets.xml"]


def test_every_undescribed_file_and_folder_is_named_at_once() -> None:
    error = refused(workspace({"x": A, "y": A}, [], folders=["z"]))
    assert isinstance(error, Unprocessable)
    assert {f.path for f in error.faults} == {"x", "y", "z"}
    assert {f.code for f in error.faults} == {"not-in-mets"}


def test_every_missing_file_is_named_at_once() -> None:
    error = refused(workspace({}, [described("x"), described("y", B)]))
    assert isinstance(error, BadRequest)
    assert {f.path for f in error.faults} == {"x", "y"}


def test_a_new_digest_without_bytes_is_a_missing_file() -> None:
    existing = group(METS, binary("x", A), binary("y"))
    error = refused(workspace({}, [described("x", B), described("y")]), existing)
    assert [(f.path, f.expected, f.found) for f in error.faults] == [("x", B, A)]


def test_an_edited_file_whose_mets_is_old_is_named() -> None:
    existing = group(METS, binary("x", A))
    error = refused(workspace({"x": B}, [described("x", A)]), existing)
    assert isinstance(error, BadRequest)
    assert [(f.path, f.expected, f.found) for f in error.faults] == [("x", A, B)]


def test_a_file_without_digest_is_refused_unless_it_was_proven() -> None:
    error = refused(workspace({"x": ""}, [described("x", None)]))
    assert isinstance(error, Unprocessable)
    assert error.faults[0].code == "no-digest"
    assert run(workspace({"x": B}, [described("x", None)])).binaries_to_add[1].digest == B


def test_a_wrong_size_is_named_and_zero_is_a_size() -> None:
    error = refused(workspace({"x": A}, [described("x", size=0)]))
    assert [(f.code, f.expected, f.found) for f in error.faults] == [("size-mismatch", "0", "3")]


def test_untied_entries_stop_everything() -> None:
    fault = Fault(code="untied-entry", message="dangling", path="FILE_9")
    existing = group(METS, binary("x"), binary("y"))
    error = refused(workspace({}, [described("x")], untied=(fault,)), existing)
    assert isinstance(error, Unprocessable)
    assert fault in error.faults


def test_no_mets_for_an_existing_group_is_refused() -> None:
    error = refused(workspace({}, [], mets=None), group(METS, binary("x")))
    assert isinstance(error, Unprocessable)
    assert error.problem == "no-mets"


def test_a_diff_that_would_delete_everything_is_refused() -> None:
    error = refused(workspace({}, []), group(METS, binary("x"), binary("y")))
    assert error.problem == "would-delete-everything"


def test_only_what_could_pass_as_unchanged_needs_proof() -> None:
    existing = group(METS, binary("same"), binary("patched"))
    space = join(
        files={MemberPath(p): (p, 3) for p in ("mets.xml", "same", "patched", "new")},
        folders={},
        description=Description(
            files=(described("same"), described("patched", B), described("new", B))
        ),
        mets=MemberPath("mets.xml"),
        preserved=existing.members,
        candidates=lambda path: (path,),
    )
    assert sorted(needs_proof(space, existing)) == ["mets.xml", "same"]


def test_two_entries_for_one_file_with_different_digests_contradict() -> None:
    error = refused(workspace({"x": A}, [described("x", A), described("x", B)]))
    assert any("twice" in fault.message for fault in error.faults)


def test_names_that_differ_in_form_alone_stay_two_files() -> None:
    """One is in the deposit, the other only preserved; METS names each in its own form."""
    existing = group(METS, binary("a b"), binary("a%20b", B))
    job = run(
        workspace(
            {"a b": C},
            [described("a%20b", B), described("a b", C)],
            preserved=existing.members,
        ),
        existing,
    )
    assert paths(job.binaries_to_patch) == ["a b"]
    assert job.binaries_to_delete == ()


def test_two_forms_of_one_name_are_one_file_where_there_is_only_one() -> None:
    job = run(workspace({"a b": A}, [described("a%20b"), described("a b")]))
    assert paths(job.binaries_to_add) == ["a b", "mets.xml"]


def test_a_guessed_folder_counts_only_where_it_is() -> None:
    guessed = DescribedFolder(path="pkg", name="Package", guessed=True)
    assert run(workspace({}, [], described_folders=[guessed])).containers_to_add == ()
    job = run(workspace({}, [], folders=["pkg"], described_folders=[guessed]))
    assert paths(job.containers_to_add) == ["pkg"]


TEMPLATE = [DescribedFolder(path=path) for path in ("objects", "metadata", "metadata/ad-hoc")]


def added(space: Workspace, existing: Group | None = None) -> list[str]:
    return [item.path for item in run(space, existing).containers_to_add]


def test_room_that_managed_mets_keeps_is_no_container() -> None:
    kept = group(binary("a"))
    files = [described("a")]
    space = workspace({}, files, described_folders=TEMPLATE, preserved=kept.members, managed=True)
    assert added(space, kept) == []
    foreign = workspace({}, files, described_folders=TEMPLATE, preserved=kept.members)
    assert added(foreign, kept) == ["metadata", "metadata/ad-hoc", "objects"]


def test_room_in_which_something_is_becomes_a_container() -> None:
    space = workspace(
        {"objects/a": A},
        [described("objects/a")],
        folders=["objects"],
        described_folders=[*TEMPLATE, DescribedFolder(path="metadata/mine")],
        managed=True,
    )
    assert added(space) == ["metadata", "metadata/mine", "objects"]
    there = workspace(
        {"a": A},
        [described("a")],
        folders=["metadata", "metadata/ad-hoc"],
        described_folders=TEMPLATE,
        managed=True,
    )
    assert added(there) == ["metadata", "metadata/ad-hoc"]
