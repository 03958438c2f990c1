"""New versions without an export: the deposit holds METS and what is new, nothing else."""

from __future__ import annotations

import httpx
import pytest

from support import ocfl_check, samples, workflow
from support.server import Server
from support.shapes import JOB_LISTS, assert_empty, assert_problem
from support.workflow import (
    assert_holds,
    binaries,
    containers,
    fill,
    get_diff,
    load,
    local,
    make_deposit,
    paths_of,
    preserve,
    run_diff,
)

Files = dict[str, bytes]


@pytest.fixture
def book() -> Files:
    return samples.book(3)


@pytest.fixture
def preserved(client: httpx.Client, group: str, book: Files) -> Files:
    files = samples.with_mets(book)
    preserve(client, group, files)
    return files


def lists(diff: dict[str, list[dict[str, object]]], group: str) -> dict[str, list[str]]:
    """The lists of a job that are not empty, as member paths."""
    return {name: paths_of(diff[name], group) for name in JOB_LISTS if diff[name]}


def test_a_deposit_for_an_existing_group_brings_its_mets(
    client: httpx.Client, group: str, preserved: Files
) -> None:
    deposit = make_deposit(client, archivalGroup=group)
    assert deposit["archivalGroupExists"] is True
    assert deposit["status"] == "new"
    found = ocfl_check.tree(local(deposit["files"]))
    assert found == {"mets.xml": preserved["mets.xml"]}


@pytest.mark.parametrize(
    ("template", "place"), [("RootLevel", "mets.xml"), ("BagIt", "data/mets.xml")]
)
def test_the_groups_own_mets_wins_over_a_template(
    client: httpx.Client, group: str, preserved: Files, template: str, place: str
) -> None:
    deposit = make_deposit(client, archivalGroup=group, template=template)
    found = ocfl_check.tree(local(deposit["files"]))
    assert {path for path, data in found.items() if data is not None} == {place}
    assert found[place] == preserved["mets.xml"]
    assert client.get(f"{deposit['id']}/mets").content == preserved["mets.xml"]
    # of the template's folders only those are made that the group has, so untouched is unchanged
    assert "ad-hoc" not in str(sorted(found))
    assert_empty(get_diff(client, deposit))


def test_the_mets_of_an_older_version_can_be_asked_for(
    client: httpx.Client, group: str, preserved: Files
) -> None:
    preserve(client, group, samples.with_mets(samples.book(2), title="Second"))
    deposit = make_deposit(client, archivalGroup=group, versionExported="v1")
    assert local(deposit["files"]).joinpath("mets.xml").read_bytes() == preserved["mets.xml"]
    assert deposit["versionExported"] is None


@pytest.mark.contract("16.38")
def test_mets_alone_and_untouched_changes_nothing(
    client: httpx.Client, group: str, preserved: Files
) -> None:
    deposit = make_deposit(client, archivalGroup=group)
    assert_empty(get_diff(client, deposit))
    result = run_diff(client, deposit)
    assert result["newVersion"] == "v1"
    assert len(load(client, group)["versions"]) == 1


@pytest.mark.contract("16.4", "16.38")
def test_one_file_is_patched_and_the_rest_stays(
    client: httpx.Client, group: str, book: Files, preserved: Files
) -> None:
    before = load(client, group)
    deposit = make_deposit(client, archivalGroup=group)
    book["objects/page 0002.png"] = samples.page(77)
    files = samples.with_mets(book)
    fill(deposit, {path: files[path] for path in ("mets.xml", "objects/page 0002.png")})
    diff = get_diff(client, deposit)
    assert lists(diff, group) == {"binariesToPatch": ["mets.xml", "objects/page 0002.png"]}
    assert diff["isUpdate"] is True
    assert diff["sourceVersion"] == before["version"]
    assert diff["archivalGroupName"] == "A group"
    result = run_diff(client, deposit)
    assert (result["sourceVersion"], result["newVersion"]) == ("v1", "v2")
    after = assert_holds(client, group, files)
    for path, entry in before["storageMap"]["files"].items():
        if path not in ("mets.xml", "objects/page 0002.png"):
            assert after["storageMap"]["files"][path] == entry
    assert after["storageMap"]["files"]["objects/page 0002.png"]["fullPath"].startswith("v2/")
    stored = local(after["origin"])
    new = [path for path in (stored / "v2" / "content").rglob("*") if path.is_file()]
    assert {path.read_bytes() for path in new} >= {files["mets.xml"], samples.page(77)}
    assert not any(path.read_bytes() == samples.page(1) for path in new)


