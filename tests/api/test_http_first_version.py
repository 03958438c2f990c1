"""A new Archival Group: by reference to the diff, by a diff posted back, and edited before."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, unquote

import httpx
import pytest

from support import ocfl_check, samples, workflow
from support.server import Server
from support.shapes import (
    DIGEST,
    JOB_LISTS,
    MEMENTO_TIME,
    MINTED,
    RESULT_LISTS,
    UTC_TIME,
    assert_problem,
    assert_shape,
)
from support.workflow import (
    assert_holds,
    binaries,
    containers,
    fill,
    get_diff,
    local,
    make_deposit,
    make_filled,
    ok,
    paths_of,
    post_diff,
    post_job,
    preserve,
    run_diff,
    run_job,
    wait,
)


@pytest.mark.contract("16.2", "16.3")
def test_the_whole_first_version_step_by_step(
    server: Server, client: httpx.Client, group: str
) -> None:
    deposit = make_deposit(client)
    files = samples.with_mets(samples.book(3), title="Title in METS")
    fill(deposit, files)
    ok(client.patch(deposit["id"], json={"archivalGroup": group, "archivalGroupName": "My book"}))

    answer = ok(post_diff(client, deposit), 201)
    begun = answer.json()
    assert_shape("ImportJobResult", begun)
    short = begun["id"].rpartition("/")[2]
    assert MINTED.fullmatch(short)
    assert begun["id"] == f"{deposit['id']}/importjobs/results/{short}"
    assert answer.headers["location"] == begun["id"]
    assert begun["deposit"] == deposit["id"]
    assert begun["archivalGroup"] == group
    assert begun["originalImportJob"] == f"{deposit['id']}/importjobs/diff"
    assert begun["createdBy"] == f"{server.url}/agents/dlipdev"
    assert begun["status"] in ("waiting", "running")

    result = wait(client, begun)
    assert_shape("ImportJobResult", result)
    assert result["status"] == "completed"
    assert result["errors"] is None
    assert result["sourceVersion"] is None
    assert result["newVersion"] == "v1"
    assert result["created"] == begun["created"]
    assert UTC_TIME.fullmatch(result["dateBegun"])
    assert result["created"] <= result["dateBegun"] <= result["dateFinished"]
    assert paths_of(result["binariesAdded"], group) == sorted(files)
    assert paths_of(result["containersAdded"], group) == ["metadata", "objects", "objects/alto"]
    for name in set(RESULT_LISTS) - {"binariesAdded", "containersAdded"}:
        assert result[name] == [], name

    after = workflow.get(client, deposit["id"])
    assert after["status"] == "preserved"
    assert after["active"] is False
    assert after["preserved"] == result["dateFinished"]
    assert after["preservedBy"] == result["createdBy"]
    assert after["versionPreserved"] == "v1"
    assert after["archivalGroupExists"] is True
    assert after["lastModified"] == result["dateFinished"]

    loaded = assert_holds(client, group, files)
    assert loaded["name"] == "My book"
    ocfl_check.assert_root_valid(ocfl_check.find_root(server.data))


def test_the_lists_of_a_result_are_the_stored_resources(client: httpx.Client, group: str) -> None:
    result = preserve(client, group, samples.with_mets(samples.book(2)))
    stored = binaries(workflow.load(client, group))
    assert len(result["binariesAdded"]) == len(stored)
    for item in result["binariesAdded"]:
        assert_shape("Binary", item)
        assert "origin" not in item
        same = stored[workflow.decoded(item["id"], group)]
        for name in ("id", "name", "digest", "contentType", "size", "content", "created"):
            assert item[name] == same[name], name
    for item in result["containersAdded"]:
        assert_shape("Container", item)
        assert "origin" not in item


def test_lists_stay_empty_until_the_job_has_ended(client: httpx.Client, group: str) -> None:
    files = {f"objects/{n:04d}.txt": f"{n}".encode() for n in range(1500)}
    deposit = make_filled(client, group, samples.with_mets(files))
    now = ok(post_diff(client, deposit), 201).json()
    seen = set()
    while now["status"] not in ("completed", "completedWithErrors"):
        seen.add(now["status"])
        assert_shape("ImportJobResult", now)
        assert now["dateFinished"] is None
        assert now["newVersion"] is None
        assert now["errors"] is None
        assert (now["dateBegun"] is None) == (now["status"] == "waiting")
        assert all(now[name] == [] for name in RESULT_LISTS)
        now = workflow.get(client, now["id"])
    assert "waiting" in seen or "running" in seen
    assert now["status"] == "completed"
    assert len(now["binariesAdded"]) == 1501


# ------------------------------------------------------------------------------- the diff


@pytest.mark.contract("16.1")
def test_the_diff_of_a_new_group(server: Server, client: httpx.Client, group: str) -> None:
    book = samples.book(2)
    files = samples.with_mets(book, labels={"metadata/empty.txt": "Nothing in it"})
    deposit = make_filled(client, group, files, name="My book")
    diff = get_diff(client, deposit)
    assert_shape("ImportJob", diff)
    ticks = diff["id"].rpartition("/")[2]
    assert diff["id"] == f"{deposit['id']}/importjobs/transient/{ticks}"
    assert 638_000_000_000_000_000 < int(ticks) < 700_000_000_000_000_000
    assert diff["originalId"] == f"{deposit['id']}/importjobs/diff"
    assert diff["type"] == "ImportJob"
    assert diff["deposit"] == deposit["id"]
    assert diff["archivalGroup"] == group
    assert diff["archivalGroupName"] == "My book"
    assert diff["source"] == deposit["files"]
    assert diff["isUpdate"] is False
    assert diff["sourceVersion"] is None
    assert UTC_TIME.fullmatch(diff["created"])
    assert diff["createdBy"] == diff["lastModifiedBy"] == f"{server.url}/agents/dlipdev"
    for name in set(JOB_LISTS) - {"binariesToAdd", "containersToAdd"}:
        assert diff[name] == [], name
    assert paths_of(diff["containersToAdd"], group) == ["metadata", "objects", "objects/alto"]
    for item in diff["containersToAdd"]:
        assert_shape("Container", item)
        assert item["containers"] == []
        assert item["binaries"] == []
        assert item["created"] is None
        assert unquote(item["origin"]).startswith(deposit["files"])
    assert paths_of(diff["binariesToAdd"], group) == sorted(files)
    for item in diff["binariesToAdd"]:
        assert_shape("Binary", item)
        path = workflow.decoded(item["id"], group)
        assert item["digest"] == samples.sha256(files[path])
        assert item["size"] == len(files[path])
        assert item["contentType"] == samples.content_type(path)
        assert local(item["origin"]).read_bytes() == files[path]
        assert item["name"] == (
            "Nothing in it" if path == "metadata/empty.txt" else path.rpartition("/")[2]
        )
        for name in ("content", "created", "createdBy", "lastModified", "lastModifiedBy"):
            assert item[name] is None
    # asking changes nothing
    assert client.get(deposit["id"]).json()["status"] == "new"
    assert client.head(group).status_code == 404


@pytest.mark.parametrize(
    ("name", "title", "expected"),
    [("Deposit", "METS", "Deposit"), (None, "METS & more", "METS & more")],
)
def test_where_the_groups_name_comes_from(
    client: httpx.Client, group: str, name: str | None, title: str, expected: str
) -> None:
    files = samples.with_mets(samples.book(1), title=title)
    deposit = make_filled(client, group, files, name=name)
    assert get_diff(client, deposit)["archivalGroupName"] == expected
    run_diff(client, deposit)
    assert workflow.load(client, group)["name"] == expected


def test_a_fetched_diff_can_be_posted_back(client: httpx.Client, group: str) -> None:
    files = samples.with_mets(samples.book(2))
    deposit = make_filled(client, group, files)
    diff = get_diff(client, deposit)
    result = run_job(client, deposit, diff)
    assert result["importJob"] == diff["id"]
    assert result["originalImportJob"] == diff["originalId"]
    assert_holds(client, group, files)


def test_a_fetched_diff_can_be_edited_first(client: httpx.Client, group: str) -> None:
    files = samples.with_mets(samples.book(2))
    deposit = make_filled(client, group, files)
    diff = get_diff(client, deposit)
    diff["archivalGroupName"] = "A better name"
    left_out = "metadata/empty.txt"
    diff["binariesToAdd"] = [
        item for item in diff["binariesToAdd"] if not item["id"].endswith(left_out)
    ]
    diff["containersToAdd"] = [
        item for item in diff["containersToAdd"] if not item["id"].endswith("/metadata")
    ]
    for item in diff["binariesToAdd"]:
        if item["id"].endswith("mets.xml"):
            item["name"] = "The METS"
            item["contentType"] = "text/xml"
    run_job(client, deposit, diff)
    del files[left_out]
    loaded = assert_holds(client, group, files)
    assert loaded["name"] == "A better name"
    mets = binaries(loaded)["mets.xml"]
    assert (mets["name"], mets["contentType"]) == ("The METS", "text/xml")
    assert sorted(containers(loaded)) == ["objects", "objects/alto"]


@pytest.mark.contract("16.1")
def test_a_diff_in_pascal_case_with_strings_for_numbers(client: httpx.Client, group: str) -> None:
    files = samples.with_mets(samples.book(1))
    deposit = make_filled(client, group, files)
    diff = get_diff(client, deposit)
    for item in diff["binariesToAdd"]:
        item["size"] = str(item["size"])

    def pascal(value: object) -> object:
        if isinstance(value, dict):
            return {key[0].upper() + key[1:]: pascal(below) for key, below in value.items()}
        return [pascal(below) for below in value] if isinstance(value, list) else value

    run_job(client, deposit, pascal(diff))  # type: ignore[arg-type]
    assert_holds(client, group, files)


@pytest.mark.contract("16.42")
@pytest.mark.parametrize(
    "reference",
    [
        lambda d: f"{d}/importjobs/diff",
        lambda d: "/deposits/" + d.rpartition("/")[2] + "/importjobs/diff",
        lambda d: d.replace("/deposits/", "//deposits/") + "/importjobs/diff",
        lambda d: f"https://other.example//deposits/{d.rpartition('/')[2]}/importjobs/diff",
        lambda d: d.replace("/deposits/", "/Deposits/") + "/importJobs/DIFF",
    ],
    ids=["absolute", "relative", "doubled-slash", "other-host", "other-case"],
)
def test_ways_to_refer_to_the_diff(
    client: httpx.Client, group: str, reference: Callable[[str], str]
) -> None:
    deposit = make_filled(client, group, samples.with_mets(samples.book(1)))
    uri = reference(deposit["id"])
    answer = ok(post_job(client, deposit, {"id": uri}), 201)
    assert wait(client, answer.json())["status"] == "completed"


def test_the_route_may_be_spelled_importJobs(client: httpx.Client, group: str) -> None:
    deposit = make_filled(client, group, samples.with_mets(samples.book(1)))
    ok(client.get(f"{deposit['id']}/importJobs/Diff"))
    answer = ok(
        client.post(f"{deposit['id']}/importJobs", json={"Id": f"{deposit['id']}/importjobs/diff"}),
        201,
    )
    assert wait(client, answer.json())["status"] == "completed"


# -------------------------------------------------------------------------------- results


def test_the_results_of_a_deposit(client: httpx.Client, group: str) -> None:
    assert ok(client.get("/deposits/kx7m2tq9ahwd/importjobs/results")).json() == []
    deposit = make_filled(client, group, samples.with_mets(samples.book(1)))
    results = f"{deposit['id']}/importjobs/results"
    assert ok(client.get(results)).json() == []
    done = run_diff(client, deposit)
    assert ok(client.get(results)).json() == [done]
    assert_problem(client.get(f"{results}/kx7m2tq9ahwd"), 404)
    other = make_deposit(client)
    elsewhere = f"{other['id']}/importjobs/results/{done['id'].rpartition('/')[2]}"
    assert_problem(client.get(elsewhere), 404)


def test_the_storage_surface_shows_the_same_result(
    server: Server, client: httpx.Client, group: str, room: str
) -> None:
    done = preserve(client, group, samples.with_mets(samples.book(1)))
    short = done["id"].rpartition("/")[2]
    uri = f"{server.storage_url}/import/results/{short}/{room}/book"
    stored = ok(client.get(uri)).json()
    assert_shape("ImportJobResult", stored)
    assert stored["id"] == uri
    assert stored["status"] == "completed"
    assert stored["newVersion"] == "v1"
    assert stored["archivalGroup"] == f"{server.storage_url}/repository/{room}/book"
    missing = f"{server.storage_url}/import/results/kx7m2tq9ahwd/{room}/book"
    assert_problem(client.get(missing), 404)


def test_after_success_the_deposit_is_used_up(client: httpx.Client, group: str) -> None:
    deposit = make_filled(client, group, samples.with_mets(samples.book(1)))
    run_diff(client, deposit)
    assert_problem(client.get(f"{deposit['id']}/importjobs/diff"), 409)
    assert_problem(post_diff(client, deposit), 409)


# ------------------------------------------------------------------------ what may be kept


@pytest.mark.contract("17.2")
def test_awkward_names_survive(server: Server, client: httpx.Client, group: str) -> None:
    folder = "objects/a folder & “more” #1"
    book = {f"{folder}/{name}": f"<{name}>".encode() for name in samples.AWKWARD_NAMES}
    book["objects/" + unicodedata.normalize("NFD", "földer") + "/x.txt"] = b"nfd"
    files = samples.with_mets(book)
    preserve(client, group, files)
    loaded = assert_holds(client, group, files)
    assert {binary["name"] for path, binary in binaries(loaded).items() if path in book} == {
        path.rpartition("/")[2] for path in book
    }
    for path in book:
        alone = ok(client.get(workflow.member(group, path))).json()
        assert workflow.decoded(alone["id"], group) == path
    root = ocfl_check.find_root(server.data)
    stored = ocfl_check.object_of(root, "info:fedora/" + group.partition("/repository/")[2])
    ocfl_check.assert_valid(stored)
    assert ocfl_check.contents(stored) == files


@pytest.mark.parametrize("quoted", [False, True], ids=["raw", "percent-encoded"])
def test_hrefs_may_be_raw_or_percent_encoded(
    client: httpx.Client, group: str, quoted: bool
) -> None:
    book = {"objects/with space é #1.txt": b"1", "objects/am&p.txt": b"2"}
    described = [
        samples.Entry(
            path=quote(entry.path) if quoted else entry.path,
            digest=entry.digest,
            size=entry.size,
            content_type=entry.content_type,
        )
        for entry in samples.entries(book)
    ]
    files = {**book, "mets.xml": samples.plain_mets(described)}
    preserve(client, group, files)
    assert_holds(client, group, files)


@pytest.mark.contract("17.25")
def test_empty_files_and_empty_folders(server: Server, client: httpx.Client, group: str) -> None:
    book = {"objects/empty.txt": b"", "objects/none.txt": b"", "objects/some.txt": b"x"}
    folders = {"metadata": None, "metadata/ad-hoc": "Ad hoc notes", "Ünused #1": None}
    files = samples.with_mets(book, folders=folders)
    deposit = make_filled(client, group, files)
    for folder in folders:
        (local(deposit["files"]) / folder).mkdir(exist_ok=True)
    run_diff(client, deposit)
    loaded = assert_holds(client, group, files)
    found = containers(loaded)
    assert sorted(found) == sorted(["objects", *folders])
    assert found["metadata/ad-hoc"]["name"] == "Ad hoc notes"
    assert found["Ünused #1"]["name"] == "Ünused #1"
    assert found["Ünused #1"]["binaries"] == []


def test_equal_bytes_are_stored_once(server: Server, client: httpx.Client, group: str) -> None:
    book = {f"objects/{n}.txt": b"the same" for n in range(5)}
    files = samples.with_mets(book)
    preserve(client, group, files)
    stored = assert_holds(client, group, files)["storageMap"]
    places = {entry["fullPath"] for path, entry in stored["files"].items() if path != "mets.xml"}
    assert len(places) == 1


def test_deep_folders_and_long_names(client: httpx.Client, group: str) -> None:
    deep = "/".join(f"level {n}" for n in range(40))
    book = {
        f"{deep}/leaf.txt": b"deep",
        "objects/" + "n" * 251 + ".txt": b"255 bytes",
        "objects/" + "é" * 120 + ".txt": b"wide",
    }
    files = samples.with_mets(book)
    preserve(client, group, files)
    assert_holds(client, group, files)


def test_names_too_long_for_a_group_are_all_named(client: httpx.Client, group: str) -> None:
    # the file system holds no such names, so they can only stand in METS
    book = {"objects/" + letter * 300: b"x" for letter in "ab"} | {"objects/fine.txt": b"y"}
    mets = samples.plain_mets(samples.entries(book))
    fine = {"objects/fine.txt": b"y", "mets.xml": mets}
    deposit = make_filled(client, group, fine)
    answer = client.get(f"{deposit['id']}/importjobs/diff")
    assert_problem(answer, (400, 422), errors={"a" * 150, "b" * 150})


@pytest.mark.contract("17.3")
def test_upper_case_digests_are_understood(client: httpx.Client, group: str) -> None:
    book = samples.book(2)
    digests = {path: samples.sha256(data).upper() for path, data in book.items()}
    mets = samples.plain_mets(samples.entries(book, digests=digests))
    files = {**book, "mets.xml": mets}
    preserve(client, group, files)
    loaded = assert_holds(client, group, files)
    assert all(DIGEST.fullmatch(binary["digest"]) for binary in binaries(loaded).values())


# ------------------------------------------------------------------------ other producers


def test_an_eprints_deposit(client: httpx.Client, group: str) -> None:
    book = {f"objects/37270{n} s_{n}.jpg": samples.page(n) for n in range(4)}
    files = {**book, "METS.xml": samples.eprints_mets(samples.entries(book), title="[A thesis]")}
    deposit = make_filled(client, group, files, name=None)
    assert get_diff(client, deposit)["archivalGroupName"] == "[A thesis]"
    run_diff(client, deposit)
    loaded = assert_holds(client, group, files)
    assert {b["contentType"] for p, b in binaries(loaded).items() if p in book} == {"image/jpeg"}
    mets = ok(client.get(group, params={"view": "mets"}))
    assert mets.content == files["METS.xml"]


def test_a_goobi_deposit_whose_mets_has_the_objects_name(client: httpx.Client, group: str) -> None:
    images = {f"objects/b2935_{n:04d}.jp2": samples.page(n) for n in range(1, 4)}
    texts = {f"alto/b2935_{n:04d}.xml": f"<alto n='{n}'/>".encode() for n in range(1, 4)}
    mets = samples.goobi_mets(
        samples.entries(images), samples.entries(texts), title="[Report 1960] /"
    )
    files = {**images, **texts, "b29356350.xml": mets}
    deposit = make_filled(client, group, files, name=None)
    diff = get_diff(client, deposit)
    assert diff["archivalGroupName"] == "[Report 1960] /"
    assert paths_of(diff["binariesToAdd"], group) == sorted(files)
    run_diff(client, deposit)
    loaded = assert_holds(client, group, files)
    types = {path: binary["contentType"] for path, binary in binaries(loaded).items()}
    assert types["objects/b2935_0001.jp2"] == "image/jp2"
    assert types["alto/b2935_0001.xml"] == "application/xml"
    assert ok(client.get(group, params={"view": "mets"})).content == mets


def test_an_archivematica_deposit(client: httpx.Client, group: str) -> None:
    book = {
        "objects/presentation.ppt": b"\xd0\xcf\x11\xe0 slides",
        "objects/metadata/transfers/a-1/metadata.csv": b"a,b\n",
        "objects/submissionDocumentation/transfer-a-1/METS.xml": b"<mets/>",
    }
    mets = samples.archivematica_mets(samples.entries(book))
    files = {**book, "METS.4aa446e3-5d58-4090-ace7-c242c11c60d5.xml": mets}
    preserve(client, group, files)
    loaded = assert_holds(client, group, files)
    found = containers(loaded)
    assert found["objects/metadata/transfers"]["name"] == "transfers"
    assert found["objects"]["name"] == "objects"
    assert ok(client.get(group, params={"view": "mets"})).content == mets


# ------------------------------------------------------------------------------- bags


@pytest.mark.contract("16.43")
def test_a_bag_loses_its_data_folder_and_tag_files(
    server: Server, client: httpx.Client, group: str
) -> None:
    book = samples.book(2)
    payload = samples.with_mets(book)
    manifest = "".join(
        f"{samples.sha256(data)}  data/{path}\n" for path, data in sorted(payload.items())
    )
    bag = {f"data/{path}": data for path, data in payload.items()} | {
        "bagit.txt": b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n",
        "bag-info.txt": b"Payload-Oxum: 1.1\n",
        "manifest-sha256.txt": manifest.encode(),
    }
    deposit = make_filled(client, group, bag)
    diff = get_diff(client, deposit)
    assert paths_of(diff["binariesToAdd"], group) == sorted(payload)
    assert all("/data/" in item["origin"] for item in diff["binariesToAdd"])
    run_diff(client, deposit)
    assert_holds(client, group, payload)


@pytest.mark.contract("17.26")
def test_a_folder_called_data_does_not_make_a_bag(client: httpx.Client, group: str) -> None:
    files = samples.with_mets({"data/table.txt": b"1,2", "objects/x.txt": b"x"})
    preserve(client, group, files)
    assert_holds(client, group, files)


def test_the_listing_cache_of_older_clients_is_left_out(client: httpx.Client, group: str) -> None:
    files = samples.with_mets(samples.book(1))
    deposit = make_filled(client, group, {**files, "__METSlike.json": b"{}"})
    run_diff(client, deposit)
    assert_holds(client, group, files)


def test_the_versions_have_dates(client: httpx.Client, group: str) -> None:
    preserve(client, group, samples.with_mets(samples.book(1)))
    loaded = workflow.load(client, group)
    assert loaded["versions"] == [loaded["version"]]
    assert_shape("ObjectVersion", loaded["version"])
    assert loaded["version"]["ocflVersion"] == "v1"
    assert MEMENTO_TIME.fullmatch(loaded["version"]["mementoDateTime"])
    digits = "".join(c for c in loaded["version"]["mementoDateTime"] if c.isdigit())
    assert loaded["version"]["mementoTimestamp"] == digits


def test_the_deposit_stays_as_the_client_left_it(client: httpx.Client, group: str) -> None:
    files = samples.with_mets(samples.book(1))
    deposit = make_filled(client, group, files)
    before = ocfl_check.tree(local(deposit["files"]))
    run_diff(client, deposit)
    assert ocfl_check.tree(local(deposit["files"])) == before
    # inodes are not shared: writing to the deposit leaves the group alone
    for path in files:
        place: Path = local(deposit["files"]) / path
        with place.open("r+b") as out:
            out.write(b"XXXX")
    assert_holds(client, group, files)
