"""Faults that touch others: what one check tells, no other tells again, and none is hidden.

Each row names the codes that it must yield and no others.
"""

from __future__ import annotations

from typing import Any

from support.ocfl_faults_content import A, keys, manifest_value, path
from support.ocfl_faults_inventory import key
from support.ocfl_faults_making import PAGE, Link, Obj, Pipe, SameFile, digest, fault, make
from support.ocfl_faults_object_root import DECLARATION
from support.ocfl_faults_version_folders import forgotten_later, no_versions, padded, twice

MD5 = digest("md5", b"page")


def both(*harms: Any) -> Any:
    return lambda made: [harm(made) for harm in harms]


def put(path: str, entry: Any = b"") -> Any:
    return lambda made: made.put(path, entry)


def remove(*paths: str) -> Any:
    return lambda made: made.remove(*paths)


def again(path: str) -> Any:
    """A further name of a content file."""
    return put(path, SameFile(A))


def fixed(*algorithms: str) -> Any:
    return lambda: make(PAGE, fixity=algorithms)


def declaration_elsewhere(made: Obj) -> None:
    made.put("logs/declaration", made.tree()[DECLARATION])
    made.put(DECLARATION, Link("logs/declaration"))


def wrong_fixity_everywhere(made: Obj) -> None:
    for inventory in made.each():
        inventory["fixity"] = {"md5": {MD5: [A]}}


def malformed_in_first(made: Obj) -> None:
    """One digest is malformed in the first inventory alone."""
    first = made.of("v1")
    whole = made.digest_of(A)
    for block in (first["manifest"], first["versions"]["v1"]["state"]):
        block[whole[:-1]] = block.pop(whole)


def wrong_in_two(made: Obj) -> None:
    """The two older inventories state, by their own algorithm, what a file never was."""
    right, wrong = digest("sha256", b"one"), digest("sha256", b"never")
    for version in ("v1", "v2"):
        inventory = made.of(version)
        states = [each["state"] for each in inventory["versions"].values()]
        for block in (inventory["manifest"], *states):
            if right in block:
                block[wrong] = block.pop(right)


TOGETHER = [
    # --------------------------------------------------------------------------- what is no file
    fault("E090", "a declaration that is a link", DECLARATION, declaration_elsewhere),
    fault("E001", "a declaration that is a pipe", DECLARATION, put(DECLARATION, Pipe())),
    fault("E023", "content that is a pipe", A, put(A, Pipe())),
    fault("E067", "a pipe in extensions", "extensions/pipe", put("extensions/pipe", Pipe())),
    fault("E090", "a second name in the object root", "a.txt", again("a.txt"), times=2),
    fault("E090", "a second name in extensions", "a.txt", again("extensions/a.txt"), times=2),
    fault("E090", "a second name in a version", "a.txt", again("v1/a.txt"), times=2),
    fault("E090", "a second name in content", "v1/content/", again("v1/content/x"), times=2),
    fault("E090", "a link in extensions", "extensions/x", put("extensions/x", Link("../v1"))),
    # -------------------------------------------------------------------------- version folders
    fault("E008", "no versions, but a folder", "", both(no_versions, put("v1/content/a"))),
    fault("E046", "two folders more", "v", both(put("v4/a"), put("v5/a")), times=2),
    fault("E010 E046", "a folder more, and a gap", "v", both(put("v4/a"), put("v6/a"))),
    fault("E010 E046", "one folder for another", "v", both(remove("v3"), put("v4/a"))),
    fault("E046", "two folders less", "v", remove("v2", "v3"), times=2),
    fault("E046", "a version's folder twice", "v01", put("v01/content/a")),
    fault("E010", "a gap that a folder fills", "", put("v2/content/x"), padded("v1", "v3")),
    # ---------------------------------------------------------------------------------- content
    fault("E016", "forgotten, too", "v1", both(forgotten_later, remove("v1/content")), twice),
    fault("E092", "forgotten, too", "", both(forgotten_later, remove("v1/content/two")), twice),
    fault(
        "E092",
        "its folder is still there",
        "v1/content/b/c.txt",
        both(remove("v1/content/b"), put("v1/content/b", None)),
    ),
    fault(
        "E092",
        "the content folder is still there",
        "v1/content/",
        both(remove("v1/content"), put("v1/content", None)),
        times=3,
    ),
    fault("E031 E066", "malformed in v1's alone", "v1/inventory.json", malformed_in_first),
    fault(
        "E092 W004",
        "wrong in two older inventories",
        "",
        wrong_in_two,
        lambda: make(algorithm=("sha256", "sha256", "sha512")),
        times=3,
    ),
    # ----------------------------------------------------------------------------------- fixity
    fault("E092 E093", "other bytes, with fixity", A, put(A, b"Page"), fixed("md5")),
    fault("E092 E093", "three algorithms", A, put(A, b"P"), fixed("md5", "sha1", "size"), times=4),
    fault(
        "E092",
        "a missing file, with fixity",
        A,
        both(remove(A), put("v1/content", None)),
        fixed("md5", "sha1"),
    ),
    fault("E093", "told once of all versions", A, wrong_fixity_everywhere),
    fault("E031", "malformed, with fixity", "", keys(lambda key, _: key[:-1]), fixed("sha512")),
    fault("E041", "no manifest, with fixity", "", lambda o: o.newest.pop("manifest"), fixed("md5")),
    fault("E092", "no paths, with fixity", "manifest", manifest_value(None), fixed("md5")),
    fault(
        "E042",
        "a bad path in both",
        "manifest",
        both(path("v1/x"), lambda made: made.newest["fixity"]["md5"][MD5].append("v1/x")),
        fixed("md5"),
    ),
    fault(
        "E101",
        "a path under two digests of fixity",
        "fixity.md5",
        lambda made: made.newest["fixity"]["md5"].update({digest("md5", b"x"): [A]}),
        fixed("md5"),
    ),
    *(
        fault("E102", f"no fixity: {value!r}", "checksums", key("checksums", value))
        for value in ({}, {"md5": "x"}, {"crc32": {}}, [], "md5")
    ),
]
