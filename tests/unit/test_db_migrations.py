from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy.schema import SchemaItem

from strongroom.db import migrate, revision
from strongroom.db.engine import open_database
from strongroom.db.sqlite import TRIGRAMS
from strongroom.db.tables import metadata
from strongroom.errors import StrongroomError


def ddl(path: Path) -> dict[str, str]:
    raw = sqlite3.connect(path)
    found = raw.execute(
        "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name != 'alembic_version'"
    ).fetchall()
    raw.close()
    return {name: re.sub(r"\s+", " ", sql) for name, sql in found}


def for_sqlite(item: SchemaItem, *_: object) -> bool:
    """Whether a part of the tables is for SQLite; some indexes of PostgreSQL are its own."""
    condition = getattr(item, "_ddl_if", None)
    return condition is None or condition.dialect == "sqlite"


@pytest.fixture
def migrated(tmp_path: Path) -> Path:
    open_database(f"sqlite:///{tmp_path / 'migrated.db'}").close()
    return tmp_path / "migrated.db"


def test_the_steps_lead_to_the_tables_as_they_are_written(migrated: Path, tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'made.db'}")
    metadata.create_all(engine)
    engine.dispose()
    made = ddl(tmp_path / "made.db")
    assert set(made) >= set(metadata.tables)
    # partial conditions, keys and storage options included
    assert ddl(migrated) == made


@pytest.mark.filterwarnings("ignore:autogenerate skipping")  # the indexes of PostgreSQL
def test_alembic_finds_no_difference(migrated: Path) -> None:
    engine = create_engine(f"sqlite:///{migrated}")
    with engine.connect() as c:
        # the index of trigrams is a table of SQLite's own, with tables behind it
        ours = {
            "include_object": for_sqlite,
            "include_name": lambda name, kind, _: not (name or "").startswith(TRIGRAMS),
        }
        assert compare_metadata(MigrationContext.configure(c, opts=ours), metadata) == []
    engine.dispose()


def test_there_is_one_line_of_steps() -> None:
    scripts = ScriptDirectory.from_config(migrate.configuration())
    assert scripts.get_heads() == [revision.HEAD]
    assert scripts.get_base() == "0001"


def test_opening_again_changes_nothing(migrated: Path) -> None:
    before = migrated.read_bytes()
    open_database(f"sqlite:///{migrated}").close()
    assert migrated.read_bytes() == before


def test_a_newer_database_is_left_alone(migrated: Path) -> None:
    raw = sqlite3.connect(migrated)
    raw.execute("UPDATE alembic_version SET version_num = '9999'")
    raw.commit()
    raw.close()
    before = migrated.read_bytes()
    with pytest.raises(StrongroomError, match=r"newer version.*9999") as caught:
        open_database(f"sqlite:///{migrated}")
    assert caught.value.problem == "database-newer"
    assert migrated.read_bytes() == before


def test_the_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    raw = sqlite3.connect(path)
    raw.execute("CREATE TABLE recipes (id INTEGER)")
    raw.commit()
    raw.close()
    before = path.read_bytes()
    with pytest.raises(StrongroomError, match="recipes") as caught:
        open_database(f"sqlite:///{path}")
    assert caught.value.problem == "database-foreign"
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["other.db"]


def test_a_step_that_fails_leaves_no_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = tmp_path / "migrations"
    (steps / "versions").mkdir(parents=True)
    versions = [path.name for path in (migrate.FOLDER / "versions").glob("*.py")]
    for name in ("env.py", "script.py.mako", *(f"versions/{version}" for version in versions)):
        (steps / name).write_bytes((migrate.FOLDER / name).read_bytes())
    (steps / "versions" / "9000_bad.py").write_text(
        "from alembic import op\n"
        f"revision, down_revision = '9000', '{revision.HEAD}'\n"
        "def upgrade():\n"
        "    op.drop_table('meta')\n"
        "    raise ValueError('half way')\n"
    )
    path = tmp_path / "x.db"
    open_database(f"sqlite:///{path}").close()
    before = ddl(path)
    with monkeypatch.context() as patch:
        patch.setattr(migrate, "FOLDER", steps)
        patch.setattr(revision, "HEAD", "9000")
        with pytest.raises(ValueError, match="half way"):
            open_database(f"sqlite:///{path}")
        # a new database, too, is made whole or not at all
        with pytest.raises(ValueError, match="half way"):
            open_database(f"sqlite:///{tmp_path / 'new.db'}")
    assert ddl(path) == before
    assert ddl(tmp_path / "new.db") == {}
    open_database(f"sqlite:///{path}").close()
