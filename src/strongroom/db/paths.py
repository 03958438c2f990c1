"""Conditions on columns that hold paths.

What a path is, is settled in :mod:`strongroom.domain.paths`; here they are only compared.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement


def below(column: ColumnElement[Any], path: str) -> list[ColumnElement[bool]]:
    """That the column's path lies below this one, at any depth; below ``""`` lies everything.

    A range of the column's index, not a pattern: ``0`` is the character after ``/``.
    """
    if path == "":
        return [column != ""]
    return [column > path + "/", column < path + "0"]
