"""Whether large objects can come in parts, whole or not at all."""

from __future__ import annotations

from strongroom.storage.doctor.findings import BOTH, Outcome, Probe, bad, good, limited
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


def _listed(site: Site) -> Outcome:
    """Uploads that nobody finishes take room, and must be found by the folder that they are in."""
    upload = site.begin_parts("unfinished/key", b"x")
    found = site.client.list_multipart_uploads(
        Bucket=site.bucket.name, Prefix=site.key("unfinished/")
    )
    site.abort_parts(upload)
    if upload["UploadId"] not in [said.get("UploadId") for said in found.get("Uploads", ())]:
        return limited(
            "not listed by their prefix",
            "What stopped servers leave of uploads is not found. Let a lifecycle rule clear it.",
        )
    return good("listed")


LISTED = Probe(
    name="unfinished-uploads",
    title="Unfinished uploads",
    why="What stopped servers leave of uploads is found and cleared away.",
    run=_listed,
)
PARTS = Probe(
    name="parts",
    title="Uploads in parts",
    why="Large files come in, whole or not at all, in little memory.",
    needed=BOTH,
    run=_parts,
)
