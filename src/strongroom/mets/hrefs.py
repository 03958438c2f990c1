"""From an href in METS to a path: cleaned as written, and the other forms it may stand for.

Leaves to the caller which of the forms exists; nothing here looks at files. ``#`` and ``?`` are
ordinary characters of a path, and nothing is decoded twice.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote_to_bytes

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")


def clean(href: str) -> str:
    """The relative path that an href names, with no ``./`` and no doubled slashes.

    ``file:`` in front of a relative path is dropped. ValueError says why an href names no path
    below the content root: another scheme, an absolute path, ``..``, control characters, nothing.
    """
    scheme = _SCHEME.match(href)
    if scheme and scheme.group().lower() == "file:":
        href = href[scheme.end() :]
        scheme = _SCHEME.match(href)
    if scheme:
        raise ValueError(f"points outside the deposit ('{scheme.group()[:40]}')")
    return clean_path(href)


def leads_elsewhere(href: str) -> bool:
    """Whether an href names a scheme, and so no path."""
    return _SCHEME.match(href) is not None


def clean_path(text: str) -> str:
    """The same for what is a path, not a reference: a colon is a character like any other."""
    if _CONTROL.search(text):
        raise ValueError("holds control characters")
    if text.startswith("/"):
        raise ValueError("is an absolute path")
    parts = [part for part in text.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise ValueError("leaves the deposit by '..'")
    if not parts:
        raise ValueError("is empty")
    if text.endswith(("/", "/.")):
        raise ValueError("names a folder, not a file")
    return "/".join(parts)


def written(path: str) -> str:
    """The href that :func:`clean` turns into this path: the path itself, where that is possible.

    A first segment that looks like a scheme (``draft:1``) gets ``./`` before it (RFC 3986, 4.2).
    """
    return "./" + path if _SCHEME.match(path) else path


def candidates(path: str) -> tuple[str, ...]:
    """The forms a cleaned path may have where the files lie, the likeliest first.

    As written; percent-decoded (strict UTF-8); percent-decoded with ``+`` as space; each as is,
    then NFC, then NFD. Last, where the path holds backslashes, the same with slashes. Decoded forms
    that escape or are absolute are left out.
    """
    forms = _forms(path)
    if "\\" in path:
        forms += [form for form in _forms(path.replace("\\", "/")) if form not in forms]
    return tuple(dict.fromkeys(forms))


def _forms(path: str) -> list[str]:
    spellings = [path, _decoded(path), _decoded(path.replace("+", " ")) if "+" in path else None]
    forms = [
        form
        for spelling in spellings
        if spelling is not None
        for form in (
            spelling,
            unicodedata.normalize("NFC", spelling),
            unicodedata.normalize("NFD", spelling),
        )
    ]
    return [form for form in forms if _safe(form)]


def _decoded(path: str) -> str | None:
    """Percent-decoded once; None if that is not UTF-8."""
    if not _ESCAPE.search(path):
        return path
    try:
        return unquote_to_bytes(path).decode("utf-8")
    except UnicodeDecodeError:
        return None


def _safe(path: str) -> bool:
    return not _CONTROL.search(path) and all(
        part not in ("", ".", "..") for part in path.split("/")
    )
