"""The questions of a search, read from a query string with everything that is wrong at once.

Pages are counted from 0 here, unlike anywhere else. Source: contract section 9.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from strongroom.api.values import Value, text, whole, word
from strongroom.errors import BadRequest, Fault

MAX_PAGE_SIZE = 500
DEFAULT_PAGE_SIZE = 20
#: the last page that can be asked for
MAX_PAGE = 10**12
#: characters of what is looked for
MAX_TEXT = 4_000


class SearchType(StrEnum):
    """Whose pages ``pageNumber`` counts; the other's are counted by ``otherPage``."""

    ALL = "All"
    DEPOSITS = "Deposits"
    FEDORA = "Fedora"


#: a character that is not stripped; what is blank to Python is not quite what is to schemas
_SOMETHING = (
    r"[^\u0009-\u000d\u001c-\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]"
)
_TEXT = text("What to look for, in any case", required=True, pattern=_SOMETHING, maxLength=MAX_TEXT)

#: query names of the search
PARAMETERS: Mapping[str, Value] = {
    "text": _TEXT,
    "pageNumber": whole("Page, counted from 0", 0, MAX_PAGE),
    "pageSize": whole(f"Results on a page; {DEFAULT_PAGE_SIZE} if not given", 1, MAX_PAGE_SIZE),
    "type": word("Whose pages pageNumber counts, in any case; All if not given", SearchType),
    "otherPage": whole("Page of the other ones, counted from 0", 0, MAX_PAGE),
}
#: and of the search of the Storage API
STORAGE_PARAMETERS: Mapping[str, Value] = {
    "text": _TEXT,
    "page": whole("Page, counted from 0", 0, MAX_PAGE),
    "pageSize": whole("Results on a page; everything if there is no page either", 1, MAX_PAGE_SIZE),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    text: str
    page_size: int
    binaries_page: int
    deposits_page: int


def question(query: Mapping[str, str]) -> Question:
    """The question of the Preservation API. Raises BadRequest (``bad-search``)."""
    reader = _Reader(query)
    text = reader.text()
    page = reader.page("pageNumber")
    other = reader.page("otherPage")
    size = reader.size()
    kind = reader.kind()
    reader.refuse()
    return Question(
        text=text,
        page_size=size,
        binaries_page=other if kind is SearchType.DEPOSITS else page,
        deposits_page=other if kind is SearchType.FEDORA else page,
    )


def storage_question(query: Mapping[str, str]) -> tuple[str, int, int] | tuple[str, None, None]:
    """Text, page and page size of the Storage API; None for both where neither is given."""
    reader = _Reader(query)
    text, page, size = reader.text(), reader.page("page"), reader.size()
    reader.refuse()
    if query.get("page") is None and query.get("pageSize") is None:
        return text, None, None
    return text, page, size


class _Reader:
    """Takes the parameters one by one, and keeps what is wrong with them."""

    def __init__(self, query: Mapping[str, str]) -> None:
        self._query = query
        self._faults: list[Fault] = []

    def text(self) -> str:
        found = self._query.get("text") or ""
        if not found.strip():
            self._wrong("text", "Something to look for is needed.", "a text", None)
        elif len(found) > MAX_TEXT:
            self._wrong(
                "text",
                "The text is too long.",
                f"at most {MAX_TEXT} characters",
                f"{len(found)} characters",
            )
        return found

    def page(self, name: str) -> int:
        return self._number(name, 0, 0, MAX_PAGE)

    def size(self) -> int:
        return self._number("pageSize", DEFAULT_PAGE_SIZE, 1, MAX_PAGE_SIZE)

    def kind(self) -> SearchType:
        found = self._query.get("type")
        if found is None:
            return SearchType.ALL
        for number, kind in enumerate(SearchType):
            if found.strip().lower() in (kind.value.lower(), str(number)):
                return kind
        self._wrong("type", "The type is not known.", ", ".join(SearchType), found[:40])
        return SearchType.ALL

    def refuse(self) -> None:
        if self._faults:
            raise BadRequest(
                "The search cannot be understood: "
                + "; ".join(
                    f"{fault.path}: {fault.message.rstrip('.')} (expected {fault.expected})"
                    for fault in self._faults
                )
                + ".",
                code="bad-search",
                faults=self._faults,
            )

    def _number(self, name: str, default: int, low: int, high: int) -> int:
        found = self._query.get(name)
        if found is None:
            return default
        text = found.strip()
        if text.isascii() and text.isdigit() and len(text) <= 13 and low <= int(text) <= high:
            return int(text)
        limit = f" to {high}" if high == MAX_PAGE_SIZE else ""
        self._wrong(
            name, "The value cannot be used.", f"a whole number from {low}{limit}", found[:40]
        )
        return default

    def _wrong(self, name: str, message: str, expected: str, found: str | None) -> None:
        self._faults.append(
            Fault(code="bad-search", message=message, path=name, expected=expected, found=found)
        )
