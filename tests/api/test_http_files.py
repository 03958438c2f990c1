"""Upload and download of deposit files over HTTP: verified, atomic, streamed, confined."""

from __future__ import annotations

import base64
import hashlib
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from support import ocfl_check, raw, samples, workflow
from support.server import Server
from support.shapes import assert_problem
from support.workflow import Json, assert_holds, local, make_deposit, ok, run_diff


def content_digest(data: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(data).digest()).decode()}:"


@pytest.fixture
def deposit(client: httpx.Client) -> Json:
    return make_deposit(client)


def short(deposit: Json) -> str:
    return str(deposit["id"].rpartition("/")[2])


def at(deposit: Json, path: str) -> str:
    """The address of a file of a deposit."""
    return f"/v1/deposits/{short(deposit)}/files/{workflow.quote(path)}"


def put(
    client: httpx.Client, deposit: Json, path: str, data: bytes, **headers: str
) -> httpx.Response:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.put(at(deposit, path), content=data, headers=sent)


def test_a_file_goes_up_and_comes_down(client: httpx.Client, deposit: Json) -> None:
    data = samples.page(1)
    answer = ok(put(client, deposit, "objects/page 1.png", data), 201)
    assert answer.json() == {
        "path": "objects/page 1.png",
        "size": len(data),
        "digest": samples.sha256(data),
    }
    assert (local(deposit["files"]) / "objects/page 1.png").read_bytes() == data
    down = ok(client.get(at(deposit, "objects/page 1.png")))
    assert down.content == data
    assert down.headers["content-digest"] == content_digest(data)
    assert down.headers["content-length"] == str(len(data))
    assert down.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in down.headers["content-security-policy"]
    head = client.head(at(deposit, "objects/page 1.png"))
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(data))
    part = client.get(at(deposit, "objects/page 1.png"), headers={"Range": "bytes=1-3"})
    assert ok(part, 206).content == data[1:4]


def test_folders_are_made_and_removed_when_empty(client: httpx.Client, deposit: Json) -> None:
    folder = at(deposit, "objects/empty one").replace("/files/", "/folders/")
    ok(client.put(folder), 201)
    ok(client.put(folder), 200)
    listed = ok(client.get(at(deposit, "").rstrip("/"))).json()
    assert listed["folders"] == ["objects", "objects/empty one"]
    assert_problem(client.delete(folder.replace("/empty%20one", "").replace("/empty one", "")), 409)
    ok(client.delete(folder), 204)
    assert_problem(client.delete(folder), 404)
    for bad in ("..", "a%2Fb", ".strongroom/x"):
        assert_problem(
            client.put(at(deposit, "x").replace("/files/x", f"/folders/{bad}")), (400, 404)
        )
    ok(put(client, deposit, "file", b"x"), 201)
    assert_problem(client.put(at(deposit, "file").replace("/files/", "/folders/")), (400, 404, 409))


def test_a_file_is_replaced(client: httpx.Client, deposit: Json) -> None:
    ok(put(client, deposit, "a.txt", b"first"), 201)
    assert ok(put(client, deposit, "a.txt", b"second, longer")).json()["size"] == 14
    assert client.get(at(deposit, "a.txt")).content == b"second, longer"
    ok(put(client, deposit, "a.txt", b""))
    assert client.get(at(deposit, "a.txt")).content == b""


@pytest.mark.parametrize("name", samples.AWKWARD_NAMES)
def test_awkward_names(client: httpx.Client, deposit: Json, name: str) -> None:
    path = f"objects/{name}"
    answer = put(client, deposit, path, name.encode())
    assert ok(answer, 201).json()["path"] == path
    assert (local(deposit["files"]) / path).read_bytes() == name.encode()
    assert ok(client.get(at(deposit, path))).content == name.encode()
    ok(client.delete(at(deposit, path)), 204)
    assert not (local(deposit["files"]) / path).exists()


def test_deletion(client: httpx.Client, deposit: Json) -> None:
    ok(put(client, deposit, "objects/a.txt", b"a"), 201)
    ok(client.delete(at(deposit, "objects/a.txt")), 204)
    assert_problem(client.get(at(deposit, "objects/a.txt")), 404)
    assert_problem(client.delete(at(deposit, "objects/a.txt")), 404)


def test_the_listing(client: httpx.Client, deposit: Json) -> None:
    empty = ok(client.get(f"/v1/deposits/{short(deposit)}/files")).json()
    assert empty["files"] == []
    ok(put(client, deposit, "objects/ä b.txt", b"abc"), 201)
    ok(put(client, deposit, "z.txt", b""), 201)
    (local(deposit["files"]) / "empty").mkdir()
    (local(deposit["files"]) / "link").symlink_to("/etc/passwd")
    listing = ok(client.get(f"/v1/deposits/{short(deposit)}/files")).json()
    files = {entry["path"]: entry for entry in listing["files"]}
    assert {path: entry["size"] for path, entry in files.items()} == {
        "objects/ä b.txt": 3,
        "z.txt": 0,
    }
    for path, data in (("objects/ä b.txt", b"abc"), ("z.txt", b"")):
        assert files[path]["digest"] in (None, samples.sha256(data))
    assert "empty" in str(listing["folders"])
    assert "objects" in str(listing["folders"])
    assert "link" in str(listing["refused"])
    assert "root:" not in str(listing)


