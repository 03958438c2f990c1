"""Layouts put objects where their specifications say, and nowhere that is not for objects."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator

import ocfl.layout_0003_hash_and_id_n_tuple as peer_0003
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.errors import Unprocessable
from strongroom.ocfl import extensions, layouts
from strongroom.ocfl.layouts import (
    FlatDirect,
    FlatOmitPrefix,
    HashAndId,
    Hashed,
    Layout,
    NTupleOmitPrefix,
)
from strongroom.ocfl.texts import published
from strongroom.ocfl.validation import registered

ALL = sorted(layouts.NAMES)
TEN = "abcdefghij"


# ------------------------------------------------------------------------------- specifications


def rows(name: str) -> Iterator[tuple[str, bytes | None, str, str]]:
    """Each mapping in the tables of a specification: layout, config above it, id, path."""
    text = published(f"{name}.md").decode()
    examples = re.split(r"^### Example \d+$", text, flags=re.MULTILINE)[1:]
    for example in examples:
        config = re.search(r"^```json\n(.*?)^```", example, re.MULTILINE | re.DOTALL)
        mappings = example.partition("#### Mappings")[2].partition("####")[0]
        for line in mappings.splitlines():
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if len(cells) < 2 or cells[0] == "Object ID" or set(cells[0]) == {"-"}:
                continue
            object_id = cells[0].replace("\\_", "_")
            yield name, config[1].encode() if config else None, object_id, cells[-1].strip("`")


ROWS = [row for name in ALL for row in rows(name)]
#: what the specifications themselves show as mappings that no file system can have
IMPOSSIBLE = {
    "info:fedora/object-01",
    f"{TEN * 26}",
    "https://example.org/info:/12345/x54xz321/s3/f8.05v",
}
#: a slip in the specification of 0003, whose own program gives the id, as its text demands
SLIPS = {("0003-hash-and-id-n-tuple-storage-layout", "object-id"): "object-01"}


def test_all_tables_of_the_specifications_were_read() -> None:
    counts = {name[:4]: sum(row[0] == name for row in ROWS) for name in ALL}
    assert counts == {"0002": 4, "0003": 6, "0004": 6, "0006": 6, "0007": 5}
    assert sum(row[2] in IMPOSSIBLE for row in ROWS) == 4


@pytest.mark.parametrize(("name", "config", "object_id", "path"), ROWS)
def test_examples_of_the_specifications(
    name: str, config: bytes | None, object_id: str, path: str
) -> None:
    layout = layouts.read(name, config)
    if object_id in IMPOSSIBLE:
        with pytest.raises(Unprocessable, match="has no place for the id") as caught:
            layout.object_path(object_id)
        assert caught.value.problem == "id-not-mappable"
    else:
        assert layout.object_path(object_id) == SLIPS.get((name, path), path)


OF_260 = "55b432806f4e270da0cf23815ed338742179002153cd8d896f23b3e2d8a14359"
OF_101 = "5cc73e648fbcff136510e330871180922ddacf193b68fdeff855683a01464220"


@pytest.mark.parametrize(
    ("parameters", "object_id", "path"),
    [
        ({}, "object-01", "3c0/ff4/240/object-01"),
        ({"digestAlgorithm": "md5"}, "object-01", "ff7/553/449/object-01"),
        (
            {"digestAlgorithm": "md5", "tupleSize": 5, "numberOfTuples": 2},
            "object-01",
            "ff755/34492/object-01",
        ),
        (
            {"digestAlgorithm": "md5", "tupleSize": 0, "numberOfTuples": 0},
            "object-01",
            "object-01",
        ),
        ({"digestAlgorithm": "md5"}, "..hor/rib:le-$id", "083/197/66f/%2e%2ehor%2frib%3ale-%24id"),
        ({}, "..Hor/rib:lè-$id", "373/529/21a/%2e%2eHor%2frib%3al%c3%a8-%24id"),
        (
            {},
            TEN * 26,
            f"55b/432/806/{TEN * 10}-{OF_260}",
        ),
        (
            {},
            TEN * 10 + "a",
            f"5cc/73e/648/{TEN * 10}-{OF_101}",
        ),
        # of 100 characters exactly, and cut in the middle of an encoded character
        ({"tupleSize": 0, "numberOfTuples": 0}, TEN * 10, TEN * 10),
        (
            {"tupleSize": 0, "numberOfTuples": 0},
            TEN * 9 + "abcdefgh" + "è",
            f"{TEN * 9}abcdefgh%c-" + hashlib.sha256(f"{TEN * 9}abcdefghè".encode()).hexdigest(),
        ),
    ],
)
def test_examples_of_the_program_in_0003(
    parameters: dict[str, object], object_id: str, path: str
) -> None:
    config = json.dumps({"extensionName": HashAndId.name, **parameters}).encode()
    assert layouts.read(HashAndId.name, config).object_path(object_id) == path


@pytest.mark.parametrize(
    ("algorithm", "digest"),
    [
        ("md5", hashlib.md5(b"x").hexdigest()),
        ("sha1", hashlib.sha1(b"x").hexdigest()),
        ("sha512", hashlib.sha512(b"x").hexdigest()),
        ("sha512/256", hashlib.new("sha512_256", b"x").hexdigest()),
        ("blake2b-160", hashlib.blake2b(b"x", digest_size=20).hexdigest()),
        ("blake2b-256", hashlib.blake2b(b"x", digest_size=32).hexdigest()),
        ("blake2b-384", hashlib.blake2b(b"x", digest_size=48).hexdigest()),
        ("blake2b-512", hashlib.blake2b(b"x").hexdigest()),
    ],
)
def test_all_algorithms_of_ocfl_can_spread_objects(algorithm: str, digest: str) -> None:
    layout = Hashed(digest_algorithm=algorithm, tuple_size=2, number_of_tuples=2)
    assert layout.object_path("x") == f"{digest[:2]}/{digest[2:4]}/{digest}"
    assert layouts.read(layout.name, layouts.write(layout)) == layout


IDS = st.text(min_size=1, max_size=120) | st.text("aZ9-_.%/é", min_size=90, max_size=110)


@given(
    IDS, st.sampled_from([("sha256", 3, 3), ("md5", 2, 15), ("sha512", 32, 4), ("sha256", 1, 7)])
)
def test_0003_and_0004_agree_with_a_peer_and_a_plain_formula(
    object_id: str, parameters: tuple[str, int, int]
) -> None:
    algorithm, size, number = parameters
    named = {"digest_algorithm": algorithm, "tuple_size": size, "number_of_tuples": number}
    peer = peer_0003._id_to_path(identifier=object_id, **named)
    assert HashAndId(**named).object_path(object_id) == peer
    digest = hashlib.new(algorithm, object_id.encode()).hexdigest()
    tuples = re.findall("." * size, digest)[:number]
    assert Hashed(**named).object_path(object_id) == "/".join([*tuples, digest])


# ------------------------------------------------------------------------------------ safe places

SIGNS = [
    ".",
    "..",
    "/",
    "\\",
    ":",
    "\0",
    "\n",
    " ",
    "%",
    "0",
    "a",
    "A",
    "é",
    "\ud800",
    "🙂",
    "x" * 126,
]
TAKEN = ["extensions", "Extensions", "0=ocfl_", "0=ocfl_object_1.1", "ocfl_layout.json"]
HOSTILE = st.lists(st.sampled_from(SIGNS + TAKEN) | st.characters(), max_size=8).map("".join)


@st.composite
def any_layout(draw: st.DrawFn) -> Layout:
    count = st.integers(1, 12)
    delimiter = st.sampled_from([":", "/", ".", "E", "edu/", "é", "İ", "ns"])
    pair = draw(st.just((0, 0)) | st.tuples(st.integers(1, 4), st.integers(1, 8)))
    hashed = {
        "digest_algorithm": draw(st.sampled_from(["md5", "sha256", "sha512"])),
        "tuple_size": pair[0],
        "number_of_tuples": pair[1],
    }
    short = pair[0] * pair[1] < 32 and draw(st.booleans())
    layout: Layout = draw(
        st.sampled_from(
            [
                FlatDirect(),
                HashAndId(**hashed),
                Hashed(**hashed, short_object_root=short),
                FlatOmitPrefix(delimiter=draw(delimiter)),
                NTupleOmitPrefix(
                    delimiter=draw(delimiter),
                    tuple_size=draw(count),
                    number_of_tuples=draw(count),
                    zero_padding=draw(st.sampled_from(["left", "right"])),
                    reverse_object_root=draw(st.booleans()),
                ),
            ]
        )
    )
    return layouts.read(layout.name, layouts.write(layout))


def depth(layout: Layout) -> int:
    """How many folders deep the layout's own words say that objects lie."""
    found = re.search(r"on level (\d+) below", layout.where)
    return int(found[1]) if found else 1


