"""What can be wrong with digests, paths, content, fixity, and between the inventories of an object.

Each row names the codes that it must yield and no others.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from support.ocfl_faults_making import PAGE, USER, Obj, digest, fault, make

CORE = ("md5", "sha1", "sha256", "sha512", "blake2b-512")
MORE = ("blake2b-160", "blake2b-256", "blake2b-384", "sha512/256", "size")
#: a content file
A = "v1/content/a.txt"


def fixed() -> Obj:
    """One version with fixity of every algorithm."""
    return make(PAGE, fixity=CORE + MORE)


def of(algorithm: str) -> Callable[[], Obj]:
    return lambda: make(PAGE, algorithm=algorithm)


def old() -> Obj:
    return make(spec="1.0")


def keys(change: Callable[[str, bytes], str]) -> Any:
    """The digest of a.txt otherwise in every manifest and state, the same everywhere."""

    def harm(made: Obj) -> None:
        before = digest(made.newest["digestAlgorithm"], made.content[A])
        after = change(before, made.content[A])
        for inventory in made.each():
            states = [version["state"] for version in inventory["versions"].values()]
            for block in (inventory["manifest"], *states):
                if before in block:
                    block[after] = block.pop(before)

    return harm


def fixity(algorithm: str, value: str) -> Any:
    """What one fixity algorithm says of a.txt."""
    return lambda made: made.newest["fixity"].update({algorithm: {value: [A]}})


def path(*paths: str) -> Any:
    """Further content paths of the bytes of a.txt, in the newest manifest."""
    return lambda made: made.newest["manifest"][made.digest_of(A)].extend(paths)


def fixity_path(*paths: str) -> Any:
    return lambda made: made.newest["fixity"]["md5"][digest("md5", b"page")].extend(paths)


def state(made: Obj) -> dict[str, list[str]]:
    """The newest state, as the newest inventory has it."""
    found: dict[str, list[str]] = made.newest["versions"][made.newest["head"]]["state"]
    return found


def logical(*paths: str) -> Any:
    """Further logical paths of one digest of the newest state."""
    return lambda made: state(made)[made.digest_of("v1/content/b/c.txt")].extend(paths)


def under_another_digest(made: Obj) -> None:
    """One logical path under two digests."""
    state(made)[made.digest_of("v2/content/a.txt")].append("b/c.txt")


def content_twice(made: Obj) -> None:
    """One content path under two digests."""
    made.newest["manifest"][made.digest_of("v1/content/empty")].append(A)


def both_cases(made: Obj) -> None:
    """One digest in both cases, each used by the state."""
    key = made.digest_of(A)
    for block, path in ((made.newest["manifest"], "v1/content/copy"), (state(made), "copy")):
        block[key.upper()] = [path]
    made.put("v1/content/copy", made.content[A])


def fixity_both_cases(made: Obj) -> None:
    block = made.newest["fixity"]["sha1"]
    [key] = block
    block[key.upper()] = list(block[key])


def state_in_capitals(made: Obj) -> None:
    found = state(made)
    key = made.digest_of(A)
    found[key.upper()] = found.pop(key)


def state_unknown(made: Obj) -> None:
    state(made)[digest("sha512", b"never stored")] = ["ghost"]


def unused(made: Obj) -> None:
    made.put("v3/content/unused", b"unused")
    made.newest["manifest"][digest("sha512", b"unused")] = ["v3/content/unused"]


def renamed_in(version: str, of: str) -> Any:
    """An older inventory has another name for a file of a version."""

    def harm(made: Obj) -> None:
        found = made.of(version)["versions"][of]["state"]
        for paths in found.values():
            paths[:] = ["z.txt" if each == "a.txt" else each for each in paths]

    return harm


def exchanged(made: Obj) -> None:
    """v1's own inventory has two files of v1 the other way round."""
    found = made.of("v1")["versions"]["v1"]["state"]
    one, two = (digest("sha512", data) for data in (b"one", b"two"))
    found[one], found[two] = found[two], found[one]


def lost_in_first(made: Obj) -> None:
    """v1's own inventory has a file less in its state; its manifest keeps it for another."""
    found = made.of("v1")["versions"]["v1"]["state"]
    found[made.digest_of("v1/content/b/c.txt")].remove("again")


def told_otherwise(name: str, value: object) -> Any:
    return lambda made: made.of("v1")["versions"]["v1"].update({name: value})


def fixity_twice(made: Obj) -> None:
    made.newest["fixity"] = {"md5": {digest("md5", made.tree()[A]): [A, A]}}


