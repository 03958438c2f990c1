"""Where content paths lead: into a content folder of a version of the object (section 3.3).

Whether there is a file is left to :mod:`.content`.
"""

from __future__ import annotations

from collections.abc import Collection

from strongroom.ocfl.validation import names
from strongroom.ocfl.validation.inventory import Inventory
from strongroom.ocfl.validation.manifest import Manifest
from strongroom.ocfl.validation.names import Names
from strongroom.ocfl.validation.reporting import Problems, shown


class Placing:
    """Judges content paths of one object; each fault is told once."""

    def __init__(self, known: Names, problems: Problems) -> None:
        self._names = known
        self._problems = problems
        self._told: set[str] = set()

    def check(self, found: Inventory, folders: Collection[str]) -> None:
        """Judge an inventory's paths; those that lead elsewhere are dropped from its manifest.

        ``folders``: what content folders are called in the object.
        """
        if found.manifest is None or not found.content_directory_usable:
            return
        wrong = self._wrong(found.manifest, folders)
        for path in wrong:
            self._tell(path, f"{found.at}: manifest", found, folders)
            found.manifest.drop(path)
        for path in found.fixity.strays:
            if self._right(path, folders):
                self._problems.add(
                    "E093", path, f"Fixity in {found.at} names this path, the manifest does not."
                )
            else:
                self._tell(path, f"{found.at}: fixity", found, folders)

    def _wrong(self, manifest: Manifest, folders: Collection[str]) -> list[str]:
        # whatever lies right in a folder lies right with all that is beside it
        if all(self._right(f"{each}/…", folders) for each in manifest.parents):
            return []
        return [path for path in manifest.digest_of if not self._right(path, folders)]

    def _right(self, path: str, folders: Collection[str]) -> bool:
        version, _, rest = path.partition("/")
        folder, _, name = rest.partition("/")
        return bool(name) and folder in folders and version in self._names.good

    def _tell(self, path: str, place: str, found: Inventory, folders: Collection[str]) -> None:
        version, _, rest = path.partition("/")
        folder, _, name = rest.partition("/")
        if version in self._names.bad or path in self._told:
            return
        self._told.add(path)
        if "\\" in path and self._right(path.replace("\\", "/"), folders):
            self._problems.add(
                "E035",
                place,
                "A content path has backslashes between its elements.",
                expected=path.replace("\\", "/"),
                found=shown(path),
            )
        elif names.is_shaped(version) and version not in self._names.good:
            self._problems.add(
                "E014",
                place,
                "A content path names a version that there is not.",
                found=shown(path),
            )
        elif version in self._names.good and name and found.content_directory is None:
            if f"{version}/{folder}" not in self._told:
                self._told.add(f"{version}/{folder}")
                self._problems.add(
                    "E021",
                    f"{version}/{folder}",
                    "Content lies in a folder that the inventory does not name.",
                    expected="content",
                    found=shown(folder),
                )
        else:
            self._problems.add(
                "E042",
                place,
                "A content path does not lead into a content folder.",
                expected=f"{self._names.newest}/{found.content_folder}/…",
                found=shown(path),
            )
