"""Alembic's entry point: runs the steps in the transaction that the program has opened."""

from __future__ import annotations

from alembic import context

from strongroom.db.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite changes a table by making it again
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
