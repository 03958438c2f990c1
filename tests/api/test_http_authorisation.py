"""Who may do what: every route, for callers without grants, with grants elsewhere, and by role."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from strongroom.api.app import PRESERVATION, STORAGE
from strongroom.api.operation import NEEDS, At
from strongroom.domain.grants import Action, Role
from support import samples, workflow
from support.guarded import Guarded
from support.shapes import assert_problem

#: routes that show nothing of what may not be seen, instead of refusing
LISTS = {
    "/deposits",
    "/agents",
    "/repository/",
    "/activity/archivalgroups/collection",
    "/activity/archivalgroups/pages/1",
    "/storage-api/activity/importjobs/collection",
    "/storage-api/activity/importjobs/pages/1",
    "/v1/grants",
    "/v1/me",
    "/search",
    "/storage-api/FedoraSearch",
    # about the server itself
    "/test",
    "/storage",
    "/storage/check-s3",
    "/storage/check-storage-s3",
    "/storage-api/fedora",
    "/storage-api/storagecheck",
}


@dataclass(frozen=True, kw_only=True)
class Room:
    """A Container with a group, a deposit that was preserved, and one that was not."""

    path: str
    group: str
    preserved: str
    deposit: str
    job: str
    run: str
    #: a word that stands in everything of this room, and nowhere else
    word: str


@pytest.fixture(scope="module")
def boss(guarded: Guarded) -> Iterator[httpx.Client]:
    """An administrator."""
    with guarded.client(guarded.key("administrator", name="boss")) as client:
        yield client


def furnish(client: httpx.Client, word: str) -> Room:
    path = workflow.fresh(word)
    workflow.make_container(client, path)
    group = f"{client.base_url}/repository/{path}/book"
    result = workflow.preserve(
        client, group, samples.with_mets({f"objects/{word}.txt": word.encode()})
    )
    deposit = workflow.make_deposit(
        client, archivalGroup=f"{group}-2", archivalGroupName=f"{word} two", template="RootLevel"
    )
    deposit_id = deposit["id"].rpartition("/")[2]
    workflow.ok(client.put(f"/v1/deposits/{deposit_id}/files/{word}.txt", content=b"x"), 201)
    started = workflow.ok(client.post(f"/deposits/{deposit_id}/pipeline"), 204)
    run = started.headers["Location"].rpartition("/")[2]
    workflow.wait_for(client, started.headers["Location"], "completed")
    parts = result["id"].split("/")
    return Room(
        path=path,
        group=group,
        preserved=parts[parts.index("deposits") + 1],
        deposit=deposit_id,
        job=parts[-1],
        run=run,
        word=word,
    )


@pytest.fixture(scope="module")
def secret(boss: httpx.Client) -> Room:
    return furnish(boss, "hidden")


@pytest.fixture(scope="module")
def open_room(boss: httpx.Client) -> Room:
    return furnish(boss, "open")


ROUTES = [
    (method, prefix + path, handler.opt.get(NEEDS))
    for prefix, handlers in (("", PRESERVATION), ("/storage-api", STORAGE))
    for handler in handlers
    for path in handler.paths
    for method in sorted(str(method) for method in handler.http_methods)
]

BODIES: dict[str, Any] = {
    "/deposits": lambda room: {"archivalGroup": f"{room.group}-new"},
    "/deposits/export": lambda room: {"archivalGroup": room.group},
    "/deposits/from-identifier": lambda _: {"schema": "id", "value": "x"},
    "/deposits/pipeline-status": lambda room: {
        "id": room.run,
        "depositId": room.deposit,
        "status": "completedWithErrors",
    },
    "/activity/archivalgroups/collection": lambda room: {
        "type": "Update",
        "object": {"id": room.group, "type": "ArchivalGroup"},
    },
    "/deposits/archive-job": lambda room: {
        "id": "an-archiver-1",
        "depositId": room.deposit,
        "depositUri": f"https://example.org/deposits/{room.deposit}",
        "startTime": "2026-01-31T12:00:00Z",
    },
    "/storage-api/import": lambda room: {"id": "urn:x", "archivalGroup": f"{room.group}-new"},
    "/storage-api/export": lambda room: {
        "archivalGroup": room.group,
        "destination": "file:///nowhere/at/all",
    },
    "/storage-api/exportMetsOnly": lambda room: {
        "archivalGroup": room.group,
        "destination": "file:///nowhere/at/all",
    },
    "/v1/grants": lambda room: {"subject": "agent:no-one", "role": "reader", "path": room.path},
}


def address(path: str, room: Room) -> str:
    """A route's path with what is in the room for its parameters."""
    if "/files/" in path:
        path = path.replace("{path:str}", f"{room.word}.txt")
    elif "/folders/" in path:
        path = path.replace("{path:str}", "objects")
    elif "/content/" in path:
        path = path.replace("{path:str}", f"{room.path}/book/objects/{room.word}.txt")
    run = "pipelinerunjobs" in path
    values = {
        "deposit_id": room.deposit if run or "importjobs/results" not in path else room.preserved,
        "path": f"{room.path}/book",
        "job_id": room.run if run else room.job,
        "page": "1",
        "grant_id": "unknown",
    }
    return re.sub(r"\{(\w+):\w+\}", lambda match: values[match[1]], path)


