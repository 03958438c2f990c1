"""Search: paths of Binaries, texts of deposits; and what archivers did."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0002"
branch_labels = None
depends_on = None

#: as it was when this step was released
_TRIGRAMS = (
    "CREATE VIRTUAL TABLE search_trigrams "
    "USING fts5(text, content='', columnsize=0, tokenize='trigram')"
)
_PAGE = 1_000


def upgrade() -> None:
    path = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.create_table(
        "deposit_texts",
        sa.Column(
            "deposit", sa.Text, sa.ForeignKey("deposits.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("text", sa.Text, nullable=False),
    )
    op.create_table(
        "archive_jobs",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("id", sa.Text, nullable=False, unique=True),
        sa.Column("deposit", sa.Text, nullable=False),
        sa.Column("recorded", sa.BigInteger, nullable=False),
        sa.Column("recorded_by", sa.Text, nullable=False),
        sa.Column("begun", sa.BigInteger, nullable=False),
        sa.Column("ended", sa.BigInteger),
        sa.Column("deleted", sa.BigInteger),
        sa.Column("batch", sa.BigInteger),
        sa.Column("errors", sa.Text),
    )
    op.create_index("archive_jobs_deposit", "archive_jobs", ["deposit", "ended"])
    op.create_table(
        "search_pending",
        sa.Column("path", path, primary_key=True),
        sa.Column("inventory_digest", sa.Text, nullable=False),
    )
    op.create_table(
        "search_groups",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("path", path, nullable=False, unique=True),
    )
    op.create_table(
        "search_binaries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("grp", sa.Integer, nullable=False),
        sa.Column("path", path, nullable=False),
        sa.Column("text", sa.Text),
    )
    op.create_index("search_binaries_group", "search_binaries", ["grp", "path"])
    c = op.get_bind()
    if c.dialect.name == "sqlite":
        op.execute(_TRIGRAMS)
    # what is preserved already is filled in later, as after a rebuild
    c.execute(
        sa.text(
            "INSERT INTO search_pending (path, inventory_digest) "
            "SELECT path, inventory_digest FROM nodes WHERE kind = 'ArchivalGroup'"
        )
    )
    _fold_deposits(c)


def _fold_deposits(c: sa.Connection) -> None:
    read = sa.text(
        "SELECT id, group_name, submission_text, group_path FROM deposits "
        "WHERE id > :after ORDER BY id LIMIT :page"
    )
    write = sa.text("INSERT INTO deposit_texts (deposit, text) VALUES (:deposit, :text)")
    after = ""
    while rows := c.execute(read, {"after": after, "page": _PAGE}).all():
        c.execute(
            write,
            [
                {
                    "deposit": row.id,
                    "text": "\x1f".join(
                        part.casefold()
                        for part in (row.group_name, row.submission_text, row.group_path, row.id)
                        if part
                    ),
                }
                for row in rows
            ],
        )
        after = rows[-1].id
