"""The error matrix of diffs and import jobs: which condition gets which status, cell by cell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from support import matrix, samples, workflow
from support.matrix import UNKNOWN, Ground
from support.workflow import Json, fill, local, ok

Files = dict[str, bytes]


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """A server with a book of two versions."""
    with matrix.opened(tmp_path_factory.mktemp("matrix")) as opened:
        workflow.preserve_book(opened.client, opened.uri("book"), pages=1)
        yield opened


def short(deposit: Json) -> str:
    found: str = deposit["id"].rpartition("/")[2]
    return found


def make(ground: Ground, files: Files, *, path: str | None = None) -> Json:
    """A deposit for a group that is not there yet, with these files."""
    deposit = ground.deposit(path or workflow.fresh("group"), archivalGroupName="A group")
    fill(deposit, files)
    return deposit


def sound() -> Files:
    return samples.with_mets(samples.book(1))


def refused(
    ground: Ground,
    deposit: Json,
    status: int,
    code: str,
    *words: str,
    errors: set[str] | None = None,
) -> None:
    """The diff, and the import that refers to it, are refused in the same words."""
    path = f"/deposits/{short(deposit)}/importjobs"
    shown = ground.refused("GET", f"{path}/diff", status, code, *words, errors=errors)
    by_reference = {"id": f"{path}/diff"}
    posted = ground.refused("POST", path, status, code, *words, errors=errors, json=by_reference)
    assert (posted["detail"], posted.get("errors")) == (shown["detail"], shown.get("errors"))


# ----------------------------------------------------------- what is wrong with the deposit itself


@pytest.mark.contract("19.GET-diff.404", "19.POST-importjobs.404")
def test_an_unknown_deposit(ground: Ground) -> None:
    refused(ground, {"id": f"/deposits/{UNKNOWN}"}, 404, "no-deposit", UNKNOWN)


@pytest.mark.contract("19.GET-diff.400", "19.POST-importjobs.400")
def test_a_deposit_that_is_not_ready(ground: Ground) -> None:
    # row 2: it is exporting
    with ground.sleeping_worker():
        exporting = workflow.start_export(ground.client, ground.uri("book"))
        refused(ground, exporting, 400, "exporting", short(exporting))
    workflow.wait_for(ground.client, exporting["id"], "new")
    ok(ground.client.delete(exporting["id"]), 204)
    # row 3: it has no group
    bare = ground.deposit()
    fill(bare, sound())
    refused(ground, bare, 400, "no-archival-group", short(bare), "archivalGroup")
    # row 5: it has no files
    gone = ground.deposit(workflow.fresh("group"))
    local(gone["files"]).rmdir()
    refused(ground, gone, 400, "no-files", short(gone))
    job = written(gone, origin=gone["files"] + "objects/a.txt")
    path = f"/deposits/{short(gone)}/importjobs"
    ground.refused("POST", path, 400, "no-files", short(gone), json=job)


@pytest.mark.contract("19.GET-diff.400", "19.POST-importjobs.400")
def test_a_group_that_cannot_be_made(ground: Ground) -> None:
    """Row 6: its name is no name, or what is above it is missing or no Container."""
    odd = make(ground, sound())
    path = f"{ground.room}/a ~ b"
    ground.change_rows("UPDATE deposits SET group_path = ? WHERE id = ?", path, short(odd))
    refused(ground, odd, 400, "bad-path", "a ~ b")
    above = workflow.fresh("above")
    orphan = make(ground, sound(), path=f"{above}/inner")
    refused(ground, orphan, 400, "no-parent", f"{ground.room}/{above}", errors={above})
    workflow.preserve_book(ground.client, ground.uri(above), pages=1)
    refused(ground, orphan, 400, "inside-group", f"{ground.room}/{above}", errors={above})


@pytest.mark.contract(
    "19.GET-diff.409", "19.GET-diff.410", "19.POST-importjobs.409", "19.POST-importjobs.410"
)
def test_something_else_at_the_path_of_the_group(ground: Ground) -> None:
    path = workflow.fresh("late")
    deposit = make(ground, sound(), path=path)
    workflow.make_container(ground.client, f"{ground.room}/{path}")
    refused(ground, deposit, 409, "not-a-group", path, "Container", errors={path})
    ok(ground.client.delete(ground.uri(path)), 204)
    refused(ground, deposit, 410, "tombstone", path)


@pytest.mark.contract("19.GET-diff.409", "19.POST-importjobs.409")
def test_a_deposit_with_a_job(ground: Ground) -> None:
    """Row 4: a job of it waits, runs or has succeeded."""
    deposit = make(ground, sound())
    with ground.sleeping_worker():
        job = ok(workflow.post_diff(ground.client, deposit), 201).json()
        number = job["id"].rpartition("/")[2]
        refused(ground, deposit, 409, "already-imported", number, "waiting")
    assert workflow.wait(ground.client, job)["status"] == "completed"
    refused(ground, deposit, 409, "already-imported", number, "completed")


# --------------------------------------------------------------- what is wrong with METS and files


@pytest.mark.contract("19.GET-diff.400", "19.POST-importjobs.400")
def test_sizes_that_differ(ground: Ground) -> None:
    """Row 9. A size of 0 is a size: the books of this suite have an empty file."""
    book = samples.book(1)
    assert book["metadata/empty.txt"] == b""
    longer = [replace(entry, size=(entry.size or 0) + 1) for entry in samples.entries(book)]
    deposit = make(ground, {**book, "mets.xml": samples.plain_mets(longer)})
    words = ("expected 1", "found 0")
    refused(ground, deposit, 400, "size-mismatch", *words, errors=set(book))


@pytest.mark.contract(
    "19.GET-diff.400", "19.GET-diff.409", "19.POST-importjobs.400", "19.POST-importjobs.409"
)
def test_digests_that_differ(ground: Ground) -> None:
    """Rows 12 and 16: METS and bytes do not agree; the earlier row wins, so it is 400."""
    path, wrong = "objects/page 0001.png", "0" * 64
    book = samples.book(1)
    mets = samples.plain_mets(samples.entries(book, digests={path: wrong}))
    deposit = make(ground, {**book, "mets.xml": mets})
    # its bytes become known to the server when they come through it
    at = f"/v1/deposits/{short(deposit)}/files/{path}"
    assert ground.client.put(at, content=book[path]).is_success
    words = (wrong, samples.sha256(book[path]))
    refused(ground, deposit, 400, "digest-mismatch", path, *words, errors={path})


@pytest.mark.contract("19.GET-diff.400", "19.POST-importjobs.400")
def test_two_files_of_one_path(ground: Ground) -> None:
    """Row 13: two entries of METS are the same file; a file is where a folder is."""
    data = {"objects/a b.txt": b"x"}
    twice = [*samples.entries(data), *samples.entries({"objects/a%20b.txt": b"y"})]
    deposit = make(ground, {**data, "mets.xml": samples.plain_mets(twice)})
    refused(ground, deposit, 400, "digest-mismatch", "a b.txt", errors={"objects/a b.txt"})
    folder = [*samples.entries(data), samples.Entry(path="objects", digest="0" * 64, size=1)]
    deposit = make(ground, {**data, "mets.xml": samples.plain_mets(folder)})
    refused(ground, deposit, 400, "path-taken", "objects", errors={"objects"})


@pytest.mark.contract("19.GET-diff.400", "19.POST-importjobs.400")
def test_files_that_are_nowhere(ground: Ground) -> None:
    """Rows 18 and 19: METS lists what is neither in the deposit nor preserved as it says."""
    book = samples.book(1)
    added = book | {"objects/new 1.txt": b"1", "objects/new 2.txt": b"2"}
    lost = {"objects/new 1.txt", "objects/new 2.txt"}
    deposit = make(ground, {**book, "mets.xml": samples.with_mets(added)["mets.xml"]})
    refused(ground, deposit, 400, "missing-file", "objects/new 1.txt", errors=lost)
    # to be patched, of a group that is there
    changed = book | {"objects/page 0001.png": b"other bytes"}
    patching = make(ground, {"mets.xml": samples.with_mets(changed)["mets.xml"]}, path="book")
    words = ("objects/page 0001.png", samples.sha256(b"other bytes"))
    refused(ground, patching, 400, "missing-file", *words, errors={"objects/page 0001.png"})
    ok(ground.client.delete(patching["id"]), 204)


@pytest.mark.contract("19.GET-diff.422", "19.POST-importjobs.422")
def test_what_mets_lacks(ground: Ground) -> None:
    """Rows 14 and 17: a file, a folder."""
    stray = {"objects/stray 1.txt": b"1", "stray 2.txt": b"2"}
    deposit = make(ground, sound() | stray)
    refused(ground, deposit, 422, "not-in-mets", "mets.xml", errors=set(stray))
    deposit = make(ground, sound())
    (local(deposit["files"]) / "objects" / "stray folder").mkdir()
    folder = "objects/stray folder"
    refused(ground, deposit, 422, "not-in-mets", folder, "mets.xml", errors={folder})


@pytest.mark.contract(
    "19.GET-diff.400", "19.GET-diff.422", "19.POST-importjobs.400", "19.POST-importjobs.422"
)
@pytest.mark.parametrize("digest", [None, "d41d8cd98f00b204e9800998ecf8427e"])
def test_digests_that_nobody_states(ground: Ground, digest: str | None) -> None:
    """Rows 11 and 15: none at all, or none that is a SHA-256; either is 422."""
    book, path = samples.book(1), "objects/page 0001.png"
    mets = samples.plain_mets(samples.entries(book, digests={path: digest}))
    deposit = make(ground, {**book, "mets.xml": mets})
    refused(ground, deposit, 422, "no-digest", path, "SHA-256", errors={path})


@pytest.mark.contract("19.GET-diff.400", "19.POST-importjobs.400")
def test_content_types_that_differ_refuse_nothing(ground: Ground) -> None:
    """Row 10: what METS says is stored; else what the name stands for, or that it is bytes."""
    data = {"objects/a.txt": b"a", "objects/b.txt": b"b", "objects/c": b"c"}
    types: dict[str, str | None] = dict.fromkeys(data) | {"objects/a.txt": "image/png"}
    stored = {**types, "objects/b.txt": "text/plain", "objects/c": "application/octet-stream"}
    mets = samples.plain_mets(samples.entries(data, types=types))
    deposit = make(ground, {**data, "mets.xml": mets})
    workflow.run_diff(ground.client, deposit)
    found = workflow.binaries(workflow.load(ground.client, deposit["archivalGroup"]))
    assert {path: found[path]["contentType"] for path in data} == stored


@pytest.mark.contract("19.GET-diff.500", "19.GET-diff.422", "19.POST-importjobs.422")
def test_mets_that_cannot_be_read(ground: Ground) -> None:
    """Row 8: it does not count as none."""
    for mets in (b"", b"<mets:mets", b"no xml at all"):
        refused(ground, make(ground, sound() | {"mets.xml": mets}), 422, "bad-mets", "METS")
    no_mets = make(ground, samples.book(1))
    refused(ground, no_mets, 422, "not-in-mets", "no METS file", errors=set(samples.book(1)))


@pytest.mark.contract("19.GET-diff.500", "19.POST-importjobs.400")
def test_no_binary_comes_in_without_a_digest(ground: Ground) -> None:
    """Row 20: so every preserved one has its digest, and can be compared."""
    deposit = make(ground, {"mets.xml": b"no xml", "objects/a.txt": b"a"})
    job = written(deposit, origin=deposit["files"] + "objects/a.txt", digest=None)
    path = f"/deposits/{short(deposit)}/importjobs"
    ground.refused("POST", path, 400, "no-digest", "objects/a.txt", errors={"a.txt"}, json=job)
    loaded = workflow.load(ground.client, ground.uri("book"))
    assert all(len(each["digest"]) == 64 for each in workflow.binaries(loaded).values())


# -------------------------------------------------------------------------- jobs as they are sent


def written(deposit: Json, **item: object) -> Json:
    """A job that adds ``objects/a.txt``."""
    group = deposit["archivalGroup"]
    add = {"id": f"{group}/objects/a.txt", "name": "a", "digest": samples.sha256(b"a"), **item}
    listed = {name: value for name, value in add.items() if value is not None}
    return workflow.hand_written(deposit, group, binariesToAdd=[listed])


@pytest.mark.contract("19.POST-importjobs.400", "19.POST-importjobs.500")
def test_jobs_that_say_too_little_or_of_others(ground: Ground) -> None:
    deposit = make(ground, {"objects/a.txt": b"a"})
    other = make(ground, {"objects/a.txt": b"a"})
    path = f"/deposits/{short(deposit)}/importjobs"
    good = written(deposit, origin=deposit["files"] + "objects/a.txt")
    nameless = {name: value for name, value in good.items() if name != "id"}
    ground.refused("POST", path, 400, "missing-id", "no id", errors={"id"}, json=nameless)
    for named in (None, other["id"], f"https://elsewhere.example/deposits/{short(deposit)}"):
        job = {**good, "deposit": named}
        words = "does not say" if named is None else "another deposit"
        ground.refused("POST", path, 400, "wrong-deposit", words, errors={"deposit"}, json=job)
    # the diff of another deposit is none of this one's
    by_reference = {"id": f"{other['id']}/importjobs/diff"}
    ground.refused("POST", path, 400, "wrong-deposit", errors={"deposit"}, json=by_reference)
    for origin in (
        other["files"] + "objects/a.txt",
        "file:///etc/passwd",
        "https://elsewhere.example/a.txt",
        deposit["files"].rstrip("/") + "2/objects/a.txt",
    ):
        job = written(deposit, origin=origin)
        ground.refused("POST", path, 400, "foreign-origin", origin, errors={origin}, json=job)
    job = written(deposit, origin=deposit["files"] + "../" + short(other) + "/objects/a.txt")
    ground.refused("POST", path, 400, "bad-path", errors={".."}, json=job)
    job = written(deposit)
    ground.refused("POST", path, 400, "missing-origin", errors={"objects/a.txt"}, json=job)
    workflow.run_job(ground.client, deposit, good)


@pytest.mark.contract("19.POST-importjobs.409")
def test_jobs_that_others_stand_in_the_way_of(ground: Ground) -> None:
    """A lock of another agent; an import of another deposit into the same group."""
    group = workflow.fresh("busy")
    wrong = samples.entries(samples.book(1), digests={"objects/page 0001.png": "0" * 64})
    failed = make(ground, {**samples.book(1), "mets.xml": samples.plain_mets(wrong)}, path=group)
    ended = workflow.wait(ground.client, ok(workflow.post_diff(ground.client, failed), 201).json())
    assert ended["status"] == "completedWithErrors"
    fill(failed, sound())
    path = f"/deposits/{short(failed)}/importjobs"
    by_reference = {"id": f"{path}/diff"}
    hand = written(failed, origin=failed["files"] + "objects/a.txt")
    ok(ground.other.post(f"/deposits/{short(failed)}/lock"), 204)
    for job in (by_reference, hand):
        told = "Deposit is locked by another user: bob"
        ground.refused("POST", path, 409, "locked", told, json=job)
    ok(ground.other.delete(f"/deposits/{short(failed)}/lock"), 204)
    busy = make(ground, sound(), path=group)
    with ground.sleeping_worker():
        first = ok(workflow.post_diff(ground.client, busy), 201).json()
        ground.refused("POST", path, 409, "active-import", group, json=by_reference)
    assert workflow.wait(ground.client, first)["status"] == "completed"


@pytest.mark.contract("19.GET-results.404")
def test_results_that_are_not_there(ground: Ground) -> None:
    deposit, other = make(ground, sound()), ground.deposit()
    result = workflow.run_diff(ground.client, deposit)
    number = result["id"].rpartition("/")[2]
    pairs = ((deposit["id"], UNKNOWN), (other["id"], number), (f"/deposits/{UNKNOWN}", number))
    for of, job in pairs:
        path = f"/deposits/{of.rpartition('/')[2]}/importjobs/results"
        ground.refused("GET", f"{path}/{job}", 404, "no-job", job)
    assert ground.client.get(f"/deposits/{UNKNOWN}/importjobs/results").json() == []
