"""What a client may ask of the list of Deposits: filters, order and page.

The text of query parameters is read by the edge; what the filters mean in rows is settled in
:mod:`strongroom.db.deposits`. The rules are those of section 2.2 of the HTTP contract.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from strongroom.errors import BadRequest, Fault

#: Deposits on one page, at most
MAX_PAGE_SIZE = 10_000


class DepositOrder(StrEnum):
    """What Deposits can be ordered by, as ``orderBy`` names it."""

    GROUP = "archivalGroupPath"
    STATUS = "status"
    EXPORTED = "exported"
    EXPORTED_BY = "exportedBy"
    PRESERVED = "preserved"
    PRESERVED_BY = "preservedBy"
    MODIFIED = "lastModified"
    MODIFIED_BY = "lastModifiedBy"
    CREATED = "created"
    CREATED_BY = "createdBy"

    @classmethod
    def read(cls, text: str | None) -> DepositOrder:
        """The order of that name in any case; what is unknown or missing is ``created``."""
        folded = (text or "").strip().lower()
        return next((order for order in cls if order.value.lower() == folded), cls.CREATED)


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositQuery:
    """One question; a filter that is None filters nothing. Filters are joined by *and*.

    Raises BadRequest (``bad-page``) where the page cannot be.
    """

    #: 1-based
    page: int = 1
    #: Deposits on a page, 1 to MAX_PAGE_SIZE
    page_size: int = 100
    order: DepositOrder = DepositOrder.CREATED
    ascending: bool = False
    #: active and inactive ones; ``active`` is then ignored
    show_all: bool = False
    #: only active ones, or only inactive ones
    active: bool = True
    #: whether the moment of archiving is present
    archived: bool | None = None
    #: exactly this status; one that does not exist matches nothing
    status: str | None = None
    #: short names of agents, compared exactly
    created_by: str | None = None
    modified_by: str | None = None
    preserved_by: str | None = None
    exported_by: str | None = None
    #: ``after`` includes the moment itself, ``before`` does not
    created_after: datetime | None = None
    created_before: datetime | None = None
    modified_after: datetime | None = None
    modified_before: datetime | None = None
    preserved_after: datetime | None = None
    preserved_before: datetime | None = None
    exported_after: datetime | None = None
    exported_before: datetime | None = None
    #: decoded ``archivalGroupPath`` as sent: with a slash the whole path, without one its end
    group_path: str | None = None
    #: decoded ``archivalGroupPathParent`` as sent: how the path begins, at no segment's boundary
    group_parent: str | None = None

    def __post_init__(self) -> None:
        faults = []
        if self.page < 1:
            faults.append(_bad("page", "at least 1", self.page))
        if not 1 <= self.page_size <= MAX_PAGE_SIZE:
            faults.append(_bad("pageSize", f"1 to {MAX_PAGE_SIZE}", self.page_size))
        if faults:
            text = "; ".join(f"'{f.path}' must be {f.expected}, and was {f.found}" for f in faults)
            raise BadRequest(f"There is no such page: {text}.", code="bad-page", faults=faults)

    @property
    def offset(self) -> int:
        """How many Deposits lie before the page."""
        return (self.page - 1) * self.page_size

    @property
    def group_exact(self) -> str | None:
        """The repository path to match as a whole, if the client gave one."""
        if self.group_path is None or "/" not in self.group_path:
            return None
        return below_repository(self.group_path).rstrip("/")

    @property
    def group_end(self) -> str | None:
        """How the repository path shall end, if the client gave no slash."""
        if self.group_path is None or "/" in self.group_path:
            return None
        return self.group_path

    @property
    def group_start(self) -> str | None:
        """How the repository path shall begin."""
        return None if self.group_parent is None else below_repository(self.group_parent)


def below_repository(text: str) -> str:
    """The path without a leading slash and without a leading ``repository/``."""
    bare = text.lstrip("/")
    if bare == "repository":
        return ""
    return bare.removeprefix("repository/")


def _bad(name: str, expected: str, found: int) -> Fault:
    return Fault(
        code="bad-page",
        message=f"'{name}' is out of range.",
        path=name,
        expected=expected,
        found=str(found),
    )