def older_digest(made: Obj) -> None:
    """The first inventory states, by its own algorithm, digests that a file never had."""
    first = made.of("v1")
    old = next(d for d, held in first["manifest"].items() if held == [A])
    wrong = digest("sha256", b"other bytes")
    first["manifest"][wrong] = first["manifest"].pop(old)
    state = first["versions"]["v1"]["state"]
    state[wrong] = state.pop(old)


def manifest_value(value: object) -> Any:
    """What stands in the manifest in the place of the paths of a.txt, which is gone."""

    def harm(made: Obj) -> None:
        made.newest["manifest"][made.digest_of(A)] = value
        made.content.clear()

    return harm


_UNSAFE = [
    ("E099", "two dots", "v1/content/../content/x"),
    ("E099", "out of the object", "v1/content/../../../x"),
    ("E099", "a dot", "v1/content/./x"),
    ("E099", "nothing between slashes", "v1/content//x"),
    ("E100", "a slash at the start", "/v1/content/x"),
    ("E100", "a slash at the end", "v1/content/x/"),
    ("E100", "elsewhere on the machine", "/etc/passwd"),
]

CONTENT = [
    # ------------------------------------------------------------------------------------ digests
    fault(
        "E039",
        "sha256 in an object of sha512",
        "manifest",
        keys(lambda _, data: digest("sha256", data)),
    ),
    fault(
        "E039 W004",
        "sha512 in an object of sha256",
        "",
        keys(lambda _, data: digest("sha512", data)),
        of("sha256"),
    ),
    fault("E031", "too short", "", keys(lambda key, _: key[:-1])),
    fault("E031", "of another length", "", keys(lambda _, data: digest("md5", data))),
    fault("E031", "no hexadecimal digits", "", keys(lambda key, _: "g" + key[1:])),
    fault("E031", "digits of another script", "", keys(lambda key, _: "٣" + key[1:])),
    fault("E031", "empty", "", keys(lambda *_: "")),
    fault("E030 W004", "sha256 too short", "", keys(lambda key, _: key[:-1]), of("sha256")),
    fault(
        "E030 W004",
        "no hexadecimal digits, sha256",
        "",
        keys(lambda key, _: "g" + key[1:]),
        of("sha256"),
    ),
    *(
        fault(
            code,
            f"fixity of {algorithm}, {name}",
            f"fixity.{algorithm}",
            fixity(algorithm, value),
            fixed,
        )
        for code, algorithm in (
            ("E029", "sha1"),
            ("E030", "sha256"),
            ("E031", "sha512"),
            ("E032", "blake2b-512"),
            ("E093", "md5"),
            ("E093", "sha512/256"),
            ("E093", "size"),
            ("E093", "blake2b-160"),
        )
        for name, value in (("too short", "a"), ("no digits", "z" * len(digest(algorithm, b""))))
    ),
    fault("E096", "one digest in both cases", "manifest", both_cases, lambda: make(PAGE)),
    fault("E097", "one digest in both cases", "fixity.sha1", fixity_both_cases, fixed),
    fault(
        "E050",
        "a digest in the other case",
        "versions.v1.state",
        state_in_capitals,
        lambda: make(PAGE),
    ),
    fault("E050", "a digest that the manifest lacks", "versions.v3.state", state_unknown),
    fault("E107", "a digest that no state uses", "manifest", unused),
    fault("W004", "sha256", "digestAlgorithm", lambda _: None, of("sha256")),
    fault(
        "W004",
        "sha256 in v1",
        "v1/inventory.json",
        lambda _: None,
        lambda: make(algorithm=("sha256", "sha512", "sha512")),
    ),
    # -------------------------------------------------------------------------------- content paths
    *(fault(code, name, "manifest", path(bad)) for code, name, bad in _UNSAFE),
    *(
        fault(code, f"{name}, in fixity", "fixity.md5", fixity_path(bad), fixed)
        for code, name, bad in _UNSAFE
    ),
    fault("E099", "an empty path", "manifest", path("")),
    fault("E101", "twice under one digest", "manifest", path(A)),
    fault("E101", "under two digests", "manifest", content_twice),
    fault("E101", "twice under one digest of fixity", "fixity", fixity_twice),
    fault("E101", "a file and a folder", "manifest", path("v1/content/b")),
    fault("E101", "a file, and below it", "manifest", path("v1/content/empty/x")),
    fault("E035", "backslashes", "manifest", path("v1\\content\\x")),
    fault("E014", "a version that is not there", "manifest", path("v9/content/x")),
    fault("E014", "a version padded", "manifest", path("v01/content/x")),
    fault("E042", "no version", "manifest", path("content/x")),
    fault("E042", "a name alone", "manifest", path("x")),
    fault("E042", "no content folder", "manifest", path("v1/x")),
    fault("E042", "the content folder itself", "manifest", path("v3/content")),
    fault(
        "E042",
        "another folder than the one that is named",
        "manifest",
        path("v1/notes/x"),
        lambda: make(content_key=True),
    ),
    # -------------------------------------------------------------------------------- logical paths
    fault("E052", "two dots", "versions.v3.state", logical("x/../y")),
    fault("E052", "a dot", "versions.v3.state", logical("./y")),
    fault("E052", "nothing between slashes", "versions.v3.state", logical("x//y")),
    fault("E052", "an empty path", "versions.v3.state", logical("")),
    fault("E053", "a slash at the start", "versions.v3.state", logical("/x")),
    fault("E053", "a slash at the end", "versions.v3.state", logical("x/")),
    fault("E095", "twice under one digest", "versions.v3.state", logical("b/c.txt")),
    fault("E095", "under two digests", "versions.v3.state", under_another_digest),
    fault("E095", "a file and a folder", "versions.v3.state", logical("b")),
    fault("E095", "a file, and deep below it", "versions.v3.state", logical("a.txt/x/y")),
    # -------------------------------------------------------------------------------------- content
    fault("E092", "a missing file", A, lambda made: made.remove(A)),
    fault("E092", "a file that never was", "v2/content/x", path("v2/content/x")),
    fault("E092", "other bytes", A, lambda made: made.put(A, b"One")),
    fault("E092", "cut off", A, lambda made: made.put(A, b"on")),
    fault("E092", "empty", A, lambda made: made.put(A, b"")),
    fault("E092", "longer", A, lambda made: made.put(A, b"one.")),
    fault("E092", "a large one", A, lambda made: made.put(A, b"one" * 1_000_000)),
    fault(
        "E092",
        "an empty file grown",
        "v1/content/empty",
        lambda made: made.put("v1/content/empty", b"x"),
    ),
    fault(
        "E092",
        "two files exchanged",
        "v1/content/",
        lambda made: (made.put(A, b"two"), made.put("v1/content/b/c.txt", b"one")),
        times=2,
    ),
    fault(
        "E092",
        "one of two copies",
        "v1/content/two",
        lambda made: made.put("v1/content/two", b"other"),
        lambda: make([{"one": b"x", "two": b"x"}], once=False),
    ),
    *(
        fault("E092", f"paths of {value!r}", "manifest", manifest_value(value), lambda: make(PAGE))
        for value in (A, [], [5], {}, None)
    ),
    fault(
        "E092 W004",
        "an older digest of another algorithm",
        "",
        older_digest,
        lambda: make(algorithm=("sha256", "sha512", "sha512")),
    ),
    fault("E092 W004", "other bytes, sha256", "", lambda made: made.put(A, b"Page"), of("sha256")),
    # --------------------------------------------------------------------------------------- fixity
    *(
        fault(
            "E093",
            f"another {algorithm}",
            A if algorithm != "size" else "",
            fixity(algorithm, digest(algorithm, b"other bytes")),
            fixed,
        )
        for algorithm in CORE + MORE
    ),
    fault("E093", "a file that is not there", "v1/content/x", fixity_path("v1/content/x"), fixed),
    fault(
        "E093",
        "fixity of v1's own inventory",
        "v1",
        lambda made: made.of("v1").update(fixity={"md5": {digest("md5", b"x"): [A]}}),
    ),
    # ------------------------------------------------------------- inventories against each other
    fault("E066", "another name in v1's", "v1/inventory.json", renamed_in("v1", "v1")),
    fault("E066", "another name in v2's", "v2/inventory.json", renamed_in("v2", "v1")),
    fault("E066", "another name in v2's own", "v2/inventory.json", renamed_in("v2", "v2")),
    fault("E066", "two files exchanged", "v1/inventory.json", exchanged),
    fault(
        "E066",
        "a file less",
        "v1/inventory.json",
        lost_in_first,
        lambda: make([{"b/c.txt": b"two", "again": b"two"}] * 2),
    ),
    fault(
        "E066 W004",
        "another name, and another algorithm",
        "v1/inventory.json",
        renamed_in("v1", "v1"),
        lambda: make(algorithm=("sha256", "sha512", "sha512")),
    ),
    fault(
        "W011",
        "another date",
        "v1/inventory.json",
        told_otherwise("created", "2020-02-02T00:00:00Z"),
    ),
    fault("W011", "another message", "v1/inventory.json", told_otherwise("message", "First")),
    fault(
        "W011", "another user", "v1/inventory.json", told_otherwise("user", {**USER, "name": "Bob"})
    ),
]
