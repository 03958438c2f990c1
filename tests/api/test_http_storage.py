"""The main workflow over each combination of storage: deposits and OCFL root, local or in S3."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from support import samples, stages, workflow
from support.s3_server import S3Server
from support.stages import Stage
from support.workflow import Json, get, ok


@pytest.fixture(scope="module", params=stages.COMBINATIONS)
def stage(
    request: pytest.FixtureRequest, s3: S3Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    with stages.opened(request.param, tmp_path_factory.mktemp("stage"), s3) as opened:
        yield opened


def preserve(stage: Stage, group: str, files: dict[str, bytes]) -> Json:
    deposit = workflow.make_deposit(stage.client, archivalGroup=group, archivalGroupName="A book")
    stage.fill(deposit, files)
    return workflow.run_diff(stage.client, deposit)


@pytest.mark.contract("16.28")
def test_a_book_is_preserved_changed_and_exported(stage: Stage) -> None:
    client, group = stage.client, stage.group()
    first = samples.with_mets(samples.book(12) | {"objects/big.bin": os.urandom(20 << 20)})
    preserve(stage, group, first)
    stored = workflow.assert_holds(client, group, first, "v1")["storageMap"]
    kind = ("S3", "s3://") if stage.combination.endswith("-s3") else ("FileSystem", "file:///")
    assert (stored["storageType"], stored["root"].startswith(kind[1])) == (kind[0], True)

    # one file is replaced, one added, one removed; the rest is not in the deposit at all
    patch = workflow.make_deposit(client, archivalGroup=group)
    changed = {path: data for path, data in first.items() if path != "mets.xml"}
    changed["objects/page 0001.png"] = samples.page(99)
    changed["objects/new.txt"] = b"new"
    del changed["metadata/empty.txt"]
    second = samples.with_mets(changed)
    stage.fill(patch, {path: second[path] for path in ("objects/page 0001.png", "objects/new.txt")})
    stage.put(patch, "mets.xml", second["mets.xml"])
    job = workflow.get_diff(client, patch)
    assert workflow.paths_of(job["binariesToAdd"], group) == ["objects/new.txt"]
    assert workflow.paths_of(job["binariesToPatch"], group) == [
        "mets.xml",
        "objects/page 0001.png",
    ]
    assert workflow.paths_of(job["binariesToDelete"], group) == ["metadata/empty.txt"]
    assert job["binariesToAdd"][0]["origin"] == patch["files"] + "objects/new.txt"
    workflow.run_diff(client, patch)
    workflow.assert_holds(client, group, second, "v2")
    workflow.assert_holds(client, group, first, "v1")

    for version, files in (("v1", first), ("v2", second)):
        deposit = workflow.export(client, group, versionExported=version)
        assert [p for p in stage.paths(deposit) if not p.endswith("/")] == sorted(files)
        for path, data in files.items():
            assert stage.read(deposit, path) == data, path
        if version == "v2":  # what was just exported is what is preserved
            diff = workflow.get_diff(client, deposit)
            assert all(not diff[name] for name in diff if name.startswith(("binaries", "cont")))
        ok(client.delete(deposit["id"]), 204)
        assert stage.paths(deposit) == []


def test_awkward_names_come_and_go(stage: Stage) -> None:
    group = stage.group()
    names = list(samples.AWKWARD_NAMES)
    files = samples.with_mets({f"objects/{name}": name.encode() for name in names})
    preserve(stage, group, files)
    workflow.assert_holds(stage.client, group, files)
    deposit = workflow.export(stage.client, group)
    assert [p for p in stage.paths(deposit) if not p.endswith("/")] == sorted(files)


@pytest.mark.parametrize(
    ("template", "prefix"), [("RootLevel", ""), ("BagIt", "data/")], ids=["root", "bag"]
)
def test_templates_are_seen_by_other_clients(stage: Stage, template: str, prefix: str) -> None:
    deposit = workflow.make_deposit(stage.client, archivalGroup=stage.group(), template=template)
    above = ["data/"] if prefix else []
    wanted = ["mets.xml", "metadata/", "metadata/ad-hoc/", "objects/"]
    assert stage.paths(deposit) == sorted([*above, *(prefix + path for path in wanted)])
    if stage.in_bucket:
        bucket, at = stage.bucket_and_prefix(deposit)
        marks = [key for key in stage.s3.keys(bucket, at) if key.endswith("/")]
        assert at in marks and f"{at}{prefix}metadata/ad-hoc/" in marks
        head = stage.s3.client.head_object(Bucket=bucket, Key=f"{at}{prefix}objects/")
        assert (head["ContentLength"], head["Metadata"]) == (0, {"original-name": "objects"})


def test_a_deposit_of_an_existing_group_has_its_mets_alone(stage: Stage) -> None:
    group = stage.group()
    files = samples.with_mets(samples.book(2))
    preserve(stage, group, files)
    deposit = workflow.make_deposit(stage.client, archivalGroup=group)
    assert stage.paths(deposit) == ["mets.xml"]
    assert stage.read(deposit, "mets.xml") == files["mets.xml"]
    diff = workflow.get_diff(stage.client, deposit)
    assert all(not diff[name] for name in diff if name.startswith(("binaries", "containers")))


def test_files_go_through_the_api_too(stage: Stage) -> None:
    client = stage.client
    deposit = workflow.make_deposit(client, archivalGroup=stage.group(), template="RootLevel")
    files = f"/v1/deposits/{deposit['id'].rpartition('/')[2]}/files"
    data = os.urandom((17 << 20) + 5)
    first = ok(client.put(f"{files}/objects/a%20b.tif", content=data), 201).json()
    assert first == {
        "path": "objects/a b.tif",
        "size": len(data),
        "digest": hashlib.sha256(data).hexdigest(),
    }
    ok(client.put(f"{files}/objects/a%20b.tif", content=b"small"), 200)
    assert stage.read(deposit, "objects/a b.tif") == b"small"
    answer = ok(client.get(f"{files}/objects/a%20b.tif"))
    assert (answer.content, answer.headers["content-type"]) == (b"small", "image/tiff")
    part = client.get(f"{files}/objects/a%20b.tif", headers={"Range": "bytes=1-2"})
    assert ok(part, 206).content == b"ma"
    wrong = client.put(
        f"{files}/objects/wrong",
        content=b"x",
        headers={"Repr-Digest": "sha-256=:" + "A" * 43 + "=:"},
    )
    assert wrong.status_code == 422
    assert client.put(f"{files}/objects", content=b"x").status_code == 409
    assert client.put(f"{files}/objects/a%20b.tif/below", content=b"x").status_code == 409
    assert "objects/wrong" not in stage.paths(deposit)
    listed = ok(client.get(files)).json()
    assert [file["path"] for file in listed["files"]] == ["mets.xml", "objects/a b.tif"]
    assert listed["folders"] == ["metadata", "metadata/ad-hoc", "objects"]
    ok(client.delete(f"{files}/objects/a%20b.tif"), 204)
    assert client.get(f"{files}/objects/a%20b.tif").status_code == 404
    assert "objects/" in stage.paths(deposit)


# ----------------------------------------------------------------------------------- METS edits


def managed(stage: Stage) -> Json:
    made = workflow.make_deposit(
        stage.client, archivalGroup=stage.group(), archivalGroupName="Edited", template="RootLevel"
    )
    stage.fill(made, {f"objects/{n}.txt": b"%d" % n for n in range(6)})
    return made


def add(client: httpx.Client, deposit: Json, path: str, match: str) -> httpx.Response:
    return client.post(f"{deposit['id']}/mets", json=[path], headers={"If-Match": match})


def test_the_etag_of_mets_is_that_of_the_store(stage: Stage) -> None:
    deposit = managed(stage)
    tag = get(stage.client, deposit["id"])["metsETag"]
    body = stage.read(deposit, "mets.xml")
    if stage.in_bucket:
        bucket, prefix = stage.bucket_and_prefix(deposit)
        head = stage.s3.client.head_object(Bucket=bucket, Key=prefix + "mets.xml")
        assert tag == head["ETag"]
    else:
        assert tag == f'"{samples.sha256(body)}"'
    read = ok(stage.client.get(f"{deposit['id']}/mets"))
    assert (read.headers["etag"], read.content) == (tag, body)
    stale = add(stage.client, deposit, "objects/1.txt", '"stale"')
    assert stale.status_code == 409
    assert tag in stale.json()["detail"]
    ok(add(stage.client, deposit, "objects/1.txt", tag))
    assert get(stage.client, deposit["id"])["metsETag"] != tag
    assert add(stage.client, deposit, "objects/2.txt", tag).status_code == 409


@pytest.mark.contract("17.19")
def test_of_racing_edits_none_is_lost(stage: Stage) -> None:
    deposit = managed(stage)

    def one(number: int) -> int:
        with workflow.connect(stage.server.url) as client:
            for _ in range(60):
                tag = get(client, deposit["id"])["metsETag"]
                answer = add(client, deposit, f"objects/{number}.txt", tag)
                if answer.status_code == 200:
                    return number
                assert answer.status_code == 409, answer.text
        raise AssertionError("an edit never got its turn")

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(one, range(6))) == list(range(6))
    workflow.run_diff(stage.client, deposit)
    found = workflow.binaries(workflow.load(stage.client, deposit["archivalGroup"]))
    assert sorted(found) == ["mets.xml", *(f"objects/{n}.txt" for n in range(6))]


def test_what_is_deleted_from_mets_goes_from_the_deposit(stage: Stage) -> None:
    deposit = managed(stage)
    tag = get(stage.client, deposit["id"])["metsETag"]
    ok(add(stage.client, deposit, "objects/1.txt", tag))
    body = {
        "deleteFromMets": True,
        "deleteFromDepositFiles": True,
        "items": [{"path": "objects/1.txt", "isDir": False, "where": "Both"}],
    }
    tag = get(stage.client, deposit["id"])["metsETag"]
    ok(stage.client.post(f"{deposit['id']}/mets/delete", json=body, headers={"If-Match": tag}))
    assert "objects/1.txt" not in stage.paths(deposit)
    assert "objects/2.txt" in stage.paths(deposit)


# --------------------------------------------------------------------------------------- faults


def test_other_bytes_than_mets_describes_are_named(stage: Stage) -> None:
    group = stage.group()
    files = samples.with_mets(samples.book(3))
    deposit = workflow.make_deposit(stage.client, archivalGroup=group)
    stage.fill(deposit, files)
    for number in (1, 2):
        page = bytearray(files[f"objects/page {number:04d}.png"])
        page[-1] ^= 1
        stage.put(deposit, f"objects/page {number:04d}.png", bytes(page))
    result = workflow.wait(stage.client, ok(workflow.post_diff(stage.client, deposit), 201).json())
    assert result["status"] == "completedWithErrors"
    told = " ".join(error["message"] for error in result["errors"])
    assert len(result["errors"]) == 2 and "SHA-256" in told
    assert stage.client.get(group).status_code == 404


def test_a_file_that_was_changed_behind_a_known_mets_is_named(stage: Stage) -> None:
    """Preserved, put in again with other bytes of the same size: not taken for unchanged."""
    group = stage.group()
    files = samples.with_mets({"objects/a.txt": b"aaaa", "objects/b.txt": b"bbbb"})
    preserve(stage, group, files)
    deposit = workflow.make_deposit(stage.client, archivalGroup=group)
    stage.put(deposit, "objects/a.txt", b"aaaa")
    stage.put(deposit, "objects/b.txt", b"bbBb")
    answer = stage.client.get(f"{deposit['id']}/importjobs/diff")
    assert answer.status_code == 400
    assert [(fault["code"], fault["path"]) for fault in answer.json()["errors"]] == [
        ("digest-mismatch", "objects/b.txt")
    ]
    stage.put(deposit, "objects/b.txt", b"bbbb")
    diff = workflow.get_diff(stage.client, deposit)
    assert diff["binariesToPatch"] == [] and diff["binariesToAdd"] == []


def test_a_bag_is_preserved_by_its_manifest(stage: Stage) -> None:
    files = {"objects/a b.txt": b"some\n", "objects/x/1.txt": b"more\n"}
    whole = samples.with_mets(files)
    payload = {f"data/{path}": data for path, data in whole.items()}
    manifest = "".join(f"{samples.sha256(d)}  {p}\n" for p, d in payload.items()).encode()
    deposit = workflow.make_deposit(stage.client, archivalGroup=stage.group())
    stage.fill(deposit, payload)
    declaration = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
    stage.fill(deposit, {"bagit.txt": declaration, "manifest-sha256.txt": manifest})
    workflow.run_diff(stage.client, deposit)
    workflow.assert_holds(stage.client, deposit["archivalGroup"], whole)
