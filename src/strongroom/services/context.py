"""What all use cases share: the index, the stores, the clock, the queue's port.

A context is made once by ``runtime`` and handed to every service; nothing in it changes. An edge
hands on a copy of it that acts for whoever asks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import quote, urlsplit

from strongroom.db.engine import Database
from strongroom.domain.grants import SYSTEM, Caller, Grant
from strongroom.domain.times import Clock
from strongroom.identifiers import Resolvers
from strongroom.repository.store import Author, Repository
from strongroom.storage.protocols import WorkArea, WorkAreas

#: names of this machine for itself, and how each stands in a URL
LOOPBACK = {"localhost": "localhost", "127.0.0.1": "127.0.0.1", "::1": "[::1]"}


class Queue(Protocol):
    """Where jobs wait; the rows are in the index, this only wakes whoever runs them."""

    def notify(self) -> None:
        """A job was added."""


class Probe(Protocol):
    """Whether a tool is there."""

    @property
    def name(self) -> str: ...
    @property
    def version(self) -> str | None: ...
    @property
    def reason(self) -> str | None:
        """Why it is absent; None if it is there."""


class Tool(Protocol):
    """A program that looks at files and writes what it finds, as a run of tools needs it."""

    @property
    def task(self) -> str:
        """``formats``, ``viruses`` or ``metadata``."""

    def probe(self) -> Probe: ...

    def run(self, folder: Path, scratch: Path, stop: Callable[[], bool]) -> object:
        """Look at all files below ``folder``; write below ``scratch``, laid out as ``metadata/``.

        ``stop`` is asked again and again; once it says so, the program is ended.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Roots:
    """Public roots of ids, without trailing slash."""

    public: str
    storage: str

    @property
    def all(self) -> tuple[str, ...]:
        """Every root that ids of this server may be sent with, the public one first.

        A root on this machine goes by each of the machine's names for itself.
        """
        return tuple(alias for root in (self.public, self.storage) for alias in _aliases(root))


def _aliases(root: str) -> tuple[str, ...]:
    parts = urlsplit(root)
    if parts.hostname not in LOOPBACK:
        return (root,)
    port = f":{parts.port}" if parts.port else ""
    others = (f"{parts.scheme}://{name}{port}{parts.path}" for name in LOOPBACK.values())
    return (root, *(other for other in others if other != root))


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """A place whose folders exports of the Storage API may be written to."""

    #: with a slash at its end
    uri: str
    #: by the names of the folders directly in it
    areas: WorkAreas


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    db: Database
    areas: WorkAreas
    repository: Repository
    resolvers: Resolvers
    queue: Queue
    roots: Roots
    clock: Clock
    #: mints ids
    mint: Callable[[], str]
    #: names this process, for claims that outlive it: its place, a colon, and what tells it apart
    process: str
    #: bytes of the largest METS that is read
    max_mets: int
    #: local folder for what runs of tools have in the making; outlives the process
    scratch: Path
    #: what runs of tools consist of, in their order
    tools: tuple[Tool, ...] = ()
    #: what jobs without a deposit may read
    origins: tuple[WorkArea, ...] = ()
    #: what their exports may be written to
    destinations: tuple[Destination, ...] = ()
    #: for whom services act; an edge gives them a context of its caller
    caller: Caller = SYSTEM
    #: grants that configuration makes, beside those of the table
    configured: tuple[Grant, ...] = ()

    @property
    def place(self) -> str:
        """What this process has in common with those before it on the same data folder."""
        return self.process.partition(":")[0]

    @property
    def root_uri(self) -> str:
        """URI of the OCFL storage root, with a trailing slash."""
        return self.repository.root.uri

    @property
    def storage_type(self) -> str:
        """As storage maps call it: ``S3`` or ``FileSystem``."""
        return "S3" if self.root_uri.startswith("s3://") else "FileSystem"

    def author(self, agent: str) -> Author:
        """The agent as OCFL versions name it."""
        return Author(name=agent, address=f"{self.roots.public}/agents/{quote(agent, safe='')}")
