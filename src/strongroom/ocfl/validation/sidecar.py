"""The file beside an inventory that states its digest (section 3.6).

Files that have no place beside an inventory are left to the checks of the folder.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence

from strongroom.ocfl.validation import digests
from strongroom.ocfl.validation.reading import Ground

PREFIX = "inventory.json."

_SHAPE = re.compile(rb"([0-9A-Fa-f]+)[ \t]+inventory\.json\r?\n?")
#: longer than any digest and name can be
_LONGEST = 4096


def those(files: Iterable[str], algorithm: str | None) -> list[str]:
    """The files that can be digest files: of a known algorithm or of this one."""
    known = {*digests.HASHES, algorithm}
    return [
        name for name in files if name.startswith(PREFIX) and name.removeprefix(PREFIX) in known
    ]


def algorithms(named: str | None) -> Iterable[str]:
    """The algorithms that :func:`check` may ask a digest of, for an inventory that names this."""
    if named in digests.CONTENT:
        return (named,)
    return filter(digests.computable, digests.HASHES)


def check(
    ground: Ground,
    folder: str,
    names: Sequence[str],
    algorithm: str | None,
    digest: Callable[[str], str],
    told: Collection[str],
) -> tuple[set[str], bool]:
    """Judge the digest file of the inventory in ``folder`` ("" or "v1/").

    ``names`` are the digest files there; ``algorithm`` is what the inventory names (any one will
    do where that is no algorithm for content, which is told elsewhere); ``digest`` computes the
    inventory's digest; ``told`` lies there too, is no file and is reported. Returns the file that
    is taken for it, if any, and whether the inventory may be what was once written (False:
    certainly not).
    """
    place = f"{folder}inventory.json"
    wanted = f"{PREFIX}{algorithm}"
    if not names:
        if not any(name.startswith(PREFIX) for name in told):
            ground.problems.add("E058", place, "This inventory has no digest file.")
        return set(), True
    if wanted not in names and algorithm not in digests.CONTENT:
        wanted = names[0]
    if wanted not in names:
        ground.problems.add(
            "E059",
            f"{folder}{names[0]}",
            "This digest file is not that of the inventory's algorithm.",
            expected=wanted,
            found=names[0],
        )
        return {names[0]}, True
    return {wanted}, _stated(ground, f"{folder}{wanted}", wanted.removeprefix(PREFIX), digest)


def _stated(ground: Ground, place: str, algorithm: str, digest: Callable[[str], str]) -> bool:
    text = ground.start(place, _LONGEST)
    if text is None:
        return True
    match = _SHAPE.fullmatch(text)
    if not match:
        ground.problems.add(
            "E061",
            place,
            "This file is not a digest, blanks and inventory.json.",
            expected="<digest> inventory.json",
            found="an empty file" if not text else None,
        )
        return True
    if not digests.computable(algorithm):
        return True
    stated, computed = match[1].decode().lower(), digest(algorithm)
    if stated == computed:
        return True
    ground.problems.add(
        "E060",
        place,
        "The inventory does not have the digest that is stated here.",
        expected=stated,
        found=computed,
    )
    return False
