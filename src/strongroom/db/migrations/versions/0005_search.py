"""Search: paths of Binaries, texts of deposits; and what archivers did."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

#: as it was when this step was released
_TRIGRAMS = (
    "CREATE VIRTUAL TABLE search_trigrams "
    "USING fts5(text, content='', columnsize=0, tokenize='trigram')"
)
_KEY = (
    "left(path, 300), (CASE WHEN length(path) > 300 THEN"
    " sha256(decode(replace(path, '\\', '\\\\'), 'escape')) ELSE ''::bytea END)"
)
_OF_POSTGRESQL = (
    f"CREATE UNIQUE INDEX search_pending_key ON search_pending ({_KEY})",
    f"CREATE UNIQUE INDEX search_groups_path ON search_groups ({_KEY})",
    "CREATE INDEX search_binaries_group ON search_binaries (grp, left(path, 300))",
    """
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pg_trgm') THEN
        CREATE EXTENSION IF NOT EXISTS pg_trgm;
        CREATE INDEX search_binaries_text ON search_binaries USING gin (text gin_trgm_ops);
    END IF;
EXCEPTION WHEN insufficient_privilege OR undefined_object OR undefined_file THEN
    RAISE NOTICE 'searching goes without an index of trigrams';
END $$
""",
)
_PAGE = 1_000


def upgrade() -> None:
    words = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    c = op.get_bind()
    # an index of PostgreSQL holds no path of 4,000 bytes
    whole = c.dialect.name == "sqlite"
    op.create_table(
        "deposit_texts",
        sa.Column(
            "deposit", words, sa.ForeignKey("deposits.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("text", words, nullable=False),
    )
    op.create_table(
        "archive_jobs",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("id", words, nullable=False, unique=True),
        sa.Column("deposit", words, nullable=False),
        sa.Column("recorded", sa.BigInteger, nullable=False),
        sa.Column("recorded_by", words, nullable=False),
        sa.Column("begun", sa.BigInteger, nullable=False),
        sa.Column("ended", sa.BigInteger),
        sa.Column("deleted", sa.BigInteger),
        sa.Column("batch", sa.BigInteger),
        sa.Column("errors", words),
    )
    op.create_index("archive_jobs_deposit", "archive_jobs", ["deposit", "ended"])
    op.create_table(
        "search_pending",
        sa.Column("path", words, primary_key=whole, nullable=False),
        sa.Column("inventory_digest", words, nullable=False),
    )
    op.create_table(
        "search_groups",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("path", words, nullable=False, unique=whole),
    )
    op.create_table(
        "search_binaries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("grp", sa.Integer, nullable=False),
        sa.Column("path", words, nullable=False),
        sa.Column("text", words),
    )
    if whole:
        op.create_index("search_binaries_group", "search_binaries", ["grp", "path"])
        op.execute(_TRIGRAMS)
    else:
        for statement in _OF_POSTGRESQL:
            op.execute(statement)
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
