"""What a caller may see, as conditions of queries; rules are :mod:`strongroom.domain.grants`'s.

Lists and their counts take the same condition, so that neither tells of what the other hides.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, func

from strongroom.domain.grants import Sight


def seen(
    sight: Sight | None, path: ColumnElement[Any], owner: ColumnElement[Any] | None = None
) -> list[ColumnElement[bool]]:
    """Conditions under which a row is seen, by its path; empty where everything is.

    ``owner`` names who made a row that has no path. ``sight`` is None where nobody asks.
    """
    if sight is None or sight.everything:
        return []
    # Not LIKE: its case rules differ between databases, and '_' and '%' are letters of paths.
    found = [
        sa.or_(path == start, func.substr(path, 1, len(start) + 1) == start + "/")
        for start in sight.paths
    ]
    if owner is not None and sight.owner is not None:
        found.append(sa.and_(path.is_(None), owner == sight.owner))
    return [sa.or_(sa.false(), *found)]
