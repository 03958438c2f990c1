"""Notes of unfinished work: what it is for, and whether it may still come to something.

A note is *open* until its owner removes it or somebody gives the work up, for good. Who makes a
version part of its object has prepared the request for that *before* looking whether the note is
open; so after the request's lease, work that was given up can change nothing any more, however long
its owner was asleep, and what it has left can be deleted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from strongroom.ocfl.bucket.site import BucketSite
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
    #: number of the version that is being made, and digest of the inventory it is based on
    version: int | None = None
    base: str | None = None
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


def write(site: BucketSite, note: Note) -> Held:
    """Say what one is about to do."""
    name = f"{site.label(note.object_id)}-{note.attempt or note.purpose}-{note.nonce}.json"
    key = site.work + name
    etag = site.bucket.put(key, _encoded(note), NEW, content_type="application/json")
    return Held(key=key, etag=etag, note=note)


def is_open(site: BucketSite, held: Held) -> bool:
    """Whether the work may still be finished, as of now."""
    found = site.bucket.head(held.key, checksum=False)
    return found is not None and found.etag == held.etag


def remove(site: BucketSite, held: Held) -> None:
    """The work is over; harmless if the note is gone."""
    site.bucket.delete(held.key)


def give_up(site: BucketSite, held: Held) -> bool:
    """Let nobody finish the work any more; False if somebody was faster with it, or with that."""
    note = msgspec.structs.replace(held.note, given_up=True)
    try:
        site.bucket.put(held.key, _encoded(note), Condition(etag=held.etag))
    except ConditionFailed:
        return False
    return True


def listed(site: BucketSite, object_id: str | None = None) -> Iterator[Listed]:
    """The keys of all notes, or of those that may be about an object."""
    return site.bucket.listing(site.work + (f"{site.label(object_id)}-" if object_id else ""))


def read(bucket: Bucket, key: str) -> Held | None:
    """A note; None if it is gone, or is none of ours."""
    try:
        data, found = bucket.get(key)
        return Held(key=key, etag=found.etag, note=msgspec.json.decode(data, type=Note))
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def about(site: BucketSite, object_id: str) -> Iterator[Held]:
    """The notes about an object."""
    for entry in listed(site, object_id):
        held = read(site.bucket, entry.key)
        if held is not None and held.note.object_id == object_id:
            yield held


def _encoded(note: Note) -> bytes:
    return msgspec.json.encode(note) + b"\n"