def ask(client: httpx.Client, method: str, path: str, room: Room) -> httpx.Response:
    body = BODIES.get(path)
    if path.endswith("/importjobs"):
        body = lambda r: {"id": f"{client.base_url}/deposits/{r.deposit}/importjobs/diff"}  # noqa: E731
    where = address(path, room)
    sent: dict[str, Any] = {}
    if method in ("POST", "PUT", "PATCH"):
        sent = {"json": body(room)} if body else {"json": {}}
        if path.endswith("/mets"):
            sent = {"json": ["x"]}
    if path == "/v1/grants/explain":
        sent = {"params": {"agent": "ann", "action": "read", "path": room.path}}
    if path in ("/search", "/storage-api/FedoraSearch"):
        sent = {"params": {"text": f"{room.word}.txt"}}
    return client.request(method, where, **sent)


def test_every_route_says_what_it_needs() -> None:
    silent = [(method, path) for method, path, needs in ROUTES if needs is None]
    assert not silent
    public = {path for _, path, needs in ROUTES if needs is not None and needs.at is At.PUBLIC}
    assert public == {
        "/",
        "/health",
        "/v1/token",
        "/v1/jwks",
        "/.well-known/oauth-authorization-server",
        "/storage-api/",
        "/storage-api/health",
    }


GUARDED = [(m, p) for m, p, needs in ROUTES if needs is not None and needs.at is not At.PUBLIC]


@pytest.fixture(scope="module")
def nobody(guarded: Guarded) -> Iterator[httpx.Client]:
    """Someone who proved to be someone, and has no grant."""
    with guarded.user("nobody@example.org") as client:
        yield client


@pytest.fixture(scope="module")
def stranger(guarded: Guarded, open_room: Room) -> Iterator[httpx.Client]:
    """Someone who may do everything, but elsewhere."""
    key = guarded.key(f"administrator:{open_room.path}", name="stranger")
    with guarded.client(key) as client:
        yield client


@pytest.fixture(scope="module")
def anonymous(guarded: Guarded) -> Iterator[httpx.Client]:
    with guarded.client(None) as client:
        yield client


@pytest.mark.contract("17.27")
@pytest.mark.parametrize(("method", "path"), GUARDED, ids=[f"{m} {p}" for m, p in GUARDED])
def test_every_route_is_closed_to_those_without_a_grant(
    anonymous: httpx.Client,
    nobody: httpx.Client,
    stranger: httpx.Client,
    secret: Room,
    method: str,
    path: str,
) -> None:
    assert ask(anonymous, method, path, secret).status_code == 401
    if path != "/v1/me":
        assert ask(nobody, method, path, secret).status_code == 403, "without any grant"
    answer = ask(stranger, method, path, secret)
    asked = address(path, secret).rpartition("/repository/")[2].rpartition("/content/")[2]
    assert secret.word not in answer.text.replace(asked, "").replace(secret.path, "")
    if path == "/deposits/from-identifier":
        return  # there is no resolver here; the path it would give is checked as any other
    if answer.status_code == 200:
        assert method in ("GET", "HEAD")
        if address(path, secret) not in LISTS:
            # by the id of a deposit, nothing is listed
            assert answer.json() == []
        assert secret.path not in answer.text
    else:
        assert answer.status_code in (403, 404)


