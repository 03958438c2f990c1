"""Roots for judges: versions written by our engine, objects made by hand as others make them.

Unlike most of this package it imports the product. What the judges say is left to the tests.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from strongroom.ocfl.draft import Draft
from strongroom.ocfl.plan import Plan, Rename
from strongroom.ocfl.root import OcflRoot
from strongroom.ocfl.sources import streams
from strongroom.ocfl.stored import StoredObject
from strongroom.ocfl.validation.problems import Problem
from strongroom.ocfl.validation.roots import validate_root
from strongroom.storage.localstore import LocalStore
from support import ocfl_check, peer

ID = "info:fedora/library/book"
WHEN = datetime(2026, 2, 3, 4, 5, 6, 789000, tzinfo=UTC)


def write(
    root: OcflRoot,
    files: Mapping[str, bytes],
    *,
    object_id: str = ID,
    remove: Collection[str] = (),
    moved: Mapping[str, str] | None = None,
) -> StoredObject:
    """One version more: these files added, these paths removed, these moved (old -> new)."""
    base = root.read(object_id) if root.exists(object_id) else None
    with root.draft(object_id, base=base, attempt="peer") as draft:
        renames = tuple(Rename(source=old, target=new) for old, new in (moved or {}).items())
        assert draft.apply(Plan(renames=renames), streams({})) == []
        for path in remove:
            draft.remove(path)
        for path, data in files.items():
            draft.add_bytes(path, data)
        return finish(draft)


def finish(draft: Draft) -> StoredObject:
    """Prepare with all that a version should tell, and commit."""
    draft.prepare(
        created=WHEN + timedelta(hours=draft.number),
        user_name="Ann",
        user_address="mailto:ann@example.org",
        message=f"version {draft.number}",
    )
    return draft.commit()


def by_hand(
    root: OcflRoot,
    object_id: str,
    files: Mapping[str, bytes],
    *,
    spec: str = "1.1",
    algorithm: str = "sha512",
    width: int = 0,
    content: str = "content",
    upper: bool = False,
    fixity: bool = False,
) -> None:
    """An object with v1, as another program might have made it, where the root wants it."""
    folder = root.folder / root.object_path(object_id)
    version = f"v{1:0{width}d}" if width else "v1"
    manifest: dict[str, list[str]] = {}
    state: dict[str, list[str]] = {}
    md5: dict[str, list[str]] = {}
    for path, data in files.items():
        digest = hashlib.new(algorithm, data).hexdigest()
        digest = digest.upper() if upper else digest
        place = f"{version}/{content}/{path}"
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).write_bytes(data)
        manifest.setdefault(digest, []).append(place)
        state.setdefault(digest, []).append(path)
        md5.setdefault(hashlib.md5(data).hexdigest(), []).append(place)
    inventory = {
        "id": object_id,
        "type": f"https://ocfl.io/{spec}/spec/#inventory",
        "digestAlgorithm": algorithm,
        "head": version,
        **({"contentDirectory": content} if content != "content" else {}),
        **({"fixity": {"md5": md5}} if fixity else {}),
        "manifest": manifest,
        "versions": {
            version: {
                "created": "2019-12-31T23:59:59.123456789+01:00",
                "message": "by hand",
                "user": {"name": "Bo", "address": "mailto:bo@example.org"},
                "state": state,
            }
        },
    }
    (folder / f"0=ocfl_object_{spec}").write_text(f"ocfl_object_{spec}\n")
    # as it is, for rocfl reads no string that has an escape in it
    data = json.dumps(inventory, ensure_ascii=False).encode()
    for above in (folder, folder / version):
        (above / "inventory.json").write_bytes(data)
        (above / f"inventory.json.{algorithm}").write_text(
            f"{hashlib.new(algorithm, data).hexdigest()}  inventory.json\n"
        )


def assert_judged_valid(
    root: Path,
    *,
    objects: int,
    allow: Collection[str] = (),
    by: Collection[str] = ("rocfl", "ocfl-java"),
) -> None:
    """Our validator, ocfl-py and the judges of these names find nothing wrong, in as many objects.

    Warnings count, but for those in ``allow`` (codes).
    """
    folders = list(ocfl_check.objects(root))
    assert len(folders) == objects, f"{len(folders)} objects instead of {objects}"
    for folder in folders:
        ocfl_check.assert_valid(folder)
    problems = by_our_validator(root, objects=objects, allow=allow)
    problems += peer.rocfl_root(root, allow=allow) if "rocfl" in by else []
    problems += peer.java_root(root, allow=allow) if "ocfl-java" in by else []
    assert not problems, "\n".join(problems)


def by_our_validator(root: Path, *, objects: int, allow: Collection[str] = ()) -> list[str]:
    """What our own validator finds, which shares no code with our writer."""
    told: list[Problem] = []
    summary = validate_root(LocalStore(root), tell=told.append, workers=1)
    counted = sum(problem.severity == "error" for problem in told)
    assert (summary.errors, summary.valid) == (counted, counted == 0)
    assert summary.objects == objects, f"our validator saw {summary.objects} objects of {objects}"
    return [
        f"ours: {problem.object_id or 'root'}: {problem.place}: {problem.code} {problem.message}"
        for problem in told
        if problem.code not in peer.CHOSEN
        and problem.code not in allow
        and not (problem.code == "W016" and problem.place.rpartition("/")[2] in peer.OWN_EXTENSIONS)
    ]
