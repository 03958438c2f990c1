"""Deposits in a bucket: nobody reaches what is beside them there, and no secret of the store leaks.

Signed URLs are answered where links are asked for, and nowhere else.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import pytest

from support import samples, stages, workflow
from support.s3_server import S3Server
from support.stages import Stage
from support.workflow import Json, get, ok

SECRET = b"what another deposit holds"
#: a tool that tells its environment instead
TELLS_ITS_ENVIRONMENT = """#!/bin/sh
[ "$1" = -ver ] && echo 13.10 && exit
env | sort > "{told}"
echo "    0 directories scanned"
"""


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tools")
    (folder / "exiftool").write_text(TELLS_ITS_ENVIRONMENT.format(told=folder / "told"))
    (folder / "exiftool").chmod(0o755)
    return folder


@pytest.fixture(scope="module")
def stage(s3: S3Server, tools: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    env = {"PATH": f"{tools}:/usr/bin:/bin", "STRONGROOM_LOG_LEVEL": "debug"}
    with stages.opened("s3-s3", tmp_path_factory.mktemp("secrets"), s3, env=env) as opened:
        yield opened


@pytest.fixture(scope="module")
def victim(stage: Stage) -> Json:
    deposit = workflow.make_deposit(stage.client, archivalGroup=stage.group())
    stage.put(deposit, "objects/a.txt", SECRET, ChecksumAlgorithm="SHA256")
    return deposit


@pytest.fixture
def deposit(stage: Stage) -> Json:
    made = workflow.make_deposit(
        stage.client, archivalGroup=stage.group(), archivalGroupName="Mine"
    )
    stage.put(made, "objects/a.txt", b"mine", ChecksumAlgorithm="SHA256")
    return made


def id_of(deposit: Json) -> str:
    return str(deposit["id"]).rpartition("/")[2]


def kept(stage: Stage, deposit: Json) -> list[str]:
    """All keys of the bucket but those by which a worker that starts tries the store."""
    bucket, _ = stage.bucket_and_prefix(deposit)
    return [key for key in stage.s3.keys(bucket) if "/strongroom-staging/probe-" not in key]


# ------------------------------------------------------------------------------ what is beside it


def test_origins_elsewhere_in_the_store_are_refused(
    stage: Stage, victim: Json, deposit: Json
) -> None:
    bucket, prefix = stage.bucket_and_prefix(victim)
    elsewhere = stage.s3.make_bucket()
    _, own = stage.bucket_and_prefix(deposit)
    stage.s3.put(elsewhere, own + "objects/a.txt", SECRET)
    files, other = deposit["files"], id_of(victim)
    # a deposit whose id begins like ours, which only such a key can be
    stage.s3.put(bucket, own.rstrip("/") + "x/objects/a.txt", SECRET)
    origins = [
        victim["files"] + "objects/a.txt",
        f"s3://{elsewhere}/{own}objects/a.txt",
        files.rstrip("/") + "x/objects/a.txt",
        files.rstrip("/"),
        files,
        f"{files}../{other}/objects/a.txt",
        f"{files}objects/../../{other}/objects/a.txt",
        f"{files}%2e%2e/{other}/objects/a.txt",
        f"{files}%2E%2E%2F{other}%2Fobjects%2Fa.txt",
        f"{files}..%2f{other}/objects/a.txt",
        f"{files}/objects/a.txt",
        f"{files}./objects/a.txt",
        f"{files}objects//a.txt",
        f"{files}objects/a.txt%00",
        files.replace("s3://", "S3://") + "objects/a.txt",
        files.replace("s3://", "s3://elsewhere@") + "objects/a.txt",
        f"{stage.s3.endpoint}/{bucket}/{prefix}objects/a.txt",
        f"s3://{bucket}",
        "file:///etc/passwd",
    ]
    group = deposit["archivalGroup"]
    items = [
        workflow.binary(group, deposit, f"objects/{number}", SECRET, origin=origin)
        for number, origin in enumerate(origins)
    ]
    job = workflow.hand_written(deposit, group, archivalGroupName="Mine", binariesToAdd=items)
    problem = ok(workflow.post_job(stage.client, deposit, job), 400).json()
    assert problem["code"] == "foreign-origin"
    assert {fault["path"] for fault in problem["errors"]} == {*origins}
    for item in items:  # and each for itself
        job["binariesToAdd"] = [item]
        assert workflow.post_job(stage.client, deposit, job).status_code == 400, item["origin"]
    assert stage.client.get(group).status_code == 404


def test_mets_that_points_into_another_deposit(stage: Stage, victim: Json, deposit: Json) -> None:
    for href in (f"../{id_of(victim)}/objects/a.txt", victim["files"] + "objects/a.txt"):
        entries = samples.entries({"objects/a.txt": SECRET})
        mets = samples.plain_mets(entries).replace(b'"objects/a.txt"', f'"{href}"'.encode())
        assert href.encode() in mets
        stage.put(deposit, "mets.xml", mets)
        answer = stage.client.get(f"{deposit['id']}/importjobs/diff")
        assert answer.status_code in (400, 422), answer.text
        assert workflow.post_diff(stage.client, deposit).status_code in (400, 422)
    assert stage.client.get(deposit["archivalGroup"]).status_code == 404


@pytest.mark.parametrize("climb", ["..", "%2e%2e", "objects/../..", "..%2f.."])
def test_files_beside_the_deposit_are_neither_read_nor_written(
    stage: Stage, victim: Json, deposit: Json, climb: str
) -> None:
    before = kept(stage, victim)
    own = urlsplit(deposit["id"])
    for method in ("GET", "PUT", "DELETE"):
        path = f"{own.path}/files/{climb}/{id_of(victim)}/objects/a.txt"
        asked = httpx.Request(method, stage.server.url, content=b"x" if method == "PUT" else None)
        # as it is, for httpx would resolve it
        asked.url = httpx.URL(stage.server.url, raw_path=path.encode())
        answer = stage.client.send(asked)
        assert answer.status_code in (400, 404, 405, 422), answer.text
        assert SECRET not in answer.content
    links = [
        {"method": "GET", "path": f"{climb}/{id_of(victim)}/objects/a.txt"},
    ]
    place = own.path.replace("/deposits/", "/v1/deposits/")
    answer = stage.client.post(f"{place}/links", json={"links": links})
    assert answer.status_code in (400, 404, 422), answer.text
    assert kept(stage, victim) == before
    assert stage.read(victim, "objects/a.txt") == SECRET


# ----------------------------------------------------------------------------------------- secrets


def said(stage: Stage) -> tuple[str, ...]:
    """What must be read nowhere."""
    return (stage.s3.secret_key, stage.s3.access_key, "X-Amz-", "AWS4-HMAC", "Signature=")


def test_answers_and_logs_hold_no_secret(stage: Stage, deposit: Json) -> None:
    """Though everything is logged, and whether things go well or not."""
    answers: list[httpx.Response] = []
    stage.client.event_hooks["response"] = [lambda answer: _keep(answers, answer)]
    try:
        files = samples.with_mets({"objects/a.txt": b"mine"})
        stage.fill(deposit, files)
        group = deposit["archivalGroup"]
        links: list[dict[str, Any]] = [{"method": "GET", "path": "objects/a.txt"}]
        place = urlsplit(deposit["id"]).path.replace("/deposits/", "/v1/deposits/")
        link = ok(stage.client.post(f"{place}/links", json={"links": links})).json()["links"][0]
        assert "X-Amz-Signature" in link["url"]
        answers.clear()
        links[0]["path"] = "objects/absent"
        assert stage.client.post(f"{place}/links", json={"links": links}).status_code == 404
        result = workflow.run_diff(stage.client, deposit)
        exported = workflow.export(stage.client, group)
        get(stage.client, f"{exported['id']}/filesystem?refresh=true")
        workflow.assert_holds(stage.client, group, files)
        for path in ("/health", "/deposits", "/v1/openapi.json", "/openapi.json", "/version"):
            stage.client.get(path)
        get(stage.client, result["id"])
    finally:
        stage.client.event_hooks["response"] = []
    assert len(answers) > 10
    for answer in answers:
        for secret in said(stage):
            if secret == "X-Amz-" and "openapi" in str(answer.request.url):
                continue  # which explains links
            assert secret not in answer.text + str(answer.headers), answer.request.url
    log = stage.server.log_text()
    for secret in said(stage):
        assert secret not in log
    assert quote(stage.s3.secret_key, safe="") not in log


def _keep(answers: list[httpx.Response], answer: httpx.Response) -> None:
    answer.read()
    answers.append(answer)


def test_tools_and_command_lines_hold_no_secret(stage: Stage, tools: Path) -> None:
    deposit = workflow.make_deposit(
        stage.client, archivalGroup=stage.group(), archivalGroupName="A", template="RootLevel"
    )
    stage.put(deposit, "objects/a.txt", b"a")
    run = ok(stage.client.post(f"{deposit['id']}/pipeline"), 204).headers["Location"]
    workflow.wait_for(stage.client, run, "completed")
    told = (tools / "told").read_text()
    assert "PATH=" in told
    assert "AWS_" not in told
    assert stage.s3.secret_key not in told
    shown = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert stage.s3.secret_key not in shown
