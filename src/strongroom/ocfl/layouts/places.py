"""The last check of every place that a layout makes out of an id: it must stay where objects lie.

A name that leads out of the root, into its ``extensions`` folder or onto a file that makes it a
root is refused, as is one that no usual file system can hold. The rules that make names are left
to the layouts.
"""

from __future__ import annotations

from collections.abc import Sequence

from strongroom.errors import Unprocessable

#: bytes of UTF-8 that one name may have on the usual file systems
LONGEST_NAME = 255

#: the id with which layouts explain themselves
EXAMPLE = "info:fedora/foo/bar"

#: names in the root that are taken; compared without case, for file systems that ignore it
_TAKEN = frozenset({"extensions", "ocfl_layout.json"})
#: how every declaration starts, that of a root and that of an object
_DECLARATION = "0=ocfl_"


def place(layout: str, object_id: str, names: Sequence[str]) -> str:
    """The path of the names, each of them one folder; Unprocessable if it is no place for objects.

    ``layout`` is the layout's name, for the message.
    """
    for name in names:
        why = _unfit(name)
        if why:
            raise not_mappable(layout, object_id, why)
    if names[0].casefold() in _TAKEN:
        raise not_mappable(layout, object_id, f"the root needs the name {names[0]!r} for itself")
    return "/".join(names)


def utf8(layout: str, object_id: str) -> bytes:
    """The id in UTF-8; Unprocessable if it is empty or holds what Unicode does not know."""
    if not object_id:
        raise not_mappable(layout, object_id, "it is empty")
    try:
        return object_id.encode("utf-8")
    except UnicodeEncodeError as error:
        raise not_mappable(layout, object_id, "it is no valid Unicode") from error


def not_mappable(layout: str, object_id: str, why: str) -> Unprocessable:
    shown = object_id if len(object_id) <= 200 else f"{object_id[:200]}…"
    shown = shown.encode("utf-8", "backslashreplace").decode("utf-8")
    return Unprocessable(
        f"The storage layout {layout} has no place for the id '{shown}': {why}. Choose another "
        "id, or keep the object in a storage root whose layout takes every id "
        "(0004-hashed-n-tuple-storage-layout).",
        code="id-not-mappable",
    )


def _unfit(name: str) -> str | None:
    """Why a folder cannot have the name; None if it can."""
    if name in ("", ".", ".."):
        return f"a folder cannot be called {name!r}"
    if "/" in name or "\0" in name:
        return f"the folder name {_short(name)} would hold a slash or a NUL"
    if len(name) * 4 > LONGEST_NAME and len(name.encode("utf-8")) > LONGEST_NAME:
        return f"the folder name {_short(name)} is longer than {LONGEST_NAME} bytes"
    if name.startswith(_DECLARATION):
        return f"the folder name {_short(name)} looks like an OCFL declaration"
    return None


def _short(name: str) -> str:
    return repr(name if len(name) <= 50 else f"{name[:50]}…")
