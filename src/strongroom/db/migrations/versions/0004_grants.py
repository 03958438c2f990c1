"""Who may do what, and the keys of machines."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    words = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.create_table(
        "grants",
        sa.Column("id", words, primary_key=True),
        sa.Column("subject", words, nullable=False),
        sa.Column("role", words, nullable=False),
        sa.Column("path", words, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("created_by", words, nullable=False),
    )
    place = "path"
    if op.get_bind().dialect.name == "postgresql":
        # an index there holds no path of 4,000 bytes
        place = (
            "left(path, 300), (CASE WHEN length(path) > 300 THEN"
            " sha256(decode(replace(path, '\\', '\\\\'), 'escape')) ELSE ''::bytea END)"
        )
    op.execute(f"CREATE UNIQUE INDEX grants_subject ON grants (subject, role, {place})")
    op.create_table(
        "api_keys",
        sa.Column("id", words, primary_key=True),
        sa.Column("name", words, nullable=False),
        sa.Column("agent", words, nullable=False),
        sa.Column("digest", words, nullable=False),
        sa.Column("scopes", sa.Text, nullable=False),
        sa.Column("names_agents", sa.Boolean, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("expires", sa.BigInteger),
        sa.Column("revoked", sa.BigInteger),
        sa.Column("last_used", sa.BigInteger),
    )
