"""JSON bodies: any case of names, strict in everything else."""

from __future__ import annotations

import re
import tracemalloc

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.errors import BadRequest
from strongroom.wire import json_in
from strongroom.wire.activity import ActivityIn
from strongroom.wire.deposits import DepositIn
from strongroom.wire.jobs import ImportJobIn


def job(text: str) -> ImportJobIn:
    found = json_in.read(text.encode(), ImportJobIn)
    assert found is not None
    return found


def test_names_match_in_any_case_on_every_level() -> None:
    found = job(
        '{"ID":"x","IsUpdate":true,"SourceVersion":{"OcflVersion":"v1","mementotimestamp":"t"},'
        '"BinariesToAdd":[{"Id":"a","CONTENTTYPE":"image/tiff","Size":5}],'
        '"containerstodelete":[{"iD":"b"}]}'
    )
    assert (found.id, found.is_update) == ("x", True)
    assert found.source_version is not None and not isinstance(found.source_version, str)
    assert found.source_version.ocfl_version == "v1"
    assert found.source_version.memento_timestamp == "t"
    assert found.binaries_to_add is not None and found.containers_to_delete is not None
    (added,) = found.binaries_to_add
    assert (added.id, added.content_type, added.size) == ("a", "image/tiff", 5)
    assert found.containers_to_delete[0].id == "b"


def test_a_version_may_be_an_object_a_text_or_null() -> None:
    assert job('{"sourceVersion":"v2"}').source_version == "v2"
    assert job('{"sourceVersion":null}').source_version is None


def test_unknown_properties_are_ignored_whatever_they_hold() -> None:
    found = job('{"id":"x","type":7,"created":{"a":[1]},"binariesToAdd":[{"partOf":3,"id":"y"}]}')
    assert found.id == "x"
    assert found.binaries_to_add is not None and found.binaries_to_add[0].id == "y"


def test_numbers_may_be_texts_where_the_shape_says_so() -> None:
    found = job('{"binariesToAdd":[{"size":"12"},{"size":12}]}').binaries_to_add
    assert found is not None
    assert [item.size for item in found] == ["12", 12]


def test_whole_numbers_may_be_written_as_decimals() -> None:
    found = job('{"x":[1.5,9e99],"BinariesToAdd":[{"Size":1.0},{"size":1.2e3},{"size":"1.0"}]}')
    assert found.binaries_to_add is not None
    assert [item.size for item in found.binaries_to_add] == [1, 1200, "1.0"]
    for bad in ("1.5", "-0.5", "9e99", "1e999"):
        with pytest.raises(BadRequest) as caught:
            job(f'{{"binariesToAdd":[{{"size":{bad}}}]}}')
        assert caught.value.problem == "wrong-type"
    # what is no JSON further on, or cannot be written again
    for rest in ('"x":NaN', '"x":', '"x":"\\ud800"', '"x":1e999'):
        with pytest.raises(BadRequest):
            job(f'{{"binariesToAdd":[{{"size":1.0}}],{rest}}}')


def test_every_property_can_be_sent() -> None:
    sent = {
        "archivalGroup": "g",
        "archivalGroupName": "n",
        "submissionText": "s",
        "template": "BagIt",
        "versionExported": "v1",
        "archived": "2026-01-01",
    }
    assert json_in.read(msgspec.json.encode(sent), DepositIn) == DepositIn(
        archival_group="g",
        archival_group_name="n",
        submission_text="s",
        template="BagIt",
        version_exported="v1",
        archived="2026-01-01",
    )


def test_null_is_no_body_and_a_byte_order_mark_is_none_either() -> None:
    assert json_in.read(b" null ", DepositIn) is None
    assert json_in.read(b'\xef\xbb\xbf{"archivalGroup":"g"}', DepositIn) == DepositIn(
        archival_group="g"
    )


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ('{"IsUpdate":"true"}', "isUpdate"),
        ('{"isUpdate":1}', "isUpdate"),
        ('{"id":5}', "id"),
        ('{"binariesToAdd":{}}', "binariesToAdd"),
        ('{"BinariesToAdd":[{"id":"a"},{"SIZE":true}]}', "binariesToAdd[1].size"),
        ('{"binariesToAdd":["a"]}', "binariesToAdd[0]"),
        ("[]", "(the body)"),
        ('"text"', "(the body)"),
    ],
)
def test_a_wrong_type_names_the_property(text: str, where: str) -> None:
    with pytest.raises(BadRequest) as bad:
        job(text)
    assert bad.value.problem == "wrong-type"
    assert [fault.path for fault in bad.value.faults] == [where]
    assert bad.value.faults[0].expected and bad.value.faults[0].found


@pytest.mark.parametrize(
    ("body", "position"),
    [
        (b'{"id":"x",}', "byte 10"),
        (b'{"id":"x"', "byte 9"),
        (b'{"id":"x"} x', "trailing"),
        (b"{'id':1}", "byte 1"),
        (b'{"id":/*c*/1}', "byte 6"),
        (b"", "byte 0"),
        (b'{"a":"\xff"}', "byte 6"),
        (b'{"a":"x",' + b" " * (2 << 20) + b'"\xff":1}', f"byte {(2 << 20) + 10}"),
        (b"\xff\xfe{\x00}\x00", "byte 0"),
    ],
)
def test_malformed_json_names_the_place(body: bytes, position: str) -> None:
    with pytest.raises(BadRequest) as bad:
        json_in.read(body, ImportJobIn)
    assert bad.value.problem == "malformed-json"
    assert position in bad.value.message


