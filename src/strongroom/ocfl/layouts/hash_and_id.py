"""Layout 0003, hash and id n-tuple storage: places spread by a hash, folders named by the id.

https://ocfl.github.io/extensions/0003-hash-and-id-n-tuple-storage-layout.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar

import msgspec

from strongroom.ocfl.layouts import digests, places, tuples

#: characters of an encoded id that a folder's name holds; of a longer one a digest tells the rest
LONGEST_ID = 100

_UNSAFE = re.compile(rb"[^A-Za-z0-9_-]")


class HashAndId(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    rename="camel",
    tag_field="extensionName",
    tag="0003-hash-and-id-n-tuple-storage-layout",
):
    """The parameters of the layout; the defaults are those of its specification."""

    name: ClassVar[str] = "0003-hash-and-id-n-tuple-storage-layout"
    one_to_one: ClassVar[bool] = True

    #: as OCFL names it
    digest_algorithm: str = "sha256"
    #: characters of a tuple, and how many tuples lie above an object
    tuple_size: tuples.Count = 3
    number_of_tuples: tuples.Count = 3

    def object_path(self, object_id: str) -> str:
        """The object's folder, such as ``487/326/d8c/%2e%2ehor%2frib%3ale-%24id``."""
        data = places.utf8(self.name, object_id)
        digest = digests.hex_digest(self.digest_algorithm, data)
        encoded = _UNSAFE.sub(lambda found: b"%%%02x" % found[0][0], data).decode("ascii")
        last = encoded if len(encoded) <= LONGEST_ID else f"{encoded[:LONGEST_ID]}-{digest}"
        names = [*tuples.split(digest, self.tuple_size, self.number_of_tuples), last]
        return places.place(self.name, object_id, names)

    def conflicts(self) -> Iterator[str]:
        """What is wrong with the parameters together."""
        return tuples.conflicts(self.digest_algorithm, self.tuple_size, self.number_of_tuples)

    @property
    def description(self) -> str:
        """One line for ``ocfl_layout.json``."""
        how = tuples.described(self.digest_algorithm, self.tuple_size, self.number_of_tuples)
        return f"Hash and id n-tuple storage layout: {how}, then the percent-encoded id"

    @property
    def where(self) -> str:
        """Where objects lie, for a finder."""
        example = self.object_path(places.EXAMPLE)
        depth = example.count("/") + 1
        return (
            f"Each object is a folder on level {depth} below this one, named by its id, such as "
            f"{example} for the id {places.EXAMPLE}."
        )

    @property
    def finding(self) -> str:
        """From an id to its object, for a finder."""
        how = tuples.finding(self.digest_algorithm, self.tuple_size, self.number_of_tuples)
        return (
            f"{how} The name of the object's folder is the id, in which each byte but A-Z, a-z, "
            '0-9, "-" and "_" is written as "%" and two hexadecimal digits. If that is longer '
            f"than {LONGEST_ID} characters, it is the first {LONGEST_ID} of them, a hyphen, and "
            "the digest."
        )
