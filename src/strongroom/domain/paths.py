"""Repository and member paths: their one canonical form, and every way in and out of it.

A *repository path* names a Container or an Archival Group from the root of the repository
(``library/books/my-book``; the root itself is ``""``). A *member path* names a Binary or a
Container inside an Archival Group, relative to it (``objects/page 1.tif``). Both are kept decoded,
without leading or trailing slash, exactly as the client named them: no case folding, no Unicode
normalisation. URIs are made and taken apart here and nowhere else.

On the wire a ``#`` is written as the token ``-_-percent-23-_-``, because existing clients look it
up in that form; a real name that contains the token is therefore refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NewType
from urllib.parse import quote

from strongroom.errors import BadRequest, Fault

RepositoryPath = NewType("RepositoryPath", str)
MemberPath = NewType("MemberPath", str)

ROOT = RepositoryPath("")
HASH_TOKEN = "-_-percent-23-_-"  # noqa: S105 - a spelling of '#', no secret

#: logical folders inside an object that belong to the server
RESERVED = (".strongroom", ".fcrepo")
#: the cached listing that older clients keep in a deposit; never preserved
LISTING_CACHE = "__METSlike.json"

MAX_SLUG = 2000  # characters of one segment outside Archival Groups
MAX_COMPONENT = 255  # bytes of one segment inside them
MAX_PATH = 4000  # bytes of a whole path

_SLUG = re.compile(r"[0-9A-Za-z%().\-_]+")
_RESERVED = re.compile(r"[^0-9A-Za-z._~/-]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


# ---------------------------------------------------------------------------- out: to the wire


def encode(path: str) -> str:
    """Percent-encode each segment of a canonical path, as ids carry it."""
    return quote_path(path.replace("#", HASH_TOKEN))


def quote_path(path: str) -> str:
    """Percent-encode each segment of a path; everything but unreserved characters (RFC 3986).

    What :func:`urllib.parse.quote` does, three times faster where few characters need it.
    """
    return _RESERVED.sub(_quoted, path)


def _quoted(match: re.Match[str]) -> str:
    return _quote(match.group())


@lru_cache(4096)
def _quote(text: str) -> str:
    return quote(text, safe="")


def map_key(path: str) -> str:
    """A member path as ``storageMap.files`` keys carry it: raw, but for the ``#`` token."""
    return path.replace("#", HASH_TOKEN)


# ------------------------------------------------------------------------------ in: from the wire


def decode(raw: str, *, token: bool = True) -> str:
    """Decode the raw (percent-encoded) path of a URI, each segment once.

    Unescaped spaces and Unicode are accepted as they are. A ``%`` that starts no escape stands for
    itself. The ``#`` token is undone unless ``token`` is false (origins carry ``%23``).

    Raises :class:`BadRequest` for an encoded slash, NUL or control characters, empty, ``.``
    and ``..`` segments, escapes that are not UTF-8, and paths over the limits.
    """
    if raw == "":
        return ""
    faults: list[Fault] = []
    parts = [_decode_segment(part, faults, token) for part in raw.split("/")]
    if faults:
        raise BadRequest(
            "The path cannot be used: " + "; ".join(fault.message for fault in faults[:5]),
            code="bad-path",
            faults=faults,
        )
    path = "/".join(parts)
    if len(path.encode()) > MAX_PATH:
        size = len(path.encode())
        raise BadRequest(
            f"The path is {size} bytes long; at most {MAX_PATH} are allowed.",
            code="path-too-long",
            faults=[
                Fault(
                    code="path-too-long",
                    message="The path is too long.",
                    path=path[:200] + "…",
                    expected=f"at most {MAX_PATH} bytes",
                    found=f"{size} bytes",
                )
            ],
        )
    return path


def _decode_segment(part: str, faults: list[Fault], token: bool) -> str:
    def bad(message: str) -> str:
        faults.append(Fault(code="bad-path", message=message, path=part[:200]))
        return ""

    if len(part) > 3 * MAX_PATH:
        return bad(f"a segment of {len(part)} characters is too long")
    if "%2f" in part.lower():
        return bad(f"'{part}' holds an encoded slash, which no name may contain")
    text = part
    if "%" in part:
        # one pass: every %XX becomes its byte, everything else its UTF-8
        out = bytearray()
        position = 0
        for match in re.finditer(r"%([0-9A-Fa-f]{2})", part):
            out += part[position : match.start()].encode("utf-8", "surrogatepass")
            out.append(int(match.group(1), 16))
            position = match.end()
        out += part[position:].encode("utf-8", "surrogatepass")
        try:
            text = out.decode("utf-8")
        except UnicodeDecodeError:
            return bad(f"'{part}' does not decode to UTF-8")
    if token:
        text = text.replace(HASH_TOKEN, "#")
    if text == "":
        return bad("a segment is empty (a doubled or trailing slash)")
    if text in (".", ".."):
        return bad(f"'{text}' is not a name")
    if _CONTROL.search(text):
        return bad(f"{text!r} holds control characters")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return bad(f"{text!r} holds characters that UTF-8 cannot carry")
    return text