@given(any_layout(), HOSTILE)
def test_no_id_leads_out_of_the_root_or_hides_in_its_extensions(
    layout: Layout, object_id: str
) -> None:
    try:
        path = layout.object_path(object_id)
    except Unprocessable as error:
        assert error.problem == "id-not-mappable"
        assert layout.name in error.message
        error.message.encode()
        return
    names = path.split("/")
    assert len(names) == depth(layout)
    assert not {"", ".", ".."} & set(names)
    assert "\0" not in path
    assert names[0].casefold() not in ("extensions", "ocfl_layout.json")
    for name in names:
        assert len(name.encode()) <= 255
        assert not name.startswith("0=ocfl_")


@given(any_layout(), st.lists(HOSTILE, min_size=2, max_size=6, unique=True))
def test_two_ids_share_a_place_only_where_the_layout_says_so(
    layout: Layout, ids: list[str]
) -> None:
    found: dict[str, str] = {}
    for object_id in ids:
        try:
            path = layout.object_path(object_id)
        except Unprocessable:
            continue
        assert found.setdefault(path, object_id) == object_id or not layout.one_to_one


@pytest.mark.parametrize("layout", [FlatOmitPrefix(delimiter=":"), NTupleOmitPrefix()])
def test_without_prefixes_two_ids_can_share_a_place(layout: Layout) -> None:
    assert layout.object_path("a:123") == layout.object_path("b:123")
    assert not layout.one_to_one


