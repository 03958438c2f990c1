"""Column types that turn domain values into portable SQL values and back.

Every database that follows gets the same values: moments are whole microseconds since 1970 (UTC)
in a BIGINT, structured values are JSON text, and paths compare by code point.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Dialect, Text
from sqlalchemy.types import TypeDecorator, TypeEngine

from strongroom.domain.times import from_micros, to_micros


class Moment(TypeDecorator[datetime]):
    """An aware UTC datetime, kept as microseconds since 1970."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else to_micros(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        return None if value is None else from_micros(value)


class Json(TypeDecorator[Any]):
    """A small structured value, kept as compact JSON text; ``shape`` is the type to read it as."""

    impl = Text
    cache_ok = True

    def __init__(self, shape: Any) -> None:
        super().__init__()
        self.shape = shape

    def process_bind_param(self, value: Any | None, dialect: Dialect) -> str | None:
        return None if value is None else msgspec.json.encode(value).decode()

    def process_result_value(self, value: Any | None, dialect: Dialect) -> Any | None:
        return None if value is None else msgspec.json.decode(value, type=self.shape)


class PathText(Text):
    """Text that is a path, which can be longer than what an index of PostgreSQL holds."""


def path_type() -> TypeEngine[str]:
    """A path; compared as all text is."""
    return PathText().with_variant(Text(collation="C"), "postgresql")


def words() -> TypeEngine[str]:
    """Text whose order is that of its code points, everywhere."""
    # SQLite compares bytes by default; PostgreSQL would follow the locale of the server
    return Text().with_variant(Text(collation="C"), "postgresql")
