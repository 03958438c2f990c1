"""Runs the probes of a place, one after the other, and clears away what they made.

A probe that fails says so in its finding; only a place that cannot be reached at all is an error.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

from strongroom.errors import StrongroomError, Unavailable
from strongroom.storage.doctor import folder, s3
from strongroom.storage.doctor.findings import Finding, Outcome, Probe, Report, State, bad, unknown
from strongroom.storage.doctor.folder.site import FolderSite
from strongroom.storage.doctor.s3 import races
from strongroom.storage.doctor.s3.clearing import clear
from strongroom.storage.doctor.s3.conditions import PUT_ETAG, PUT_NEW
from strongroom.storage.doctor.s3.site import Site
from strongroom.storage.s3.bucket import Bucket
from strongroom.storage.s3.location import Location
from strongroom.storage.s3.trouble import told, unreachable

#: begins the name of all that the doctor makes
PREFIX = ".strongroom-doctor-"
_RACERS, _ROUNDS = 8, 1

Tell = Callable[[str], None]
Place = TypeVar("Place")


def _quiet(_: str) -> None:
    pass


def examine_bucket(bucket: Bucket, prefix: str, *, tell: Tell = _quiet) -> Report:
    """Try all that matters of a bucket, below a prefix (empty, or with a slash at its end).

    ``tell`` gets the title of each probe before it runs. Unavailable if the store cannot be
    reached, or has no such bucket.
    """
    with told(bucket.name):
        _reach(bucket)
    left: list[str] = []
    with _site(bucket, prefix, left) as site:
        findings = _run_all(s3.FIRST, s3.PROBES, site, tell)
    place = Location(bucket=bucket.name, prefix=prefix).uri
    return Report(place=place, findings=tuple(findings), left=tuple(left))


def examine_folder(path: Path, *, tell: Tell = _quiet) -> Report:
    """Try all that matters of a folder of this machine, which is there."""
    place = path / f"{PREFIX}{secrets.token_hex(8)}"
    left: list[str] = []
    site = FolderSite(place)
    try:
        findings = _run_all(folder.FIRST, folder.PROBES, site, tell)
    finally:
        left += site.clear()
    return Report(place=str(path), findings=tuple(findings), left=tuple(left))


def conditional_writes(bucket: Bucket, prefix: str) -> bool:
    """Whether a bucket seems to keep writers apart: a quick look, for the start of a server.

    Unavailable if the store cannot be reached or refuses us.
    """
    left: list[str] = []
    with _site(bucket, prefix, left) as site, told(site.prefix):
        outcomes = [
            PUT_NEW.run(site),
            PUT_ETAG.run(site),
            races.judge(site, etag=False, racers=_RACERS, rounds=_ROUNDS),
            races.judge(site, etag=True, racers=_RACERS, rounds=_ROUNDS),
        ]
    return all(outcome.state in (State.GOOD, State.LIMITED) for outcome in outcomes)


@contextmanager
def _site(bucket: Bucket, prefix: str, left: list[str]) -> Iterator[Site]:
    """A prefix of our own; what cannot be cleared away from it is told in ``left``."""
    site = Site(bucket, f"{prefix}{PREFIX}{secrets.token_hex(8)}/", prefix)
    try:
        yield site
    finally:
        left += clear(site)


def _reach(bucket: Bucket) -> None:
    """Tell a store that is not there, or has no such bucket, from one that refuses something."""
    try:
        bucket.client.head_bucket(Bucket=bucket.name)
    except ClientError as error:
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        if status == 404:
            raise Unavailable(
                f"There is no bucket '{bucket.name}'. Make it, or correct its name.",
                code="no-bucket",
            ) from error
        if status != 403:
            raise
    except (BotoCoreError, HTTPClientError) as error:
        raise unreachable(error) from error


def _run_all(
    first: Probe[Place], others: Sequence[Probe[Place]], place: Place, tell: Tell
) -> list[Finding]:
    """What is found by one after the other; without the first, nothing else is tried."""
    findings = [_run(first, place, tell)]
    if findings[0].state is State.GOOD:
        return findings + [_run(probe, place, tell) for probe in others]
    return findings + [probe.finding(unknown("not tried")) for probe in others]


def _run(probe: Probe[Place], place: Place, tell: Tell) -> Finding:
    tell(probe.title)
    try:
        outcome = probe.run(place)
    except ClientError as error:
        said = error.response.get("Error", {})
        outcome = _failed(probe, f"{error.operation_name}: {said.get('Code', '?')}")
    except StrongroomError as error:
        outcome = unknown(error.operator or error.message)
    except (BotoCoreError, HTTPClientError) as error:
        outcome = unknown(unreachable(error).operator or type(error).__name__)
    except OSError as error:
        outcome = _failed(probe, error.strerror or str(error))
    except (LookupError, ValueError) as error:
        outcome = unknown(f"an answer that is not understood: {error}")
    return probe.finding(outcome)


def _failed(probe: Probe[Place], said: str) -> Outcome:
    return bad(f"failed: {said}", f"Missing here: {probe.why[0].lower()}{probe.why[1:]}")
