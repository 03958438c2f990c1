"""What can be changed in a METS that the platform manages, and what a change has touched.

Values only; :mod:`strongroom.mets.editing.editor` carries them out.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final, Literal

from strongroom.domain.description import DescribedFile


class Unset(Enum):
    """Says that something is to stay as it is, where None would mean that it goes."""

    UNSET = "unset"


UNSET: Final = Unset.UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class PutFile:
    """Add a file, or patch what METS says of it. Folders on the way are made where they lack.

    What the file leaves open (None) stays as it is. Its access conditions, rights and ids are not
    looked at.
    """

    file: DescribedFile
    #: the label of a file that is new (the last segment of its path by default); never changed
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PutFolder:
    """Add a folder, or give it another label."""

    path: str
    #: None or blank: the last segment of the path for a new folder, the old label for another
    name: str | None = None
    #: where the folder is preserved, as a URI; None: not stated, or as it was
    storage_location: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Remove:
    """Take a file, or a folder in which nothing is left, out of METS."""

    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAccess:
    """Say who may see a file, a folder with all that lies in it, or the object (path ``""``)."""

    path: str
    #: all conditions from now on; None: as they are
    access_conditions: tuple[str, ...] | None = None
    #: an absolute URI; None: no statement from now on
    rights_statement: str | Literal[Unset.UNSET] | None = UNSET


Change = PutFile | PutFolder | Remove | SetAccess


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """What was done."""

    #: paths the changes concern, with the folders implied by them, shallowest first; each with
    #: whether it is a folder
    paths: tuple[tuple[str, bool], ...]
    #: whether the METS written differs from the METS read
    changed: bool = True
