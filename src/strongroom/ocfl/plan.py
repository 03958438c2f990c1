"""A change of an object as data: which files its next version adds, replaces, removes and renames.

A plan can be looked at, kept and applied again; it names sources and holds no bytes. What it makes
of the state of a version is computed here, all faults at once; the bytes are the business of
:mod:`strongroom.ocfl.draft`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from strongroom.errors import Fault
from strongroom.ocfl import digests, paths
from strongroom.ocfl.paths import LogicalPath
from strongroom.storage.names import encodable


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFile:
    """A file for a version: where it goes, where it comes from, and what it should be.

    It replaces what the path was before.
    """

    logical: str
    #: what :class:`~strongroom.storage.protocols.OpenFile` is opened by, and faults name
    source: str
    #: expected SHA-256 (hex) and size (bytes); None if nobody knows
    sha256: str | None = None
    size: int | None = None
    #: further digests that are expected, by OCFL's names of the algorithms
    digests: Mapping[str, str] | None = None

    def expected(self) -> dict[str, str]:
        """All expected digests, lower-case hex, by algorithm."""
        known = {name: digest.lower() for name, digest in (self.digests or {}).items()}
        return known if self.sha256 is None else {**known, "sha256": self.sha256.lower()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rename:
    source: str
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reuse:
    """A path for content that the object has already, in whichever version."""

    logical: str
    #: by the object's algorithm, hex
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What changes from one version to the next.

    First files are removed, then all renames happen at once (so that two files can change their
    names), then content is reused and added.
    """

    removes: tuple[str, ...] = ()
    renames: tuple[Rename, ...] = ()
    reuses: tuple[Reuse, ...] = ()
    adds: tuple[NewFile, ...] = ()


def rearranged(
    plan: Plan, state: Mapping[LogicalPath, str], has: Callable[[str], bool]
) -> tuple[dict[LogicalPath, str], list[Fault]]:
    """The state after all but the adding, and everything that is wrong with the whole plan.

    ``state`` is logical path -> digest; ``has`` says whether the object has content with a digest.
    """
    faults = [*_bad_paths(plan), *_unknown_algorithms(plan)]
    result = dict(state)
    faults += [
        _absent(name) for name in plan.removes if result.pop(LogicalPath(name), None) is None
    ]
    moved: list[tuple[str, str]] = []
    for rename in plan.renames:
        digest = result.pop(LogicalPath(rename.source), None)
        if digest is None:
            faults.append(_absent(rename.source))
        else:
            moved.append((rename.target, digest))
    for target, digest in moved:
        if target in result:
            faults.append(
                Fault(
                    code="path-taken",
                    message="Another file has this path; remove it, or rename it, too.",
                    path=target[:200],
                )
            )
        result[LogicalPath(target)] = digest
    for reuse in plan.reuses:
        if not has(reuse.digest.lower()):
            faults.append(
                Fault(
                    code="missing-content",
                    message="The object has no content with this digest.",
                    path=reuse.logical[:200],
                    found=reuse.digest,
                )
            )
        result[LogicalPath(reuse.logical)] = reuse.digest.lower()
    return result, faults


def _absent(name: str) -> Fault:
    return Fault(
        code="not-in-version", message="The version before has no such file.", path=name[:200]
    )


def _bad_paths(plan: Plan) -> Iterator[Fault]:
    named = [
        *(rename.target for rename in plan.renames),
        *(reuse.logical for reuse in plan.reuses),
        *(add.logical for add in plan.adds),
    ]
    seen: set[str] = set()
    bad = {*paths.unsafe(named), *_not_encodable(named)}
    for name in named:
        if name in bad:
            yield bad_path(name)
        elif name in seen:
            yield Fault(
                code="path-twice", message="The plan names this path twice.", path=name[:200]
            )
        seen.add(name)


def _unknown_algorithms(plan: Plan) -> Iterator[Fault]:
    for add in plan.adds:
        for name in (add.digests or {}).keys() - digests.CORE:
            yield Fault(
                code="unknown-algorithm",
                message="Digests by this algorithm cannot be computed here.",
                path=add.logical[:200],
                expected=", ".join(sorted(digests.CORE)),
                found=name,
            )


def _not_encodable(named: Iterable[str]) -> Iterator[str]:
    return (name for name in named if not encodable(name))


def bad_path(name: str) -> Fault:
    return Fault(
        code="bad-path", message="The path is not safe in an OCFL object.", path=name[:200]
    )
