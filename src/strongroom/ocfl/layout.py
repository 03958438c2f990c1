"""Where an object lies below its storage root: layout extension 0004, hashed n-tuple storage.

https://ocfl.github.io/extensions/0004-hashed-n-tuple-storage-layout. Other layouts are refused by
the reader of the root's configuration, in :mod:`strongroom.ocfl.declaration`.
"""

from __future__ import annotations

import hashlib

import msgspec

from strongroom.errors import Unprocessable

NAME = "0004-hashed-n-tuple-storage-layout"
#: what ``ocfl_layout.json`` says of it
DESCRIPTION = "Hashed n-tuple storage layout: sha256, three tuples of three characters"


class Layout(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The parameters of the layout; the defaults are those of its specification."""

    digest_algorithm: str = "sha256"
    #: characters of a tuple, and how many tuples lie above an object
    tuple_size: int = 3
    number_of_tuples: int = 3
    #: whether the object's folder is named by what the tuples left of the digest
    short_object_root: bool = False
    extension_name: str = NAME

    def object_path(self, object_id: str) -> str:
        """The object's folder relative to the root, such as ``70c/b11/831/70cb11831e…``."""
        digest = hashlib.new(self.digest_algorithm, object_id.encode("utf-8")).hexdigest()
        size = self.tuple_size
        tuples = [digest[i * size : (i + 1) * size] for i in range(self.number_of_tuples)]
        last = digest[size * self.number_of_tuples :] if self.short_object_root else digest
        return "/".join([*tuples, last])


def read(data: bytes) -> Layout:
    """The layout in the bytes of its ``config.json``; Unprocessable if it cannot be followed."""
    try:
        layout = msgspec.json.decode(data, type=Layout)
    except msgspec.DecodeError as error:
        raise _refused(f"its config.json cannot be read: {error}") from error
    if layout.extension_name != NAME:
        raise _refused(f"its config.json is for {layout.extension_name!r}")
    if layout.digest_algorithm not in hashlib.algorithms_available or (
        layout.digest_algorithm.startswith("shake")
    ):
        raise _refused(f"its digestAlgorithm {layout.digest_algorithm!r} is not known here")
    length = hashlib.new(layout.digest_algorithm).digest_size * 2
    size, count = layout.tuple_size, layout.number_of_tuples
    if not (0 <= size <= 32 and 0 <= count <= 32) or (size == 0) != (count == 0):
        raise _refused("tupleSize and numberOfTuples must lie from 1 to 32, or both be 0")
    if size * count > length or (layout.short_object_root and size * count >= length):
        raise _refused(f"its tuples need more than the {length} digits that the digest has")
    return layout


def write(layout: Layout) -> bytes:
    return msgspec.json.format(msgspec.json.encode(layout), indent=2) + b"\n"


def _refused(why: str) -> Unprocessable:
    return Unprocessable(
        f"The storage root's layout {NAME} cannot be followed: {why}. "
        f"Correct extensions/{NAME}/config.json.",
        code="bad-layout",
    )
