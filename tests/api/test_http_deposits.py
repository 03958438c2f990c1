"""Deposits over HTTP: made, changed, listed, locked and deleted."""

from __future__ import annotations

import hashlib
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from support import samples, workflow
from support.server import Server
from support.shapes import MINTED, UTC_TIME, assert_problem, assert_shape
from support.workflow import fill, fresh, local, make_deposit, ok

METS = "{http://www.loc.gov/METS/}"

#: orderings in which the three deposits of one author are equal but for the tie-breaker
ORDERS = ("status", "exported", "exportedBy", "preserved", "preservedBy", "lastModifiedBy")


@pytest.mark.contract("16.5", "16.6", "16.7")
@pytest.mark.parametrize(
    "request_body",
    [
        {},
        {"content": b"", "headers": {"Content-Type": "application/json"}},
        {"json": {}},
        {"json": {"archivalGroup": None, "archivalGroupName": None, "template": None}},
    ],
)
def test_all_fields_of_a_new_deposit_are_optional(
    server: Server, client: httpx.Client, request_body: dict[str, object]
) -> None:
    answer = ok(client.post("/deposits", **request_body), 201)  # type: ignore[arg-type]
    deposit = answer.json()
    assert_shape("Deposit", deposit)
    short = deposit["id"].rpartition("/")[2]
    assert MINTED.fullmatch(short)
    assert deposit["id"] == f"{server.url}/deposits/{short}"
    assert answer.headers["location"] == f"/deposits/{short}"
    assert UTC_TIME.fullmatch(deposit["created"])
    agent = f"{server.url}/agents/dlipdev"
    expected = {
        "id": deposit["id"],
        "type": "Deposit",
        "archivalGroup": None,
        "archivalGroupExists": False,
        "files": deposit["files"],
        "status": "new",
        "submissionText": None,
        "archivalGroupName": None,
        "active": True,
        "preserved": None,
        "preservedBy": None,
        "versionPreserved": None,
        "exported": None,
        "exportedBy": None,
        "versionExported": None,
        "template": "None",
        "created": deposit["created"],
        "createdBy": agent,
        "lastModified": deposit["created"],
        "lastModifiedBy": agent,
        "metsETag": None,
        "lockedBy": None,
        "lockDate": None,
        "archived": None,
    }
    assert {name: deposit[name] for name in expected} == expected
    assert ok(client.get(deposit["id"])).json() == deposit


def test_the_working_area_is_a_folder_that_exists(client: httpx.Client) -> None:
    deposit = make_deposit(client)
    assert deposit["files"].startswith("file:///")
    assert deposit["files"].endswith(f"/{deposit['id'].rpartition('/')[2]}/")
    assert local(deposit["files"]).is_dir()
    assert list(local(deposit["files"]).iterdir()) == []


def test_a_deposit_with_all_fields(client: httpx.Client, group: str) -> None:
    deposit = make_deposit(
        client,
        archivalGroup=group,
        archivalGroupName="Ein schönes Buch",
        submissionText="From the north wing\nsecond shelf",
        template="RootLevel",
    )
    assert deposit["archivalGroup"] == group
    assert deposit["archivalGroupExists"] is False
    assert deposit["archivalGroupName"] == "Ein schönes Buch"
    assert deposit["submissionText"] == "From the north wing\nsecond shelf"
    assert deposit["template"] == "None"


@pytest.mark.parametrize(
    "spelling", ["ArchivalGroupName", "ARCHIVALGROUPNAME", "archivalgroupname"]
)
def test_property_names_are_read_in_any_case(client: httpx.Client, spelling: str) -> None:
    answer = client.post("/deposits", json={spelling: "A name", "somethingElse": [{}]})
    assert ok(answer, 201).json()["archivalGroupName"] == "A name"


@pytest.mark.parametrize("path", ["/Deposits", "/DEPOSITS", "/deposits/"])
def test_literal_segments_are_read_in_any_case(client: httpx.Client, path: str) -> None:
    made = ok(client.post(path, json={}), 201).json()
    assert ok(client.get(made["id"].replace("/deposits/", "/Deposits/"))).json()["id"] == made["id"]


# ------------------------------------------------------------------------------ templates


