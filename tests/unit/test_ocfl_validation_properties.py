"""Whatever is sound is valid, whatever is damaged is found, whatever lies there is survived."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from strongroom.ocfl.validation import digests, paths
from strongroom.ocfl.validation.places import what_is
from strongroom.ocfl.validation.problems import Problem
from strongroom.ocfl.validation.reporting import Problems
from strongroom.storage.localstore import LocalStore
from support.ocfl_faults import CORE, MORE
from support.ocfl_faults_judged import judge
from support.ocfl_faults_making import Entry, Link, Obj, Pipe, Tree, make, write
from support.ocfl_faults_roots import hashed, shelf


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("properties")


@contextmanager
def written(base: Path, tree: Tree) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(dir=base))
    try:
        yield write(tree, folder)
    finally:
        shutil.rmtree(folder)


# ------------------------------------------------------------------------------------------- sound

_segments = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="/\0"), min_size=1, max_size=8
).filter(lambda text: text not in (".", ".."))
_paths = st.lists(_segments, min_size=1, max_size=3).map("/".join)


def _without_conflicts(files: dict[str, bytes]) -> dict[str, bytes]:
    """Leaves out what is a folder of another path."""
    folders = {path[:at] for path in files for at, each in enumerate(path) if each == "/"}
    return {path: data for path, data in files.items() if path not in folders}


_states = st.lists(
    st.dictionaries(_paths, st.binary(max_size=3), max_size=4).map(_without_conflicts),
    min_size=1,
    max_size=4,
)


@st.composite
def objects(draw: st.DrawFn) -> tuple[Obj, set[str]]:
    """A sound object, and the warnings that it deserves."""
    states = draw(_states)
    width = draw(st.sampled_from([0, 0, 2, 5]))
    algorithms = [draw(st.sampled_from(["sha512", "sha512", "sha256"])) for _ in states]
    specs = ["1.0"] * draw(st.integers(0, len(states)))
    specs += ["1.1"] * (len(states) - len(specs))
    content = draw(st.sampled_from(["content", "content", "stuff", "v1", "inventory"]))
    made = make(
        states,
        spec=specs,
        algorithm=algorithms,
        name=lambda number: f"v{number:0{width}}",
        content=content,
        content_key=content != "content" or draw(st.booleans()),
        fixity=draw(st.lists(st.sampled_from(CORE + MORE), max_size=3, unique=True)),
        once=draw(st.booleans()),
    )
    warnings = {"W001"} if width else set()
    return made, warnings | ({"W004"} if "sha256" in algorithms else set())


@settings(max_examples=100, deadline=None)
@given(objects())
def test_a_sound_object_is_valid(base: Path, drawn: tuple[Obj, set[str]]) -> None:
    made, warnings = drawn
    with written(base, made.tree()) as folder:
        judged = judge(folder)
        assert judged.codes == warnings, f"\n{judged}"
        assert judged.summary.files == len(made.content)
        assert judged.summary.bytes == sum(map(len, made.content.values()))


# ----------------------------------------------------------------------------------------- damaged

_HARM = ("flip", "cut", "more", "delete", "swap", "link")


def _as_sidecar(entry: Entry) -> object:
    """What a side-car says; blanks and case are free."""
    return entry.lower().split() if isinstance(entry, bytes) else entry


@settings(max_examples=250, deadline=None)
@given(objects(), st.data())
def test_damage_is_found(base: Path, drawn: tuple[Obj, set[str]], data: st.DataObject) -> None:
    made, _ = drawn
    tree = made.tree()
    path = data.draw(st.sampled_from(sorted(tree)))
    before = tree[path]
    assert isinstance(before, bytes)
    harm = data.draw(st.sampled_from(_HARM))
    if harm == "flip":
        assume(before)
        at = data.draw(st.integers(0, len(before) - 1))
        flipped = before[at] ^ data.draw(st.integers(1, 255))
        tree[path] = before[:at] + bytes([flipped]) + before[at + 1 :]
    elif harm == "cut":
        assume(before)
        tree[path] = before[: data.draw(st.integers(0, len(before) - 1))]
    elif harm == "more":
        tree[path] = before + data.draw(st.binary(min_size=1, max_size=3))
    elif harm == "delete":
        del tree[path]
    elif harm == "link":
        tree[path] = Link("elsewhere")
        tree["logs/elsewhere"] = before
    else:
        other = data.draw(st.sampled_from(sorted(tree)))
        tree[path], tree[other] = tree[other], before
        assume(tree[path] != before)
    if path.rpartition("/")[2].startswith("inventory.json.") and path in tree:
        assume(_as_sidecar(tree[path]) != _as_sidecar(before))
    with written(base, tree) as folder:
        judged = judge(folder)
        if harm == "delete" and path.endswith("/inventory.json"):
            # versions need no inventory
            assert "W010" in judged.codes or not judged.summary.valid, f"{path}\n{judged}"
        else:
            assert not judged.summary.valid, f"{harm} {path}"


# ---------------------------------------------------------------------------------------- anything


@settings(max_examples=80, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=60),
        st.text('{}[]",:\\ 0-eE.ntfu', max_size=40).map(str.encode),
        st.builds(
            lambda depth, text: text * depth,
            st.integers(1, 50_000),
            st.sampled_from([b"[", b'{"a":', b"9"]),
        ),
    ),
    st.booleans(),
)
def test_any_bytes_are_survived_as_an_inventory(base: Path, data: bytes, older: bool) -> None:
    made = make()
    made.inventories["v1" if older else "v3"] = data
    with written(base, made.tree()) as folder:
        judged = judge(folder)
        assert not judged.summary.valid
        assert judged.codes


_json = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.sampled_from(["@huge", float("nan"), float("inf"), -0.0, 1e308, 1.5]),
        st.text(max_size=6),
        st.sampled_from(
            [
                "\ud800",
                "v1",
                "v2",
                "v99999999999999999999",
                "v1/content/a.txt",
                "/",
                "..",
                "\0",
                "v1/content/\0",
                "v1/content/" + "x" * 300,
                "a" * 128,
                "v1/content/" + "d/" * 3000 + "f",
            ]
        ),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something else can be put into a JSON value."""
    yield path
    items = value.items() if isinstance(value, dict) else ()
    items = enumerate(value) if isinstance(value, list) else items
    for key, below in items:
        yield from _places(below, (*path, key))


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_change_to_an_inventory_is_survived(base: Path, data: st.DataObject) -> None:
    made = make(fixity=("md5",), content_key=True)
    version = data.draw(st.sampled_from(["v1", "v3"]))
    found: Any = json.loads(json.dumps(made.of(version)))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.sampled_from(sorted(_places(found), key=repr)))
        if not place:
            continue
        holder = found
        for key in place[:-1]:
            holder = holder[key]
        how = data.draw(st.sampled_from(["value", "gone", "key"]))
        if how == "value" or isinstance(holder, list):
            holder[place[-1]] = data.draw(_json)
        elif how == "gone":
            del holder[place[-1]]
        else:
            holder[data.draw(st.text(max_size=5))] = holder.pop(place[-1])
    # more digits than the standard library turns into text
    made.inventories[version] = json.dumps(found).encode().replace(b'"@huge"', b"9" * 5000)
    with written(base, made.tree()) as folder:
        judge(folder)


