"""Where the tables of a database are, without Alembic, which takes a while to load.

Every start asks this; most find that nothing is to be done.
"""

from __future__ import annotations

from sqlalchemy import Column, Engine, MetaData, String, Table, inspect, select

#: the last step in ``migrations/versions``
HEAD = "0006"
#: where Alembic writes down where it is
_VERSION = Table("alembic_version", MetaData(), Column("version_num", String))


def is_current(engine: Engine) -> bool:
    """Whether the tables are those that this version knows, with no step missing."""
    with engine.begin() as c:
        if not inspect(c).has_table(_VERSION.name):
            return False
        return list(c.scalars(select(_VERSION.c.version_num))) == [HEAD]
