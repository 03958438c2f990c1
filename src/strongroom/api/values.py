"""What parameters and headers hold: what is said of each in the description of the API.

Those whose name means the same on every route are said here, once; others where the route declares
them. They describe only: values are read and judged by those who use them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from strongroom.domain.paths import MAX_PATH

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A parameter or a header."""

    text: str | None = None
    #: JSON Schema of its text, read as OpenAPI reads parameters
    schema: Schema
    required: bool = False


def text(meaning: str | None = None, *, required: bool = False, **schema: Any) -> Value:
    """Any text that the further keywords of JSON Schema allow."""
    return Value(text=meaning, schema={"type": "string", **schema}, required=required)


def whole(meaning: str, low: int, high: int) -> Value:
    """A whole number between two others, both included."""
    return Value(text=meaning, schema={"type": "integer", "minimum": low, "maximum": high})


def flag(meaning: str) -> Value:
    return Value(text=meaning, schema={"type": "boolean"})


def moment(meaning: str) -> Value:
    """A moment in ISO 8601; one without a zone is in UTC."""
    return text(meaning, format="date-time")


def word(meaning: str, words: Iterable[str], *, required: bool = False) -> Value:
    """One of some words."""
    return text(meaning, required=required, enum=list(words))


_NAME = r"[^/\u0000-\u001f\u007f]+"
_SLUG = r"[0-9A-Za-z%().\-_]+"
#: a path of names: no empty ones, no control characters; what else is no name, problems tell
NAMES = f"^{_NAME}(/{_NAME})*$"
#: a path of Containers that ends in a Container or an Archival Group
SLUGS = f"^{_SLUG}(/{_SLUG})*$"
#: the same, perhaps between slashes; nothing is the root
SLUGS_OR_ROOT = f"^/*({_SLUG}(/{_SLUG})*)?/*$"

#: a property of a body that must say something
NEEDED: Schema = {"type": "string", "pattern": r"[^\s\u0000-\u001f\u0085]"}
#: a version as bodies and queries name it
VERSION: Schema = {"type": "string", "pattern": "^(v[1-9][0-9]{0,8}|[0-9]{14})$"}
#: a moment in ISO 8601; blank for none
MOMENT: Schema = {
    "anyOf": [{"type": "string", "format": "date-time"}, {"const": ""}, {"type": "null"}]
}
#: a number that may be sent as a string
COUNT: Schema = {
    "anyOf": [
        {"type": "integer", "minimum": 0, "maximum": 10**18 - 1},
        {"type": "string", "pattern": "^[0-9]{0,18}$"},
        {"type": "null"},
    ]
}


def line(limit: int) -> Schema:
    """A text without control characters, or none."""
    return {
        "type": ["string", "null"],
        "maxLength": limit,
        "pattern": r"^[^\u0000-\u001f\u007f-\u009f]*$",
    }


def lines(limit: int) -> Schema:
    """The same where a text may have lines and tabs."""
    control = r"\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f"
    return {"type": ["string", "null"], "maxLength": limit, "pattern": f"^[^{control}]*$"}


def demands(*needed: str, **properties: Schema) -> Schema:
    """What a body must hold beyond its shape: these properties, and what they look like."""
    return {
        **({"required": [*needed]} if needed else {}),
        "properties": {**dict.fromkeys(needed, NEEDED), **properties},
    }


#: the last page of a stream that can be asked for
MAX_PAGE = 10**12 - 1

#: what stands in paths, by name
IN_PATH: Mapping[str, Value] = {
    "deposit_id": text("The bare id of a deposit", minLength=1),
    "job_id": text("The bare id of a job", minLength=1),
    "grant_id": text("The id of a grant", minLength=1),
    "page": whole("Counted from 1", 1, MAX_PAGE),
    "path": text(
        "The rest of the path, percent-encoded but for its slashes",
        pattern=NAMES,
        maxLength=MAX_PATH,
    ),
}

#: what signatures of routes take from queries, by name
IN_QUERY: Mapping[str, Value] = {
    "version": Value(
        text="`vN`, or a memento timestamp `yyyyMMddHHmmss`; what is there now if not given",
        schema=VERSION,
    ),
    "view": text("`mets`: the METS of an Archival Group; `lightweight`: without what lies in it"),
    "path": text("Relative to the content root; all that states something of its own if not given"),
    "purge": flag("Leave no tombstone"),
    "force": flag("Take the lock from whoever holds it"),
    "refresh": flag("Look at the files anew"),
}

_SHA256: Schema = {
    "pattern": "^sha-256=:[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=:$",
    "format": "content-digest",
}

#: headers of requests
SENT: Mapping[str, Value] = {
    "X-Client-Identity": text(
        "Name of the agent: for whom a machine acts, and of anyone while authentication is off",
        pattern=r"^(?! *\.{0,2} *$)[^/\u0000-\u001f\u007f-\u00a0\u00ad]{1,255}$",
        format="agent-name",
    ),
    "x-correlation-id": text("Echoed, and written beside every log line about the request"),
    "Idempotency-Key": text(
        "The same request under the same key is carried out once", pattern="^[!-~]{1,255}$"
    ),
    "If-Match": text("The ETag of the METS, which the deposit shows as `metsETag`"),
    "If-None-Match": text("An ETag"),
    "If-Range": text("An ETag"),
    "Range": text("Byte ranges"),
    "Accept-Datetime": text(
        "A moment: what was there then (RFC 7089)",
        pattern="^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), (0[1-9]|[12][0-9]|3[01]) "
        "(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [1-9][0-9]{3} "
        "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9] GMT$",
        format="http-date",
    ),
    "Content-Digest": text(
        "SHA-256 of the file (RFC 9530), checked before the file is seen", **_SHA256
    ),
    "Repr-Digest": text("The same", **_SHA256),
}

#: headers of answers
GIVEN: Mapping[str, Value] = {
    "x-correlation-id": text("Of the request, or a new one", required=True),
    "Location": text("Where to find what was made", required=True, format="uri-reference"),
    "ETag": text("Tells one state from another"),
    "Link": text("Where to go from here (RFC 8288)"),
    "Content-Disposition": text("The name of the file"),
    "Content-Digest": text("SHA-256 of the bytes of this answer (RFC 9530)"),
    "Repr-Digest": text("SHA-256 of the whole file"),
    "Content-Range": text("Which bytes, of how many"),
    "Memento-Datetime": text("Since when it was so (RFC 7089)"),
    "X-Preservation-Resource-Type": word(
        "What it is", ("Container", "RepositoryRoot", "Binary", "ArchivalGroup")
    ),
    "Idempotency-Replayed": word("The answer to an earlier request under the key", ("true",)),
    "WWW-Authenticate": text("How to prove who asks", required=True),
    "Retry-After": text("Seconds", required=True),
}
