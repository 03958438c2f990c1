"""One inventory: its keys and their values (section 3.5.1), and all of it for the other checks.

Manifest, versions and fixity are judged by the modules of these names; what lies on disk, and
what other inventories say, by those who call this.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from strongroom.ocfl.validation import digests, fixity, jsontext, manifest, names, texts, versions
from strongroom.ocfl.validation.fixity import Fixity
from strongroom.ocfl.validation.manifest import Manifest
from strongroom.ocfl.validation.names import Names
from strongroom.ocfl.validation.reporting import Problems, shown

DEFAULT_CONTENT_DIRECTORY = "content"

_TYPES = {
    "https://ocfl.io/1.0/spec/#inventory": "1.0",
    "https://ocfl.io/1.1/spec/#inventory": "1.1",
}
_NEEDED = ("id", "type", "digestAlgorithm", "head")
_KEYS = frozenset({*_NEEDED, "contentDirectory", "manifest", "versions", "fixity"})


@dataclass(slots=True, kw_only=True)
class Inventory:
    """What an inventory says, as far as it can be used; None where it does not say it rightly."""

    #: ``inventory.json``, ``v1/inventory.json``
    at: str
    raw: dict[str, Any]
    object_id: str | None = None
    #: ``1.0``, ``1.1``
    spec: str | None = None
    algorithm: str | None = None
    #: as it is declared
    content_directory: str | None = None
    #: whether what it declares can be the name of a folder, or it declares nothing
    content_directory_usable: bool = True
    manifest: Manifest | None = None
    names: Names | None = None
    versions: dict[str, Any] = field(default_factory=dict)
    #: those of the versions that the object's own inventory has otherwise, or not at all
    differing: set[str] = field(default_factory=set)
    fixity: Fixity = field(default_factory=Fixity)

    @property
    def content_folder(self) -> str:
        """What the content folders of versions are called."""
        return self.content_directory or DEFAULT_CONTENT_DIRECTORY


def algorithm_of(raw: Any) -> str | None:
    """The digest algorithm that an inventory names, right or wrong."""
    value = raw.get("digestAlgorithm") if isinstance(raw, dict) else None
    return value if isinstance(value, str) else None


def spec_of(raw: Any) -> str | None:
    """The specification that an inventory's type names."""
    value = raw.get("type") if isinstance(raw, dict) else None
    return _TYPES.get(value) if isinstance(value, str) else None


def check(raw: Any, at: str, problems: Problems, *, judged: Inventory | None) -> Inventory | None:
    """Judge an inventory; parts that ``judged`` (the object's own) has as well only once.

    None where it is no JSON object.
    """
    if not isinstance(raw, dict):
        problems.add("E033", at, "The inventory is no JSON object.", found=shown(raw))
        return None
    found = Inventory(at=at, raw=raw)
    for key in _NEEDED:
        if key not in raw:
            problems.add("E036", at, f"The inventory has no {key}.", expected=key)
    _values(found, problems, judged)
    misplaced = _strange_keys(raw, at, problems)
    _manifest(found, problems, judged)
    _versions(found, problems, judged, misplaced="versions" in misplaced)
    if "fixity" in raw and not (
        judged is not None and jsontext.same(judged.raw.get("fixity"), raw["fixity"])
    ):
        found.fixity = fixity.check(raw["fixity"], at, found.manifest, problems)
    if found.names is not None and "head" in raw:
        _head(found, found.names, problems)
    return found


def _values(found: Inventory, problems: Problems, judged: Inventory | None) -> None:
    checks: dict[str, Callable[[Any, Inventory, Problems], None]] = {
        "id": _id,
        "type": _type,
        "digestAlgorithm": _algorithm,
        "contentDirectory": _content_directory,
    }
    for key, judge in checks.items():
        if key in found.raw:
            judge(found.raw[key], found, problems)
    if judged is None and found.object_id is not None and not texts.is_uri(found.object_id):
        problems.add("W005", f"{found.at}: id", "The id is no URI.", found=shown(found.object_id))
    if found.algorithm == "sha256" and (judged is None or judged.algorithm != "sha256"):
        problems.add(
            "W004",
            f"{found.at}: digestAlgorithm",
            "The digest algorithm is sha256; sha512 is advised.",
            found="sha256",
        )


def _id(value: Any, found: Inventory, problems: Problems) -> None:
    if not isinstance(value, str) or not value:
        problems.add("E037", f"{found.at}: id", "The id is no text, or empty.", found=shown(value))
        return
    found.object_id = value


