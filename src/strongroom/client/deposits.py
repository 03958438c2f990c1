"""Deposits: making them, changing them, locking them, exporting into them.

Their files are the affair of ``files``, and what becomes of them that of ``jobs``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from strongroom.client.deposit_query import DepositQuery
from strongroom.client.errors import JobFailed
from strongroom.client.operations import operation
from strongroom.client.polling import poll
from strongroom.client.references import DepositRef, PathRef, at, bare_id, path_of, uri_of
from strongroom.client.transport import Transport, decoded
from strongroom.wire.deposits import Deposit, DepositQueryPage


class Deposits:
    """Every call takes a deposit as the server answered it, its URI, or its bare id.

    Calls that make a deposit are carried out once, however often they are sent; who remembers
    ``idempotency_key`` can send one again after a crash.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @operation("POST /deposits")
    def create(
        self,
        *,
        archival_group: PathRef | None = None,
        name: str | None = None,
        note: str | None = None,
        template: str | None = None,
        version: str | None = None,
        idempotency_key: str | None = None,
    ) -> Deposit:
        """A new working area.

        ``template`` is ``RootLevel`` or ``BagIt`` for a METS that the server manages. For a group
        that exists, its METS is put there; ``version`` picks of which version.
        """
        body = _body(archival_group, name, note, template=template, versionExported=version)
        return self._made("/deposits", body, idempotency_key)

    @operation("POST /deposits/export")
    def export(
        self,
        archival_group: PathRef,
        *,
        version: str | None = None,
        idempotency_key: str | None = None,
    ) -> Deposit:
        """A new working area into which a version is being copied; see :meth:`wait_exported`."""
        body = _body(archival_group, None, None, versionExported=version)
        return self._made("/deposits/export", body, idempotency_key)

    @operation("POST /deposits/from-identifier")
    def from_identifier(
        self,
        schema: str,
        value: str,
        *,
        template: str | None = None,
        idempotency_key: str | None = None,
    ) -> Deposit:
        """A working area for the object that a catalogue knows by this identifier."""
        body = {"schema": schema, "value": value}
        if template is not None:
            body["template"] = template
        return self._made("/deposits/from-identifier", body, idempotency_key)

    def _made(self, path: str, body: dict[str, str], key: str | None) -> Deposit:
        return decoded(self._transport.once(path, body=body, key=key), Deposit)

    @operation("GET /deposits/{deposit_id}")
    def get(self, deposit: DepositRef) -> Deposit:
        """A deposit as it is now."""
        return self._transport.json("GET", at(deposit), Deposit)

    @operation("PATCH /deposits/{deposit_id}")
    def patch(
        self,
        deposit: DepositRef,
        *,
        archival_group: PathRef | None = None,
        name: str | None = None,
        note: str | None = None,
        archived: datetime | str | None = None,
    ) -> Deposit:
        """Set what is given; nothing can be cleared. ``archived``: its files were taken away."""
        moment = archived.isoformat() if isinstance(archived, datetime) else archived
        body = _body(archival_group, name, note, archived=moment)
        return self._transport.json("PATCH", at(deposit), Deposit, body=body)

    @operation("DELETE /deposits/{deposit_id}")
    def delete(self, deposit: DepositRef) -> None:
        """Remove a deposit and its files; what was preserved from it stays."""
        self._transport.delete(at(deposit))

    @operation("GET /deposits")
    def page(self, number: int = 1, *, query: DepositQuery | None = None) -> DepositQueryPage:
        """One page of deposits, counted from 1."""
        params = {**(query or DepositQuery()).parameters(), "page": str(number)}
        return self._transport.json("GET", "/deposits", DepositQueryPage, params=params)

    def all(self, *, query: DepositQuery | None = None) -> Iterator[Deposit]:
        """Every deposit that a query finds, read page by page.

        Deposits that come or go meanwhile may appear twice or not at all, unless the query orders
        by what does not change (``order_by="created", ascending=True``).
        """
        number = seen = 0
        while True:
            number += 1
            page = self.page(number, query=query)
            yield from page.deposits
            seen += len(page.deposits)
            if not page.deposits or seen >= page.total:
                return

    def active_for(self, archival_group: PathRef) -> Deposit | None:
        """The one active deposit for a group, if there is one."""
        query = DepositQuery(archival_group=path_of(archival_group))
        return next((found for found in self.all(query=query) if found.active), None)

    @operation("POST /deposits/{deposit_id}/lock")
    def lock(self, deposit: DepositRef, *, force: bool = False) -> None:
        """Keep others from changing it; ``force`` takes over their lock. Raises Locked."""
        params = {"force": "true" if force else "false"}
        self._transport.request("POST", f"{at(deposit)}/lock", params=params)

    @operation("DELETE /deposits/{deposit_id}/lock")
    def unlock(self, deposit: DepositRef) -> None:
        """Release the lock, whoever holds it."""
        self._transport.request("DELETE", f"{at(deposit)}/lock")

    @contextmanager
    def locked(self, deposit: DepositRef) -> Iterator[None]:
        """Holds the lock while its block runs."""
        self.lock(deposit)
        try:
            yield
        finally:
            self.unlock(deposit)

    @operation("PUT /deposits/{deposit_id}/activate")
    def activate(self, deposit: DepositRef) -> None:
        """Make a deposit active; its group has no other active one."""
        self._transport.request("PUT", f"{at(deposit)}/activate")

    @operation("PUT /deposits/{deposit_id}/deactivate")
    def deactivate(self, deposit: DepositRef) -> None:
        """Make a deposit in ``error`` inactive."""
        self._transport.request("PUT", f"{at(deposit)}/deactivate")

    def wait_exported(self, deposit: DepositRef, *, timeout: float | None = None) -> Deposit:
        """Poll until an export has ended well.

        Raises :class:`~strongroom.client.errors.JobFailed` if it ended with errors, and
        :class:`~strongroom.client.errors.NotEnded` when ``timeout`` seconds were not enough.
        """
        found = poll(
            lambda: self.get(deposit),
            done=lambda found: found.status != "exporting",
            sleep=self._transport.sleep,
            timeout=timeout,
            what=f"the export into deposit {bare_id(deposit)}",
        )
        if found.status == "error":
            raise JobFailed(
                f"The export into deposit {bare_id(deposit)} ended with errors, so not all files "
                "are there. The server's log names them.",
                result=found,
            )
        return found


def _body(
    archival_group: PathRef | None, name: str | None, note: str | None, **more: str | None
) -> dict[str, str]:
    """Only what was given: the server takes an absent property for "leave it"."""
    body: dict[str, str | None] = {
        "archivalGroup": None if archival_group is None else uri_of(archival_group),
        "archivalGroupName": name,
        "submissionText": note,
        **more,
    }
    return {key: value for key, value in body.items() if value is not None}
