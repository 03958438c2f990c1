"""Views of a deposit's files: what tools, manifests and METS say of each, and where they differ.

The shapes are those of the wire; kinds of metadata that this client does not know are left out.
"""

from __future__ import annotations

from typing import TypeVar

import httpx
import msgspec

from strongroom.client.addresses import bare
from strongroom.client.operations import operation
from strongroom.client.references import DepositRef, at
from strongroom.client.transport import Transport, decode
from strongroom.wire import working
from strongroom.wire.working import CombinedDirectory, CombinedItems, WorkingDirectory

T = TypeVar("T")


class Views:
    """Trees, and one flat list."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @operation("GET /deposits/{deposit_id}/filesystem")
    def files(self, deposit: DepositRef, *, refresh: bool = False) -> WorkingDirectory:
        """The files and folders of a deposit; ``refresh`` reads everything again."""
        return self._tree(f"{at(deposit)}/filesystem", refresh, WorkingDirectory)

    @operation("GET /deposits/{deposit_id}/combined")
    def combined(self, deposit: DepositRef, *, refresh: bool = False) -> CombinedDirectory:
        """The same tree with METS beside it."""
        return self._tree(f"{at(deposit)}/combined", refresh, CombinedDirectory)

    @operation("GET /v1/deposits/{deposit_id}/combined")
    def differences(self, deposit: DepositRef) -> CombinedItems:
        """The same as a flat list, by path: on which side each is, and what is said otherwise."""
        return self._transport.json("GET", f"/v1{at(deposit)}/combined", CombinedItems)

    def _tree(self, path: str, refresh: bool, shape: type[T]) -> T:
        params = {"refresh": "true"} if refresh else None
        answer = self._transport.request("GET", path, params=params)
        return read_tree(answer, shape)


#: tags of the kinds of metadata that have a shape here
KNOWN = frozenset(
    str(kind.__struct_config__.tag)
    for kind in (
        working.DigestMetadata,
        working.FileFormatMetadata,
        working.ExifMetadata,
        working.VirusScanMetadata,
        working.StorageMetadata,
        working.ToolOutput,
    )
)


def read_tree(answer: httpx.Response, shape: type[T]) -> T:
    """A tree, without kinds of metadata that are newer than this client."""
    try:
        return msgspec.json.decode(answer.content, type=shape)
    except msgspec.ValidationError:
        pruned = msgspec.json.encode(_pruned(msgspec.json.decode(answer.content)))
        return decode(pruned, shape, url=bare(str(answer.url)))


def _pruned(node: object) -> object:
    """The same tree; trees are as deep as folders are, so recursion is bounded by the server."""
    if isinstance(node, list):
        return [_pruned(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        name: [item for item in value if item.get("type") in KNOWN]
        if name == "metadata" and isinstance(value, list)
        else _pruned(value)
        for name, value in node.items()
    }
