"""What deposits in a bucket have of their own: digests of the store, types, tools, trouble."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from support import samples, stages, workflow
from support.s3_server import S3Server
from support.server import Server, ServerDied, run_command
from support.shapes import assert_problem
from support.stages import Stage
from support.workflow import Json, get, ok

TEXT = b"some text"


@pytest.fixture(scope="module")
def stage(s3: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stages.opened("s3-local", tmp_path_factory.mktemp("s3"), s3) as opened:
        yield opened


def in_parts(stage: Stage, deposit: Json, path: str, data: bytes) -> None:
    """Put a file as clients put large ones: in parts, with a composite checksum."""
    bucket, prefix = stage.bucket_and_prefix(deposit)
    at = {"Bucket": bucket, "Key": prefix + path}
    made = stage.s3.client.create_multipart_upload(**at, ChecksumAlgorithm="SHA256")
    parts = []
    for number, chunk in enumerate((data[: 5 << 20], data[5 << 20 :]), 1):
        answer = stage.s3.client.upload_part(
            **at,
            UploadId=made["UploadId"],
            PartNumber=number,
            Body=chunk,
            ChecksumAlgorithm="SHA256",
        )
        parts.append({"PartNumber": number} | {n: answer[n] for n in ("ETag", "ChecksumSHA256")})
    stage.s3.client.complete_multipart_upload(
        **at, UploadId=made["UploadId"], MultipartUpload={"Parts": parts}
    )


def refusal(stage: Stage, deposit: Json, status: int) -> list[tuple[str, str]]:
    answer = ok(stage.client.get(f"{deposit['id']}/importjobs/diff"), status)
    return [(fault["code"], fault["path"]) for fault in answer.json()["errors"]]


def silent_mets(
    files: dict[str, bytes],
    *,
    digests: dict[str, str | None] | None = None,
    types: dict[str, str | None] | None = None,
) -> bytes:
    """A METS of these files, which says of some what is given here (None: nothing)."""
    return samples.plain_mets(samples.entries(files, digests=digests, types=types))


# ---------------------------------------------------------------------------- digests and types


@pytest.mark.contract("16.18")
def test_the_store_s_own_digest_stands_in_for_one_in_mets(stage: Stage) -> None:
    group = stage.group()
    big = os.urandom(6 << 20)
    files = {"objects/a.txt": TEXT, "objects/big.bin": big}
    mets = silent_mets(files, digests={"objects/a.txt": None})
    deposit = workflow.make_deposit(stage.client, archivalGroup=group)
    stage.put(deposit, "mets.xml", mets)
    stage.put(deposit, "objects/a.txt", TEXT)
    in_parts(stage, deposit, "objects/big.bin", big)
    assert refusal(stage, deposit, 422) == [("no-digest", "objects/a.txt")]
    stage.put(deposit, "objects/a.txt", TEXT, ChecksumAlgorithm="SHA256")
    diff = workflow.get_diff(stage.client, deposit)
    digests = {item["id"].rpartition("/")[2]: item["digest"] for item in diff["binariesToAdd"]}
    assert digests["a.txt"] == samples.sha256(TEXT)
    assert digests["big.bin"] == samples.sha256(big)
    workflow.run_diff(stage.client, deposit)
    workflow.assert_holds(stage.client, group, files | {"mets.xml": mets})


@pytest.mark.contract("16.18", "17.25", "19.GET-diff.500")
def test_composite_checksums_are_no_digests(stage: Stage) -> None:
    big = os.urandom(6 << 20)
    mets = silent_mets({"objects/big.bin": big}, digests={"objects/big.bin": None})
    deposit = workflow.make_deposit(stage.client, archivalGroup=stage.group())
    stage.put(deposit, "mets.xml", mets)
    in_parts(stage, deposit, "objects/big.bin", big)
    assert refusal(stage, deposit, 422) == [("no-digest", "objects/big.bin")]


@pytest.mark.contract("19.GET-diff.400")
def test_store_and_mets_must_agree(stage: Stage) -> None:
    deposit = workflow.make_deposit(stage.client, archivalGroup=stage.group())
    files = samples.with_mets({"objects/a.txt": b"as described", "objects/b.txt": b"b"})
    stage.put(deposit, "mets.xml", files["mets.xml"])
    stage.put(deposit, "objects/b.txt", b"b", ChecksumAlgorithm="SHA256")
    stage.put(deposit, "objects/a.txt", b"other  bytes", ChecksumAlgorithm="SHA256")
    answer = ok(stage.client.get(f"{deposit['id']}/importjobs/diff"), 400).json()
    [fault] = answer["errors"]
    assert (fault["code"], fault["path"]) == ("digest-mismatch", "objects/a.txt")
    assert fault["expected"] == samples.sha256(b"as described")
    assert fault["found"] == samples.sha256(b"other  bytes")


@pytest.mark.contract("16.20")
def test_a_job_written_by_hand_takes_the_store_s_word(stage: Stage) -> None:
    group = stage.group()
    deposit = workflow.make_deposit(stage.client, archivalGroup=group, archivalGroupName="Hand")
    stage.put(deposit, "objects/a", TEXT, ChecksumAlgorithm="SHA256")
    stage.put(deposit, "objects/b", TEXT)
    items = [
        workflow.binary(group, deposit, f"objects/{name}", TEXT, digest=None, contentType=None)
        for name in ("a", "b")
    ]
    job = workflow.hand_written(deposit, group, archivalGroupName="Hand", binariesToAdd=items)
    refused = ok(workflow.post_job(stage.client, deposit, job), 400).json()
    assert [(f["code"], f["path"]) for f in refused["errors"]] == [("no-digest", "objects/b")]
    items[1]["digest"] = samples.sha256(TEXT)
    workflow.run_job(stage.client, deposit, job)
    workflow.assert_holds(stage.client, group, {"objects/a": TEXT, "objects/b": TEXT})


def test_the_type_that_a_client_stored_counts_before_a_guess(stage: Stage) -> None:
    group = stage.group()
    deposit = workflow.make_deposit(stage.client, archivalGroup=group)
    files = {"objects/scan.dat": b"tiff", "objects/plain.txt": b"text", "objects/said.txt": b"x"}
    silent: dict[str, str | None] = {"objects/scan.dat": None, "objects/plain.txt": None}
    mets = silent_mets(files, types=silent)
    stage.put(deposit, "mets.xml", mets)
    stage.put(deposit, "objects/scan.dat", b"tiff", ContentType="image/tiff")
    stage.put(deposit, "objects/plain.txt", b"text", ContentType="binary/octet-stream")
    stage.put(deposit, "objects/said.txt", b"x", ContentType="image/png")
    diff = workflow.get_diff(stage.client, deposit)
    types = {i["id"].rpartition("/")[2]: i["contentType"] for i in diff["binariesToAdd"]}
    assert types["scan.dat"] == "image/tiff"
    assert types["plain.txt"] == "text/plain"
    assert types["said.txt"] == "text/plain"  # METS says it
    workflow.run_diff(stage.client, deposit)
    exported = workflow.export(stage.client, group)
    bucket, prefix = stage.bucket_and_prefix(exported)
    head = stage.s3.client.head_object(Bucket=bucket, Key=f"{prefix}objects/scan.dat")
    assert head["ContentType"] == "image/tiff"


def test_names_that_clients_stored_become_labels(stage: Stage) -> None:
    group = stage.group()
    deposit = workflow.make_deposit(
        stage.client, archivalGroup=group, archivalGroupName="Named", template="RootLevel"
    )
    named = {"Original-Name": "My+Scan+%C3%A9+%26+more.TIF"}
    stage.put(deposit, "objects/sub/", b"", Metadata={"Original-Name": "A+Sub+Folder"})
    stage.put(deposit, "objects/sub/my-scan.tif", b"x", Metadata=named, ContentType="image/x-mine")
    tag = get(stage.client, deposit["id"])["metsETag"]
    paths = ["objects/sub", "objects/sub/my-scan.tif"]
    ok(stage.client.post(f"{deposit['id']}/mets", json=paths, headers={"If-Match": tag}))
    diff = workflow.get_diff(stage.client, deposit)
    [scan] = [i for i in diff["binariesToAdd"] if i["id"].endswith("my-scan.tif")]
    assert (scan["name"], scan["contentType"]) == ("My Scan é & more.TIF", "image/x-mine")
    names = {i["id"].removeprefix(group + "/"): i["name"] for i in diff["containersToAdd"]}
    assert names["objects/sub"] == "A Sub Folder"
    workflow.run_diff(stage.client, deposit)
    exported = workflow.export(stage.client, group)
    bucket, prefix = stage.bucket_and_prefix(exported)
    head = stage.s3.client.head_object(Bucket=bucket, Key=f"{prefix}objects/sub/my-scan.tif")
    assert head["Metadata"] == {"original-name": named["Original-Name"]}


def test_the_view_of_files_tells_what_the_store_knows(stage: Stage) -> None:
    deposit = workflow.make_deposit(stage.client, archivalGroup=stage.group(), template="RootLevel")
    named = {"Original-Name": "An+Original.txt"}
    stage.put(
        deposit,
        "objects/a.dat",
        TEXT,
        Metadata=named,
        ContentType="text/plain",
        ChecksumAlgorithm="SHA256",
    )
    stage.put(deposit, "objects/b.dat", b"b")
    for refresh in ("true", "false", "false"):
        answer = stage.client.get(f"{deposit['id']}/filesystem", params={"refresh": refresh})
        tree = ok(answer).json()
        [objects] = [folder for folder in tree["directories"] if folder["name"] == "objects"]
        files = {file["localPath"]: file for file in objects["files"]}
        first = files["objects/a.dat"]
        assert first["name"] == "An Original.txt"
        assert first["contentType"] == "text/plain"
        assert first["digest"] == samples.sha256(TEXT)
        assert files["objects/b.dat"]["digest"] is None
    bucket, prefix = stage.bucket_and_prefix(deposit)
    head = stage.s3.client.head_object(Bucket=bucket, Key=f"{prefix}{stages.CACHE}")
    assert head["ContentType"] == "application/json"


def test_a_folder_is_preserved_over_http(stage: Stage, tmp_path: Path) -> None:
    group = stage.group()
    files = samples.with_mets(samples.book(2) | {"objects/big.bin": os.urandom(17 << 20)})
    for path, data in files.items():
        place = tmp_path / "book" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    room = group.partition("/repository")[2]
    arguments = ("--server", stage.server.url, "preserve", str(tmp_path / "book"), room)
    done = run_command(*arguments)
    assert done.returncode == 0, done.stderr
    workflow.assert_holds(stage.client, group, files, "v1")
    again = run_command(*arguments)
    assert again.returncode == 0, again.stderr
    assert "unchanged" in again.stdout


# ---------------------------------------------------------------------------------------- tools

EXIFTOOL = """#!/bin/sh
[ "$1" = -ver ] && echo 13.10 && exit
for last; do :; done
find "$last" -type f | sort | while read -r file; do
  echo "======== $file"
  echo "File Name                       : $(basename "$file")"
  echo "File Size                       : $(wc -c < "$file") bytes"
