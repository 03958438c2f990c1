"""Whether the store's SHA-256 can be believed: ours spares reading everything again if it can.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
"""

from __future__ import annotations

import hashlib
from base64 import b64encode

from strongroom.storage.doctor.findings import BOTH, Outcome, Probe, bad, good, limited
from strongroom.storage.doctor.s3.site import PART, Site, refusal
from strongroom.storage.s3.bucket import full_sha256
from strongroom.storage.s3.trouble import DIGEST

_VOUCHES = "The store vouches for bytes that it never looked at; its word would be taken for proof."


def _put(site: Site) -> Outcome:
    """A wrong SHA-256 must be refused; a store that knows none must at least not repeat it."""
    wrong = b64encode(hashlib.sha256(b"other bytes").digest()).decode()
    said = refusal(lambda: site.put("checksum-wrong", b"bytes", ChecksumSHA256=wrong))
    if said is None:
        head = site.client.head_object(**site.at("checksum-wrong"), ChecksumMode="ENABLED")
        if head.get("ChecksumSHA256") == wrong:
            return bad("a wrong one is accepted, and repeated", _VOUCHES)
        echoed = site.client.put_object(
            **site.at("checksum-wrong"), Body=b"bytes", ChecksumSHA256=wrong
        )
        if echoed.get("ChecksumSHA256") == wrong:
            return bad("a wrong one is accepted, and repeated", _VOUCHES)
        return limited(
            "none is looked at",
            "What is stored is proved by its ETag, or read once more. Upload links prove nothing.",
        )
    if said not in DIGEST:
        return limited(f"a wrong one is refused oddly: {said}", "It cannot be told from trouble.")
    return good("a wrong one is refused")


def _head(site: Site) -> Outcome:
    """HEAD tells it later, so that listing a deposit reads no bytes."""
    right = hashlib.sha256(b"bytes")
    site.put("checksum-head", b"bytes", ChecksumSHA256=b64encode(right.digest()).decode())
    told = full_sha256(site.client.head_object(**site.at("checksum-head"), ChecksumMode="ENABLED"))
    if told is None:
        return limited("not told", "Files are read once for their digests.")
    if told != right.hexdigest():
        return bad("a wrong one is told", _VOUCHES)
    return good("told by HEAD")


def _copy(site: Site) -> Outcome:
    """A copy inside the store brings the SHA-256 of all bytes, whatever its source had."""
    small = b"small bytes"
    site.put("copy-small", small)
    large = b"0" * PART + b"1"
    upload = site.begin_parts("copy-parts", large[:PART], large[PART:])
    site.client.complete_multipart_upload(**upload)
    absent = []
    for name, data in (("copy-small", small), ("copy-parts", large)):
        answer = site.client.copy_object(
            **site.at(f"{name}-copied"),
            CopySource={"Bucket": site.bucket.name, "Key": site.key(name)},
            ChecksumAlgorithm="SHA256",
        )
        head = site.client.head_object(**site.at(f"{name}-copied"), ChecksumMode="ENABLED")
        told = {full_sha256(answer.get("CopyObjectResult", {})), full_sha256(head)} - {None}
        if told - {hashlib.sha256(data).hexdigest()}:
            return bad("a wrong one is told of a copy", _VOUCHES)
        if not told:
            absent.append("of what came in parts" if name == "copy-parts" else "of small objects")
    if absent:
        return limited(
            f"not told {' and '.join(absent)}",
            "Such files are read once through the server when they are copied.",
        )
    return good("told of copies, also of what came in parts")


def _parts(site: Site) -> Outcome:
    """What came in parts has a checksum of checksums, which is no SHA-256 of its bytes."""
    data = b"2" * PART + b"3"
    upload = site.begin_parts("checksum-parts", data[:PART], data[PART:])
    site.client.complete_multipart_upload(**upload)
    head = site.client.head_object(**site.at("checksum-parts"), ChecksumMode="ENABLED")
    told = full_sha256(head)
    if told is None:
        return good("composite, and marked so" if "ChecksumSHA256" in head else "not told")
    if told != hashlib.sha256(data).hexdigest():
        return bad("composite, and not marked so", _VOUCHES)
    return good("of all bytes")


PUT = Probe(
    name="checksum-put",
    title="SHA-256 of uploads",
    why="Bytes that change on their way are refused; a link takes just the file it is for.",
    needed=BOTH,
    run=_put,
)
HEAD = Probe(
    name="checksum-head",
    title="SHA-256 of objects",
    why="Digests of uploads are known without reading them.",
    needed=BOTH,
    run=_head,
)
COPY = Probe(
    name="checksum-copy",
    title="SHA-256 of copies",
    why="Files go from deposits to the storage root inside the store, proved.",
    needed=BOTH,
    run=_copy,
)
PARTS = Probe(
    name="checksum-parts",
    title="SHA-256 of parts",
    why="A checksum of checksums is not taken for a digest.",
    needed=BOTH,
    run=_parts,
)
