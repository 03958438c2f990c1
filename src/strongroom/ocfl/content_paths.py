"""Portable names on disk for logical paths: what a file is stored as inside its version.

A path that every common system can hold stays as it is. A component that some system could not
(or would confuse with another, by case or Unicode form) becomes ``stem~hash.ext``: a readable part,
and the start of the SHA-256 of the logical path up to that component. The manifest keeps the way
from one to the other, so nobody ever has to compute it backwards.
"""

from __future__ import annotations

import hashlib
import itertools
import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

#: bytes of a content path without its ``vN/content/`` (of at most 20 bytes): 700 in all
MAX_PATH = 680
#: bytes of one component
MAX_COMPONENT = 255

# what Windows forbids, and what S3 asks to avoid (its user guide, "Object key names")
_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\{}^%`\[\]#]')
_PLAIN_ASCII = re.compile(r"[A-Za-z0-9._!'()+,;=@&$~-][A-Za-z0-9._!'()+,;=@&$~ -]*")
_DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³]) *(\..*)?", re.I | re.S)
#: control, format, surrogate, private and unassigned characters, and separators
_INVISIBLE = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"))
_STEM_BYTES = 60
# leaves room for the longest hashed name below it: _, stem, ~, 32 digits, extension
_MAX_FOLDER = MAX_PATH - 120
_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,12}")


class _Folder(NamedTuple):
    #: as it is on disk, and in the form that is compared
    path: str
    folded: str
    #: False if folders below this one had to be left out, to keep the path short
    whole: bool = True


class ContentPaths:
    """Hands out the content paths of one version; the same calls give the same paths."""

    def __init__(self) -> None:
        #: folded paths of all files and folders that were handed out
        self._taken: set[str] = set()
        self._folders: dict[str, _Folder] = {"": _Folder("", "")}

    def place(self, logical: str) -> str:
        """Where to store the content of a logical path, relative to ``vN/content/``."""
        above, _, name = logical.rpartition("/")
        folder = self._folders.get(above) or self._make_folders(above)
        plain = folder.whole and portable(name) and _size(folder.path, name) <= MAX_PATH
        return self._claim(name, logical, folder, plain=plain).path

    def _make_folders(self, logical: str) -> _Folder:
        folder, done = self._folders[""], ""
        for name in logical.split("/"):
            done = f"{done}/{name}" if done else name
            known = self._folders.get(done)
            if known is None:
                if not folder.whole or _size(folder.path, name) > _MAX_FOLDER:
                    known = _Folder(folder.path, folder.folded, whole=False)
                else:
                    known = self._claim(name, done, folder, plain=portable(name))
                self._folders[done] = known
            folder = known
        return folder

    def _claim(self, name: str, logical: str, folder: _Folder, *, plain: bool) -> _Folder:
        for candidate in _candidates(name, logical, plain=plain):
            folded = f"{folder.folded}/{fold(candidate)}"
            if folded not in self._taken:
                self._taken.add(folded)
                path = f"{folder.path}/{candidate}" if folder.path else candidate
                return _Folder(path, folded)
        raise AssertionError("candidates never end")


def _size(folder: str, name: str) -> int:
    path = f"{folder}/{name}"
    return len(path) if path.isascii() else len(path.encode("utf-8", "surrogatepass"))


def _candidates(name: str, logical: str, *, plain: bool) -> Iterator[str]:
    if plain:
        yield name
    yield _hashed(name, logical, 12)
    for number in itertools.count(1):
        yield _hashed(name, f"{logical}\0{number}", 32)


def portable(name: str) -> bool:
    """Whether a component can be stored under its own name everywhere."""
    if len(name) > MAX_COMPONENT or name[-1] in ". " or _DEVICE.fullmatch(name):
        return False
    if name.isascii():
        return _PLAIN_ASCII.fullmatch(name) is not None
    return (
        len(name.encode("utf-8", "surrogatepass")) <= MAX_COMPONENT
        and name[0] != " "
        and _FORBIDDEN.search(name) is None
        and unicodedata.is_normalized("NFC", name)
        and all(c == " " or unicodedata.category(c) not in _INVISIBLE for c in name)
    )


def fold(name: str) -> str:
    """One form for all names that some file system takes for the same."""
    if name.isascii():
        return name.lower()
    decomposed = unicodedata.normalize("NFD", name)
    return unicodedata.normalize("NFD", decomposed.casefold())


def _hashed(name: str, logical: str, digits: int) -> str:
    stem, extension = name, ""
    dot = name.rfind(".")
    if dot > 0 and _EXTENSION.fullmatch(name[dot:]):
        stem, extension = name[:dot], name[dot:]
    readable = "".join(
        "_" if c == " " or _FORBIDDEN.match(c) or unicodedata.category(c) in _INVISIBLE else c
        for c in unicodedata.normalize("NFC", stem)
    )
    cut = readable.encode("utf-8")[:_STEM_BYTES].decode("utf-8", "ignore").strip(". ")
    digest = hashlib.sha256(logical.encode("utf-8", "surrogatepass")).hexdigest()
    result = f"{cut}~{digest[:digits]}{extension}"
    return f"_{result}" if _DEVICE.fullmatch(result) else result
