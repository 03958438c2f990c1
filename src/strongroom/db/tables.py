"""All tables, as the newest migration leaves them; no query lives here.

``nodes``, ``versions``, ``members`` and the events of jobs are the index: they are derived from
storage and can be made again. The other tables hold work in hand, which storage does not know.
"""

from __future__ import annotations

from sqlalchemy import (
    DDL,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    UniqueConstraint,
    event,
    text,
)

from strongroom.db import postgres_search, sqlite
from strongroom.db.paths import path_index, path_key
from strongroom.db.types import Json, Moment, path_type, words
from strongroom.domain.grants import Role
from strongroom.domain.importjob import Progress
from strongroom.errors import Fault

metadata = MetaData()

# --------------------------------------------------------------------------------- work in hand

deposits = Table(
    "deposits",
    metadata,
    Column("id", words(), primary_key=True),
    Column("group_path", path_type()),
    Column("group_name", words()),
    Column("submission_text", words()),
    Column("status", words(), nullable=False),
    Column("active", Boolean, nullable=False),
    Column("layout", words(), nullable=False),
    Column("mets", path_type()),
    Column("created", Moment, nullable=False),
    Column("created_by", words(), nullable=False),
    Column("modified", Moment, nullable=False),
    Column("modified_by", words(), nullable=False),
    Column("preserved", Moment),
    Column("preserved_by", words()),
    Column("version_preserved", Integer),
    Column("exported", Moment),
    Column("exported_by", words()),
    Column("version_exported", Integer),
    Column("base_version", Integer),
    Column("locked_by", words()),
    Column("lock_date", Moment),
    Column("archived", Moment),
)
path_index(
    "deposits_active_group",
    deposits.c.group_path,
    unique=True,
    where="active AND group_path IS NOT NULL",
    # in the words of the queries, or SQLite would not use it for them
    sqlite_where="active = 1 AND group_path IS NOT NULL",
)
Index("deposits_created", deposits.c.created, deposits.c.id)
Index("deposits_modified", deposits.c.modified, deposits.c.id)

#: digests of deposit files that were proved by reading the bytes
digests = Table(
    "digests",
    metadata,
    Column("deposit", words(), ForeignKey("deposits.id", ondelete="CASCADE"), primary_key=True),
    Column("path", path_type(), primary_key=True),
    Column("signature", words(), nullable=False),
    Column("digest", words(), nullable=False),
    sqlite_with_rowid=False,
)
digests.primary_key.ddl_if(dialect="sqlite")
path_key("digests_key", digests.c.deposit, digests.c.path)

#: what a search for deposits looks into, folded; see :mod:`strongroom.domain.searching`
deposit_texts = Table(
    "deposit_texts",
    metadata,
    Column("deposit", words(), ForeignKey("deposits.id", ondelete="CASCADE"), primary_key=True),
    Column("text", words(), nullable=False),
)

#: what archivers did with deposits, as they said it
archive_jobs = Table(
    "archive_jobs",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("id", words(), nullable=False, unique=True),
    Column("deposit", words(), nullable=False),
    Column("recorded", Moment, nullable=False),
    Column("recorded_by", words(), nullable=False),
    Column("begun", Moment, nullable=False),
    Column("ended", Moment),
    Column("deleted", BigInteger),
    Column("batch", BigInteger),
    Column("errors", words()),
)
Index("archive_jobs_deposit", archive_jobs.c.deposit, archive_jobs.c.ended)

