"""Which files lie in the content folders, and which of them the manifests name (section 3.5.2).

Whether they have the right bytes is left to :mod:`.fidelity`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import NamedTuple

from strongroom.ocfl.validation import folders
from strongroom.ocfl.validation.inventory import Inventory
from strongroom.ocfl.validation.manifest import Manifest
from strongroom.ocfl.validation.reading import Ground
from strongroom.ocfl.validation.reporting import Problems
from strongroom.storage.protocols import ChildKind


class Files(NamedTuple):
    """Files that lie directly in one folder."""

    #: all paths relative to the object
    folder: str
    paths: list[str]
    #: bytes of each
    sizes: list[int]


class Claim(NamedTuple):
    """What an inventory says of a content file besides the object's manifest."""

    algorithm: str
    #: lower case
    digest: str
    #: ``v1/inventory.json: manifest``
    place: str
    #: whether it is from a fixity block
    fixity: bool


@dataclass(slots=True)
class Content:
    """The content files of an object, filled version by version, oldest first."""

    #: path -> bytes
    sizes: dict[str, int] = field(default_factory=dict)
    #: the same files, folder by folder
    folders: list[Files] = field(default_factory=list)
    #: path -> further claims
    claims: dict[str, list[Claim]] = field(default_factory=dict)
    #: versions whose folders were looked into
    versions: set[str] = field(default_factory=set)
    #: those that have no content folder
    without: set[str] = field(default_factory=set)
    #: folders (with trailing slash) and files that are reported, so nothing more is said of them
    told: set[str] = field(default_factory=set)

    def is_told(self, path: str) -> bool:
        """Whether the file, or a folder above it, is reported."""
        return _covered(path, self.told)


def walk(ground: Ground, folder: str, manifest: Manifest | None, content: Content) -> None:
    """Take in the files of one content folder; what has no place in it is told.

    An empty folder is left alone where the manifest has files in it: these are told as missing.
    """
    left = [folder]
    while left:
        place = left.pop()
        children = ground.children(place)
        if children is None:
            content.told.add(f"{place}/")
            continue
        if not children and not (manifest is not None and manifest.is_folder(place)):
            if place == folder:
                ground.problems.add("W003", place, "This content folder is empty.")
            else:
                ground.problems.add("E024", place, "This folder within content is empty.")
        files = [child for child in children if child.kind is ChildKind.FILE]
        if files:
            paths = [f"{place}/{child.name}" for child in files]
            found = Files(place, paths, [child.size for child in files])
            content.folders.append(found)
            content.sizes.update(zip(found.paths, found.sizes, strict=True))
        if len(files) == len(children) and {child.names for child in files} <= {1}:
            continue
        for name in folders.links(ground, place, children):
            content.told.add(folders.join(place, name))
        for child in children:
            path = folders.join(place, child.name)
            if child.kind is ChildKind.FOLDER:
                left.append(path)
            elif child.kind is ChildKind.SPECIAL:
                ground.problems.add("E023", path, "This is no file, but a pipe or a device.")
                content.told.add(path)
            elif child.names > 1:
                content.told.add(path)


def unnamed(
    found: Inventory,
    manifest: Manifest,
    content: Content,
    problems: Problems,
    *,
    among: Manifest | None = None,
) -> None:
    """Tell of files that are there (and in ``among``) and that the manifest should name."""
    if content.sizes.keys() <= manifest.digest_of.keys():
        return
    left = content.sizes.keys() - manifest.digest_of.keys()
    if among is not None:
        left &= among.digest_of.keys()
    for path in sorted(left):
        if not content.is_told(path) and not manifest.may_mean(path):
            problems.add("E023", path, f"The manifest in {found.at} does not name this file.")
            content.told.add(path)


def missing(
    found: Inventory,
    manifest: Manifest,
    content: Content,
    problems: Problems,
    *,
    but: Manifest | None = None,
) -> None:
    """Tell of files that the manifest names (and ``but`` does not) and that are not there."""
    if manifest.digest_of.keys() <= content.sizes.keys():
        return
    left = manifest.digest_of.keys() - content.sizes.keys()
    if but is not None:
        left -= but.digest_of.keys()
    empty: set[str] = set()
    for path in sorted(left):
        version = path.partition("/")[0]
        if version not in content.versions or content.is_told(path):
            continue
        if _covered(path, manifest.unusable):
            continue
        if version in content.without:
            empty.add(version)
        else:
            problems.add(
                "E092", path, f"The manifest in {found.at} names this file; it is missing."
            )
            content.told.add(path)
    for version in sorted(empty):
        problems.add(
            "E016",
            version,
            "This version has content, but no content folder.",
            expected=f"{version}/{found.content_folder}",
        )
        content.told.add(f"{version}/")


def claim(older: Inventory, own: Inventory, content: Content) -> None:
    """Note what another inventory says otherwise, or more, of files than the object's own."""
    if older.manifest is None or own.manifest is None:
        return
    mine = own.manifest.digest_of
    if older.algorithm is not None:
        same = older.algorithm == own.algorithm
        place = f"{older.at}: manifest"
        for path, digest in older.manifest.digest_of.items():
            if digest in older.manifest.malformed:
                continue
            known = mine.get(path)
            if known is None or (same and known.lower() == digest.lower()):
                continue
            _note(content, path, Claim(older.algorithm, digest.lower(), place, False))
    fixity(older, content)


def fixity(found: Inventory, content: Content) -> None:
    """Note what a fixity block says of files."""
    place = f"{found.at}: fixity"
    for path, values in found.fixity.claims.items():
        for algorithm, digest in values:
            _note(content, path, Claim(algorithm, digest, place, True))


def _covered(path: str, told: Collection[str]) -> bool:
    """Whether the path, or a folder above it (with trailing slash or not), is among these."""
    end = len(path) if told else 0
    while end > 0:
        if path[:end] in told or path[:end] + "/" in told:
            return True
        end = path.rfind("/", 0, end)
    return False


def _note(content: Content, path: str, claim: Claim) -> None:
    """Keep a claim unless the same is kept already."""
    kept = content.claims.setdefault(path, [])
    if not any((c.algorithm, c.digest, c.fixity) == (claim[0], claim[1], claim[3]) for c in kept):
        kept.append(claim)
