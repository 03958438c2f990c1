"""A real S3 server for tests: a child process with its files in memory, on a port of its own.

What is stored there is left to the tests, which are given an endpoint, credentials and buckets.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, build_opener

import pytest

from support import orphans
from support.server import environment, free_port

READY_SECONDS = 30.0
#: names the program, where it is neither in ``build`` nor on the PATH
PROGRAM = "STRONGROOM_TEST_S3_SERVER"
#: URL of a server that runs already, which is used instead; ``AWS_*`` say how it is reached
ENDPOINT = "STRONGROOM_TEST_S3_ENDPOINT"
_BUILT = Path(__file__).parents[2] / "build" / "peers" / "bin" / "versitygw"
#: a file system in memory that keeps extended attributes
_MEMORY = Path("/dev/shm")
#: in a line of the access log: operation, key, path, status
_OPERATION = re.compile(r" s3_(\w+) .*? /\S* \d{3} ")


def program() -> Path | None:
    """The server's program; None if there is none on this machine."""
    named = os.environ.get(PROGRAM)
    if named:
        return Path(named)
    found = shutil.which("versitygw")
    return _BUILT if _BUILT.exists() else Path(found) if found else None


def require() -> None:
    """Skip the test where there is no S3 server; in CI that is an error."""
    if program() is None:
        if os.environ.get("CI"):
            raise FileNotFoundError("versitygw must be there in CI: make peers")
        pytest.skip("no S3 server (versitygw); to build it: make peers")


