"""The OpenAPI description: complete, consistent, and true to the routes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from litestar.routes import HTTPRoute

from strongroom.api.app import PRESERVATION, STORAGE, create_app
from strongroom.api.described import query_names
from strongroom.api.openapi import Part, document, storage_prefix
from strongroom.api.operation import KEY
from strongroom.api.settings import EdgeSettings
from strongroom.services.context import Context, Roots

PARTS = [
    Part(tag="Preservation", prefix="", handlers=PRESERVATION),
    Part(tag="Storage", prefix="/storage-api", handlers=STORAGE),
]


@pytest.fixture(scope="module")
def description() -> dict[str, Any]:
    return document(PARTS, "http://pres.example", guarded=True)


def operations(description: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def test_every_route_is_described(description: dict[str, Any]) -> None:
    assert description["openapi"] == "3.1.0"
    found = {(path, method) for path, method, _ in operations(description)}
    declared = set()
    for part in PARTS:
        for handler in part.handlers:
            (path,) = handler.paths
            for method in handler.http_methods:
                public = part.prefix + re.sub(r":\w+}", "}", path)
                declared.add((public, str(method).lower()))
    assert found == declared


@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("/deposits", "post"),
        ("/deposits/from-identifier", "post"),
        ("/deposits/{deposit_id}/importjobs/diff", "get"),
        ("/v1/deposits/{deposit_id}/importjobs/results/{job_id}/cancel", "post"),
        ("/v1/deposits/{deposit_id}/files/{path}", "put"),
        ("/repository/{path}", "head"),
        ("/storage-api/content/{path}", "get"),
        ("/storage-api/export/{job_id}", "get"),
        ("/activity/archivalgroups/pages/{page}", "get"),
    ],
)
def test_paths_are_the_public_ones(description: dict[str, Any], path: str, method: str) -> None:
    assert method in description["paths"][path]


def test_operations_are_whole(description: dict[str, Any]) -> None:
    ids = [operation["operationId"] for _, _, operation in operations(description)]
    assert len(ids) == len(set(ids))
    for path, method, operation in operations(description):
        in_path = {p["name"] for p in operation["parameters"] if p["in"] == "path"}
        assert in_path == set(re.findall(r"{(\w+)}", path)), path
        assert operation["summary"]
        assert any(status[0] == "2" for status in operation["responses"]), (path, method)
        for status, answer in operation["responses"].items():
            assert answer["description"]
            if status[0] in "45" and "problem" in str(answer):
                assert answer["content"]["application/problem+json"]["schema"]["$ref"].endswith(
                    "/Problem"
                )


def test_what_every_operation_says(description: dict[str, Any]) -> None:
    for path, _, operation in operations(description):
        assert re.fullmatch(r"[a-z]+[A-Z]\w+", operation["operationId"]), path
        assert operation["summary"][0].isupper() and not operation["summary"].endswith(".")
        assert {"400", "403", "500"} <= set(operation["responses"])
        guarded = {"401", "429", "503"} <= set(operation["responses"])
        assert guarded == bool(operation["security"]), path
        for answer in operation["responses"].values():
            assert "x-correlation-id" in answer["headers"]
        for parameter in operation["parameters"]:
            assert parameter["schema"].get("type"), (path, parameter)


def test_without_authentication_no_proof_is_asked_for() -> None:
    open_to_all = document(PARTS, "http://pres.example", guarded=False)
    assert "securitySchemes" not in open_to_all["components"]
    for path, _, operation in operations(open_to_all):
        assert operation["security"] == []
        assert path == "/v1/token" or not {"401", "429"} & set(operation["responses"])


def test_the_application_answers_what_is_described_and_nothing_else() -> None:
    settings = EdgeSettings(public="http://p", storage="http://p/storage-api", docs=True)
    context = SimpleNamespace(roots=Roots(public="http://p", storage="http://p/storage-api"))
    app: Any = create_app(cast("Context", context), settings=settings)
    routed = set()
    pages = set()
    for route in app.router.routes:
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                # the front answers OPTIONS itself
                for method in {*handler.http_methods} - {"OPTIONS"}:
                    known = routed if KEY in handler.opt else pages
                    known.add((route.path_format, str(method).lower()))
    # the router writes both surfaces' greetings without a slash at the end, or with it
    found = {
        (path.rstrip("/") or "/", method)
        for path, method, _ in operations(document(PARTS, "http://p", guarded=False))
    }
    assert {(path.rstrip("/") or "/", method) for path, method in routed} == found
    # pages for people, which are no operations
    assert {path.removeprefix("/storage-api") for path, _ in pages} == {
        "/docs",
        "/docs/style.css",
        "/openapi.json",
        "/problems",
        "/problems/{code}",
    }


def test_references_lead_somewhere(description: dict[str, Any]) -> None:
    known = {f"#/components/schemas/{name}" for name in description["components"]["schemas"]}
    found = set(references(description))
    assert found and found <= known


def test_shapes_are_those_of_the_wire(description: dict[str, Any]) -> None:
    create = description["paths"]["/deposits"]["post"]
    assert create["requestBody"]["required"] is False
    sent, none = create["requestBody"]["content"]["application/json"]["schema"]["anyOf"]
    assert none == {"type": "null"}
    assert sent["$ref"] == "#/components/schemas/DepositIn"
    listed = description["paths"]["/deposits/{deposit_id}/mets"]["post"]["requestBody"]
    assert listed["content"]["application/json"]["schema"] == {
        "type": "array",
        "items": {"type": "string"},
        "minItems": 1,
    }
    assert create["responses"]["201"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/Deposit"
    }
    deposit = description["components"]["schemas"]["Deposit"]["properties"]
    assert {"archivalGroup", "metsETag", "lastModifiedBy", "layout"} <= set(deposit)
    shown = description["paths"]["/repository/{path}"]["get"]["responses"]["200"]
    assert len(shown["content"]["application/json"]["schema"]["anyOf"]) == 3
    assert "requestBody" in description["paths"]["/v1/deposits/{deposit_id}/files/{path}"]["put"]
    assert "content" not in description["paths"]["/repository/{path}"]["head"]["responses"]["200"]


def test_query_parameters_are_known_by_name(description: dict[str, Any]) -> None:
    names = query_names((*PRESERVATION, *STORAGE))
    for name in ("pageSize", "orderBy", "purge", "force", "version", "view", "showForm"):
        assert names[name.lower()] == name
    shown = {
        parameter["name"]
        for parameter in description["paths"]["/deposits"]["get"]["parameters"]
        if parameter["in"] == "query"
    }
    assert {"page", "pageSize", "archivalGroupPathParent"} <= shown


@pytest.mark.parametrize(
    ("public", "storage", "prefix"),
    [
        ("http://p", "http://p/storage-api", "/storage-api"),
        ("http://p/x", "http://p/x/s", "/s"),
        ("http://p", "http://s", None),
        ("http://p/x", "http://p/s", None),
    ],
)
def test_where_the_storage_surface_lies(public: str, storage: str, prefix: str | None) -> None:
    assert storage_prefix(EdgeSettings(public=public, storage=storage)) == prefix