def test_a_whole_deposit_by_upload(client: httpx.Client, group: str) -> None:
    files = samples.with_mets(samples.book(3))
    deposit = make_deposit(client, archivalGroup=group, archivalGroupName="N")
    for path, data in files.items():
        ok(put(client, deposit, path, data, Content_Digest=content_digest(data)), 201)
    run_diff(client, deposit)
    assert_holds(client, group, files)


# ------------------------------------------------------------------------------- digests


@pytest.mark.parametrize("header", ["Content_Digest", "Repr_Digest"])
def test_a_true_digest_is_accepted(client: httpx.Client, deposit: Json, header: str) -> None:
    told = {header: content_digest(b"data")}
    ok(put(client, deposit, "a.txt", b"data", **told), 201)
    several = {header: f"md5=:AAAA:, {content_digest(b'data')}"}
    ok(put(client, deposit, "b.txt", b"data", **several), 201)


def test_a_false_digest_leaves_nothing(client: httpx.Client, deposit: Json) -> None:
    told = {"Content_Digest": content_digest(b"other")}
    problem = assert_problem(put(client, deposit, "objects/a.txt", b"data", **told), 422)
    assert samples.sha256(b"data") in str(problem)
    assert_problem(client.get(at(deposit, "objects/a.txt")), 404)
    tree = ocfl_check.tree(local(deposit["files"]))
    assert [path for path, data in tree.items() if data is not None] == []


def test_a_false_digest_leaves_the_old_file(client: httpx.Client, deposit: Json) -> None:
    ok(put(client, deposit, "a.txt", b"old"), 201)
    told = {"Content_Digest": content_digest(b"other")}
    assert_problem(put(client, deposit, "a.txt", b"data", **told), 422)
    assert client.get(at(deposit, "a.txt")).content == b"old"
    assert list(local(deposit["files"]).iterdir()) == [local(deposit["files"]) / "a.txt"]


@pytest.mark.parametrize(
    "told",
    [
        "sha-256=:AAAA:",
        "sha-256=abc",
        "sha-256=:!!!:",
        "nonsense",
        "md5=:1B2M2Y8AsgTpgAmY7PhCfg==:",
        "sha-512=:AAAA:",
    ],
)
def test_a_digest_that_cannot_be_used(client: httpx.Client, deposit: Json, told: str) -> None:
    assert_problem(put(client, deposit, "a.txt", b"data", Content_Digest=told), 400)
    assert list(local(deposit["files"]).iterdir()) == []


# ----------------------------------------------------------------------------- broken off


