"""Servers over each combination of storage, and the hands of a client in their deposits.

A client of a deposit puts files where ``files`` says: into a folder, or by boto3 into a bucket.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx

from support import workflow
from support.s3_server import S3Server
from support.server import Server

#: where deposits are, and where the OCFL root is
COMBINATIONS = ("local-local", "s3-local", "local-s3", "s3-s3")
#: a tree of a deposit's files that the server keeps there
CACHE = "__METSlike.json"


@dataclass(kw_only=True)
class Stage:
    """A running server, and the storage below it."""

    combination: str
    server: Server
    s3: S3Server
    client: httpx.Client

    @property
    def in_bucket(self) -> bool:
        """Whether deposits are in a bucket."""
        return self.combination.startswith("s3-")

    def group(self) -> str:
        """The id of an Archival Group that is not there yet."""
        room = workflow.fresh("room")
        workflow.make_container(self.client, room)
        return f"{self.server.url}/repository/{room}/book"

    def bucket_and_prefix(self, deposit: Mapping[str, Any]) -> tuple[str, str]:
        assert deposit["files"].startswith("s3://"), deposit["files"]
        bucket, _, prefix = deposit["files"].removeprefix("s3://").partition("/")
        return bucket, unquote(prefix)

    def put(self, deposit: Mapping[str, Any], path: str, data: bytes, **asked: Any) -> None:
        if self.in_bucket:
            bucket, prefix = self.bucket_and_prefix(deposit)
            self.s3.put(bucket, prefix + path, data, **asked)
        else:
            workflow.fill(deposit, {path: data})

    def fill(self, deposit: Mapping[str, Any], files: Mapping[str, bytes]) -> None:
        for path, data in files.items():
            self.put(deposit, path, data)

    def read(self, deposit: Mapping[str, Any], path: str) -> bytes:
        if self.in_bucket:
            bucket, prefix = self.bucket_and_prefix(deposit)
            return self.s3.get(bucket, prefix + path)
        return (workflow.local(deposit["files"]) / path).read_bytes()

    def remove(self, deposit: Mapping[str, Any], path: str) -> None:
        if self.in_bucket:
            bucket, prefix = self.bucket_and_prefix(deposit)
            self.s3.client.delete_object(Bucket=bucket, Key=prefix + path)
        else:
            (workflow.local(deposit["files"]) / path).unlink()

    def paths(self, deposit: Mapping[str, Any]) -> list[str]:
        """All files and (with a slash) folders, sorted; without what the server keeps there."""
        if self.in_bucket:
            bucket, prefix = self.bucket_and_prefix(deposit)
            keys = [key[len(prefix) :] for key in self.s3.keys(bucket, prefix)]
            above = {
                "/".join(key.split("/")[: n + 1]) + "/"
                for key in keys
                for n in range(key.count("/"))
            }
            return sorted(({key for key in keys if key} | above) - {CACHE})
        root = workflow.local(deposit["files"])
        return sorted(
            path.relative_to(root).as_posix() + ("/" if path.is_dir() else "")
            for path in root.rglob("*")
            if path.name != CACHE
        )


@contextmanager
def opened(combination: str, folder: Path, s3: S3Server, **settings: Any) -> Iterator[Stage]:
    """A running server with this storage; further settings are those of the server."""
    deposits, _, root = combination.partition("-")
    bucket = s3.make_bucket()
    options = [*settings.pop("options", ())]
    if deposits == "s3":
        options += ["--deposits", f"s3://{bucket}/work/deposits"]
    if root == "s3":
        options += ["--ocfl-root", f"s3://{bucket}/ocfl"]
    env = {**s3.environment(), **settings.pop("env", {})}
    server = Server(folder / "data", folder / "server.log", env=env, options=options, **settings)
    try:
        server.start()
        with workflow.connect(server.url) as client:
            yield Stage(combination=combination, server=server, s3=s3, client=client)
        server.stop()
    except BaseException as error:
        error.add_note(server.log_tail(40))
        raise
    finally:
        server.kill()
