"""Whether copies inside the store are of what was looked at, and can be made in parts."""

from __future__ import annotations

from typing import Any

from strongroom.storage.doctor.findings import Outcome, Probe, good, limited
from strongroom.storage.doctor.s3.site import CONDITION, PART, Site, refusal


def _source(site: Site, name: str) -> Any:
    return {"Bucket": site.bucket.name, "Key": site.key(name)}


def _condition(site: Site) -> Outcome:
    """``x-amz-copy-source-if-match``: what changed after it was looked at is not copied."""
    stale = site.put("source", b"first")
    site.put("source", b"second")
    said = refusal(
        lambda: site.client.copy_object(
            **site.at("copied"), CopySource=_source(site, "source"), CopySourceIfMatch=stale
        )
    )
    if said is None:
        return limited("ignored", "What was copied is known by its digest alone.")
    if said not in CONDITION:
        return limited(f"answered: {said}", "What was copied is known by its digest alone.")
    return good("enforced")


def _parts(site: Site) -> Outcome:
    """UploadPartCopy, the only way to copy more than 5 GB inside a store."""
    data = b"4" * PART + b"5"
    site.put("parts-source", data)
    upload = {**site.at("parts-copied"), "UploadId": site.new_upload("parts-copied")}
    means = "Objects of more than 5 GB are copied through the server."
    parts = []
    try:
        for number, span in ((1, f"bytes=0-{PART - 1}"), (2, f"bytes={PART}-{PART}")):
            answer = site.client.upload_part_copy(
                **upload,
                PartNumber=number,
                CopySource=_source(site, "parts-source"),
                CopySourceRange=span,
            )
            parts.append({"PartNumber": number, "ETag": answer["CopyPartResult"]["ETag"]})
    except site.client.exceptions.ClientError as error:
        site.abort_parts(upload)
        return limited(f"refused: {error.response.get('Error', {}).get('Code')}", means)
    site.client.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})  # type: ignore[typeddict-item]
    if site.get("parts-copied") != data:
        return limited("other bytes came out", means)
    return good("works")


CONDITION_ON_SOURCE = Probe(
    name="copy-if-match",
    title="Copy If-Match",
    why="What changed after it was looked at is not copied.",
    run=_condition,
)
PART_COPY = Probe(
    name="copy-parts",
    title="Copies in parts",
    why="Large objects can be copied inside the store.",
    run=_parts,
)