done
echo "    1 directories scanned"
"""


def test_tools_run_over_copies_and_their_results_go_back(s3: S3Server, tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "exiftool").write_text(EXIFTOOL)
    (tools / "exiftool").chmod(0o755)
    path = f"{tools}:/usr/bin:/bin"
    with stages.opened("s3-local", tmp_path / "server", s3, env={"PATH": path}) as stage:
        deposit = workflow.make_deposit(
            stage.client,
            archivalGroup=stage.group(),
            archivalGroupName="A book",
            template="RootLevel",
        )
        files = {f"objects/{n}/page {n}.txt": b"page %d" % n for n in range(20)}
        stage.fill(deposit, files)
        run = ok(stage.client.post(f"{deposit['id']}/pipeline"), 204).headers["Location"]
        ended = workflow.wait_for(stage.client, run, "completed")
        assert not ended["errors"], ended
        outputs = [path for path in stage.paths(deposit) if path.startswith("metadata/exif/")]
        assert any(not path.endswith("/") for path in outputs), stage.paths(deposit)
        assert b"objects/7/page 7.txt" in stage.read(deposit, "mets.xml")
        workflow.run_diff(stage.client, deposit)
        found = workflow.binaries(workflow.load(stage.client, deposit["archivalGroup"]))
        assert set(files) <= set(found)
        assert list((stage.server.data / "scratch").iterdir()) == []


# -------------------------------------------------------------------------------------- trouble


def test_a_bucket_that_is_not_there_is_told_at_the_start(
    s3: S3Server, start_server: Callable[..., Server]
) -> None:
    with pytest.raises(ServerDied) as caught:
        start_server(options=["--deposits", "s3://not-there/x"], env=s3.environment())
    assert "s3://not-there/x/, cannot be used. The storage bucket does not exist" in str(
        caught.value
    )
    assert "Traceback" not in str(caught.value)
    places = ["--deposits", f"s3://{s3.make_bucket()}/x", "--ocfl-root", "s3://nor-there/root"]
    with pytest.raises(ServerDied) as caught:
        start_server(options=places, env=s3.environment())
    assert "the OCFL root, s3://nor-there/root/, cannot be used" in str(caught.value)
    wrong = s3.environment() | {"AWS_SECRET_ACCESS_KEY": "wrong-but-secret"}
    with pytest.raises(ServerDied) as caught:
        start_server(options=["--deposits", f"s3://{s3.make_bucket()}/x"], env=wrong)
    assert "credentials" in str(caught.value)
    assert "wrong-but-secret" not in str(caught.value)
    assert "botocore" not in str(caught.value)


@pytest.mark.contract(
    "19.GET-diff.500", "19.GET-filesystem.500", "19.DELETE-deposit.500", "19.POST-mets-delete.500"
)
def test_a_store_that_is_away_is_told_and_comes_back(tmp_path: Path) -> None:
    with S3Server() as s3, stages.opened("s3-local", tmp_path, s3) as stage:
        group = stage.group()
        deposit = workflow.make_deposit(stage.client, archivalGroup=group)
        files = samples.with_mets(samples.book(2))
        stage.fill(deposit, files)
        edited = workflow.make_deposit(stage.client, template="RootLevel")
        tag = get(stage.client, edited["id"])["metsETag"]
        deletion = {"deleteFromMets": True, "items": [{"path": "objects/a.txt"}]}
        s3.kill()
        requests = (
            ("GET", f"{deposit['id']}/importjobs/diff", None),
            ("GET", f"{deposit['id']}/filesystem?refresh=true", None),
            ("POST", f"{edited['id']}/mets/delete", deletion),
            ("DELETE", edited["id"], None),
        )
        with ThreadPoolExecutor(len(requests)) as pool:  # each waits long for the store

            def send(request: tuple[str, str, Json | None]) -> httpx.Response:
                method, path, body = request
                matched = {"If-Match": tag}
                return stage.client.request(method, path, json=body, headers=matched, timeout=120)

            answers = list(pool.map(send, requests))
        for answer in answers:
            problem = assert_problem(answer, 503)
            assert (problem["code"], problem["retryable"]) == ("storage-unavailable", True)
            assert s3.secret_key not in answer.text + stage.server.log_text()
        assert ok(stage.client.get("/health")).status_code == 200
        s3.start()
        assert get(stage.client, edited["id"]) == {**edited, "metsETag": tag}
        ok(stage.client.delete(edited["id"]), 204)
        workflow.run_diff(stage.client, deposit)
        workflow.assert_holds(stage.client, group, files)


def test_what_other_clients_change_is_seen_at_once(stage: Stage) -> None:
    deposit = workflow.make_deposit(stage.client, archivalGroup=stage.group(), template="RootLevel")
    first = get(stage.client, deposit["id"])["metsETag"]
    body = stage.read(deposit, "mets.xml")
    stage.put(deposit, "mets.xml", body + b"<!-- edited elsewhere -->")
    second = get(stage.client, deposit["id"])["metsETag"]
    assert second != first
    stage.put(deposit, "mets.xml", body)
    assert get(stage.client, deposit["id"])["metsETag"] == first
    stage.remove(deposit, "mets.xml")
    assert get(stage.client, deposit["id"])["metsETag"] is None
