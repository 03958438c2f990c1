"""Whether what is said of an object beside its bytes is kept, copies included."""

from __future__ import annotations

from strongroom.storage.doctor.findings import Outcome, Probe, good, limited
from strongroom.storage.doctor.s3.site import Site

_SAID = {"strongroom-test": "kept as it is"}


def _metadata(site: Site) -> Outcome:
    site.put("metadata", b"x", Metadata=_SAID, ContentType="image/tiff")
    site.client.copy_object(
        **site.at("metadata-copied"),
        CopySource={"Bucket": site.bucket.name, "Key": site.key("metadata")},
    )
    for name in ("metadata", "metadata-copied"):
        head = site.client.head_object(**site.at(name))
        if dict(head.get("Metadata", {})) != _SAID or head.get("ContentType") != "image/tiff":
            return limited(f"not kept ({name})", "What others say of their objects may be lost.")
    return good("kept, copies included")


METADATA = Probe(
    name="metadata",
    title="User metadata",
    why="What is said of an object beside its bytes is kept.",
    run=_metadata,
)