HIDDEN = [
    (method, path)
    for method, path, needs in ROUTES
    if needs is not None and (needs.at in (At.DEPOSIT, At.SHOWN) or "{job_id" in path)
]


@pytest.mark.parametrize(("method", "path"), HIDDEN, ids=[f"{m} {p}" for m, p in HIDDEN])
def test_what_may_not_be_seen_is_answered_as_if_it_were_not_there(
    stranger: httpx.Client, secret: Room, method: str, path: str
) -> None:
    absent = Room(
        path=secret.path[:-1] + "~",
        group=secret.group,
        preserved="abcdefghjkmn",
        deposit="abcdefghjkmn",
        job="abcdefghjkmn",
        run="abcdefghjkmn",
        word=secret.word,
    )
    absent = Room(**{**absent.__dict__, "path": secret.path[:-1] + "z"})
    seen, missing = ask(stranger, method, path, secret), ask(stranger, method, path, absent)
    assert seen.status_code == missing.status_code == 404
    if method != "HEAD":
        words = [
            (body["code"], re.sub(r"[a-z0-9]{12}|hidden-[0-9a-z]+", "…", body["detail"]))
            for body in (seen.json(), missing.json())
        ]
        assert words[0] == words[1]


def test_nothing_was_changed_by_those_without_a_grant(boss: httpx.Client, secret: Room) -> None:
    deposit = workflow.get(boss, f"/deposits/{secret.deposit}")
    assert (deposit["lastModifiedBy"], deposit["lockedBy"]) == (
        f"{boss.base_url}/agents/boss",
        None,
    )
    assert workflow.load(boss, secret.group)["version"]["ocflVersion"] == "v1"
    files = workflow.ok(boss.get(f"/v1/deposits/{secret.deposit}/files")).json()["files"]
    assert f"{secret.word}.txt" in {file["path"] for file in files}


# --------------------------------------------------------------------------------------- by role

#: a route, and the action that it needs
BY_ACTION: list[tuple[str, str, Action]] = [
    ("GET", "/repository/{path:str}", Action.READ),
    ("HEAD", "/repository/{path:str}", Action.READ),
    ("GET", "/deposits/{deposit_id:str}", Action.READ),
    ("GET", "/deposits/{deposit_id:str}/mets", Action.READ),
    ("GET", "/v1/deposits/{deposit_id:str}/files", Action.READ),
    ("GET", "/v1/deposits/{deposit_id:str}/files/{path:str}", Action.CONTENT),
    ("GET", "/storage-api/content/{path:str}", Action.CONTENT),
    ("GET", "/ocfl/storagemap/{path:str}", Action.LOCATE),
    ("PATCH", "/deposits/{deposit_id:str}", Action.DEPOSIT),
    ("POST", "/deposits/{deposit_id:str}/lock", Action.DEPOSIT),
    ("DELETE", "/deposits/{deposit_id:str}/lock", Action.DEPOSIT),
    ("PUT", "/v1/deposits/{deposit_id:str}/files/{path:str}", Action.DEPOSIT),
    ("POST", "/activity/archivalgroups/collection", Action.ARRANGE),
    ("GET", "/v1/grants", Action.AUDIT),
    ("POST", "/v1/grants", Action.ADMINISTER),
]


@pytest.mark.contract("17.27")
@pytest.mark.parametrize("role", Role)
def test_roles_may_do_what_they_are_for(
    guarded: Guarded, boss: httpx.Client, open_room: Room, role: Role
) -> None:
    with guarded.client(guarded.key(f"{role}:{open_room.path}", name=role.value)) as client:
        for method, path, action in BY_ACTION:
            answer = ask(client, method, path, open_room)
            allowed = answer.status_code < 300 or answer.status_code == 409
            assert allowed == (action in role.actions), (method, path, answer.text)
            if not allowed:
                assert answer.status_code == 403
                if method != "HEAD":
                    assert str(action) in answer.json()["detail"]
        # the job itself: preserving is more than filling a deposit
        deposit = workflow.make_deposit(
            boss, archivalGroup=f"{open_room.group}-{workflow.fresh(role.value)}"
        )["id"].rpartition("/")[2]
        job = {"id": f"{guarded.url}/deposits/{deposit}/importjobs/diff"}
        posted = client.post(f"/deposits/{deposit}/importjobs", json=job)
        # an empty deposit cannot be imported, but that is found out later
        assert (posted.status_code != 403) == (Action.PRESERVE in role.actions), posted.text
        # Containers, and what leaves no trace
        made = client.put(f"/repository/{open_room.path}/{workflow.fresh('c')}")
        assert made.status_code == (201 if Action.ARRANGE in role.actions else 403)
        if made.status_code == 201:
            place = made.headers["Location"]
            purged = client.delete(place, params={"purge": "true"})
            assert purged.status_code == (204 if Action.PURGE in role.actions else 403)


