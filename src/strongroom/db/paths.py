"""Conditions on columns that hold paths, and the keys by which they are found.

What a path is, is settled in :mod:`strongroom.domain.paths`; here they are only compared. A path
can have 4,000 bytes, and an index of PostgreSQL holds 2,700: there, indexes have the first
characters of paths, and a digest of those that are longer. SQLite has them whole.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Column, ColumnElement, Index, TextClause, and_, literal, text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import Text

from strongroom.db.types import PathText

#: characters of a path in an index of PostgreSQL: two such, of four bytes each, fit in
_START = 300


class _Start(FunctionElement[str]):
    """What an index has of a path."""

    inherit_cache = True
    type = Text()


class _Order(FunctionElement[str]):
    """A path to order by, in the way in which an index has it."""

    inherit_cache = True
    type = Text()


@compiles(_Start)
@compiles(_Order)
def _whole(element: FunctionElement[str], compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(element.clauses, **options)


@compiles(_Start, "postgresql")
def _start(element: _Start, compiler: SQLCompiler, **options: Any) -> str:
    return f"left({compiler.process(element.clauses, **options)}, {_START})"


@compiles(_Order, "postgresql")
def _start_first(element: _Order, compiler: SQLCompiler, **options: Any) -> str:
    path = compiler.process(element.clauses, **options)
    return f"left({path}, {_START}), {path}"


def at(column: ColumnElement[Any], path: str | ColumnElement[Any]) -> ColumnElement[bool]:
    """That the column's path is this one."""
    value = literal(path) if isinstance(path, str) else path
    return and_(_Start(column) == _Start(value), column == value)


def one_of(column: ColumnElement[Any], paths: Iterable[str]) -> ColumnElement[bool]:
    """That the column's path is among these."""
    values = [literal(path) for path in paths]
    return and_(_Start(column).in_([_Start(value) for value in values]), column.in_(values))


def below(column: ColumnElement[Any], path: str) -> list[ColumnElement[bool]]:
    """That the column's path lies below this one, at any depth; below ``""`` lies everything.

    A range of the column's index, not a pattern: ``0`` is the character after ``/``.
    """
    if path == "":
        return [column != ""]
    return [*after(column, path + "/"), *_before(column, path + "0")]


def after(column: ColumnElement[Any], path: str) -> list[ColumnElement[bool]]:
    """That the column's path comes after this one, in the order of code points."""
    value = literal(path)
    return [_Start(column) >= _Start(value), column > value]


def up_to(column: ColumnElement[Any], path: str) -> list[ColumnElement[bool]]:
    """That the column's path does not come after this one."""
    value = literal(path)
    return [_Start(column) <= _Start(value), column <= value]


def in_order(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """The column, to order by: by code points."""
    return _Order(column)


def _before(column: ColumnElement[Any], path: str) -> list[ColumnElement[bool]]:
    value = literal(path)
    return [_Start(column) <= _Start(value), column < value]


# ------------------------------------------------------------------- the indexes of PostgreSQL


def start_key(name: str) -> TextClause:
    """What an index has of a column's paths, in their order."""
    return text(f"left({name}, {_START})")


def rest_key(name: str) -> TextClause:
    """What tells longer paths with the same start apart; nothing for those that are no longer.

    SHA-256: two names must not be able to take each other's place in the index.
    """
    # the way around is the only one from text to bytes whose answer no setting can change
    return text(
        f"(CASE WHEN length({name}) > {_START} THEN"
        f" sha256(decode(replace({name}, '\\', '\\\\'), 'escape')) ELSE ''::bytea END)"
    )


def path_index(
    name: str,
    *columns: Column[Any],
    unique: bool = False,
    where: str | None = None,
    sqlite_where: str | None = None,
) -> None:
    """Give the table an index of columns of which some hold paths, in each kind of database."""
    said = sqlite_where or where
    Index(name, *columns, unique=unique, sqlite_where=text(said) if said else None).ddl_if(
        dialect="sqlite"
    )
    path_key(name, *columns, unique=unique, where=where)


def path_key(
    name: str, *columns: Column[Any], unique: bool = True, where: str | None = None
) -> None:
    """The same in PostgreSQL alone, where it takes the place of a key."""
    Index(
        name,
        *keys(columns, whole=unique),
        unique=unique,
        postgresql_where=text(where) if where else None,
        _table=columns[0].table,
    ).ddl_if(dialect="postgresql")


def keys(columns: Iterable[Column[Any]], *, whole: bool) -> list[Column[Any] | TextClause]:
    """What stands for these columns in an index of PostgreSQL; ``whole`` if it tells all apart."""
    given = list(columns)
    paths = [column for column in given if isinstance(column.type, PathText)]
    found: list[Column[Any] | TextClause] = [
        start_key(column.name) if column in paths else column for column in given
    ]
    return found + [rest_key(column.name) for column in paths if whole]
