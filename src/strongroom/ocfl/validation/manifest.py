"""The manifest of an inventory: digests and the content paths that have them (section 3.5.2).

Whether content paths lead into content folders is left to :mod:`.placing`, whether the files are
there and right to :mod:`.content` and :mod:`.fidelity`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from strongroom.ocfl.validation import digests, jsontext, paths
from strongroom.ocfl.validation.reporting import Problems, shown


@dataclass(slots=True)
class Manifest:
    """What a manifest says, as far as it can be used."""

    #: as written
    raw: dict[str, Any] = field(default_factory=dict)
    #: content path -> digest, as written; only of paths that can be looked up
    digest_of: dict[str, str] = field(default_factory=dict)
    #: digests that are none; reported
    malformed: set[str] = field(default_factory=set)
    #: content paths that cannot be looked up; reported
    unusable: set[str] = field(default_factory=set)
    #: what these paths call their files
    _names: set[str] = field(default_factory=set)
    #: whether all that it names can be told; where not, that is reported
    complete: bool = True

    #: the folders that its paths lie in, directly and at all, once they are asked for
    _parents: set[str] | None = None
    _folders: set[str] | None = None

    @property
    def parents(self) -> set[str]:
        """The folders that its paths lie in directly."""
        if self._parents is None:
            self._parents = paths.parents_of(self.digest_of)
        return self._parents

    def is_folder(self, path: str) -> bool:
        """Whether content paths lie in this folder or below it."""
        if self._folders is None:
            self._folders = paths.with_above(self.parents)
        return path in self._folders

    def drop(self, path: str) -> None:
        """Take a path that was reported out of what is looked up."""
        self.digest_of.pop(path, None)
        self._parents = None
        self.unusable.add(path)
        self._names.add(paths.last_element(path))

    def may_mean(self, path: str) -> bool:
        """Whether this file may be what an entry that was reported should have named."""
        return not self.complete or paths.last_element(path) in self._names


def check(
    raw: dict[str, Any],
    place: str,
    algorithm: str | None,
    problems: Problems,
    *,
    judged: Manifest | None,
) -> Manifest:
    """Judge a manifest; entries that ``judged`` has as well are not judged again."""
    manifest = Manifest(raw=raw)
    new = list(raw)
    if judged is not None:
        new = [key for key in new if not jsontext.same(judged.raw.get(key), raw[key])]
    if algorithm is not None:
        manifest.malformed = check_digests(new, algorithm, place, problems)
    _same_digests(raw, new, place, problems)
    flat = paths.flat(raw)
    if flat is not None and all(raw.values()):
        manifest.digest_of = flat
    else:
        for digest, named in raw.items():
            _entry(digest, named, place, manifest, problems)
    if new:
        for path in paths.clashes(manifest.parents, manifest.digest_of):
            problems.add(
                "E101", place, "Another content path uses this one as a folder.", found=shown(path)
            )
            manifest.drop(path)
    return manifest


def check_digests(keys: Sequence[str], algorithm: str, place: str, problems: Problems) -> set[str]:
    """Judge the form of content digests; those that are none."""
    other = next(name for name in digests.CONTENT if name != algorithm)
    malformed = digests.malformed(algorithm, keys)
    foreign = [key for key in malformed if digests.well_formed(other, key)]
    if foreign:
        problems.add(
            "E039",
            place,
            f"Digests look like those of {other}, not {algorithm} ({len(foreign)} of them).",
            expected=algorithm,
            found=foreign[0],
        )
    for key in malformed:
        if digests.well_formed(other, key):
            continue
        if algorithm == "sha256":
            problems.add("E030", place, "A digest is not 64 hexadecimal digits.", found=shown(key))
        else:
            problems.add("E031", place, "A digest is not 128 hexadecimal digits.", found=shown(key))
    return set(malformed)


def _same_digests(raw: dict[str, Any], new: Sequence[str], place: str, problems: Problems) -> None:
    if not new:
        return
    joined = "".join(raw)
    if joined == joined.lower():
        return
    seen: set[str] = set()
    for digest in raw:
        lower = digest.lower()
        if lower in seen:
            problems.add(
                "E096", place, "A digest stands twice, in different case.", found=shown(digest)
            )
        seen.add(lower)


def _entry(digest: str, named: Any, place: str, manifest: Manifest, problems: Problems) -> None:
    if not isinstance(named, list) or not named or not all(isinstance(p, str) for p in named):
        problems.add(
            "E092",
            place,
            "What the manifest has for a digest is no list of content paths.",
            expected=shown(digest),
            found="an empty list" if named == [] else shown(named),
        )
        manifest.complete = False
        return
    for path in named:
        before = manifest.digest_of.get(path)
        if before is None:
            if path in manifest.unusable:
                continue
            if paths.content_path(path, place, problems):
                manifest.digest_of[path] = digest
            else:
                manifest.drop(path)
        elif before is digest or before.lower() != digest.lower():
            problems.add("E101", place, "A content path stands there twice.", found=shown(path))
