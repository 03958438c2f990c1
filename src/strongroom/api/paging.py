"""Pages of what is answered whole unless a client asks for pages; their links (RFC 8288)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from strongroom.api.values import Value, whole
from strongroom.errors import BadRequest, Fault

MAX_SIZE, DEFAULT_SIZE = 1_000, 100
MAX_PAGE = 10**9

#: query names
PARAMETERS: Mapping[str, Value] = {
    "page": whole(
        "Of the children of a Container outside Archival Groups, counted from 1; all if none",
        1,
        MAX_PAGE,
    ),
    "pageSize": whole(f"Children on a page; {DEFAULT_SIZE} if not given", 1, MAX_SIZE),
}


@dataclass(frozen=True, slots=True)
class Asked:
    page: int
    size: int

    @property
    def start(self) -> int:
        return (self.page - 1) * self.size

    def __str__(self) -> str:
        return f"{self.page} of {self.size}"


def asked(query: Mapping[str, str]) -> Asked | None:
    """The page that is asked for; None if none is. Raises BadRequest (``bad-page``)."""
    sent = {name: query[name] for name in PARAMETERS if name in query}
    if not sent:
        return None
    limits = {"page": MAX_PAGE, "pageSize": MAX_SIZE}
    faults = [
        Fault(
            code="bad-page",
            message="The value cannot be used.",
            path=name,
            expected=f"a whole number from 1 to {limits[name]}",
            found=text[:40],
        )
        for name, text in sent.items()
        if not (text.isascii() and text.isdigit() and 1 <= int(text[:12]) <= limits[name])
    ]
    if faults:
        raise BadRequest(
            "There is no such page: "
            + "; ".join(f"{fault.path} must be {fault.expected}" for fault in faults)
            + ".",
            code="bad-page",
            faults=faults,
        )
    return Asked(int(sent.get("page", "1")), int(sent.get("pageSize", str(DEFAULT_SIZE))))


def links(address: str, page: Asked, total: int) -> str:
    """The pages around this one."""
    last = max(1, -(-total // page.size))
    around = {"first": 1, "prev": page.page - 1, "next": page.page + 1, "last": last}
    return ", ".join(
        f'<{address}?page={number}&pageSize={page.size}>; rel="{name}"'
        for name, number in around.items()
        if 1 <= number <= last
    )
