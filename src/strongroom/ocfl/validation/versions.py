"""The version blocks of an inventory: date, message, user, logical state (section 3.5.3).

Version names are left to :mod:`.names`; blocks of several inventories against each other to
:mod:`.history`.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from strongroom.ocfl.validation import paths, texts
from strongroom.ocfl.validation.manifest import Manifest, check_digests
from strongroom.ocfl.validation.reporting import Problems, shown

_KEYS = frozenset({"created", "state", "message", "user"})
_USER_KEYS = frozenset({"name", "address"})


def check(
    versions: dict[str, Any],
    at: str,
    manifest: Manifest | None,
    algorithm: str | None,
    problems: Problems,
    *,
    judge: Collection[str],
) -> None:
    """Judge the versions named in ``judge``, and of the others, judged before, their digests.

    Without a manifest (which is reported) digests are not looked up in it.
    """
    before = problems.errors
    used: set[str] = set()
    for name, block in versions.items():
        place = f"{at}: versions.{name}"
        if not isinstance(block, dict):
            problems.add("E047", place, "This version is no JSON object.", found=shown(block))
            continue
        if name in judge:
            _block(block, place, problems)
        state = block.get("state")
        if isinstance(state, dict):
            used.update(state)
            if manifest is not None:
                _in_manifest(state, f"{place}.state", manifest, algorithm, problems)
    if manifest is not None and problems.errors == before and usable(versions):
        _unused(used, at, manifest, problems)


def usable(versions: dict[str, Any]) -> bool:
    """Whether every version has a state that can be read."""
    return all(
        isinstance(block, dict) and isinstance(block.get("state"), dict)
        for block in versions.values()
    )


def _block(block: dict[str, Any], place: str, problems: Problems) -> None:
    for key in sorted(block.keys() - _KEYS):
        problems.add("E102", f"{place}.{key}", "A version has no such key.", found=shown(key))
    for key in ("created", "state"):
        if key not in block:
            problems.add("E048", place, f"This version has no {key}.", expected=key)
    if "created" in block:
        _created(block["created"], f"{place}.created", problems)
    if "state" in block:
        _state(block["state"], f"{place}.state", problems)
    for key in ("message", "user"):
        if key not in block:
            problems.add("W007", place, f"This version has no {key}.", expected=key)
    if "message" in block and not isinstance(block["message"], str):
        problems.add(
            "E094", f"{place}.message", "The message is no text.", found=shown(block["message"])
        )
    if "user" in block:
        _user(block["user"], f"{place}.user", problems)


def _created(created: Any, place: str, problems: Problems) -> None:
    if not isinstance(created, str) or not texts.is_date(created):
        problems.add(
            "E049",
            place,
            "This is no date with time, seconds and time zone as RFC 3339 has it.",
            expected="a date such as 2019-01-01T02:03:04Z",
            found=shown(created),
        )


def _state(state: Any, place: str, problems: Problems) -> None:
    if not isinstance(state, dict):
        problems.add("E050", place, "The state is no JSON object.", found=shown(state))
        return
    flat = paths.flat(state)
    if flat is not None:
        _conflicts(flat, place, problems)
        return
    seen: set[str] = set()
    for digest, named in state.items():
        if not isinstance(named, list) or not all(isinstance(path, str) for path in named):
            problems.add(
                "E050",
                place,
                "What the state has for a digest is no list of logical paths.",
                expected=shown(digest),
                found=shown(named),
            )
            continue
        for path in named:
            if not paths.logical_path(path, place, problems):
                continue
            if path in seen:
                problems.add("E095", place, "A logical path stands there twice.", found=shown(path))
            seen.add(path)
    _conflicts(seen, place, problems)


def _conflicts(logical: Collection[str], place: str, problems: Problems) -> None:
    for path in paths.conflicts(logical):
        problems.add(
            "E095", place, "Another logical path uses this one as a folder.", found=shown(path)
        )


def _user(user: Any, place: str, problems: Problems) -> None:
    if not isinstance(user, dict):
        problems.add("E054", place, "The user is no JSON object.", found=shown(user))
        return
    for key in sorted(user.keys() - _USER_KEYS):
        problems.add("E102", f"{place}.{key}", "A user has no such key.", found=shown(key))
    name = user.get("name")
    if not isinstance(name, str) or not name:
        problems.add("E054", place, "The user has no name.", found=shown(name))
    if "address" not in user:
        problems.add("W008", place, "The user has no address.")
    elif not isinstance(user["address"], str):
        problems.add("E033", place, "The address is no text.", found=shown(user["address"]))
    elif not texts.is_uri(user["address"]):
        problems.add(
            "W009",
            place,
            "The user's address is no URI.",
            expected="a URI such as mailto:person@example.org",
            found=shown(user["address"]),
        )


def _in_manifest(
    state: dict[str, Any],
    place: str,
    manifest: Manifest,
    algorithm: str | None,
    problems: Problems,
) -> None:
    """Every digest of a state must stand in the manifest, in the very same letters."""
    if state.keys() <= manifest.raw.keys():
        return
    strangers = [digest for digest in state if digest not in manifest.raw]
    malformed: set[str] = set()
    if algorithm is not None:
        malformed = check_digests(strangers, algorithm, place, problems)
    for digest in strangers:
        if digest not in malformed:
            problems.add(
                "E050",
                place,
                "The manifest has no such digest in the same letters.",
                found=shown(digest),
            )


def _unused(used: set[str], at: str, manifest: Manifest, problems: Problems) -> None:
    left = [digest for digest in manifest.raw if digest not in used]
    if not left:
        return
    lower = {digest.lower() for digest in used}
    for digest in left:
        if digest.lower() not in lower:
            problems.add(
                "E107", f"{at}: manifest", "No version uses this digest.", found=shown(digest)
            )
