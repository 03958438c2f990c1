"""What the second process of :mod:`strongroom.storage.copier` does.

Imports as little as it can, for how soon the process is ready counts.
"""

from __future__ import annotations

from strongroom.storage import helper_process
from strongroom.storage.smallfiles import copy_known

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any


def serve(descriptor: int, algorithm: str) -> None:
    """Copy what comes over the socket; the places of what was left out go back."""

    def work(groups: Any, folders: Sequence[int]) -> list[list[int]]:
        return [
            copy_known(source, target, algorithm, files)
            for source, target, files in zip(folders[::2], folders[1::2], groups, strict=True)
        ]

    helper_process.serve(descriptor, work)
