"""How much boto3 and obstore cost for many small objects and for a large one, on a real S3 server.

    python benchmarks/s3_clients.py [--objects 1000] [--megabytes 1024] [--threads 16]

obstore is no dependency of Strongroom; what is not installed is left out.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.s3_server import S3Server

SMALL = os.urandom(10_000)
ROUNDS = 5


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Wall and CPU seconds of this process."""
    wall, before = time.perf_counter(), cpu()
    work()
    return time.perf_counter() - wall, cpu() - before


class Boto:
    name = "boto3"

    def __init__(self, server: S3Server, bucket: str, threads: int) -> None:
        import boto3
        from botocore.config import Config

        self._bucket = bucket
        self._client: Any = boto3.session.Session().client(
            "s3",
            endpoint_url=server.endpoint,
            region_name="us-east-1",
            aws_access_key_id=server.access_key,
            aws_secret_access_key=server.secret_key,
            config=Config(
                s3={"addressing_style": "path"},
                max_pool_connections=threads,
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )

    def put(self, key: str, data: bytes) -> None:
        self._client.put_object(Bucket=self._bucket, Key=key, Body=data)

    def head(self, key: str) -> None:
        self._client.head_object(Bucket=self._bucket, Key=key)

    def get(self, key: str) -> None:
        self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()

    def stream(self, key: str) -> None:
        body = self._client.get_object(Bucket=self._bucket, Key=key)["Body"]
        while body.read(1 << 20):
            pass


class Obstore:
    name = "obstore"

    def __init__(self, server: S3Server, bucket: str, threads: int) -> None:
        import obstore
        from obstore.store import S3Store

        self._obstore = obstore
        self._store = S3Store(
            bucket,
            endpoint=server.endpoint,
            region="us-east-1",
            access_key_id=server.access_key,
            secret_access_key=server.secret_key,
            virtual_hosted_style_request=False,
            client_options={"allow_http": True},
        )

    def put(self, key: str, data: bytes) -> None:
        self._obstore.put(self._store, key, data, use_multipart=False)

    def head(self, key: str) -> None:
        self._obstore.head(self._store, key)

    def get(self, key: str) -> None:
        self._obstore.get(self._store, key).bytes()

    def stream(self, key: str) -> None:
        for _ in self._obstore.get(self._store, key).stream(min_chunk_size=1 << 20):
            pass


def measure(client: Any, objects: int, threads: int) -> dict[str, list[tuple[float, float]]]:
    keys = [f"{client.name}/{n % 10}/{n}" for n in range(objects)]
    with ThreadPoolExecutor(threads) as pool:
        return {
            "PUT": [timed(lambda: list(pool.map(lambda key: client.put(key, SMALL), keys)))],
            "HEAD": [timed(lambda: list(pool.map(client.head, keys)))],
            "GET": [timed(lambda: list(pool.map(client.get, keys)))],
            "large": [timed(lambda: client.stream("large"))],
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, default=1000)
    parser.add_argument("--megabytes", type=int, default=1024)
    parser.add_argument("--threads", type=int, default=16)
    asked = parser.parse_args()
    with S3Server() as server:
        bucket = server.make_bucket()
        server.client.upload_fileobj(_Zeros(asked.megabytes << 20), bucket, "large")
        clients = []
        for kind in (Boto, Obstore):
            try:
                clients.append(kind(server, bucket, asked.threads))
            except ImportError as error:
                print(f"{kind.name} is left out: {error}")
        found: dict[tuple[str, str], list[tuple[float, float]]] = {}
        for _ in range(ROUNDS):
            for client in clients:
                for what, times in measure(client, asked.objects, asked.threads).items():
                    found.setdefault((what, client.name), []).extend(times)
        print(f"{asked.objects} objects of {len(SMALL)} bytes, {asked.threads} threads;")
        print(f"one of {asked.megabytes} MiB; {ROUNDS} rounds in turn: min/median/max seconds")
        for (what, name), times in sorted(found.items()):
            walls, cpus = zip(*times, strict=True)
            print(f"{what:6} {name:8} wall {_of(walls)}   client CPU {_of(cpus)}")


def _of(times: tuple[float, ...]) -> str:
    return f"{min(times):6.2f} {statistics.median(times):6.2f} {max(times):6.2f}"


class _Zeros:
    """So many zeros, as a file."""

    def __init__(self, left: int) -> None:
        self._left = left

    def read(self, size: int = -1) -> bytes:
        size = self._left if size < 0 else min(size, self._left)
        self._left -= size
        return bytes(size)


if __name__ == "__main__":
    main()
