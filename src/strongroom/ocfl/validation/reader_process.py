"""What the further processes of :mod:`.readers` do. Imports as little as it can."""

from __future__ import annotations

from strongroom.ocfl.validation.small import digests_of
from strongroom.storage import helper_process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any


def serve(descriptor: int) -> None:
    """Read what comes over the socket; the digests go back."""

    def work(groups: Any, folders: Sequence[int]) -> list[list[list[str | None]]]:
        return [
            digests_of(folder, algorithms, names, sizes)
            for folder, (algorithms, names, sizes) in zip(folders, groups, strict=True)
        ]

    helper_process.serve(descriptor, work)
