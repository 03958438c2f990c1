"""Judge a whole OCFL storage root."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from strongroom.ocfl.validation.problems import Tell
from strongroom.ocfl.validation.progress import Progress
from strongroom.storage.protocols import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class RootSummary:
    """What was judged of a root, and how many problems it has."""

    #: the specification it declares ("1.0", "1.1"), None where it declares none
    spec: str | None
    #: the layout it declares, None where it declares none
    layout: str | None
    objects: int
    #: objects with errors
    invalid_objects: int
    #: content files judged
    files: int
    #: bytes of these
    bytes: int
    #: all problems, those of the objects included
    errors: int
    warnings: int

    @property
    def valid(self) -> bool:
        return self.errors == 0


def validate_root(
    store: Store,
    *,
    tell: Tell,
    digests: bool = True,
    workers: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> RootSummary:
    """Judge the root that the store is; every problem is told."""
    raise NotImplementedError