def _type(value: Any, found: Inventory, problems: Problems) -> None:
    found.spec = spec_of(found.raw)
    if found.spec is None:
        problems.add(
            "E038",
            f"{found.at}: type",
            "The type is none of a known version of the specification.",
            expected=" or ".join(_TYPES),
            found=shown(value),
        )


def _algorithm(value: Any, found: Inventory, problems: Problems) -> None:
    place = f"{found.at}: digestAlgorithm"
    if not isinstance(value, str):
        problems.add("E033", place, "The digest algorithm is no text.", found=shown(value))
    elif value not in digests.CONTENT:
        problems.add(
            "E025",
            place,
            "The digest algorithm is neither sha512 nor sha256.",
            expected="sha512 or sha256",
            found=shown(value),
        )
    else:
        found.algorithm = value


def _content_directory(value: Any, found: Inventory, problems: Problems) -> None:
    place = f"{found.at}: contentDirectory"
    before = problems.errors
    if not isinstance(value, str):
        problems.add(
            "E033", place, "The name of the content folder is no text.", found=shown(value)
        )
    elif not value:
        problems.add("E108", place, "The name of the content folder is empty.")
    elif "/" in value:
        problems.add(
            "E017", place, "The name of the content folder has a slash.", found=shown(value)
        )
    elif value in (".", ".."):
        problems.add("E018", place, "The name of the content folder is dots.", found=shown(value))
    else:
        found.content_directory = value
    found.content_directory_usable = problems.errors == before


def _strange_keys(raw: dict[str, Any], at: str, problems: Problems) -> set[str]:
    """Tell of keys that no inventory has; which blocks stand under them instead."""
    misplaced: set[str] = set()
    for key in sorted(raw.keys() - _KEYS):
        place, value = f"{at}: {key}", raw[key]
        if "versions" not in raw and "versions" not in misplaced and _like_versions(value):
            problems.add(
                "E044",
                place,
                "The versions stand under another key.",
                expected="versions",
                found=key,
            )
            misplaced.add("versions")
        elif "fixity" not in raw and fixity.looks_like_one(value):
            problems.add(
                "E055",
                place,
                "The fixity block stands under another key.",
                expected="fixity",
                found=key,
            )
        else:
            problems.add("E102", place, "An inventory has no such key.", found=shown(key))
    return misplaced


def _like_versions(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and bool(value)
        and all(names.is_shaped(key) and isinstance(part, dict) for key, part in value.items())
    )


def _manifest(found: Inventory, problems: Problems, judged: Inventory | None) -> None:
    if "manifest" not in found.raw:
        problems.add("E041", found.at, "The inventory has no manifest.", expected="manifest")
        return
    place, value = f"{found.at}: manifest", found.raw["manifest"]
    if not isinstance(value, dict):
        problems.add("E106", place, "The manifest is no JSON object.", found=shown(value))
        return
    same = judged is not None and judged.algorithm == found.algorithm
    found.manifest = manifest.check(
        value,
        place,
        found.algorithm,
        problems,
        judged=judged.manifest if judged is not None and same else None,
    )


def _versions(
    found: Inventory, problems: Problems, judged: Inventory | None, *, misplaced: bool
) -> None:
    if "versions" not in found.raw:
        if not misplaced:
            problems.add("E043", found.at, "The inventory has no versions.", expected="versions")
        return
    place, value = f"{found.at}: versions", found.raw["versions"]
    if not isinstance(value, dict):
        problems.add("E045", place, "The versions are no JSON object.", found=shown(value))
        return
    found.versions = value
    found.names = names.check(value, place, problems, warn=judged is None)
    known = judged.versions if judged is not None else {}
    found.differing = {
        name
        for name, block in value.items()
        if name not in known or not jsontext.same(known[name], block)
    }
    versions.check(
        value, found.at, found.manifest, found.algorithm, problems, judge=found.differing
    )


def _head(found: Inventory, known: Names, problems: Problems) -> None:
    """The head is the newest version; told once where version names are wrong already."""
    head, place = found.raw["head"], f"{found.at}: head"
    if not isinstance(head, str) or (names.number(head) is None and head not in known.bad):
        problems.add("E040", place, "The head is no version name.", found=shown(head))
    elif head != known.newest and not known.bad and known.good:
        problems.add(
            "E040", place, "The head is not the newest version.", expected=known.newest, found=head
        )
