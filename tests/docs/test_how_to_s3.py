"""The page about S3 stores does what it says: its settings, commands and code, on a real store."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import documents

from support import workflow
from support.s3_server import S3Server
from support.server import Server, environment
from support.workflow import ok

PAGE = documents.ROOT / "docs" / "how-to" / "use-s3.md"
#: what a page may show that nobody can run here
OTHERS = {"ini"}


def test_the_page_works(s3: S3Server, tmp_path: Path) -> None:
    buckets = {name: s3.make_bucket() for name in ("preservation-work", "preservation-store")}
    blocks: dict[str, list[str]] = {}
    for block in documents.blocks(PAGE):
        text = block.text
        for name, bucket in buckets.items():
            text = text.replace(name, bucket)
        blocks.setdefault(block.language, []).append(text)
    for text in blocks.pop("json"):
        json.loads(text)
    [settings], [commands], [code] = (blocks.pop(name) for name in ("toml", "sh", "python"))
    assert set(blocks) == OTHERS, "a test must run all that the page shows"

    said = run(
        s3, tmp_path, "sh", "-euc", f'strongroom() {{ "$PYTHON" -m strongroom "$@"; }}\n{commands}'
    )
    assert "fit" in said, said

    (tmp_path / "settings.toml").write_text(settings)
    config = {**s3.environment(), "STRONGROOM_CONFIG": str(tmp_path / "settings.toml")}
    server = Server(tmp_path / "data", tmp_path / "server.log", env=config)
    try:
        server.start()
        with workflow.connect(server.url) as client:
            deposit = workflow.make_deposit(client)
            assert deposit["files"].startswith(f"s3://{buckets['preservation-work']}/deposits/")
            (tmp_path / "new scan.txt").write_bytes(b"scanned")
            identifier = deposit["id"].rpartition("/")[2]
            run(s3, tmp_path, sys.executable, "-c", code.replace("ID", identifier))
            files = ok(client.get(f"/v1/deposits/{identifier}/files/objects/new%20scan.txt"))
            assert files.content == b"scanned"
            key = f"deposits/{identifier}/objects/new scan.txt"
            head = s3.client.head_object(
                Bucket=buckets["preservation-work"], Key=key, ChecksumMode="ENABLED"
            )
            assert head["ChecksumSHA256"], head
        server.stop()
    finally:
        server.kill()


def run(s3: S3Server, folder: Path, *command: str) -> str:
    """What a program prints that finds the store as AWS tools do."""
    found: Mapping[str, str] = environment({**s3.environment(), "PYTHON": sys.executable})
    done = subprocess.run(
        command, cwd=folder, env=found, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
