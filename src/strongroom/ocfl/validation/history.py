"""What inventories of one object say of the same things (sections 3.3.1, 3.5.1 and 3.7).

Every older inventory is compared with the object's own; each is judged by itself elsewhere.
"""

from __future__ import annotations

from typing import Any

from strongroom.ocfl.validation import jsontext, names
from strongroom.ocfl.validation.inventory import DEFAULT_CONTENT_DIRECTORY, Inventory
from strongroom.ocfl.validation.reporting import Problems, shown


class History:
    """Compares the inventories of an object, oldest first."""

    def __init__(self, own: Inventory, problems: Problems) -> None:
        self._own = own
        self._problems = problems
        self._first: Inventory | None = None
        self._spec: str | None = None
        #: what content folders are called, all inventories taken together
        self.folders = {own.content_folder}

    def older(self, found: Inventory, version: str) -> None:
        """Compare the inventory in the folder of ``version`` with the object's own."""
        self._identity(found, version)
        self._conformance(found)
        self._content_directory(found)
        self._head(found, version)
        for name in sorted(found.differing & self._own.versions.keys()):
            self._state(found, name)
            self._metadata(found, name)

    def newest(self) -> None:
        """Compare the object's own inventory, which is that of the newest version."""
        self._conformance(self._own)
        self._content_directory(self._own)

    def _identity(self, found: Inventory, version: str) -> None:
        if found.object_id is None or self._own.object_id in (None, found.object_id):
            return
        if names.number(version) == 1:
            self._problems.add(
                "E037",
                f"{found.at}: id",
                "The first version has another id than the object.",
                expected=shown(self._own.object_id),
                found=shown(found.object_id),
            )
        else:
            self._problems.add(
                "E110",
                f"{found.at}: id",
                "This version has another id than the object.",
                expected=shown(self._own.object_id),
                found=shown(found.object_id),
            )

    def _conformance(self, found: Inventory) -> None:
        if found.spec is None:
            return
        if self._spec is not None and found.spec < self._spec:
            self._problems.add(
                "E103",
                f"{found.at}: type",
                "This version conforms to an older specification than the one before it.",
                expected=self._spec,
                found=found.spec,
            )
        self._spec = found.spec

    def _content_directory(self, found: Inventory) -> None:
        if not found.content_directory_usable:
            return
        self.folders.add(found.content_folder)
        if self._first is None:
            self._first = found
            return
        first, later = self._first.content_directory, found.content_directory
        place = f"{found.at}: contentDirectory"
        if first == later:
            return
        if first is None or later == DEFAULT_CONTENT_DIRECTORY:
            self._problems.add(
                "E019",
                place,
                "The content folder is named so here, but not in the first version.",
                expected=shown(first),
                found=shown(later),
            )
        else:
            self._problems.add(
                "E020",
                place,
                "The content folder has another name than in the first version.",
                expected=shown(first),
                found=shown(later),
            )

    def _head(self, found: Inventory, version: str) -> None:
        """A head that is not its inventory's newest version is told by that inventory's checks."""
        head = found.raw.get("head")
        if found.names is not None and version != head == found.names.newest:
            self._problems.add(
                "E040",
                f"{found.at}: head",
                "The head is not the version in whose folder this inventory lies.",
                expected=version,
                found=shown(head),
            )

    def _state(self, found: Inventory, name: str) -> None:
        theirs = _logical(found, name)
        own = _logical(self._own, name)
        if theirs is None or own is None:
            return
        differing = [path for path in own if path not in theirs]
        differing += [path for path in theirs if path not in own]
        differing += [
            path
            for path in own
            if path in theirs and not self._same(own[path], found, theirs[path])
        ]
        if differing:
            self._problems.add(
                "E066",
                f"{found.at}: versions.{name}.state",
                f"The state of {name} differs from the newest inventory's in "
                f"{len(differing)} logical paths.",
                found=shown(min(differing)),
            )

    def _same(self, digest: str, found: Inventory, other: str) -> bool:
        """Whether two digests stand for the same content.

        Of different algorithms, the manifests tell: by a content path that both name.
        """
        if found.algorithm == self._own.algorithm:
            return digest.lower() == other.lower()
        if found.manifest is None or self._own.manifest is None:
            return True
        of = self._own.manifest.digest_of
        named = found.manifest.raw.get(other)
        known = {of[path].lower() for path in _texts(named) if path in of}
        return not known or digest.lower() in known

    def _metadata(self, found: Inventory, name: str) -> None:
        theirs, own = found.versions[name], self._own.versions[name]
        if not isinstance(theirs, dict) or not isinstance(own, dict):
            return
        for key in ("created", "message", "user"):
            if not jsontext.same(theirs.get(key), own.get(key)):
                self._problems.add(
                    "W011",
                    f"{found.at}: versions.{name}",
                    f"The {key} of {name} differs from the newest inventory's.",
                    expected=shown(own.get(key)),
                    found=shown(theirs.get(key)),
                )


def _logical(found: Inventory, name: str) -> dict[str, str] | None:
    """The logical paths of a version and their digests; None where the state is malformed."""
    block = found.versions[name]
    state = block.get("state") if isinstance(block, dict) else None
    if not isinstance(state, dict):
        return None
    return {path: digest for digest, named in state.items() for path in _texts(named)}


def _texts(named: Any) -> list[str]:
    return [path for path in named if isinstance(path, str)] if isinstance(named, list) else []
