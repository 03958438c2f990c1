"""What lies below a prefix, as files and folders: by pages of a thousand keys, side by side.

Any key can stand in a bucket. Those that can be no file or folder of a deposit are refused by name,
so that nothing is passed over in silence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from strongroom.errors import Fault
from strongroom.storage.names import encodable
from strongroom.storage.protocols import Listing
from strongroom.storage.s3.bucket import Bucket, Listed
from strongroom.storage.s3.entries import entry_of

#: bytes of a key
MAX_KEY = 1024
#: listings that are under way at once
_WORKERS = 8
#: how deep folders are listed each for itself, and how many of one folder at most
_DEPTH, _MANY = 3, 100


def keys(bucket: Bucket, prefix: str) -> Iterator[Listed]:
    """Every key below a prefix, in no order; many pages are asked for side by side.

    A page says where the next begins, so one folder's pages come one after another; different
    folders' do not.
    """
    page = bucket.page(prefix)
    if page.next is None:
        yield from page.keys
        return
    with ThreadPoolExecutor(_WORKERS, thread_name_prefix="strongroom-list") as pool:
        waiting: dict[Future[tuple[list[Listed], list[str]]], int]
        waiting = {pool.submit(_level, bucket, prefix, _DEPTH): _DEPTH}
        try:
            while waiting:
                done, _ = wait(waiting, return_when=FIRST_COMPLETED)
                for future in done:
                    depth = waiting.pop(future) - 1
                    found, deeper = future.result()
                    waiting |= {pool.submit(_level, bucket, up, depth): depth for up in deeper}
                    yield from found
        finally:
            for future in waiting:
                future.cancel()


def _level(bucket: Bucket, prefix: str, depth: int) -> tuple[list[Listed], list[str]]:
    """The keys directly below a prefix, and the prefixes deeper down; or else all keys at once."""
    if depth <= 0:
        return list(bucket.listing(prefix)), []
    found: list[Listed] = []
    deeper: list[str] = []
    for page in bucket.pages(prefix, delimiter="/"):
        found += page.keys
        deeper += page.deeper
        if len(deeper) > _MANY:  # a request for each would take longer than their keys
            return list(bucket.listing(prefix)), []
    return found, deeper


def as_listing(prefix: str, found: Iterable[Listed]) -> Listing:
    """Keys as files and folders; a key that ends with a slash marks a folder."""
    files: dict[str, Listed] = {}
    folders: set[str] = set()
    refused: list[Fault] = []
    for listed in found:
        path = listed.key[len(prefix) :]
        if not path:
            continue  # the mark of the place itself
        marks = path.endswith("/")
        path = path[:-1] if marks else path
        fault = name_fault(path, listed.key)
        if fault is None and marks and listed.size:
            fault = Fault(
                code="bad-name",
                message="The name ends with a slash, which is kept for folders, and there are "
                "bytes in it; rename the file.",
                path=path + "/",
            )
        if fault is not None:
            refused.append(fault)
            continue
        if marks:
            folders.add(path)
        else:
            files[path] = listed
        above = path.rpartition("/")[0]
        while above and above not in folders:
            folders.add(above)
            above = above.rpartition("/")[0]
    both = sorted(folders & files.keys())
    refused += [
        Fault(
            code="path-conflict",
            message="It is a file, and a folder with other files in it; rename one of the two.",
            path=path,
        )
        for path in both
    ]
    for path in both:
        del files[path]
    return Listing(
        files=tuple(entry_of(path, files[path]) for path in sorted(files)),
        folders=tuple(sorted(folders)),
        refused=tuple(sorted(refused, key=lambda fault: fault.path or "")),
    )


def name_fault(path: str, key: str) -> Fault | None:
    """Why a key can be no file or folder of a deposit."""
    message = None
    parts = path.split("/")
    if "" in parts:
        message = "The name has an empty part (a leading, doubled or trailing slash)"
    elif "." in parts or ".." in parts:
        message = "'.' and '..' are not names"
    elif "\0" in path or "\ufffd" in path or not encodable(path):
        message = "The name holds characters that no name can have, or is not UTF-8"
    elif len(key.encode()) > MAX_KEY:
        return Fault(
            code="path-too-long",
            message="The path is too long.",
            path=path[:200] + "…",
            expected=f"at most {MAX_KEY} bytes",
        )
    if message is None:
        return None
    shown = path.encode("utf-8", "backslashreplace").decode()[:500]
    return Fault(code="bad-name", message=f"{message}; rename the file.", path=shown)
