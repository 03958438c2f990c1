"""The reference of the HTTP API lists every route with its statuses, and no other; codes exist."""

from __future__ import annotations

import re

import documents
import pytest

from strongroom.api.app import PRESERVATION, STORAGE
from strongroom.api.openapi import Part, document
from strongroom.api.problem_texts import TEXTS

PAGE = documents.ROOT / "docs" / "reference" / "http-api.md"
TABLES = (
    "## Preservation API: deposits",
    "## Preservation API: import jobs",
    "## Preservation API: tools",
    "## Preservation API: repository",
    "## Preservation API: activity and server",
    "## Preservation API: who may do what",
    "## Storage API",
)
#: what the page says of all routes at once
COMMON = {"400", "401", "403", "413", "429", "500", "503"}
#: a code has a hyphen, and properties have none
CODE = re.compile(r"`([a-z]+(?:-[a-z]+)+|tombstone|locked|exporting|unavailable)`")

Routes = dict[tuple[str, str], set[str]]


def described() -> Routes:
    """Statuses by method and path, as the server describes itself."""
    parts = [
        Part(tag="Preservation", prefix="", handlers=PRESERVATION),
        Part(tag="Storage", prefix="/storage-api", handlers=STORAGE),
    ]
    paths = document(parts, "http://localhost:8000", guarded=True)["paths"]
    return {
        (method.upper(), path): set(operation["responses"]) - COMMON
        for path, methods in paths.items()
        for method, operation in methods.items()
    }


def listed() -> Routes:
    found: Routes = {}
    for heading in TABLES:
        for methods, path, what, statuses in list(documents.rows(PAGE, heading))[1:]:
            assert what.endswith("."), what
            for method in methods.split(", "):
                key = (method, path.strip("`"))
                assert key not in found, f"{key} is listed twice"
                found[key] = set(statuses.split(", "))
    return found


def test_every_route_is_listed_and_no_other() -> None:
    assert listed().keys() == described().keys()


def test_every_status_that_a_route_declares_is_listed() -> None:
    page = listed()
    missing = {
        route: sorted(statuses - page[route])
        for route, statuses in described().items()
        if statuses - page[route]
    }
    assert not missing


def test_codes_that_a_client_may_meet_are_explained_by_the_server() -> None:
    _, *rows = [
        row for row in documents.rows(PAGE, "## Problems") if re.match(r"\d|status", row[0])
    ]
    named = {code for _, codes in rows for code in CODE.findall(codes)}
    assert len(named) > 40
    assert named <= TEXTS.keys()


@pytest.mark.parametrize(
    ("page", "heading"),
    [
        ("explanation/diffs.md", "## The refusals of a diff"),
        ("explanation/diffs.md", "## A job written by hand"),
        ("how-to/identifiers.md", "## When it cannot be done"),
    ],
)
def test_codes_of_refusals_are_explained_by_the_server(page: str, heading: str) -> None:
    rows = documents.rows(documents.ROOT / "docs" / page, heading)
    named = {code for row in rows for cell in row for code in CODE.findall(cell)}
    assert len(named) >= 7
    assert named <= TEXTS.keys()