_NAMES = [
    "0=ocfl_1.1",
    "0=ocfl_object_1.1",
    "0=ocfl_object_1.0",
    "0=",
    "=ocfl_1.1",
    "ocfl_layout.json",
    "extensions",
    "logs",
    "inventory.json",
    "inventory.json.sha512",
    "v1",
    "v2",
    "v01",
    "content",
    "0004-hashed-n-tuple-storage-layout",
    "config.json",
    "a",
    "\udcff",
    "new\nline",
    "v" + "9" * 200,
]
_entries = st.one_of(
    st.sampled_from(
        [
            b"",
            b"ocfl_1.1\n",
            b"ocfl_object_1.1\n",
            b"{}",
            b"[]",
            b"null",
            b"\xff",
            b'{"extension": "0004-hashed-n-tuple-storage-layout", "description": ""}',
            b'{"extension": "0003-hash-and-id-n-tuple-storage-layout", "description": ""}',
        ]
    ),
    st.sampled_from([None, Pipe(), Link("."), Link("/"), Link("nowhere")]),
)


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    """Any folders and files, by names that a validator looks for."""
    drawn = draw(
        st.dictionaries(
            st.lists(st.sampled_from(_NAMES), min_size=1, max_size=4).map("/".join),
            _entries,
            max_size=12,
        )
    )
    folders = {path[:at] for path in drawn for at, each in enumerate(path) if each == "/"}
    return {path: entry for path, entry in drawn.items() if path not in folders}


