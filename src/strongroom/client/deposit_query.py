"""What a list of deposits shall hold, and in which order."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, datetime

from strongroom.client.paths import canonical

#: a moment; texts are ISO 8601
Moment = datetime | str


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositQuery:
    """All that is given must be true of a deposit; without anything, active ones are listed."""

    #: ``new``, ``exporting``, ``preserved``, ``error`` or ``archived``
    status: str | None = None
    #: active and inactive ones
    show_all: bool | None = None
    #: False: inactive ones alone
    active: bool | None = None
    #: whether the deposit has been archived
    archived: bool | None = None
    #: path of the Archival Group, exactly
    archival_group: str | None = None
    #: how the path of the Archival Group ends; without a slash
    archival_group_ends: str | None = None
    #: how the path of the Archival Group begins
    archival_group_begins: str | None = None
    #: agents, by name or URI
    created_by: str | None = None
    last_modified_by: str | None = None
    preserved_by: str | None = None
    exported_by: str | None = None
    #: from this moment on (``…_after``), until before this moment (``…_before``)
    created_after: Moment | None = None
    created_before: Moment | None = None
    last_modified_after: Moment | None = None
    last_modified_before: Moment | None = None
    preserved_after: Moment | None = None
    preserved_before: Moment | None = None
    exported_after: Moment | None = None
    exported_before: Moment | None = None
    #: ``created``, ``lastModified``, ``preserved``, ``exported``, each also with ``By``;
    #: ``status``, ``archivalGroupPath``
    order_by: str | None = None
    ascending: bool | None = None
    #: deposits that are asked for at once
    page_size: int | None = None

    def parameters(self) -> dict[str, str]:
        """As the server's query has them."""
        found: dict[str, str] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None:
                found[_NAMES.get(field.name) or _camel(field.name)] = _text(field.name, value)
        return found


_NAMES = {
    "archival_group": "archivalGroupPath",
    "archival_group_ends": "archivalGroupPath",
    "archival_group_begins": "archivalGroupPathParent",
}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _text(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=UTC)
        return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if name == "archival_group":
        return f"/repository/{canonical(str(value))}"
    return str(value)
