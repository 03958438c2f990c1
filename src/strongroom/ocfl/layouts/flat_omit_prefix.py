"""Layout 0006, flat omit prefix storage: the id without its prefix names the object's folder.

https://ocfl.github.io/extensions/0006-flat-omit-prefix-storage-layout. Two ids that differ in their
prefixes alone lead to one place, so the layout suits ids whose last parts are unique.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import msgspec

from strongroom.ocfl.layouts import places, prefixes


class FlatOmitPrefix(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    rename="camel",
    tag_field="extensionName",
    tag="0006-flat-omit-prefix-storage-layout",
):
    """The parameter of the layout, which has no default."""

    name: ClassVar[str] = "0006-flat-omit-prefix-storage-layout"
    one_to_one: ClassVar[bool] = False
    where: ClassVar[str] = (
        "Each object is a folder beside this file, named by its id without the id's prefix."
    )

    #: what ends the prefix
    delimiter: prefixes.Delimiter

    def object_path(self, object_id: str) -> str:
        """The object's folder, such as ``12887296`` for ``namespace:12887296``."""
        places.utf8(self.name, object_id)
        rest = prefixes.omit(self.name, object_id, self.delimiter)
        return places.place(self.name, object_id, [rest])

    def conflicts(self) -> Iterator[str]:
        """What is wrong with the parameter beyond its type."""
        return prefixes.conflicts(self.delimiter)

    @property
    def description(self) -> str:
        """One line for ``ocfl_layout.json``."""
        return f"Flat omit prefix storage layout: ids after the last {self.delimiter!r}"

    @property
    def finding(self) -> str:
        """From an id to its object, for a finder."""
        return f"{prefixes.finding(self.delimiter)} The rest is the name of the object's folder."