def wait_until(condition: Callable[[], bool], *, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("old", [None, b"the old file"])
def test_an_upload_that_breaks_off_leaves_what_was_there(
    server: Server, client: httpx.Client, deposit: Json, old: bytes | None
) -> None:
    if old is not None:
        ok(put(client, deposit, "a.tif", old), 201)
    raw.break_off(
        server.port,
        f"PUT {at(deposit, 'a.tif')} HTTP/1.1\nHost: localhost:{server.port}\n"
        f"Content-Length: 8000000\n\n",
        b"x" * 3_000_000,
    )
    names = ["a.tif"] if old is not None else []

    def settled() -> bool:
        return [path.name for path in local(deposit["files"]).iterdir()] == names

    wait_until(settled)
    time.sleep(0.2)
    assert settled()
    if old is not None:
        assert client.get(at(deposit, "a.tif")).content == old
    # nothing of it stays anywhere below the data folder
    wait_until(
        lambda: (
            not [
                path
                for path in server.data.rglob("*")
                if path.is_file() and path.stat().st_size == 3_000_000
            ]
        )
    )


def test_a_body_shorter_than_it_says(server: Server, client: httpx.Client, deposit: Json) -> None:
    answer = client.put(
        at(deposit, "a.txt"),
        content=iter([b"chunked ", b"body"]),  # no Content-Length
    )
    assert ok(answer, 201).json()["size"] == 12


# -------------------------------------------------------------------------------- attacks


@pytest.mark.parametrize(
    "path",
    [
        "../x.txt",
        "objects/../../x.txt",
        "%2e%2e/x.txt",
        "..%2fx.txt",
        "objects%2Fx.txt",
        "/etc/x.txt",
        "%2Fetc%2Fx.txt",
        "objects//x.txt",
        "./x.txt",
        "a%00b.txt",
        "a%0Ab.txt",
        "a%FFb.txt",
        "x" * 300,
        "x" * 3000,
        "/".join(["x" * 200] * 30),
        ".strongroom/x.txt",
        "",
        "objects/",
    ],
)
@pytest.mark.parametrize("method", ["PUT", "GET", "DELETE"])
def test_paths_that_are_no_files_of_the_deposit(
    server: Server, client: httpx.Client, deposit: Json, path: str, method: str
) -> None:
    before = sorted(str(p) for p in server.data.rglob("x.txt"))
    answer = raw.request(
        server.port,
        method,
        f"/v1/deposits/{short(deposit)}/files/{path}",
        body=b"attack" if method == "PUT" else None,
    )
    if (method, path) == ("GET", ""):
        assert answer.status_code in (200, 400, 404)  # a slash at the end of the listing's path
    else:
        assert_problem(answer, (400, 404, 405))
    assert sorted(str(p) for p in server.data.rglob("x.txt")) == before
    assert [p for p in local(deposit["files"]).rglob("*") if p.is_file()] == []


@pytest.mark.parametrize("method", ["PUT", "GET", "DELETE"])
def test_links_lead_nowhere(
    client: httpx.Client, deposit: Json, tmp_path: object, method: str
) -> None:
    outside = workflow.Path(str(tmp_path)) / "outside"
    outside.mkdir()
    (outside / "x.txt").write_text("secret")
    root = local(deposit["files"])
    (root / "folder").symlink_to(outside)
    (root / "file.txt").symlink_to(outside / "x.txt")
    content = {"content": b"attack"} if method == "PUT" else {}
    answer = client.request(method, at(deposit, "folder/x.txt"), **content)  # type: ignore[arg-type]
    assert_problem(answer, (400, 404, 409, 422))
    answer = client.request(method, at(deposit, "file.txt"), **content)  # type: ignore[arg-type]
    assert b"secret" not in answer.content
    if method == "GET":
        assert_problem(answer, (400, 404, 409, 422))
    assert (outside / "x.txt").read_text() == "secret"
    assert sorted(p.name for p in outside.iterdir()) == ["x.txt"]


def test_a_file_where_a_folder_is(client: httpx.Client, deposit: Json) -> None:
    ok(put(client, deposit, "objects/a.txt", b"a"), 201)
    assert_problem(put(client, deposit, "objects", b"x"), (400, 409, 422))
    assert_problem(put(client, deposit, "objects/a.txt/b.txt", b"x"), (400, 409, 422))
    assert_problem(client.get(at(deposit, "objects")), (400, 404, 409))
    assert client.get(at(deposit, "objects/a.txt")).content == b"a"


def test_an_unknown_deposit(client: httpx.Client) -> None:
    path = "/v1/deposits/kx7m2tq9ahwd/files/a.txt"
    assert_problem(client.get(path), 404)
    assert_problem(client.put(path, content=b"x"), 404)
    assert_problem(client.delete(path), 404)
    assert_problem(client.get("/v1/deposits/kx7m2tq9ahwd/files"), 404)


def test_anothers_lock_stops_uploads(server: Server, deposit: Json) -> None:
    with (
        workflow.connect(server.url, identity="anna") as anna,
        workflow.connect(server.url, identity="bob") as bob,
    ):
        ok(put(anna, deposit, "a.txt", b"a"), 201)
        ok(anna.post(f"{deposit['id']}/lock"), 204)
        assert_problem(put(bob, deposit, "a.txt", b"b"), 409, "Deposit is locked by")
        assert_problem(bob.delete(at(deposit, "a.txt")), 409, "Deposit is locked by")
        ok(put(anna, deposit, "a.txt", b"c"))
        assert bob.get(at(deposit, "a.txt")).content == b"c"


def test_racing_uploads_to_one_path_leave_one_whole_file(server: Server, deposit: Json) -> None:
    bodies = [bytes([65 + n]) * 2_000_000 for n in range(6)]

    def send(data: bytes) -> int:
        with workflow.connect(server.url) as racer:
            return put(racer, deposit, "race.bin", data).status_code

    with ThreadPoolExecutor(6) as pool:
        codes = list(pool.map(send, bodies))
    assert set(codes) <= {200, 201, 409}
    left = list(local(deposit["files"]).iterdir())
    assert [path.name for path in left] == ["race.bin"]
    assert left[0].read_bytes() in bodies


def test_a_large_file_flows_through_little_memory(start_server: Callable[..., Server]) -> None:
    server = start_server()
    block = random.Random(1).randbytes(2**20)
    count = 200
    whole = hashlib.sha256()
    for _ in range(count):
        whole.update(block)
    digest = base64.b64encode(whole.digest()).decode()

    def blocks() -> Iterator[bytes]:
        for _ in range(count):
            yield block

    with workflow.connect(server.url) as client:
        deposit = make_deposit(client)
        ok(put(client, deposit, "small.bin", b"warm"), 201)
        client.get(at(deposit, "small.bin"))
        before = server.peak_memory()
        answer = client.put(
            at(deposit, "large.bin"),
            content=blocks(),
            headers={
                "Content-Length": str(count * 2**20),
                "Content-Digest": f"sha-256=:{digest}:",
            },
        )
        assert ok(answer, 201).json()["size"] == count * 2**20
        back = hashlib.sha256()
        with client.stream("GET", at(deposit, "large.bin")) as down:
            assert down.status_code == 200
            for chunk in down.iter_raw():
                back.update(chunk)
        assert back.digest() == whole.digest()
    if before:
        grown = server.peak_memory() - before
        assert grown < 64 * 2**20, f"the server grew by {grown / 2**20:.0f} MiB"
