"""Whether writes depend on what is at the key, one after the other; the commit of a version does.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from strongroom.storage.doctor.findings import WRITERS, Outcome, Probe, bad, good, limited, unknown
from strongroom.storage.doctor.s3.site import CONDITION, MISSING, Site, refusal

_OVERWRITES = "A version that another writer committed could be overwritten."


def _put_new(site: Site) -> Outcome:
    """``If-None-Match: *`` creates a key, and never touches one that is there."""
    said = refusal(lambda: site.put("new", b"first", IfNoneMatch="*"))
    if said:
        return bad(f"a new key was refused: {said}", _OVERWRITES)
    said = refusal(lambda: site.put("new", b"second", IfNoneMatch="*"))
    return _kept(site, "new", b"first", said)


def _put_etag(site: Site) -> Outcome:
    """``If-Match`` replaces just the state that was seen: no other one, and no missing key."""
    first = site.put("etag", b"first")
    said = refusal(lambda: site.put("etag", b"second", IfMatch=first))
    if said:
        return bad(f"the right ETag was refused: {said}", _OVERWRITES)
    if site.get("etag") != b"second":
        return bad("the right ETag was accepted, and nothing stored", _OVERWRITES)
    said = refusal(lambda: site.put("etag", b"third", IfMatch=first))
    kept = _kept(site, "etag", b"second", said)
    if kept.state != "good":
        return kept
    said = refusal(lambda: site.put("etag-gone", b"x", IfMatch=first))
    if said is None:
        return bad("a missing key was written", "A purged object could come back in part.")
    if said not in CONDITION | MISSING:
        return unknown(f"refused oddly: {said}")
    return kept


def _kept(site: Site, name: str, data: bytes, said: str | None) -> Outcome:
    if site.get(name) != data:
        return bad("the key was overwritten", _OVERWRITES)
    if said is None:
        return bad("the store said that it wrote, and did not", _OVERWRITES)
    if said not in CONDITION:
        return unknown(f"refused oddly: {said}")
    return good("enforced")


def _complete(site: Site) -> Outcome:
    """The same for large objects, whose last request is another one."""
    site.put("complete", b"first")
    upload = site.begin_parts("complete", b"second")
    said = refusal(lambda: site.client.complete_multipart_upload(**upload, IfNoneMatch="*"))
    means = "A large object that came in meanwhile would be overwritten."
    if site.get("complete") != b"first":
        return limited("the key was overwritten", means)
    site.abort_parts(upload)
    if said not in CONDITION:
        return limited(f"answered: {said}", means)
    return good("enforced")


def _delete(site: Site) -> Outcome:
    """``If-Match`` on DELETE, for what may only go if it is still what was looked at."""
    first = site.put("delete", b"first")
    second = site.put("delete", b"second")
    said = refusal(lambda: site.client.delete_object(**site.at("delete"), IfMatch=first))
    gone = refusal(lambda: site.client.head_object(**site.at("delete")))
    means = "What came in right before a deletion can be deleted with it."
    if gone:
        return limited("ignored: another object was deleted", means)
    if said not in CONDITION:
        return limited(f"answered: {said}", means)
    said = refusal(lambda: site.client.delete_object(**site.at("delete"), IfMatch=second))
    return limited(f"the right ETag was refused: {said}", means) if said else good("enforced")


def _probe(
    name: str, title: str, why: str, run: Callable[[Site], Outcome], **more: Any
) -> Probe[Site]:
    return Probe(name=name, title=title, why=why, run=run, **more)


PUT_NEW = _probe(
    "put-if-none-match",
    "PUT If-None-Match",
    "A version is committed once; deposits are claimed once.",
    _put_new,
    needed=WRITERS,
)
PUT_ETAG = _probe(
    "put-if-match",
    "PUT If-Match",
    "A version is committed upon the one that it was made from.",
    _put_etag,
    needed=WRITERS,
)
COMPLETE = _probe(
    "complete-if-none-match",
    "Complete upload If-None-Match",
    "Large objects never overwrite others.",
    _complete,
)
DELETE = _probe(
    "delete-if-match", "DELETE If-Match", "Only what was looked at is deleted.", _delete
)