def test_where_content_lies_is_told_only_to_those_who_may_know(
    guarded: Guarded, open_room: Room
) -> None:
    for role, knows in ((Role.READER, False), (Role.AUDITOR, True), (Role.DEPOSITOR, True)):
        with guarded.client(guarded.key(f"{role}:{open_room.path}")) as client:
            group = workflow.load(client, open_room.group)
            binary = workflow.get(client, f"{open_room.group}/objects/{open_room.word}.txt")
        assert (group["origin"] is not None) == knows
        assert (group["storageMap"] is not None) == knows
        assert ("origin" in binary) == knows
        assert group["containers"][0]["binaries"][0].get("origin") is None or knows


# ----------------------------------------------------------------------------------------- lists


def test_lists_and_their_counts_hold_only_what_may_be_seen(
    guarded: Guarded, boss: httpx.Client, secret: Room, open_room: Room
) -> None:
    with guarded.client(guarded.key(f"depositor:{secret.path}", name="hermit")) as hidden:
        workflow.make_deposit(hidden, archivalGroup=f"{secret.group}-of-a-hermit")
    with guarded.client(guarded.key(f"reader:{open_room.path}")) as client:
        page = client.get("/deposits", params={"showAll": "true"}).json()
        paths = {deposit["archivalGroup"] for deposit in page["deposits"]}
        assert paths and all(f"/{open_room.path}/" in path for path in paths)
        assert page["total"] == len(page["deposits"])
        everything = boss.get("/deposits", params={"showAll": "true"}).json()
        assert everything["total"] > page["total"]
        for stream in ("/activity/archivalgroups", "/storage-api/activity/importjobs"):
            total = client.get(f"{stream}/collection").json()["totalItems"]
            items = client.get(f"{stream}/pages/1").json()["orderedItems"]
            assert total == len(items) > 0
            assert boss.get(f"{stream}/collection").json()["totalItems"] > total
            assert secret.path not in str(items)
        for surface in ("", "/storage-api"):
            root = client.get(f"{surface}/repository/").json()
            assert [c["id"].rpartition("/")[2] for c in root["containers"]] == [open_room.path]
        everyone = set(boss.get("/agents").json())
        hermit = f"{guarded.url}/agents/hermit"
        assert hermit in everyone
        assert set(client.get("/agents").json()) <= everyone - {hermit}


def test_the_way_to_what_may_be_seen_shows_nothing_else(
    guarded: Guarded, boss: httpx.Client, open_room: Room
) -> None:
    top = workflow.fresh("top")
    for path in (top, f"{top}/a", f"{top}/a/b", f"{top}/a/c", f"{top}/d", f"{top}/ab"):
        workflow.make_container(boss, path)
    workflow.preserve(
        boss, f"{guarded.url}/repository/{top}/book", samples.with_mets({"objects/x": b"x"})
    )
    with guarded.client(guarded.key(f"reader:{top}/a/b")) as client:
        found = workflow.get(client, f"/repository/{top}")
        assert [c["id"] for c in found["containers"]] == [f"{guarded.url}/repository/{top}/a"]
        found = workflow.get(client, f"/repository/{top}/a")
        assert [c["id"] for c in found["containers"]] == [f"{guarded.url}/repository/{top}/a/b"]
        for path in ("a/c", "d", "ab", "book", "book/objects/x", "nothing"):
            for method in ("GET", "HEAD"):
                answer = client.request(method, f"/repository/{top}/{path}")
                assert answer.status_code == 404, path
            answer = client.get(f"/repository/{top}/{path}", params={"view": "mets"})
            assert answer.status_code == 404, path
        # a grant inside a group does not open the group
    with guarded.client(guarded.key(f"reader:{top}/book/objects")) as client:
        assert client.get(f"/repository/{top}/book").status_code == 404
        assert client.get(f"/repository/{top}/book/objects").status_code == 200
        content = client.get(f"/storage-api/content/{top}/book/objects/x")
        assert content.content == b"x"


