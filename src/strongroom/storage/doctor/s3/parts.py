"""Whether large objects can come in parts, whole or not at all."""

from __future__ import annotations

from strongroom.storage.doctor.findings import BOTH, Outcome, Probe, bad, good
from strongroom.storage.doctor.s3.site import MISSING, PART, Site, refusal


def _parts(site: Site) -> Outcome:
    data = bytes(range(256)) * (PART // 256) + b"the rest"
    upload = site.begin_parts(
        "in-parts", data[:PART], data[PART:], Metadata={"kept": "yes"}, ContentType="image/tiff"
    )
    early = refusal(lambda: site.client.head_object(**site.at("in-parts")))
    if early not in MISSING:
        return bad("something is seen before it is complete", "Half a file could be taken for one.")
    site.client.complete_multipart_upload(**upload)
    if site.get("in-parts") != data:
        return bad("other bytes came out", "Large files cannot be kept here.")
    dropped = site.begin_parts("dropped", b"x")
    site.abort_parts(dropped)
    if refusal(lambda: site.client.complete_multipart_upload(**dropped)) is None:
        return bad("an upload that was dropped could be completed", "What was dropped comes back.")
    return good("work")


PARTS = Probe(
    name="parts",
    title="Uploads in parts",
    why="Large files come in, whole or not at all, in little memory.",
    needed=BOTH,
    run=_parts,
)
