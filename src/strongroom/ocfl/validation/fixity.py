"""The fixity block of an inventory: further digests of content files (section 3.5.4).

Whether they are right is left to :mod:`.fidelity`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from strongroom.ocfl.validation import digests, paths
from strongroom.ocfl.validation.manifest import Manifest
from strongroom.ocfl.validation.reporting import Problems, shown


@dataclass(slots=True)
class Fixity:
    """What a fixity block says, as far as it can be used."""

    #: content path -> algorithms and values in lower case
    claims: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    #: content paths that the manifest does not have
    strays: list[str] = field(default_factory=list)


def looks_like_one(value: Any) -> bool:
    """Whether this could be a fixity block that stands under another key."""
    return (
        isinstance(value, dict)
        and bool(value)
        and all(
            name in digests.ALGORITHMS and isinstance(block, dict) for name, block in value.items()
        )
    )


def check(raw: Any, at: str, manifest: Manifest | None, problems: Problems) -> Fixity:
    """Judge a fixity block; without a manifest (which is reported) only its form."""
    fixity = Fixity()
    if not isinstance(raw, dict):
        problems.add("E111", f"{at}: fixity", "Fixity is no JSON object.", found=shown(raw))
        return fixity
    for algorithm, block in raw.items():
        place = f"{at}: fixity.{algorithm}"
        if algorithm not in digests.ALGORITHMS:
            problems.add(
                "E056",
                place,
                "This algorithm is neither in the specification nor in a registered extension.",
                found=shown(algorithm),
            )
        elif not isinstance(block, dict):
            problems.add("E057", place, "This block is no JSON object.", found=shown(block))
        else:
            _block(algorithm, block, place, manifest, fixity, problems)
    return fixity


def _block(
    algorithm: str,
    block: dict[str, Any],
    place: str,
    manifest: Manifest | None,
    fixity: Fixity,
    problems: Problems,
) -> None:
    seen_digests: set[str] = set()
    seen_paths: dict[str, str] = {}
    for digest, named in block.items():
        value = digest.lower()
        if value in seen_digests:
            problems.add(
                "E097", place, "A digest stands twice, in different case.", found=shown(digest)
            )
        seen_digests.add(value)
        if not isinstance(named, list) or not all(isinstance(path, str) for path in named):
            problems.add(
                "E057",
                place,
                "What is there for a digest is no list of content paths.",
                expected=shown(digest),
                found=shown(named),
            )
            continue
        good = _well_formed(algorithm, digest, place, problems)
        for path in named:
            if path in seen_paths:
                if seen_paths[path] is digest or seen_paths[path].lower() != value:
                    problems.add(
                        "E101", place, "A content path stands there twice.", found=shown(path)
                    )
                continue
            seen_paths[path] = digest
            if manifest is None or path in manifest.unusable:
                continue
            if path not in manifest.digest_of:
                if paths.content_path(path, place, problems) and manifest.complete:
                    fixity.strays.append(path)
            elif good:
                fixity.claims.setdefault(path, []).append((algorithm, value))


def _well_formed(algorithm: str, digest: str, place: str, problems: Problems) -> bool:
    if digests.well_formed(algorithm, digest):
        return True
    if algorithm == "sha1":
        problems.add("E029", place, "A digest is not 40 hexadecimal digits.", found=shown(digest))
    elif algorithm == "sha256":
        problems.add("E030", place, "A digest is not 64 hexadecimal digits.", found=shown(digest))
    elif algorithm == "sha512":
        problems.add("E031", place, "A digest is not 128 hexadecimal digits.", found=shown(digest))
    elif algorithm == "blake2b-512":
        problems.add("E032", place, "A digest is not 128 hexadecimal digits.", found=shown(digest))
    else:
        problems.add("E093", place, f"This can be no value of {algorithm}.", found=shown(digest))
    return False
