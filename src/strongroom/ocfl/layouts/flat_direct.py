"""Layout 0002, flat direct storage: the id itself is the name of the object's folder.

https://ocfl.github.io/extensions/0002-flat-direct-storage-layout. Ids that are no folder names have
no place in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import msgspec

from strongroom.ocfl.layouts import places


class FlatDirect(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    tag_field="extensionName",
    tag="0002-flat-direct-storage-layout",
):
    """The layout; it has no parameters."""

    name: ClassVar[str] = "0002-flat-direct-storage-layout"
    one_to_one: ClassVar[bool] = True
    description: ClassVar[str] = "Flat direct storage layout: folders are named by their ids"
    where: ClassVar[str] = "Each object is a folder beside this file, named by its id."
    finding: ClassVar[str] = "An object whose id you know is the folder of that name."

    def object_path(self, object_id: str) -> str:
        """The object's folder, which is the id."""
        places.utf8(self.name, object_id)
        return places.place(self.name, object_id, [object_id])

    def conflicts(self) -> Iterator[str]:
        """Nothing can be wrong with no parameters."""
        return iter(())