SAFE = st.text("abcdef0123456789", min_size=12, max_size=30)


@given(any_layout(), SAFE)
def test_ordinary_ids_have_a_place_in_every_layout(layout: Layout, object_id: str) -> None:
    # the delimiters above are no characters of these ids, but for E
    assert layout.object_path(object_id.replace("e", "f"))


@pytest.mark.parametrize(
    ("layout", "object_id", "why"),
    [
        (FlatDirect(), "", "it is empty"),
        (FlatDirect(), ".", "cannot be called '.'"),
        (FlatDirect(), "..", "cannot be called '..'"),
        (FlatDirect(), "a/b", "a slash or a NUL"),
        (FlatDirect(), "a\0b", "a slash or a NUL"),
        (FlatDirect(), "extensions", "needs the name 'extensions' for itself"),
        (FlatDirect(), "EXTENSIONS", "needs the name 'EXTENSIONS' for itself"),
        (FlatDirect(), "ocfl_layout.json", "for itself"),
        (FlatDirect(), "0=ocfl_1.1", "looks like an OCFL declaration"),
        (FlatDirect(), "a" * 256, "longer than 255 bytes"),
        (FlatDirect(), "é" * 128, "longer than 255 bytes"),
        (FlatDirect(), "\ud800", "no valid Unicode"),
        (HashAndId(tuple_size=0, number_of_tuples=0), "extensions", "for itself"),
        (HashAndId(), "", "it is empty"),
        (HashAndId(), "\ud800", "no valid Unicode"),
        (Hashed(), "", "it is empty"),
        (Hashed(), "\ud800", "no valid Unicode"),
        (FlatOmitPrefix(delimiter=":"), "a:", "ends with the delimiter ':'"),
        (FlatOmitPrefix(delimiter=":"), "a:..", "cannot be called '..'"),
        (FlatOmitPrefix(delimiter=":"), "a:extensions", "for itself"),
        (NTupleOmitPrefix(), "a:", "ends with the delimiter ':'"),
        (NTupleOmitPrefix(), "é", "only the characters 0x20 to 0x7F"),
        (NTupleOmitPrefix(), "é:abc", "only the characters 0x20 to 0x7F"),
        (NTupleOmitPrefix(), "a\x1fb", "only the characters 0x20 to 0x7F"),
        (NTupleOmitPrefix(tuple_size=2), "ab..cdef", "cannot be called '..'"),
        (NTupleOmitPrefix(tuple_size=1), "a.cdef", "cannot be called '.'"),
        (NTupleOmitPrefix(tuple_size=10, number_of_tuples=1), "extensionsOfMine", "for itself"),
        (NTupleOmitPrefix(reverse_object_root=True), "sno/isnetxe", "a slash or a NUL"),
    ],
)
def test_ids_without_a_place_are_refused_with_the_reason(
    layout: Layout, object_id: str, why: str
) -> None:
    with pytest.raises(Unprocessable, match=re.escape(why)) as caught:
        layout.object_path(object_id)
    assert caught.value.problem == "id-not-mappable"
    assert "Choose another id" in caught.value.message


