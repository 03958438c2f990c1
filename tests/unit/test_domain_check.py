"""Jobs that clients write: completed from what is known, refused with every fault at once."""

from collections.abc import Mapping

import pytest
from tests.unit.test_domain_diff import A, B, binary, container, group

from strongroom.domain import check
from strongroom.domain.description import DescribedFile
from strongroom.domain.importjob import ImportJob, ItemRequest, JobRequest
from strongroom.domain.paths import MemberPath, RepositoryPath
from strongroom.domain.resources import Group
from strongroom.errors import BadRequest, Conflict, Fault, StrongroomError

ROOT = "http://localhost:8000"
AG = f"{ROOT}/repository/l/g"
FILES = "file:///data/deposits/abc%20d/"
EXISTING = group(
    binary("mets.xml", B), container("objects"), binary("objects/1"), binary("objects/2")
)


def witness(origin: str) -> check.Witness | Fault:
    if origin in ("new.tif", "objects/1", "a b"):
        return check.Witness(size=3, content_type="image/tiff")
    return Fault(code="missing-file", message="not there", path=origin)


def item(path: str, **rest: object) -> ItemRequest:
    return ItemRequest(id=f"{AG}/{path}", **rest)  # type: ignore[arg-type]


def with_bytes(path: str, **rest: object) -> ItemRequest:
    return item(path, **({"origin": FILES + "new.tif", "digest": A} | rest))


def read(
    lists: Mapping[str, tuple[ItemRequest, ...]],
    existing: Group | None = EXISTING,
    **rest: object,
) -> ImportJob:
    return check.read(
        JobRequest(id="urn:mine", lists=lists, **rest),  # type: ignore[arg-type]
        group=RepositoryPath("l/g"),
        group_name="N",
        roots=(ROOT, ROOT + "/storage-api"),
        files=FILES,
        existing=existing,
        witnesses=witness,
        described={MemberPath("objects/1"): DescribedFile(path="objects/1", digest=B)},
        mets=None,
    )


def refused(
    lists: Mapping[str, tuple[ItemRequest, ...]],
    existing: Group | None = EXISTING,
    **rest: object,
) -> StrongroomError:
    with pytest.raises(StrongroomError) as caught:
        read(lists, existing, **rest)
    return caught.value


def test_a_patch_is_completed_from_the_deposit() -> None:
    job = read({"binaries_to_patch": (with_bytes("objects/1", digest=A.upper()),)})
    patched = job.binaries_to_patch[0]
    assert (patched.size, patched.digest, patched.origin) == (3, A, "new.tif")
    assert patched.content_type == "text/plain"  # as preserved, whatever the origin is called
    assert job.source_version == 1


@pytest.mark.parametrize(
    ("path", "stated", "found"),
    [
        ("x.png", "image/special", "image/special"),
        ("x.png", None, "image/png"),
        ("x", None, "image/tiff"),
    ],
)
def test_the_type_of_a_new_binary(path: str, stated: str | None, found: str) -> None:
    job = read({"binaries_to_add": (with_bytes(path, content_type=stated),)})
    assert job.binaries_to_add[0].content_type == found


def test_containers_that_an_addition_implies_are_part_of_the_job() -> None:
    job = read({"binaries_to_add": (with_bytes("new/deep/x"), with_bytes("objects/3"))})
    assert [c.path for c in job.containers_to_add] == ["new", "new/deep"]


def test_a_digest_may_come_from_mets() -> None:
    job = read({"binaries_to_patch": (with_bytes("objects/1", digest=None),)})
    assert job.binaries_to_patch[0].digest == B


def test_origins_are_accepted_escaped_and_raw() -> None:
    for origin in (FILES + "a%20b", "file:///data/deposits/abc d/a b"):
        job = read({"binaries_to_add": (with_bytes("x", origin=origin),)})
        assert job.binaries_to_add[0].origin == "a b"


@pytest.mark.parametrize(
    "origin",
    [
        "file:///etc/passwd",
        FILES + "../../etc/passwd",
        FILES + "%2e%2e/x",
        FILES + "a%2Fb",
        FILES,
        "file:///data/deposits/abc%20dx/new.tif",
        "https://example.com/x",
        "new.tif",
        "",
    ],
)
def test_origins_outside_the_deposit_are_refused(origin: str) -> None:
    error = refused({"binaries_to_add": (with_bytes("x", origin=origin),)})
    assert isinstance(error, BadRequest)


