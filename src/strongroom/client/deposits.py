"""Deposits: making them, changing them, locking them, exporting into them.

Their files are the affair of ``files``, and what becomes of them that of ``jobs``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from strongroom.client.paths import canonical, encode, last_segment
from strongroom.client.polling import poll
from strongroom.client.transport import Transport
from strongroom.wire.deposits import Deposit, DepositQueryPage


class Deposits:
    """Every call takes a deposit's bare id or its URI."""

    def __init__(self, transport: Transport, sleep: Callable[[float], None]) -> None:
        self._transport = transport
        self._sleep = sleep

    def create(
        self,
        *,
        archival_group: str | None = None,
        name: str | None = None,
        note: str | None = None,
        template: str | None = None,
        version: str | None = None,
    ) -> Deposit:
        """A new working area. ``version`` picks the version that an existing group's METS is of."""
        body = _body(archival_group, name, note, template=template, versionExported=version)
        return self._transport.json("POST", "/deposits", Deposit, body=body)

    def export(self, archival_group: str, *, version: str | None = None) -> Deposit:
        """A new working area into which a version is being copied; see :meth:`wait_exported`."""
        body = _body(archival_group, None, None, versionExported=version)
        return self._transport.json("POST", "/deposits/export", Deposit, body=body)

    def from_identifier(self, schema: str, value: str, *, template: str | None = None) -> Deposit:
        """A working area for the object that a catalogue knows by this identifier."""
        body = {"schema": schema, "value": value}
        if template is not None:
            body["template"] = template
        return self._transport.json("POST", "/deposits/from-identifier", Deposit, body=body)

    def get(self, deposit: str) -> Deposit:
        return self._transport.json("GET", at(deposit), Deposit)

    def patch(
        self,
        deposit: str,
        *,
        archival_group: str | None = None,
        name: str | None = None,
        note: str | None = None,
    ) -> Deposit:
        """Set what is given; nothing can be cleared."""
        body = _body(archival_group, name, note)
        return self._transport.json("PATCH", at(deposit), Deposit, body=body)

    def delete(self, deposit: str) -> None:
        """Remove a deposit and its files."""
        self._transport.request("DELETE", at(deposit), again=False)

    def page(self, number: int = 1, *, query: Mapping[str, str] | None = None) -> DepositQueryPage:
        """One page of deposits; ``query`` holds the parameters of the list query."""
        params = {**(query or {}), "page": str(number)}
        return self._transport.json("GET", "/deposits", DepositQueryPage, params=params)

    def all(self, *, query: Mapping[str, str] | None = None) -> Iterator[Deposit]:
        """Every deposit that a query finds, page by page."""
        number = seen = 0
        while True:
            number += 1
            page = self.page(number, query=query)
            yield from page.deposits
            seen += len(page.deposits)
            if not page.deposits or seen >= page.total:
                return

    def active_for(self, archival_group: str) -> Deposit | None:
        """The one active deposit for a group, if there is one."""
        path = canonical(archival_group)
        query = {"archivalGroupPath": f"/repository/{path}"}
        return next((found for found in self.all(query=query) if found.active), None)

    def lock(self, deposit: str, *, force: bool = False) -> None:
        self._transport.request(
            "POST", f"{at(deposit)}/lock", params={"force": "true" if force else "false"}
        )

    def unlock(self, deposit: str) -> None:
        self._transport.request("DELETE", f"{at(deposit)}/lock")

    def activate(self, deposit: str) -> None:
        self._transport.request("PUT", f"{at(deposit)}/activate")

    def deactivate(self, deposit: str) -> None:
        self._transport.request("PUT", f"{at(deposit)}/deactivate")

    def wait_exported(self, deposit: str, *, timeout: float | None = None) -> Deposit:
        """Poll until an export has ended; Unreachable when ``timeout`` seconds were not enough."""
        return poll(
            lambda: self.get(deposit),
            done=lambda found: found.status != "exporting",
            sleep=self._sleep,
            timeout=timeout,
            what=f"the export into deposit {last_segment(deposit)}",
        )


def at(deposit: str) -> str:
    """The path of a deposit on its server."""
    return f"/deposits/{encode(last_segment(deposit))}"


def _body(
    archival_group: str | None, name: str | None, note: str | None, **more: str | None
) -> dict[str, str]:
    """Only what was given: the server takes an absent property for "leave it"."""
    body: dict[str, str | None] = {
        "archivalGroup": _group(archival_group),
        "archivalGroupName": name,
        "submissionText": note,
        **more,
    }
    return {key: value for key, value in body.items() if value is not None}


def _group(text: str | None) -> str | None:
    """A path becomes a URI without host, which holds on every address that a server has."""
    return None if text is None else f"/repository/{encode(canonical(text))}"
