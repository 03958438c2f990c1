"""A deposit's files as people look at them: a tree of files and folders, and two side by side.

Pure values; what is in them was found out elsewhere, and how they look as JSON is the business of
``wire``. Source: contract mets.md, section 5.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import NamedTuple

from strongroom.domain.findings import Finding
from strongroom.domain.mismatch import Mismatch
from strongroom.domain.paths import ancestors, parent
from strongroom.errors import Fault

#: the name of a tree's root
ROOT_NAME = "__ROOT"


class Whereabouts(IntEnum):
    """On which side something is; the numbers are those of the contract."""

    BOTH = 0
    METS = 1
    DEPOSIT = 2
    NEITHER = 3
    #: in the deposit, but outside of its content
    EXTRA = 4

    @property
    def word(self) -> str:
        return self.name.capitalize()


class Access(NamedTuple):
    """Who may see something."""

    conditions: tuple[str, ...] = ()
    #: an absolute URI
    rights: str | None = None

    def below(self, above: Access) -> Access:
        """What holds for something that says this itself, in a folder where ``above`` holds."""
        return Access(self.conditions or above.conditions, self.rights or above.rights)


OPEN = Access()


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownFolder:
    path: str
    name: str | None = None
    #: None where nobody knows
    modified: datetime | None = None
    #: said of it itself, and what holds for it with what lies above
    access: Access = OPEN
    effective: Access = OPEN
    div_id: str | None = None
    admin_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownFile:
    path: str
    name: str | None = None
    modified: datetime | None = None
    access: Access = OPEN
    effective: Access = OPEN
    content_type: str | None = None
    #: SHA-256, lower-case hex; None where it was not computed
    digest: str | None = None
    #: bytes
    size: int = 0
    div_id: str | None = None
    admin_id: str | None = None
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Children:
    """Paths of what lies directly in one folder, sorted."""

    files: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)


def children(files: Iterable[str], folders: Iterable[str]) -> dict[str, Children]:
    """What lies in each folder, by its path; the root is ``""``.

    Folders that only the paths of others imply are there as well.
    """
    every = set(folders)
    found: dict[str, Children] = {"": Children()}
    sorted_files = sorted(files)
    for path in (*sorted_files, *tuple(every)):
        above = parent(path)
        while above and above not in every:
            every.add(above)
            above = parent(above)
    for path in sorted(every):
        found.setdefault(path, Children())
    for path in sorted(every):
        found[parent(path)].folders.append(path)
    for path in sorted_files:
        found[parent(path)].files.append(path)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkingTree:
    """What lies in a deposit; files and folders are drawn one by one, when they are asked for."""

    children: Mapping[str, Children]
    folder: Callable[[str], ShownFolder]
    file: Callable[[str], ShownFile]
    #: URI below which the content of the deposit can be read over HTTP, with a trailing slash
    content: str
    #: tells one state of all that the tree shows from another
    fingerprint: str
    #: nanoseconds since 1970 of the latest change of any file
    latest_ns: int
    #: what could not be read, or contradicts itself
    warnings: Sequence[Fault] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CombinedFolder:
    path: str
    name: str | None
    where: Whereabouts
    deposit: ShownFolder | None = None
    mets: ShownFolder | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CombinedFile:
    path: str
    where: Whereabouts
    deposit: ShownFile | None = None
    mets: ShownFile | None = None
    mismatches: Sequence[Mismatch] = ()
    #: contradictions within the deposit
    doubts: Sequence[Fault] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CombinedTree:
    """A deposit and its METS side by side; drawn as :class:`WorkingTree` is.

    Paths are relative to the content root, ``""``. What lies outside of it in a bag begins with
    ``../``, and ``..`` is the root then.
    """

    root: str
    children: Mapping[str, Children]
    folder: Callable[[str], CombinedFolder]
    file: Callable[[str], CombinedFile]
    content: str
    warnings: Sequence[Fault] = ()

    def paths(self) -> list[tuple[str, bool]]:
        """Every path but those of the roots, sorted, and whether it is a folder."""
        found = [(path, True) for path in self.children if path not in ("", "..")]
        found += [(path, False) for below in self.children.values() for path in below.files]
        return sorted(found)


def latest_below(files: Iterable[tuple[str, int]]) -> dict[str, int]:
    """The latest moment of all that lies in each folder, by its path; the root is ``""``."""
    found: dict[str, int] = {}
    for path, moment in files:
        for above in (*ancestors(path), ""):
            if found.get(above, -1) >= moment:
                break
            found[above] = moment
    return found
