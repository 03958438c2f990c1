"""Servers whose deposits and OCFL root are in a real S3 store, killed by SIGKILL at random moments.

The same as for folders must hold, and nothing may be left in the bucket that belongs to nobody. In
the meantime others export, make and delete Containers, and edit METS.
"""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from crash.besides import Besides
from crash.grounds import BucketGround, FolderGround
from crash.trial import Trial, hunt
from strongroom.storage.s3.bucket import Bucket
from support import postgres, workflow
from support.s3_server import S3Server
from support.server import Server
from support.stages import Stage

pytestmark = [
    pytest.mark.skipif(
        not sys.platform.startswith("linux"), reason="processes are watched by Linux's /proc"
    ),
    # what servers that share a database have left is given up after an hour: it may be another's
    postgres.on_sqlite,
]

#: rounds where both are in a bucket; where one is in a folder, a quarter of them
ROUNDS = int(os.environ.get("STRONGROOM_CRASH_ROUNDS") or 9) // 3
#: the short suite leaves that out: every kill there is tried by other tests, one by one
COMBINATIONS = ["s3-s3", "local-s3", "s3-local"][: 3 if ROUNDS >= 4 else 1]
#: with so many each phase must be hit, and further ones are made until it is
MANY = 20


@pytest.mark.timeout(180 + 60 * ROUNDS)
@pytest.mark.parametrize("combination", COMBINATIONS)
def test_servers_over_buckets_killed_at_random(
    s3: S3Server,
    bucket: Bucket,
    start_server: Callable[..., Server],
    tmp_path: Path,
    record_property: Callable[[str, object], None],
    combination: str,
) -> None:
    seed = int(os.environ.get("STRONGROOM_CRASH_SEED") or secrets.randbits(32))
    deposits, _, root = combination.partition("-")
    settings = {}
    if deposits == "s3":
        settings["deposits"] = f"s3://{bucket.name}/work/deposits"
    if root == "s3":
        settings["ocfl_root"] = f"s3://{bucket.name}/ocfl"
    places = {f"STRONGROOM_{name.upper()}": value for name, value in settings.items()}
    env = {**s3.environment(), **places, "STRONGROOM_JOB_THREADS": "3"}
    server = start_server(env=env)
    with workflow.connect(server.url) as client:
        stage = Stage(combination=combination, server=server, s3=s3, client=client)
        trial = Trial(
            server,
            tmp_path,
            compared=max(3, ROUNDS // 20),
            ground=BucketGround(bucket, "ocfl/")
            if root == "s3"
            else FolderGround(server.data / "ocfl-root"),
            settings=settings,
            env=s3.environment(),
            fill=stage.fill,
            besides=Besides(stage),
            small=60,
            # what is not copied by the store goes there in parts
            large=(9 << 20) if combination == "local-s3" else 1 << 18,
        )
        try:
            is_main = combination == "s3-s3"
            is_hunt = is_main and ROUNDS >= MANY
            hunt(trial, seed, ROUNDS if is_main else ROUNDS // 4, extra=10 if is_hunt else 0)
            if is_hunt:
                assert trial.missing() == [], "never hit, however often they were tried"
        finally:
            told = [f"STRONGROOM_CRASH_SEED={seed}", *trial.table()]
            record_property("told at the end", told)
