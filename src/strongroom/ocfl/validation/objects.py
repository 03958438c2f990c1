"""Judge one OCFL object, whoever wrote it: https://ocfl.io/1.1/spec/, section 3.

The order of the checks, and what hangs on what; each check itself is in the module of its theme.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from strongroom.ocfl.validation import (
    content,
    declaration,
    fidelity,
    folders,
    hashing,
    inventory,
    jsontext,
    names,
    sidecar,
)
from strongroom.ocfl.validation.content import Content
from strongroom.ocfl.validation.digests import of_bytes
from strongroom.ocfl.validation.history import History
from strongroom.ocfl.validation.inventory import Inventory
from strongroom.ocfl.validation.names import Names
from strongroom.ocfl.validation.placing import Placing
from strongroom.ocfl.validation.problems import Tell
from strongroom.ocfl.validation.progress import Meter, Progress
from strongroom.ocfl.validation.readers import Readers
from strongroom.ocfl.validation.reading import Ground
from strongroom.ocfl.validation.reporting import Problems
from strongroom.ocfl.validation.version_folders import Versions, is_same
from strongroom.storage.protocols import Child, ChildKind, Folders, Store

#: bytes of an inventory for each file, with SHA-256 and a path of usual length
_BYTES_A_FILE = 230


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectSummary:
    """What was judged of an object, and how many problems it has."""

    #: from its inventory; None where there is none to read
    object_id: str | None
    #: the specification it declares ("1.0", "1.1"), None where it declares none
    spec: str | None
    #: versions that its inventory has
    versions: int
    #: content files judged
    files: int
    #: bytes of these
    bytes: int
    errors: int
    warnings: int

    @property
    def valid(self) -> bool:
        return self.errors == 0


class TooLarge(Exception):
    """There is more content than the caller wants to read; nothing of it was read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How an object is judged."""

    #: whether the bytes of content are read
    digests: bool
    #: threads or processes that read
    workers: int
    #: content files and bytes beyond which TooLarge is raised before they are read
    most_files: int | None = None
    most_bytes: int | None = None


def validate_object(
    store: Store,
    path: str = "",
    *,
    tell: Tell,
    digests: bool = True,
    workers: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> ObjectSummary:
    """Judge the object at ``path``; every problem is told, with places relative to the object.

    Without ``digests``, all but the bytes of content is judged. ``workers``: how many files are
    read at once; by default as many as there are processors. Raises nothing for what is wrong with
    the object; OSError only for trouble of this process, such as too many open files.
    """
    problems = Problems(tell)
    effort = Effort(digests=digests, workers=workers or hashing.processors())
    return judge(Ground(store, path, problems), effort, Meter(progress))


def judge(ground: Ground, effort: Effort, meter: Meter) -> ObjectSummary:
    """Judge the object that the ground is."""
    before = meter.files, meter.bytes
    children = ground.children("")
    own, spec = None, None
    if children is None:
        ground.problems.identify(None)
    else:
        with Readers(effort.workers - 1) as readers:
            if effort.digests and isinstance(ground.store, Folders):
                # they are ready when the inventory has been judged
                readers.begin(_files_of(children), 0)
            own, spec = _object(ground, children, effort, meter, readers)
    meter.did(ground.path, objects=1)
    return ObjectSummary(
        object_id=None if own is None else own.object_id,
        spec=spec,
        versions=0 if own is None or own.names is None else len(own.names.good),
        files=meter.files - before[0],
        bytes=meter.bytes - before[1],
        errors=ground.problems.errors,
        warnings=ground.problems.warnings,
    )


def _files_of(children: list[Child]) -> int:
    """How many files an object may have, by the size of its inventory."""
    return sum(c.size for c in children if c.name == "inventory.json") // _BYTES_A_FILE


def _object(
    ground: Ground, children: list[Child], effort: Effort, meter: Meter, readers: Readers
) -> tuple[Inventory | None, str | None]:
    problems = ground.problems
    files = [child.name for child in children if child.kind is ChildKind.FILE]
    told = folders.links(ground, "", children)
    told |= {child.name for child in children if child.kind is ChildKind.SPECIAL}
    spec, judged = declaration.of_object(ground, files, told)
    problems.spec = spec
    own, digests, beside = _inventory(ground, files, told)
    problems.identify(None if own is None else own.object_id)
    bad: Collection[str] = own.names.bad if own is not None and own.names is not None else ()
    folders.others(ground, children, judged | beside, bad)
    there = {c.name for c in children if c.kind is ChildKind.FOLDER and names.is_shaped(c.name)}
    if own is None:
        if digests:
            _beside_newest(ground, there, digests)
        return None, spec
    if spec is not None and own.spec is not None and own.spec != spec:
        problems.add(
            "E038",
            "inventory.json: type",
            "The type is that of another specification than the object declares.",
            expected=spec,
            found=own.spec,
        )
        own.spec = None
    if own.names is not None:
        told |= {name for name in files if names.is_shaped(name)}
        folders.versions(ground, there, own.names, told)
        _versions(ground, own, own.names, there, digests, effort, meter, readers)
    return own, spec


def _inventory(
    ground: Ground, files: list[str], told: Collection[str]
) -> tuple[Inventory | None, dict[str, str], set[str]]:
    """The object's inventory, its digests by algorithm, and the files that were judged here.

    Digests without an inventory: it is damaged, so only its bytes can be compared.
    """
    if "inventory.json" not in files:
        return None, {}, _no_inventory(ground, files, told)
    raw = ground.read("inventory.json")
    if raw is None:
        return None, {}, {"inventory.json", *sidecar.those(files, None)}
    value, wrong = jsontext.try_parse(raw)
    algorithm = inventory.algorithm_of(value)
    digests = {name: of_bytes(name, raw) for name in sidecar.algorithms(algorithm)}
    del raw
    beside, trusted = sidecar.check(
        ground, "", sidecar.those(files, algorithm), algorithm, digests.__getitem__, told
    )
    judged = {"inventory.json", *beside}
    if wrong is not None:
        if not trusted:
            return None, digests, judged
        place = jsontext.place("inventory.json", wrong)
        ground.problems.add("E033", place, jsontext.told(wrong))
        return None, {}, judged
    if ground.problems.spec is None:
        ground.problems.spec = inventory.spec_of(value)
    own = inventory.check(value, "inventory.json", ground.problems, judged=None)
    return own, digests if own is not None else {}, judged


def _no_inventory(ground: Ground, files: list[str], told: Collection[str]) -> set[str]:
    """Tell that there is none, or that it has another name; which files belong to it."""
    sidecars = sidecar.those(files, None)
    if "inventory.json" in told:
        return set(sidecars)
    for name in files:
        if name.lower() == "inventory.json" or (
            name.startswith("inventory.") and name not in sidecars
        ):
            ground.problems.add(
                "E034",
                name,
                "The inventory has another name than inventory.json.",
                expected="inventory.json",
                found=name,
            )
            return {name, *sidecars}
    ground.problems.add("E063", "", "The object has no inventory.", expected="inventory.json")
    return set(sidecars)


def _beside_newest(ground: Ground, there: Collection[str], digests: dict[str, str]) -> None:
    """Compare a damaged inventory with that of the newest version."""
    if not there:
        return
    newest = max(there, key=lambda name: names.number(name) or 0)
    children = ground.children(newest) or []
    if any(c.name == "inventory.json" and c.kind is ChildKind.FILE for c in children):
        is_same(ground, newest, digests)


def _versions(
    ground: Ground,
    own: Inventory,
    known: Names,
    there: Collection[str],
    digests: dict[str, str],
    effort: Effort,
    meter: Meter,
    readers: Readers,
) -> None:
    """Judge version folders, oldest first, then the content of all of them."""
    history = History(own, ground.problems)
    placing = Placing(known, ground.problems)
    versions = Versions(
        ground=ground, own=own, own_digests=digests, history=history, placing=placing
    )
    for name in known.good:
        if name in there:
            versions.check(name, newest=name == known.newest and not known.bad)
    history.newest()
    placing.check(own, history.folders)
    if own.manifest is None or not own.content_directory_usable:
        return
    found = versions.content
    content.unnamed(own, own.manifest, found, ground.problems)
    content.missing(own, own.manifest, found, ground.problems)
    content.fixity(own, found)
    if not effort.digests:
        fidelity.compare_sizes(ground, own, own.manifest, found, meter)
        return
    if effort.most_files is not None or effort.most_bytes is not None:
        _bounded(fidelity.named(own.manifest, found), found, effort)
    fidelity.check(
        ground,
        own,
        own.manifest,
        found,
        workers=effort.workers,
        meter=meter,
        readers=readers,
    )


def _bounded(paths: list[str], found: Content, effort: Effort) -> None:
    if effort.most_files is not None and len(paths) > effort.most_files:
        raise TooLarge
    if effort.most_bytes is not None and sum(found.sizes[p] for p in paths) > effort.most_bytes:
        raise TooLarge
