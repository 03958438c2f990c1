"""The inventory that an object gets with its next version; pure, the same for all stores."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from strongroom.errors import Fault, Unprocessable
from strongroom.ocfl import digests, paths
from strongroom.ocfl.inventory import Inventory, VersionEntry, spell
from strongroom.ocfl.paths import ContentPath, LogicalPath


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How the next version of an object is written."""

    #: version of the OCFL specification; never below the object's own, nor above its root's (E081)
    spec: str = "1.1"
    #: the algorithm that addresses content
    algorithm: str = "sha256"
    #: algorithms of further digests to keep of new content
    fixity: tuple[str, ...] = ()


def style_of(
    base: Inventory | None, *, spec: str, algorithm: str, fixity: Collection[str], upgrade: bool
) -> Style:
    """The style of an object's next version: a new object's as given, another's as it is.

    ``spec`` is that of the root; ``upgrade`` lifts the object to it. Unprocessable
    (``unknown-algorithm``) if digests cannot be computed, or cannot address content.
    """
    for name in fixity:
        digests.new(name)
    if base is not None:
        wanted = max(base.spec, spec) if upgrade else base.spec
        if wanted != base.spec:
            _check_upgrade(base, wanted)
        return Style(spec=wanted, algorithm=base.digest_algorithm, fixity=tuple(fixity))
    if algorithm not in digests.CONTENT:
        raise Unprocessable(
            f"'{algorithm}' cannot address content in OCFL; use one of "
            f"{', '.join(digests.CONTENT)}.",
            code="unknown-algorithm",
        )
    return Style(spec=spec, algorithm=algorithm, fixity=tuple(fixity))


def _check_upgrade(base: Inventory, spec: str) -> None:
    used = {digest for entry in base.versions.values() for digest in entry.state}
    idle = [digest for digest in base.manifest if digest not in used]
    if idle:
        raise Unprocessable(
            f"'{base.id}' cannot become an object of OCFL {spec}: it has content that no version "
            "uses, which that version forbids (E107). Leave it at the version that it has.",
            code="cannot-upgrade",
            faults=[
                Fault(
                    code="unused-content",
                    message="No version of the object uses this content.",
                    path=base.manifest[digest][0],
                )
                for digest in idle
            ],
        )


def following(
    object_id: str,
    base: Inventory | None,
    *,
    style: Style,
    state: Mapping[LogicalPath, str],
    stored: Mapping[str, ContentPath],
    fixity: Mapping[str, Mapping[str, Sequence[ContentPath]]],
    created: datetime,
    user_name: str,
    user_address: str | None,
    message: str | None,
) -> Inventory:
    """The inventory of ``base`` with one version more (of v1 if ``base`` is None).

    ``state`` is logical path -> digest, ``stored`` digest -> content path of new content,
    ``fixity`` further digests of it by algorithm. An object keeps its digest algorithm, its content
    folder and its way of numbering (E013, E020). Raises Unprocessable if the state cannot be: all
    bad paths at once.
    """
    check_state(state)
    held: dict[str, list[LogicalPath]] = {}
    for logical in sorted(state):
        held.setdefault(state[logical], []).append(logical)
    # the inventory knows milliseconds; the entry shall equal what is read back
    utc = created.astimezone(UTC)
    entry = VersionEntry(
        created=utc.replace(microsecond=utc.microsecond // 1000 * 1000),
        spelled=spell(utc),
        state={digest: tuple(found) for digest, found in held.items()},
        message=message,
        user_name=user_name,
        user_address=user_address,
    )
    added = {digest: (path,) for digest, path in stored.items()}
    if base is None:
        return Inventory(
            id=object_id,
            head=1,
            manifest=added,
            versions={1: entry},
            digest_algorithm=style.algorithm,
            fixity=_with_fixity(None, fixity),
            spec=style.spec,
        )
    head = base.head + 1
    return replace(
        base,
        head=head,
        manifest={**base.manifest, **added},
        versions={**base.versions, head: entry},
        fixity=_with_fixity(base.fixity, fixity),
        spec=style.spec,
    )


def _with_fixity(
    old: Mapping[str, Mapping[str, tuple[ContentPath, ...]]] | None,
    new: Mapping[str, Mapping[str, Sequence[ContentPath]]],
) -> Mapping[str, Mapping[str, tuple[ContentPath, ...]]] | None:
    """A fixity block with what is new; None where there is nothing to say and never was."""
    result = {name: dict(held) for name, held in (old or {}).items()}
    for name, held in new.items():
        # an algorithm's digests are spelled as they were
        spelled = {digest.lower(): digest for digest in result.get(name, {})}
        for digest, found in held.items():
            block = result.setdefault(name, {})
            key = spelled.get(digest, digest)
            block[key] = (*block.get(key, ()), *found)
    return result if result or old is not None else None


def check_state(state: Mapping[LogicalPath, str]) -> None:
    """Unprocessable, naming all of them, if logical paths are unsafe or in each other's way."""
    faults = [
        Fault(code="bad-path", message="The path is not safe in an OCFL object.", path=path[:200])
        for path in paths.unsafe(state.keys())
    ]
    faults += [
        Fault(
            code="path-conflict",
            message="The path is a file, and also a folder of another file.",
            path=path[:200],
        )
        for path in paths.also_folders(state.keys())
    ]
    if faults:
        raise Unprocessable(
            f"{len(faults)} paths cannot be preserved, the first being '{faults[0].path}': "
            f"{faults[0].message}",
            code=faults[0].code,
            faults=faults,
        )
