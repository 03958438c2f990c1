"""Inventories: written deterministically, read back equal, and refused when they are not safe."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.errors import Damaged, NotFound
from strongroom.ocfl.inventory import Inventory, VersionEntry, parse, serialise, spell

A, B, C = ("a" * 64, "b" * 64, "c" * 64)


def sample() -> dict[str, Any]:
    return {
        "id": "info:fedora/x",
        "type": "https://ocfl.io/1.1/spec/#inventory",
        "digestAlgorithm": "sha256",
        "head": "v2",
        "manifest": {A: ["v1/content/a"], B: ["v2/content/d/b"]},
        "versions": {
            "v1": {
                "created": "2026-01-02T03:04:05.678Z",
                "state": {A: ["a", "copy/of/a"]},
                "message": "first",
                "user": {"name": "Ann", "address": "mailto:ann@example.org"},
            },
            "v2": {"created": "2026-01-02T03:04:06Z", "state": {A: ["a"], B: ["d/b"]}},
        },
    }


def test_reads_what_it_says() -> None:
    inventory = parse(json.dumps(sample()).encode())
    assert (inventory.id, inventory.head, inventory.spec) == ("info:fedora/x", 2, "1.1")
    assert inventory.logical() == {"a": A, "d/b": B}
    assert inventory.logical(1) == {"a": A, "copy/of/a": A}
    assert inventory.content_path(B) == "v2/content/d/b"
    first = inventory.versions[1]
    assert first.created == datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
    assert (first.message, first.user_name, first.user_address) == (
        "first", "Ann", "mailto:ann@example.org",
    )  # fmt: skip
    assert inventory.versions[2].user_name is None
    with pytest.raises(NotFound, match="no version 3"):
        inventory.logical(3)
    with pytest.raises(NotFound):
        inventory.content_path(C)


def test_written_bytes_are_compact_sorted_and_always_the_same() -> None:
    raw = sample()
    raw["manifest"] = dict(reversed(raw["manifest"].items()))
    data = serialise(parse(json.dumps(raw, indent=2).encode()))
    assert data == serialise(parse(data))
    assert json.loads(data) == sample()
    assert b" " not in data.replace(b"first", b"")
    assert list(json.loads(data)["manifest"]) == [A, B]


def test_older_versions_keep_the_spelling_of_their_dates() -> None:
    raw = sample()
    raw["versions"]["v1"]["created"] = "2019-01-01T02:03:04.123456789+01:00"
    inventory = parse(json.dumps(raw).encode())
    assert inventory.versions[1].created == datetime(2019, 1, 1, 1, 3, 4, 123456, tzinfo=UTC)
    assert b"2019-01-01T02:03:04.123456789+01:00" in serialise(inventory)


def test_dates_are_written_in_utc_with_milliseconds() -> None:
    moment = datetime(2026, 2, 3, 4, 5, 6, 7999, tzinfo=timezone(timedelta(hours=2)))
    assert spell(moment) == "2026-02-03T02:05:06.007Z"


def test_upper_case_digests_are_read_as_lower_case() -> None:
    data = json.dumps(sample()).replace(A, A.upper()).encode()
    inventory = parse(data)
    assert inventory.logical() == {"a": A, "d/b": B}
    assert inventory.content_path(A) == inventory.content_path(A.upper()) == "v1/content/a"
    # and are written as they were, since validators compare them with older inventories
    assert json.loads(serialise(inventory)) == json.loads(data)


def test_foreign_choices_are_kept() -> None:
    raw = json.loads(json.dumps(sample()).replace("/content/", "/data/").replace("v1", "v0001"))
    raw = json.loads(json.dumps(raw).replace("v2", "v0002"))
    raw |= {"contentDirectory": "data", "type": "https://ocfl.io/1.0/spec/#inventory"}
    raw["fixity"] = {"md5": {"0" * 32: ["v0001/data/a"]}}
    inventory = parse(json.dumps(raw).encode())
    assert (inventory.padding, inventory.spec, inventory.content_directory) == (4, "1.0", "data")
    assert inventory.version_folder(12) == "v0012"
    assert json.loads(serialise(inventory)) == raw


def _set(*keys: str, to: object) -> Callable[[dict[str, Any]], None]:
    def change(raw: dict[str, Any]) -> None:
        for key in keys[:-1]:
            raw = raw[key]
        raw[keys[-1]] = to

    return change


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (_set("id", to=""), "empty id"),
        (_set("type", to="https://ocfl.io/2.0/spec/#inventory"), "no OCFL inventory"),
        (_set("digestAlgorithm", to="md5"), "neither sha256 nor sha512"),
        (_set("digestAlgorithm", to="sha512"), "no digest"),
        (_set("head", to="v1"), "not its newest"),
        (_set("head", to="2"), "no name of a version"),
        (_set("head", to="v3"), "not its newest"),
        (_set("versions", to={}), "do not run from 1"),
        (_set("contentDirectory", to="../x"), "contentDirectory"),
        (_set("contentDirectory", to="."), "contentDirectory"),
        (_set("contentDirectory", to="data"), "does not start with vN/data/"),
        (_set("manifest", A, to=["../../etc/passwd"]), "not safe"),
        (_set("manifest", A, to=["/etc/passwd"]), "not safe"),
        (_set("manifest", A, to=["v1/content/./a"]), "not safe"),
        (_set("manifest", A, to=["v1/content/a/"]), "not safe"),
        (_set("manifest", A, to=["v1/content/a\0b"]), "not safe"),
        (_set("manifest", A, to=["v3/content/a"]), "does not start with"),
        (_set("manifest", A, to=["inventory.json"]), "does not start with"),
        (_set("manifest", A, to=["v2/content/d"]), "also a folder"),
        (_set("manifest", A, to=["v2/content/d/b"]), "occurs twice"),
        (_set("manifest", A, to=[]), "without a content path"),
        (_set("manifest", "xyz", to=["v1/content/z"]), "no digest"),
        (_set("manifest", B.upper(), to=["v1/content/z"]), "twice, in different case"),
        (_set("versions", "v2", "state", to={C: ["c"]}), "does not have"),
        (_set("versions", "v2", "state", to={A: ["a"], B: ["a"]}), "occurs twice"),
        (_set("versions", "v2", "state", to={A: ["d"], B: ["d/b"]}), "also a folder"),
        (_set("versions", "v2", "state", to={A: ["../a"]}), "not safe"),
        (_set("versions", "v2", "state", to={A: [""]}), "not safe"),
        (_set("versions", "v1", "created", to="2026-01-02T03:04:05"), "no moment with zone"),
        (_set("versions", "v1", "created", to="2026-01-02"), "no moment with zone"),
        (_set("versions", "v1", "created", to="2026-13-02T03:04:05Z"), "no moment with zone"),
        (_set("versions", "v1", "message", to=5), "shape OCFL describes"),
        (_set("manifest", to=[]), "shape OCFL describes"),
    ],
)
def test_an_inventory_that_cannot_be_trusted_is_damaged(
    change: Callable[[dict[str, Any]], None], says: str
) -> None:
    raw = sample()
    change(raw)
    with pytest.raises(Damaged, match=says) as caught:
        parse(json.dumps(raw).encode())
    assert caught.value.faults


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'"x"', b"\xff\xfe", b"[" * 100_000])
def test_bytes_that_are_no_inventory_are_damaged(data: bytes) -> None:
    with pytest.raises(Damaged):
        parse(data)


def test_all_that_is_wrong_is_named_at_once() -> None:
    raw = sample()
    raw["manifest"] = {A: ["../a", "v1/content//x"], B: ["v9/content/b"]}
    with pytest.raises(Damaged) as caught:
        parse(json.dumps(raw).encode())
    told = " ".join(fault.message for fault in caught.value.faults)
    assert "../a" in told
    assert "v1/content//x" in told
    assert "v9/content/b" in told


_DIGEST = st.binary(min_size=32, max_size=32).map(bytes.hex)
_PART = st.text(
    st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=8
).filter(lambda part: part not in (".", ".."))


@st.composite
def inventories(draw: st.DrawFn) -> Inventory:
    digests = sorted(draw(st.sets(_DIGEST, min_size=1, max_size=6)))
    manifest = {d: (f"v1/content/{i}",) for i, d in enumerate(digests)}
    versions = {}
    for number in range(1, draw(st.integers(1, 4)) + 1):
        state = {}
        for i, digest in enumerate(draw(st.lists(st.sampled_from(digests), unique=True))):
            names = draw(st.sets(_PART, min_size=1, max_size=3))
            state[digest] = tuple(sorted(f"{i}/{name}" for name in names))
        created = draw(st.datetimes(timezones=st.just(UTC)))
        created = created.replace(microsecond=created.microsecond // 1000 * 1000)
        versions[number] = VersionEntry(
            created=created,
            spelled=spell(created),
            state=dict(sorted(state.items())),
            message=draw(st.none() | st.text(st.characters(codec="utf-8"))),
            user_name=draw(st.none() | st.just("Ann")),
        )
    return Inventory(id="info:fedora/x", head=len(versions), manifest=manifest, versions=versions)


@given(inventories())
def test_what_is_written_is_read_back_equal(inventory: Inventory) -> None:
    data = serialise(inventory)
    assert parse(data) == inventory
    assert serialise(parse(data)) == data


def fixtures() -> Path:
    folder = Path(os.environ.get("STRONGROOM_FIXTURES", "../shared/fixtures")) / "ocfl"
    if not folder.is_dir():
        if os.environ.get("CI"):
            pytest.fail(f"no fixtures at {folder}; set STRONGROOM_FIXTURES")
        pytest.skip(f"no OCFL fixtures at {folder}; set STRONGROOM_FIXTURES to their folder")
    return folder


@pytest.mark.parametrize("kind", ["good-objects", "warn-objects"])
def test_the_official_valid_inventories_are_read(kind: str) -> None:
    found = [
        path
        for spec in ("1.0", "1.1")
        for path in sorted((fixtures() / spec / kind).glob("*/inventory.json"))
    ]
    assert len(found) > 15
    for path in found:
        raw = json.loads(path.read_bytes())
        inventory = parse(path.read_bytes())
        assert inventory.id == raw["id"]
        for name, entry in raw["versions"].items():
            expected = {p: d.lower() for d, held in entry["state"].items() for p in held}
            assert inventory.logical(int(name.lstrip("v"))) == expected


@pytest.mark.parametrize(
    "name",
    [
        "E008_E036_no_versions_no_head", "E010_skipped_versions", "E025_wrong_digest_algorithm",
        "E017_invalid_content_dir", "E036_no_head", "E036_no_id", "E040_wrong_head_format",
        "E041_no_manifest", "E049_created_no_timezone", "E049_created_not_to_seconds",
        "E053_E052_invalid_logical_paths", "E095_conflicting_logical_paths",
        "E095_non_unique_logical_paths", "E096_manifest_duplicate_digests",
        "E100_E099_manifest_invalid_content_paths", "E101_non_unique_content_paths",
        "E050_state_digest_not_in_manifest",
    ],
)  # fmt: skip
def test_the_official_unsafe_inventories_are_refused(name: str) -> None:
    path = fixtures() / "1.1" / "bad-objects" / name / "inventory.json"
    with pytest.raises(Damaged):
        parse(path.read_bytes())
