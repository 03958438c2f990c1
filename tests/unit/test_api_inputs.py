"""Query strings, templates and posted jobs as domain values."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import parse_qs

import pytest

from strongroom.api import inputs, queries
from strongroom.domain.deposit_query import DepositOrder
from strongroom.domain.deposits import Template
from strongroom.domain.importjob import LISTS
from strongroom.errors import BadRequest
from strongroom.wire.deposits import DepositIn
from strongroom.wire.jobs import ImportJobIn, ItemIn, ObjectVersionIn

NAMES = {name.lower(): name for name in (*inputs.LIST_PARAMETERS, "view", "purge")}
ROOTS = ("http://pres.example", "http://stor.example")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (b"", {}),
        (b"page=2", {"page": ["2"]}),
        (b"PAGESIZE=2&Query.OrderBy=status", {"pageSize": ["2"], "orderBy": ["status"]}),
        (b"query.page=1&Page=3", {"page": ["3"]}),
        (b"purge=&view=", {}),
        (b"unknown=1", {"unknown": ["1"]}),
        (b"createdBy=a%20b%26c", {"createdBy": ["a b&c"]}),
        (b"createdBy=J%C3%BCrgen", {"createdBy": ["Jürgen"]}),
    ],
)
def test_names_are_folded(query: bytes, expected: dict[str, list[str]]) -> None:
    assert parse_qs(queries.fold(query, NAMES).decode()) == expected


def test_a_query_has_a_limited_number_of_fields() -> None:
    with pytest.raises(BadRequest, match="more than"):
        queries.fold(b"&".join(b"a=1" for _ in range(queries.MAX_FIELDS + 1)), NAMES)


@pytest.mark.parametrize("text", ["0", "-1", "x", "1.5", "", "²", "1" * 13])
def test_bad_pages(text: str) -> None:
    with pytest.raises(BadRequest) as bad:
        queries.page_number(text)
    assert bad.value.problem == "bad-page"
    assert queries.page_number("7") == 7


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (None, Template.NONE),
        ("", Template.NONE),
        ("none", Template.NONE),
        (0, Template.NONE),
        ("RootLevel", Template.ROOT_LEVEL),
        ("ROOTLEVEL", Template.ROOT_LEVEL),
        (1, Template.ROOT_LEVEL),
        ("bagit", Template.BAGIT),
        ("2", Template.BAGIT),
    ],
)
def test_templates(sent: str | int | None, expected: Template) -> None:
    assert inputs.template(sent) is expected


@pytest.mark.parametrize("sent", ["zip", 3, -1])
def test_unknown_templates(sent: str | int) -> None:
    with pytest.raises(BadRequest, match="no template"):
        inputs.template(sent)


def test_a_job_keeps_what_was_written() -> None:
    lists = {name: [ItemIn(id=f"/{name}", size="12", name="n", digest="D")] for name in LISTS}
    sent = ImportJobIn(
        id="x",
        deposit="d",
        archival_group="g",
        archival_group_name="name",
        is_update=True,
        source_version=ObjectVersionIn(memento_timestamp="20250401101500", ocfl_version="v1"),
        **lists,  # type: ignore[arg-type]
    )
    job = inputs.job_request(sent)
    assert (job.id, job.deposit, job.archival_group, job.is_update) == ("x", "d", "g", True)
    assert job.source_version == "v1"
    assert set(job.lists) == set(LISTS)
    for name in LISTS:
        (item,) = job.lists[name]
        assert (item.id, item.size, item.name, item.digest) == (f"/{name}", 12, "n", "D")


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (None, None),
        ("v3", "v3"),
        ("", None),
        (ObjectVersionIn(ocfl_version="v2"), "v2"),
        (ObjectVersionIn(memento_timestamp="20250401101500"), "20250401101500"),
    ],
)
def test_source_versions(sent: ObjectVersionIn | str | None, expected: str | None) -> None:
    assert inputs.job_request(ImportJobIn(source_version=sent)).source_version == expected


def test_every_fault_of_a_job_is_named() -> None:
    sent = ImportJobIn(
        source_version=ObjectVersionIn(memento_date_time="2025-04-01T10:15:00"),
        binaries_to_add=[ItemIn(size=1), ItemIn(size="many"), ItemIn(size=-1)],
        binaries_to_patch=[ItemIn(size="1.5")],
    )
    with pytest.raises(BadRequest) as bad:
        inputs.job_request(sent)
    assert [fault.path for fault in bad.value.faults] == [
        "sourceVersion",
        "binariesToAdd[1].size",
        "binariesToAdd[2].size",
        "binariesToPatch[0].size",
    ]


def test_the_whole_filter() -> None:
    found = inputs.deposit_query(
        {
            "page": "2",
            "pageSize": "50",
            "orderBy": "LASTMODIFIED",
            "ascending": "True",
            "createdBy": "goobi",
            "lastModifiedBy": "http://pres.example/agents/a%20b",
            "preservedBy": "http://elsewhere.example/agents/x",
            "createdAfter": "2025-06-02T08:15:30",
            "preservedBefore": "2025-06-02T10:15:30+02:00",
            "archivalGroupPath": "library/x",
            "archivalGroupPathParent": "lib",
            "status": "new",
            "showAll": "false",
            "active": "False",
            "archived": "true",
            "showForm": "nonsense",
        },
        ROOTS,
    )
    assert (found.page, found.page_size, found.order) == (2, 50, DepositOrder.MODIFIED)
    assert (found.ascending, found.active, found.show_all, found.archived) == (
        True,
        False,
        False,
        True,
    )
    assert (found.created_by, found.modified_by) == ("goobi", "a b")
    assert found.preserved_by == "http://elsewhere.example/agents/x"
    assert found.created_after == datetime(2025, 6, 2, 8, 15, 30, tzinfo=UTC)
    assert found.preserved_before == datetime(2025, 6, 2, 8, 15, 30, tzinfo=UTC)
    assert (found.group_path, found.group_parent, found.status) == ("library/x", "lib", "new")


def test_an_empty_filter_is_the_default() -> None:
    found = inputs.deposit_query({}, ROOTS)
    assert (found.page, found.page_size, found.order) == (1, 100, DepositOrder.CREATED)
    assert (found.active, found.show_all, found.archived) == (True, False, None)


def test_every_fault_of_a_filter_is_named() -> None:
    with pytest.raises(BadRequest) as bad:
        inputs.deposit_query(
            {"page": "one", "ascending": "yes", "createdAfter": "soon", "archived": "1"}, ROOTS
        )
    assert {fault.path for fault in bad.value.faults} == {
        "page",
        "ascending",
        "createdAfter",
        "archived",
    }


@pytest.mark.parametrize("query", [{"page": "0"}, {"page": "-3"}, {"pageSize": "0"}])
def test_pages_that_cannot_be(query: dict[str, str]) -> None:
    with pytest.raises(BadRequest) as bad:
        inputs.deposit_query(query, ROOTS)
    assert bad.value.problem == "bad-page"


@pytest.mark.parametrize("bad", ["a\x00b", "a\x1f", "\x7f", "a\x85", "x" * 4001])
@pytest.mark.parametrize(
    ("field", "place"),
    [("archival_group_name", "archivalGroupName"), ("submission_text", "submissionText")],
)
def test_texts_of_a_deposit(bad: str, field: str, place: str) -> None:
    for good in ("x" * 4000, "Gödel 📚", "", None):
        inputs.check_deposit_texts(DepositIn(**{field: good}))
    with pytest.raises(BadRequest) as refused:
        inputs.check_deposit_texts(DepositIn(**{field: bad}))
    (fault,) = refused.value.faults
    assert (refused.value.problem, fault.path) == ("bad-text", place)
    assert fault.expected and fault.found and place in refused.value.message


def test_only_a_submission_text_has_lines() -> None:
    inputs.check_deposit_texts(DepositIn(submission_text="a\tb\r\nc"))
    with pytest.raises(BadRequest):
        inputs.check_deposit_texts(DepositIn(archival_group_name="a\nb"))


@pytest.mark.parametrize("bad", ["a\x00b", "a\nb", "x" * 1001])
def test_names_of_containers_and_items(bad: str) -> None:
    assert inputs.container_name("x" * 1000) == "x" * 1000
    with pytest.raises(BadRequest) as refused:
        inputs.container_name(bad)
    assert [fault.path for fault in refused.value.faults] == ["name"]
    job = ImportJobIn(
        archival_group_name="\x00",
        containers_to_add=[ItemIn(name="good"), ItemIn(name=bad)],
        binaries_to_rename=[ItemIn(name=bad)],
    )
    with pytest.raises(BadRequest) as refused:
        inputs.job_request(job)
    assert [fault.path for fault in refused.value.faults] == [
        "archivalGroupName",
        "containersToAdd[1].name",
        "binariesToRename[0].name",
    ]
