"""PostgreSQL: text in the order of code points, and indexes that hold the longest paths.

SQLite has both already. No database of PostgreSQL is older than this step.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        _order_by_code_points()
        _index_starts()


def _order_by_code_points() -> None:
    texts = sa.text(
        "SELECT table_name, column_name FROM information_schema.columns"
        " WHERE table_schema = current_schema() AND data_type = 'text' AND collation_name IS NULL"
        " ORDER BY 1, 2"
    )
    for table, column in op.get_bind().execute(texts).all():
        if column not in _JSON:
            op.execute(f'ALTER TABLE {table} ALTER COLUMN "{column}" TYPE text COLLATE "C"')


#: columns of JSON, which are never compared
_JSON = ("errors", "progress", "other_names")


def _index_starts() -> None:
    for table in ("digests", "claims", "members"):
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {table}_pkey")
    op.execute("ALTER TABLE nodes DROP CONSTRAINT nodes_path_key")
    for name in ("deposits_active_group", "jobs_unfinished_import", "jobs_running", "nodes_parent"):
        op.execute(f"DROP INDEX {name}")
    unique = "CREATE UNIQUE INDEX"
    path, group = f"{_start('path')}", f"{_start('group_path')}"
    for statement in (
        f"{unique} digests_key ON digests (deposit, {path}, {_rest('path')})",
        f"{unique} claims_key ON claims ({path}, {_rest('path')})",
        f"{unique} members_key ON members (node, depth, {path}, {_rest('path')})",
        f"{unique} nodes_path ON nodes ({path}, {_rest('path')})",
        f"CREATE INDEX nodes_parent ON nodes ({_start('parent')}, {path})",
        (
            f"{unique} deposits_active_group ON deposits ({group}, {_rest('group_path')})"
            " WHERE active AND group_path IS NOT NULL"
        ),
        (
            f"{unique} jobs_unfinished_import ON jobs ({group}, {_rest('group_path')})"
            " WHERE kind = 'import' AND status IN ('waiting', 'running')"
        ),
        (
            f"{unique} jobs_running ON jobs ({group}, kind, {_rest('group_path')})"
            " WHERE status = 'running' AND kind != 'pipeline'"
        ),
    ):
        op.execute(statement)


def _start(column: str) -> str:
    return f"left({column}, 300)"


def _rest(column: str) -> str:
    return (
        f"(CASE WHEN length({column}) > 300 THEN"
        f" sha256(decode(replace({column}, '\\', '\\\\'), 'escape')) ELSE ''::bytea END)"
    )
