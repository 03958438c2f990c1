"""Identifiers from table files."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from strongroom.errors import BadRequest, Conflict, NotFound, UpstreamFailed
from strongroom.identifiers import Identified, Resolvers, load
from strongroom.identifiers.tables import Table

CSV = """schema,value,path,name,template
catalogue,MS 17,library/ms-17,"The seventeenth, a manuscript",rootlevel
catalogue, MS 18 ,/library/ms-18/,,
catalogue,twice,library/one,First,
catalogue,twice,library/two,,
catalogue,same,library/one,First,
catalogue,same,library/one,First,
other,MS 17,other/ms-17,"Two
lines",BagIt
,,,,
"""


def resolvers(folder: Path, table: str, *schemas: str) -> Resolvers:
    config = folder / "identifiers.toml"
    config.write_text("".join(f'[schemas.{name}]\ntable = "{table}"\n' for name in schemas))
    return load(config)


@pytest.fixture
def catalogue(tmp_path: Path) -> Resolvers:
    (tmp_path / "table.csv").write_bytes(b"\xef\xbb\xbf" + CSV.replace("\n", "\r\n").encode())
    return resolvers(tmp_path, "table.csv", "catalogue", "other")


def test_a_row_gives_path_name_and_template(catalogue: Resolvers) -> None:
    assert catalogue.resolve("catalogue", "MS 17") == Identified(
        path="library/ms-17", name="The seventeenth, a manuscript", template="RootLevel"
    )
    assert catalogue.resolve("catalogue", "  MS 18 ") == Identified(path="library/ms-18")
    other = catalogue.resolve("other", "MS 17")
    assert (other.path, other.name, other.template) == ("other/ms-17", "Two\nlines", "BagIt")


def test_a_row_of_another_schema_does_not_count(catalogue: Resolvers) -> None:
    with pytest.raises(NotFound, match=r"MS 18.*other"):
        catalogue.resolve("other", "MS 18")
    with pytest.raises(NotFound, match="ms 17"):
        catalogue.resolve("catalogue", "ms 17")


def test_several_rows_are_told_each(catalogue: Resolvers) -> None:
    with pytest.raises(Conflict) as caught:
        catalogue.resolve("catalogue", "twice")
    assert [fault.path for fault in caught.value.faults] == ["library/one", "library/two"]
    # the same row twice is one candidate
    assert catalogue.resolve("catalogue", "same").path == "library/one"


def test_an_unknown_schema_lists_those_there_are(catalogue: Resolvers) -> None:
    with pytest.raises(BadRequest, match="catalogue, other") as caught:
        catalogue.resolve("Catalogue", "MS 17")
    assert caught.value.faults[0].expected == "catalogue, other"
    with pytest.raises(BadRequest, match="No schema is configured"):
        load(None).resolve("catalogue", "MS 17")


@pytest.mark.parametrize("value", ["", "  ", "a\x00b", "a\ud800"])
def test_what_is_no_identifier(catalogue: Resolvers, value: str) -> None:
    with pytest.raises(BadRequest):
        catalogue.resolve("catalogue", value)


def test_json(tmp_path: Path) -> None:
    rows = [
        {"schema": "n", "value": 372705, "path": "library/n", "name": None},
        {"Schema": "n", "VALUE": "ü", "path": "library/u", "name": "Ü", "template": "None"},
    ]
    (tmp_path / "table.json").write_text(json.dumps(rows), encoding="utf-8")
    found = resolvers(tmp_path, "table.json", "n")
    assert found.resolve("n", "372705") == Identified(path="library/n")
    assert found.resolve("n", "ü") == Identified(path="library/u", name="Ü", template="None")


def test_a_changed_table_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    file.write_text("schema,value,path\nn,1,library/one\n")
    found = resolvers(tmp_path, "table.csv", "n")
    assert found.resolve("n", "1").path == "library/one"
    file.write_text("schema,value,path\nn,1,library/two\nn,2,library/one\n")
    assert found.resolve("n", "1").path == "library/two"
    before = file.stat()
    file.write_text("schema,value,path\nn,1,no good\nn,3,library/t\n")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    with pytest.raises(UpstreamFailed, match=r"table\.csv.*line 2"):
        found.resolve("n", "1")
    file.unlink()
    with pytest.raises(UpstreamFailed, match="No such file"):
        found.resolve("n", "1")


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("t.csv", "", ["schema, value, path is missing"]),
        ("t.csv", "schema,value\n", ["path is missing"]),
        ("t.csv", "schema,value,path,nom,x\n", ["nom, x is not known"]),
        (
            "t.csv",
            "schema,value,path\nn,1,a,b\nn,2\n",
            ["line 2 has too many", "line 3 has no path"],
        ),
        ("t.csv", "schema,value,path\nn,,a/b\nn,3,a//b\n", ["line 2 has no value", "line 3"]),
        ("t.csv", "schema,value,path\nn,1,a b\nn,2,..\n", ["not permitted", "line 3"]),
        ("t.csv", "schema,value,path,template\nn,1,a,Other\n", ["'Other' is none of None, RootLe"]),
        ("t.csv", 'schema,value,path\n"n,1,a\n', ["no CSV"]),
        ("t.json", "{", ["no JSON"]),
        ("t.json", "{}", ["no JSON array"]),
        ("t.json", "[1, {}]", ["entry 1 is no object", "entry 2: the column schema, value, path"]),
        ("t.json", "[" * 100_000, ["no JSON"]),
    ],
)
def test_what_is_wrong_with_a_table_is_told_at_once(
    tmp_path: Path, name: str, text: str, told: list[str]
) -> None:
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    faults = Table(file).load()[1]
    messages = "\n".join(fault.message for fault in faults)
    assert len(faults) == len(told)
    for words in told:
        assert words in messages
    assert all(fault.path == name for fault in faults)
    # and the configuration that names it is refused
    with pytest.raises(BadRequest, match=name):
        resolvers(tmp_path, name, "n")


def test_a_table_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b"schema,value,path\nn,\xff,a\n")
    with pytest.raises(BadRequest, match="not UTF-8"):
        resolvers(tmp_path, "t.csv", "n")
