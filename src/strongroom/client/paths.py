"""How this client spells paths: canonical in programs, percent-encoded in URLs.

Ids that come back from a server are taken apart here; what is a legal name is for the server to
say, except where a name could leave the folder that it is written to.
"""

from __future__ import annotations

from urllib.parse import quote, unquote, urlsplit

from strongroom.client.errors import BadAnswer
from strongroom.errors import BadRequest

#: how ids spell ``#``, for clients that cannot hold ``%23``
HASH_TOKEN = "-_-percent-23-_-"  # noqa: S105 - a spelling, no secret

#: where repository paths begin in a URI
AREA = "/repository"


def canonical(text: str) -> str:
    """A repository path as people write it, without slashes around it; ``""`` is the root.

    ``/library/book``, ``library/book/`` and the URI of a resource, with or without host, mean the
    same. Raises :class:`BadRequest` for empty, ``.`` and ``..`` segments.
    """
    path = text
    # no Container is called so: what begins with it is a URI
    if "://" in text or text == AREA or text.startswith(f"{AREA}/"):
        _, found, path = urlsplit(text).path.partition(AREA)
        if not found:
            raise BadRequest(f"'{text}' is no URI of a repository resource.", code="bad-path")
        path = decode(path)
    path = path.strip("/")
    if path and any(part in ("", ".", "..") for part in path.split("/")):
        raise BadRequest(
            f"'{text}' is not a repository path: it has an empty, '.' or '..' segment.",
            code="bad-path",
        )
    return path


def encode(path: str) -> str:
    """Percent-encode each segment of a path."""
    return "/".join(quote(part, safe="") for part in path.split("/"))


def decode(raw: str) -> str:
    """The path that an id spells: percent-decoded, with ``#`` restored."""
    return "/".join(unquote(part).replace(HASH_TOKEN, "#") for part in raw.split("/"))


def last_segment(uri: str) -> str:
    """The bare id at the end of a deposit's or job's URI; a bare id is returned as it is."""
    return uri.rstrip("/").rpartition("/")[2]


def below(uri: str, base: str) -> str:
    """The decoded path of a member below its group's id.

    Raises :class:`BadAnswer` where the id lies elsewhere or its path could leave a folder, so that
    the result is always safe to write to beneath one.
    """
    if not uri.startswith(base + "/"):
        raise BadAnswer(f"The server lists '{uri}' as a member of '{base}', where it does not lie.")
    path = decode(uri[len(base) + 1 :])
    for part in path.split("/"):
        if part in ("", ".", "..") or "\x00" in part:
            raise BadAnswer(f"The server lists '{uri}', whose path no folder can hold.")
    return path
