"""Makes a prefix of a bucket an OCFL storage root, and opens one that is there.

Each file of a new root is put where nothing is yet, its declaration last: without that there is no
root. Two processes that make it at once make the same one, or one of them is refused.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from contextlib import suppress

from strongroom.errors import BadRequest, Conflict, NotFound, Unprocessable
from strongroom.ocfl import declared
from strongroom.ocfl.declared import IDENTITY, SPEC
from strongroom.ocfl.extensions import STAGING
from strongroom.ocfl.layouts import Layout
from strongroom.ocfl.texts import SPECIFICATIONS, published
from strongroom.ocfl.texts.readme import STAGING_IN_BUCKET
from strongroom.storage.s3.bucket import NEW, Bucket
from strongroom.storage.s3.store import S3Store
from strongroom.storage.s3.trouble import ConditionFailed

#: bytes of a prefix; the rest of the 1024 of a key is for objects and their content
MAX_PREFIX = 150
_FOREIGN_NAMED = 6


def check_prefix(store: S3Store) -> None:
    """BadRequest if keys of content could become too long below this prefix."""
    size = len(store.location.prefix.encode())
    if size > MAX_PREFIX:
        raise BadRequest(
            f"The place {store.uri} of the OCFL root has {size} bytes in its prefix; at most "
            f"{MAX_PREFIX} leave room for the keys of content. Choose a shorter one.",
            code="bad-store-place",
        )


def is_root(store: S3Store) -> bool:
    return store.bucket.any_below(store.key("0=ocfl"))


def create(store: S3Store, layout: Layout) -> None:
    """Make an empty place a storage root; an interrupted making is taken up again.

    Unprocessable if the place holds anything else, Conflict if another process makes another root.
    """
    files = declared.files(layout)
    foreign = _foreign(store, files)
    if foreign:
        raise declared.holds_something_else(store, foreign)
    # what decides how objects are found comes first: of two makers with two layouts one stops here
    deciding = ("ocfl_layout.json", f"extensions/{layout.name}/config.json")
    try:
        for path in deciding:
            store.bucket.put(store.key(path), files[path], NEW)
        for path in [path for path in files if path not in deciding]:
            # texts for people: those of another release are as good
            with suppress(ConditionFailed):
                store.bucket.put(store.key(path), files[path], NEW)
        make_identity(store)
        store.bucket.put(store.key(declared.name_of(SPEC)), declared.body(SPEC), NEW)
    except ConditionFailed as error:
        raise Conflict(
            f"Another process makes another storage root at {store.uri} at this moment, or was "
            "stopped as it did. If none does, empty the place, or ask for the same layout.",
            code="not-a-storage-root",
        ) from error


def _foreign(store: S3Store, files: Mapping[str, bytes]) -> list[str]:
    """Paths of what an interrupted making cannot have left."""
    found = []
    for entry in store.bucket.listing(store.location.prefix):
        path = entry.key[len(store.location.prefix) :]
        own = path in files or path.startswith(f"extensions/{STAGING}/")
        if path and not own and path != declared.name_of(SPEC):
            found.append(path)
        if len(found) == _FOREIGN_NAMED:
            break
    return found


def make_identity(store: S3Store) -> None:
    """Give the root an identity, unless it has one; whoever is first decides."""
    folder = f"extensions/{STAGING}"
    for name, data in (
        ("README.txt", STAGING_IN_BUCKET.encode()),
        (IDENTITY, f"{secrets.token_hex(16)}\n".encode()),
    ):
        key = store.key(f"{folder}/{name}")
        if store.bucket.head(key, checksum=False) is None:
            try:
                store.bucket.put(key, data, NEW)
            except ConditionFailed:
                continue


def settle(store: S3Store, *, upgrade: bool) -> None:
    """Finish an interrupted upgrade, and make one from OCFL 1.0 to 1.1 if it is wanted."""
    found = declared.versions(store)
    if upgrade and found == ["1.0"]:
        text = SPECIFICATIONS[SPEC]
        for name, body in ((text, published(text)), (declared.name_of(SPEC), declared.body(SPEC))):
            store.bucket.put(store.key(name), body)
        found = ["1.0", SPEC]
    for spec in sorted(found)[:-1]:
        store.bucket.delete(store.key(declared.name_of(spec)))


def check_there(store: S3Store) -> None:
    """NotFound if there is nothing at all at the place."""
    if not store.bucket.any_below(store.location.prefix):
        raise NotFound(f"There is no storage root at {store.uri}.")


def demand_conditions(bucket: Bucket, prefix: str) -> None:
    """Unprocessable (``no-conditional-writes``) if the store puts a key where there is one.

    One look, for whoever opens the root; whether it keeps many writers apart that come at once is
    tried by :func:`strongroom.storage.doctor.examine.conditional_writes`.
    """
    key = f"{prefix}extensions/{STAGING}/probe-{secrets.token_hex(8)}"
    bucket.put(key, b"1", NEW)
    try:
        bucket.put(key, b"2", NEW)
    except ConditionFailed:
        return
    finally:
        bucket.delete(key)
    raise unfit()


def unfit() -> Unprocessable:
    """What to say of a store that heeds no conditions."""
    return Unprocessable(
        "The store does not heed conditions of writes (If-None-Match, If-Match), so that two "
        "writers could damage what is preserved. Keep the OCFL root elsewhere; or, if there will "
        "never be more than one server, say so with s3_single_writer. 'strongroom storage doctor' "
        "tells more.",
        code="no-conditional-writes",
    )