@settings(max_examples=150, deadline=None)
@given(trees(), st.sampled_from([None, shelf, hashed]))
def test_any_folders_are_survived(base: Path, tree: Tree, sound: Any) -> None:
    whole = tree if sound is None else sound().tree()
    for path, entry in tree.items():
        # a file cannot lie below another
        if not any(
            f"{path}/".startswith(f"{each}/") or each.startswith(f"{path}/") for each in whole
        ):
            whole[path] = entry
    with written(base, whole) as folder:
        what_is(LocalStore(folder))
        judge(folder, root=True)
        judge(folder)


# ----------------------------------------------------------------------------- many at once, or one

_odd_paths = st.lists(
    st.lists(st.sampled_from(["", ".", "..", "...", "a", ".a", "a.", "\n", ".\n", "\0"])).map(
        "/".join
    )
)


def _is_safe(path: str) -> bool:
    """As section 3.5 has it: no element is empty or made of one or two dots."""
    return not {"", ".", ".."} & set(path.split("/"))


@given(_odd_paths.filter(bool))
def test_paths_are_judged_alike_one_by_one_and_all_at_once(named: list[str]) -> None:
    told: list[Problem] = []
    problems = Problems(told.append)
    problems.identify(None)
    for path in named:
        for judged in (paths.content_path, paths.logical_path):
            told.clear()
            assert judged(path, "place", problems) == _is_safe(path)
            assert bool(told) != _is_safe(path)
    assert paths.all_safe(named) == all(map(_is_safe, named))


@given(
    st.dictionaries(
        st.text("ab", min_size=1),
        st.one_of(
            st.none(),
            st.text("a/", max_size=2),
            st.dictionaries(st.text("a", max_size=2), st.none(), max_size=2),
            st.lists(
                st.one_of(st.text("ab./", max_size=3), st.none(), st.lists(st.none(), max_size=1)),
                max_size=3,
            ),
        ),
        max_size=4,
    )
)
def test_a_block_is_flat_exactly_if_nothing_is_odd_about_it(block: dict[str, Any]) -> None:
    named = [path for held in block.values() if isinstance(held, list) for path in held]
    texts = [path for path in named if isinstance(path, str)]
    odd = (
        any(not isinstance(held, list) for held in block.values())
        or len(set(texts)) != len(named)
        or not all(map(_is_safe, texts))
    )
    flat = paths.flat(block)
    assert (flat is None) == odd
    if flat is not None:
        assert flat == {path: digest for digest, held in block.items() for path in held}


@pytest.mark.parametrize("algorithm", ["md5", "sha256", "size"])
@given(
    st.lists(st.text("0aF", max_size=2).map(lambda text: text * 32) | st.text("0x ", max_size=3))
)
def test_digests_are_malformed_alike_one_by_one_and_all_at_once(
    algorithm: str, values: list[str]
) -> None:
    found = digests.malformed(algorithm, values)
    assert found == [value for value in values if not digests.well_formed(algorithm, value)]


@pytest.mark.parametrize("name", ["\n", ".\n", "a\n"])
def test_a_name_with_a_line_feed_is_no_reason_not_to_read_a_file(name: str, tmp_path: Path) -> None:
    made = make([{name: b"one"}])
    assert judge(write(made.tree(), tmp_path / "sound")).codes <= {"W007", "W008"}
    made.put(f"v1/content/{name}", b"two")
    assert "E092" in judge(write(made.tree(), tmp_path / "damaged")).codes
