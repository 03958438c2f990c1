"""What can be wrong with the names of versions, their folders, and the files that hold inventories.

Each row names the codes that it must yield and no others.
"""

from __future__ import annotations

from typing import Any

from support.ocfl_faults_making import PAGE, Obj, Pipe, digest, fault, make, serialised


def padded(*names: str) -> Any:
    """An object whose versions have these names, all of them holding one file of v1."""
    return lambda: make([PAGE[0]] * len(names), name=lambda number: names[number - 1])


def sidecar(data: bytes, folder: str = "") -> Any:
    return lambda made: made.put(f"{folder}inventory.json.sha512", data)


def other_sidecar(folder: str = "", *, keep: bool = False) -> Any:
    """A right side-car of another algorithm; ``keep`` leaves the one that belongs there."""

    def harm(made: Obj) -> None:
        data = made.tree()[f"{folder}inventory.json"]
        made.put(
            f"{folder}inventory.json.sha256",
            f"{digest('sha256', data)}  inventory.json\n".encode(),
        )
        if not keep:
            made.remove(f"{folder}inventory.json.sha512")

    return harm


def right_digest(made: Obj) -> str:
    return digest("sha512", serialised(made.newest))


def spelled_anew(folder: str) -> Any:
    """The same inventory with other blanks, and the side-car that fits."""

    def harm(made: Obj) -> None:
        data = serialised(made.newest) + b"\n"
        made.put(f"{folder}inventory.json", data)
        sidecar(f"{digest('sha512', data)}  inventory.json\n".encode(), folder)(made)

    return harm


def under_another_name(name: str) -> Any:
    return lambda made: made.move("inventory.json", name)


def no_inventory(made: Obj) -> None:
    made.remove("inventory.json", "inventory.json.sha512")


def newest_without_inventory(made: Obj) -> None:
    made.remove("v3/inventory.json", "v3/inventory.json.sha512")
    made.put("v3", None)


def folder_padded(made: Obj) -> None:
    for path in [path for path in made.tree() if path.startswith("v2/")]:
        made.move(path, "v02/" + path.removeprefix("v2/"))


def version_without_inventory(made: Obj) -> None:
    made.remove("v2/inventory.json", "v2/inventory.json.sha512")


def no_versions(made: Obj) -> None:
    made.root = {**made.newest, "versions": {}, "manifest": {}}
    made.inventories = {}
    made.content = {}


def forgotten_later(made: Obj) -> None:
    """The newest manifest does not name a file any more that the first one names."""
    for version in ("v2", "v3"):
        manifest = made.of(version)["manifest"]
        for key in manifest:
            manifest[key] = [path for path in manifest[key] if path != "v1/content/two"]


def unknown_to_its_own(made: Obj) -> None:
    manifest = made.of("v1")["manifest"]
    for key in manifest:
        manifest[key] = [path for path in manifest[key] if path != "v1/content/two"]


def twice() -> Obj:
    """Three versions; the same bytes are stored in two files of v1."""
    return make([{"one": b"same", "two": b"same"}] * 3, once=False)