class S3Server:
    """One S3 server; a context manager that ends it and removes its files."""

    def __init__(
        self, *, port: int | None = None, versions: bool = False, folder: Path | None = None
    ) -> None:
        """``versions`` allows buckets to keep what is replaced and deleted.

        ``folder`` is where its files are, for more of them than go into memory; its file system
        must keep extended attributes.
        """
        require()
        found = program()
        assert found is not None
        self._program = found
        self.port = port or free_port()
        #: root of the API, without a slash at its end
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.access_key = "test" + secrets.token_hex(4)
        self.secret_key = secrets.token_hex(16)
        folder = folder or (_MEMORY if _MEMORY.is_dir() else None)
        self._files = Path(tempfile.mkdtemp(prefix="s3-", dir=folder))
        self.log_path = self._files / "server.log"
        #: a line for each request, in the format of AWS server access logs
        self.access_log_path = self._files / "access.log"
        (self._files / "buckets").mkdir()
        self._options: tuple[str, ...] = ()
        if versions:
            (self._files / "versions").mkdir()
            self._options = ("--versioning-dir", str(self._files / "versions"))
        self.process: subprocess.Popen[bytes] | None = None
        self._client: Any = None

    def __enter__(self) -> S3Server:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()
        self.remove()

    def start(self) -> S3Server:
        """Start it, or start it again with the files that it has."""
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *orphans.prefix(),
                    *(str(self._program), "--port", f"127.0.0.1:{self.port}", "--quiet"),
                    *("--keep-alive", "--access-log", str(self.access_log_path)),
                    *("posix", *self._options, str(self._files / "buckets")),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment(
                    {"ROOT_ACCESS_KEY": self.access_key, "ROOT_SECRET_KEY": self.secret_key}
                ),
                start_new_session=True,
            )
        opener = build_opener(ProxyHandler({}))
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise AssertionError(f"the S3 server ended: {self.log_path.read_text()[-2000:]}")
            try:
                opener.open(self.endpoint, timeout=2).close()
            except HTTPError as error:
                error.close()
                return self  # it refuses whoever does not sign: it is there
            except OSError:
                time.sleep(0.02)
            else:
                return self
        self.kill()
        raise AssertionError(f"the S3 server was not ready after {READY_SECONDS:.0f} s")

    def log_tail(self, lines: int = 60) -> str:
        """The end of what it said."""
        if not self.log_path.exists():
            return ""
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-lines:])

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def stop(self) -> None:
        """End it in good order; its files stay."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power cut would; its files stay."""
        self._end(signal.SIGKILL)

    def _end(self, by: signal.Signals) -> None:
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, by)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)

    def remove(self) -> None:
        """Remove its files."""
        if self._client is not None:
            self._client.close()
            self._client = None
        shutil.rmtree(self._files, ignore_errors=True)

    def environment(self) -> dict[str, str]:
        """What AWS programs, Strongroom among them, need in order to reach it."""
        return {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    @property
    def client(self) -> Any:
        """A client as a program of somebody else's makes it."""
        import boto3
        from botocore.config import Config

        if self._client is None:
            self._client = boto3.session.Session().client(
                "s3",
                endpoint_url=self.endpoint,
                region_name="us-east-1",
                aws_access_key_id=self.access_key,
                aws_secret_access_key=self.secret_key,
                config=Config(s3={"addressing_style": "path"}, proxies={}, max_pool_connections=32),
            )
        return self._client

    def make_bucket(self) -> str:
        """A new bucket; its name."""
        name = f"bucket-{secrets.token_hex(6)}"
        self.client.create_bucket(Bucket=name)
        return name

    # ---------------------------------------------------------------- what a client does there

    def put(self, bucket: str, key: str, data: bytes, **asked: Any) -> str:
        """Store an object; its ETag."""
        answer: Mapping[str, Any] = self.client.put_object(
            Bucket=bucket, Key=key, Body=data, **asked
        )
        return str(answer["ETag"])

    def plant(self, bucket: str, files: Iterable[tuple[str, bytes]]) -> None:
        """Lay very many small objects into the server's files, as its answer to a PUT does.

        Keys with their bytes; each has a CRC32 of the store, as clients of today send it.
        """
        root = self._files / "buckets" / bucket
        made = {""}
        for key, data in files:
            folder = key.rpartition("/")[0]
            if folder not in made:
                (root / folder).mkdir(parents=True, exist_ok=True)
                made.add(folder)
            crc32 = base64.b64encode(zlib.crc32(data).to_bytes(4, "big")).decode()
            checksums = {"Algorithm": "CRC32", "Type": "FULL_OBJECT", "CRC32": crc32}
            path = root / key
            path.write_bytes(data)
            for name, value in (
                ("etag", f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'),
                ("content-type", "binary/octet-stream"),
                ("checksums", json.dumps(checksums)),
            ):
                os.setxattr(path, f"user.{name}", value.encode())

    def requests(self, since: int = 0) -> Counter[str]:
        """How often each operation was asked for since its log had this many bytes."""
        with self.access_log_path.open(encoding="utf-8", errors="replace") as log:
            log.seek(since)
            return Counter(match[1] for line in log if (match := _OPERATION.search(line)))

    def get(self, bucket: str, key: str) -> bytes:
        with self.client.get_object(Bucket=bucket, Key=key)["Body"] as body:
            data: bytes = body.read()
            return data

    def keys(self, bucket: str, prefix: str = "") -> list[str]:
        """All keys, as the store lists them."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return [said["Key"] for page in pages for said in page.get("Contents", ())]

    def uploads(self, bucket: str) -> list[str]:
        """Keys of the uploads in parts that are neither finished nor aborted."""
        answer = self.client.list_multipart_uploads(Bucket=bucket)
        return [said["Key"] for said in answer.get("Uploads", ())]


class OwnServer(S3Server):
    """A server of whoever runs the tests; it is neither started nor stopped here."""

    def __init__(self, endpoint: str) -> None:
        """Credentials are those of ``AWS_ACCESS_KEY_ID`` and ``AWS_SECRET_ACCESS_KEY``."""
        self.endpoint = endpoint.rstrip("/")
        self.port = urlsplit(endpoint).port or 0
        self.access_key = os.environ["AWS_ACCESS_KEY_ID"]
        self.secret_key = os.environ["AWS_SECRET_ACCESS_KEY"]
        self.process = None
        self.log_path = Path(os.devnull)
        self._client: Any = None
        self._made: list[str] = []

    def start(self) -> OwnServer:
        return self

    def make_bucket(self) -> str:
        name = super().make_bucket()
        self._made.append(name)
        return name

    def remove(self) -> None:
        """Remove the buckets that tests have made."""
        for name in self._made:
            for upload in self.client.list_multipart_uploads(Bucket=name).get("Uploads", ()):
                self.client.abort_multipart_upload(
                    Bucket=name, Key=upload["Key"], UploadId=upload["UploadId"]
                )
            for key in sorted(self.keys(name), reverse=True):
                self.client.delete_object(Bucket=name, Key=key)
            self.client.delete_bucket(Bucket=name)
        self.client.close()


def shared() -> S3Server:
    """The server that most tests share, not yet started."""
    endpoint = os.environ.get(ENDPOINT)
    return OwnServer(endpoint) if endpoint else S3Server()
