"""Whether the clocks of the store and of this machine agree: signatures end by the store's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from strongroom.storage.doctor.findings import WRITERS, Outcome, Probe, bad, good, limited, unknown
from strongroom.storage.doctor.s3.signatures import clock
from strongroom.storage.doctor.s3.site import Site

#: the header has whole seconds
_GOOD, _LIMIT = timedelta(seconds=2), timedelta(seconds=60)


def _clock(site: Site) -> Outcome:
    before = datetime.now(UTC)
    answer = site.client.list_objects_v2(Bucket=site.bucket.name, Prefix=site.prefix, MaxKeys=1)
    after = datetime.now(UTC)
    date = answer["ResponseMetadata"]["HTTPHeaders"].get("date", "")
    if not date:
        return unknown("the store tells no time")
    told = clock(date)
    # it was taken at some instant between the two
    off = max(before - told - timedelta(seconds=1), told - after, timedelta(0))
    if off <= _GOOD:
        return good("they agree")
    text = f"they differ by {off.total_seconds():.0f} s"
    if off <= _LIMIT:
        return limited(text, "Signatures end earlier or later than they should. Set the clocks.")
    return bad(text, "Signatures do not end when they should. Set the clocks (NTP).")


CLOCK = Probe(
    name="clock",
    title="Clocks",
    why="Signatures end when they should.",
    needed=WRITERS,
    run=_clock,
)
