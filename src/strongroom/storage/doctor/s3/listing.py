"""Whether listings are whole, page by page, in order and by folders."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from strongroom.storage.doctor.findings import BOTH, Outcome, Probe, bad, good
from strongroom.storage.doctor.s3.site import Site

#: in the order of their bytes; by words "é" comes before "z", folder by folder "a/e" before "a!/x"
_NAMES = ("B", "a!/x", "a-b", "a/b/c", "a/b/d", "a/e", "a0", "z", "é", "日本/x", "😀")
_PAGE = 2
_MISSES = "Files could be missed, or taken for removed."


def _listing(site: Site) -> Outcome:
    prefix = site.key("listing/")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: site.put(f"listing/{name}", b"x"), _NAMES))
    pages = site.client.get_paginator("list_objects_v2").paginate(
        Bucket=site.bucket.name, Prefix=prefix, PaginationConfig={"PageSize": _PAGE}
    )
    found = [said["Key"] for page in pages for said in page.get("Contents", ())]
    expected = [prefix + name for name in _NAMES]
    if sorted(found) != sorted(expected):
        return bad(f"{len(found)} keys were listed, page by page, of {len(expected)}", _MISSES)
    if found != sorted(found, key=str.encode):
        return bad("not in the order of their bytes", _MISSES)
    keys, folders = site.bucket.level(f"{prefix}a/")
    if ([key.key for key in keys], folders) != ([f"{prefix}a/e"], [f"{prefix}a/b/"]):
        return bad("folders (delimiter) are wrong", _MISSES)
    folders_paged: list[str] = []
    for page in site.client.get_paginator("list_objects_v2").paginate(
        Bucket=site.bucket.name,
        Prefix=prefix,
        Delimiter="/",
        PaginationConfig={"PageSize": _PAGE},
    ):
        folders_paged += [said["Prefix"] for said in page.get("CommonPrefixes", ())]
    if sorted(folders_paged) != [f"{prefix}a!/", f"{prefix}a/", f"{prefix}日本/"]:
        return bad("folders (delimiter) are wrong, page by page", _MISSES)
    return good("whole, in order, by folders")


LISTING = Probe(
    name="listing",
    title="Listings",
    why="All files are found, folder by folder.",
    needed=BOTH,
    run=_listing,
)