@pytest.mark.contract("16.32", "16.34", "16.35", "17.23")
@pytest.mark.parametrize(
    ("template", "mets", "folders"),
    [
        ("RootLevel", "mets.xml", {"objects", "metadata", "metadata/ad-hoc"}),
        ("rootlevel", "mets.xml", {"objects", "metadata", "metadata/ad-hoc"}),
        (1, "mets.xml", {"objects", "metadata", "metadata/ad-hoc"}),
        (
            "BagIt",
            "data/mets.xml",
            {"data", "data/objects", "data/metadata", "data/metadata/ad-hoc"},
        ),
        (2, "data/mets.xml", {"data", "data/objects", "data/metadata", "data/metadata/ad-hoc"}),
        ("None", None, set()),
        ("none", None, set()),
        (0, None, set()),
    ],
)
def test_templates(
    client: httpx.Client, template: object, mets: str | None, folders: set[str]
) -> None:
    deposit = make_deposit(client, template=template, archivalGroupName="A & B")
    assert deposit["template"] == "None"
    found = samples_tree(deposit["files"])
    assert {name.rstrip("/") for name in found if name.endswith("/")} == folders
    # the tree of what the template made is kept there too, for programs that look for it
    files = sorted(name for name in found if not name.endswith("/"))
    assert files == ([CACHE, mets] if mets else [])
    if mets is None:
        assert_problem(client.get(f"{deposit['id']}/mets"), 404)
        return
    data = (local(deposit["files"]) / mets).read_bytes()
    root = ET.fromstring(data)
    assert root.tag == f"{METS}mets"
    assert len(root.findall(f".//{METS}amdSec")) == 3
    assert len(root.findall(f".//{METS}div")) == 4
    title = root.find(".//{http://www.loc.gov/mods/v3}title")
    assert title is not None
    assert title.text == "A & B"
    answer = ok(client.get(f"{deposit['id']}/mets"))
    assert answer.content == data
    assert answer.headers["content-type"].startswith("application/xml")
    etag = f'"{hashlib.sha256(data).hexdigest()}"'
    assert answer.headers["etag"] == etag
    assert client.get(deposit["id"]).json()["metsETag"] == etag


CACHE = "__METSlike.json"


def samples_tree(uri: str) -> list[str]:
    """Every path in a working area, folders with a slash at the end."""
    root = local(uri)
    return sorted(
        str(path.relative_to(root)) + ("/" if path.is_dir() else "") for path in root.rglob("*")
    )


@pytest.mark.parametrize("template", ["Bag", "3", 3, -1, True, {}])
def test_an_unknown_template_is_refused(client: httpx.Client, template: object) -> None:
    assert_problem(client.post("/deposits", json={"template": template}), 400)


def test_a_template_without_a_name_has_the_title_untitled(client: httpx.Client) -> None:
    deposit = make_deposit(client, template="RootLevel")
    assert b"<mods:title>[Untitled]</mods:title>" in client.get(f"{deposit['id']}/mets").content


def test_the_mets_is_seen_as_soon_as_it_is_there(client: httpx.Client) -> None:
    deposit = make_deposit(client)
    assert deposit["metsETag"] is None
    for data in (b"<a/>", b"<b/>"):
        fill(deposit, {"METS.XML": data})
        etag = f'"{hashlib.sha256(data).hexdigest()}"'
        assert client.get(deposit["id"]).json()["metsETag"] == etag
        assert client.get(f"{deposit['id']}/mets").content == data


# ------------------------------------------------------------------------ archival groups


@pytest.mark.parametrize(
    "bad",
    [
        "/a b",
        "/café",
        "/a~b",
        "/a%2Fb",
        "/../up",
        "/repository",
        "//double",
        "/a/",
        "/" + "x" * 3000,
        "/a%00",
        "/.strongroom%23",
    ],
)
def test_a_bad_group_path_is_refused(
    server: Server, client: httpx.Client, room: str, bad: str
) -> None:
    uri = f"{server.url}/repository/{room}{bad}"
    before = client.get("/deposits").json()["total"]
    assert_problem(client.post("/deposits", json={"archivalGroup": uri}), 400)
    assert client.get("/deposits").json()["total"] == before
    deposit = make_deposit(client)
    assert_problem(client.patch(deposit["id"], json={"archivalGroup": uri}), 400)
    assert client.get(deposit["id"]).json()["archivalGroup"] is None