def test_a_file_in_neither_is_deleted(
    client: httpx.Client, group: str, book: Files, preserved: Files
) -> None:
    deposit = make_deposit(client, archivalGroup=group)
    del book["objects/page 0002.png"], book["metadata/empty.txt"]
    files = samples.with_mets(book)
    fill(deposit, {"mets.xml": files["mets.xml"]})
    diff = get_diff(client, deposit)
    assert lists(diff, group) == {
        "binariesToPatch": ["mets.xml"],
        "binariesToDelete": ["metadata/empty.txt", "objects/page 0002.png"],
        "containersToDelete": ["metadata"],
    }
    result = run_diff(client, deposit)
    assert paths_of(result["binariesDeleted"], group) == [
        "metadata/empty.txt",
        "objects/page 0002.png",
    ]
    assert paths_of(result["containersDeleted"], group) == ["metadata"]
    assert_holds(client, group, files)
    assert_holds(client, group, preserved, "v1")


@pytest.mark.contract("17.9")
def test_what_was_deleted_can_come_back(
    client: httpx.Client, group: str, book: Files, preserved: Files
) -> None:
    kept = {"objects/page 0001.png": book["objects/page 0001.png"]}
    files = samples.with_mets(kept)
    deposit = make_deposit(client, archivalGroup=group)
    fill(deposit, {"mets.xml": files["mets.xml"]})
    run_diff(client, deposit)
    assert sorted(containers(load(client, group))) == ["objects"]
    preserve(client, group, preserved)
    assert_holds(client, group, preserved)
    assert sorted(containers(load(client, group))) == ["metadata", "objects", "objects/alto"]
    assert client.get(f"{group}/metadata").status_code == 200


@pytest.mark.contract("16.22", "17.8")
def test_changed_labels_are_renames(
    server: Server, client: httpx.Client, group: str, book: Files, preserved: Files
) -> None:
    deposit = make_deposit(client, archivalGroup=group)
    labels = {"objects/page 0001.png": "Título <1> & more", "objects/page 0002.png": "Two"}
    files = samples.with_mets(book, labels=labels, folders={"objects": "Pages of the book"})
    fill(deposit, {"mets.xml": files["mets.xml"]})
    diff = get_diff(client, deposit)
    assert lists(diff, group) == {
        "binariesToPatch": ["mets.xml"],
        "containersToRename": ["objects"],
        "binariesToRename": ["objects/page 0001.png", "objects/page 0002.png"],
    }
    assert {item["name"] for item in diff["binariesToRename"]} == set(labels.values())
    result = run_diff(client, deposit)
    assert paths_of(result["binariesRenamed"], group) == sorted(labels)
    assert [item["name"] for item in result["containersRenamed"]] == ["Pages of the book"]
    after = assert_holds(client, group, files)
    for path, label in labels.items():
        assert binaries(after)[path]["name"] == label
        assert binaries(load(client, group, "v1"))[path]["name"] == path.rpartition("/")[2]
    assert containers(after)["objects"]["name"] == "Pages of the book"
    # no new content for a new name
    for path in labels:
        assert after["storageMap"]["files"][path]["fullPath"].startswith("v1/")
    ocfl_check.assert_valid(local(after["origin"]))


def test_names_stay_where_mets_says_nothing(client: httpx.Client, group: str, book: Files) -> None:
    labels = {"objects/page 0001.png": "One"}
    preserve(client, group, samples.with_mets(book, labels=labels))
    deposit = make_deposit(client, archivalGroup=group)
    silent = samples.with_mets(book)
    fill(deposit, {"mets.xml": silent["mets.xml"]})
    assert lists(get_diff(client, deposit), group) == {"binariesToPatch": ["mets.xml"]}
    run_diff(client, deposit)
    assert binaries(load(client, group))["objects/page 0001.png"]["name"] == "One"


