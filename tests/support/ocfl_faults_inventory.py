"""What can be wrong with the shape of an inventory: JSON, what must be there, head, versions.

Each row names the codes that it must yield and no others.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from support.ocfl_faults_making import PAGE, Inventory, Obj, digest, fault, make, serialised

HERE = "inventory.json"


def of_raw(change: Callable[[bytes], bytes]) -> Any:
    """The bytes of the newest inventory changed, in the root and in its version folder."""
    return lambda made: made.raw(change(serialised(made.newest)))


def key(name: str, value: object) -> Any:
    """A value in the newest inventory."""
    return lambda made: made.newest.update({name: value})


def in_each(name: str, value: object) -> Any:
    return lambda made: [inventory.update({name: value}) for inventory in made.each()]


def without(name: str) -> Any:
    return lambda made: made.newest.pop(name)


def renamed(old: str, new: str) -> Any:
    return lambda made: made.newest.update({new: made.newest.pop(old)})


def another_version(name: str) -> Any:
    """One version more in the newest inventory, as the first is."""
    return lambda made: made.newest["versions"].update({name: made.newest["versions"]["v1"]})


def typed(version: str, spec: str) -> Any:
    return lambda made: made.of(version).update(type=f"https://ocfl.io/{spec}/spec/#inventory")


def doubled(data: bytes) -> bytes:
    """The same key twice in the object itself."""
    return data.replace(b'"head":', b'"head": "v3",\n "head":', 1)


def doubled_deep(data: bytes) -> bytes:
    """The same digest twice in the manifest; the second hides the first."""
    found = json.loads(data)
    first = next(iter(found["manifest"]))
    member = f'"{first}": {json.dumps(found["manifest"][first])}'
    return (
        json.dumps(found)
        .encode()
        .replace(b'"manifest": {', f'"manifest": {{{member}, '.encode(), 1)
    )


def in_md5(made: Obj) -> None:
    """md5 throughout, consistently."""
    made.inventories = {
        name: _in_md5(made, inventory)
        for name, inventory in made.inventories.items()
        if isinstance(inventory, dict)
    }


def _in_md5(made: Obj, inventory: Inventory) -> Inventory:
    text = json.dumps({**inventory, "digestAlgorithm": "md5"})
    for data in made.content.values():
        text = text.replace(digest("sha512", data), digest("md5", data))
    found: Inventory = json.loads(text)
    return found


def old() -> Obj:
    return make(spec="1.0")


def upgraded() -> Obj:
    """Two versions of 1.0, the third of 1.1."""
    return make(spec=("1.0", "1.0", "1.1"))


def empty() -> Obj:
    """Three versions without content."""
    return make([{}] * 3)


def moved() -> Obj:
    """The content folder is called ``stuff``, and no inventory says so."""
    return make(content="stuff")


DAMAGED_JSON: list[tuple[str, Any]] = [
    ("an empty file", lambda data: b""),
    ("cut off", lambda data: data[:-20]),
    ("something after the end", lambda data: data + b"{}"),
    ("no UTF-8", lambda data: data.replace(b"Version 3", b"Version \xff")),
    ("UTF-16", lambda data: data.decode().encode("utf-16")),
    ("a byte order mark", lambda data: b"\xef\xbb\xbf" + data),
    ("a list", lambda data: b"[" + data + b"]"),
    ("null", lambda data: b"null"),
    ("a text", lambda data: b'"inventory"'),
    ("not a number", lambda data: data.replace(b'"v3"', b"NaN", 1)),
    ("one key twice", doubled),
    ("one digest twice", doubled_deep),
    ("very deep", lambda data: b'{"id":' * 200_000),
    ("very deep lists", lambda data: b"[" * 200_000 + b"]" * 200_000),
]


INVENTORY = [
    *(fault("E033", name, HERE, of_raw(change)) for name, change in DAMAGED_JSON),
    fault("E033", "v1's alone", "v1/inventory.json", lambda made: made.inventories.update(v1=b"{")),
    fault(
        "E033", "a number as the digest algorithm", "digestAlgorithm", key("digestAlgorithm", 512)
    ),
    fault(
        "E033",
        "a number as the content folder",
        "contentDirectory",
        in_each("contentDirectory", 5),
        times=3,
    ),
    fault(
        "E033",
        "null as the content folder",
        "contentDirectory",
        in_each("contentDirectory", None),
        times=3,
    ),
    # ------------------------------------------------------------------------- what must be there
    *(
        fault("E036", f"no {name}", HERE, without(name))
        for name in ("id", "type", "digestAlgorithm", "head")
    ),
    fault("E036", "no head in v1's", "v1/inventory.json", lambda made: made.of("v1").pop("head")),
    fault("E037", "an empty id", HERE, in_each("id", ""), times=3),
    fault("E037", "a number as the id", HERE, in_each("id", 5), times=3),
    fault(
        "E037",
        "another id in v1's",
        "v1/inventory.json",
        lambda made: made.of("v1").update(id="info:x"),
    ),
    fault(
        "E110",
        "another id in v2's",
        "v2/inventory.json",
        lambda made: made.of("v2").update(id="info:x"),
    ),
    fault(
        "E037",
        "another id in v2's, in 1.0",
        "v2/inventory.json",
        lambda made: made.of("v2").update(id="info:x"),
        old,
    ),
    fault("W005", "no URI as the id", "id", in_each("id", "book 1")),
    fault("E038", "an unknown type", "type", key("type", "https://example.org/#inventory")),
    fault("E038", "a number as the type", "type", key("type", 1.1)),
    fault(
        "E038",
        "a type of a version to come",
        "type",
        key("type", "https://ocfl.io/9.9/spec/#inventory"),
    ),
    fault(
        "E038",
        "1.0 in an object of 1.1",
        "type",
        typed("v3", "1.0"),
        lambda: make(PAGE * 3, spec=("1.0", "1.0", "1.1")),
    ),
    fault("E038", "1.1 in an object of 1.0", "type", typed("v3", "1.1"), old),
    fault(
        "E038",
        "an unknown type in v1's",
        "v1/inventory.json",
        lambda made: made.of("v1").update(type="inventory"),
    ),
    fault("E103", "v2 older than v1", "v2", typed("v2", "1.0")),
    fault("E025", "md5 throughout", "digestAlgorithm", in_md5, times=3),
    fault("E025", "an unknown algorithm", "digestAlgorithm", key("digestAlgorithm", "whirlpool")),
    fault("E025", "capitals", "digestAlgorithm", key("digestAlgorithm", "SHA512")),
    fault(
        "E025",
        "md5 in v1's",
        "v1/inventory.json",
        lambda made: made.of("v1").update(digestAlgorithm="blake2b-512"),
    ),
    # ------------------------------------------------------------------------------------- head
    fault("E040", "not the newest", "head", key("head", "v2")),
    fault("E040", "one to come", "head", key("head", "v4")),
    fault("E040", "no v", "head", key("head", "3")),
    fault("E040", "a number", "head", key("head", 3)),
    fault("E040", "an object", "head", key("head", {"v": 3})),
    fault(
        "E040",
        "another in a version folder",
        "v1/inventory.json",
        lambda made: made.inventories.update(v1=dict(made.of("v2"))),
    ),
    # --------------------------------------------------------------------------- manifest, versions
    fault("E041", "no manifest", HERE, without("manifest")),
    fault("E041", "none in v1's", "v1/inventory.json", lambda made: made.of("v1").pop("manifest")),
    *(
        fault("E106", f"a manifest of {value!r}", "manifest", key("manifest", value))
        for value in ([], None, "x")
    ),
    fault("E041", "a list, in 1.0", "manifest", key("manifest", []), old),
    fault("E043", "no versions", HERE, without("versions")),
    fault("E043", "none in v2's", "v2/inventory.json", lambda made: made.of("v2").pop("versions")),
    fault("E044", "versions under another name", "Versions", renamed("versions", "Versions")),
    *(
        fault("E045", f"versions of {value!r}", "versions", key("versions", value))
        for value in ([], None, 3)
    ),
    *(
        fault(
            "E047",
            f"a version of {value!r}",
            "versions.v3",
            lambda made, value=value: made.newest["versions"].update(v3=value),
        )
        for value in ([], None, "x")
    ),
    fault("E104", "a name without v", "versions", another_version("first"), times=2),
    fault("E105", "version 0", "versions", another_version("v0"), times=2),
    fault("E105", "a letter", "versions", another_version("v1a"), times=2),
    fault("E105", "a minus", "versions", another_version("v-1"), times=2),
    fault("E105", "v alone", "versions", another_version("v"), times=2),
    fault("E105", "digits of another script", "versions", another_version("v٣"), times=2),
    fault("E046", "a name without v, in 1.0", "versions", another_version("first"), old, times=2),
    fault("E046", "version 0, in 1.0", "versions", another_version("v0"), old, times=2),
]
