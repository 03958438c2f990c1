"""The error matrix of deposits: which condition gets which status, cell by cell."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from support import matrix, samples, workflow
from support.matrix import UNKNOWN, Ground
from support.workflow import Json, fill, get, local, ok

IDENTIFIERS = """schema,value,path,name,template
c,known,matrix/known,Known,
c,folder,matrix/folder,A folder,
c,gone,matrix/gone,Gone,
c,busy,matrix/busy,Busy,
c,twice,matrix/twice-1,One,
c,twice,matrix/twice-2,Two,
"""


#: what Siegfried said of a file that is another by now
SEEN = (
    "filename,filesize,modified,errors,sha256,namespace,id,format,version,mime,basis,warning\n"
    f"objects/a.txt,1,2026-01-01T00:00:00Z,,{'0' * 64},pronom,x-fmt/111,Text,,text/plain,,\n"
)


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """A server with a Container, a tombstone, a busy path and a book, and with identifiers."""
    folder = tmp_path_factory.mktemp("matrix")
    (folder / "table.csv").write_text(IDENTIFIERS)
    (folder / "identifiers.toml").write_text('[schemas.c]\ntable = "table.csv"\n')
    (folder / "exports").mkdir()
    env = {"STRONGROOM_IDENTIFIERS": str(folder / "identifiers.toml")}
    options = ["--storage-destinations", str(folder / "exports")]
    with matrix.opened(folder, env=env, options=options, without_privileges=True) as opened:
        opened.room = "matrix"
        for path in ("matrix", "matrix/folder", "matrix/gone"):
            workflow.make_container(opened.client, path)
        ok(opened.client.delete("/repository/matrix/gone"), 204)
        workflow.preserve_book(opened.client, opened.uri("book"), pages=1)
        opened.deposit("busy")
        yield opened


def short(deposit: Json) -> str:
    found: str = deposit["id"].rpartition("/")[2]
    return found


# ------------------------------------------------------------------------------------ the list


@pytest.mark.contract("19.GET-deposits.400", "19.GET-deposits.500")
@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("page", "one", "bad-parameter"),
        ("pageSize", "1.5", "bad-parameter"),
        ("active", "maybe", "bad-parameter"),
        ("createdAfter", "yesterday", "bad-parameter"),
        ("page", "0", "bad-page"),
        ("page", "-1", "bad-page"),
        ("pageSize", "0", "bad-page"),
    ],
)
def test_a_query_that_cannot_be_read(ground: Ground, name: str, value: str, code: str) -> None:
    ground.refused("GET", "/deposits", 400, code, errors={name}, params={name: value})


# --------------------------------------------------------------------------------- making them

MAKING = ("/deposits", "/deposits/export")


@pytest.mark.contract("19.POST-deposits.400", "19.POST-deposits.500", "19.POST-deposits-export.400")
@pytest.mark.parametrize("path", MAKING)
def test_what_no_deposit_can_be_made_of(ground: Ground, path: str) -> None:
    for bad in ("a b", "a~b", "a%2Fb", "../up", "repository"):
        ground.refused("POST", path, 400, "bad-path", json={"archivalGroup": ground.uri(bad)})
    for foreign in ("https://elsewhere.example/repository/a", "a/b", "not a uri"):
        body = {"archivalGroup": foreign}
        ground.refused(
            "POST", path, 400, "foreign-id", foreign, errors={"archivalGroup"}, json=body
        )
    body = {"archivalGroup": ground.uri("book"), "template": "Box"}
    ground.refused("POST", path, 400, "bad-template", "Box", errors={"template"}, json=body)
    for content in (b"{", b"[]", b'"x"'):
        json_type = {"Content-Type": "application/json"}
        code = "malformed-json" if content == b"{" else "wrong-type"
        ground.refused("POST", path, 400, code, content=content, headers=json_type)


@pytest.mark.contract("19.POST-deposits.400", "19.POST-deposits-export.400")
def test_no_body_makes_a_deposit_and_no_export(ground: Ground) -> None:
    assert ok(ground.client.post("/deposits"), 201).json()["archivalGroup"] is None
    ground.refused("POST", "/deposits/export", 400, "no-archival-group", "archivalGroup")
    ground.refused("POST", "/deposits/export", 400, "no-archival-group", json={})
    body = {"archivalGroup": ground.uri("absent")}
    ground.refused("POST", "/deposits/export", 400, "no-group", "matrix/absent", json=body)


@pytest.mark.contract(
    "19.POST-deposits.409",
    "19.POST-deposits.410",
    "19.POST-deposits-export.409",
    "19.POST-deposits-export.410",
)
@pytest.mark.parametrize("path", MAKING)
def test_what_stands_in_the_way_of_a_deposit(ground: Ground, path: str) -> None:
    for taken, code, word in (
        ("folder", "not-a-group", "Container"),
        ("book/objects", "inside-group", "matrix/book"),
        ("book/mets.xml", "inside-group", "matrix/book"),
    ):
        body = {"archivalGroup": ground.uri(taken)}
        ground.refused("POST", path, 409, code, taken, word, json=body)
    body = {"archivalGroup": ground.uri("gone")}
    ground.refused("POST", path, 410, "tombstone", "matrix/gone", json=body)
    busy = ground.deposit("book")
    body = {"archivalGroup": ground.uri("book")}
    ground.refused("POST", path, 409, "active-deposit", short(busy), "matrix/book", json=body)
    ok(ground.client.delete(busy["id"]), 204)
    # the place of its files is taken by something that no deposit knows of
    taken_id = UNKNOWN[:-1] + ("2" if path == "/deposits" else "3")
    place = ground.server.data / "deposits" / taken_id
    place.mkdir()
    (place / "kept.txt").write_bytes(b"somebody's")
    ground.next_id(taken_id)
    ground.refused("POST", path, 409, "conflict", taken_id, json=body)
    assert (place / "kept.txt").read_bytes() == b"somebody's"


@pytest.mark.contract("19.POST-deposits-export.409", "19.POST-deposits-export.500")
def test_an_export_beside_another(ground: Ground) -> None:
    body = {"archivalGroup": ground.uri("book")}
    missing = {**body, "versionExported": "v7"}
    ground.refused("POST", "/deposits/export", 404, "no-version", "v7", "v1", json=missing)
    unreadable = {**body, "versionExported": "seven"}
    ground.refused("POST", "/deposits/export", 400, "bad-version", "seven", json=unreadable)
    place = (ground.server.data.parent / "exports" / "beside").as_uri()
    with ground.sleeping_worker():
        sent = {**body, "destination": place}
        export = ok(ground.client.post("/storage-api/export", json=sent), 201).json()
        number = short(export)
        ground.refused("POST", "/deposits/export", 409, "active-export", number, json=body)
        made = ok(ground.client.post("/deposits", json=body), 201).json()
        ok(ground.client.delete(made["id"]), 204)


@pytest.mark.contract("19.POST-deposits-export.500")
def test_an_export_of_a_version_that_storage_has_lost(ground: Ground) -> None:
    group = ground.uri("old")
    for pages in (1, 2):
        workflow.preserve_book(ground.client, group, pages=pages)
    stored = local(workflow.load(ground.client, group)["origin"])
    body = {"archivalGroup": group, "versionExported": "v1"}
    with matrix.lost(stored / "inventory.json"):
        ground.refused(
            "POST", "/deposits/export", 500, "bad-inventory", "has no inventory", json=body
        )
    exported = workflow.export(ground.client, group, versionExported="v1")
    ok(ground.client.delete(exported["id"]), 204)


@pytest.mark.contract("19.POST-from-identifier.400")
def test_identifiers_that_cannot_be_looked_up(ground: Ground) -> None:
    path = "/deposits/from-identifier"
    for body, missing in (
        ({}, {"schema", "value"}),
        ({"schema": "c", "value": " "}, {"value"}),
        ({"schema": "", "value": "known"}, {"schema"}),
    ):
        ground.refused("POST", path, 400, "missing-property", *missing, errors=missing, json=body)
    body = {"schema": "unheard-of", "value": "known"}
    ground.refused("POST", path, 400, "unknown-schema", "unheard-of", "c", json=body)
    body = {"schema": "c", "value": "known", "template": "Box"}
    ground.refused("POST", path, 400, "bad-template", "Box", json=body)


@pytest.mark.contract(
    "19.POST-from-identifier.404",
    "19.POST-from-identifier.409",
    "19.POST-from-identifier.410",
    "19.POST-from-identifier.500",
)
@pytest.mark.parametrize(
    ("value", "status", "code", "words"),
    [
        ("unknown", 404, "identifier-not-found", ["unknown"]),
        ("folder", 409, "not-a-group", ["matrix/folder", "Container"]),
        ("busy", 409, "active-deposit", ["matrix/busy"]),
        ("gone", 410, "tombstone", ["matrix/gone"]),
        ("twice", 409, "identifier-ambiguous", ["twice"]),
    ],
)
def test_identifiers_of_what_gets_no_deposit(
    ground: Ground, value: str, status: int, code: str, words: list[str]
) -> None:
    body = {"schema": "c", "value": value}
    named = {"matrix/twice-1", "matrix/twice-2"} if value == "twice" else None
    path = "/deposits/from-identifier"
    ground.refused("POST", path, status, code, *words, errors=named, json=body)


# ----------------------------------------------------------------------------- one that is there


@pytest.mark.contract(
    "19.GET-deposit.404",
    "19.PATCH-deposit.404",
    "19.DELETE-deposit.404",
    "19.POST-lock.404",
    "19.DELETE-lock.404",
    "19.PUT-activate.404",
    "19.PUT-deactivate.404",
    "19.GET-mets.404",
    "19.POST-mets.404",
    "19.POST-mets-delete.404",
    "19.GET-filesystem.404",
    "19.POST-pipeline.404",
)
@pytest.mark.parametrize(
    ("method", "below", "body"),
    [
        ("GET", "", None),
        ("PATCH", "", {"submissionText": "T"}),
        ("DELETE", "", None),
        ("POST", "/lock", None),
        ("DELETE", "/lock", None),
        ("PUT", "/activate", None),
        ("PUT", "/deactivate", None),
        ("GET", "/mets", None),
        ("POST", "/mets", ["objects/a.txt"]),
        ("POST", "/mets/delete", {"deleteFromMets": True, "items": [{"path": "objects/a.txt"}]}),
        ("GET", "/filesystem", None),
        ("POST", "/pipeline", None),
    ],
)
def test_an_unknown_deposit(ground: Ground, method: str, below: str, body: object) -> None:
    sent = {} if body is None else {"json": body}
    path = f"/deposits/{UNKNOWN}{below}"
    ground.refused(method, path, 404, "no-deposit", UNKNOWN, headers={"If-Match": '"x"'}, **sent)


@pytest.mark.contract("19.DELETE-deposit.404", "19.GET-filesystem.404", "19.POST-mets.404")
def test_a_deposit_whose_files_are_gone(ground: Ground) -> None:
    """Without files it is still a deposit, which can be looked at and deleted."""
    deposit = ground.deposit()
    local(deposit["files"]).rmdir()
    assert get(ground.client, deposit["id"])["id"] == deposit["id"]
    path = f"/deposits/{short(deposit)}"
    ground.refused("GET", f"{path}/filesystem", 404, "no-files", short(deposit))
    matched = {"If-Match": '"x"'}
    ground.refused("POST", f"{path}/mets", 404, "no-mets", json=["objects/a"], headers=matched)
    ok(ground.client.delete(path), 204)
    ground.refused("DELETE", path, 404, "no-deposit", short(deposit))


FATES = ("a Container", "a tombstone", "no path at all")


@pytest.mark.contract(
    "19.GET-deposit.400",
    "19.GET-deposit.409",
    "19.GET-deposit.410",
    "19.GET-mets.400",
    "19.GET-mets.409",
    "19.GET-mets.410",
    "19.GET-filesystem.400",
    "19.GET-filesystem.409",
    "19.GET-filesystem.410",
    "19.POST-mets.410",
    "19.POST-mets-delete.410",
)
@pytest.mark.parametrize("fate", FATES)
def test_a_deposit_can_be_used_whatever_became_of_its_group(ground: Ground, fate: str) -> None:
    path = workflow.fresh("fate")
    deposit = ground.deposit(path, template="RootLevel")
    fill(deposit, {"objects/a.txt": b"a"})
    stored = deposit["archivalGroup"]
    if fate == "no path at all":
        odd = f"matrix/{path} ~ odd"
        ground.change_rows("UPDATE deposits SET group_path = ? WHERE id = ?", odd, short(deposit))
        stored = ground.uri(f"{path}%20~%20odd")
    else:
        workflow.make_container(ground.client, f"matrix/{path}")
    if fate == "a tombstone":
        ok(ground.client.delete(stored), 204)
    shown = get(ground.client, deposit["id"])
    assert shown["archivalGroupExists"] is False
    assert shown["status"] == "new"
    assert httpx.URL(shown["archivalGroup"]) == httpx.URL(stored)
    mets = ok(ground.client.get(f"{deposit['id']}/mets"))
    assert mets.headers["etag"] == shown["metsETag"]
    tree = get(ground.client, f"{deposit['id']}/filesystem?refresh=true")
    assert [d["localPath"] for d in tree["directories"]] == ["metadata", "objects"]
    matched = {"If-Match": shown["metsETag"]}
    added = ground.client.post(f"{deposit['id']}/mets", json=["objects/a.txt"], headers=matched)
    assert len(ok(added).json()["items"]) == 2
    matched = {"If-Match": get(ground.client, deposit["id"])["metsETag"]}
    body = selection("objects/a.txt")
    ok(ground.client.post(f"{deposit['id']}/mets/delete", json=body, headers=matched))
    assert b"a.txt" not in ground.client.get(f"{deposit['id']}/mets").content


@pytest.mark.contract("19.GET-deposit.500")
def test_a_deposit_whose_export_cannot_be_read(ground: Ground) -> None:
    page = workflow.binaries(workflow.load(ground.client, ground.uri("book")))["mets.xml"]
    with matrix.damaged(local(page["origin"])):
        with ground.sleeping_worker():
            deposit = workflow.start_export(ground.client, ground.uri("book"))
            assert get(ground.client, deposit["id"])["status"] == "exporting"
        shown = workflow.wait_for(ground.client, deposit["id"], "error")
    assert (shown["versionExported"], shown["archivalGroupExists"]) == ("v1", True)
    ok(ground.client.delete(deposit["id"]), 204)


# ---------------------------------------------------------------------------- PATCH and DELETE


@pytest.mark.contract("19.PATCH-deposit.400", "19.PATCH-deposit.410")
def test_paths_that_a_deposit_cannot_be_given(ground: Ground) -> None:
    path = f"/deposits/{short(ground.deposit())}"
    for bad in ("a b", "a~b", "a%2Fb", "repository"):
        ground.refused("PATCH", path, 400, "bad-path", json={"archivalGroup": ground.uri(bad)})
    body = {"archivalGroup": "https://elsewhere.example/repository/a"}
    ground.refused("PATCH", path, 400, "foreign-id", "elsewhere.example", json=body)
    body = {"archivalGroup": ground.uri("gone")}
    ground.refused("PATCH", path, 410, "tombstone", "matrix/gone", json=body)


@pytest.mark.contract("19.PATCH-deposit.409", "19.DELETE-deposit.409")
def test_what_hinders_changes_of_a_deposit(ground: Ground) -> None:
    deposit = ground.deposit()
    path = f"/deposits/{short(deposit)}"
    body = {"archivalGroup": ground.uri("busy")}
    ground.refused("PATCH", path, 409, "active-deposit", "matrix/busy", json=body)
    body = {"archivalGroup": ground.uri("folder")}
    ground.refused("PATCH", path, 409, "not-a-group", "matrix/folder", "Container", json=body)
    ok(ground.other.post(f"{path}/lock"), 204)
    told = "Deposit is locked by another user: bob"
    ground.refused("PATCH", path, 409, "locked", told, json={"submissionText": "T"})
    ground.refused("DELETE", path, 409, "locked", told)
    with ground.sleeping_worker():
        exporting = workflow.start_export(ground.client, ground.uri("book"))
        path = f"/deposits/{short(exporting)}"
        text = {"submissionText": "T"}
        ground.refused("PATCH", path, 409, "exporting", short(exporting), json=text)
        ground.refused("DELETE", path, 409, "unfinished-job", "export", short(exporting))
    workflow.wait_for(ground.client, exporting["id"], "new")
    ok(ground.client.delete(exporting["id"]), 204)


@pytest.mark.contract("19.DELETE-deposit.500", "19.GET-filesystem.500", "19.POST-mets-delete.500")
@pytest.mark.skipif(not matrix.bound_by_permissions(), reason="nothing is forbidden to the server")
def test_files_that_cannot_be_reached_are_told_and_nothing_is_lost(ground: Ground) -> None:
    deposit = ground.deposit("unreachable", template="RootLevel")
    path = f"/deposits/{short(deposit)}"
    root = fill(deposit, {"objects/a.txt": b"a"})
    add(ground, deposit, "objects/a.txt")
    with matrix.read_only(root, 0):
        tree = f"{path}/filesystem?refresh=true"
        ground.refused("GET", tree, 422, "unreadable-file", short(deposit))
    with matrix.read_only(root / "objects"):
        matched = {"If-Match": get(ground.client, deposit["id"])["metsETag"]}
        answer = ground.client.post(
            f"{path}/mets/delete", json=selection("objects/a.txt"), headers=matched
        )
        assert ok(answer, 422).json()["code"] == "unreadable-file"
        assert (root / "objects" / "a.txt").read_bytes() == b"a"
    matched = {"If-Match": get(ground.client, deposit["id"])["metsETag"]}
    again = ground.client.post(
        f"{path}/mets/delete", json=selection("objects/a.txt"), headers=matched
    )
    ok(again)
    assert not (root / "objects" / "a.txt").exists()
    with matrix.read_only(root.parent):
        ground.refused("DELETE", path, 422, "unreadable-file", short(deposit))
    shown = get(ground.client, path)
    assert (shown["active"], shown["archivalGroup"]) == (True, deposit["archivalGroup"])
    ok(ground.client.delete(path), 204)
    assert not root.exists()


# ------------------------------------------------------------------------------------- its state


@pytest.mark.contract("19.POST-lock.409")
def test_the_lock_of_another(ground: Ground) -> None:
    path = f"/deposits/{short(ground.deposit())}/lock"
    ok(ground.other.post(path), 204)
    ok(ground.other.post(path), 204)  # the holder's own
    told = "Deposit is locked by another user: bob"
    ground.refused("POST", path, 409, "locked", told)
    ground.refused("POST", path, 409, "locked", told, params={"force": "false"})
    ok(ground.client.post(path, params={"force": "true"}), 204)
    ground.refused("POST", path, 409, "locked", "ann", by=ground.other)


@pytest.mark.contract("19.PUT-deactivate.400")
def test_only_a_failed_deposit_can_be_made_inactive(ground: Ground) -> None:
    deposit = ground.deposit()
    path = f"/deposits/{short(deposit)}"
    ground.refused("PUT", f"{path}/deactivate", 400, "not-in-error", "'new'")
    ok(ground.client.patch(path, json={"archived": "2026-01-01T00:00:00Z"}))
    ground.refused("PUT", f"{path}/deactivate", 400, "not-in-error", "'archived'")


# ------------------------------------------------------------------------------------------ METS


def selection(*paths: str, mets: bool = True, files: bool = True, root: bool = False) -> Json:
    return {
        "deleteFromMets": mets,
        "deleteFromDepositFiles": files,
        "deleteFromRoot": root,
        "items": [{"path": path, "isDir": False, "where": "Both"} for path in paths],
    }


def add(ground: Ground, deposit: Json, *paths: str) -> None:
    matched = {"If-Match": get(ground.client, deposit["id"])["metsETag"]}
    ok(ground.client.post(f"{deposit['id']}/mets", json=list(paths), headers=matched))


@pytest.fixture(scope="module")
def edited(ground: Ground) -> Json:
    """A deposit with METS of the platform, and some files in it."""
    made = ground.deposit(template="RootLevel")
    fill(made, {"objects/a.txt": b"a", "objects/b/c.txt": b"c", "objects/b/d/e.txt": b"e"})
    add(ground, made, "objects/a.txt", "objects/b/c.txt", "objects/b/d/e.txt")
    return get(ground.client, made["id"])


@pytest.fixture(scope="module")
def foreign(ground: Ground) -> Json:
    """A deposit whose METS another program wrote."""
    made = ground.deposit()
    fill(made, samples.with_mets({"objects/a.txt": b"a"}))
    return get(ground.client, made["id"])


@pytest.mark.contract("19.GET-mets.404", "19.POST-mets.404", "19.POST-mets-delete.404")
def test_no_mets(ground: Ground) -> None:
    path = f"/deposits/{short(ground.deposit())}/mets"
    matched = {"If-Match": '"x"'}
    ground.refused("GET", path, 404, "no-mets", "has no METS")
    ground.refused("POST", path, 404, "no-mets", "has no METS", json=["objects"], headers=matched)
    body = selection("objects/a.txt")
    ground.refused("POST", f"{path}/delete", 404, "no-mets", json=body, headers=matched)


@pytest.mark.contract("19.GET-mets.500", "19.GET-filesystem.500", "19.POST-mets.500")
def test_mets_that_is_no_xml(ground: Ground) -> None:
    deposit = ground.deposit()
    fill(deposit, {"mets.xml": b"<mets:mets", "objects/a.txt": b"a"})
    shown = get(ground.client, deposit["id"])
    answer = ok(ground.client.get(f"{deposit['id']}/mets"))
    assert (answer.content, answer.headers["etag"]) == (b"<mets:mets", shown["metsETag"])
    tree = get(ground.client, f"{deposit['id']}/filesystem")
    assert [warning["code"] for warning in tree["warnings"]] == ["bad-mets"]
    path = f"/deposits/{short(deposit)}/mets"
    matched = {"If-Match": shown["metsETag"]}
    ground.refused("POST", path, 422, "bad-mets", json=["objects/a.txt"], headers=matched)


@pytest.mark.contract("19.POST-mets.400")
def test_what_cannot_be_put_into_mets(ground: Ground, edited: Json, foreign: Json) -> None:
    path = f"/deposits/{short(edited)}/mets"
    matched = {"If-Match": edited["metsETag"]}
    for paths in ([], ["nowhere"], ["mets.xml"], ["objects/../../x"], ["/etc/passwd"]):
        told = "No items to add to METS."
        ground.refused("POST", path, 400, "nothing-to-add", told, json=paths, headers=matched)
    for body in ({}, [7], "objects/a.txt"):
        ground.refused("POST", path, 400, "wrong-type", json=body, headers=matched)
    theirs = f"/deposits/{short(foreign)}/mets"
    told = "METS file was not created by University of Leeds"
    of_theirs = {"If-Match": foreign["metsETag"]}
    ground.refused(
        "POST", theirs, 400, "foreign-mets", told, json=["objects/a.txt"], headers=of_theirs
    )
    # a tool saw other bytes than those that are there
    rows = (
        "filename,filesize,modified,errors,sha256,namespace,id,format,version,mime,basis,warning\n"
    )
    rows += (
        f"objects/a.txt,1,2026-01-01T00:00:00Z,,{'0' * 64},pronom,x-fmt/111,Text,,text/plain,,\n"
    )
    root = fill(edited, {"metadata/siegfried/siegfried.csv": rows.encode()})
    ground.refused(
        "POST",
        path,
        400,
        "digest-mismatch",
        samples.sha256(b"a"),
        "0" * 64,
        errors={"objects/a.txt"},
        json=["objects/a.txt"],
        headers=matched,
    )
    (root / "metadata/siegfried/siegfried.csv").unlink()
    (root / "metadata/siegfried").rmdir()


@pytest.mark.contract("19.POST-mets.409", "19.POST-mets-delete.409", "19.POST-mets.500")
def test_mets_that_is_no_longer_as_the_client_knew_it(ground: Ground, edited: Json) -> None:
    path, tag = f"/deposits/{short(edited)}/mets", edited["metsETag"]
    for match in (None, '"old"', tag.strip('"'), f"W/{tag}", "*"):
        headers = {} if match is None else {"If-Match": match}
        add = ["objects/a.txt"]
        ground.refused("POST", path, 409, "etag-mismatch", tag, json=add, headers=headers)
        body = selection("objects/a.txt")
        ground.refused(
            "POST", f"{path}/delete", 409, "etag-mismatch", tag, json=body, headers=headers
        )


@pytest.mark.contract(
    "19.POST-mets-delete.400", "19.POST-mets-delete.404", "19.POST-mets-delete.500"
)
def test_what_cannot_be_taken_out(ground: Ground, edited: Json, foreign: Json) -> None:
    path = f"/deposits/{short(edited)}/mets/delete"
    for body, status, code, word in (
        (
            selection("objects/a.txt", mets=False, files=False),
            400,
            "nothing-to-delete",
            "No location to delete from specified.",
        ),
        (selection(), 400, "nothing-to-delete", "No items to delete."),
        (selection("objects/a.txt", "objects"), 400, "protected", "'objects'"),
        (selection("metadata"), 400, "protected", "'metadata'"),
        (selection("metadata/ad-hoc"), 400, "protected", "'metadata/ad-hoc'"),
        (selection("mets.xml", root=True), 400, "protected", "'mets.xml'"),
        (selection("__METSlike.json", root=True), 400, "protected", "'__METSlike.json'"),
        # a folder with files, and one with a folder
        (selection("objects/b/d"), 400, "folder-not-empty", "'objects/b/d/e.txt'"),
        (selection("objects/b", "objects/b/c.txt"), 400, "folder-not-empty", "objects/b/d"),
        (selection("objects/a.txt", "objects/nobody"), 404, "no-such-item", "'objects/nobody'"),
        (selection("nobody.txt", root=True), 404, "no-such-item", "'nobody.txt'"),
    ):
        headers = {"If-Match": edited["metsETag"]}
        ground.refused("POST", path, status, code, word, json=body, headers=headers)
    theirs = f"/deposits/{short(foreign)}/mets/delete"
    told = "METS file was not created by University of Leeds"
    headers, body = {"If-Match": foreign["metsETag"]}, selection("objects/a.txt")
    ground.refused("POST", theirs, 400, "foreign-mets", told, json=body, headers=headers)


@pytest.mark.contract("19.GET-filesystem.404")
def test_a_tree_that_was_never_kept_is_made(ground: Ground) -> None:
    deposit = ground.deposit()
    root = fill(deposit, {"objects/a.txt": b"a"})
    for refresh in ("", "?refresh=false"):
        tree = get(ground.client, f"{deposit['id']}/filesystem{refresh}")
        assert [f["localPath"] for f in tree["directories"][0]["files"]] == ["objects/a.txt"]
        (root / "__METSlike.json").unlink()


# --------------------------------------------------------------------- pipelines and archiving


@pytest.mark.contract("19.POST-pipeline.409", "19.POST-pipeline.500")
def test_a_run_is_kept_and_waits_while_no_worker_is_awake(ground: Ground) -> None:
    deposit = ground.deposit(template="RootLevel")
    path = f"/deposits/{short(deposit)}"
    ok(ground.other.post(f"{path}/lock"), 204)
    told = "Deposit is locked by another user: bob"
    ground.refused("POST", f"{path}/pipeline", 409, "locked", told)
    ok(ground.other.delete(f"{path}/lock"), 204)
    with ground.sleeping_worker():
        ok(ground.client.post(f"{path}/pipeline"), 204)
        [run] = ground.client.get(f"{path}/pipelinerunjobs").json()
        assert run["status"] == "waiting"
        ground.refused("POST", f"{path}/pipeline", 409, "pipeline-running", run["jobId"])
    workflow.wait_for(ground.client, run["id"], "completed")


@pytest.mark.contract(
    "19.POST-pipeline-status.400",
    "19.POST-pipeline-status.404",
    "19.POST-pipeline-status.500",
    "19.GET-pipelinerunjobs.404",
)
def test_states_of_runs_that_are_not_there(ground: Ground) -> None:
    deposit = ground.deposit()
    told = {"id": UNKNOWN, "depositId": short(deposit), "status": "completedWithErrors"}
    path = "/deposits/pipeline-status"
    for name in ("id", "depositId", "status"):
        body = {**told, name: None}
        ground.refused("POST", path, 400, "missing-property", name, errors={name}, json=body)
    body = {**told, "status": "finished"}
    ground.refused("POST", path, 400, "bad-status", errors={"status"}, json=body)
    body = {**told, "depositId": UNKNOWN}
    ground.refused("POST", path, 404, "no-deposit", UNKNOWN, json=body)
    ground.refused("POST", path, 404, "no-job", UNKNOWN, json=told)
    runs = f"/deposits/{short(deposit)}/pipelinerunjobs"
    ground.refused("GET", f"{runs}/{UNKNOWN}", 404, "no-job", UNKNOWN)
    assert ground.client.get(f"/deposits/{UNKNOWN}/pipelinerunjobs").json() == []


@pytest.mark.contract("19.POST-archive-job.400", "19.POST-archive-job.500")
def test_archiving_jobs_that_cannot_be_recorded(ground: Ground) -> None:
    deposit = ground.deposit()
    job = {
        "id": workflow.fresh("job"),
        "depositUri": deposit["id"],
        "depositId": short(deposit),
        "startTime": "2026-02-01T10:00:00Z",
        "endTime": "2026-02-01T11:00:00Z",
    }
    path = "/deposits/archive-job"
    for name in ("depositId", "depositUri", "startTime", "id"):
        body = {**job, name: " "}
        ground.refused("POST", path, 400, "bad-archive-job", name, errors={name}, json=body)
    ok(ground.client.post(path, json=job), 204)
    body = {**job, "deletedCount": 1}
    ground.refused("POST", path, 409, "other-archive-job", job["id"], errors={"id"}, json=body)


@pytest.mark.contract("19.GET-depositarchivejobs.400", "19.GET-depositarchivejobs.404")
def test_archiving_jobs_that_are_not_there(ground: Ground) -> None:
    answer = ok(ground.client.get(f"/depositarchivejobs/{UNKNOWN}"), 404)
    assert answer.headers["content-type"].startswith("application/problem+json")
    told = answer.json()
    assert (told["title"], told["type"]) == ("NotFound", "/problems/no-archive-job")
    assert UNKNOWN in told["detail"]
    for odd in ("%00", "x" * 301):
        path = f"/depositarchivejobs/{odd}"
        ground.refused("GET", path, 400, "bad-archive-job", "depositId", errors={"depositId"})