@pytest.mark.contract("17.21")
@pytest.mark.parametrize(
    "uri",
    [
        "https://elsewhere.example/repository/a/b",
        "ftp://localhost/repository/a",
        "a/b",
        "not a uri",
        "{root}/deposits/x",
        "{root}/repository",
        "{root}/repository/",
        "{root}",
    ],
)
def test_a_group_that_is_not_in_this_repository_is_refused(
    server: Server, client: httpx.Client, uri: str
) -> None:
    body = {"archivalGroup": uri.format(root=server.url)}
    assert_problem(client.post("/deposits", json=body), 400)


@pytest.mark.contract("19.POST-deposits.500")
def test_the_storage_root_and_a_relative_uri_name_the_same_group(
    server: Server, client: httpx.Client, room: str
) -> None:
    for number, base in enumerate((f"{server.storage_url}/repository", "/repository")):
        made = make_deposit(client, archivalGroup=f"{base}/{room}/b{number}")
        assert made["archivalGroup"] == f"{server.url}/repository/{room}/b{number}"


def test_a_group_has_one_active_deposit(client: httpx.Client, group: str) -> None:
    first = make_deposit(client, archivalGroup=group)
    problem = assert_problem(client.post("/deposits", json={"archivalGroup": group}), 409)
    assert first["id"].rpartition("/")[2] in str(problem)
    other = make_deposit(client)
    assert_problem(client.patch(other["id"], json={"archivalGroup": group}), 409)
    # its own group is no conflict
    ok(client.patch(first["id"], json={"archivalGroup": group}))
    # another spelling of the same path is the same group
    spelled = group.replace("/book", "/%62ook")
    assert_problem(client.post("/deposits", json={"archivalGroup": spelled}), 409)


@pytest.mark.contract("17.15")
def test_of_racing_deposits_for_a_group_exactly_one_is_made(server: Server, group: str) -> None:
    def post(_: int) -> int:
        with workflow.connect(server.url) as racer:
            return racer.post("/deposits", json={"archivalGroup": group}).status_code

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(post, range(6))) == [201] + [409] * 5


def test_a_group_path_that_is_taken_by_something_else(
    server: Server, client: httpx.Client, room: str, group: str
) -> None:
    workflow.make_container(client, f"{room}/folder")
    workflow.make_container(client, f"{room}/gone")
    ok(client.delete(f"/repository/{room}/gone"), 204)
    root = f"{server.url}/repository/{room}"
    assert_problem(client.post("/deposits", json={"archivalGroup": f"{root}/folder"}), 409)
    assert_problem(client.post("/deposits", json={"archivalGroup": f"{root}/gone"}), 410)
    workflow.preserve_book(client, group)
    for below in ("objects", "mets.xml"):
        body = {"archivalGroup": f"{group}/{below}"}
        assert_problem(client.post("/deposits", json=body), 409)
    deposit = make_deposit(client)
    body = {"archivalGroup": f"{root}/folder"}
    assert_problem(client.patch(deposit["id"], json=body), 409)
    assert_problem(client.patch(deposit["id"], json={"archivalGroup": f"{root}/gone"}), 410)


@pytest.mark.contract("17.22")
def test_a_deposit_survives_what_happens_to_its_group_path(
    server: Server, client: httpx.Client, room: str
) -> None:
    deposit = make_deposit(client, archivalGroup=f"{server.url}/repository/{room}/x")
    workflow.make_container(client, f"{room}/x")
    assert ok(client.get(deposit["id"])).json()["archivalGroupExists"] is False
    ok(client.delete(f"/repository/{room}/x"), 204)
    assert ok(client.get(deposit["id"])).json()["archivalGroupExists"] is False


# ---------------------------------------------------------------------------------- PATCH


@pytest.mark.contract("16.11")
def test_patch_sets_group_name_and_note(server: Server, client: httpx.Client, group: str) -> None:
    deposit = make_deposit(client)
    with workflow.connect(server.url, identity="editor") as editor:
        patched = ok(
            editor.patch(
                deposit["id"],
                json={"archivalGroup": group, "archivalGroupName": "N", "submissionText": "T"},
            )
        ).json()
    assert_shape("Deposit", patched)
    assert patched["archivalGroup"] == group
    assert patched["archivalGroupName"] == "N"
    assert patched["submissionText"] == "T"
    assert patched["lastModifiedBy"] == f"{server.url}/agents/editor"
    assert patched["createdBy"] == f"{server.url}/agents/dlipdev"
    assert patched["lastModified"] > deposit["lastModified"]
    assert client.get(deposit["id"]).json() == patched


