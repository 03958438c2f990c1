"""Access restrictions and rights over HTTP: set, inherited, preserved, exported and set again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from support import samples, workflow
from support.server import Server
from support.workflow import Json, get, ok

FILES = {
    "objects/a.txt": b"one",
    "objects/b c/d & e#1.txt": b"two",
    "objects/b c/f.txt": b"three",
    "metadata/notes.txt": b"four",
}
FOLDER, FILE = "objects/b c", "objects/b c/d & e#1.txt"
IN_COPYRIGHT = "http://rightsstatements.org/vocab/InC/1.0/"
ZERO = "https://creativecommons.org/publicdomain/zero/1.0/"


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    with workflow.connect(server.url) as connected:
        yield connected


def managed(client: httpx.Client, name: str, template: str = "RootLevel") -> Json:
    """A deposit whose METS lists the files."""
    workflow.make_containers(client, "access")
    body = {
        "archivalGroup": f"{str(client.base_url).rstrip('/')}/repository/access/{name}",
        "archivalGroupName": "Accessible",
        "template": template,
    }
    made = ok(client.post("/deposits", json=body), 201).json()
    prefix = "data/" if template == "BagIt" else ""
    workflow.fill(made, {prefix + path: data for path, data in FILES.items()})
    match = {"If-Match": get(client, made["id"])["metsETag"]}
    ok(client.post(f"{made['id']}/mets", json=list(FILES), headers=match))
    return get(client, made["id"])


def place(deposit: Json) -> str:
    return f"/v1/deposits/{deposit['id'].rpartition('/')[2]}/access"


def setting(
    client: httpx.Client, deposit: Json, *items: Json, match: str | None = None,
    headers: dict[str, str] | None = None,
) -> httpx.Response:  # fmt: skip
    match = match or get(client, deposit["id"])["metsETag"]
    return client.patch(
        place(deposit), json={"items": list(items)}, headers={"If-Match": match} | (headers or {})
    )


def item(path: str, **values: Any) -> Json:
    return {"path": path} | values


def held(client: httpx.Client, deposit: Json, path: str | None = None) -> list[Json]:
    answer = ok(client.get(place(deposit), params={"path": path} if path else None))
    assert answer.headers["etag"] == answer.json()["metsETag"]
    found: list[Json] = answer.json()["items"]
    return found


def short(items: list[Json]) -> dict[str, tuple[list[str], str | None, str | None, str | None]]:
    """What holds for each path, and where it is from."""
    return {
        each["path"]: (
            each["effectiveAccessRestrictions"],
            each["accessRestrictionsFrom"],
            each["effectiveRightsStatement"],
            each["rightsStatementFrom"],
        )
        for each in items
    }


@pytest.mark.parametrize("template", ["RootLevel", "BagIt"])
def test_the_whole_way_of_access(client: httpx.Client, template: str) -> None:
    deposit = managed(client, f"whole-{template.lower()}", template)
    prefix = "data/" if template == "BagIt" else ""
    nothing = held(client, deposit)
    assert nothing == [
        {
            "path": "",
            "isDir": True,
            "accessRestrictions": [],
            "effectiveAccessRestrictions": [],
            "accessRestrictionsFrom": None,
            "rightsStatement": None,
            "effectiveRightsStatement": None,
            "rightsStatementFrom": None,
        }
    ]
    answer = ok(
        setting(
            client,
            deposit,
            item("", accessRestrictions=["Open"], rightsStatement=IN_COPYRIGHT),
            item(prefix + FOLDER, accessRestrictions=["Staff", "Reading room & more"]),
            item(FILE, rightsStatement=ZERO),
        )
    ).json()
    assert answer["editable"] is True
    assert answer["metsETag"] == get(client, deposit["id"])["metsETag"] != deposit["metsETag"]
    assert [(each["path"], each["isDir"]) for each in answer["items"]] == [
        ("", True),
        (FOLDER, True),
        (FILE, False),
    ]
    staff = ["Staff", "Reading room & more"]
    wanted = {
        "": (["Open"], "", IN_COPYRIGHT, ""),
        FOLDER: (staff, FOLDER, IN_COPYRIGHT, ""),
        FILE: (staff, FOLDER, ZERO, FILE),
    }
    assert short(answer["items"]) == wanted == short(held(client, deposit))
    inherited = {
        "objects/b c/f.txt": wanted[FOLDER],
        "objects/a.txt": wanted[""],
        "metadata/ad-hoc": wanted[""],
    }
    for path, values in inherited.items():
        for sent in (path, prefix + path, path + "/"):
            (found,) = held(client, deposit, sent)
            assert short([found]) == {path: values}
            assert (found["accessRestrictions"], found["rightsStatement"]) == ([], None)

    # preserved, and read from the repository
    workflow.run_diff(client, deposit)
    group = deposit["archivalGroup"]
    of_group = group.replace("/repository/", "/v1/repository-access/")
    stored = ok(client.get(of_group))
    assert short(stored.json()["items"]) == wanted
    assert stored.headers["etag"] == f'"{samples.sha256(mets(client, group))}"'
    one = get(client, workflow.member(of_group, FILE))
    assert (short(one["items"]), one["items"][0]["isDir"]) == ({FILE: wanted[FILE]}, False)

    # exported, read again, set again
    second = workflow.export(client, group)
    assert short(held(client, second)) == wanted
    diff = workflow.get_diff(client, second)
    assert all(diff[name] == [] for name in diff if name.startswith(("binaries", "containers")))
    ok(
        setting(
            client,
            second,
            item("", rightsStatement=None),
            item(FOLDER, accessRestrictions=[]),
            item("metadata", accessRestrictions=["Closed"]),
        )
    )
    after = {
        "": (["Open"], "", None, None),
        "metadata": (["Closed"], "metadata", None, None),
        FILE: (["Open"], "", ZERO, FILE),
    }
    assert short(held(client, second)) == after
    diff = workflow.get_diff(client, second)
    assert workflow.paths_of(diff["binariesToPatch"], group) == ["mets.xml"]
    workflow.run_diff(client, second)
    assert short(get(client, of_group)["items"]) == after
    assert short(get(client, f"{of_group}?version=v1")["items"]) == wanted
    assert short(get(client, f"{of_group}/objects?version=v1")["items"])["objects"] == wanted[""]


def mets(client: httpx.Client, group: str) -> bytes:
    return ok(client.get(group, params={"view": "mets"})).content


def test_what_is_cleared_leaves_mets_as_it_was(client: httpx.Client) -> None:
    deposit = managed(client, "cleared")
    before = ok(client.get(f"{deposit['id']}/mets")).text
    ok(setting(client, deposit, item(FILE, accessRestrictions=["Staff"], rightsStatement=ZERO)))
    ok(setting(client, deposit, item(FILE, accessRestrictions=None, rightsStatement=None)))
    after = ok(client.get(f"{deposit['id']}/mets")).text
    assert after.partition("</mets:metsHdr>")[2] == before.partition("</mets:metsHdr>")[2]
    match = get(client, deposit["id"])["metsETag"]
    same = ok(setting(client, deposit, item(FILE, rightsStatement=None))).json()
    assert same["metsETag"] == match


def test_all_that_is_wrong_is_named_and_nothing_is_written(client: httpx.Client) -> None:
    deposit = managed(client, "wrong")
    refused = setting(
        client,
        deposit,
        item("objects/nobody", accessRestrictions=["Open"]),
        item("objects/a.txt", accessRestrictions=["Open", " "], rightsStatement="In copyright"),
        item("objects", rightsStatement="https://"),
        item("", accessRestrictions=["Open"]),
    )
    assert refused.status_code == 404
    assert [(fault["code"], fault["path"]) for fault in refused.json()["errors"]] == [
        ("no-such-item", "objects/nobody"),
        ("bad-restriction", "objects/a.txt"),
        ("bad-rights", "objects/a.txt"),
        ("bad-rights", "objects"),
    ]
    for items, status, code in (
        ([item("", rightsStatement="vocab/InC")], 422, "bad-rights"),
        ([item("", rightsStatement="")], 422, "bad-rights"),
        ([item("", accessRestrictions=[""])], 422, "bad-restriction"),
        ([item("mets.xml", accessRestrictions=["Open"])], 404, "no-such-item"),
        ([item("objects/../objects", accessRestrictions=["Open"])], 404, "no-such-item"),
        ([], 400, "nothing-to-set"),
        ([item("objects")], 400, "nothing-to-set"),
        ([item("objects", rightsStatement=None)] * 2, 400, "duplicate-item"),
        ([item("objects", accessRestrictions="Open")], 400, "wrong-type"),
        ([item("objects", accessRestrictions=[None])], 400, "wrong-type"),
        ([{"accessRestrictions": ["Open"]}], 400, "wrong-type"),
    ):
        refused = setting(client, deposit, *items)
        assert (refused.status_code, refused.json()["code"]) == (status, code), refused.text
    assert get(client, deposit["id"])["metsETag"] == deposit["metsETag"]
    assert client.get(place(deposit), params={"path": "objects/nobody"}).status_code == 404


def test_etags_and_locks_guard_access(client: httpx.Client) -> None:
    deposit = managed(client, "guarded")
    one = item("", accessRestrictions=["Open"])
    for match in ('"old"', deposit["metsETag"].strip('"'), "*"):
        refused = setting(client, deposit, one, match=match)
        assert (refused.status_code, refused.json()["code"]) == (409, "etag-mismatch")
        assert deposit["metsETag"] in refused.json()["detail"]
    bare = client.patch(place(deposit), json={"items": [one]})
    assert (bare.status_code, bare.json()["code"]) == (409, "etag-mismatch")
    ok(setting(client, deposit, one))
    assert setting(client, deposit, one, match=deposit["metsETag"]).status_code == 409
    other = {"X-Client-Identity": "somebody-else"}
    ok(client.post(f"{deposit['id']}/lock", headers=other), 204)
    refused = setting(client, deposit, one)
    assert (refused.status_code, refused.json()["code"]) == (409, "locked")
    ok(setting(client, deposit, one, headers=other))


def test_foreign_mets_is_read_and_not_set(client: httpx.Client) -> None:
    workflow.make_containers(client, "access")
    group = f"{str(client.base_url).rstrip('/')}/repository/access/foreign"
    foreign = (
        samples.plain_mets(samples.entries(FILES), title="theirs")
        .decode()
        .replace(
            "</mods:titleInfo>",
            '</mods:titleInfo><mods:accessCondition type="status">Closed</mods:accessCondition>',
        )
        .encode()
    )
    assert b"Closed" in foreign
    deposit = workflow.make_filled(client, group, {**FILES, "mets.xml": foreign})
    answer = ok(client.get(place(deposit))).json()
    assert answer["editable"] is False
    assert short(answer["items"]) == {"": (["Closed"], "", None, None)}
    refused = setting(client, deposit, item("", accessRestrictions=["Open"]))
    assert (refused.status_code, refused.json()["code"]) == (400, "foreign-mets")
    workflow.run_diff(client, deposit)
    of_group = group.replace("/repository/", "/v1/repository-access/")
    assert short(get(client, of_group)["items"]) == {"": (["Closed"], "", None, None)}


def test_paths_that_mets_writes_encoded_are_those_of_their_files(client: httpx.Client) -> None:
    workflow.make_containers(client, "access")
    group = f"{str(client.base_url).rstrip('/')}/repository/access/{workflow.fresh('encoded')}"
    data = b"hidden"
    text = f"""<mets:mets xmlns:mets="http://www.loc.gov/METS/" xmlns:mods="http://www.loc.gov/mods/v3"
      xmlns:xlink="http://www.w3.org/1999/xlink"><mets:dmdSec ID="D"><mets:mdWrap MDTYPE="MODS">
      <mets:xmlData><mods:mods><mods:accessCondition type="status">Closed</mods:accessCondition>
      </mods:mods></mets:xmlData></mets:mdWrap></mets:dmdSec><mets:fileSec><mets:fileGrp>
      <mets:file ID="F" CHECKSUMTYPE="SHA-256" CHECKSUM="{samples.sha256(data)}">
      <mets:FLocat LOCTYPE="URL" xlink:href="objects/b%20c/h%C3%A4.txt"/></mets:file></mets:fileGrp>
      </mets:fileSec><mets:structMap TYPE="PHYSICAL"><mets:div><mets:div DMDID="D">
      <mets:fptr FILEID="F"/></mets:div></mets:div></mets:structMap></mets:mets>"""
    path = "objects/b c/hä.txt"
    workflow.preserve(client, group, {path: data, "mets.xml": text.encode()})
    of_group = group.replace("/repository/", "/v1/repository-access/")
    found = get(client, workflow.member(of_group, path))["items"]
    assert found[0]["accessRestrictions"] == ["Closed"]


def test_where_there_is_nothing_to_read(client: httpx.Client) -> None:
    workflow.make_containers(client, "access")
    bare = workflow.make_deposit(client)
    for answer, code in (
        (client.get(place(bare)), "no-mets"),
        (setting(client, bare, item("", accessRestrictions=["Open"]), match='"x"'), "no-mets"),
        (client.get("/v1/deposits/nobody/access"), "no-deposit"),
        (client.get("/v1/repository-access/access/nothing"), "no-resource"),
        (client.get("/v1/repository-access/access"), "no-group"),
        (client.get("/v1/repository-access/"), "no-group"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, code), answer.text
