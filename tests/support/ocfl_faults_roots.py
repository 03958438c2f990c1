"""What can be wrong with a storage root: its declaration, layout, hierarchy and extensions.

Each row names the codes that it must yield and no others.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from support.ocfl_faults_making import PAGE, Link, Obj, Pipe, Root, SameFile, fault, make

HASHED = "0004-hashed-n-tuple-storage-layout"
FLAT = "0002-flat-direct-storage-layout"
LAYOUT = "ocfl_layout.json"
CONFIG = f"extensions/{HASHED}/config.json"


def page(object_id: str, spec: str = "1.1") -> Obj:
    return make(PAGE, object_id=object_id, spec=spec)


def shelf(spec: str = "1.1") -> Root:
    """Three objects, all at the same depth; no layout is declared."""
    places = {"a/one": "info:example/1", "a/two": "info:example/2", "b/three": "info:example/3"}
    return Root(spec=spec, objects={path: page(each, spec) for path, each in places.items()})


def old_shelf() -> Root:
    return shelf("1.0")


def hashed_place(object_id: str) -> str:
    """Layout 0004 with its defaults."""
    name = hashlib.sha256(object_id.encode()).hexdigest()
    return f"{name[:3]}/{name[3:6]}/{name[6:9]}/{name}"


def hashed(ids: Sequence[str] = ("info:example/1", "info:example/2")) -> Root:
    """Objects where layout 0004 puts them."""
    return Root(
        objects={hashed_place(each): page(each) for each in ids},
        layout=HASHED,
        config={
            "extensionName": HASHED,
            "digestAlgorithm": "sha256",
            "tupleSize": 3,
            "numberOfTuples": 3,
            "shortObjectRoot": False,
        },
    )


def flat() -> Root:
    """Objects where layout 0002 puts them: in folders of their ids."""
    ids = ("urn:example:1", "urn:example:2")
    return Root(objects={each: page(each) for each in ids}, layout=FLAT)


def declared(name: str) -> Any:
    """Another declaration in the place of the right one."""

    def harm(made: Root) -> None:
        made.remove("0=ocfl_1.1")
        made.put(name, name.partition("=")[2].encode() + b"\n")

    return harm


def put(path: str, entry: Any = b"") -> Any:
    return lambda made: made.put(path, entry)


def layout(value: object) -> Any:
    return put(LAYOUT, value if isinstance(value, bytes) else json.dumps(value).encode())


def config(value: object) -> Any:
    return put(CONFIG, value if isinstance(value, bytes) else json.dumps(value).encode())


def objects(**placed: str) -> Any:
    """Further objects: place (with ``__`` for slashes) and id."""
    return lambda made: made.objects.update(
        {path.replace("__", "/"): page(each) for path, each in placed.items()}
    )


def exchanged(made: Root) -> None:
    """Two objects lie in each other's place."""
    (one, first), (two, second) = made.objects.items()
    made.objects = {one: second, two: first}


def elsewhere(made: Root) -> None:
    path, found = made.objects.popitem()
    made.objects["abc/def/012/" + path.rpartition("/")[2]] = found


def newer(made: Root) -> None:
    made.objects["a/one"] = page("info:example/1", "1.1")


def linked(made: Root) -> None:
    """Two objects have the same file under two names."""
    made.put("a/two/v1/content/a.txt", SameFile("a/one/v1/content/a.txt"))


def damaged(path: str) -> Any:
    """Other bytes in the only file of an object."""
    return put(f"{path}/v1/content/a.txt", b"Page")