@pytest.mark.parametrize("blank", [None, "", "  "])
def test_blank_means_leave_as_it_is(client: httpx.Client, group: str, blank: str | None) -> None:
    deposit = make_deposit(client, archivalGroup=group, archivalGroupName="N", submissionText="T")
    body = {"archivalGroup": blank, "archivalGroupName": blank, "submissionText": blank}
    patched = ok(client.patch(deposit["id"], json=body)).json()
    for name in body:
        assert patched[name] == deposit[name], name


@pytest.mark.contract("16.11")
def test_patch_leaves_everything_else_alone(client: httpx.Client) -> None:
    deposit = make_deposit(client)
    body = {
        "id": "https://x.example/deposits/other",
        "status": "preserved",
        "active": False,
        "template": "BagIt",
        "files": "file:///etc/",
        "createdBy": "someone",
        "versionPreserved": "v9",
        "lockedBy": "someone",
        "submissionText": "T",
    }
    patched = ok(client.patch(deposit["id"], json=body)).json()
    expected = deposit | {
        "submissionText": "T",
        "lastModified": patched["lastModified"],
    }
    assert patched == expected


@pytest.mark.contract("16.11")
def test_patch_archived(client: httpx.Client) -> None:
    deposit = make_deposit(client)
    patched = ok(
        client.patch(deposit["id"], json={"archived": "2024-06-01T10:00:00.1234567Z"})
    ).json()
    assert patched["status"] == "archived"
    assert patched["archived"] == "2024-06-01T10:00:00.123456Z"
    assert patched["lastModified"] == deposit["lastModified"]
    assert_problem(client.patch(deposit["id"], json={"archived": "yesterday"}), 400)


# ------------------------------------------------------------------- unknown and deleted


@pytest.mark.parametrize("short", ["kx7m2tq9ahwd", "x", "..%2F..", "KX7M2TQ9AHWD", "%00"])
def test_an_unknown_deposit(client: httpx.Client, short: str) -> None:
    path = f"/deposits/{short}"
    for answer in (
        client.get(path),
        client.patch(path, json={"submissionText": "T"}),
        client.delete(path),
        client.post(f"{path}/lock"),
        client.delete(f"{path}/lock"),
        client.put(f"{path}/activate"),
        client.put(f"{path}/deactivate"),
        client.get(f"{path}/mets"),
        client.get(f"{path}/importjobs/diff"),
        client.post(f"{path}/importjobs", json={"id": f"{path}/importjobs/diff"}),
    ):
        assert_problem(answer, 404 if short.isalnum() else (400, 404))


@pytest.mark.contract("16.41")
def test_delete_removes_the_deposit_and_its_files(client: httpx.Client, group: str) -> None:
    deposit = make_deposit(client, archivalGroup=group)
    fill(deposit, samples.book(2))
    answer = ok(client.delete(deposit["id"]), 204)
    assert answer.content == b""
    assert not local(deposit["files"]).exists()
    assert_problem(client.get(deposit["id"]), 404)
    assert_problem(client.delete(deposit["id"]), 404)
    # the group's path is free for another deposit
    make_deposit(client, archivalGroup=group)


def test_delete_does_not_follow_links_out_of_the_deposit(
    client: httpx.Client, tmp_path: object
) -> None:
    outside = workflow.Path(str(tmp_path)) / "outside"
    outside.mkdir()
    (outside / "kept.txt").write_text("kept")
    deposit = make_deposit(client)
    (local(deposit["files"]) / "link").symlink_to(outside)
    ok(client.delete(deposit["id"]), 204)
    assert not local(deposit["files"]).exists()
    assert (outside / "kept.txt").read_text() == "kept"


def test_deleting_a_preserved_deposit_leaves_the_group(client: httpx.Client, group: str) -> None:
    files = samples.with_mets(samples.book(2))
    deposit = workflow.make_filled(client, group, files)
    workflow.run_diff(client, deposit)
    ok(client.delete(deposit["id"]), 204)
    workflow.assert_holds(client, group, files)


# ---------------------------------------------------------------------------------- locks


