"""Finds which route a raw request path means, and writes it so that the router cannot mistake it.

Literal segments match in any case, repository paths are handed on byte for byte; checking and
decoding them is left to :func:`strongroom.domain.paths.decode`. Pure functions on strings.

The router matches decoded paths and would see an encoded slash as a real one. So the tail of a
path (``/repository/{path}``) is quoted once more and travels as a single segment; handlers get it
back with :func:`tail`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, unquote, urlsplit

#: the parameter that takes the rest of a path
TAIL = "path"
#: stands for an empty tail; quoting never yields it
_EMPTY = "*"
#: where the router keeps the Storage surface, wherever its public root lies
STORAGE_PREFIX = "/storage-api"


@dataclass(slots=True)
class _Branch:
    #: by lower-case literal: the literal as declared, and what follows
    literals: dict[str, tuple[str, _Branch]] = field(default_factory=dict)
    parameter: _Branch | None = None
    #: methods of the route that ends here, and of the one that goes on with a tail; None: no such
    end: tuple[str, ...] | None = None
    tail: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Match:
    #: the path to give to the router
    path: str
    #: what may be done there
    methods: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Routes:
    """All declared path formats, such as ``/deposits/{deposit_id}/files/{path}``, as a tree."""

    root: _Branch

    @classmethod
    def of(cls, formats: Mapping[str, Iterable[str]]) -> Routes:
        """``formats`` tells the methods of each path format."""
        root = _Branch()
        for text, methods in formats.items():
            branch = root
            for segment in (part for part in text.split("/") if part):
                if segment == f"{{{TAIL}}}":
                    branch.tail = tuple(sorted(methods))
                    break
                if segment.startswith("{"):
                    branch.parameter = branch.parameter or _Branch()
                    branch = branch.parameter
                else:
                    branch = branch.literals.setdefault(segment.lower(), (segment, _Branch()))[1]
            else:
                branch.end = tuple(sorted(methods))
        return cls(root)

    def fold(self, raw: str) -> Match | None:
        """The route that a path means; None if there is none.

        ``raw`` is percent-encoded, without query. One trailing slash is ignored, but handed on
        after a tail. A literal wins over a parameter, and a route that ends over an empty tail.
        """
        segments = raw.removeprefix("/").split("/")
        slash = "/" if segments[-1] == "" else ""
        if slash:
            segments.pop()
        branch, done = self.root, [""]
        for position, segment in enumerate(segments):
            decoded = unquote(segment)
            if (known := branch.literals.get(decoded.lower())) is not None:
                done.append(known[0])
                branch = known[1]
            elif branch.tail is not None:
                done.append(quote("/".join(segments[position:]) + slash, safe=""))
                return Match("/".join(done), branch.tail)
            elif branch.parameter is not None and decoded and "/" not in decoded:
                done.append(decoded)
                branch = branch.parameter
            else:
                return None
        if branch.end is not None:
            return Match("/".join(done) or "/", branch.end)
        if branch.tail is not None:
            return Match("/".join([*done, _EMPTY]), branch.tail)
        return None


def tail(segment: str) -> str:
    """The raw (percent-encoded) path that :meth:`Routes.fold` packed into one segment."""
    return "" if segment == _EMPTY else unquote(segment)


# ------------------------------------------------------------------------ surfaces


@dataclass(frozen=True, slots=True)
class Surfaces:
    """How the two public roots share the server: by path, by host, or by both."""

    #: path of the Preservation root (``""`` or ``/prefix``), as clients see it
    public_path: str
    #: path of the Storage root, and the same below the Preservation root where it lies there
    storage_path: str
    storage_below: str | None
    #: ``host:port`` of the Storage root where it differs from the Preservation root's
    storage_host: str | None

    @classmethod
    def of(cls, public: str, storage: str) -> Surfaces:
        ours, theirs = urlsplit(public.rstrip("/")), urlsplit(storage.rstrip("/"))
        own_host = theirs.netloc.lower() != ours.netloc.lower()
        if not own_host and theirs.path == ours.path:
            raise ValueError(f"The Storage root must differ from the Preservation root: {storage}")
        below = None
        if not own_host and theirs.path.startswith(ours.path + "/"):
            below = theirs.path[len(ours.path) :]
        return cls(ours.path, theirs.path, below, theirs.netloc.lower() if own_host else None)

    def locate(self, raw: str, host: str) -> tuple[bool, str]:
        """Whether a request means the Storage surface, and the rest of its raw path.

        A prefix of the public root is dropped where it is there; a proxy may have dropped it.
        """
        if self.storage_host is not None:
            if host.lower() == self.storage_host:
                rest = _below(raw, self.storage_path)
                return True, raw if rest is None else rest
        else:
            for prefix in (self.storage_path, self.storage_below):
                if prefix and (rest := _below(raw, prefix)) is not None:
                    return True, rest
        rest = _below(raw, self.public_path)
        return False, raw if rest is None else rest


def _below(raw: str, prefix: str) -> str | None:
    """What follows a path prefix, in any case; None if the path does not lie below it."""
    if raw[: len(prefix)].lower() != prefix.lower():
        return None
    rest = raw[len(prefix) :]
    return rest if rest == "" or rest.startswith("/") else None
