"""What clients send, as domain values: jobs, templates, and the long filter of the deposit list.

Types were checked when the body was read; here texts become numbers, moments and words of ours,
and every fault is named at once. Whether the values make sense together is the services' business.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import TypeVar
from urllib.parse import unquote

from strongroom.api import values
from strongroom.api.values import Schema, Value, flag, moment, text, whole
from strongroom.domain.deposit_query import MAX_PAGE_SIZE, DepositOrder, DepositQuery
from strongroom.domain.deposits import Template
from strongroom.domain.importjob import ItemRequest, JobRequest
from strongroom.domain.times import parse_iso
from strongroom.errors import BadRequest, Fault
from strongroom.wire.deposits import DepositIn
from strongroom.wire.jobs import ImportJobIn, ItemIn, ObjectVersionIn

T = TypeVar("T")

_WHOLE = re.compile(r"-?[0-9]{1,18}")

# ------------------------------------------------------------------------ templates


def template(sent: str | int | None) -> Template:
    """The template by name (any case) or by number 0 to 2; missing means none.

    Raises BadRequest (``bad-template``).
    """
    if sent is None or sent == "":
        return Template.NONE
    known = list(Template)
    text = str(sent).strip().lower()
    for number, choice in enumerate(known):
        if text in (choice.value.lower(), str(number)):
            return choice
    raise BadRequest(
        f"'{str(sent)[:40]}' is no template.",
        code="bad-template",
        faults=[
            Fault(
                code="bad-template",
                message="The template is not known.",
                path="template",
                expected=", ".join(choice.value for choice in known),
                found=str(sent)[:40],
            )
        ],
    )


# ------------------------------------------------------------------------ free texts

#: what says that no template is wanted stands first
TEMPLATES: Schema = {
    "enum": [None, "", *(choice.value for choice in Template), *range(len(Template))],
}

#: characters of a name of a Container or Binary, and of the longer texts
MAX_NAME = 1_000
MAX_TEXT = 4_000

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
#: the same where a text may have lines
_CONTROL_IN_LINES = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def check_deposit_texts(sent: DepositIn) -> None:
    """The name and the description of a deposit. Raises BadRequest (``bad-text``)."""
    faults: list[Fault] = []
    _text("archivalGroupName", sent.archival_group_name, MAX_TEXT, faults)
    _text("submissionText", sent.submission_text, MAX_TEXT, faults, control=_CONTROL_IN_LINES)
    _refuse_texts(faults)


def container_name(sent: str | None) -> str | None:
    """The name of a Container. Raises BadRequest (``bad-text``)."""
    faults: list[Fault] = []
    _text("name", sent, MAX_NAME, faults)
    _refuse_texts(faults)
    return sent


def named_agent(name: str, sent: str | None, roots: Iterable[str]) -> str | None:
    """The agent whose URI or name a body holds in this property; None for a blank.

    Raises BadRequest (``bad-agent``).
    """
    text = (sent or "").strip()
    if not text:
        return None
    agent = _agent(text, tuple(roots))
    if len(agent) <= 255 and agent.isprintable() and "/" not in agent:
        return agent
    raise BadRequest(
        f"{name} names no agent of this server.",
        code="bad-agent",
        faults=[
            Fault(
                code="bad-agent",
                message="It is neither the URI of an agent here nor a name.",
                path=name,
                expected="an agent's URI, or 1 to 255 printable characters without slash",
                found=text[:200],
            )
        ],
    )


def _refuse_texts(faults: list[Fault]) -> None:
    if faults:
        raise BadRequest(
            "; ".join(f"{f.path} must be {f.expected}, and has {f.found}" for f in faults) + ".",
            code="bad-text",
            faults=faults,
        )


def _text(
    place: str,
    sent: str | None,
    limit: int,
    faults: list[Fault],
    control: re.Pattern[str] = _CONTROL,
) -> None:
    if sent is None:
        return
    odd = control.search(sent)
    if odd is None and len(sent) <= limit:
        return
    lines = " but tabs and line ends" if control is _CONTROL_IN_LINES else ""
    found = f"{len(sent)} characters"
    if odd is not None:
        found = f"the control character U+{ord(odd[0]):04X} as character {odd.start() + 1}"
    faults.append(
        Fault(
            code="bad-text",
            message="The text is too long or holds control characters.",
            path=place,
            expected=f"at most {limit} characters without control characters{lines}",
            found=found,
        )
    )


# ------------------------------------------------------------------------ import jobs

_ITEMS: Schema = {"items": values.demands("id", name=values.line(MAX_NAME), size=values.COUNT)}
#: what the properties of a posted job must look like
JOB: Mapping[str, Schema] = {
    "archivalGroupName": values.line(MAX_TEXT),
    "sourceVersion": {
        "anyOf": [
            {"type": ["string", "null"]},
            {"type": "object", **values.demands("ocflVersion")},
            {"type": "object", **values.demands("mementoTimestamp")},
        ]
    },
    **{
        f"{what}To{change}": _ITEMS
        for what in ("containers", "binaries")
        for change in ("Add", "Delete", "Rename")
    },
    "binariesToPatch": _ITEMS,
}


def job_request(sent: ImportJobIn) -> JobRequest:
    """A posted job. Raises BadRequest naming every size, version and name that cannot be used."""
    faults: list[Fault] = []
    lists = {
        "containers_to_add": sent.containers_to_add,
        "binaries_to_add": sent.binaries_to_add,
        "containers_to_delete": sent.containers_to_delete,
        "binaries_to_delete": sent.binaries_to_delete,
        "binaries_to_patch": sent.binaries_to_patch,
        "containers_to_rename": sent.containers_to_rename,
        "binaries_to_rename": sent.binaries_to_rename,
    }
    _text("archivalGroupName", sent.archival_group_name, MAX_TEXT, faults)
    request = JobRequest(
        id=sent.id,
        original_id=sent.original_id,
        deposit=sent.deposit,
        archival_group=sent.archival_group,
        archival_group_name=sent.archival_group_name,
        is_update=sent.is_update,
        source_version=_source_version(sent.source_version, faults),
        allow_infected=tuple(sent.allow_infected or ()),
        lists={
            name: tuple(_item(item, f"{_camel(name)}[{n}]", faults) for n, item in enumerate(items))
            for name, items in lists.items()
            if items
        },
    )
    if faults:
        raise BadRequest(
            "The import job cannot be read: "
            + "; ".join(f"{fault.path}: {fault.message}" for fault in faults[:5]),
            code="bad-job",
            faults=faults,
        )
    return request


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _item(sent: ItemIn, place: str, faults: list[Fault]) -> ItemRequest:
    _text(f"{place}.name", sent.name, MAX_NAME, faults)
    return ItemRequest(
        id=sent.id,
        name=sent.name,
        origin=sent.origin,
        content_type=sent.content_type,
        size=_size(sent.size, f"{place}.size", faults),
        digest=sent.digest,
    )


def _size(sent: int | str | None, place: str, faults: list[Fault]) -> int | None:
    if sent is None or sent == "":
        return None
    text = str(sent).strip()
    if text.isascii() and text.isdigit() and len(text) <= 18:
        return int(text)
    faults.append(
        Fault(
            code="bad-size",
            message="The size cannot be read.",
            path=place,
            expected="a number of bytes from 0",
            found=text[:40],
        )
    )
    return None


def _source_version(sent: ObjectVersionIn | str | None, faults: list[Fault]) -> str | None:
    """``vN`` or a timestamp out of the object, or (as documents show it) of the bare text."""
    if sent is None or isinstance(sent, str):
        return (sent or "").strip() or None
    found = sent.ocfl_version or sent.memento_timestamp
    if not found:
        faults.append(
            Fault(
                code="bad-version",
                message="The source version names no version.",
                path="sourceVersion",
                expected="ocflVersion or mementoTimestamp, or null for the head",
            )
        )
    return found


# ------------------------------------------------------------------------ the deposit list

#: the last page that can be named
MAX_PAGE = 10**18 - 1

#: query names of the deposit list, apart from those that are read and ignored
LIST_PARAMETERS: Mapping[str, Value] = {
    "page": whole("Page, counted from 1", 1, MAX_PAGE),
    "pageSize": whole("Deposits on a page; 100 if not given", 1, MAX_PAGE_SIZE),
    "orderBy": text(
        "What to order by, `created` if it is none of "
        + ", ".join(order.value for order in DepositOrder)
    ),
    "ascending": flag("true: smallest or oldest first"),
    "createdBy": text("Agent, by name or URI"),
    "lastModifiedBy": text("Agent, by name or URI"),
    "preservedBy": text("Agent, by name or URI"),
    "exportedBy": text("Agent, by name or URI"),
    "createdAfter": moment("From this moment on"),
    "createdBefore": moment("Before this moment"),
    "lastModifiedAfter": moment("From this moment on"),
    "lastModifiedBefore": moment("Before this moment"),
    "preservedAfter": moment("From this moment on"),
    "preservedBefore": moment("Before this moment"),
    "exportedAfter": moment("From this moment on"),
    "exportedBefore": moment("Before this moment"),
    "archivalGroupPath": text("With a slash: exactly this path; without: paths that end so"),
    "archivalGroupPathParent": text("Paths that begin so"),
    "status": text("Exactly this status"),
    "showAll": flag("true: active and inactive deposits"),
    "active": flag("false: only inactive deposits"),
    "archived": flag("Whether the deposit has been archived"),
    "showForm": text("Accepted and ignored"),
}


class _Reader:
    """Takes query parameters one by one and keeps what is wrong with them."""

    def __init__(self, query: Mapping[str, str]) -> None:
        self._query = query
        self.faults: list[Fault] = []

    def take(self, name: str, read: Callable[[str], T], expected: str) -> T | None:
        text = self._query.get(name)
        if text is None:
            return None
        try:
            return read(text)
        except ValueError:
            self.faults.append(
                Fault(
                    code="bad-parameter",
                    message="The value cannot be read.",
                    path=name,
                    expected=expected,
                    found=text[:80],
                )
            )
            return None

    def whole(self, name: str, default: int) -> int:
        found = self.take(name, _whole, "a whole number")
        return default if found is None else found

    def flag(self, name: str) -> bool | None:
        return self.take(name, _flag, "true or false")


def deposit_query(query: Mapping[str, str], roots: Iterable[str]) -> DepositQuery:
    """The question that a query string asks of the deposit list (contract section 2.2).

    ``query`` has the names of LIST_PARAMETERS; ``roots`` tell agent URIs from names. Raises
    BadRequest (``bad-parameter``, ``bad-page``).
    """
    reader = _Reader(query)
    roots = tuple(roots)

    def agent(name: str) -> str | None:
        return reader.take(name, lambda text: _agent(text, roots), "an agent")

    def moment(name: str) -> datetime | None:
        return reader.take(name, parse_iso, "a moment such as 2026-01-31T12:00:00Z")

    question = partial(
        DepositQuery,
        order=DepositOrder.read(query.get("orderBy")),
        ascending=reader.flag("ascending") or False,
        show_all=reader.flag("showAll") or False,
        active=reader.flag("active") is not False,
        archived=reader.flag("archived"),
        status=query.get("status"),
        created_by=agent("createdBy"),
        modified_by=agent("lastModifiedBy"),
        preserved_by=agent("preservedBy"),
        exported_by=agent("exportedBy"),
        created_after=moment("createdAfter"),
        created_before=moment("createdBefore"),
        modified_after=moment("lastModifiedAfter"),
        modified_before=moment("lastModifiedBefore"),
        preserved_after=moment("preservedAfter"),
        preserved_before=moment("preservedBefore"),
        exported_after=moment("exportedAfter"),
        exported_before=moment("exportedBefore"),
        group_path=query.get("archivalGroupPath"),
        group_parent=query.get("archivalGroupPathParent"),
        page=reader.whole("page", 1),
        page_size=reader.whole("pageSize", 100),
    )
    if reader.faults:
        raise BadRequest(
            "The query cannot be read: "
            + "; ".join(
                f"{fault.path} must be {fault.expected}, and was '{fault.found}'"
                for fault in reader.faults
            ),
            code="bad-parameter",
            faults=reader.faults,
        )
    return question()


def _agent(text: str, roots: tuple[str, ...]) -> str:
    for root in roots:
        if text.startswith(f"{root}/agents/"):
            return unquote(text[len(root) + len("/agents/") :])
    return text


def _whole(text: str) -> int:
    if not _WHOLE.fullmatch(text):
        raise ValueError(text)
    return int(text)


def _flag(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(text)
    return text.lower() == "true"
