"""Whether the credentials allow what is done all the time; all else is tried only if they do."""

from __future__ import annotations

from strongroom.storage.doctor.findings import BOTH, Outcome, Probe, bad, good
from strongroom.storage.doctor.s3.site import Site, refusal


def _rights(site: Site) -> Outcome:
    asked = {
        "PutObject": lambda: site.put("rights", b"x"),
        "GetObject": lambda: site.get("rights"),
        "HeadObject": lambda: site.client.head_object(**site.at("rights")),
        "ListObjectsV2": lambda: site.client.list_objects_v2(
            Bucket=site.bucket.name, Prefix=site.prefix, MaxKeys=1
        ),
        "DeleteObject": lambda: site.client.delete_object(**site.at("rights")),
    }
    refused = [f"{name}: {said}" for name, ask in asked.items() if (said := refusal(ask))]
    if refused:
        return bad(
            f"refused: {', '.join(refused)}", "Nothing else was tried. Look at the credentials."
        )
    return good("write, read, list and delete")


RIGHTS = Probe(
    name="rights",
    title="Rights",
    why="All that is done all the time is allowed.",
    needed=BOTH,
    run=_rights,
)
