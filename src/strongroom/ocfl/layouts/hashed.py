"""Layout 0004, hashed n-tuple storage: every id has a place, and no place tells its id.

https://ocfl.github.io/extensions/0004-hashed-n-tuple-storage-layout.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import msgspec

from strongroom.ocfl.layouts import digests, places, tuples


class Hashed(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    rename="camel",
    tag_field="extensionName",
    tag="0004-hashed-n-tuple-storage-layout",
):
    """The parameters of the layout; the defaults are those of its specification."""

    name: ClassVar[str] = "0004-hashed-n-tuple-storage-layout"
    one_to_one: ClassVar[bool] = True

    #: as OCFL names it
    digest_algorithm: str = "sha256"
    #: characters of a tuple, and how many tuples lie above an object
    tuple_size: tuples.Count = 3
    number_of_tuples: tuples.Count = 3
    #: whether the object's folder is named by what the tuples left of the digest
    short_object_root: bool = False

    def object_path(self, object_id: str) -> str:
        """The object's folder, such as ``70c/b11/831/70cb11831e…``."""
        digest = digests.hex_digest(self.digest_algorithm, places.utf8(self.name, object_id))
        size, number = self.tuple_size, self.number_of_tuples
        last = digest[size * number :] if self.short_object_root else digest
        # hexadecimal digits alone need no look at names
        return "/".join([*tuples.split(digest, size, number), last])

    def conflicts(self) -> Iterator[str]:
        """What is wrong with the parameters together."""
        algorithm, size, number = self.digest_algorithm, self.tuple_size, self.number_of_tuples
        yield from tuples.conflicts(algorithm, size, number)
        if (
            self.short_object_root
            and algorithm in digests.NAMES
            and size * number == digests.digits(algorithm)
        ):
            yield "shortObjectRoot is true, but the tuples leave nothing of the digest"

    @property
    def description(self) -> str:
        """One line for ``ocfl_layout.json``."""
        how = tuples.described(self.digest_algorithm, self.tuple_size, self.number_of_tuples)
        short = ", then what is left of the digest" if self.short_object_root else ""
        return f"Hashed n-tuple storage layout: {how}{short}"

    @property
    def where(self) -> str:
        """Where objects lie, for a finder."""
        example = self.object_path(places.EXAMPLE)
        depth = example.count("/") + 1
        return (
            f"Each object is a folder on level {depth} below this one, such as {example} for the "
            f"id {places.EXAMPLE}."
        )

    @property
    def finding(self) -> str:
        """From an id to its object, for a finder."""
        how = tuples.finding(self.digest_algorithm, self.tuple_size, self.number_of_tuples)
        last = "the digits that are left are" if self.short_object_root else "the whole digest is"
        return f"{how} Then {last} the name of the object's folder."
