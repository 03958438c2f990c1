"""Bringing the tables up to date with Alembic, from whatever version they are at.

The steps themselves lie in ``migrations/versions``; a step that was released is never edited.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect

from strongroom.errors import StrongroomError

FOLDER = Path(__file__).parent / "migrations"


def is_pending(engine: Engine) -> bool:
    """Whether steps are missing. Raises StrongroomError (``database-newer``, ``database-foreign``).

    Nothing is written.
    """
    scripts = ScriptDirectory.from_config(configuration())
    with engine.begin() as c:
        return _revisions(c, scripts) != set(scripts.get_heads())


def migrate(engine: Engine) -> None:
    """Apply the steps that are missing, in one transaction; raises as :func:`is_pending`."""
    with engine.begin() as c:
        migrate_in(c)


def migrate_in(c: Connection) -> None:
    """The same in a transaction that is open, and in which nobody else migrates."""
    config = configuration()
    _revisions(c, ScriptDirectory.from_config(config))  # another process may have been first
    config.attributes["connection"] = c
    command.upgrade(config, "head")


def configuration() -> Config:
    """Alembic's settings; there is no file for them."""
    config = Config()
    # ConfigParser reads '%' as the start of an interpolation
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _revisions(c: Connection, scripts: ScriptDirectory) -> set[str]:
    """Where the tables are; empty for a new database."""
    found = set(MigrationContext.configure(c).get_current_heads())
    known = {script.revision for script in scripts.walk_revisions()}
    if found - known:
        raise StrongroomError(
            "A newer version of Strongroom has written this database (its tables are at "
            f"{', '.join(sorted(found - known))}, which this version does not know). "
            "Run the newer version, or restore the copy of the database from before it ran.",
            code="database-newer",
        )
    if not found and (tables := inspect(c).get_table_names()):
        raise StrongroomError(
            "This database belongs to another program: it holds "
            f"{', '.join(sorted(tables)[:5])} and no record of Strongroom's tables.",
            code="database-foreign",
        )
    return found
