"""Removes all that probes made in a bucket: objects, their versions, unfinished uploads."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

from strongroom.errors import StrongroomError, Unavailable
from strongroom.storage.doctor.s3.site import Site, refusal


def clear(site: Site) -> list[str]:
    """What could not be removed, and why; nothing is raised."""
    steps = {"uploads": _uploads, "objects": _objects, "versions": _versions}
    left = []
    for name, step in steps.items():
        try:
            step(site)
        except ClientError as error:
            said = str(error.response.get("Error", {}).get("Code", "?"))
            if not (name != "objects" and said in _UNKNOWN):
                left.append(f"{name} below {site.prefix}: {error.operation_name} {said}")
        except (StrongroomError, BotoCoreError, HTTPClientError, OSError) as error:
            left.append(f"{name} below {site.prefix}: {type(error).__name__}")
    return left


#: stores without versions, and without rights to see them, have none that we could have made
_UNKNOWN = frozenset(("NotImplemented", "MethodNotAllowed", "AccessDenied", "InvalidRequest"))


def _uploads(site: Site) -> None:
    for key, upload_id in site.begun:
        said = refusal(
            lambda key=key, upload_id=upload_id: site.client.abort_multipart_upload(  # type: ignore[misc]
                Bucket=site.bucket.name, Key=key, UploadId=upload_id
            )
        )
        # the others were finished or dropped
        if said not in (None, "NoSuchUpload", "404"):
            raise Unavailable(f"an upload is left: {said}")


def _objects(site: Site) -> None:
    keys = [listed.key for listed in site.bucket.listing(site.prefix)]
    site.bucket.delete_all(keys)


def _versions(site: Site) -> None:
    """Where versioning is on, a deleted object is only hidden."""
    if "Status" not in site.client.get_bucket_versioning(Bucket=site.bucket.name):
        return
    pages = site.client.get_paginator("list_object_versions").paginate(
        Bucket=site.bucket.name, Prefix=site.prefix
    )
    for page in pages:
        found: list[Any] = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
        for said in found:
            site.client.delete_object(
                Bucket=site.bucket.name, Key=said["Key"], VersionId=said["VersionId"]
            )
