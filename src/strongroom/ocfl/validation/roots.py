"""Judge a whole OCFL storage root, whoever wrote it: https://ocfl.io/1.1/spec/, section 4.

What lies directly in it, and its objects against each other; folders between are left to
:mod:`.hierarchy`, each object to :mod:`.objects`, who does the work to :mod:`.crew`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import blake2b

from strongroom.errors import Unprocessable
from strongroom.ocfl.layouts import Layout
from strongroom.ocfl.validation import (
    crew,
    declaration,
    folders,
    hashing,
    hierarchy,
    layout_file,
    registered,
)
from strongroom.ocfl.validation.crew import Judged
from strongroom.ocfl.validation.objects import Effort, ObjectSummary
from strongroom.ocfl.validation.problems import Problem, Severity, Tell
from strongroom.ocfl.validation.progress import Meter, Progress
from strongroom.ocfl.validation.reading import Ground
from strongroom.ocfl.validation.reporting import Problems, shown
from strongroom.storage.protocols import Child, ChildKind, Store


@dataclass(frozen=True, slots=True, kw_only=True)
class RootSummary:
    """What was judged of a root, and how many problems it has."""

    #: the specification it declares ("1.0", "1.1"), None where it declares none
    spec: str | None
    #: the layout it declares, None where it declares none
    layout: str | None
    objects: int
    #: objects with errors
    invalid_objects: int
    #: content files judged
    files: int
    #: bytes of these
    bytes: int
    #: all problems, those of the objects included
    errors: int
    warnings: int

    @property
    def valid(self) -> bool:
        return self.errors == 0


def validate_root(
    store: Store,
    *,
    tell: Tell,
    digests: bool = True,
    workers: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> RootSummary:
    """Judge the root that the store is; every problem is told, with places relative to the root.

    Parameters as for :func:`strongroom.ocfl.validation.objects.validate_object`. Objects are
    judged several at a time and told of in the order of their paths.
    """
    meter = Meter(progress)
    root = _Root(store, tell)
    effort = Effort(digests=digests, workers=workers or hashing.processors())
    for judged in crew.judge(store, root.objects(), effort, meter):
        root.take(judged)
    root.finish()
    return RootSummary(
        spec=root.spec,
        layout=root.layout_name,
        objects=meter.objects,
        invalid_objects=root.invalid,
        files=meter.files,
        bytes=meter.bytes,
        errors=root.errors,
        warnings=root.warnings,
    )


class _Root:
    """A root on its way through validation."""

    def __init__(self, store: Store, tell: Tell) -> None:
        self._tell = tell
        #: what is told between two objects, until both are judged: so the order is always the same
        self._waiting: list[Problem] = []
        self._problems = Problems(self._waiting.append, identified=True)
        self._ground = Ground(store, "", self._problems)
        self._layout: Layout | None = None
        self._layout_declared = False
        #: a short digest of each id
        self._ids: set[bytes] = set()
        self._depths: set[int] = set()
        self.spec: str | None = None
        self.layout_name: str | None = None
        self.invalid = 0
        self.errors = 0
        self.warnings = 0

    def objects(self) -> Iterable[tuple[str | None, list[Problem]]]:
        """The objects, each with what is to be told before it; None: only something to tell."""
        children = self._ground.children("")
        if children is not None:
            self._top(children)
            for path in hierarchy.objects(self._ground, children):
                yield path, self._told()
        yield None, self._told()

    def _top(self, children: list[Child]) -> None:
        """Judge what lies directly in the root."""
        files = [child.name for child in children if child.kind is ChildKind.FILE]
        told = folders.links(self._ground, "", children)
        self.spec = self._problems.spec = declaration.of_root(self._ground, files, told)
        extensions: set[str] = set()
        if any(c.name == "extensions" and c.kind is ChildKind.FOLDER for c in children):
            extensions = self._extensions()
        self._layout_declared = layout_file.FILE in files
        if self._layout_declared:
            self.layout_name, self._layout = layout_file.check(self._ground, extensions)

    def _extensions(self) -> set[str]:
        """Judge the names of the root's extensions (section 4.4); what is in them is theirs."""
        children = self._ground.children("extensions") or []
        linked = folders.links(self._ground, "extensions", children)
        found = {child.name for child in children if child.kind is ChildKind.FOLDER}
        for child in children:
            place = folders.join("extensions", child.name)
            if child.name in found:
                if child.name not in registered.EXTENSIONS:
                    self._problems.add("W016", place, "No extension of this name is registered.")
            elif child.name not in linked and child.names == 1:
                self._problems.add(
                    "E112", place, "A file lies directly among the extensions of the root."
                )
        return found

    def _told(self) -> list[Problem]:
        told = list(self._waiting)
        self._waiting.clear()
        return told

    def take(self, judged: Judged) -> None:
        """Tell of one object, and hold it against the root and the objects before it."""
        self._pass_on(judged.before)
        if judged.path is None or judged.summary is None:
            return
        self._pass_on(judged.problems)
        self.invalid += not judged.summary.valid
        self._depths.add(judged.path.count("/"))
        # told at once, not with the next object
        waiting: list[Problem] = []
        problems = Problems(waiting.append, base=judged.path)
        problems.identify(judged.summary.object_id)
        self._fits(judged.path, judged.summary, problems)
        self._pass_on(waiting)

    def _fits(self, path: str, summary: ObjectSummary, problems: Problems) -> None:
        if self.spec is not None and summary.spec is not None and summary.spec > self.spec:
            problems.add(
                "E081",
                "",
                "The object declares a newer specification than its storage root.",
                expected=f"{self.spec} or older",
                found=summary.spec,
            )
        if summary.object_id is None:
            return
        key = blake2b(summary.object_id.encode(), digest_size=12).digest()
        if key in self._ids:
            problems.add(
                "E037",
                "",
                "Another object of this root has the same id.",
                found=shown(summary.object_id),
            )
        self._ids.add(key)
        if self._layout is not None:
            self._in_its_place(path, summary.object_id, self._layout, problems)

    def _in_its_place(self, path: str, object_id: str, layout: Layout, problems: Problems) -> None:
        """Section 4.3: the layout says where each object lies."""
        try:
            wanted = layout.object_path(object_id)
        except Unprocessable as error:
            problems.add("E083", "", f"The layout has no place for this id: {error.message}")
            return
        if wanted != path:
            problems.add(
                "E083",
                "",
                f"The object does not lie where the layout {layout.name} puts it.",
                expected=wanted,
                found=path,
            )

    def finish(self) -> None:
        """Tell what only all objects together show."""
        if 0 in self._depths and len(self._depths) > 1:
            self._problems.add("W015", "", "Objects lie both directly in the root and deeper.")
        elif len(self._depths) > 1 and not self._layout_declared:
            self._problems.add(
                "W014",
                "",
                "No layout is declared, and objects lie at different depths.",
                found=", ".join(str(depth + 1) for depth in sorted(self._depths)),
            )
        self._pass_on(self._told())

    def _pass_on(self, problems: Iterable[Problem]) -> None:
        for problem in problems:
            if problem.severity is Severity.ERROR:
                self.errors += 1
            else:
                self.warnings += 1
            self._tell(problem)