@pytest.mark.parametrize(
    ("lists", "code", "kind"),
    [
        ({"binaries_to_add": (with_bytes("objects/1"),)}, "already-there", Conflict),
        ({"binaries_to_add": (with_bytes("objects"),)}, "already-there", Conflict),
        ({"binaries_to_patch": (with_bytes("objects/9"),)}, "not-there", Conflict),
        ({"binaries_to_patch": (with_bytes("objects"),)}, "not-there", Conflict),
        ({"binaries_to_delete": (item("objects/9"),)}, "not-there", Conflict),
        ({"containers_to_delete": (item("objects"),)}, "container-not-empty", Conflict),
        ({"containers_to_add": (item("objects"),)}, "already-there", Conflict),
        ({"binaries_to_add": (with_bytes("objects/1/x"),)}, "path-taken", Conflict),
        ({"binaries_to_rename": (item("objects/9", name="x"),)}, "not-there", Conflict),
        ({"binaries_to_rename": (item("objects/1", name=" "),)}, "no-name", BadRequest),
        ({"binaries_to_add": (with_bytes("x", digest="nonsense"),)}, "bad-digest", BadRequest),
        ({"binaries_to_add": (with_bytes("x", digest=None),)}, "no-digest", BadRequest),
        ({"binaries_to_add": (with_bytes("x", size=4),)}, "size-mismatch", BadRequest),
        ({"binaries_to_add": (with_bytes("x", origin=None),)}, "missing-origin", BadRequest),
        (
            {"binaries_to_add": (with_bytes("x", origin=FILES + "gone"),)},
            "missing-file",
            BadRequest,
        ),
        ({"binaries_to_add": (ItemRequest(origin=FILES + "new.tif"),)}, "missing-id", BadRequest),
        ({"binaries_to_delete": (ItemRequest(id="http://x/y"),)}, "foreign-id", BadRequest),
        (
            {"binaries_to_delete": (ItemRequest(id=f"{ROOT}/repository/l/other/x"),)},
            "outside-group",
            BadRequest,
        ),
        ({"binaries_to_add": (with_bytes(".strongroom/x"),)}, "reserved-path", BadRequest),
        ({"binaries_to_add": (with_bytes("a/%2e%2e/b"),)}, "bad-path", BadRequest),
        (
            {"binaries_to_add": (with_bytes("x"),), "binaries_to_delete": (item("x"),)},
            "duplicate-id",
            BadRequest,
        ),
        ({"binaries_to_add": (with_bytes("x"), with_bytes("x"))}, "duplicate-id", BadRequest),
    ],
)
def test_what_contradicts_is_refused(
    lists: Mapping[str, tuple[ItemRequest, ...]], code: str, kind: type[StrongroomError]
) -> None:
    error = refused(lists)
    assert isinstance(error, kind)
    assert code in {fault.code for fault in error.faults}


def test_all_faults_are_named_at_once() -> None:
    error = refused(
        {
            "binaries_to_add": (with_bytes("objects/1"), with_bytes("y", origin=FILES + "gone")),
            "binaries_to_delete": (item("nope"),),
        },
        archival_group=ROOT + "/repository/l/other",
        source_version="v7",
    )
    assert isinstance(error, BadRequest)
    assert {f.code for f in error.faults} == {
        "wrong-group",
        "missing-file",
        "already-there",
        "not-there",
        "stale-version",
    }


@pytest.mark.parametrize("version", ["v1", "20260101000000", None])
def test_the_head_is_a_legal_source(version: str | None) -> None:
    assert read({"binaries_to_delete": (item("objects/1"),)}, source_version=version)


def test_is_update_must_be_true_where_a_group_is() -> None:
    assert refused({}, is_update=False).problem == "stale-job"
    assert refused({}, None, is_update=True).problem == "stale-job"


def test_a_new_group_needs_a_name() -> None:
    with pytest.raises(BadRequest) as caught:
        check.read(
            JobRequest(id="x"),
            group=RepositoryPath("l/g"),
            group_name=None,
            roots=(ROOT,),
            files=FILES,
            existing=None,
            witnesses=witness,
            described={},
            mets=None,
        )
    assert caught.value.problem == "no-name"


def test_deleting_a_container_with_all_that_is_in_it() -> None:
    job = read(
        {
            "binaries_to_delete": (item("objects/1"), item("objects/2")),
            "containers_to_delete": (item("objects"),),
        }
    )
    assert [c.path for c in job.containers_to_delete] == ["objects"]


def test_deleting_a_container_that_something_is_added_to() -> None:
    error = refused(
        {
            "binaries_to_delete": (item("objects/1"), item("objects/2")),
            "containers_to_delete": (item("objects"),),
            "binaries_to_add": (with_bytes("objects/3"),),
        }
    )
    assert error.problem == "container-not-empty"


def test_hash_and_raw_forms_name_the_same_member() -> None:
    for name in ("a-_-percent-23-_-b", "a%23b", "a#b"):
        job = read({"binaries_to_add": (with_bytes(name),)})
        assert job.binaries_to_add[0].path == "a#b"
