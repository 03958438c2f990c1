"""Edits of a deposit's METS as JSON: what is to be deleted, and what an edit concerned."""

from __future__ import annotations

from strongroom.wire.base import UNSET, Shape, UnsetType
from strongroom.wire.problems import ProblemFault


class MinimalItem(Shape):
    path: str
    is_dir: bool = False
    #: ``Both``, ``Mets``, ``Deposit``, ``Neither`` or ``Extra``
    where: str = "Both"


class ItemsAffected(Shape):
    items: list[MinimalItem]
    #: what tools say of them that METS could not be told (beside the contract)
    warnings: list[ProblemFault] | UnsetType = UNSET


class DeleteSelection(Shape):
    items: list[MinimalItem] | None = None
    deposit: str | None = None
    delete_from_mets: bool = False
    delete_from_deposit_files: bool = False
    delete_from_root: bool = False
    continue_if_fail: list[str] | None = None
