"""Judge one OCFL object."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from strongroom.ocfl.validation.problems import Tell
from strongroom.ocfl.validation.progress import Progress
from strongroom.storage.protocols import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectSummary:
    """What was judged of an object, and how many problems it has."""

    #: from the root inventory; None where there is none to read
    object_id: str | None
    #: the specification it declares ("1.0", "1.1"), None where it declares none
    spec: str | None
    versions: int
    #: content files judged
    files: int
    #: bytes of these
    bytes: int
    errors: int
    warnings: int

    @property
    def valid(self) -> bool:
        return self.errors == 0


def validate_object(
    store: Store,
    path: str = "",
    *,
    tell: Tell,
    digests: bool = True,
    workers: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> ObjectSummary:
    """Judge the object at ``path``; every problem is told."""
    raise NotImplementedError