def test_no_place_is_named_that_is_not_known() -> None:
    """Half of a surrogate pair at the end of a short text looks like an end of the body."""
    with pytest.raises(BadRequest) as bad:
        json_in.read(b'{"archivalGroup":"\\ud800"}', DepositIn)
    assert bad.value.problem == "malformed-json"
    assert "surrogate" in bad.value.message
    assert not re.search(r"byte|position", bad.value.message)


@pytest.mark.parametrize(
    "body", [b"[" * 200_000, b'{"x":' * 200_000, b'{"binariesToAdd":' + b"[" * 200_000]
)
def test_bottomless_json_is_refused_and_breaks_nothing(body: bytes) -> None:
    with pytest.raises(BadRequest, match=r"nested too deeply|wrong type"):
        json_in.read(body, ImportJobIn)


# ------------------------------------------------------------------------ what is unknown


@pytest.mark.parametrize(
    "unknown",
    ["1e400", "-1e400", "9" * 5000, '{"ID":{"id":1e999}}', '"a \\"Id\\": b"', '[{"size":true}]'],
)
@pytest.mark.parametrize("name", ["id", "ID"])
def test_unknown_properties_are_not_judged(unknown: str, name: str) -> None:
    assert job(f'{{"x":{unknown},"{name}":"y","z":{unknown}}}').id == "y"


@pytest.mark.parametrize("unknown", ["01", "1.", "tru", '"\\q"', '"\x01"', "[1,]", "{1:2}", "NaN"])
@pytest.mark.parametrize("name", ["id", "ID"])
def test_unknown_properties_are_well_formed(unknown: str, name: str) -> None:
    with pytest.raises(BadRequest) as bad:
        job(f'{{"{name}":"y","x":{unknown}}}')
    assert bad.value.problem == "malformed-json"


@pytest.mark.parametrize("name", [b"id", b"ID"])
@pytest.mark.parametrize("filler", [b'"x":[%s[]],', b'%s"x":0,'])
def test_unknown_properties_take_no_memory(name: bytes, filler: bytes) -> None:
    """Neither what they hold nor their names; built as objects they took 25 times as much."""
    piece = b"[]," if b"[" in filler else b'"zz":0,'
    body = b"{" + filler % (piece * (4_000_000 // len(piece))) + b'"' + name + b'":"y"}'
    tracemalloc.start()
    try:
        found = json_in.read(body, ImportJobIn)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found is not None and found.id == "y"
    # a piece of the body at a time is looked through, with the names in it
    assert peak < 5 * len(body)


def test_names_are_folded_wherever_the_body_is_cut() -> None:
    blank = " " * 300
    items = ",".join(f'{{"ID"{blank}:"\\"Id\\":{n}","Size":{n}}}' for n in range(8000))
    found = job(f'{{"BinariesToAdd":[{items}],"ORIGINALID":"o"}}')
    assert found.original_id == "o" and found.binaries_to_add is not None
    assert [(i.id, i.size) for i in found.binaries_to_add] == [
        (f'"Id":{n}', n) for n in range(8000)
    ]


def test_texts_that_look_like_names_stay_as_they_are() -> None:
    text = '\\"ID\\":1 and \\\\\\"Name\\" : {'
    found = job(f'{{"ID":"{text}","Name":"ID","ArchivalGroupName":"\\\\"}}')
    assert (found.id, found.archival_group_name) == ('"ID":1 and \\"Name" : {', "\\")


# ------------------------------------------------------------------------ the words of a fault


@pytest.mark.parametrize(
    ("text", "expected", "found"),
    [
        ('{"id":5}', "a string or null", "a whole number"),
        ('{"isUpdate":"true"}', "true or false or null", "a string"),
        (
            '{"binariesToAdd":[{"size":1.5}]}',
            "a whole number, a string or null",
            "a decimal number",
        ),
        (
            '{"binariesToAdd":[{"size":1e400}]}',
            "a number of at most 18 digits",
            "a number out of range",
        ),
        ('{"binariesToAdd":{}}', "an array or null", "an object"),
        ('{"sourceVersion":true}', "a string, an object or null", "true or false"),
        ("[]", "an object", "an array"),
    ],
)
def test_a_wrong_type_is_told_in_the_words_of_json(text: str, expected: str, found: str) -> None:
    with pytest.raises(BadRequest) as bad:
        job(text)
    (fault,) = bad.value.faults
    assert (fault.expected, fault.found) == (expected, found)
    assert expected in bad.value.message and found in bad.value.message


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "ID", "object", "Object", "type", "size", "binariesToAdd"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=10,
)


@given(JSON)
def test_any_json_is_read_or_refused(value: object) -> None:
    body = msgspec.json.encode(value)
    for shape in (ImportJobIn, ActivityIn):
        try:
            found = json_in.read(body, shape)
        except BadRequest as bad:
            assert bad.problem == "wrong-type"
        else:
            assert found is None or isinstance(found, shape)
