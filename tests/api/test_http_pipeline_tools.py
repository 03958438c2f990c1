"""Real tools over HTTP: what they find comes into METS, and what is infected stays out."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from support import workflow
from support.server import Server
from support.workflow import get, ok

SIGNATURE = b"the-signature-we-look-for"


def program(name: str, package: str) -> str:
    found = shutil.which(name)
    if found is None:
        text = f"no {name} here (Debian: {package})"
        if os.environ.get("CI"):
            pytest.fail(text)
        pytest.skip(text)
    return found


def scanner(folder: Path) -> Path:
    """ClamAV with definitions of our own: the real ones are hundreds of megabytes."""
    clamscan = program("clamscan", "clamav")
    base = folder / "own.ndb"
    base.write_text(f"Test.Signature:0:*:{SIGNATURE.hex()}\n")
    wrapper = folder / "bin" / "clamscan"
    wrapper.parent.mkdir()
    wrapper.write_text(
        '#!/bin/sh\n[ "$1" = --version ] && echo "ClamAV 1/2/3" && exit\n'
        f'exec {clamscan} --database={base} "$@"\n'
    )
    wrapper.chmod(0o755)
    return wrapper.parent


def test_what_tools_find_comes_into_mets_and_viruses_stay_out(
    start_server: Callable[..., Server], tmp_path: Path
) -> None:
    program("exiftool", "libimage-exiftool-perl")
    path = f"{scanner(tmp_path)}:{os.environ['PATH']}"
    server = start_server(env={"PATH": path})
    with workflow.connect(server.url) as client:
        workflow.make_container(client, "tools")
        body = {
            "archivalGroup": f"{server.url}/repository/tools/one",
            "archivalGroupName": "One",
            "template": "RootLevel",
        }
        deposit = get(client, ok(client.post("/deposits", json=body), 201).json()["id"])
        objects = workflow.local(deposit["files"]) / "objects"
        (objects / "good one.txt").write_bytes(b"hello")
        (objects / "bad.txt").write_bytes(b"here is " + SIGNATURE + b", really")

        started = ok(client.post(f"{deposit['id']}/pipeline"), 204)
        run = workflow.wait_for(client, started.headers["location"], "completed")
        assert run["errors"] is None
        text = ok(client.get(f"{deposit['id']}/mets")).text
        assert text.count("<premis:eventOutcome>Fail</premis:eventOutcome>") == 1
        assert "Test.Signature" in text
        assert "<MIMEType>text/plain</MIMEType>" in text
        assert 'xlink:href="metadata/exif/exif_output.txt"' in text
        assert str(tmp_path) not in text

        refused = workflow.post_diff(client, deposit)
        assert refused.status_code in (409, 422), refused.text
        assert "objects/bad.txt" in refused.text
        assert "Test.Signature" in refused.text
        (objects / "bad.txt").unlink()
        match = {"If-Match": get(client, deposit["id"])["metsETag"]}
        gone = {"deleteFromMets": True, "items": [{"path": "objects/bad.txt"}]}
        ok(client.post(f"{deposit['id']}/mets/delete", json=gone, headers=match))
        job = ok(workflow.post_diff(client, deposit), 201).json()
        result = workflow.wait(client, job)
        assert result["status"] == "completed", result
