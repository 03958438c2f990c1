"""Hand-written import jobs ("custom patch"), and every check that such a job must pass."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from support import ocfl_check, samples, workflow
from support.server import Server
from support.shapes import assert_problem
from support.workflow import (
    Json,
    assert_holds,
    binaries,
    binary,
    containers,
    fill,
    hand_written,
    load,
    local,
    make_deposit,
    make_filled,
    member,
    ok,
    paths_of,
    post_job,
    preserve,
    run_diff,
    run_job,
    wait,
)

Files = dict[str, bytes]


@pytest.fixture
def files(client: httpx.Client, group: str) -> Files:
    """A preserved book of three pages."""
    book = samples.with_mets(samples.book(3))
    preserve(client, group, book)
    return book


@pytest.fixture
def deposit(client: httpx.Client, group: str, files: Files) -> Json:
    """A deposit for that book, with its METS and two loose files in it."""
    made = make_deposit(client, archivalGroup=group)
    fill(made, {"in/new.png": samples.page(80), "in/other.png": samples.page(81)})
    return made


def item(group: str, path: str, deposit: Json, origin: str, data: bytes, **more: Any) -> Json:
    return binary(group, deposit, path, data, origin=deposit["files"] + quote(origin), **more)


class Untouched:
    """What must be the same before and after a refused job."""

    def __init__(self, server: Server, client: httpx.Client, group: str, deposit: Json) -> None:
        self.look: Callable[[], object] = lambda: (
            client.get(group).content,
            client.get(group.rpartition("/")[0]).content,
            client.get(deposit["id"]).content,
            client.get(f"{deposit['id']}/importjobs/results").content,
            client.get("/activity/archivalgroups/collection").content,
            ocfl_check.snapshot(ocfl_check.find_root(server.data)),
            ocfl_check.tree(local(deposit["files"])),
        )
        self.before = self.look()

    def check(self) -> None:
        assert self.look() == self.before


@pytest.fixture
def untouched(server: Server, client: httpx.Client, group: str, deposit: Json) -> Untouched:
    return Untouched(server, client, group, deposit)


# -------------------------------------------------------------------------- what is possible


def test_patch_page_637_of_a_thousand(client: httpx.Client, group: str) -> None:
    book = {f"objects/page {n:04d}.png": samples.page(n, width=9, height=9) for n in range(1, 1001)}
    files = samples.with_mets(book)
    preserve(client, group, files)
    before = load(client, group)

    deposit = make_deposit(client, archivalGroup=group)
    path = "objects/page 0637.png"
    files[path] = samples.page(9637)
    fill(deposit, {"rescan of page.png": files[path]})
    patch = item(group, path, deposit, "rescan of page.png", files[path])
    job = hand_written(deposit, group, binariesToPatch=[patch], id="https://x.example/any/1")
    result = run_job(client, deposit, job)
    assert result["importJob"] == "https://x.example/any/1"
    assert "originalImportJob" not in result
    assert result["newVersion"] == "v2"
    assert paths_of(result["binariesPatched"], group) == [path]

    after = load(client, group)
    old, new = binaries(before), binaries(after)
    assert {p for p in new if new[p] != old[p]} == {path}
    assert new[path]["digest"] == samples.sha256(files[path])
    assert workflow.read(client, new[path]) == files[path]
    assert after["storageMap"]["files"].keys() == before["storageMap"]["files"].keys()
    content = local(after["origin"]) / "v2" / "content"
    stored = [p for p in content.rglob("*") if p.is_file() and ".strongroom" not in p.parts]
    assert [p.read_bytes() for p in stored] == [files[path]]


@pytest.mark.contract("16.22")
def test_all_seven_lists_at_once(client: httpx.Client, group: str, deposit: Json) -> None:
    job = hand_written(
        deposit,
        group,
        containersToAdd=[
            {"id": member(group, "new folder"), "name": "Neu"},
            {"id": member(group, "new folder/below")},
        ],
        binariesToAdd=[item(group, "new folder/a #1.png", deposit, "in/new.png", samples.page(80))],
        binariesToPatch=[
            item(group, "objects/page 0001.png", deposit, "in/other.png", samples.page(81))
        ],
        binariesToDelete=[{"id": member(group, "metadata/empty.txt")}],
        containersToDelete=[{"id": f"{group}/metadata"}],
        binariesToRename=[{"id": member(group, "objects/page 0002.png"), "name": "Zwei"}],
        containersToRename=[{"id": f"{group}/objects/alto", "name": "Text"}],
    )
    result = run_job(client, deposit, job)
    assert paths_of(result["containersAdded"], group) == ["new folder", "new folder/below"]
    assert paths_of(result["binariesAdded"], group) == ["new folder/a #1.png"]
    assert paths_of(result["binariesPatched"], group) == ["objects/page 0001.png"]
    assert paths_of(result["binariesDeleted"], group) == ["metadata/empty.txt"]
    assert paths_of(result["containersDeleted"], group) == ["metadata"]
    assert paths_of(result["binariesRenamed"], group) == ["objects/page 0002.png"]
    assert paths_of(result["containersRenamed"], group) == ["objects/alto"]
    loaded = load(client, group)
    found = binaries(loaded)
    assert workflow.read(client, found["new folder/a #1.png"]) == samples.page(80)
    assert workflow.read(client, found["objects/page 0001.png"]) == samples.page(81)
    assert found["objects/page 0002.png"]["name"] == "Zwei"
    assert containers(loaded)["objects/alto"]["name"] == "Text"
    assert containers(loaded)["new folder"]["name"] == "Neu"
    assert sorted(containers(loaded)) == [
        "new folder",
        "new folder/below",
        "objects",
        "objects/alto",
    ]
    ocfl_check.assert_valid(local(loaded["origin"]))


def test_a_new_group_by_a_written_job(client: httpx.Client, group: str) -> None:
    files = {"objects/a.txt": b"a", "objects/b/c.txt": b"c"}
    deposit = make_filled(client, group, files, name=None)
    job = hand_written(
        deposit,
        group,
        archivalGroupName="By hand",
        binariesToAdd=[binary(group, deposit, path, data) for path, data in files.items()],
    )
    result = run_job(client, deposit, job)
    assert result["newVersion"] == "v1"
    loaded = assert_holds(client, group, files)
    assert loaded["name"] == "By hand"
    assert sorted(containers(loaded)) == ["objects", "objects/b"]


@pytest.mark.parametrize("size", [0, None, "absent", "as text"])
@pytest.mark.parametrize("kind", [None, "absent", ""])
def test_missing_size_and_type_are_filled_in(
    client: httpx.Client, group: str, deposit: Json, size: object, kind: object
) -> None:
    data = samples.page(80)
    add = item(group, "objects/x.png", deposit, "in/new.png", data, size=size, contentType=kind)
    if size == "absent":
        del add["size"]
    if size == "as text":
        add["size"] = str(len(data))
    if kind == "absent":
        del add["contentType"]
    run_job(client, deposit, hand_written(deposit, group, binariesToAdd=[add]))
    stored = binaries(load(client, group))["objects/x.png"]
    assert stored["size"] == len(data)
    assert stored["contentType"] == "image/png"


@pytest.mark.contract("17.3")
@pytest.mark.parametrize("form", [str.upper, lambda d: f"  {d}  ", lambda d: f"sha256:{d}"])
def test_digests_are_normalised(
    client: httpx.Client, group: str, deposit: Json, form: Callable[[str], str]
) -> None:
    data = samples.page(80)
    add = item(
        group, "objects/x.png", deposit, "in/new.png", data, digest=form(samples.sha256(data))
    )
    run_job(client, deposit, hand_written(deposit, group, binariesToAdd=[add]))
    assert binaries(load(client, group))["objects/x.png"]["digest"] == samples.sha256(data)


@pytest.mark.contract("16.4")
@pytest.mark.parametrize("form", ["object", "string", "memento", "null", "absent"])
def test_spellings_of_the_source_version(
    client: httpx.Client, group: str, deposit: Json, form: str
) -> None:
    version = load(client, group)["version"]
    job = hand_written(
        deposit,
        group,
        isUpdate=True,
        binariesToAdd=[item(group, "objects/x.png", deposit, "in/new.png", samples.page(80))],
        sourceVersion={
            "object": version,
            "string": "v1",
            "memento": {**version, "ocflVersion": None},
            "null": None,
            "absent": None,
        }[form],
    )
    if form == "absent":
        del job["sourceVersion"]
    result = run_job(client, deposit, job)
    assert (result["sourceVersion"], result["newVersion"]) == ("v1", "v2")


@pytest.mark.parametrize(
    "spelling", ["raw", "escaped", "storage", "relative", "doubly written file uri"]
)
def test_spellings_of_ids_and_origins(
    server: Server, client: httpx.Client, group: str, deposit: Json, spelling: str
) -> None:
    fill(deposit, {"in/scan 1 é#.png": samples.page(82)})
    path = "objects/page é 9.png"
    add = item(group, path, deposit, "in/scan 1 é#.png", samples.page(82))
    if spelling == "raw":
        add["id"] = f"{group}/{path}"
        add["origin"] = deposit["files"] + "in/scan 1 é%23.png"
    elif spelling == "storage":
        add["id"] = add["id"].replace(server.url, server.storage_url)
    elif spelling == "relative":
        add["id"] = add["id"].removeprefix(server.url)
    job = hand_written(deposit, group, binariesToAdd=[add])
    if spelling == "relative":
        job["deposit"] = job["deposit"].removeprefix(server.url)
    run_job(client, deposit, job)
    assert workflow.read(client, binaries(load(client, group))[path]) == samples.page(82)


@pytest.mark.contract("17.27")
def test_the_creator_cannot_be_made_up(server: Server, client: httpx.Client, group: str) -> None:
    files = {"objects/a.txt": b"a"}
    deposit = make_filled(client, group, files)
    job = hand_written(
        deposit,
        group,
        createdBy=f"{server.url}/agents/somebody-else",
        lastModifiedBy=f"{server.url}/agents/somebody-else",
        binariesToAdd=[binary(group, deposit, "objects/a.txt", b"a")],
    )
    result = run_job(client, deposit, job)
    assert result["createdBy"] == f"{server.url}/agents/dlipdev"
    assert load(client, group)["createdBy"] == f"{server.url}/agents/dlipdev"


def test_a_job_may_delete_all_content_when_it_says_so(
    client: httpx.Client, group: str, files: Files, deposit: Json
) -> None:
    gone = [{"id": member(group, path)} for path in files if path != "mets.xml"]
    run_job(client, deposit, hand_written(deposit, group, binariesToDelete=gone))
    assert sorted(binaries(load(client, group))) == ["mets.xml"]
    assert_holds(client, group, files, "v1")


def test_a_file_may_take_the_place_of_a_folder_later(
    client: httpx.Client, group: str, files: Files, deposit: Json
) -> None:
    job = hand_written(
        deposit,
        group,
        binariesToDelete=[{"id": member(group, "metadata/empty.txt")}],
        containersToDelete=[{"id": f"{group}/metadata"}],
    )
    run_job(client, deposit, job)
    later = make_deposit(client, archivalGroup=group)
    fill(later, {"x": b"now a file"})
    add = item(group, "metadata", later, "x", b"now a file")
    run_job(client, later, hand_written(later, group, binariesToAdd=[add]))
    assert workflow.read(client, binaries(load(client, group))["metadata"]) == b"now a file"
    assert_holds(client, group, files, "v1")


# -------------------------------------------------------------------------- what is refused

#: name → (change of a fair job, expected status, texts that the errors must name)
Spoil = Callable[[Json, Json, str], None]
REFUSED: dict[str, tuple[Spoil, int | tuple[int, ...], set[str]]] = {}


def refused(status: int | tuple[int, ...], *named: str) -> Callable[[Spoil], Spoil]:
    """Adds a way to spoil a job to the table."""

    def register(spoil: Spoil) -> Spoil:
        REFUSED[spoil.__name__] = (spoil, status, set(named))
        return spoil

    return register


@refused(400)
def no_id(job: Json, deposit: Json, group: str) -> None:
    del job["id"]


@refused(400)
def no_deposit(job: Json, deposit: Json, group: str) -> None:
    del job["deposit"]


@refused(400)
def another_deposit(job: Json, deposit: Json, group: str) -> None:
    job["deposit"] = deposit["id"].rpartition("/")[0] + "/kx7m2tq9ahwd"


@refused(400)
def a_deposit_elsewhere(job: Json, deposit: Json, group: str) -> None:
    job["deposit"] = "https://elsewhere.example/x/deposits/" + deposit["id"].rpartition("/")[2]


@refused((400, 409), "archivalGroup")
def another_group(job: Json, deposit: Json, group: str) -> None:
    job["archivalGroup"] = group + "-2"


@refused((400, 409), "archivalGroup")
def a_group_elsewhere(job: Json, deposit: Json, group: str) -> None:
    job["archivalGroup"] = "https://elsewhere.example/repository/x"


@refused((400, 409), "outside-1.png", "outside-2.png")
def items_outside_the_group(job: Json, deposit: Json, group: str) -> None:
    add = job["binariesToAdd"][0]
    job["binariesToAdd"] = [
        {**add, "id": f"{group}-2/outside-1.png"},
        {**add, "id": f"{group.rpartition('/')[0]}/outside-2.png"},
    ]


@refused((400, 409))
def an_item_that_climbs_out(job: Json, deposit: Json, group: str) -> None:
    job["binariesToAdd"][0]["id"] = f"{group}/../other/x.png"


@refused((400, 409))
def an_item_that_climbs_out_escaped(job: Json, deposit: Json, group: str) -> None:
    job["binariesToAdd"][0]["id"] = f"{group}/%2E%2E/other/x.png"


@refused(400)
def an_encoded_slash(job: Json, deposit: Json, group: str) -> None:
    job["binariesToAdd"][0]["id"] = f"{group}/objects%2Fx.png"


@refused(400)
def the_group_as_its_own_member(job: Json, deposit: Json, group: str) -> None:
    job["binariesToAdd"][0]["id"] = group


@refused(400)
def an_item_without_id(job: Json, deposit: Json, group: str) -> None:
    del job["binariesToAdd"][0]["id"]


@refused(400, ".strongroom")
def a_reserved_path(job: Json, deposit: Json, group: str) -> None:
    job["binariesToAdd"][0]["id"] = f"{group}/.strongroom/resources.json"


@refused(400, ".fcrepo")
def another_reserved_path(job: Json, deposit: Json, group: str) -> None:
    job["containersToAdd"] = [{"id": f"{group}/.fcrepo"}]


@refused(400)
def a_name_too_long(job: Json, deposit: Json, group: str) -> None:
    job["binariesToAdd"][0]["id"] = f"{group}/objects/{'n' * 300}.png"


@refused(400)
def a_path_too_long(job: Json, deposit: Json, group: str) -> None:
    job["binariesToAdd"][0]["id"] = f"{group}/{'/'.join(['n' * 200] * 30)}"


@refused(400)
def a_control_character(job: Json, deposit: Json, group: str) -> None:
    job["binariesToAdd"][0]["id"] = f"{group}/objects/a%0Ab.png"


@refused((400, 409, 422), "never-1.png", "never-2.png")
def patches_of_what_does_not_exist(job: Json, deposit: Json, group: str) -> None:
    add = job.pop("binariesToAdd")[0]
    job["binariesToPatch"] = [{**add, "id": f"{group}/never-{n}.png"} for n in (1, 2)]


@refused((400, 409, 422), "page 0001.png", "page 0002.png")
def additions_of_what_exists(job: Json, deposit: Json, group: str) -> None:
    add = job["binariesToAdd"][0]
    job["binariesToAdd"] = [
        {**add, "id": member(group, f"objects/page 000{n}.png")} for n in (1, 2)
    ]


@refused((400, 409, 422), "never-1.png", "never-2.png")
def deletions_of_what_does_not_exist(job: Json, deposit: Json, group: str) -> None:
    job["binariesToDelete"] = [{"id": f"{group}/never-{n}.png"} for n in (1, 2)]


@refused((400, 409, 422), "never")
def renames_of_what_does_not_exist(job: Json, deposit: Json, group: str) -> None:
    job["binariesToRename"] = [{"id": f"{group}/never.png", "name": "N"}]
    job["containersToRename"] = [{"id": f"{group}/never", "name": "N"}]


@refused((400, 409, 422))
def a_rename_without_a_name(job: Json, deposit: Json, group: str) -> None:
    job["binariesToRename"] = [{"id": member(group, "objects/page 0001.png"), "name": " "}]


@refused((400, 409, 422))
def a_container_that_exists(job: Json, deposit: Json, group: str) -> None:
    job["containersToAdd"] = [{"id": f"{group}/objects"}]


@refused((400, 409, 422), "objects")
def deletion_of_a_container_with_content(job: Json, deposit: Json, group: str) -> None:
    job["containersToDelete"] = [{"id": f"{group}/objects"}]


@refused((400, 409, 422))
def deletion_of_a_container_that_gets_content(job: Json, deposit: Json, group: str) -> None:
    job["binariesToAdd"][0]["id"] = f"{group}/metadata/x.png"
    job["binariesToDelete"] = [{"id": f"{group}/metadata/empty.txt"}]
    job["containersToDelete"] = [{"id": f"{group}/metadata"}]


@refused((400, 409, 422))
def a_container_deleted_as_a_binary(job: Json, deposit: Json, group: str) -> None:
    job["binariesToDelete"] = [{"id": f"{group}/objects/alto"}]


@refused((400, 409, 422))
def a_binary_where_a_container_is(job: Json, deposit: Json, group: str) -> None:
    job["binariesToAdd"][0]["id"] = f"{group}/objects"


@refused((400, 409, 422))
def a_binary_below_a_binary(job: Json, deposit: Json, group: str) -> None:
    job["binariesToAdd"][0]["id"] = f"{group}/mets.xml/x.png"


@refused((400, 409, 422), "twice.png")
def the_same_id_twice(job: Json, deposit: Json, group: str) -> None:
    add = job["binariesToAdd"][0]
    job["binariesToAdd"] = [{**add, "id": f"{group}/objects/twice.png"} for _ in range(2)]


@refused((400, 409, 422), "twice.png")
def the_same_id_in_two_spellings(job: Json, deposit: Json, group: str) -> None:
    add = job["binariesToAdd"][0]
    job["binariesToAdd"] = [
        {**add, "id": f"{group}/objects/twice.png"},
        {**add, "id": f"{group}/objects/t%77ice.png"},
    ]


@refused((400, 409, 422))
def the_same_id_in_two_lists(job: Json, deposit: Json, group: str) -> None:
    patched = {**job["binariesToAdd"][0], "id": member(group, "objects/page 0001.png")}
    job["binariesToPatch"] = [patched]
    job["binariesToDelete"] = [{"id": patched["id"]}]


@refused(409, "sourceVersion")
def a_stale_source_version(job: Json, deposit: Json, group: str) -> None:
    job["sourceVersion"] = "v7"


@refused(409, "sourceVersion")
def a_source_version_of_another_time(job: Json, deposit: Json, group: str) -> None:
    job["sourceVersion"] = {
        "mementoTimestamp": "20010101000000",
        "mementoDateTime": "2001-01-01T00:00:00",
        "ocflVersion": "v9",
    }


@refused((400, 409))
def not_an_update(job: Json, deposit: Json, group: str) -> None:
    job["isUpdate"] = False


@refused(400)
def an_origin_of_the_system(job: Json, deposit: Json, group: str) -> None:
    job["binariesToAdd"][0]["origin"] = "file:///etc/passwd"


@refused(400)
def an_origin_that_climbs_out(job: Json, deposit: Json, group: str) -> None:
    job["binariesToAdd"][0]["origin"] = deposit["files"] + "../../../../../../etc/passwd"


@refused(400)
def an_origin_that_climbs_out_escaped(job: Json, deposit: Json, group: str) -> None:
    job["binariesToAdd"][0]["origin"] = deposit["files"] + "%2e%2e/%2e%2e/x"


@refused(400)
def an_origin_with_a_longer_name(job: Json, deposit: Json, group: str) -> None:
    job["binariesToAdd"][0]["origin"] = deposit["files"].rstrip("/") + "2/in/new.png"


@refused(400)
def an_origin_on_another_host(job: Json, deposit: Json, group: str) -> None:
    job["binariesToAdd"][0]["origin"] = "https://elsewhere.example/x.png"


@refused(400)
def an_origin_in_another_scheme(job: Json, deposit: Json, group: str) -> None:
    job["binariesToAdd"][0]["origin"] = "s3://bucket/in/new.png"


@refused(400)
def no_origin(job: Json, deposit: Json, group: str) -> None:
    del job["binariesToAdd"][0]["origin"]


@refused((400, 409, 422), "absent-1.png", "absent-2.png")
def origins_that_are_not_there(job: Json, deposit: Json, group: str) -> None:
    add = job["binariesToAdd"][0]
    job["binariesToAdd"] = [
        {
            **add,
            "id": f"{group}/objects/n{n}.png",
            "origin": f"{deposit['files']}in/absent-{n}.png",
        }
        for n in (1, 2)
    ]


@refused((400, 409, 422))
def an_origin_that_is_a_folder(job: Json, deposit: Json, group: str) -> None:
    job["binariesToAdd"][0]["origin"] = deposit["files"] + "in"


@refused((400, 422))
def no_digest(job: Json, deposit: Json, group: str) -> None:
    del job["binariesToAdd"][0]["digest"]


@refused((400, 422))
def a_digest_that_is_none(job: Json, deposit: Json, group: str) -> None:
    job["binariesToAdd"][0]["digest"] = "d41d8cd98f00b204e9800998ecf8427e"


@refused((400, 409, 422))
def a_wrong_size(job: Json, deposit: Json, group: str) -> None:
    job["binariesToAdd"][0]["size"] += 1


@refused(400)
def a_negative_size(job: Json, deposit: Json, group: str) -> None:
    job["binariesToAdd"][0]["size"] = -1


@refused(400)
def a_size_that_is_no_number(job: Json, deposit: Json, group: str) -> None:
    job["binariesToAdd"][0]["size"] = "many"


@refused(
    400,
)
def a_list_that_is_no_list(job: Json, deposit: Json, group: str) -> None:
    job["binariesToAdd"] = {"id": "x"}


@refused(400)
def a_truth_value_as_text(job: Json, deposit: Json, group: str) -> None:
    job["isUpdate"] = "true"


@refused(400)
def the_diff_of_another_deposit_and_no_deposit(job: Json, deposit: Json, group: str) -> None:
    for name in list(job):
        del job[name]
    job["id"] = "/deposits/kx7m2tq9ahwd/importjobs/diff"


@pytest.mark.contract("16.19", "16.20", "16.21", "17.4", "17.5", "17.6", "17.21")
@pytest.mark.parametrize("name", REFUSED)
def test_a_bad_job_is_refused_and_changes_nothing(
    client: httpx.Client, group: str, deposit: Json, untouched: Untouched, name: str
) -> None:
    spoil, status, named = REFUSED[name]
    job = hand_written(
        deposit,
        group,
        isUpdate=True,
        binariesToAdd=[item(group, "objects/new.png", deposit, "in/new.png", samples.page(80))],
    )
    spoil(job, deposit, group)
    answer = post_job(client, deposit, job)
    assert_problem(answer, status, errors=named or None)
    untouched.check()


def test_many_different_faults_are_named_at_once(
    client: httpx.Client, group: str, deposit: Json, untouched: Untouched
) -> None:
    add = item(group, "objects/new.png", deposit, "in/new.png", samples.page(80))
    job = hand_written(
        deposit,
        group,
        binariesToAdd=[
            {**add, "id": f"{group}/objects/no-digest.png", "digest": None},
            {**add, "id": f"{group}/objects/no-file.png", "origin": deposit["files"] + "nowhere"},
            {**add, "id": f"{group}/objects/outside.png", "origin": "file:///etc/passwd"},
            {**add, "id": f"{group}-other/elsewhere.png"},
        ],
        binariesToDelete=[{"id": f"{group}/objects/not-there.png"}],
    )
    answer = post_job(client, deposit, job)
    body = assert_problem(answer, (400, 409, 422))
    told = str(body["errors"])
    for word in ("no-digest.png", "nowhere", "/etc/passwd", "elsewhere.png", "not-there.png"):
        assert word in told, word
    untouched.check()


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"{", b'{"id": 7}', b'{"binariesToAdd": 7}'])
def test_a_body_that_is_no_job(
    client: httpx.Client, deposit: Json, untouched: Untouched, body: bytes
) -> None:
    answer = client.post(
        f"{deposit['id']}/importjobs", content=body, headers={"Content-Type": "application/json"}
    )
    assert_problem(answer, 400)
    untouched.check()


@pytest.mark.parametrize("kind", ["file", "folder", "inside"])
def test_origins_through_symbolic_links_are_refused(
    client: httpx.Client, group: str, deposit: Json, tmp_path: Path, kind: str
) -> None:
    data = samples.page(80)
    secret = tmp_path / "new.png"
    secret.write_bytes(data)
    root = local(deposit["files"])
    target = {"file": secret, "folder": tmp_path, "inside": root / "in" / "new.png"}[kind]
    (root / "link").symlink_to(target)
    origin = "link/new.png" if kind == "folder" else "link"
    add = item(group, "objects/x.png", deposit, origin, data)
    before = client.get(group).content
    answer = post_job(client, deposit, hand_written(deposit, group, binariesToAdd=[add]))
    assert_problem(answer, (400, 409, 422), errors={"link"})
    assert client.get(group).content == before


@pytest.mark.contract("16.3", "16.39", "17.7")
def test_wrong_bytes_are_found_while_copying_and_all_named(
    server: Server, client: httpx.Client, group: str, deposit: Json
) -> None:
    before = client.get(group).content
    stored = ocfl_check.snapshot(ocfl_check.find_root(server.data))
    good = item(group, "objects/good.png", deposit, "in/new.png", samples.page(80))
    wrong = samples.sha256(b"something else")
    names = ("bad-1.png", "bad-2.png")
    fill(deposit, {f"in/{name}": samples.page(81) for name in names})
    bad = [
        item(group, f"objects/{name}", deposit, f"in/{name}", samples.page(81), digest=wrong)
        for name in names
    ]
    job = hand_written(deposit, group, binariesToAdd=[good, *bad])
    result = wait(client, ok(post_job(client, deposit, job), 201).json())
    assert result["status"] == "completedWithErrors"
    assert result["newVersion"] is None
    assert result["binariesAdded"] == []
    told = [f"{error['id']} {error['message']}" for error in result["errors"]]
    for name in names:
        (line,) = [line for line in told if name in line]
        assert samples.sha256(samples.page(81)) in line
        assert wrong in line
    assert not any("good.png" in line for line in told)
    after = client.get(deposit["id"]).json()
    assert after["status"] == "error"
    assert after["versionPreserved"] is None
    assert after["preserved"] is None
    assert client.get(group).content == before
    assert ocfl_check.snapshot(ocfl_check.find_root(server.data)) == stored


def test_a_failed_job_can_be_followed_by_a_better_one(
    client: httpx.Client, group: str, deposit: Json
) -> None:
    data = samples.page(80)
    wrong = item(group, "objects/x.png", deposit, "in/other.png", data)
    answer = post_job(client, deposit, hand_written(deposit, group, binariesToAdd=[wrong]))
    if answer.status_code == 201:
        assert wait(client, answer.json())["status"] == "completedWithErrors"
    right = item(group, "objects/x.png", deposit, "in/new.png", data)
    run_job(client, deposit, hand_written(deposit, group, binariesToAdd=[right]))
    results = ok(client.get(f"{deposit['id']}/importjobs/results")).json()
    assert [r["status"] for r in results][-1] == "completed"
    assert client.get(deposit["id"]).json()["status"] == "preserved"


def test_a_new_group_needs_its_parents(server: Server, client: httpx.Client, room: str) -> None:
    group = f"{server.url}/repository/{room}/absent/book"
    deposit = make_filled(client, group, {"objects/a.txt": b"a"})
    add = binary(group, deposit, "objects/a.txt", b"a")
    answer = post_job(client, deposit, hand_written(deposit, group, binariesToAdd=[add]))
    assert_problem(answer, (400, 409))
    assert client.head(group).status_code == 404


def test_a_group_below_a_group_is_refused(
    server: Server, client: httpx.Client, group: str, files: Files
) -> None:
    below = f"{group}/objects/below"
    answer = client.post("/deposits", json={"archivalGroup": below, "archivalGroupName": "N"})
    if answer.status_code != 201:
        assert_problem(answer, (400, 409))
        return
    deposit = answer.json()
    fill(deposit, samples.with_mets({"objects/a.txt": b"a"}))
    assert_problem(client.get(f"{deposit['id']}/importjobs/diff"), (400, 409))
    assert_problem(workflow.post_diff(client, deposit), (400, 409))
    add = binary(below, deposit, "objects/a.txt", b"a")
    job = hand_written(deposit, below, binariesToAdd=[add])
    assert_problem(post_job(client, deposit, job), (400, 409))
    assert client.head(below).status_code == 404


def test_a_deposit_without_a_group_cannot_be_imported(client: httpx.Client, group: str) -> None:
    deposit = make_deposit(client)
    fill(deposit, {"objects/a.txt": b"a"})
    add = binary(group, deposit, "objects/a.txt", b"a")
    answer = post_job(client, deposit, hand_written(deposit, group, binariesToAdd=[add]))
    assert_problem(answer, 400)
    assert client.head(group).status_code == 404


def test_two_deposits_cannot_overtake_each_other(
    client: httpx.Client, group: str, files: Files, deposit: Json
) -> None:
    fill(deposit, {"objects/late.txt": b"late"})
    late = samples.with_mets({**samples.book(3), "objects/late.txt": b"late"})
    fill(deposit, {"mets.xml": late["mets.xml"]})
    for loose in ("in/new.png", "in/other.png"):
        (local(deposit["files"]) / loose).unlink()
    (local(deposit["files"]) / "in").rmdir()
    diff = workflow.get_diff(client, deposit)
    ok(client.delete(deposit["id"]), 204)
    other = make_deposit(client, archivalGroup=group)
    renamed = samples.with_mets(samples.book(3), labels={"objects/page 0001.png": "One"})
    fill(other, {"mets.xml": renamed["mets.xml"]})
    run_diff(client, other)
    again = make_deposit(client, archivalGroup=group)
    fill(again, {"mets.xml": late["mets.xml"], "objects/late.txt": b"late"})
    stale = {**diff, "deposit": again["id"], "id": "urn:stale"}
    for name in ("binariesToAdd", "binariesToPatch"):
        for entry in stale[name]:
            entry["origin"] = entry["origin"].replace(deposit["files"], again["files"])
    assert_problem(post_job(client, again, stale), 409, errors={"sourceVersion"})
    assert load(client, group)["version"]["ocflVersion"] == "v2"
