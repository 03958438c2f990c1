"""Who may do what, and where: roles, grants, callers, and the one decision over them.

Pure. Where grants are kept, and how a caller proves who it is, is left to others.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from strongroom.domain.paths import ROOT, RepositoryPath, check_slugs, inside
from strongroom.errors import BadRequest, Fault, StrongroomError

#: subject of grants that hold for everyone who proved to be someone
EVERYONE = "*"

MAX_SUBJECT = 400  # characters


class Action(StrEnum):
    """What can be allowed."""

    #: see Containers, groups, their METS and versions, deposits, jobs
    READ = "read"
    #: read the bytes of Binaries and of deposits' files
    CONTENT = "read-content"
    #: see in which store, and where in it, what is preserved lies
    LOCATE = "see-storage"
    #: make, change, fill, lock and delete deposits, and run tools over them
    DEPOSIT = "deposit"
    #: submit and cancel import jobs
    PRESERVE = "preserve"
    #: make Containers, delete empty ones, announce updates
    ARRANGE = "arrange"
    #: remove what leaves no tombstone
    PURGE = "purge"
    #: see who may do what
    AUDIT = "see-grants"
    #: say who may do what
    ADMINISTER = "administer"


class Role(StrEnum):
    """A bundle of actions, as grants give them."""

    READER = "reader"
    DEPOSITOR = "depositor"
    PRESERVER = "preserver"
    CURATOR = "curator"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"

    @property
    def actions(self) -> frozenset[Action]:
        return _ACTIONS[self]


_READER = frozenset({Action.READ, Action.CONTENT})
_DEPOSITOR = _READER | {Action.LOCATE, Action.DEPOSIT}
_PRESERVER = _DEPOSITOR | {Action.PRESERVE}
_ACTIONS: dict[Role, frozenset[Action]] = {
    Role.READER: _READER,
    Role.DEPOSITOR: _DEPOSITOR,
    Role.PRESERVER: _PRESERVER,
    # everything that an application does
    Role.CURATOR: _PRESERVER | {Action.ARRANGE, Action.PURGE},
    # everything about things, nothing of what is in them
    Role.AUDITOR: frozenset({Action.READ, Action.LOCATE, Action.AUDIT}),
    Role.ADMINISTRATOR: frozenset(Action),
}


class Source(StrEnum):
    """Where a grant was said."""

    TABLE = "table"
    FILE = "file"
    SETTINGS = "settings"
    #: with the API key itself
    KEY = "key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A role for a subject at a path, and at everything below it."""

    #: ``*``, ``agent:NAME``, ``client:ID``, ``group:NAME``, ``key:ID`` or ``sub:ISSUER#SUBJECT``
    subject: str
    role: Role
    path: RepositoryPath = ROOT
    #: only those of the table have one
    id: str | None = None
    source: Source = Source.TABLE
    created: datetime | None = None
    created_by: str | None = None

    def covers(self, path: RepositoryPath) -> bool:
        """Whether it holds at a path."""
        return self.path == ROOT or inside(path, self.path) is not None

    def __str__(self) -> str:
        return f"{self.role} for {self.subject} at /{self.path} ({self.source})"


class CallerKind(StrEnum):
    #: authentication is off
    LOCAL = "local"
    #: this program itself: workers, commands
    SYSTEM = "system"
    #: a person, named by a token
    USER = "user"
    #: a machine with a token
    CLIENT = "client"
    #: a machine with an API key, or with a token that one was exchanged for
    KEY = "key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Whoever asks for something."""

    #: the agent under whose name it is recorded
    name: str
    kind: CallerKind
    #: whether the name was proved; a machine may be trusted to say for whom it acts
    named_by_proof: bool = False
    #: which grants are its own, but for those of everyone
    subjects: frozenset[str] = frozenset()
    #: what an API key may do; None where grants say so
    scopes: tuple[Grant, ...] | None = None

    @property
    def unlimited(self) -> bool:
        return self.kind in (CallerKind.LOCAL, CallerKind.SYSTEM)

    @property
    def who(self) -> str:
        """For logs and explanations: the name, and as what it came."""
        known = ", ".join(sorted(self.subjects))
        return f"{self.name} ({self.kind}{': ' + known if known else ''})"


