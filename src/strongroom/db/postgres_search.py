"""How PostgreSQL finds text in the midst of others: by an index of trigrams, where it can have one.

The index takes an extension that comes with the server and may not be installed, or not be ours to
switch on. Then every text is looked at, which is slower, and finds the same.
"""

from __future__ import annotations

#: makes the index if that is possible, after its table
TRIGRAM_INDEX = """
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pg_trgm') THEN
        CREATE EXTENSION IF NOT EXISTS pg_trgm;
        CREATE INDEX search_binaries_text ON search_binaries USING gin (text gin_trgm_ops);
    END IF;
EXCEPTION WHEN insufficient_privilege OR undefined_object OR undefined_file THEN
    RAISE NOTICE 'searching goes without an index of trigrams';
END $$
"""