VERSION_FOLDERS = [
    # --------------------------------------------------------------------------- names of versions
    fault("E008", "no versions", "", no_versions, lambda: make(PAGE)),
    fault("E009", "versions start at 2", "", lambda _: None, padded("v2", "v3"), times=2),
    fault("E010", "a number is missing", "", lambda _: None, padded("v1", "v3", "v4"), times=2),
    fault("E010", "a folder is missing within", "v2", lambda made: made.remove("v2")),
    fault("E046", "the newest folder is missing", "v3", lambda made: made.remove("v3")),
    fault("E046", "a folder more", "v4", lambda made: made.put("v4/content/new", b"new")),
    fault("E010", "a folder beyond a gap", "", lambda made: made.put("v9/content/new", b"new")),
    fault("E046", "a folder padded otherwise", "v02", folder_padded),
    fault("E046", "an empty folder more", "v4", lambda made: made.put("v4", None)),
    fault(
        "E011",
        "one without a zero",
        "v10",
        lambda _: None,
        padded(*(f"v{n:02}" for n in range(1, 11))),
    ),
    fault("E012", "a padded one among others", "versions", lambda _: None, padded("v1", "v002")),
    fault("E012", "one among padded ones", "versions", lambda _: None, padded("v001", "v2")),
    fault("E013", "two widths", "versions", lambda _: None, padded("v01", "v002")),
    fault("E013", "two widths, narrower", "versions", lambda _: None, padded("v001", "v02")),
    fault("W001", "padded names", "", lambda _: None, padded("v01", "v02")),
    # ------------------------------------------------------------------------ folders of versions
    fault("E015", "a file in a version folder", "v1/a.txt", lambda made: made.put("v1/a.txt", b"")),
    fault(
        "E015",
        "a file called as the content folder is",
        "v3/content",
        lambda made: made.put("v3/content", b""),
    ),
    fault(
        "E015", "a pipe in a version folder", "v1/pipe", lambda made: made.put("v1/pipe", Pipe())
    ),
    fault(
        "E015",
        "two side-cars in a version",
        "v1/inventory.json.sha256",
        other_sidecar("v1/", keep=True),
    ),
    fault(
        "W002", "a folder in a version folder", "v1/notes", lambda made: made.put("v1/notes/a", b"")
    ),
    fault(
        "W002",
        "an empty folder in a version folder",
        "v1/notes",
        lambda made: made.put("v1/notes", None),
    ),
    fault(
        "W003", "an empty content folder", "v3/content", lambda made: made.put("v3/content", None)
    ),
    fault("W010", "no inventory in a version", "v2", version_without_inventory),
    fault(
        "W010",
        "no inventory in the newest version",
        "v3",
        newest_without_inventory,
    ),
    fault(
        "E024",
        "an empty folder in content",
        "v1/content/b/e",
        lambda made: made.put("v1/content/b/e", None),
    ),
    fault(
        "E024",
        "empty folders in content",
        "v1/content/e",
        lambda made: made.put("v1/content/e/f", None),
    ),
    fault(
        "E023",
        "a file that no manifest names",
        "v1/content/new",
        lambda made: made.put("v1/content/new", b""),
    ),
    fault("E023", "a deep one", "v2/content/x/y/z", lambda made: made.put("v2/content/x/y/z", b"")),
    fault(
        "E023",
        "one in a version without content",
        "v3/content/z",
        lambda made: made.put("v3/content/z", b""),
    ),
    fault(
        "E023",
        "a pipe in content",
        "v1/content/pipe",
        lambda made: made.put("v1/content/pipe", Pipe()),
    ),
    fault(
        "E023",
        "a name that is no text in content",
        r"v1/content/\xff",
        lambda made: made.put("v1/content/\udcff", b""),
    ),
    fault("E023", "a file that later manifests forget", "v1/content/two", forgotten_later, twice),
    fault(
        "E023", "a file that its own manifest lacks", "v1/content/two", unknown_to_its_own, twice
    ),
    fault("E016", "no content folder", "v1", lambda made: made.remove("v1/content")),
    fault("E016", "no content folder in v2", "v2", lambda made: made.remove("v2/content")),
    # ------------------------------------------------------------------------- inventory, side-car
    fault("E063", "no inventory", "", no_inventory),
    fault("E063", "a side-car alone", "", lambda made: made.remove("inventory.json")),
    fault("E034", "capitals", "Inventory.json", under_another_name("Inventory.json")),
    fault("E034", "all capitals", "INVENTORY.JSON", under_another_name("INVENTORY.JSON")),
    fault("E034", "another ending", "inventory.jsonld", under_another_name("inventory.jsonld")),
    fault("E058", "no side-car", "", lambda made: made.remove("inventory.json.sha512")),
    fault("E058", "no side-car in v1", "v1", lambda made: made.remove("v1/inventory.json.sha512")),
    fault("E059", "a side-car of another algorithm", "inventory.json.sha256", other_sidecar()),
    fault("E059", "the same in v1", "v1/inventory.json.sha256", other_sidecar("v1/")),
    fault(
        "E060",
        "another digest",
        "inventory.json.sha512",
        sidecar(b"0" * 128 + b"  inventory.json\n"),
    ),
    fault(
        "E060",
        "the same in v1",
        "v1/inventory.json.sha512",
        sidecar(b"0" * 128 + b"  inventory.json\n", "v1/"),
    ),
    fault(
        "E061",
        "no name",
        "inventory.json.sha512",
        lambda made: sidecar(right_digest(made).encode() + b"\n")(made),
    ),
    fault(
        "E061",
        "another name",
        "inventory.json.sha512",
        lambda made: sidecar(right_digest(made).encode() + b"  v3/inventory.json\n")(made),
    ),
    fault(
        "E061",
        "two lines",
        "inventory.json.sha512",
        lambda made: sidecar((right_digest(made) + "  inventory.json\n").encode() * 2)(made),
    ),
    fault("E061", "an empty side-car", "inventory.json.sha512", sidecar(b"")),
    fault("E061", "no text", "inventory.json.sha512", sidecar(b"\xff\x00")),
    fault("E061", "a large side-car", "inventory.json.sha512", sidecar(b"0" * 3_000_000)),
    fault("E061", "an empty side-car in v1", "v1/inventory.json.sha512", sidecar(b"", "v1/")),
    fault("E064", "other blanks in the root", "inventory.json", spelled_anew("")),
    fault("E064", "other blanks in v3", "inventory.json", spelled_anew("v3/")),
    fault(
        "E060 E064",
        "a root inventory changed in place",
        "inventory.json",
        lambda made: made.put("inventory.json", serialised(made.newest) + b" "),
    ),
    fault("E001", "two side-cars", "inventory.json.sha256", other_sidecar(keep=True)),
]