# Jobs outlive their deposit, and storage outlives both: neither is tied by a foreign key.
jobs = Table(
    "jobs",
    metadata,
    #: order of arrival, whatever the clock said
    Column("number", Integer, primary_key=True),
    Column("id", words(), nullable=False, unique=True),
    Column("kind", words(), nullable=False),
    Column("deposit", words(), nullable=False),
    Column("group_path", path_type(), nullable=False),
    Column("status", words(), nullable=False),
    Column("import_job", words()),
    Column("original_import_job", words()),
    Column("created", Moment, nullable=False),
    Column("created_by", words(), nullable=False),
    Column("begun", Moment),
    Column("finished", Moment),
    Column("source_version", Integer),
    Column("new_version", Integer),
    Column("errors", Json(tuple[Fault, ...])),
    Column("progress", Json(Progress)),
    Column("attempts", Integer, nullable=False),
    #: who runs it, and when that worker last said so
    Column("worker", words()),
    Column("heartbeat", Moment),
    Column("cancelled_by", words()),
)
Index("jobs_deposit", jobs.c.deposit, jobs.c.number)
Index("jobs_status", jobs.c.status, jobs.c.number)
path_index(
    "jobs_unfinished_import",
    jobs.c.group_path,
    unique=True,
    where="kind = 'import' AND status IN ('waiting', 'running')",
)
# tools run over deposits, whatever group these are for
path_index(
    "jobs_running",
    jobs.c.group_path,
    jobs.c.kind,
    unique=True,
    where="status = 'running' AND kind != 'pipeline'",
)
_UNFINISHED_RUN = text("kind = 'pipeline' AND status IN ('waiting', 'running')")
Index(
    "jobs_unfinished_pipeline",
    jobs.c.deposit,
    unique=True,
    sqlite_where=_UNFINISHED_RUN,
    postgresql_where=_UNFINISHED_RUN,
)

