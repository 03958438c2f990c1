"""The folder in which probes of a local folder write."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from strongroom.storage import durable


@dataclass(frozen=True, slots=True)
class FolderSite:
    """A folder of our own; made by the first probe."""

    folder: Path

    def write(self, name: str, data: bytes) -> Path:
        """Write a file that is not there yet."""
        path = self.folder / name
        durable.write_new(path, data)
        return path

    def clear(self) -> list[str]:
        """What could not be removed, and why."""
        left: list[str] = []
        if self.folder.exists():
            shutil.rmtree(self.folder, onerror=lambda _, path, why: left.append(f"{path} {why[1]}"))
        return left
