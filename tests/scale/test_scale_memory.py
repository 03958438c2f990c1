"""Large objects in bounded memory: very many files, and one very large one.

In the ordinary suite they are of a modest size; ``make scale`` runs them at full size:
STRONGROOM_SCALE_FILES (100,000) and STRONGROOM_SCALE_MIB (10,240). Nothing here asserts a time.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from support import ocfl_check, samples, workflow
from support.server import Server
from support.shapes import assert_empty
from support.workflow import get, get_diff, local, make_containers, make_deposit, ok

FILES = int(os.environ.get("STRONGROOM_SCALE_FILES", "4000"))
MIB = int(os.environ.get("STRONGROOM_SCALE_MIB", "192"))
MEBIBYTE = 1 << 20
#: bytes that a process may take besides what it keeps for each file
GROUND = 160 * MEBIBYTE
#: bytes for each file of an object, in the process that diffs, imports and renders it
EACH = 5 * 1024
WAIT = 1800.0

linux = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read in /proc")


def connect(server: Server) -> httpx.Client:
    return httpx.Client(base_url=server.url, timeout=WAIT, trust_env=False)


def entry(path: str, size: int, digest: str) -> samples.Entry:
    kind = "application/octet-stream"
    return samples.Entry(path=path, digest=digest, size=size, content_type=kind, label=None)


def run(client: httpx.Client, posted: httpx.Response) -> None:
    result = workflow.wait(client, ok(posted, 201).json(), seconds=WAIT)
    assert (result["status"], result["errors"]) == ("completed", None)


def count(client: httpx.Client, uri: str, text: bytes) -> int:
    """How often a text comes in an answer, which is not kept."""
    found, end = 0, b""
    with client.stream("GET", uri) as answer:
        assert answer.status_code == 200
        for chunk in answer.iter_bytes():
            found += (end + chunk).count(text)
            end = (end + chunk)[-len(text) + 1 :]
    return found


@linux
@pytest.mark.contract("17.34")
@pytest.mark.timeout(3600)
def test_an_object_of_very_many_files(start_server: Callable[..., Server]) -> None:
    server = start_server(warm=False)
    with connect(server) as client:
        group = f"{server.url}/repository/{make_containers(client, 'scale')}/many"
        deposit = make_deposit(client, archivalGroup=group, archivalGroupName="Many")
        root = local(deposit["files"])
        entries = []
        for number in range(FILES):
            path = f"objects/{number // 1000:03d}/{number:06d}.bin"
            data = number.to_bytes(8, "big") * 16
            if number % 1000 == 0:
                (root / path).parent.mkdir(parents=True)
            (root / path).write_bytes(data)
            entries.append(entry(path, len(data), hashlib.sha256(data).hexdigest()))
        (root / "mets.xml").write_bytes(samples.plain_mets(entries))
        address = deposit["id"].replace("/deposits/", "/v1/deposits/")
        for view in (f"{deposit['id']}/filesystem", f"{deposit['id']}/combined"):
            assert count(client, view, b'"type":"WorkingFile"') >= FILES
        assert count(client, f"{address}/combined", b'"where":"Both"') >= FILES
        run(client, workflow.post_diff(client, deposit))
        shown = workflow.binaries(get(client, group))
        assert len(shown) == FILES + 1
        assert all(shown[e.path]["digest"] == e.digest for e in entries)

        # one file of them, by a deposit that holds nothing else
        patched = make_deposit(client, archivalGroup=group)
        (local(patched["files"]) / "new").write_bytes(b"new")
        target = f"{group}/objects/000/000007.bin"
        item = {
            "id": target,
            "origin": f"{patched['files']}new",
            "digest": hashlib.sha256(b"new").hexdigest(),
        }
        job = workflow.hand_written(patched, group, binariesToPatch=[item])
        run(client, workflow.post_job(client, patched, job))
        assert get(client, target)["size"] == 3

        # the older version, whole, into a new deposit: nothing differs from it but that file
        exported = workflow.start_export(client, group, versionExported="v1")
        exported = workflow.wait_for(client, exported["id"], "new", seconds=WAIT)
        diff = get_diff(client, exported)
        assert [item["id"] for item in diff["binariesToPatch"]] == [target]
        diff["binariesToPatch"] = []
        assert_empty(diff)
        assert ocfl_check.assert_root_valid(ocfl_check.find_root(server.data)) == 2
    assert server.peak_memory() < GROUND + EACH * FILES, server.peak_memory() // MEBIBYTE


@linux
@pytest.mark.timeout(3600)
def test_one_very_large_file(start_server: Callable[..., Server]) -> None:
    server = start_server(warm=False)
    with connect(server) as client:
        group = f"{server.url}/repository/{make_containers(client, 'scale')}/large"
        deposit = make_deposit(client, archivalGroup=group, archivalGroupName="Large")
        root = local(deposit["files"])
        digest = hashlib.sha256()
        with (root / "film.bin").open("wb") as file:
            for number in range(MIB):
                piece = number.to_bytes(8, "big") * (MEBIBYTE // 8)
                file.write(piece)
                digest.update(piece)
        made = [entry("film.bin", MIB * MEBIBYTE, digest.hexdigest())]
        (root / "mets.xml").write_bytes(samples.plain_mets(made))
        run(client, workflow.post_diff(client, deposit))
        binary = get(client, f"{group}/film.bin")
        assert binary["digest"] == digest.hexdigest()
        found = hashlib.sha256()
        with client.stream("GET", binary["content"]) as answer:
            for chunk in answer.iter_raw():
                found.update(chunk)
        assert found.hexdigest() == digest.hexdigest()
        exported = workflow.start_export(client, group)
        exported = workflow.wait_for(client, exported["id"], "new", seconds=WAIT)
        assert_empty(get_diff(client, exported))
    assert server.peak_memory() < GROUND, server.peak_memory() // MEBIBYTE