#: runs of tools whose results are being put in place, or are
pipeline_stages = Table(
    "pipeline_stages",
    metadata,
    Column("job", words(), ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("stage", words(), nullable=False),
)

#: what can be large, kept apart so that listing jobs never reads it
job_documents = Table(
    "job_documents",
    metadata,
    Column("job", words(), ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    #: one of the words of :mod:`strongroom.db.job_documents`
    Column("what", words(), primary_key=True),
    #: JSON, zlib
    Column("body", LargeBinary, nullable=False),
)

#: end times that were given out and are not yet settled
tickets = Table(
    "tickets",
    metadata,
    Column("job", words(), primary_key=True),
    Column("ends", Moment, nullable=False, unique=True),
)

#: paths that are being made or removed outside a transaction
claims = Table(
    "claims",
    metadata,
    Column("path", path_type(), primary_key=True),
    Column("what", words(), nullable=False),
    Column("owner", words(), nullable=False),
    Column("since", Moment, nullable=False),
)
claims.primary_key.ddl_if(dialect="sqlite")
path_key("claims_key", claims.c.path)

#: who may do what, as commands and the API said it
grants = Table(
    "grants",
    metadata,
    Column("id", words(), primary_key=True),
    Column("subject", words(), nullable=False),
    Column("role", words(), nullable=False),
    Column("path", path_type(), nullable=False),
    Column("created", Moment, nullable=False),
    Column("created_by", words(), nullable=False),
)
path_index("grants_subject", grants.c.subject, grants.c.role, grants.c.path, unique=True)

#: keys of machines; of the secret only a hash is kept
api_keys = Table(
    "api_keys",
    metadata,
    Column("id", words(), primary_key=True),
    Column("name", words(), nullable=False),
    Column("agent", words(), nullable=False),
    Column("digest", words(), nullable=False),
    Column("scopes", Json(tuple[tuple[Role, str], ...]), nullable=False),
    Column("names_agents", Boolean, nullable=False),
    Column("created", Moment, nullable=False),
    Column("expires", Moment),
    Column("revoked", Moment),
    Column("last_used", Moment),
)

#: answers that are given again if the same request comes again
replays = Table(
    "replays",
    metadata,
    #: digest of who asks, for what, and under which key
    Column("key", words(), primary_key=True),
    #: of the body
    Column("digest", words(), nullable=False),
    Column("began", Moment, nullable=False),
    #: which process works on it; null once it has been answered
    Column("owner", words()),
    Column("status", Integer),
    Column("headers", Json(tuple[tuple[str, str], ...])),
    Column("body", LargeBinary),
)
Index("replays_began", replays.c.began)

meta = Table(
    "meta",
    metadata,
    Column("key", words(), primary_key=True),
    Column("value", words(), nullable=False),
)

# ------------------------------------------------------------------------------------- the index

nodes = Table(
    "nodes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("path", path_type(), nullable=False),
    Column("parent", path_type(), nullable=False),
    Column("kind", words(), nullable=False),
    Column("name", words()),
    Column("other_names", Json(tuple[str, ...]), nullable=False),
    Column("deleted", Boolean, nullable=False),
    Column("mets", path_type()),
    Column("inventory_digest", words(), nullable=False),
    UniqueConstraint("path").ddl_if(dialect="sqlite"),
)
path_key("nodes_path", nodes.c.path)
path_index("nodes_parent", nodes.c.parent, nodes.c.path)

versions = Table(
    "versions",
    metadata,
    Column("node", Integer, ForeignKey("nodes.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("created", Moment, nullable=False),
    Column("agent", words(), nullable=False),
    Column("job", words()),
    Column("deposit", words()),
    Column("received", Moment),
    sqlite_with_rowid=False,
)

members = Table(
    "members",
    metadata,
    Column("node", Integer, ForeignKey("nodes.id", ondelete="CASCADE"), primary_key=True),
    #: slashes in the path: the members directly in one folder lie side by side
    Column("depth", Integer, primary_key=True),
    Column("path", path_type(), primary_key=True),
    Column("kind", words(), nullable=False),
    Column("name", words()),
    Column("content_type", words(), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("digest", words(), nullable=False),
    Column("content_path", path_type(), nullable=False),
    Column("created", Integer, nullable=False),
    Column("modified", Integer, nullable=False),
    Column("deleted", Boolean, nullable=False),
    sqlite_with_rowid=False,
)
members.primary_key.ddl_if(dialect="sqlite")
path_key("members_key", members.c.node, members.c.depth, members.c.path)

#: the activity stream; events with a job are derived from storage, pushed ones are not
events = Table(
    "events",
    metadata,
    Column("ends", Moment, primary_key=True, autoincrement=False),
    Column("type", words(), nullable=False),
    Column("group_path", path_type(), nullable=False),
    Column("job", words(), unique=True),
    Column("starts", Moment),
)

# ------------------------------------------------------------------------------------- the search

# Filled from the index after the fact, so that recording a version does not wait for it.

#: groups whose rows here are not yet what the index says, and the inventory that it says it by
search_pending = Table(
    "search_pending",
    metadata,
    Column("path", path_type(), primary_key=True),
    Column("inventory_digest", words(), nullable=False),
)
search_pending.primary_key.ddl_if(dialect="sqlite")
path_key("search_pending_key", search_pending.c.path)

search_groups = Table(
    "search_groups",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("path", path_type(), nullable=False),
    UniqueConstraint("path").ddl_if(dialect="sqlite"),
)
path_key("search_groups_path", search_groups.c.path)

#: numbered so that what changed last has the greatest number: see :mod:`strongroom.db.search`
search_binaries = Table(
    "search_binaries",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("grp", Integer, nullable=False),
    Column("path", path_type(), nullable=False),
    #: the text that is searched, folded; null in SQLite, where an index of its own has it
    Column("text", words()),
)
path_index("search_binaries_group", search_binaries.c.grp, search_binaries.c.path)

for _dialect, _statement in (
    ("sqlite", sqlite.TRIGRAM_TABLE),
    ("postgresql", postgres_search.TRIGRAM_INDEX),
):
    event.listen(
        search_binaries,
        "after_create",
        DDL(_statement).execute_if(dialect=_dialect),  # type: ignore[no-untyped-call]
    )