ROOTS = [
    # ------------------------------------------------------------------------------ declaration
    fault("E069", "no declaration", "", lambda made: made.remove("0=ocfl_1.1"), shelf),
    fault("E076", "two declarations", "", put("0=ocfl_1.0", b"ocfl_1.0\n"), shelf),
    fault("E075", "no equals sign", "0ocfl_1.1", declared("0ocfl_1.1"), shelf),
    fault("E077", "version 9.9", "0=ocfl_9.9", declared("0=ocfl_9.9"), shelf),
    fault("E077", "version 1", "0=ocfl_1", declared("0=ocfl_1"), shelf),
    fault("E078", "tag 1", "1=ocfl_1.1", declared("1=ocfl_1.1"), shelf),
    fault("E079", "another value", "0=oclf_1.1", declared("0=oclf_1.1"), shelf),
    *(
        fault("E080", f"a body of {body!r}", "0=ocfl_1.1", put("0=ocfl_1.1", body), shelf)
        for body in (b"", b"ocfl_1.1", b"ocfl_1.0\n", b"ocfl_1.1\r\n", b"\xff")
    ),
    # ----------------------------------------------------------------------------------- layout
    *(
        fault("E070", f"a layout of {value!r}", LAYOUT, layout(value), shelf)
        for value in (
            b"",
            b"{",
            b"\xff",
            [],
            None,
            {"extension": FLAT},
            {"description": "flat"},
            {"extension": 2, "description": "flat"},
            {"extension": FLAT, "description": None},
        )
    ),
    *(
        fault(
            "E071",
            f"layout {name!r}",
            LAYOUT,
            layout({"extension": name, "description": ""}),
            shelf,
        )
        for name in ("ours", "0001-digest-algorithms", "0004", "")
    ),
    *(
        fault("E070", f"a configuration of {value!r}", CONFIG, config(value), hashed)
        for value in (b"{", {"tupleSize": -1}, [])
    ),
    fault(
        "E083",
        "an id without a place",
        "slashed",
        objects(slashed="info:example/1/2"),
        flat,
    ),
    fault("E083", "two objects exchanged", "", exchanged, hashed, times=2),
    fault("E083", "an object elsewhere", "abc/def/012", elsewhere, hashed),
    fault(
        "E083",
        "an object elsewhere, flat",
        "urn:example:9",
        objects(**{"urn:example:9": "urn:example:8"}),
        flat,
    ),
    fault("E037", "one id twice", "", objects(b__four="info:example/1"), shelf),
    fault("W014", "several depths", "", objects(b__c__four="info:example/4"), shelf),
    fault("W015", "flat and deeper", "", objects(four="info:example/4"), shelf),
    # -------------------------------------------------------------------------------- extensions
    fault("E112", "a file in extensions", "extensions/a.txt", put("extensions/a.txt"), shelf),
    fault("W016", "an unknown extension", "extensions/ours", put("extensions/ours/a.txt"), shelf),
    fault(
        "W016",
        "an unknown extension, in 1.0",
        "extensions/ours",
        put("extensions/ours/a.txt"),
        old_shelf,
    ),
    # --------------------------------------------------------------------------------- hierarchy
    fault("E073", "an empty folder", "a/hollow", put("a/hollow", None), shelf),
    fault("E073", "an empty folder in the root", "hollow", put("hollow", None), shelf),
    fault("E073", "empty folders in each other", "a/x/y/z", put("a/x/y/z", None), shelf),
    fault("E072", "files that belong to no object", "a/loose", put("a/loose/a.txt"), shelf),
    fault(
        "E072", "a pipe that belongs to no object", "a/loose", put("a/loose/pipe", Pipe()), shelf
    ),
    fault("E084", "a file on the way", "a/a.txt", put("a/a.txt"), shelf),
    fault("E084", "a pipe on the way", "a/pipe", put("a/pipe", Pipe()), shelf),
    fault("E084", "a name that is no text", r"a/\xff", put("a/\udcff"), shelf),
    fault("E088", "a folder of files", "notes", put("notes/a.txt"), shelf),
    fault(
        "E088",
        "a branch of files",
        "notes",
        lambda made: (put("notes/a.txt")(made), put("notes/deep/er/b.txt")(made)),
        shelf,
    ),
    fault("E074", "a root in the root", "a/inner", put("a/inner/0=ocfl_1.1", b"ocfl_1.1\n"), shelf),
    fault(
        "E074",
        "a root directly in the root",
        "inner",
        put("inner/0=ocfl_1.0", b"ocfl_1.0\n"),
        shelf,
    ),
    fault("E081", "an object of 1.1 in a root of 1.0", "a/one", newer, old_shelf),
    fault(
        "E082",
        "an object in an object",
        "a/one/inner",
        objects(a__one__inner="info:example/4"),
        shelf,
    ),
    fault("E090", "a link to a folder", "a/link", put("a/link", Link("one")), shelf),
    fault("E090", "a link directly in the root", "link", put("link", Link("a")), shelf),
    fault("E090", "a broken link", "b/link", put("b/link", Link("nowhere")), shelf),
    fault("E090", "a link to the folder above", "a/up", put("a/up", Link("..")), shelf),
    fault("E090", "one file in two objects", "v1/content/a.txt", linked, shelf, times=2),
    # ----------------------------------------------------------------------------------- objects
    fault("E092", "one object of three", "a/two/v1/content/a.txt", damaged("a/two"), shelf),
    fault(
        "E092",
        "one object, hashed",
        f"{hashed_place('info:example/2')}/v1/content/a.txt",
        damaged(hashed_place("info:example/2")),
        hashed,
    ),
    fault(
        "E063",
        "an object without inventory",
        "b/three",
        lambda made: made.objects["b/three"].remove("inventory.json", "inventory.json.sha512"),
        shelf,
    ),
    fault(
        "W004",
        "sha256 in one object",
        "a/one",
        lambda made: made.objects.update(
            {"a/one": make(PAGE, algorithm="sha256", object_id="info:example/1")}
        ),
        shelf,
    ),
    # -------------------------------------------------------------------------------- unreadable
    *(
        fault("unreadable", f"{path} of a root", path, lambda _: None, base, refused=(path,))
        for base, path in (
            (shelf, "0=ocfl_1.1"),
            (shelf, "a"),
            (shelf, "b/three"),
            (shelf, "a/one/inventory.json"),
            (hashed, LAYOUT),
            (hashed, CONFIG),
            (hashed, "extensions"),
        )
    ),
]
