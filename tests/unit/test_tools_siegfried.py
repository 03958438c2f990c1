"""Siegfried's three outputs say the same, and junk in them costs nothing but itself."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strongroom.tools import siegfried
from strongroom.tools.rows import Report, Row

FIXTURES = (
    Path(os.environ.get("STRONGROOM_FIXTURES") or Path(__file__).parents[2] / "../shared/fixtures")
    / "mets"
)
HEAD = (
    "filename,filesize,modified,errors,sha256,namespace,id,format,version,mime,class,basis,warning"
)
A, B = "a" * 64, "b" * 64
JPEG = Row(A, 5, "fmt/43", "JPEG File Interchange Format", "image/jpeg")


def read(text: str | bytes) -> Report:
    return siegfried.read(io.BytesIO(text.encode() if isinstance(text, str) else text))


def line(path: str, key: str = "fmt/43", *, size: str = "5", digest: str = A) -> str:
    quoted = path.replace('"', '""')
    return (
        f'"{quoted}",{size},2025-04-20T12:45:53Z,,{digest},pronom,{key},'
        'JPEG File Interchange Format,1.01,image/jpeg,Image (Raster),"extension match, byte match",'
    )


def yaml(*documents: str) -> str:
    head = (
        "siegfried   : 1.11.0\nscandate    : 2025-04-25T14:14:41Z\nidentifiers : \n  - name : 'p'"
    )
    return "".join(f"---\n{document}\n" for document in (head, *documents))


def document(path: str, *keys: str) -> str:
    matches = "".join(
        f"\n  - ns      : 'pronom'\n    id      : '{key}'\n"
        "    format  : 'JPEG File Interchange Format'\n"
        "    version : \n    mime    : 'image/jpeg'\n    basis   : 'extension: x'\n    warning : "
        for key in keys
    )
    return (
        f"filename : {path}\nfilesize : 5\nmodified : x\nerrors   : \nsha256   : {A}\n"
        f"matches  :{matches}"
    )


def as_json(*files: object) -> str:
    return json.dumps({"siegfried": "1", "scandate": "2025-04-25T14:14:41Z", "files": files})


def file(path: str, key: str = "fmt/43") -> dict[str, object]:
    match = {"ns": "pronom", "id": key, "format": JPEG.format_name, "mime": "image/jpeg"}
    return {"filename": path, "filesize": 5, "errors": "", "sha256": A, "matches": [match]}


@pytest.mark.parametrize(
    "text",
    [
        f"{HEAD}\n{line('objects/a b.jpg')}\n",
        f"\ufeff{HEAD}\r\n{line('objects/a b.jpg')}\r\n",
        f"{HEAD}\n{line('objects/a b.jpg')}",
        yaml(document("'objects/a b.jpg'", "fmt/43")),
        yaml(document("'objects/a b.jpg'", "fmt/43")).replace("\n", "\r\n"),
        yaml(document('"objects/a\\u0020b.jpg"', "fmt/43")),
        as_json(file("objects/a b.jpg")),
        json.dumps(json.loads(as_json(file("objects/a b.jpg"))), indent=2),
        "\ufeff" + as_json(file("objects/a b.jpg")),
    ],
    ids=[
        "csv",
        "bom-crlf",
        "no-end",
        "yaml",
        "yaml-crlf",
        "quoted",
        "json",
        "indented",
        "json-bom",
    ],
)
def test_each_form_is_read_by_its_content(text: str) -> None:
    found = read(text)
    assert found.files == {"objects/a b.jpg": [JPEG]}
    assert found.broken == 0


def test_what_powershell_redirects_is_read() -> None:
    for text in (f"{HEAD}\r\n{line('é.jpg')}\r\n", yaml(document("'é.jpg'", "fmt/43"))):
        assert read(text.encode("utf-16")).files == {"é.jpg": [JPEG]}


def test_when_the_tool_ran() -> None:
    for text in (yaml(document("a", "fmt/43")), as_json(file("a"))):
        scanned = read(text).scanned
        assert scanned is not None
        assert scanned.isoformat() == "2025-04-25T14:14:41+00:00"
    assert read(f"{HEAD}\n{line('a')}").scanned is None


NAMES = ["it's: # one.jpg", 'say "hi", all.jpg', "é💜\u0301.jpg", " lead and trail ", "a\\b.jpg"]


@pytest.mark.parametrize("name", NAMES)
def test_names_are_kept_to_the_letter(name: str) -> None:
    quoted = name.replace("'", "''")
    texts = (
        f"{HEAD}\n{line(name)}",
        yaml(document(f"'{quoted}'", "fmt/43")),
        as_json(file(name)),
    )
    for text in texts:
        assert list(read(text).files) == [name]


def test_several_formats_are_all_kept_and_equal_lines_count_once() -> None:
    lines = [line("a"), line("a", "fmt/44"), line("a")]
    for text in (
        "\n".join([HEAD, *lines]),
        yaml(document("'a'", "fmt/43", "fmt/44")),
        as_json(file("a"), file("a", "fmt/44"), file("a")),
    ):
        assert [row.pronom_key for row in read(text).files["a"]] == ["fmt/43", "fmt/44"]


def test_columns_go_by_their_names() -> None:
    table = "id,filename,md5,mime\nfmt/43,a,900150983cd24fb0d6963f7d28e17f72,image/jpeg\n"
    assert read(table).files == {"a": [Row(None, None, "fmt/43", None, "image/jpeg")]}


def test_of_several_registries_pronom_counts() -> None:
    group = ",namespace,id,format,version,mime,class,basis,warning"
    table = (
        f"{HEAD}{group}\na,5,,,{A},tika,image/jpeg,J,,x/y,,,,pronom,fmt/43,JPEG,,image/jpeg,,,\n"
    )
    assert read(table).files == {"a": [Row(A, 5, "fmt/43", "JPEG", "image/jpeg")]}
    other = f"{HEAD}\na,5,,,{A},tika,image/jpeg,J,,image/jpeg,,,\n"
    assert read(other).files == {"a": [Row(A, 5, None, "J", "image/jpeg")]}


def test_unknown_formats_odd_sizes_and_digests() -> None:
    table = f"{HEAD}\na,-1,,,xyz,pronom,UNKNOWN,,,,,no match,\nb,{'9' * 30},,,{A.upper()},pronom,UNKNOWN,,,,,,\n"  # noqa: E501
    assert read(table).files == {
        "a": [Row(None, None, "UNKNOWN", None, None)],
        "b": [Row(A, None, "UNKNOWN", None, None)],
    }


def test_junk_lines_are_counted_and_lose_nothing_else() -> None:
    table = f"{HEAD}\nhello\n{line('a')}\n\n,,,\n{line('b')}\n"
    found = read(table)
    assert (list(found.files), found.broken) == (["a", "b"], 2)
    found = read(yaml(document("'open", "fmt/1"), document("'b'", "fmt/43")) + "junk\n")
    assert (list(found.files), found.broken) == (["b"], 2)
    found = read(as_json(3, None, [], {"filename": None}, file("b")))
    assert (list(found.files), found.broken) == (["b"], 4)


def test_an_open_quotation_loses_its_line_only() -> None:
    table = f'{HEAD}\n{line("a")}\n"open,{"x" * 200_000}\n{line("b")}\n'
    found = read(table)
    assert next(iter(found.files)) == "a"
    assert found.broken == 1


def test_what_breaks_off_is_read_so_far() -> None:
    text = as_json(file("a"), file("b"))
    found = read(text[:-60])
    assert (list(found.files), found.broken) == (["a"], 1)


@pytest.mark.parametrize("text", ["", "hello\n", "{}", '{"files": 3}', "---\n---\n", "\0\0", "[]"])
def test_what_is_no_output_of_siegfried_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read(text)


def test_lone_surrogates_become_what_can_be_written() -> None:
    [name] = read(as_json(file("a\ud800b"))).files
    assert name.encode() == "a\ufffdb".encode()


def test_a_deep_or_endless_entry_is_an_error_and_bounded() -> None:
    for item in ("[" * 100_000, '"' + "x" * (9 << 20), "9" * 10_000):
        with pytest.raises(ValueError, match="breaks off"):
            read('{"files": [' + item)


def test_a_very_long_line_is_cut() -> None:
    found = read(f"{HEAD}\n{line('a')}\n{'x' * (3 << 20)}\n{line('b')}\n")
    assert (list(found.files), found.broken) == (["a", "b"], 1)


def test_real_outputs_agree() -> None:
    if not FIXTURES.is_dir() and not os.environ.get("CI"):
        pytest.skip(f"no METS fixtures at {FIXTURES} (set STRONGROOM_FIXTURES)")
    with (
        (FIXTURES / "siegfried.csv").open("rb") as table,
        (FIXTURES / "siegfried.yml").open("rb") as documents,
    ):
        reports = siegfried.read(table), siegfried.read(documents)
    one, other = (
        {path.partition("/objects/")[2]: rows for path, rows in report.files.items()}
        for report in reports
    )
    assert one == other
    assert len(one) == 14
    assert one["IMAGE-2.tiff"] == [
        Row(
            "3aa1134f4c05a7c9b7465940b062122081cc7ed96925b6770145125a34fec78a",
            4360016,
            "fmt/353",
            "Tagged Image File Format",
            "image/tiff",
        )
    ]
    assert sum(row.content_type is None for rows in one.values() for row in rows) >= 1
    assert any("#" in path and not path.isascii() for path in one)


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=300), st.text(max_size=300).map(lambda t: t.encode("utf-8", "replace"))
    ),
    st.sampled_from([b"", HEAD.encode() + b"\n", b"---\nfilename : 'a'\n", b'{"files":[']),
)
def test_arbitrary_bytes_never_raise_anything_else(junk: bytes, start: bytes) -> None:
    try:
        siegfried.read(io.BytesIO(start + junk))
    except ValueError as error:
        assert type(error) is ValueError
