"""Probes of an S3 bucket, in the order in which they are run and told."""

from __future__ import annotations

from strongroom.storage.doctor.findings import Probe
from strongroom.storage.doctor.s3 import (
    checksums,
    clock,
    conditions,
    consistency,
    copies,
    listing,
    metadata,
    names,
    parts,
    races,
    ranges,
    rights,
    rules,
    signatures,
)
from strongroom.storage.doctor.s3.site import Site

#: without these nothing else can be tried
FIRST: Probe[Site] = rights.RIGHTS

PROBES: tuple[Probe[Site], ...] = (
    clock.CLOCK,
    conditions.PUT_NEW,
    conditions.PUT_ETAG,
    races.RACE_NEW,
    races.RACE_ETAG,
    signatures.WORKS,
    signatures.BOUND,
    signatures.EXPIRY,
    signatures.BYTES,
    consistency.CONSISTENCY,
    listing.LISTING,
    ranges.RANGES,
    parts.PARTS,
    parts.LISTED,
    names.NAMES,
    names.LENGTH,
    names.CLASH,
    checksums.PUT,
    checksums.HEAD,
    checksums.COPY,
    checksums.PARTS,
    conditions.COMPLETE,
    conditions.DELETE,
    copies.CONDITION_ON_SOURCE,
    copies.PART_COPY,
    metadata.METADATA,
    rules.LIFECYCLE,
    rules.VERSIONING,
    rules.LOCK,
)