@pytest.mark.parametrize(
    ("layout", "object_id", "path"),
    [
        (FlatDirect(), "é" * 127, "é" * 127),
        (FlatDirect(), "a" * 255, "a" * 255),
        (FlatDirect(), "...", "..."),
        (FlatDirect(), "extensions2", "extensions2"),
        (FlatOmitPrefix(delimiter="EDU/"), "x.edu/1.eDu/2", "2"),
        (FlatOmitPrefix(delimiter="edu/"), "no delimiter", "no delimiter"),
        # in lower case this letter is two characters long
        (FlatOmitPrefix(delimiter="x"), "İİİX12", "12"),
        (FlatOmitPrefix(delimiter="İ"), "aİbc", "bc"),
        (FlatOmitPrefix(delimiter="É:"), "aé:bc", "bc"),
        (FlatOmitPrefix(delimiter="aa"), "baaac", "c"),
        (NTupleOmitPrefix(), "x:abc", "000/000/abc/abc"),
        (NTupleOmitPrefix(zero_padding="right"), "x:abc", "abc/000/000/abc"),
        (
            NTupleOmitPrefix(zero_padding="right", reverse_object_root=True),
            "x:abc",
            "000/000/cba/abc",
        ),
        (NTupleOmitPrefix(), "x:123456789", "123/456/789/123456789"),
        (NTupleOmitPrefix(), "x:1234567890", "123/456/789/1234567890"),
        (NTupleOmitPrefix(), " ~\x7fabcdefg", " ~\x7f/abc/def/ ~\x7fabcdefg"),
        (Hashed(tuple_size=0, number_of_tuples=0, short_object_root=True), "object-01", None),
    ],
)
def test_places_at_the_edge_of_the_rules(layout: Layout, object_id: str, path: str | None) -> None:
    expected = path or hashlib.sha256(object_id.encode()).hexdigest()
    assert layout.object_path(object_id) == expected


# ---------------------------------------------------------------------------------- configuration


def test_without_a_configuration_the_defaults_of_the_specification_hold() -> None:
    assert layouts.read(FlatDirect.name, None) == FlatDirect()
    assert layouts.read(HashAndId.name, None) == HashAndId(
        digest_algorithm="sha256", tuple_size=3, number_of_tuples=3
    )
    assert layouts.read(Hashed.name, None) == layouts.DEFAULT
    assert layouts.read(Hashed.name, None) == Hashed(
        digest_algorithm="sha256", tuple_size=3, number_of_tuples=3, short_object_root=False
    )
    assert layouts.read(NTupleOmitPrefix.name, b"{}") == NTupleOmitPrefix(
        delimiter=":",
        tuple_size=3,
        number_of_tuples=3,
        zero_padding="left",
        reverse_object_root=False,
    )
    with pytest.raises(Unprocessable, match="delimiter is missing and has no default"):
        layouts.read(FlatOmitPrefix.name, None)


@pytest.mark.parametrize("name", ALL)
def test_configurations_are_written_whole_and_read_back(name: str) -> None:
    layout: Layout = {
        FlatDirect.name: FlatDirect(),
        HashAndId.name: HashAndId(digest_algorithm="md5", tuple_size=32, number_of_tuples=1),
        Hashed.name: Hashed(tuple_size=1, number_of_tuples=32, short_object_root=True),
        FlatOmitPrefix.name: FlatOmitPrefix(delimiter="é/"),
        NTupleOmitPrefix.name: NTupleOmitPrefix(zero_padding="right", tuple_size=32),
    }[name]
    config = layouts.write(layout)
    said = json.loads(config)
    assert said.pop("extensionName") == name == layout.name
    text = published(f"{name}.md").decode()
    parameters = set(re.findall(r"\* \*\*Name\*?\*?:\*?\*? `(\w+)`", text))
    assert set(said) == parameters
    assert config.endswith(b"}\n")
    assert layouts.read(name, config) == layout


H, N, F = Hashed.name, NTupleOmitPrefix.name, FlatOmitPrefix.name


