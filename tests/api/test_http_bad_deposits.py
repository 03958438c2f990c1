"""Deposits that cannot be trusted: each gets a clear problem, and nothing changes."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from support import ocfl_check, samples, workflow
from support.server import Server, without_file_privileges
from support.shapes import assert_problem
from support.workflow import (
    Json,
    assert_holds,
    fill,
    load,
    local,
    make_deposit,
    make_filled,
    ok,
    post_diff,
    preserve,
    run_diff,
    wait,
)

Files = dict[str, bytes]


@pytest.fixture
def preserved(client: httpx.Client, group: str) -> Files:
    files = samples.with_mets(samples.book(3))
    preserve(client, group, files)
    return files


def assert_refused(
    server: Server,
    client: httpx.Client,
    deposit: Json,
    status: int | tuple[int, ...],
    errors: set[str] | None = None,
) -> None:
    """Diff and import by reference are refused alike, and nothing changes."""
    group = deposit["archivalGroup"]

    def look() -> object:
        return (
            client.get(group).json() if client.head(group).status_code == 200 else None,
            client.get(deposit["id"]).content,
            client.get(f"{deposit['id']}/importjobs/results").content,
            ocfl_check.snapshot(ocfl_check.find_root(server.data)),
        )

    before = look()
    shown = assert_problem(client.get(f"{deposit['id']}/importjobs/diff"), status, errors=errors)
    posted = assert_problem(post_diff(client, deposit), status, errors=errors)
    assert posted["detail"] == shown["detail"]
    assert look() == before


# ------------------------------------------------------------------------ states of the deposit


def test_a_deposit_without_a_group(client: httpx.Client) -> None:
    deposit = make_deposit(client)
    fill(deposit, samples.with_mets(samples.book(1)))
    assert_problem(client.get(f"{deposit['id']}/importjobs/diff"), 400)
    assert_problem(post_diff(client, deposit), 400)


def test_a_group_whose_parents_are_missing(server: Server, client: httpx.Client, room: str) -> None:
    group = f"{server.url}/repository/{room}/absent/book"
    deposit = make_filled(client, group, samples.with_mets(samples.book(1)))
    assert_refused(server, client, deposit, (400, 409))
    workflow.make_container(client, f"{room}/absent")
    run_diff(client, deposit)


def test_a_group_path_that_became_a_container(
    server: Server, client: httpx.Client, room: str
) -> None:
    group = f"{server.url}/repository/{room}/late"
    deposit = make_filled(client, group, samples.with_mets(samples.book(1)))
    workflow.make_container(client, f"{room}/late")
    assert_problem(client.get(f"{deposit['id']}/importjobs/diff"), (400, 409))
    ok(client.delete(f"/repository/{room}/late"), 204)
    assert_problem(client.get(f"{deposit['id']}/importjobs/diff"), (400, 409, 410))


def test_a_new_group_without_any_name(server: Server, client: httpx.Client, group: str) -> None:
    book = samples.book(1)
    mets = samples.plain_mets(samples.entries(book), title="")
    deposit = make_filled(client, group, {**book, "mets.xml": mets}, name=None)
    answer = post_diff(client, deposit)
    assert_problem(answer, (400, 422))
    ok(client.patch(deposit["id"], json={"archivalGroupName": "Now it has one"}))
    run_diff(client, deposit)


# ------------------------------------------------------------------ METS and files disagree


def test_files_that_mets_does_not_describe(
    server: Server, client: httpx.Client, group: str
) -> None:
    files = samples.with_mets(samples.book(1))
    extra = {"objects/extra é #1.txt", "stray.txt", "Thumbs.db"}
    deposit = make_filled(client, group, {**files, **dict.fromkeys(extra, b"x")})
    assert_refused(server, client, deposit, 422, errors=extra)


def test_folders_that_mets_does_not_describe(
    server: Server, client: httpx.Client, group: str
) -> None:
    deposit = make_filled(client, group, samples.with_mets(samples.book(1)))
    for name in ("stray folder", "objects/another"):
        (local(deposit["files"]) / name).mkdir()
    assert_refused(server, client, deposit, 422, errors={"stray folder", "objects/another"})


def test_files_that_are_not_in_the_deposit(
    server: Server, client: httpx.Client, group: str
) -> None:
    book = samples.book(3)
    files = samples.with_mets(book)
    missing = {"objects/page 0001.png", "objects/alto/0003.xml"}
    deposit = make_filled(client, group, {p: d for p, d in files.items() if p not in missing})
    assert_refused(server, client, deposit, 400, errors=missing)


def test_changed_files_that_are_not_in_the_deposit(
    server: Server, client: httpx.Client, group: str, preserved: Files
) -> None:
    book = samples.book(3)
    changed = {"objects/page 0001.png", "objects/page 0003.png"}
    for path in changed:
        book[path] = b"new bytes " + path.encode()
    deposit = make_deposit(client, archivalGroup=group)
    fill(deposit, {"mets.xml": samples.with_mets(book)["mets.xml"]})
    assert_refused(server, client, deposit, 400, errors=changed)


def test_sizes_that_differ(server: Server, client: httpx.Client, group: str) -> None:
    book = samples.book(2)
    described = [
        samples.Entry(path=e.path, digest=e.digest, size=(e.size or 0) + 1, content_type="x/y")
        for e in samples.entries(book)
    ]
    files = {**book, "mets.xml": samples.plain_mets(described)}
    deposit = make_filled(client, group, files)
    assert_refused(server, client, deposit, 400, errors=set(book))


@pytest.mark.contract("16.18")
@pytest.mark.parametrize("digest", [None, "", "d41d8cd98f00b204e9800998ecf8427e", "z" * 64])
def test_digests_that_are_missing(
    server: Server, client: httpx.Client, group: str, digest: str | None
) -> None:
    book = samples.book(2)
    some = {path: digest for path in book if path.endswith(".png")}
    files = {**book, "mets.xml": samples.plain_mets(samples.entries(book, digests=some))}
    deposit = make_filled(client, group, files)
    assert_refused(server, client, deposit, 422, errors=set(some))


@pytest.mark.contract("16.39", "17.7")
def test_wrong_digests_fail_the_job_and_are_all_named(
    server: Server, client: httpx.Client, group: str
) -> None:
    book = samples.book(3)
    wrong = {path: samples.sha256(path.encode()) for path in book if path.endswith(".png")}
    files = {**book, "mets.xml": samples.plain_mets(samples.entries(book, digests=dict(wrong)))}
    deposit = make_filled(client, group, files)
    stored = ocfl_check.snapshot(ocfl_check.find_root(server.data))
    result = wait(client, ok(post_diff(client, deposit), 201).json())
    assert result["status"] == "completedWithErrors"
    assert result["newVersion"] is None
    assert result["binariesAdded"] == []
    assert result["containersAdded"] == []
    told = [f"{error['id'] or ''} {error['message']}" for error in result["errors"]]
    for path, digest in wrong.items():
        (line,) = [line for line in told if workflow.encoded(path) in line or path in line]
        assert digest in line
        assert samples.sha256(book[path]) in line
    assert client.head(group).status_code == 404
    assert ocfl_check.snapshot(ocfl_check.find_root(server.data)) == stored
    after = client.get(deposit["id"]).json()
    assert after["status"] == "error"
    assert after["active"] is False
    assert (after["preserved"], after["versionPreserved"]) == (None, None)
    # put right, the same deposit can be tried again
    fill(deposit, samples.with_mets(book))
    run_diff(client, deposit)
    assert_holds(client, group, samples.with_mets(book))
    statuses = [r["status"] for r in client.get(f"{deposit['id']}/importjobs/results").json()]
    assert statuses == ["completedWithErrors", "completed"]


def test_two_entries_for_one_file(server: Server, client: httpx.Client, group: str) -> None:
    data = {"objects/a b.txt": b"x"}
    one = samples.entries(data)
    two = [samples.Entry(path="objects/a%20b.txt", digest="0" * 64, size=1)]
    deposit = make_filled(client, group, {**data, "mets.xml": samples.plain_mets([*one, *two])})
    assert_refused(server, client, deposit, (400, 409, 422), errors={"objects/a b.txt"})


# --------------------------------------------------------------------------------- bad METS

BAD_METS = {
    "a DTD": b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>',
    "an entity bomb": b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;">]>',
    "an external DTD": b'<!DOCTYPE x SYSTEM "http://localhost:1/x.dtd">',
}


@pytest.mark.parametrize("prologue", BAD_METS.values(), ids=BAD_METS)
def test_mets_with_a_doctype(
    server: Server, client: httpx.Client, group: str, prologue: bytes
) -> None:
    files = samples.with_mets(samples.book(1))
    declaration, _, rest = files["mets.xml"].partition(b"\n")
    files["mets.xml"] = declaration + prologue + rest.replace(b"A sample", b"&e;")
    deposit = make_filled(client, group, files)
    assert_refused(server, client, deposit, 422)
    ok(client.get(deposit["id"]))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda mets: mets[:-20],
        lambda mets: b"",
        lambda mets: b"not xml at all",
        lambda mets: mets.replace(b"</mets:fileSec>", b""),
        lambda mets: mets + b"<more/>",
        lambda mets: b"<html/>",
        lambda mets: mets.replace(b"http://www.loc.gov/METS/", b"http://www.loc.gov/METS/v2"),
        lambda mets: mets.replace(b"A sample", b"\xff\xfe"),
        lambda mets: b"<a>" * 300 + b"</a>" * 300,
    ],
    ids=[
        "cut",
        "empty",
        "text",
        "unbalanced",
        "two roots",
        "html",
        "mets 2",
        "not utf-8",
        "deep",
    ],
)
def test_mets_that_cannot_be_read(
    server: Server, client: httpx.Client, group: str, spoil: Callable[[bytes], bytes]
) -> None:
    files = samples.with_mets(samples.book(1))
    files["mets.xml"] = spoil(files["mets.xml"])
    deposit = make_filled(client, group, files)
    assert_refused(server, client, deposit, 422)
    assert client.get(f"{deposit['id']}/mets").content == files["mets.xml"]


@pytest.mark.parametrize(
    "href",
    [
        "../../../etc/passwd",
        "/etc/passwd",
        "file:///etc/passwd",
        "http://elsewhere.example/x.png",
        "objects/../../x.png",
        "",
    ],
)
def test_entries_that_lead_out_of_the_deposit(
    server: Server, client: httpx.Client, group: str, preserved: Files, href: str
) -> None:
    # the entry that went astray was a page; to delete that page would be a guess
    mets = preserved["mets.xml"].replace(
        b'xlink:href="objects/page 0002.png"', f'xlink:href="{href}"'.encode()
    )
    deposit = make_deposit(client, archivalGroup=group)
    fill(deposit, {"mets.xml": mets})
    assert_refused(server, client, deposit, 422, errors={href} if href else None)


def test_dangling_entries(
    server: Server, client: httpx.Client, group: str, preserved: Files
) -> None:
    mets = preserved["mets.xml"]
    for number in (1, 2):
        mets = mets.replace(
            f'<mets:fptr FILEID="file-f{number}"/>'.encode(),
            f'<mets:fptr FILEID="lost-{number}"/>'.encode(),
        )
    deposit = make_deposit(client, archivalGroup=group)
    fill(deposit, {"mets.xml": mets})
    assert_refused(server, client, deposit, 422, errors={"lost-1", "lost-2"})


# ---------------------------------------------------------- nothing is deleted out of ignorance


def test_no_mets_for_an_existing_group(
    server: Server, client: httpx.Client, group: str, preserved: Files
) -> None:
    deposit = make_deposit(client, archivalGroup=group)
    (local(deposit["files"]) / "mets.xml").unlink()
    assert_refused(server, client, deposit, 422)
    fill(deposit, {"objects/page 0001.png": samples.page(9)})
    assert_refused(server, client, deposit, 422)


def test_no_mets_for_a_new_group(server: Server, client: httpx.Client, group: str) -> None:
    book = samples.book(1)
    deposit = make_filled(client, group, book)
    assert_refused(server, client, deposit, 422, errors=set(book))
    empty = make_deposit(client, archivalGroup=group + "-2", archivalGroupName="N")
    assert_refused(server, client, empty, 422)


@pytest.mark.parametrize("name", ["mets.xml", "other-mets.xml"])
def test_a_diff_that_would_remove_everything(
    server: Server, client: httpx.Client, group: str, preserved: Files, name: str
) -> None:
    deposit = make_deposit(client, archivalGroup=group)
    (local(deposit["files"]) / "mets.xml").unlink()
    fill(deposit, {name: samples.plain_mets([])})
    assert_refused(server, client, deposit, 422)


def test_a_folder_that_vanished_from_the_share_is_no_deletion(
    server: Server, client: httpx.Client, group: str, preserved: Files
) -> None:
    deposit = make_deposit(client, archivalGroup=group)
    folder = local(deposit["files"])
    hidden = folder.with_name(folder.name + "-hidden")
    folder.rename(hidden)
    try:
        answer = client.get(f"{deposit['id']}/importjobs/diff")
        assert_problem(answer, (400, 404, 409, 422, 503))
    finally:
        with contextlib.suppress(OSError):
            folder.rmdir()
        hidden.rename(folder)
    assert_holds(client, group, preserved)


# ------------------------------------------------------------------------ what is no plain file


def make_link(path: Path) -> None:
    path.symlink_to("/etc/passwd")


def make_inner_link(path: Path) -> None:
    path.symlink_to("page 0001.png")


def make_folder_link(path: Path) -> None:
    path.symlink_to("/etc")


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


@pytest.mark.parametrize("make", [make_link, make_inner_link, make_folder_link, make_pipe])
@pytest.mark.parametrize("described", [True, False])
def test_links_and_devices_are_refused_and_named(
    server: Server,
    client: httpx.Client,
    group: str,
    make: Callable[[Path], None],
    described: bool,
) -> None:
    path = "objects/odd one.txt"
    book = samples.book(1)
    told = {**book, path: Path("/etc/passwd").read_bytes()} if described else book
    files = {**book, "mets.xml": samples.plain_mets(samples.entries(told))}
    deposit = make_filled(client, group, files)
    make(local(deposit["files"]) / path)
    assert_refused(server, client, deposit, (400, 422), errors={path})


def test_a_mets_that_is_a_link(
    server: Server, client: httpx.Client, group: str, tmp_path: Path
) -> None:
    files = samples.with_mets(samples.book(1))
    outside = tmp_path / "outside.xml"
    outside.write_bytes(files.pop("mets.xml"))
    deposit = make_filled(client, group, files)
    (local(deposit["files"]) / "mets.xml").symlink_to(outside)
    assert_refused(server, client, deposit, (400, 422), errors={"mets.xml"})
    answer = client.get(f"{deposit['id']}/mets")
    assert_problem(answer, (400, 404, 422))
    assert b"amdSec" not in answer.content


def test_a_name_that_is_not_utf_8(server: Server, client: httpx.Client, group: str) -> None:
    deposit = make_filled(client, group, samples.with_mets(samples.book(1)))
    raw = os.fsencode(local(deposit["files"])) + b"/objects/caf\xe9.txt"
    with open(raw, "wb") as out:
        out.write(b"latin-1")
    assert_refused(server, client, deposit, (400, 422), errors={"objects"})


def test_the_servers_own_folder_cannot_be_deposited(
    server: Server, client: httpx.Client, group: str
) -> None:
    book = samples.book(1) | {".strongroom/resources.json": b"{}", ".fcrepo/fcr-root.json": b"{}"}
    deposit = make_filled(client, group, samples.with_mets(book))
    assert_refused(
        server,
        client,
        deposit,
        400,
        errors={".strongroom/resources.json", ".fcrepo/fcr-root.json"},
    )


def test_a_file_and_a_folder_of_one_name(server: Server, client: httpx.Client, group: str) -> None:
    book = samples.book(1)
    mets = samples.plain_mets(
        [*samples.entries(book), samples.Entry(path="objects", digest="0" * 64, size=3)]
    )
    deposit = make_filled(client, group, {**book, "mets.xml": mets})
    assert_refused(server, client, deposit, (400, 422), errors={"objects"})


def test_an_unreadable_file(start_server: Callable[..., Server]) -> None:
    prefix = without_file_privileges()
    if prefix is None:
        pytest.skip("root reads every file, and setpriv cannot take that privilege away here")
    server = start_server(prefix=prefix)
    with workflow.connect(server.url) as client:
        group = f"{server.url}/repository/book"
        files = samples.with_mets(samples.book(2))
        deposit = make_filled(client, group, files)
        shut = {"objects/page 0001.png", "objects/page 0002.png"}
        for path in shut:
            (local(deposit["files"]) / path).chmod(0)
        answer = post_diff(client, deposit)
        if answer.status_code == 201:
            result = wait(client, answer.json())
            assert result["status"] == "completedWithErrors"
            told = str(result["errors"])
            assert all(path in told or workflow.encoded(path) in told for path in shut)
        else:
            assert_problem(answer, (400, 422), errors=shut)
        assert client.head(group).status_code == 404
        for path in shut:
            (local(deposit["files"]) / path).chmod(0o600)
        run_diff(client, deposit)
        assert_holds(client, group, files)
        ocfl_check.assert_root_valid(ocfl_check.find_root(server.data))


def test_a_file_that_changes_after_the_diff(client: httpx.Client, group: str) -> None:
    files = samples.with_mets(samples.book(2))
    deposit = make_filled(client, group, files)
    diff = workflow.get_diff(client, deposit)
    fill(deposit, {"objects/page 0001.png": b"swapped in between"})
    answer = workflow.post_job(client, deposit, diff)
    if answer.status_code == 201:
        assert wait(client, answer.json())["status"] == "completedWithErrors"
    else:
        assert_problem(answer, (400, 409, 422), errors={"objects/page 0001.png"})
    assert client.head(group).status_code == 404


def test_all_kinds_of_faults_are_named_at_once(
    server: Server, client: httpx.Client, group: str, preserved: Files
) -> None:
    book = samples.book(3) | {"objects/absent.txt": b"never arrives"}
    mets = samples.plain_mets(
        samples.entries(book, digests={"objects/page 0001.png": samples.sha256(b"other")})
    )
    deposit = make_deposit(client, archivalGroup=group)
    fill(deposit, {"mets.xml": mets, "objects/stray.txt": b"stray"})
    (local(deposit["files"]) / "objects/link").symlink_to("/etc/passwd")
    (local(deposit["files"]) / "stray folder").mkdir()
    assert_refused(
        server,
        client,
        deposit,
        (400, 422),
        errors={
            "objects/absent.txt",
            "objects/page 0001.png",
            "objects/stray.txt",
            "objects/link",
            "stray folder",
        },
    )
    assert_holds(client, group, preserved)
    assert load(client, group)["version"]["ocflVersion"] == "v1"
