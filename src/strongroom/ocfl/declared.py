"""What makes a place an OCFL storage root, read strictly: declaration, layout, identity.

OCFL 1.1 section 4, https://ocfl.io/1.1/spec/#storage-root. The same for every kind of storage; how
a root is made and changed is the business of each kind.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from strongroom.errors import Damaged, Fault, NotFound, Unprocessable
from strongroom.ocfl import layouts, metadata
from strongroom.ocfl.extensions import STAGING
from strongroom.ocfl.layouts import Layout
from strongroom.ocfl.texts import SPECIFICATIONS, published
from strongroom.ocfl.texts.readme import of_root
from strongroom.storage.protocols import Store

#: in the staging folder: one line of 32 hex digits, by which the root is known again
IDENTITY = "root-id"
SPEC = "1.1"

_IDENTITY = re.compile(rb"[0-9a-f]{32}\r?\n?")
_DECLARATION = re.compile(r"[0-9]+=ocfl_[^/]*")
_KNOWN = {"0=ocfl_1.0": "1.0", "0=ocfl_1.1": "1.1"}


def name_of(spec: str) -> str:
    """The file by which a root declares that it follows a specification."""
    return f"0=ocfl_{spec}"


def body(spec: str) -> bytes:
    """What that file holds."""
    return f"ocfl_{spec}\n".encode()


def read(store: Store) -> tuple[str, Layout]:
    """The specification's version that the root follows, and its layout.

    NotFound if the place is no storage root at all; Unprocessable if it is one that cannot be
    followed. A root whose upgrade was interrupted follows the newer version already.
    """
    return max(versions(store)), _read_layout(store)


def versions(store: Store) -> list[str]:
    """The versions that the root declares: one, or both in the midst of an upgrade."""
    names = sorted(child.name for child in store.children("") if _DECLARATION.fullmatch(child.name))
    if not names:
        raise NotFound(
            f"'{store.place('')}' is no OCFL storage root: it has no file '{name_of(SPEC)}'."
        )
    for name in names:
        spec = _KNOWN.get(name)
        if spec is None:
            raise refused(
                store, f"'{name}' declares no version of OCFL that is known here (1.0, 1.1)"
            )
        said = metadata.read_from(store, name, owner(store))
        if said is None:
            return versions(store)  # an upgrade has just removed it
        if said != body(spec):
            raise refused(store, f"the file '{name}' must hold 'ocfl_{spec}' and a line end")
    return [_KNOWN[name] for name in names]


def _read_layout(store: Store) -> Layout:
    text = metadata.read_from(store, "ocfl_layout.json", owner(store))
    if text is None:
        raise refused(
            store,
            f"it does not say where its objects lie. If they lie by {layouts.DEFAULT.name}, "
            "add an ocfl_layout.json that says so",
        )
    try:
        said = json.loads(text)
    except ValueError as error:
        raise refused(store, f"its ocfl_layout.json is no JSON ({error})") from error
    name = said.get("extension") if isinstance(said, dict) else None
    if not isinstance(name, str):
        raise refused(store, "its ocfl_layout.json names no layout as its 'extension'")
    config = f"extensions/{name}/config.json"
    return layouts.read(
        name,
        metadata.read_from(store, config, owner(store)) if name in layouts.NAMES else None,
    )


def read_identity(store: Store) -> str | None:
    """The root's identity; None if it has none, Damaged (``bad-root-id``) if it cannot be one."""
    data = metadata.read_from(store, f"extensions/{STAGING}/{IDENTITY}", owner(store))
    if data is None:
        return None
    if not _IDENTITY.fullmatch(data):
        what = f"'extensions/{STAGING}/{IDENTITY}' of {owner(store)} is not 32 hex digits."
        raise Damaged(
            f"{what} Restore it from a copy.",
            code="bad-root-id",
            faults=[
                Fault(
                    code="bad-root-id",
                    message=what,
                    path=IDENTITY,
                    found=repr(data[:64]),
                )
            ],
        )
    return data.decode("ascii").strip()


def files(layout: Layout) -> Mapping[str, bytes]:
    """What a new root holds besides its declaration and its staging: path -> bytes."""
    text = SPECIFICATIONS[SPEC]
    said = {"extension": layout.name, "description": layout.description}
    readme = of_root(layout, spec=SPEC, specification=text, staging=STAGING)
    return {
        f"extensions/{layout.name}/config.json": layouts.write(layout),
        f"{layout.name}.md": published(f"{layout.name}.md"),
        "ocfl_layout.json": (json.dumps(said, indent=2) + "\n").encode(),
        "README.txt": readme.encode(),
        text: published(text),
    }


def owner(store: Store) -> str:
    """What messages call the root."""
    return f"the storage root '{store.place('')}'"


def refused(store: Store, why: str) -> Unprocessable:
    return Unprocessable(
        f"The OCFL storage root '{store.place('')}' cannot be opened: {why}.",
        code="bad-storage-root",
    )


def holds_something_else(store: Store, found: list[str]) -> Unprocessable:
    """Where a root was to be made, and there is something: the first of it, one more than told."""
    return Unprocessable(
        f"'{store.place('')}' is no OCFL storage root and holds something else "
        f"({', '.join(found[:5])}{', …' if found[5:] else ''}). Name an empty folder, or "
        "one that is a storage root.",
        code="not-a-storage-root",
    )
