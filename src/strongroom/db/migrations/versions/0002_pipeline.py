"""Runs of tools: one unfinished run for each deposit, and how far its results have come."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("jobs_running", "jobs")
    _unique_where(
        "jobs_running", ["group_path", "kind"], "status = 'running' AND kind != 'pipeline'"
    )
    _unique_where(
        "jobs_unfinished_pipeline",
        ["deposit"],
        "kind = 'pipeline' AND status IN ('waiting', 'running')",
    )
    op.create_table(
        "pipeline_stages",
        sa.Column("job", sa.Text, sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("stage", sa.Text, nullable=False),
    )


def _unique_where(name: str, columns: list[str], where: str) -> None:
    condition = sa.text(where)
    op.create_index(
        name,
        "jobs",
        columns,
        unique=True,
        sqlite_where=condition,
        postgresql_where=condition,
    )