def test_what_was_deleted_is_hidden_like_what_is_there(
    guarded: Guarded, boss: httpx.Client, open_room: Room
) -> None:
    path = workflow.fresh("gone")
    workflow.make_container(boss, path)
    workflow.ok(boss.delete(f"/repository/{path}"), 204)
    assert boss.get(f"/repository/{path}").status_code == 410
    with guarded.client(guarded.key(f"curator:{open_room.path}")) as client:
        for method in ("GET", "HEAD"):
            assert client.request(method, f"/repository/{path}").status_code == 404
        assert client.get(f"/validation/archivalgroup/{path}").status_code == 404


# -------------------------------------------------------------------------------------- deposits


def test_deposits_cannot_be_moved_to_where_one_may_not_deposit(
    guarded: Guarded, secret: Room, open_room: Room
) -> None:
    with guarded.client(guarded.key(f"depositor:{open_room.path}")) as client:
        deposit = workflow.make_deposit(client, archivalGroup=f"{open_room.group}-moved")
        answer = client.patch(deposit["id"], json={"archivalGroup": f"{secret.group}-moved"})
        assert assert_problem(answer, 403)["code"] == "not-granted"
        assert workflow.get(client, deposit["id"])["archivalGroup"] == f"{open_room.group}-moved"


def test_an_export_needs_the_right_to_read_and_to_deposit(
    guarded: Guarded, open_room: Room, secret: Room
) -> None:
    for scopes, status in (
        ((f"depositor:{open_room.path}",), 201),
        ((f"reader:{open_room.path}", f"depositor:{secret.path}"), 403),
        ((f"auditor:{open_room.path}",), 403),
    ):
        with guarded.client(guarded.key(*scopes)) as client:
            answer = client.post("/deposits/export", json={"archivalGroup": open_room.group})
            assert answer.status_code == status, answer.text
            if status == 201:
                workflow.wait_for(client, answer.json()["id"], "new")
                workflow.ok(client.delete(answer.json()["id"]), 204)


def test_deposits_without_a_group_belong_to_those_who_made_them(
    guarded: Guarded, boss: httpx.Client, open_room: Room
) -> None:
    scope = f"depositor:{open_room.path}"
    with (
        guarded.client(guarded.key(scope, name=workflow.fresh("one"))) as one,
        guarded.client(guarded.key(scope, name=workflow.fresh("two"))) as two,
    ):
        deposit = workflow.make_deposit(one)["id"]
        workflow.get(one, deposit)
        assert two.get(deposit).status_code == 404
        assert two.delete(deposit).status_code == 404
        assert deposit in {d["id"] for d in one.get("/deposits").json()["deposits"]}
        assert deposit not in {d["id"] for d in two.get("/deposits").json()["deposits"]}
        assert deposit in {
            d["id"] for d in boss.get("/deposits", params={"pageSize": 500}).json()["deposits"]
        }
        workflow.ok(one.patch(deposit, json={"archivalGroup": f"{open_room.group}-later"}))
        workflow.get(two, deposit)
        workflow.ok(two.delete(deposit), 204)
    # who merely says a name owns nothing by it
    with guarded.client(guarded.key(scope, names_agents=True), identity="one") as said:
        answer = said.post("/deposits", json={})
        assert_problem(answer, 403, "without archivalGroup")


# ---------------------------------------------------------------------------------------- grants