#: who acts where nobody asks: workers and commands of the operator
SYSTEM = Caller(name="strongroom", kind=CallerKind.SYSTEM)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    allowed: bool
    #: one sentence
    because: str
    #: the grant that allows it
    grant: Grant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What one action is allowed on, as a condition for lists."""

    #: everything at and below one of these; none of them lies below another
    paths: tuple[RepositoryPath, ...]
    #: deposits that have no Archival Group yet, if this agent made them
    owner: str | None

    @property
    def everything(self) -> bool:
        return ROOT in self.paths


def own(caller: Caller, grants: Iterable[Grant]) -> tuple[Grant, ...]:
    """The grants that count for a caller. An API key has its scopes, no more and no less."""
    if caller.scopes is not None:
        return caller.scopes
    return tuple(g for g in grants if g.subject == EVERYONE or g.subject in caller.subjects)


def decide(
    caller: Caller, grants: Iterable[Grant], action: Action, path: RepositoryPath
) -> Decision:
    """Whether a caller may do something at a path. Grants add up; none takes anything away."""
    if caller.unlimited:
        return _unlimited(caller)
    held = own(caller, grants)
    for grant in held:
        if action in grant.role.actions and grant.covers(path):
            return Decision(allowed=True, because=f"{grant} holds at /{path}.", grant=grant)
    return Decision(allowed=False, because=_why_not(held, action, f"at /{path}"))


def decide_unplaced(
    caller: Caller, grants: Iterable[Grant], action: Action, owner: str | None
) -> Decision:
    """The same for a deposit without Archival Group, which lies at no path.

    What holds at the root holds for it. Who made it may do with it what they may do anywhere,
    provided that the name was proved.
    """
    if caller.unlimited:
        return _unlimited(caller)
    held = own(caller, grants)
    for grant in held:
        if action not in grant.role.actions:
            continue
        if grant.path == ROOT:
            return Decision(allowed=True, because=f"{grant} holds everywhere.", grant=grant)
        if caller.named_by_proof and owner == caller.name:
            because = f"{owner} made the deposit, and {grant} holds somewhere."
            return Decision(allowed=True, because=because, grant=grant)
    place = f"for a deposit of {owner} that has no Archival Group" if owner else "at no path"
    return Decision(allowed=False, because=_why_not(held, action, place))


def decide_somewhere(caller: Caller, grants: Iterable[Grant], action: Action) -> Decision:
    """Whether there is any path at which a caller may do something."""
    if caller.unlimited:
        return _unlimited(caller)
    held = own(caller, grants)
    for grant in held:
        if action in grant.role.actions:
            return Decision(allowed=True, because=f"{grant} holds somewhere.", grant=grant)
    return Decision(allowed=False, because=_why_not(held, action, "anywhere"))


def sight(caller: Caller, grants: Iterable[Grant], action: Action) -> Sight:
    """All that :func:`decide` and :func:`decide_unplaced` allow of an action, for lists."""
    if caller.unlimited:
        return Sight(paths=(ROOT,), owner=None)
    paths = {g.path for g in own(caller, grants) if action in g.role.actions}
    least = sorted(
        p for p in paths if not any(p != q and (q == ROOT or inside(p, q)) for q in paths)
    )
    owner = caller.name if caller.named_by_proof and paths else None
    return Sight(paths=tuple(least), owner=owner)


def sees(found: Sight, path: RepositoryPath) -> bool:
    """Whether a path is in sight."""
    return any(p == ROOT or inside(path, p) is not None for p in found.paths)


def leads_to(found: Sight, path: RepositoryPath) -> bool:
    """Whether a path is in sight, or on the way to something that is."""
    return sees(found, path) or any(path == ROOT or inside(p, path) for p in found.paths)


def _unlimited(caller: Caller) -> Decision:
    because = "authentication is off" if caller.kind is CallerKind.LOCAL else "the server does it"
    return Decision(allowed=True, because=f"Everything is allowed: {because}.")


def _why_not(held: Sequence[Grant], action: Action, place: str) -> str:
    giving = ", ".join(role for role in Role if action in role.actions)
    has = "; ".join(str(grant) for grant in held[:10]) or "none"
    return f"No grant gives '{action}' {place}. Roles with it: {giving}. Grants held: {has}."


# ------------------------------------------------------------------------------- in: from people


def make(subject: str, role: str, path: str, *, source: Source = Source.TABLE) -> Grant:
    """A grant as a person wrote it; BadRequest (``bad-grant``) with all that is wrong."""
    faults: list[Fault] = []
    if reason := subject_fault(subject):
        faults.append(_fault("subject", reason, subject))
    if role not in set(Role):
        faults.append(_fault("role", f"must be one of {', '.join(Role)}", role))
    where = ROOT
    try:
        where = read_path(path)
    except StrongroomError as error:
        faults.append(_fault("path", f"is no path of a Container: {error.message}", path))
    if faults:
        raise BadRequest(
            "The grant cannot be used: " + "; ".join(f"{f.path} {f.message}" for f in faults),
            code="bad-grant",
            faults=faults,
        )
    return Grant(subject=subject, role=Role(role), path=where, source=source)


def read_path(text: str) -> RepositoryPath:
    """``/collections/books``, as people write paths in grants; ``/`` is the root."""
    bare = text.strip("/")
    if any(part in (".", "..") for part in bare.split("/")):
        raise BadRequest("A path of a grant has no '.' and no '..'.", code="bad-path")
    return check_slugs(bare) if bare else ROOT


def read_scope(text: str) -> tuple[Role, RepositoryPath]:
    """``ROLE`` or ``ROLE:PATH``; BadRequest (``bad-grant``)."""
    role, _, path = text.partition(":")
    grant = make(EVERYONE, role, path)
    return grant.role, grant.path


def subject_fault(subject: str) -> str | None:
    """What is wrong with a subject; None if nothing is."""
    if subject == EVERYONE:
        return None
    kind, colon, name = subject.partition(":")
    if not colon or kind not in ("agent", "client", "group", "key", "sub") or not name:
        return "must be *, agent:NAME, client:ID, group:NAME or sub:ISSUER#SUBJECT"
    if len(subject) > MAX_SUBJECT or not subject.isprintable() or name != name.strip():
        return f"must have at most {MAX_SUBJECT} printable characters, without blanks around"
    if kind == "key":
        return "cannot be a key: an API key has its scopes, and grants do not count for it"
    return None


def _fault(path: str, message: str, found: str) -> Fault:
    return Fault(code="bad-grant", message=message, path=path, found=found[:200])
