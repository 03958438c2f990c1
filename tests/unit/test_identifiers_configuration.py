"""The configuration of resolvers: what it may hold, and how its faults are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from strongroom.errors import BadRequest
from strongroom.identifiers import Resolvers, load
from strongroom.identifiers.service import Service


def configured(folder: Path, text: str) -> Resolvers:
    config = folder / "identifiers.toml"
    config.write_text(text, encoding="utf-8")
    return load(config, {"KEY": "k", "BAD_KEY": "a\nb"})


def service(resolvers: Resolvers, schema: str) -> Service:
    found = resolvers.by_schema[schema]
    assert isinstance(found, Service)
    return found


def test_no_file_is_no_resolvers() -> None:
    assert load(None).by_schema == {}


def test_defaults_by_schema(tmp_path: Path) -> None:
    found = configured(
        tmp_path,
        "".join(
            f'[schemas.{name}]\nservice = "https://ids.example/sub/"\n'
            for name in ("id", "pid", "irn")
        ),
    )
    for name in ("id", "pid"):
        assert service(found, name).request == "/api/v1/ids/{value}"
        assert not service(found, name).is_query
    irn = service(found, "irn")
    assert irn.request == "/api/v1/ids?q={value}&s={schema}"
    assert irn.is_query
    assert (irn.base, irn.timeout, irn.header) == ("https://ids.example/sub", 5.0, None)
    assert (irn.path_field, irn.name_field, irn.results) == ("repositoryuri", "title", "results")


def test_every_setting_of_a_service(tmp_path: Path) -> None:
    found = service(
        configured(
            tmp_path,
            """
            [schemas.x]
            service = "http://ids.example:8080"
            path = "records/{schema}/{value}"
            results = "hits"
            fields = { path = "where", name = "label" }
            repository_root = "https://preservation.example/repository/"
            replace = { "/cc/" = "/collections/" }
            header = { name = "X-API-KEY", env = "KEY" }
            timeout = 2
            """,
        ),
        "x",
    )
    assert found.request == "/records/{schema}/{value}"
    assert not found.is_query
    assert (found.results, found.path_field, found.name_field) == ("hits", "where", "label")
    assert found.repository_root == "https://preservation.example/repository/"
    assert found.replace == {"/cc/": "/collections/"}
    assert found.header == ("X-API-KEY", "k")
    assert found.timeout == 2.0


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("x = 1", ["x"]),
        ("schemas = 1", ["schemas"]),
        ("[schemas]\nx = 1", ["schemas.x"]),
        ("[schemas.x]", ["schemas.x"]),
        ('[schemas.x]\ntable = "a.csv"\nservice = "http://h"', ["schemas.x"]),
        ("[schemas.x]\ntable = 1", ["schemas.x.table"]),
        ('[schemas.x]\ntable = "a.xls"\nnom = 1', ["schemas.x.nom", "schemas.x.table"]),
        ('[schemas.x]\ntable = "absent.csv"', ["absent.csv"]),
        ('[schemas.x]\nservice = "ids.example"', ["schemas.x.service"]),
        ('[schemas.x]\nservice = "ftp://ids.example"', ["schemas.x.service"]),
        ('[schemas.x]\nservice = "http://u:p@ids.example"', ["schemas.x.service"]),
        ('[schemas.x]\nservice = "http://h:99999"', ["schemas.x.service"]),
        ('[schemas.x]\nservice = "http://h?a=b"', ["schemas.x.service"]),
        ('[schemas.x]\nservice = "http://h"\npath = "/{value}"\nquery = "/{value}"', ["schemas.x"]),
        ('[schemas.x]\nservice = "http://h"\npath = "/x"', ["schemas.x.path"]),
        ('[schemas.x]\nservice = "http://h"\nquery = "/{value}{other}"', ["schemas.x.query"]),
        ('[schemas.x]\nservice = "http://h"\nquery = "/{value.real}"', ["schemas.x.query"]),
        ('[schemas.x]\nservice = "http://h"\nquery = "/{value!r}"', ["schemas.x.query"]),
        ('[schemas.x]\nservice = "http://h"\nquery = "/{value"', ["schemas.x.query"]),
        ('[schemas.x]\nservice = "http://h"\ntimeout = 0', ["schemas.x.timeout"]),
        ('[schemas.x]\nservice = "http://h"\ntimeout = true', ["schemas.x.timeout"]),
        ('[schemas.x]\nservice = "http://h"\ntimeout = nan', ["schemas.x.timeout"]),
        ('[schemas.x]\nservice = "http://h"\nfields = { nom = "a" }', ["schemas.x.fields.nom"]),
        ('[schemas.x]\nservice = "http://h"\nfields = { name = 1 }', ["schemas.x.fields.name"]),
        (
            '[schemas.x]\nservice = "http://h"\nreplace = { "" = "a", b = 1 }',
            ["schemas.x.replace", "schemas.x.replace"],
        ),
        (
            '[schemas.x]\nservice = "http://h"\nheader = {}',
            ["schemas.x.header.name", "schemas.x.header.env"],
        ),
        (
            '[schemas.x]\nservice = "http://h"\nheader = { name = "A", env = "UNSET" }',
            ["schemas.x.header.env"],
        ),
        (
            '[schemas.x]\nservice = "http://h"\nheader = { name = "A b", env = "BAD_KEY" }',
            ["schemas.x.header.name", "schemas.x.header.env"],
        ),
    ],
)
def test_wrong_settings_are_named(tmp_path: Path, text: str, keys: list[str]) -> None:
    with pytest.raises(BadRequest) as caught:
        configured(tmp_path, text)
    assert caught.value.problem == "bad-identifiers"
    assert str(tmp_path / "identifiers.toml") in caught.value.message
    assert [fault.path for fault in caught.value.faults] == keys
    for fault in caught.value.faults:
        assert fault.message in caught.value.message


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    text = "".join(f'[schemas.s{n}]\nservice = "no url"\nunheard = 1\n' for n in range(40))
    with pytest.raises(BadRequest) as caught:
        configured(tmp_path, text)
    assert len(caught.value.faults) == 80
    assert "and 30 more" in caught.value.message


def test_secrets_are_not_repeated(tmp_path: Path) -> None:
    text = '[schemas.x]\nservice = "http://h"\nheader = { name = "A", env = "BAD_KEY" }'
    with pytest.raises(BadRequest) as caught:
        configured(tmp_path, text)
    assert "a\nb" not in caught.value.message


def test_a_file_that_is_not_there_or_no_toml(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match=r"absent\.toml.*cannot be read"):
        load(tmp_path / "absent.toml")
    with pytest.raises(BadRequest, match="no TOML"):
        configured(tmp_path, "[schemas\n")
    (tmp_path / "x.toml").write_bytes(b"\xff")
    with pytest.raises(BadRequest, match="no TOML"):
        load(tmp_path / "x.toml")