def strip_roots(uri: str, roots: Iterable[str], area: str = "repository") -> str | None:
    """The raw path of ``uri`` below ``{root}/{area}/``; None if it lies under none of the roots.

    A URI without scheme and host (``/repository/x``) belongs to every root. A scheme's default port
    and the case of scheme and host do not matter.
    """
    for root in roots:
        base = f"{root.rstrip('/')}/{area}"
        if _same_start(uri, base):
            rest = uri[len(base) :]
            if rest == "" or rest.startswith("/"):
                return rest[1:]
    if uri == f"/{area}" or uri.startswith(f"/{area}/"):
        return uri[len(area) + 2 :]
    return None


def _same_start(uri: str, base: str) -> bool:
    if uri.startswith(base):
        return True
    scheme, sep, rest = base.partition("://")
    if not sep:
        return False
    host, slash, path = rest.partition("/")
    start = f"{scheme}://{host}"
    return uri[: len(start)].lower() == start.lower() and uri[len(start) :].startswith(slash + path)


# -------------------------------------------------------------------------------------- checks


def check_slugs(path: str) -> RepositoryPath:
    """A path of Containers or of an Archival Group, whose every segment must be a legal slug.

    Permitted are ``0-9 A-Z a-z % ( ) . _ -``, 1 to 2000 characters, and not ``repository``.
    """
    faults = [fault for part in path.split("/") for fault in _slug_faults(part)]
    if path.split("/")[0] in RESERVED:
        faults.append(_reserved(path))
    if faults:
        raise BadRequest(
            f"'{_short(path)}' is not a legal repository path: {faults[0].message}",
            code="bad-path",
            faults=faults,
        )
    return RepositoryPath(path)


def _slug_faults(part: str) -> Iterator[Fault]:
    if not part.strip():
        yield Fault(code="bad-path", message="A segment is empty.", path=part)
    elif len(part) > MAX_SLUG:
        yield Fault(
            code="path-too-long",
            message="A segment is too long.",
            path=_short(part),
            expected=f"at most {MAX_SLUG} characters",
            found=f"{len(part)} characters",
        )
    elif part == "repository":
        yield Fault(code="bad-path", message="No segment may be called 'repository'.", path=part)
    elif not _SLUG.fullmatch(part):
        bad = "".join(sorted(set(re.sub(_SLUG, "", part))))
        yield Fault(
            code="bad-path",
            message="A segment holds characters that are not permitted.",
            path=_short(part),
            expected="only 0-9 A-Z a-z % ( ) . _ -",
            found=bad,
        )


def member_faults(path: str) -> list[Fault]:
    """What forbids this path inside an Archival Group; an empty list if nothing does.

    Inside groups every name that a file system can hold is welcome: spaces, ``%``, ``&``, ``#``,
    emoji, any Unicode form.
    """
    faults: list[Fault] = []

    def bad(message: str, *, expected: str | None = None, found: str | None = None) -> None:
        faults.append(
            Fault(
                code="bad-path", message=message, path=_short(path), expected=expected, found=found
            )
        )

    for part in path.split("/"):
        try:
            size = len(part.encode("utf-8"))
        except UnicodeEncodeError:
            bad("A name holds characters that UTF-8 cannot carry.")
            continue
        if part == "":
            bad("A path has an empty segment (a leading, doubled or trailing slash).")
        elif part in (".", ".."):
            bad("'.' and '..' are not names.")
        elif _CONTROL.search(part):
            bad("A name holds control characters.", found=repr(part))
        elif size > MAX_COMPONENT:
            bad(
                "A name is too long.",
                expected=f"at most {MAX_COMPONENT} bytes",
                found=f"{size} bytes",
            )
        elif HASH_TOKEN in part:
            bad(f"A name may not hold '{HASH_TOKEN}', which stands for '#' in ids.")
    if not faults and len(path.encode("utf-8")) > MAX_PATH:
        bad("The path is too long.", expected=f"at most {MAX_PATH} bytes")
    if path.split("/")[0] in RESERVED:
        faults.append(_reserved(path))
    return faults


def check_member(path: str) -> MemberPath:
    """The path as a member path, or :class:`BadRequest` with all that is wrong with it."""
    faults = member_faults(path)
    if faults:
        raise BadRequest(
            f"'{_short(path)}' cannot be a path inside an Archival Group: {faults[0].message}",
            code="bad-path",
            faults=faults,
        )
    return MemberPath(path)


def _reserved(path: str) -> Fault:
    return Fault(
        code="reserved-path",
        message=f"'{path.split('/')[0]}/' is reserved for the server.",
        path=_short(path),
    )


def _short(text: str) -> str:
    return text if len(text) <= 200 else text[:200] + "…"


# -------------------------------------------------------------------------------- relations


def parent(path: str) -> str:
    """The path one level up; the root's parent is the root."""
    return path.rpartition("/")[0]


def slug(path: str) -> str:
    """The last segment."""
    return path.rpartition("/")[2]


def ancestors(path: str) -> list[str]:
    """Every path above this one, the nearest first, the root (``""``) left out."""
    found = []
    while (path := parent(path)) != "":
        found.append(path)
    return found


def inside(path: str, group: str) -> str | None:
    """The part of ``path`` below ``group``; None where it lies elsewhere, ``""`` if equal."""
    if path == group:
        return ""
    return path[len(group) + 1 :] if path.startswith(group + "/") else None