def test_a_patched_file_may_be_renamed_too(
    client: httpx.Client, group: str, book: Files, preserved: Files
) -> None:
    deposit = make_deposit(client, archivalGroup=group)
    path = "objects/page 0001.png"
    book[path] = samples.page(50)
    files = samples.with_mets(book, labels={path: "Both"})
    fill(deposit, {"mets.xml": files["mets.xml"], path: book[path]})
    diff = get_diff(client, deposit)
    assert paths_of(diff["binariesToRename"], group) == [path]
    run_diff(client, deposit)
    assert binaries(assert_holds(client, group, files))[path]["name"] == "Both"


@pytest.mark.contract("17.8")
def test_a_new_name_for_the_group_replaces_the_old(
    client: httpx.Client, group: str, book: Files, preserved: Files
) -> None:
    deposit = make_deposit(client, archivalGroup=group, archivalGroupName="Second name")
    files = samples.with_mets(book, title="Second name")
    fill(deposit, {"mets.xml": files["mets.xml"]})
    run_diff(client, deposit)
    loaded = load(client, group)
    assert loaded["name"] == "Second name"
    assert "otherNames" not in loaded
    assert load(client, group, "v1")["name"] == "A group"
    (listed,) = client.get(group.rpartition("/")[0]).json()["containers"]
    assert listed["name"] == "Second name"


def test_a_patch_back_to_older_bytes_stores_nothing_new(
    client: httpx.Client, group: str, book: Files, preserved: Files
) -> None:
    path = "objects/page 0001.png"
    changed = samples.with_mets({**book, path: samples.page(60)})
    preserve(client, group, changed, name=None)
    preserve(client, group, preserved, name=None)
    loaded = assert_holds(client, group, preserved)
    assert loaded["version"]["ocflVersion"] == "v3"
    assert loaded["storageMap"]["files"][path]["fullPath"].startswith("v1/")


def test_a_group_whose_mets_is_named_after_it(client: httpx.Client, group: str) -> None:
    images = {f"objects/b1_{n:04d}.jp2": samples.page(n) for n in range(1, 4)}
    mets = samples.goobi_mets(samples.entries(images))
    preserve(client, group, {**images, "b1.xml": mets})
    deposit = make_deposit(client, archivalGroup=group)
    assert ocfl_check.tree(local(deposit["files"])) == {"b1.xml": mets}
    assert_empty(get_diff(client, deposit))
    images["objects/b1_0002.jp2"] = samples.page(22)
    files = {**images, "b1.xml": samples.goobi_mets(samples.entries(images))}
    fill(deposit, {path: files[path] for path in ("b1.xml", "objects/b1_0002.jp2")})
    run_diff(client, deposit)
    assert_holds(client, group, files)


def test_many_versions(client: httpx.Client, group: str) -> None:
    history = []
    for number in range(1, 7):
        files = samples.with_mets(
            {"objects/same.txt": b"same", "objects/other.txt": f"{number}".encode()}
        )
        assert preserve(client, group, files, name="N")["newVersion"] == f"v{number}"
        history.append(files)
    loaded = load(client, group)
    assert [v["ocflVersion"] for v in loaded["versions"]] == [f"v{n}" for n in range(1, 7)]
    stamps = [v["mementoTimestamp"] for v in loaded["versions"]]
    assert stamps == sorted(stamps)
    for number, files in enumerate(history, start=1):
        assert_holds(client, group, files, f"v{number}")
    stored = local(loaded["origin"])
    ocfl_check.assert_valid(stored)
    for number, files in enumerate(history, start=1):
        assert ocfl_check.contents(stored, f"v{number}") == files


def test_a_group_that_appeared_meanwhile(client: httpx.Client, group: str, book: Files) -> None:
    deposit = make_deposit(client, archivalGroup=group, archivalGroupName="N")
    fill(deposit, samples.with_mets(book))
    diff = get_diff(client, deposit)
    run_diff(client, deposit)
    later = make_deposit(client, archivalGroup=group)
    diff = diff | {"deposit": later["id"], "id": "urn:x:old"}
    for name in ("binariesToAdd", "containersToAdd"):
        for item in diff[name]:
            item["origin"] = item["origin"].replace(deposit["files"], later["files"])
    fill(later, samples.with_mets(book))
    assert_problem(workflow.post_job(client, later, diff), (400, 409))
    assert len(load(client, group)["versions"]) == 1
