"""Answers that are given again to the same request."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    words = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.create_table(
        "replays",
        sa.Column("key", words, primary_key=True),
        sa.Column("digest", words, nullable=False),
        sa.Column("began", sa.BigInteger, nullable=False),
        sa.Column("owner", words),
        sa.Column("status", sa.Integer),
        sa.Column("headers", sa.Text),
        sa.Column("body", sa.LargeBinary),
    )
    op.create_index("replays_began", "replays", ["began"])
