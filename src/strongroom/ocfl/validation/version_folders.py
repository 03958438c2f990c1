"""One version folder: its inventory, its content folder, and what else lies in it (section 3.3).

What its inventory says against the object's own is left to :mod:`.history`; its content files, to
:mod:`.content`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from strongroom.ocfl.validation import content, folders, inventory, jsontext, sidecar
from strongroom.ocfl.validation.content import Content
from strongroom.ocfl.validation.digests import CONTENT, of_bytes
from strongroom.ocfl.validation.history import History
from strongroom.ocfl.validation.inventory import Inventory, algorithm_of
from strongroom.ocfl.validation.placing import Placing
from strongroom.ocfl.validation.reading import Ground
from strongroom.storage.protocols import Child, ChildKind


@dataclass(slots=True, kw_only=True)
class Versions:
    """Judges the version folders of one object, oldest first."""

    ground: Ground
    #: the object's inventory, and its digests by algorithm
    own: Inventory
    own_digests: dict[str, str]
    history: History
    placing: Placing
    content: Content = field(default_factory=Content)
    #: ``v1/data``: folders that content paths of the object's inventory lead into
    _used: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        if self.own.manifest is not None:
            named: Collection[str] = self.own.manifest.digest_of
            parents = self.own.manifest.parents
            # thousands of files lie in a few folders, whose paths begin as theirs do
            starts = parents if all("/" in parent for parent in parents) else named
            self._used = {"/".join(path.split("/", 2)[:2]) for path in starts}

    def check(self, version: str, *, newest: bool) -> None:
        """Judge the folder of one version."""
        children = self.ground.children(version)
        if children is None:
            self.content.told.add(f"{version}/")
            return
        self.content.versions.add(version)
        linked = folders.links(self.ground, version, children)
        self.content.told |= {folders.join(version, name) for name in linked}
        theirs, judged = self._inventory(version, children, linked, newest=newest)
        called = {self.own.content_folder}
        if theirs is not None:
            called.add(theirs.content_folder)
        self._children(version, children, judged | linked, called)
        if theirs is not None and theirs is not self.own:
            self._compare(theirs)

    def _inventory(
        self, version: str, children: Iterable[Child], linked: Collection[str], *, newest: bool
    ) -> tuple[Inventory | None, set[str]]:
        """Judge the inventory of a version, and the names that this has judged.

        The inventory is the object's own where it is the same, and None where it says nothing
        that could be compared.
        """
        files = [child.name for child in children if child.kind is ChildKind.FILE]
        if "inventory.json" not in files:
            there = {*files, *linked}
            if not any(name.startswith("inventory.json") for name in there):
                self.ground.problems.add("W010", version, "This version folder has no inventory.")
            return None, set()
        if newest and is_same(self.ground, version, self.own_digests):
            beside, _ = self._sidecar(
                version, files, linked, algorithm_of(self.own.raw), self.own_digests.__getitem__
            )
            return self.own, {"inventory.json", *beside}
        return self._other(version, files, linked, newest=newest)

    def _other(
        self, version: str, files: list[str], linked: Collection[str], *, newest: bool
    ) -> tuple[Inventory | None, set[str]]:
        place = f"{version}/inventory.json"
        raw = self.ground.read(place)
        if raw is None:
            return None, {"inventory.json", *sidecar.those(files, None)}
        value, wrong = jsontext.try_parse(raw)
        algorithm = algorithm_of(value)
        beside, trusted = self._sidecar(
            version, files, linked, algorithm, lambda name: of_bytes(name, raw)
        )
        judged = {"inventory.json", *beside}
        if not trusted:
            return None, judged
        if wrong is not None:
            self.ground.problems.add("E033", jsontext.place(place, wrong), jsontext.told(wrong))
            return None, judged
        found = inventory.check(value, place, self.ground.problems, judged=self.own)
        if found is None or newest:
            return None, judged
        self.history.older(found, version)
        return found, judged

    def _sidecar(
        self,
        version: str,
        files: list[str],
        linked: Collection[str],
        algorithm: str | None,
        digest: Callable[[str], str],
    ) -> tuple[set[str], bool]:
        names = sidecar.those(files, algorithm)
        return sidecar.check(self.ground, f"{version}/", names, algorithm, digest, linked)

    def _children(
        self, version: str, children: Iterable[Child], judged: Collection[str], called: set[str]
    ) -> None:
        """Judge what lies in a version folder; content folders are those ``called`` so."""
        problems = self.ground.problems
        empty = True
        for child in children:
            place = folders.join(version, child.name)
            if child.name in called:
                empty = False
            if child.name in judged:
                continue
            if child.kind is not ChildKind.FOLDER:
                if child.names == 1 or child.kind is ChildKind.SPECIAL:
                    problems.add("E015", place, "A file has no place directly in a version folder.")
                self.content.told.add(place)
            elif not self.own.content_directory_usable:
                continue
            elif child.name in called:
                content.walk(self.ground, place, self.own.manifest, self.content)
            elif place not in self._used:
                problems.add("W002", place, "This folder is not the content folder.")
                folders.survey(self.ground, place)
        if empty:
            self.content.without.add(version)

    def _compare(self, theirs: Inventory) -> None:
        """Compare the content of all versions so far with an older inventory."""
        self.placing.check(theirs, self.history.folders)
        own = self.own.manifest
        if theirs.manifest is None or own is None or not self.own.content_directory_usable:
            return
        content.unnamed(theirs, theirs.manifest, self.content, self.ground.problems, among=own)
        content.missing(theirs, theirs.manifest, self.content, self.ground.problems, but=own)
        content.claim(theirs, self.own, self.content)


def is_same(ground: Ground, version: str, digests: dict[str, str]) -> bool:
    """Judge whether the newest version's inventory is the object's own (section 3.7).

    ``digests``: those of the object's own, by algorithm.
    """
    place = f"{version}/inventory.json"
    # one that is good enough for content is good enough here
    algorithm = next(name for name in CONTENT if name in digests)
    digest = ground.digest(place, algorithm)
    if digest is not None and digest != digests[algorithm]:
        ground.problems.add(
            "E064",
            "inventory.json",
            "The object's inventory is not the same as that of its newest version.",
            expected=place,
        )
    return digest == digests[algorithm]