@pytest.mark.parametrize(
    ("name", "config", "faults"),
    [
        (H, {"tupleSize": 33}, ["tupleSize is 33: Expected `int` <= 32"]),
        (H, {"tupleSize": -1}, ["tupleSize is -1: Expected `int` >= 0"]),
        (H, {"numberOfTuples": 33}, ["numberOfTuples is 33: Expected `int` <= 32"]),
        (H, {"tupleSize": "3"}, ["tupleSize is '3': Expected `int`, got `str`"]),
        (H, {"tupleSize": True}, ["tupleSize is True: Expected `int`, got `bool`"]),
        (H, {"tupleSize": None}, ["tupleSize is None: Expected `int`, got `null`"]),
        (H, {"tupleSize": 0}, ["both must be 0"]),
        (H, {"numberOfTuples": 0}, ["both must be 0"]),
        (H, {"tupleSize": 10, "numberOfTuples": 10}, ["has only 64 digits"]),
        (H, {"tupleSize": 13, "numberOfTuples": 5}, ["is 65, but"]),
        (
            H,
            {"tupleSize": 32, "numberOfTuples": 2, "shortObjectRoot": True},
            ["shortObjectRoot is true, but the tuples leave nothing"],
        ),
        (H, {"digestAlgorithm": ""}, ["digestAlgorithm is ''; known are blake2b-160"]),
        (H, {"digestAlgorithm": "crc32"}, ["digestAlgorithm is 'crc32'"]),
        (H, {"digestAlgorithm": "SHA256"}, ["digestAlgorithm is 'SHA256'"]),
        (H, {"digestAlgorithm": "nope", "tupleSize": 0}, ["is 'nope'", "both must be 0"]),
        (H, {"extensionName": HashAndId.name}, ["extensionName is for '0003"]),
        (
            H,
            {"zeroPadding": "left", "tupleSize": 99, "shortObjectRoot": 1, "a": 1},
            [
                "tupleSize is 99",
                "shortObjectRoot is 1",
                "a is not known here",
                "zeroPadding is not known here",
            ],
        ),
        (HashAndId.name, {"shortObjectRoot": False}, ["shortObjectRoot is not known here"]),
        (FlatDirect.name, {"delimiter": ":"}, ["delimiter is not known here"]),
        (F, {}, ["delimiter is missing and has no default"]),
        (F, {"delimiter": ""}, ["delimiter is '': Expected `str` of length >= 1"]),
        (F, {"delimiter": "\ud800"}, ["no valid Unicode"]),
        (N, {"delimiter": ""}, ["delimiter is ''"]),
        (N, {"tupleSize": 0, "numberOfTuples": 0}, ["tupleSize is 0", "numberOfTuples is 0"]),
        (N, {"tupleSize": 33, "numberOfTuples": 33}, ["tupleSize is 33", "numberOfTuples is 33"]),
        (N, {"zeroPadding": "none"}, ["zeroPadding is 'none'"]),
        (N, {"reverseObjectRoot": "true"}, ["reverseObjectRoot is 'true'"]),
    ],
)
def test_all_that_is_wrong_with_a_configuration_is_told_at_once(
    name: str, config: dict[str, object], faults: list[str]
) -> None:
    with pytest.raises(Unprocessable, match=f"Correct extensions/{name}/config.json") as caught:
        layouts.read(name, json.dumps({"extensionName": name} | config).encode())
    error = caught.value
    assert error.problem == "bad-layout"
    assert len(error.faults) == len(faults)
    for fault, text in zip(error.faults, faults, strict=True):
        assert text in fault.message
        assert fault.message.rstrip(".") in error.message


@pytest.mark.parametrize(
    ("config", "why"),
    [
        (b"", "it is no JSON"),
        (b"{", "it is no JSON"),
        (b"\xff{}", "it is no JSON"),
        (b"[" * 100_000, "it is no JSON"),
        (b"[]", "must hold a JSON object"),
        (b'{"tupleSize": 3, "tupleSize": 4}', "twice in it: tupleSize"),
    ],
)
def test_a_configuration_that_is_no_object_is_refused(config: bytes, why: str) -> None:
    with pytest.raises(Unprocessable, match=why) as caught:
        layouts.read(Hashed.name, config)
    assert caught.value.problem == "bad-layout"


def test_a_layout_that_is_not_known_is_refused_with_what_to_do() -> None:
    name = "0010-differential-n-tuple-omit-prefix-storage-layout"
    with pytest.raises(Unprocessable, match="with a program that knows its layout") as caught:
        layouts.read(name, b"{}")
    assert caught.value.problem == "bad-layout"
    for known in ALL:
        assert known in caught.value.message


@pytest.mark.parametrize(
    "layout",
    [
        Hashed(tuple_size=0),
        HashAndId(digest_algorithm="crc32"),
        FlatOmitPrefix(delimiter=""),
        NTupleOmitPrefix(tuple_size=0),
    ],
)
def test_a_layout_that_could_not_be_read_back_is_not_written(layout: Layout) -> None:
    with pytest.raises(Unprocessable, match="cannot be followed"):
        layouts.write(layout)


def test_engine_and_validator_know_the_same_extensions() -> None:
    """Both lists are written by hand, so that a slip in one is found by the other."""
    assert registered.LAYOUTS == extensions.LAYOUTS
    assert registered.EXTENSIONS == extensions.REGISTERED
