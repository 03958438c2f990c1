"""Whether any bytes of just the object that was seen can be read: streams are taken up so."""

from __future__ import annotations

from strongroom.storage.doctor.findings import BOTH, Outcome, Probe, bad, good
from strongroom.storage.doctor.s3.site import CONDITION, Site, refusal


def _ranges(site: Site) -> Outcome:
    data = bytes(range(256)) * 16
    etag = site.put("ranges", data)
    size = len(data)
    spans = {
        "bytes=0-0": data[:1],
        "bytes=100-1299": data[100:1300],
        f"bytes={size - 10}-": data[-10:],
        f"bytes=10-{size * 2}": data[10:],
        "bytes=-5": data[-5:],
    }
    wrong = [
        span for span, part in spans.items() if site.get("ranges", Range=span, IfMatch=etag) != part
    ]
    if wrong:
        return bad(f"wrong bytes for {', '.join(wrong)}", "Files cannot be read in pieces.")
    site.put("ranges", data[::-1])
    said = refusal(lambda: site.get("ranges", Range="bytes=0-9", IfMatch=etag))
    if said not in CONDITION:
        return bad(
            f"If-Match on GET: answered {said}", "Pieces of two files could be taken for one."
        )
    return good("exact, of just one object")


RANGES = Probe(
    name="ranges",
    title="Ranges",
    why="Streams that break off are taken up again; large files are read side by side.",
    needed=BOTH,
    run=_ranges,
)