def test_grants_are_made_shown_explained_and_taken_back(
    guarded: Guarded, boss: httpx.Client, open_room: Room
) -> None:
    name = f"{workflow.fresh('ann')}@example.org"
    where = f"/repository/{open_room.path}/book"
    question = {"agent": name, "action": "read", "path": f"{open_room.path}/book"}
    with guarded.user(name) as ann:
        answer = ann.get(where)
        assert answer.status_code == 403
        before = workflow.ok(boss.get("/v1/grants/explain", params=question)).json()
        assert (before["allowed"], before["considered"]) == (False, [])
        assert "No grant gives 'read'" in before["because"]
        made = workflow.ok(
            boss.post(
                "/v1/grants",
                json={"subject": f"agent:{name}", "role": "reader", "path": f"/{open_room.path}"},
            ),
            201,
        )
        grant = made.json()
        assert made.headers["Location"] == f"{guarded.url}/v1/grants/{grant['id']}"
        assert (grant["createdBy"], grant["source"]) == ("boss", "table")
        assert ann.get(where).status_code == 200
        after = workflow.ok(boss.get("/v1/grants/explain", params=question)).json()
        assert after["allowed"]
        assert after["considered"] == [
            {
                "grant": grant,
                "applies": True,
                "because": "The role gives 'read', and the path is at or below the grant's.",
            }
        ]
        assert grant in boss.get("/v1/grants").json()
        assert boss.get("/v1/grants", params={"agent": name}).json() == [grant]
        assert boss.get("/v1/grants", params={"agent": f"sub:x#{name}"}).json() == []
        assert ann.get("/v1/me").json()["grants"] == [grant]
        again = boss.post("/v1/grants", json={k: grant[k] for k in ("subject", "role", "path")})
        assert assert_problem(again, 409)["code"] == "already-granted"
        workflow.ok(boss.delete(f"/v1/grants/{grant['id']}"), 204)
        assert ann.get(where).status_code == 403
        assert boss.delete(f"/v1/grants/{grant['id']}").status_code == 404
    assert f"boss granted: reader for agent:{name}" in guarded.server.log_text()


def test_groups_of_a_token_can_have_grants(
    guarded: Guarded, boss: httpx.Client, open_room: Room
) -> None:
    group = workflow.fresh("staff")
    body = {"subject": f"group:{group}", "role": "reader", "path": open_room.path}
    workflow.ok(boss.post("/v1/grants", json=body), 201)
    counted = boss.get("/v1/grants", params={"agent": "x", "groups": f"a,{group}"}).json()
    assert [grant["subject"] for grant in counted] == [f"group:{group}"]
    with (
        guarded.user("in@example.org", groups=[group]) as inside,
        guarded.user("out@example.org", groups=[f"{group}s"]) as outside,
    ):
        assert inside.get(f"/repository/{open_room.path}").status_code == 200
        assert outside.get(f"/repository/{open_room.path}").status_code == 403


def test_a_machine_does_not_have_the_grants_of_whom_it_names(
    guarded: Guarded, boss: httpx.Client, open_room: Room
) -> None:
    name = workflow.fresh("director")
    for subject in (f"agent:{name}", f"key:{name}"):
        body = {"subject": subject, "role": "administrator", "path": "/"}
        boss.post("/v1/grants", json=body)
    with guarded.user(name) as director:
        assert director.get("/v1/grants").status_code == 200
    with guarded.client(guarded.issuer.client_token(), identity=name) as machine:
        assert machine.get("/v1/me").json()["grants"] == []
        assert machine.get(f"/repository/{open_room.path}").status_code == 403
    key = guarded.key(f"reader:{open_room.path}", names_agents=True)
    with guarded.client(key, identity=name) as machine:
        assert machine.get("/v1/grants").status_code == 403


def test_who_administers_a_part_does_so_there_alone(
    guarded: Guarded, boss: httpx.Client, open_room: Room, secret: Room
) -> None:
    for place in (secret.path, "/"):
        body = {"subject": "agent:zoe", "role": "reader", "path": place}
        boss.post("/v1/grants", json=body)
    with guarded.client(guarded.key(f"administrator:{open_room.path}")) as local:
        for path in ("/", secret.path, open_room.path + "x"):
            body = {"subject": "agent:me", "role": "administrator", "path": path}
            assert local.post("/v1/grants", json=body).status_code == 403
            question = {"agent": "zoe", "action": "read", "path": path}
            assert local.get("/v1/grants/explain", params=question).status_code == 403
        body = {"subject": "agent:yve", "role": "reader", "path": f"{open_room.path}/sub"}
        mine = workflow.ok(local.post("/v1/grants", json=body), 201).json()
        shown = local.get("/v1/grants").json()
        assert mine in shown
        assert all(grant["path"].startswith(f"/{open_room.path}") for grant in shown)
        others = [g for g in boss.get("/v1/grants").json() if g["path"] == f"/{secret.path}"]
        assert local.delete(f"/v1/grants/{others[0]['id']}").status_code == 404