@pytest.mark.contract("16.12", "17.27")
def test_locks(server: Server, client: httpx.Client) -> None:
    deposit = make_deposit(client)
    lock = f"{deposit['id']}/lock"
    with (
        workflow.connect(server.url, identity="anna") as anna,
        workflow.connect(server.url, identity="bob") as bob,
    ):
        assert ok(anna.post(lock), 204).content == b""
        held = client.get(deposit["id"]).json()
        assert held["lockedBy"] == f"{server.url}/agents/anna"
        assert UTC_TIME.fullmatch(held["lockDate"])
        ok(anna.post(lock), 204)
        problem = assert_problem(bob.post(lock), 409, "Deposit is locked by")
        assert "anna" in problem["detail"]
        assert_problem(bob.post(lock, params={"force": "false"}), 409, "Deposit is locked by")
        body = {"submissionText": "T"}
        assert_problem(bob.patch(deposit["id"], json=body), 409, "Deposit is locked by")
        assert_problem(bob.delete(deposit["id"]), 409, "Deposit is locked by")
        ok(anna.patch(deposit["id"], json=body))
        ok(bob.post(lock, params={"force": "True"}), 204)
        assert client.get(deposit["id"]).json()["lockedBy"] == f"{server.url}/agents/bob"
        assert_problem(anna.patch(deposit["id"], json=body), 409)
        ok(anna.delete(lock), 204)
        ok(anna.delete(lock), 204)
        free = client.get(deposit["id"]).json()
        assert (free["lockedBy"], free["lockDate"]) == (None, None)
        ok(anna.delete(deposit["id"]), 204)


def test_an_import_is_blocked_by_the_lock_of_another(
    server: Server, client: httpx.Client, group: str
) -> None:
    deposit = workflow.make_filled(client, group, samples.with_mets(samples.book(1)))
    with workflow.connect(server.url, identity="anna") as anna:
        ok(anna.post(f"{deposit['id']}/lock"), 204)
        ok(client.get(f"{deposit['id']}/importjobs/diff"))
        answer = workflow.post_diff(client, deposit)
        assert_problem(answer, 409, "Deposit is locked by another user:", "anna")
        assert client.get(f"{deposit['id']}/importjobs/results").json() == []
        workflow.run_diff(anna, deposit)


def test_activate_and_deactivate(client: httpx.Client) -> None:
    deposit = make_deposit(client)
    assert_problem(client.put(f"{deposit['id']}/deactivate"), 400)
    assert ok(client.put(f"{deposit['id']}/activate"), 204).content == b""
    assert client.get(deposit["id"]).json() == deposit


# ------------------------------------------------------------------------------- the list


@pytest.fixture
def author(server: Server) -> str:
    """An agent that only this test knows, so that the list can be narrowed to its deposits."""
    return fresh("author")


@pytest.fixture
def three(server: Server, client: httpx.Client, room: str, author: str) -> list[str]:
    """Three deposits of one author, oldest first, for groups a, b and c."""
    with workflow.connect(server.url, identity=author) as own:
        return [
            make_deposit(
                own,
                archivalGroup=f"{server.url}/repository/{room}/{slug}",
                archivalGroupName=f"Name {slug}",
            )["id"]
            for slug in ("b", "a", "c")
        ]


def listed(client: httpx.Client, **query: object) -> list[str]:
    page = ok(client.get("/deposits", params=query)).json()  # type: ignore[arg-type]
    assert_shape("DepositQueryPage", page)
    for deposit in page["deposits"]:
        assert_shape("Deposit", deposit)
        assert deposit["metsETag"] is None
    assert page["total"] >= len(page["deposits"])
    return [deposit["id"] for deposit in page["deposits"]]


@pytest.mark.contract("16.9")
def test_the_list_is_a_page_object(client: httpx.Client, three: list[str], author: str) -> None:
    page = ok(client.get("/deposits", params={"createdBy": author})).json()
    assert list(page) == ["deposits", "page", "pageSize", "total"]
    assert (page["page"], page["pageSize"], page["total"]) == (1, 100, 3)
    assert [deposit["id"] for deposit in page["deposits"]] == three[::-1]


def test_list_paging(client: httpx.Client, three: list[str], author: str) -> None:
    query = {"createdBy": author, "pageSize": 2, "ascending": "true"}
    assert listed(client, **query, page=1) == three[:2]
    assert listed(client, **query, page=2) == three[2:]
    assert listed(client, **query, page=3) == []
    answer = client.get("/deposits", params={**query, "page": 2}).json()
    assert (answer["page"], answer["pageSize"], answer["total"]) == (2, 2, 3)


