"""The page about S3 stores does what it says: its settings, commands and code, on a real store."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import documents
import pytest

from strongroom import config, places
from support.s3_server import S3Server
from support.server import environment

PAGE = documents.ROOT / "docs" / "how-to" / "use-s3.md"
#: what a page may show that nobody can run here
OTHERS = {"ini"}


def test_the_page_works(s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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
    for name, value in s3.environment().items():
        monkeypatch.setenv(name, value)
    found = config.load({"data": str(tmp_path)}, environment={}, file=tmp_path / "settings.toml")
    area = places.open_areas(found).area("ID")
    area.create()
    (tmp_path / "new scan.txt").write_bytes(b"scanned")
    run(s3, tmp_path, sys.executable, "-c", code)
    entry = area.entry("objects/new scan.txt")
    assert entry is not None
    assert entry.sha256 == hashlib.sha256(b"scanned").hexdigest()
    assert places.open_root(found, create=True).spec == "1.1"


def run(s3: S3Server, folder: Path, *command: str) -> str:
    """What a program prints that finds the store as AWS tools do."""
    found: Mapping[str, str] = environment({**s3.environment(), "PYTHON": sys.executable})
    done = subprocess.run(
        command, cwd=folder, env=found, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