def test_bad_grants_and_questions(boss: httpx.Client) -> None:
    answer = boss.post("/v1/grants", json={"subject": "ann", "role": "king", "path": "a//b"})
    body = assert_problem(answer, 400, "subject must be", "role must be", "path is no path")
    assert {fault["path"] for fault in body["errors"]} == {"subject", "role", "path"}
    assert_problem(boss.post("/v1/grants", json={"role": "reader"}), 400, "subject, path")
    assert_problem(boss.get("/v1/grants/explain"), 400, "agent, action, path")
    wrong = {"agent": "ann", "action": "fly", "path": "/"}
    assert_problem(boss.get("/v1/grants/explain", params=wrong), 400, "'fly' is no action")
    unknown = {"agent": "key:abcdefghjkmn", "action": "read", "path": "/"}
    assert_problem(boss.get("/v1/grants/explain", params=unknown), 404)


def test_every_refusal_is_in_the_log_with_its_reason(
    guarded: Guarded, stranger: httpx.Client, secret: Room
) -> None:
    headers = {"x-correlation-id": workflow.fresh("why")}
    stranger.get(f"/deposits/{secret.deposit}", headers=headers)
    line = next(
        line
        for line in guarded.server.log_text().splitlines()
        if headers["x-correlation-id"] in line
    )
    assert "hidden from stranger (key: key:" in line
    assert "No grant gives 'read'" in line


# -------------------------------------------------------------------------------------- searching


def test_a_search_finds_and_counts_only_what_may_be_seen(
    guarded: Guarded, boss: httpx.Client, secret: Room, open_room: Room
) -> None:
    def search(client: httpx.Client, text: str) -> tuple[dict[str, Any], Any]:
        deadline = time.monotonic() + 30
        while True:
            found = workflow.ok(client.get("/search", params={"text": text})).json()
            if "pending" not in found["fedoraSearch"]:
                return found["fedoraSearch"], found["depositSearch"]
            assert time.monotonic() < deadline
            time.sleep(0.05)

    hidden, opened = f"{secret.word}.txt", f"{open_room.word}.txt"
    inside = f"info:fedora/{secret.path}/book/"
    for text in (hidden, inside, secret.word, "hid"):
        assert search(boss, text)[0]["total"] > 0, text
    assert search(boss, secret.path)[1]["total"] > 0
    with guarded.client(guarded.key(f"reader:{open_room.path}")) as client:
        for text in (hidden, inside, secret.word, "hid", secret.path, secret.deposit):
            binaries, deposits = search(client, text)
            assert (binaries["total"], binaries["results"], deposits) == (0, [], None), text
        for text in (opened, f"info:fedora/{open_room.path}/book/", "ope"):
            binaries, _ = search(client, text)
            ids = [each["fedoraId"] for each in binaries["results"]]
            assert binaries["total"] == len(ids) > 0
            assert all(f"fedora/{open_room.path}/" in each for each in ids), ids
        _, deposits = search(client, open_room.path)
        assert deposits["total"] == len(deposits["deposits"]) > 0
        everything = client.get("/storage-api/FedoraSearch", params={"text": "/"}).json()
        ids = [each["fedoraId"] for each in everything["results"]]
        assert everything["total"] == len(ids) > 0
        assert all(f"fedora/{open_room.path}/" in each for each in ids)
    # as everywhere, a grant inside a group opens that part alone
    with guarded.client(guarded.key(f"reader:{secret.path}/book/objects")) as client:
        binaries, deposits = search(client, secret.path)
        ids = [each["fedoraId"] for each in binaries["results"]]
        assert ids == [f"info:fedora/{secret.path}/book/objects/{hidden}"]
        assert binaries["total"] == 1
        assert deposits is None


# -------------------------------------------------------------------- tags, kept answers, and names