def test_list_ordering(client: httpx.Client, three: list[str], author: str) -> None:
    b, a, c = three
    asked = {"createdBy": author, "ascending": "True"}
    assert listed(client, **asked) == [b, a, c]
    assert listed(client, **asked, orderBy="archivalGroupPath") == [a, b, c]
    assert listed(client, **asked, orderBy="ARCHIVALGROUPPATH") == [a, b, c]
    assert listed(client, **asked, orderBy="whatever") == [b, a, c]
    ok(client.patch(b, json={"submissionText": "T"}))
    assert listed(client, **asked, orderBy="lastModified") == [a, c, b]
    assert listed(client, createdBy=author, orderBy="lastModified") == [b, c, a]
    for order in (*ORDERS, "created", "createdBy"):
        assert sorted(listed(client, **asked, orderBy=order)) == sorted(three), order


@pytest.mark.contract("16.10")
def test_list_filters(
    server: Server, client: httpx.Client, three: list[str], author: str, room: str
) -> None:
    b, a, _ = three
    made = client.get(a).json()["created"]
    ok(client.patch(b, json={"submissionText": "T"}))
    by = {"createdBy": author}
    assert listed(client, CreatedBy=author) == three[::-1]
    assert listed(client, **{"query.createdBy": author}) == three[::-1]
    assert listed(client, createdBy=f"{server.url}/agents/{author}") == three[::-1]
    assert listed(client, createdBy=fresh("nobody")) == []
    assert listed(client, **by, lastModifiedBy="dlipdev") == [b]
    assert listed(client, **by, createdAfter=made, ascending="true") == three[1:]
    assert listed(client, **by, createdBefore=made) == [b]
    assert listed(client, **by, createdAfter="2020-01-01T00:00:00") == three[::-1]
    assert listed(client, **by, createdBefore="2020-01-01T00:00:00") == []
    assert listed(client, **by, preservedAfter="2020-01-01T00:00:00") == []
    assert listed(client, archivalGroupPath=f"{room}/a") == [a]
    assert listed(client, archivalGroupPath=f"/repository/{room}/a") == [a]
    assert listed(client, **by, archivalGroupPath="a") == [a]
    assert listed(client, archivalGroupPathParent=room) == three[::-1]
    assert listed(client, archivalGroupPathParent=f"{room}/b") == [b]
    assert listed(client, **by, status="new") == three[::-1]
    assert listed(client, **by, status="preserved") == []
    assert listed(client, **by, archived="true") == []
    assert listed(client, **by, archived="false") == three[::-1]
    assert listed(client, **by, showForm="true") == three[::-1]


def test_list_wildcards_are_plain_characters(
    client: httpx.Client, three: list[str], author: str, room: str
) -> None:
    assert listed(client, createdBy=author, archivalGroupPathParent="%") == []
    assert listed(client, createdBy=author, archivalGroupPath="%") == []
    assert listed(client, createdBy=author, archivalGroupPath="_") == []


@pytest.mark.contract("17.28")
def test_list_of_active_and_inactive(
    server: Server, client: httpx.Client, three: list[str], author: str
) -> None:
    b, a, c = three
    with workflow.connect(server.url, identity=author) as own:
        fill({"files": own.get(a).json()["files"]}, samples.with_mets(samples.book(1)))
        workflow.run_diff(own, {"id": a})
    by = {"createdBy": author}
    assert listed(client, **by) == [c, b]
    assert listed(client, **by, showAll="true") == [c, a, b]
    assert listed(client, **by, active="false") == [a]
    assert listed(client, **by, active="true") == [c, b]
    assert a in listed(client, active="false")
    assert listed(client, **by, showAll="true", status="preserved") == [a]
    assert listed(client, preservedBy=author, showAll="true") == [a]


@pytest.mark.contract("17.21")
@pytest.mark.parametrize(
    "query",
    [
        {"page": "0"},
        {"page": "-1"},
        {"page": "one"},
        {"pageSize": "0"},
        {"pageSize": "-5"},
        {"pageSize": "x"},
        {"active": "maybe"},
        {"showAll": "7"},
        {"createdAfter": "yesterday"},
        {"preservedBefore": "2024-13-01"},
    ],
)
def test_a_bad_query_is_refused(client: httpx.Client, query: dict[str, str]) -> None:
    problem = assert_problem(client.get("/deposits", params=query), 400)
    assert next(iter(query)).lower() in str(problem).lower()


@pytest.mark.contract("16.6")
def test_agents_are_listed(
    server: Server, client: httpx.Client, three: list[str], author: str
) -> None:
    agents = ok(client.get("/agents")).json()
    assert f"{server.url}/agents/{author}" in agents
    assert len(agents) == len(set(agents))
