"""The METS of a deposit: read as it lies there, and edited where the platform manages it.

An edit says which METS it is of, by its ETag; then two programs cannot undo each other's edits.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from strongroom.client.errors import BadAnswer
from strongroom.client.operations import operation
from strongroom.client.references import DepositRef, at
from strongroom.client.transport import Transport, decoded
from strongroom.wire.mets import DeleteSelection, ItemsAffected, MinimalItem


@dataclass(frozen=True, slots=True, kw_only=True)
class MetsFile:
    """A METS and what it is called by in an edit."""

    xml: bytes
    #: quoted, as ``metsETag`` of the deposit
    etag: str


class Mets:
    """Edits raise :class:`~strongroom.client.errors.Stale` where the METS has another ETag."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @operation("GET /deposits/{deposit_id}/mets")
    def read(self, deposit: DepositRef) -> MetsFile:
        """The METS file, byte for byte. Raises NotThere where there is none."""
        answer = self._transport.request("GET", f"{at(deposit)}/mets")
        return MetsFile(xml=answer.content, etag=_etag(answer.headers.get("ETag")))

    @operation("HEAD /deposits/{deposit_id}/mets")
    def etag(self, deposit: DepositRef) -> str:
        """What the METS is called by now, for the next edit."""
        answer = self._transport.request("HEAD", f"{at(deposit)}/mets")
        return _etag(answer.headers.get("ETag"))

    @operation("POST /deposits/{deposit_id}/mets")
    def add(self, deposit: DepositRef, paths: Iterable[str], *, etag: str) -> ItemsAffected:
        """Put files and folders of the deposit into its METS, or bring their entries up to date."""
        return self._edit(f"{at(deposit)}/mets", list(paths), etag)

    @operation("POST /deposits/{deposit_id}/mets/delete")
    def delete(
        self,
        deposit: DepositRef,
        paths: Iterable[str],
        *,
        etag: str,
        from_mets: bool = True,
        from_files: bool = True,
        folders: Iterable[str] = (),
        from_root: bool = False,
        continue_if_fail: Iterable[str] = (),
    ) -> ItemsAffected:
        """Delete files, and empty ``folders``, from the METS, from the deposit, or from both.

        ``from_root``: paths may lie outside ``objects/`` and ``metadata/``. What stands in
        ``continue_if_fail`` may be missing.
        """
        selection = DeleteSelection(
            items=[
                *(MinimalItem(path=path) for path in paths),
                *(MinimalItem(path=path, is_dir=True) for path in folders),
            ],
            delete_from_mets=from_mets,
            delete_from_deposit_files=from_files,
            delete_from_root=from_root,
            continue_if_fail=list(continue_if_fail),
        )
        return self._edit(f"{at(deposit)}/mets/delete", selection, etag)

    def _edit(self, path: str, body: object, etag: str) -> ItemsAffected:
        answer = self._transport.request("POST", path, body=body, headers={"If-Match": etag})
        return decoded(answer, ItemsAffected)


def _etag(told: str | None) -> str:
    if not told:
        raise BadAnswer("The METS was answered without an ETag.")
    return told
