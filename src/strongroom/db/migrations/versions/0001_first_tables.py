"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _work_in_hand()
    _jobs()
    _index()


def _path() -> sa.types.TypeEngine[str]:
    return sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _unique_where(name: str, table: str, columns: list[str], where: str) -> None:
    condition = sa.text(where)
    op.create_index(
        name,
        table,
        columns,
        unique=True,
        sqlite_where=condition,
        postgresql_where=condition,
    )


def _work_in_hand() -> None:
    op.create_table(
        "deposits",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("group_path", _path()),
        sa.Column("group_name", sa.Text),
        sa.Column("submission_text", sa.Text),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("layout", sa.Text, nullable=False),
        sa.Column("mets", _path()),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("modified", sa.BigInteger, nullable=False),
        sa.Column("modified_by", sa.Text, nullable=False),
        sa.Column("preserved", sa.BigInteger),
        sa.Column("preserved_by", sa.Text),
        sa.Column("version_preserved", sa.Integer),
        sa.Column("exported", sa.BigInteger),
        sa.Column("exported_by", sa.Text),
        sa.Column("version_exported", sa.Integer),
        sa.Column("base_version", sa.Integer),
        sa.Column("locked_by", sa.Text),
        sa.Column("lock_date", sa.BigInteger),
        sa.Column("archived", sa.BigInteger),
    )
    op.create_index(
        "deposits_active_group",
        "deposits",
        ["group_path"],
        unique=True,
        sqlite_where=sa.text("active = 1 AND group_path IS NOT NULL"),
        postgresql_where=sa.text("active AND group_path IS NOT NULL"),
    )
    op.create_index("deposits_created", "deposits", ["created", "id"])
    op.create_index("deposits_modified", "deposits", ["modified", "id"])
    op.create_table(
        "digests",
        sa.Column(
            "deposit", sa.Text, sa.ForeignKey("deposits.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("path", _path(), primary_key=True),
        sa.Column("signature", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "tickets",
        sa.Column("job", sa.Text, primary_key=True),
        sa.Column("ends", sa.BigInteger, nullable=False, unique=True),
    )
    op.create_table(
        "claims",
        sa.Column("path", _path(), primary_key=True),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "meta",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("id", sa.Text, nullable=False, unique=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("deposit", sa.Text, nullable=False),
        sa.Column("group_path", _path(), nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("import_job", sa.Text),
        sa.Column("original_import_job", sa.Text),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("begun", sa.BigInteger),
        sa.Column("finished", sa.BigInteger),
        sa.Column("source_version", sa.Integer),
        sa.Column("new_version", sa.Integer),
        sa.Column("errors", sa.Text),
        sa.Column("progress", sa.Text),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("worker", sa.Text),
        sa.Column("heartbeat", sa.BigInteger),
        sa.Column("cancelled_by", sa.Text),
    )
    op.create_index("jobs_deposit", "jobs", ["deposit", "number"])
    op.create_index("jobs_status", "jobs", ["status", "number"])
    _unique_where(
        "jobs_unfinished_import",
        "jobs",
        ["group_path"],
        "kind = 'import' AND status IN ('waiting', 'running')",
    )
    _unique_where("jobs_running", "jobs", ["group_path", "kind"], "status = 'running'")
    op.create_table(
        "job_documents",
        sa.Column("job", sa.Text, sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("what", sa.Text, primary_key=True),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )


def _index() -> None:
    op.create_table(
        "nodes",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("path", _path(), nullable=False, unique=True),
        sa.Column("parent", _path(), nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("name", sa.Text),
        sa.Column("other_names", sa.Text, nullable=False),
        sa.Column("deleted", sa.Boolean, nullable=False),
        sa.Column("mets", _path()),
        sa.Column("inventory_digest", sa.Text, nullable=False),
    )
    op.create_index("nodes_parent", "nodes", ["parent", "path"])
    op.create_table(
        "versions",
        sa.Column(
            "node", sa.Integer, sa.ForeignKey("nodes.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("agent", sa.Text, nullable=False),
        sa.Column("job", sa.Text),
        sa.Column("deposit", sa.Text),
        sa.Column("received", sa.BigInteger),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "members",
        sa.Column(
            "node", sa.Integer, sa.ForeignKey("nodes.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("depth", sa.Integer, primary_key=True),
        sa.Column("path", _path(), primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("name", sa.Text),
        sa.Column("content_type", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("content_path", _path(), nullable=False),
        sa.Column("created", sa.Integer, nullable=False),
        sa.Column("modified", sa.Integer, nullable=False),
        sa.Column("deleted", sa.Boolean, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "events",
        sa.Column("ends", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("group_path", _path(), nullable=False),
        sa.Column("job", sa.Text, unique=True),
        sa.Column("starts", sa.BigInteger),
    )
