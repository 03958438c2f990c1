"""SQL that several modules need: many rows at once, and constraints that mean something.

The statements are those of each kind of database, as each is fed fastest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

from sqlalchemy import Column, Connection, Table, insert
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
        _many(c, str(insert(table).compile(dialect=c.dialect)), table, rows)


def upsert_rows(c: Connection, table: Table, rows: Iterable[Row]) -> None:
    """The same; a row with the primary key of an existing one replaces it."""
    quoted = c.dialect.identifier_preparer.quote
    key = keys(table.primary_key, whole=True) if c.dialect.name == "postgresql" else None
    found = ", ".join(
        quoted(each.name) if isinstance(each, Column) else f"({each.text})"
        for each in (key or table.primary_key)
    )
    changes = ", ".join(
        f"{quoted(column.name)} = excluded.{quoted(column.name)}"
        for column in table.columns
        if not column.primary_key
    )
    statement = (
        f"{insert(table).compile(dialect=c.dialect)} ON CONFLICT ({found}) DO UPDATE SET {changes}"
    )
    _many(c, statement, table, rows)


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


def _many(c: Connection, statement: str, table: Table, rows: Iterable[Row]) -> None:
    names = table.columns.keys()
    remaining = iter(rows)
    while chunk := list(islice(remaining, _CHUNK)):
        if c.dialect.positional:
            c.exec_driver_sql(statement, [tuple(row) for row in chunk])
        else:
            c.exec_driver_sql(statement, [dict(zip(names, row, strict=True)) for row in chunk])


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
