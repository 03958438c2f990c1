"""All damage that a validator of OCFL must tell, with what it must say; and what it must let pass.

How objects and roots are made is left to :mod:`support.ocfl_faults_making`.
"""

from __future__ import annotations

from collections.abc import Callable

from support.ocfl_faults_content import CONTENT, CORE, MORE
from support.ocfl_faults_entries import ENTRIES
from support.ocfl_faults_inventory import INVENTORY, upgraded
from support.ocfl_faults_making import (
    BOOK,
    PAGE,
    Damageable,
    Obj,
    Root,
    digest,
    make,
    serialised,
)
from support.ocfl_faults_object_root import OBJECT_ROOT
from support.ocfl_faults_roots import ROOTS, flat, hashed, old_shelf, page, shelf
from support.ocfl_faults_together import TOGETHER
from support.ocfl_faults_version_folders import VERSION_FOLDERS

#: every fault, of objects and of roots
FAULTS = [*OBJECT_ROOT, *VERSION_FOLDERS, *INVENTORY, *ENTRIES, *CONTENT, *TOGETHER, *ROOTS]

#: ids that are URIs
_IDS = [
    "urn:example:1",
    "http://example.org/a%20b?c=d#e",
    "ark:/12345/bcd987",
    "doi:10.1/x",
]
#: dates of RFC 3339
_DATES = [
    "2026-01-01T12:00:00Z",
    "2026-01-01t12:00:00z",
    "2026-01-01T12:00:00.123456789+05:30",
    "2024-02-29T23:59:59-23:59",
    "2016-12-31T23:59:60Z",
    "0001-01-01T00:00:00-00:00",
]
#: logical paths that look odd and are right
_ODD = [
    ".hidden",
    "...",
    "a/...b",
    "a b",
    "new\nline",
    "tab\t",
    "back\\slash",
    "é/日本",
    "e\u0301",
    "C:x",
    "~",
    "v1/content/x",
    "inventory.json",
    "*?",
    " ",
]


def _odd_paths() -> Obj:
    return make([{path: path.encode() for path in _ODD}])


def _id(object_id: str) -> Callable[[], Obj]:
    return lambda: make(PAGE, object_id=object_id)


def _dated(created: str) -> Callable[[], Obj]:
    def made() -> Obj:
        found = make(PAGE)
        found.newest["versions"]["v1"]["created"] = created
        return found

    return made


def _in_capitals() -> Obj:
    """Every digest in capitals, the side-cars' apart."""
    found = make(PAGE, fixity=CORE)
    for block in (
        found.newest,
        found.newest["versions"]["v1"],
        found.newest["fixity"],
    ):
        for name, value in block.items():
            if name in ("manifest", "state", *CORE):
                block[name] = {key.upper(): paths for key, paths in value.items()}
    return found


def _with(*paths: str, base: Callable[[], Damageable] = make) -> Callable[[], Damageable]:
    """With further files that may be there."""

    def made() -> Damageable:
        found = base()
        for path in paths:
            found.put(path, b"free")
        return found

    return made


def _tabbed() -> Obj:
    """Blanks of several kinds in the side-car."""
    found = make(PAGE)
    text = f"{digest('sha512', serialised(found.newest))} \t  inventory.json\n"
    found.put("inventory.json.sha512", text.encode())
    found.put("v1/inventory.json.sha512", text.encode())
    return found


def _unused_in_old() -> Obj:
    """1.0 allows digests in the manifest that no state uses."""
    found = make(PAGE, spec="1.0")
    found.put("v1/content/unused", b"unused")
    found.newest["manifest"][digest("sha512", b"unused")] = ["v1/content/unused"]
    return found


def _empty_fixity() -> Obj:
    found = make(PAGE)
    found.newest["fixity"] = {}
    return found


#: name -> what is sound and gives no problem
SOUND: dict[str, Callable[[], Damageable]] = {
    "three versions": make,
    "of 1.0": lambda: make(spec="1.0"),
    "upgraded": upgraded,
    "one version": lambda: make(PAGE),
    "no content": lambda: make([{}, {}]),
    "content in v2 only": lambda: make([{}, {"a": b"a"}]),
    "twelve versions": lambda: make([{f"{n}": b"%d" % n} for n in range(12)]),
    "own content folder": lambda: make(content="stuff", content_key=True),
    "content folder of dots": lambda: make(content="...", content_key=True),
    "content folder named": lambda: make(content_key=True),
    "copies stored twice": lambda: make([{"a": b"x", "b": b"x"}] * 2, once=False),
    "all fixity": lambda: make(fixity=CORE),
    "more fixity": lambda: make(fixity=CORE + MORE, spec="1.1"),
    "empty fixity": _empty_fixity,
    "capitals": _in_capitals,
    "odd paths": _odd_paths,
    "blanks in the side-car": _tabbed,
    "unused in 1.0": _unused_in_old,
    "logs": _with("logs/a.log", "logs/deep/er/inventory.json", "logs/\udcff", "logs/0=ocfl_1.1"),
    "extensions": _with(
        "extensions/0001-digest-algorithms/a", "extensions/0009-digest-algorithms/b/c"
    ),
    "many versions": lambda: make([BOOK[0]] * 105),
    **{f"id {each}": _id(each) for each in _IDS},
    **{f"created {each}": _dated(each) for each in _DATES},
    "a root": shelf,
    "a root of 1.0": old_shelf,
    "an empty root": Root,
    "a hashed root": hashed,
    "a flat root": flat,
    "objects of 1.0 in a root of 1.1": lambda: Root(objects={"a": page("info:a", "1.0")}),
    "free files in a root": _with(
        "README.md", "ocfl_1.1.md", "ocfl_1.1.html", "notes.txt", "\udcff", base=shelf
    ),
    "extensions of a root": _with(
        "extensions/0008-schema-registry/a.json",
        "extensions/initial/x/y",
        "extensions/0001-digest-algorithms/0=ocfl_object_1.1",
        base=hashed,
    ),
    "a file in extensions, in 1.0": _with("extensions/a.txt", base=old_shelf),
}
