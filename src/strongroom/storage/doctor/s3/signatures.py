"""Whether signed requests are good for just what was signed, and just as long.

Upload links rely on it; and a writer that was stopped, and goes on when others have taken over, is
kept from overwriting their version only by the end of its signature.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from strongroom.storage.doctor.findings import WRITERS, Outcome, Probe, bad, good
from strongroom.storage.doctor.s3.site import MISSING, Site, refusal
from strongroom.storage.s3.bucket import NEW, Condition
from strongroom.storage.s3.presigned import SignedRequest, sign_get, sign_put
from strongroom.storage.s3.sending import send_signed

_STOPPED = "A writer that was stopped for long could overwrite a version when it goes on."
#: seconds beyond the end until a store must refuse, by its own clock, and until we stop looking
_GRACE, _PATIENCE = 3.0, 30.0


def _signed(site: Site, name: str, data: bytes, **more: object) -> SignedRequest:
    return sign_put(
        site.bucket,
        site.key(name),
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
        **{"expires": 60, **more},  # type: ignore[arg-type]
    )


def _works(site: Site) -> Outcome:
    put = send_signed(_signed(site, "signed", b"bytes"), b"bytes")
    if put.status != 200:
        return bad(f"a signed PUT was refused: {put.status} {put.code}", _STOPPED)
    got = send_signed(sign_get(site.bucket, site.key("signed"), expires=60))
    if (got.status, got.body) != (200, b"bytes"):
        return bad(f"a signed GET was refused: {got.status} {got.code}", _STOPPED)
    return good("PUT and GET")


def _bound(site: Site) -> Outcome:
    """Conditions, bytes and headers: none can be changed, none can be left out."""
    stale = site.put("bound", b"first")
    site.put("bound", b"second")
    new = _signed(site, "bound", b"third", condition=NEW)
    seen = _signed(site, "bound", b"third", condition=Condition(etag=stale))
    tried = {
        "If-None-Match is ignored": (new, b"third"),
        "If-Match is ignored": (seen, b"third"),
        "If-None-Match can be left out": (_less(new, "If-None-Match"), b"third"),
        "If-Match can be left out": (_less(seen, "If-Match"), b"third"),
    }
    wrong = [
        text
        for text, (request, data) in tried.items()
        if send_signed(request, data).status == 200 or site.get("bound") != b"second"
    ]
    if wrong:
        return bad("; ".join(wrong), _STOPPED)
    return good("none can be changed or left out")


def _bytes(site: Site) -> Outcome:
    request = _signed(site, "bound-bytes", b"right")
    loose = _less(request, "x-amz-checksum-sha256")
    wrong = [
        text
        for text, each in {"other bytes are taken": request, "it can be left out": loose}.items()
        if send_signed(each, b"wrong").status == 200
    ]
    if wrong or refusal(lambda: site.get("bound-bytes")) not in MISSING:
        return bad("; ".join(wrong) or "something was stored", "Upload links prove nothing.")
    return good("other bytes are refused")


def _less(request: SignedRequest, name: str) -> SignedRequest:
    headers = {each: value for each, value in request.headers.items() if each != name}
    return replace(request, headers=headers)


def _expiry(site: Site) -> Outcome:
    """Tried until the store's own clock says that it is over; a refused PUT must store nothing."""
    put = _signed(site, "late", b"late", expires=1)
    get = sign_get(site.bucket, site.key("late-read"), expires=1)
    site.put("late-read", b"x")
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        time.sleep(0.25)
        read = send_signed(get)
        if read.status in (400, 401, 403):
            break
        if clock(read.date) > get.expires + timedelta(seconds=_GRACE):
            return bad("not enforced on GET", _STOPPED)
    else:
        return bad("not enforced within 30 seconds", _STOPPED)
    late = send_signed(put, b"late")
    if late.status == 200 or refusal(lambda: site.get("late")) not in MISSING:
        return bad("not enforced on PUT", _STOPPED)
    return good("enforced")


def clock(date: str) -> datetime:
    """The time that a ``Date`` header tells, to the second; ours where it tells none."""
    try:
        return parsedate_to_datetime(date).astimezone(UTC)
    except ValueError:
        return datetime.now(UTC)


WORKS = Probe(
    name="signed",
    title="Signed requests",
    why="Links for uploads and downloads; a commit is signed before it is sent.",
    needed=WRITERS,
    run=_works,
)
BOUND = Probe(
    name="signed-conditions",
    title="Signed conditions",
    why="A commit that was signed can be nothing else.",
    needed=WRITERS,
    run=_bound,
)
BYTES = Probe(
    name="signed-bytes",
    title="Signed SHA-256",
    why="A link takes just the file that it is for.",
    run=_bytes,
)
EXPIRY = Probe(
    name="signed-expiry",
    title="End of signatures",
    why="A writer that was stopped for long cannot overwrite what others did.",
    needed=WRITERS,
    run=_expiry,
)
