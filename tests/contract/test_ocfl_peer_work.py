"""Others and our engine work on the same roots and objects, each reading what the other wrote.

Also the layouts: what we write lies where rocfl looks for it, and the other way round.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from strongroom.ocfl import layouts
from strongroom.ocfl.root import OcflRoot
from support import peer
from support.ocfl_check import inventory, object_of
from support.peer_writing import ID, assert_judged_valid, by_hand, write

#: rocfl spells older times anew (Z as +00:00), which ocfl-java calls inconsistent
RESPELLED = "W011"
PLAIN = ("--user-name", "Bo", "--user-address", "mailto:bo@example.org", "--message", "by rocfl")


@pytest.fixture(autouse=True)
def _peers() -> None:
    peer.require()


def by_rocfl(folder: Path, object_id: str, logical: str, text: str) -> None:
    """rocfl adds a version with this file to an object that is there."""
    source = folder.parent / "source.txt"
    source.write_text(text)
    peer.rocfl(folder, "cp", object_id, str(source), "--", logical)
    peer.rocfl(folder, "commit", *PLAIN, object_id)


def of_rocfl(folder: Path, *options: str) -> Path:
    """A root made by rocfl."""
    folder.mkdir()
    peer.rocfl(folder, "init", *options)
    return folder


def files(root: OcflRoot, object_id: str = ID) -> dict[int, dict[str, bytes]]:
    """What our engine reads of an object: for each version its files, proved by their digests."""
    stored = root.read(object_id)
    return {
        number: {path: stored.read_bytes(path, number) for path in stored.inventory.logical(number)}
        for number in stored.inventory.versions
    }


# ------------------------------------------------------------------------------ rocfl and ours


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--digest-algorithm", "sha256"),
        ("--zero-padding", "3", "--content-directory", "stuff"),
        ("--spec-version", "1.0"),
    ],
    ids=lambda options: "-".join(options).strip("-") or "plain",
)
def test_an_object_of_rocfl_is_read_and_extended_in_turn(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    folder = of_rocfl(tmp_path / "root")
    peer.rocfl(folder, "new", *options, ID)
    by_rocfl(folder, ID, "a/one.txt", "one")
    root = OcflRoot.open(folder)
    assert files(root) == {1: {"a/one.txt": b"one"}}
    write(root, {"b/two.txt": b"two", "b/one again.txt": b"one"}, remove=["a/one.txt"])
    by_rocfl(folder, ID, "c/three.txt", "three")
    write(root, {}, moved={"c/three.txt": "C/drei.txt"})
    two = {"b/two.txt": b"two", "b/one again.txt": b"one"}
    assert files(root) == {
        1: {"a/one.txt": b"one"},
        2: two,
        3: {**two, "c/three.txt": b"three"},
        4: {**two, "C/drei.txt": b"three"},
    }
    said = peer.rocfl(folder, "ls", ID).split("\n")
    assert sorted(filter(None, said)) == ["C/drei.txt", "b/one again.txt", "b/two.txt"]
    padded = ["W001"] if "--zero-padding" in options else []
    assert_judged_valid(folder, objects=1, allow=[RESPELLED, *padded])


def test_rocfl_extends_and_purges_what_we_wrote(tmp_path: Path) -> None:
    root = OcflRoot.open(tmp_path / "root")
    write(root, {"a ü?.txt": b"a"})
    write(root, {"b": b"b"}, object_id="urn:other")
    by_rocfl(root.folder, ID, "new.txt", "new")
    assert peer.rocfl(root.folder, "cat", ID, "a ü?.txt") == "a"
    peer.rocfl(root.folder, "purge", "--force", "urn:other")
    assert not root.exists("urn:other")
    assert files(root)[2] == {"a ü?.txt": b"a", "new.txt": b"new"}
    write(root, {"more.txt": b"more"}, remove=["new.txt"])
    assert files(root)[3] == {"a ü?.txt": b"a", "more.txt": b"more"}
    assert_judged_valid(root.folder, objects=1, allow=[RESPELLED])


def test_an_older_root_of_rocfl(tmp_path: Path) -> None:
    folder = of_rocfl(tmp_path / "root", "--spec-version", "1.0")
    peer.rocfl(folder, "new", ID)
    by_rocfl(folder, ID, "a", "a")
    root = OcflRoot.open(folder)
    write(root, {"b": b"b"})
    write(root, {"b": b"b"}, object_id="urn:ours")
    for object_id in (ID, "urn:ours"):
        said = inventory(object_of(folder, object_id))
        assert said["type"] == "https://ocfl.io/1.0/spec/#inventory"
    assert_judged_valid(folder, objects=2)


# -------------------------------------------------------------------------- ocfl-java and ours


def test_an_object_of_ocfl_java_is_read_and_extended_in_turn(tmp_path: Path) -> None:
    folder = of_rocfl(tmp_path / "root")
    assert peer.java_write(folder, ID, "a b\\c.txt", "one") == "v1"
    root = OcflRoot.open(folder)
    assert files(root) == {1: {"a b\\c.txt": b"one"}}
    write(root, {"two.txt": b"two", "again.txt": b"one"}, remove=["a b\\c.txt"])
    assert peer.java_write(folder, ID, "two.txt", "zwei") == "v3"
    write(root, {"three.txt": b"three"})
    assert files(root)[3] == {"two.txt": b"zwei", "again.txt": b"one"}
    assert files(root)[4] == {"two.txt": b"zwei", "again.txt": b"one", "three.txt": b"three"}
    # rocfl cannot read the backslash that v1 has
    assert_judged_valid(folder, objects=1, by=["ocfl-java"])


def test_ocfl_java_extends_what_we_wrote(tmp_path: Path) -> None:
    root = OcflRoot.open(tmp_path / "root")
    write(root, {"ü x.txt": b"a"})
    assert peer.java_write(root.folder, ID, "new.txt", "new") == "v2"
    write(root, {}, remove=["ü x.txt"])
    assert files(root) == {
        1: {"ü x.txt": b"a"},
        2: {"ü x.txt": b"a", "new.txt": b"new"},
        3: {"new.txt": b"new"},
    }
    assert_judged_valid(root.folder, objects=1)


# ------------------------------------------------------------------------------------ layouts

BOTH = ("rocfl", "ocfl-java")
ANY = (
    "urn:a",
    "info:fedora/a/b c",
    "object-01",
    "..hor/rib:lé-$id",
    "İstanbul/ß",
    "x" * 99,
    "y%2fz" * 30,
    "a.b_C~",
)
FLAT = "0002-flat-direct-storage-layout"
ENCODED = "0003-hash-and-id-n-tuple-storage-layout"
HASHED = "0004-hashed-n-tuple-storage-layout"
OMITTED = "0006-flat-omit-prefix-storage-layout"
TUPLES = "0007-n-tuple-omit-prefix-storage-layout"


def tuples(digest: str | None, size: int, count: int, **more: object) -> dict[str, object]:
    """Parameters of the layouts that have tuples."""
    algorithm = {"digestAlgorithm": digest} if digest else {}
    return {**algorithm, "tupleSize": size, "numberOfTuples": count, **more}


RIGHT = tuples(None, 3, 3, delimiter="edu/", zeroPadding="right", reverseObjectRoot=False)
TURNED = tuples(None, 4, 2, delimiter=":", zeroPadding="left", reverseObjectRoot=True)

#: layout, parameters, ids, and those who follow the layout's text for them: rocfl 1.7 names objects
#: of 0003 without tuples by their digest; ocfl-java 2.2 encodes characters beyond U+07FF with
#: upper-case digits in 0003, and turns round what is left of an id before it fills it up in 0007
LAYOUTS: list[tuple[str, dict[str, object], tuple[str, ...], tuple[str, ...]]] = [
    (FLAT, {}, ("urn:a", "object-01", "lé-$id", "a.b_C~", "x" * 255), BOTH),
    (ENCODED, {}, ANY, BOTH),
    (ENCODED, {}, ("日本", "urn:😀", "日" * 40), ("rocfl",)),
    (ENCODED, tuples("md5", 2, 15), ANY, BOTH),
    (ENCODED, tuples("sha512", 0, 0), ANY[:4], ("ocfl-java",)),
    (HASHED, {}, (*ANY, "日本", "urn:😀"), BOTH),
    (HASHED, tuples("sha512", 5, 1, shortObjectRoot=True), ANY, BOTH),
    (HASHED, tuples("blake2b-512", 0, 0), ANY, BOTH),
    (OMITTED, {"delimiter": ":"}, ("namespace:12887296", "urn:uuid:6e8bc430", "no-prefix"), BOTH),
    (OMITTED, {"delimiter": "edu/"}, ("http://x.edu/3448793", "http://x.edu/a.edu/f8.05v"), BOTH),
    (TUPLES, RIGHT, ("http://x.edu/3448793", "http://x.edu/a.edu/f8.05v.1"), BOTH),
    (TUPLES, TURNED, ("namespace:12887296", "urn:uuid:6e8bc430-9c3a"), BOTH),
    (TUPLES, TURNED, ("x:1", "abc123"), ("rocfl",)),
]
each_layout = pytest.mark.parametrize(
    ("name", "parameters", "ids", "judges"),
    LAYOUTS,
    ids=[f"{case[0][:4]}-{number}" for number, case in enumerate(LAYOUTS)],
)


@each_layout
def test_our_objects_lie_where_others_look_for_them(
    tmp_path: Path,
    name: str,
    parameters: dict[str, object],
    ids: tuple[str, ...],
    judges: tuple[str, ...],
) -> None:
    layout = layouts.read(name, json.dumps(parameters).encode())
    root = OcflRoot.open(tmp_path / "root", layout=layout)
    for object_id in ids:
        write(root, {"a": object_id.encode()}, object_id=object_id)
        write(root, {"b": b"b"}, object_id=object_id)
        assert files(root, object_id)[2] == {"a": object_id.encode(), "b": b"b"}
    # the judges find each object by its id
    assert_judged_valid(root.folder, objects=len(ids), allow=["W005"], by=judges)


@each_layout
def test_we_look_for_objects_of_others_where_they_lie(
    tmp_path: Path,
    name: str,
    parameters: dict[str, object],
    ids: tuple[str, ...],
    judges: tuple[str, ...],
) -> None:
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"extensionName": name, **parameters}))
    folder = of_rocfl(tmp_path / "root", "--layout", name, "--config-file", str(config))
    for object_id in ids:
        if "rocfl" in judges:
            peer.rocfl(folder, "new", object_id)
            by_rocfl(folder, object_id, "a", object_id)
        else:
            peer.java_write(folder, object_id, "a", object_id)
    root = OcflRoot.open(folder)
    for object_id in ids:
        assert files(root, object_id) == {1: {"a": object_id.encode()}}
        write(root, {"b": b"b"}, object_id=object_id)
    assert_judged_valid(folder, objects=len(ids), allow=["W005"], by=judges)


def test_a_place_that_the_layout_does_not_mean_is_found(tmp_path: Path) -> None:
    root = OcflRoot.open(tmp_path / "root")
    by_hand(root, "urn:a", {"a": b"a"})
    place = root.folder / root.object_path("urn:a")
    (root.folder / "abc").mkdir()
    place.rename(root.folder / "abc/def")
    place.parent.rmdir()
    place.parent.parent.rmdir()
    place.parent.parent.parent.rmdir()
    assert peer.rocfl_root(root.folder) == ["rocfl: object urn:a: not where the layout says"]
