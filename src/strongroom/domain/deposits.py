"""Deposits: working areas in which a client puts files together before they are preserved."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from strongroom.domain.paths import RepositoryPath

#: folders that a template makes, and keeps room for in the METS that it makes; parents first
TEMPLATE_FOLDERS = ("objects", "metadata", "metadata/ad-hoc")


class DepositStatus(StrEnum):
    NEW = "new"
    EXPORTING = "exporting"
    PRESERVED = "preserved"
    ERROR = "error"
    ARCHIVED = "archived"


class Template(StrEnum):
    """What a new deposit starts with; input is case-insensitive, 0–2 are accepted too."""

    NONE = "None"
    ROOT_LEVEL = "RootLevel"
    BAGIT = "BagIt"


class Layout(StrEnum):
    """Where the content of a deposit lies: at its root, or below ``data/``."""

    ROOT = "RootLevel"
    BAGIT = "BagIt"
    #: not settled yet: decided once, from what the client puts there
    OPEN = "Undecided"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deposit:
    id: str
    group: RepositoryPath | None = None
    group_name: str | None = None
    submission_text: str | None = None
    status: DepositStatus = DepositStatus.NEW
    active: bool = True
    layout: Layout = Layout.OPEN
    #: head of the group when the deposit was pointed at it; None: there was no group. A diff is
    #: only made against this version, so that what others added since is not taken for deleted
    base_version: int | None = None
    #: METS path relative to the deposit root, once known
    mets: str | None = None
    created: datetime
    created_by: str
    modified: datetime
    modified_by: str
    preserved: datetime | None = None
    preserved_by: str | None = None
    version_preserved: int | None = None
    exported: datetime | None = None
    exported_by: str | None = None
    version_exported: int | None = None
    locked_by: str | None = None
    lock_date: datetime | None = None
    archived: datetime | None = None
