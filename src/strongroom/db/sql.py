"""SQL that several modules need: many rows at once, and constraints that mean something.

The statements are those of each kind of database, as each is fed fastest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Integer,
    LargeBinary,
    Table,
    insert,
)
from sqlalchemy.exc import IntegrityError

from strongroom.db.paths import keys
from strongroom.errors import StrongroomError

#: rows sent in one go; bounds the memory, and more is no faster
_CHUNK = 2_000

Row = Sequence[Any]


def insert_rows(c: Connection, table: Table, rows: Iterable[Row]) -> None:
    """Insert many rows of plain values, each in the order of the table's columns.

    Values go to the driver as they are (measured: half as slow again through Core): no column
    type converts them.
    """
    if c.dialect.name == "postgresql":
        _copy(c, table, rows)
    else:
        _many(c, str(insert(table).compile(dialect=c.dialect)), rows)


def upsert_rows(c: Connection, table: Table, rows: Iterable[Row]) -> None:
    """The same; a row with the primary key of an existing one replaces it."""
    quoted = c.dialect.identifier_preparer.quote
    changes = ", ".join(
        f"{quoted(column.name)} = excluded.{quoted(column.name)}"
        for column in table.columns
        if not column.primary_key
    )
    if c.dialect.name == "postgresql":
        key = ", ".join(
            quoted(each.name) if isinstance(each, Column) else f"({each.text})"
            for each in keys(table.primary_key, whole=True)
        )
        _merge(c, table, rows, f"ON CONFLICT ({key}) DO UPDATE SET {changes}")
        return
    key = ", ".join(quoted(column.name) for column in table.primary_key)
    statement = (
        f"{insert(table).compile(dialect=c.dialect)} ON CONFLICT ({key}) DO UPDATE SET {changes}"
    )
    _many(c, statement, rows)


def _merge(c: Connection, table: Table, rows: Iterable[Row], conflict: str) -> None:
    """A few thousand rows with each statement, as arrays of its columns."""
    quoted = c.dialect.identifier_preparer.quote
    names = ", ".join(quoted(column.name) for column in table.columns)
    arrays = ", ".join(f"%s::{_array(column)}" for column in table.columns)
    statement = f"INSERT INTO {quoted(table.name)} ({names}) SELECT * FROM unnest({arrays})"  # noqa: S608
    key = [number for number, column in enumerate(table.columns) if column.primary_key]
    remaining = iter(rows)
    while chunk := list(islice(remaining, _CHUNK)):
        # one statement cannot change a row twice: the last of its kind counts
        last = {tuple(row[number] for number in key): row for row in chunk}
        columns = [list(values) for values in zip(*last.values(), strict=True)]
        c.exec_driver_sql(f"{statement} {conflict}", tuple(columns))


def _array(column: Column[Any]) -> str:
    if isinstance(column.type, LargeBinary):
        return "bytea[]"
    if isinstance(column.type, Boolean):
        return "boolean[]"
    return "bigint[]" if isinstance(column.type, Integer) else "text[]"


def _copy(c: Connection, table: Table, rows: Iterable[Row]) -> None:
    quoted = c.dialect.identifier_preparer.quote
    names = ", ".join(quoted(column.name) for column in table.columns)
    cursor = c.connection.cursor()
    try:
        with cursor.copy(f"COPY {quoted(table.name)} ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
    finally:
        cursor.close()


def _many(c: Connection, statement: str, rows: Iterable[Row]) -> None:
    remaining = iter(rows)
    while chunk := list(islice(remaining, _CHUNK)):
        c.exec_driver_sql(statement, [tuple(row) for row in chunk])


@contextmanager
def explaining(c: Connection, explain: Callable[[], StrongroomError | None]) -> Iterator[None]:
    """Run statements whose unique constraints mean something to the caller.

    If one is violated they are undone (the transaction goes on), and the error that ``explain``
    finds is raised; None lets the violation itself through.
    """
    try:
        with c.begin_nested():
            yield
    except IntegrityError as error:
        if (known := explain()) is None:
            raise
        raise known from error
