"""The ground of all wire shapes: camelCase names, nulls written, UNSET properties left out."""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType

__all__ = ["UNSET", "Shape", "UnsetType"]


class Shape(Struct, rename="camel"):
    """Base of every shape; the order of properties is that of declaration.

    A property that is null on the wire has the type ``T | None``; one that is left out instead of
    being null has the type ``T | UnsetType`` and the default ``UNSET``.
    """
