"""Whether all content of a version is there and is what its inventory says."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from strongroom.ocfl.bucket.site import BucketSite
from strongroom.ocfl.inventory import Inventory
from strongroom.ocfl.paths import ContentPath, StoragePath
from strongroom.ocfl.reading import ObjectFolder

_WORKERS = 16
_CHUNK = 1 << 20


def faults(site: BucketSite, path: StoragePath, inventory: Inventory) -> Iterator[str]:
    """What is missing of the newest version's content, or is not what its digest says."""
    mark = f"{inventory.version_folder(inventory.head)}/"
    wanted = [
        (held, digest)
        for digest, paths in inventory.manifest.items()
        for held in paths
        if held.startswith(mark)
    ]
    folder = ObjectFolder(
        id=inventory.id, store=site.store, path=path, algorithm=inventory.digest_algorithm
    )

    def fault(item: tuple[ContentPath, str]) -> str:
        held, digest = item
        found = site.bucket.head(site.object_key(path, held))
        if found is None:
            return f"'{held}' is missing"
        if inventory.digest_algorithm == "sha256" and found.sha256 is not None:
            return "" if found.sha256 == digest else f"'{held}' does not have its digest"
        hasher = hashlib.new(inventory.digest_algorithm)
        with folder.open(held) as stream:
            while data := stream.read(_CHUNK):
                hasher.update(data)
        return "" if hasher.hexdigest() == digest else f"'{held}' does not have its digest"

    with ThreadPoolExecutor(_WORKERS) as pool:
        yield from (text for text in pool.map(fault, wanted) if text)
