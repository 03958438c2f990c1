"""Notes of unfinished work: what it is for, and whether it may still come to something.

A note is *open* until its owner removes it or somebody gives the work up, for good. Who makes a
version part of its object has prepared the request for that *before* looking whether the note is
open; so after the request's lease, work that was given up can change nothing any more, however long
its owner was asleep, and what it has left can be deleted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import msgspec

from strongroom.ocfl.bucket.site import BucketSite
from strongroom.ocfl.paths import StoragePath
from strongroom.storage.s3.bucket import NEW, Bucket, Condition, Listed
from strongroom.storage.s3.trouble import ConditionFailed


class Note(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a piece of work is for, so that whoever finds it knows which object to look at."""

    #: ``version`` or ``purge``
    purpose: str
    object_id: str = msgspec.field(name="object")
    #: names the content of the attempt: ``vN/content/{nonce}/…``
    nonce: str
    attempt: str | None = None
    #: number of the version that is being made, and digest of the inventory it is based on; or
    #: digest of the inventory that is purged
    version: int | None = None
    base: str | None = None
    #: digest of the inventory that is being committed; none is before this is written
    inventory: str | None = None
    #: RFC 3339
    started: str
    #: host and process, for people
    owner: str
    #: whether the work was given up: it may not be finished any more
    given_up: bool = msgspec.field(name="givenUp", default=False)
    format: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A note as it lies in the root."""

    key: str
    etag: str
    note: Note
    #: when it was written, by the clock of the store: aware UTC; None where we have just written it
    modified: datetime | None = None


def write(site: BucketSite, note: Note) -> Held:
    """Say what one is about to do."""
    name = f"{site.label(note.object_id)}-{note.attempt or note.purpose}-{note.nonce}.json"
    key = site.work + name
    etag = site.bucket.put(key, _encoded(note), NEW, content_type="application/json")
    return Held(key=key, etag=etag, note=note)


def announce(site: BucketSite, held: Held, digest: str) -> Held | None:
    """Say which inventory is about to be committed; None if the work was given up.

    What commits it has to be signed before.
    """
    note = msgspec.structs.replace(held.note, inventory=digest)
    try:
        etag = site.bucket.put(
            held.key, _encoded(note), Condition(etag=held.etag), content_type="application/json"
        )
    except ConditionFailed:
        return None
    return Held(key=held.key, etag=etag, note=note)


def remove(site: BucketSite, held: Held) -> None:
    """The work is over; harmless if the note is gone."""
    site.bucket.delete(held.key)


def close(site: BucketSite, held: Held) -> bool:
    """The same for work that was done; False, and the note stays, if it was given up meanwhile."""
    try:
        site.bucket.delete(held.key, Condition(etag=held.etag))
    except ConditionFailed:
        return read(site.bucket, held.key) is None
    return True


def give_up(site: BucketSite, held: Held) -> bool:
    """Let nobody finish the work any more; False if it was over, or given up by another."""
    now: Held | None = held
    while now is not None and not now.note.given_up:
        note = msgspec.structs.replace(now.note, given_up=True)
        try:
            site.bucket.put(
                now.key, _encoded(note), Condition(etag=now.etag), content_type="application/json"
            )
        except ConditionFailed:
            now = read(site.bucket, now.key)
        else:
            return True
    return False


def listed(site: BucketSite, object_id: str | None = None) -> Iterator[Listed]:
    """The keys of all notes, or of those that may be about an object."""
    return site.bucket.listing(site.work + (f"{site.label(object_id)}-" if object_id else ""))


def read(bucket: Bucket, key: str) -> Held | None:
    """A note; None if it is gone, or is none of ours."""
    try:
        data, found = bucket.get(key)
        note = msgspec.json.decode(data, type=Note)
    except (FileNotFoundError, msgspec.DecodeError):
        return None
    return Held(key=key, etag=found.etag, note=note, modified=found.modified)


def about(site: BucketSite, object_id: str) -> list[Held]:
    """The notes about an object, and about others that the layout gives the same place."""
    path = site.object_path(object_id)
    found = (read(site.bucket, entry.key) for entry in listed(site, object_id))
    return [held for held in found if held is not None and _lies_at(site, held, path)]


def _lies_at(site: BucketSite, held: Held, path: StoragePath) -> bool:
    return site.object_path(held.note.object_id) == path


def _encoded(note: Note) -> bytes:
    return msgspec.json.encode(note) + b"\n"
