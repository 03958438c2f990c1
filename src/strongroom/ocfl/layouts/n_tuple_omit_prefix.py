"""Layout 0007, n-tuple omit prefix storage: folders named by pieces of the id without its prefix.

https://ocfl.github.io/extensions/0007-n-tuple-omit-prefix-storage-layout. Two ids that differ in
their prefixes alone lead to one place, so the layout suits ids whose last parts are unique.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

import msgspec
from msgspec import Meta

from strongroom.ocfl.layouts import places, prefixes, tuples

#: characters of a tuple, or number of tuples
_Count = Annotated[int, Meta(ge=1, le=32)]
#: the characters that the layout is defined for
_FIRST, _LAST = "\x20", "\x7f"


class NTupleOmitPrefix(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    rename="camel",
    tag_field="extensionName",
    tag="0007-n-tuple-omit-prefix-storage-layout",
):
    """The parameters of the layout; the defaults are those of its specification."""

    name: ClassVar[str] = "0007-n-tuple-omit-prefix-storage-layout"
    one_to_one: ClassVar[bool] = False

    #: what ends the prefix
    delimiter: prefixes.Delimiter = ":"
    #: characters of a tuple, and how many tuples lie above an object
    tuple_size: _Count = 3
    number_of_tuples: _Count = 3
    #: the side on which a short rest gets zeros, before the tuples are taken from it
    zero_padding: Literal["left", "right"] = "left"
    #: whether the padded rest is turned round, before the tuples are taken from it
    reverse_object_root: bool = False

    def object_path(self, object_id: str) -> str:
        """The object's folder, such as ``344/879/300/3448793``."""
        places.utf8(self.name, object_id)
        odd = sorted({c for c in object_id if not _FIRST <= c <= _LAST})
        if odd:
            why = f"only the characters 0x20 to 0x7F are allowed, and it has {odd[:10]}"
            raise places.not_mappable(self.name, object_id, why)
        rest = prefixes.omit(self.name, object_id, self.delimiter)
        width = self.tuple_size * self.number_of_tuples
        left = self.zero_padding == "left"
        padded = rest.rjust(width, "0") if left else rest.ljust(width, "0")
        if self.reverse_object_root:
            padded = padded[::-1]
        names = [*tuples.split(padded, self.tuple_size, self.number_of_tuples), rest]
        return places.place(self.name, object_id, names)

    def conflicts(self) -> Iterator[str]:
        """What is wrong with the parameters together."""
        return prefixes.conflicts(self.delimiter)

    @property
    def description(self) -> str:
        """One line for ``ocfl_layout.json``."""
        turned = ", reversed" if self.reverse_object_root else ""
        return (
            f"N-tuple omit prefix storage layout: ids after the last {self.delimiter!r}, "
            f"{self.number_of_tuples} tuples of {self.tuple_size} characters, zeros on the "
            f"{self.zero_padding}{turned}"
        )

    @property
    def where(self) -> str:
        """Where objects lie, for a finder."""
        return (
            f"Each object is a folder on level {self.number_of_tuples + 1} below this one, named "
            "by its id without the id's prefix."
        )

    @property
    def finding(self) -> str:
        """From an id to its object, for a finder."""
        width = self.tuple_size * self.number_of_tuples
        turned = " Write that backwards." if self.reverse_object_root else ""
        return (
            f"{prefixes.finding(self.delimiter)} If the rest is shorter than {width} characters, "
            f"add zeros on its {self.zero_padding} until it is not.{turned} The first {width} "
            f"characters, {self.tuple_size} at a time, are the names of {self.number_of_tuples} "
            "folders, one inside the other; in the last lies the object's folder, named by the "
            "rest as it was, without zeros."
        )
