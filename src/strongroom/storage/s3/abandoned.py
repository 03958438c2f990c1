"""Uploads in parts that nobody finished: the store keeps, and charges for, parts until told."""

from __future__ import annotations

from contextlib import suppress

from strongroom.storage.s3.bucket import Bucket
from strongroom.storage.s3.trouble import told


def abort(bucket: Bucket, prefix: str, before: float, *, within: str = "") -> int:
    """Abort uploads below a prefix that began before a moment (seconds since 1970); how many.

    Only those with ``within`` somewhere in their keys.
    """
    count = 0
    with told(prefix):
        pages = bucket.client.get_paginator("list_multipart_uploads").paginate(
            Bucket=bucket.name, Prefix=prefix
        )
        for page in pages:
            for upload in page.get("Uploads", ()):
                if upload["Initiated"].timestamp() >= before or within not in upload["Key"]:
                    continue
                # whoever finishes or aborts it at this moment has settled it
                with suppress(FileNotFoundError), told(upload["Key"]):
                    bucket.client.abort_multipart_upload(
                        Bucket=bucket.name, Key=upload["Key"], UploadId=upload["UploadId"]
                    )
                    count += 1
    return count
