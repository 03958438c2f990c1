"""What the engine asks of every storage layout, whatever its rule.

How a layout is found in a root and made from its configuration is left to the package.
"""

from __future__ import annotations

from typing import Protocol


class Layout(Protocol):
    """A storage layout with its parameters: a pure function from ids to places."""

    @property
    def name(self) -> str:
        """The registered name of the extension, such as ``0004-hashed-n-tuple-storage-layout``."""

    @property
    def one_to_one(self) -> bool:
        """Whether two ids never share a place; if not, the second of them must be refused."""

    @property
    def description(self) -> str:
        """One line for people, kept in ``ocfl_layout.json``."""

    @property
    def where(self) -> str:
        """A sentence for a finder without software: where objects lie in the root."""

    @property
    def finding(self) -> str:
        """Sentences for a finder without software: how to get from an id to its object."""

    def object_path(self, object_id: str) -> str:
        """The object's folder relative to the root, such as ``70c/b11/831/70cb11831e…``.

        Unprocessable (``id-not-mappable``) if the layout has no safe place for the id. The depth
        is the same for all ids, so that no object can come to lie inside another one.
        """