def test_tags_and_times_tell_nothing_of_what_is_hidden(
    guarded: Guarded, boss: httpx.Client, secret: Room, open_room: Room
) -> None:
    tags = [boss.get("/repository/").headers["ETag"]]
    with guarded.client(guarded.key(f"reader:{open_room.path}")) as client:
        mine = client.get("/repository/").headers["ETag"]
        assert mine not in tags
        workflow.make_container(boss, workflow.fresh("new"))
        assert boss.get("/repository/").headers["ETag"] not in tags
        assert client.get("/repository/").headers["ETag"] == mine
        # where it lies is in one answer and not in the other
        tag = boss.get(open_room.group).headers["ETag"]
        answer = client.get(open_room.group, headers={"If-None-Match": tag})
        assert answer.status_code == 200
        assert answer.headers["ETag"] != tag
        # a tag that someone else has told opens nothing, nor does a moment
        tag = boss.get(secret.group).headers["ETag"]
        for headers in (
            {"If-None-Match": tag},
            {"If-None-Match": "*"},
            {"Accept-Datetime": "Thu, 31 May 2007 20:35:00 GMT"},
        ):
            for method in ("GET", "HEAD"):
                answer = client.request(method, secret.group, headers=headers)
                assert answer.status_code == 404
                assert not {"ETag", "Link", "Memento-Datetime"} & set(answer.headers)


def test_a_kept_answer_is_for_its_caller_alone(guarded: Guarded, open_room: Room) -> None:
    body = {"archivalGroup": f"{open_room.group}-once"}
    headers = {"Idempotency-Key": workflow.fresh("key")}
    key_id, key = guarded.named_key(f"depositor:{open_room.path}")
    with guarded.client(key) as client:
        made = workflow.ok(client.post("/deposits", json=body, headers=headers), 201).json()
        again = workflow.ok(client.post("/deposits", json=body, headers=headers), 201)
        assert again.headers["Idempotency-Replayed"] == "true"
        assert again.json()["id"] == made["id"]
        with guarded.client(None) as stranger:
            answer = stranger.post("/deposits", json=body, headers=headers)
            assert_problem(answer, 401)
        with guarded.client(guarded.key(f"depositor:{open_room.path}")) as other:
            answer = other.post("/deposits", json=body, headers=headers)
            assert assert_problem(answer, 409)["code"] == "active-deposit"
        guarded.revoke(key_id)
        assert_problem(client.post("/deposits", json=body, headers=headers), 401)


@pytest.mark.contract("17.27")
def test_who_proved_a_name_makes_versions_in_that_name_alone(
    guarded: Guarded, open_room: Room
) -> None:
    body = {
        "id": "urn:x",
        "archivalGroup": f"{guarded.url}/storage-api/repository/{open_room.path}/by",
        "archivalGroupName": "By whom",
        "createdBy": "someone-else",
    }
    for trusted in (False, True):
        key = guarded.key(f"preserver:{open_room.path}", name="me", names_agents=trusted)
        with guarded.client(key) as client:
            answer = client.post("/storage-api/import", json=body)
            if trusted:
                assert answer.status_code == 201, answer.text
            else:
                assert assert_problem(answer, 403)["code"] == "identity-not-allowed"


def test_archiving_jobs_are_told_and_shown_where_the_deposit_is(
    guarded: Guarded, boss: httpx.Client, open_room: Room, secret: Room
) -> None:
    def told(deposit: str) -> dict[str, Any]:
        return {
            "id": workflow.fresh("archiver"),
            "depositId": deposit,
            "depositUri": f"{guarded.url}/deposits/{deposit}",
            "startTime": "2026-01-31T12:00:00Z",
        }

    gone = "abcdefghjkmn"
    for deposit in (open_room.deposit, secret.deposit, gone):
        workflow.ok(boss.post("/deposits/archive-job", json=told(deposit)), 204)
        workflow.ok(boss.get(f"/depositarchivejobs/{deposit}"))
    with guarded.client(guarded.key(f"depositor:{open_room.path}")) as client:
        workflow.ok(client.post("/deposits/archive-job", json=told(open_room.deposit)), 204)
        workflow.ok(client.get(f"/depositarchivejobs/{open_room.deposit}"))
        for deposit in (secret.deposit, gone):
            answers = (
                client.post("/deposits/archive-job", json=told(deposit)),
                client.get(f"/depositarchivejobs/{deposit}"),
            )
            for answer in answers:
                assert assert_problem(answer, 404)["code"] == "no-deposit"
    with guarded.client(guarded.key(f"reader:{open_room.path}")) as client:
        answer = client.post("/deposits/archive-job", json=told(open_room.deposit))
        assert answer.status_code == 403
