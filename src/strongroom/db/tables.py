"""All tables, as the newest migration leaves them; no query lives here.

``nodes``, ``versions``, ``members`` and the events of jobs are the index: they are derived from
storage and can be made again. The other tables hold work in hand, which storage does not know.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    text,
)

from strongroom.db.types import Json, Moment, path_type
from strongroom.domain.grants import Role
from strongroom.domain.importjob import Progress
from strongroom.errors import Fault

metadata = MetaData()

# --------------------------------------------------------------------------------- work in hand

deposits = Table(
    "deposits",
    metadata,
    Column("id", Text, primary_key=True),
    Column("group_path", path_type()),
    Column("group_name", Text),
    Column("submission_text", Text),
    Column("status", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("layout", Text, nullable=False),
    Column("mets", path_type()),
    Column("created", Moment, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("modified", Moment, nullable=False),
    Column("modified_by", Text, nullable=False),
    Column("preserved", Moment),
    Column("preserved_by", Text),
    Column("version_preserved", Integer),
    Column("exported", Moment),
    Column("exported_by", Text),
    Column("version_exported", Integer),
    Column("base_version", Integer),
    Column("locked_by", Text),
    Column("lock_date", Moment),
    Column("archived", Moment),
)
Index(
    "deposits_active_group",
    deposits.c.group_path,
    unique=True,
    # in the words of the queries, or SQLite would not use it for them
    sqlite_where=text("active = 1 AND group_path IS NOT NULL"),
    postgresql_where=text("active AND group_path IS NOT NULL"),
)
Index("deposits_created", deposits.c.created, deposits.c.id)
Index("deposits_modified", deposits.c.modified, deposits.c.id)

#: digests of deposit files that were proved by reading the bytes
digests = Table(
    "digests",
    metadata,
    Column("deposit", Text, ForeignKey("deposits.id", ondelete="CASCADE"), primary_key=True),
    Column("path", path_type(), primary_key=True),
    Column("signature", Text, nullable=False),
    Column("digest", Text, nullable=False),
    sqlite_with_rowid=False,
)

# Jobs outlive their deposit, and storage outlives both: neither is tied by a foreign key.
jobs = Table(
    "jobs",
    metadata,
    #: order of arrival, whatever the clock said
    Column("number", Integer, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("deposit", Text, nullable=False),
    Column("group_path", path_type(), nullable=False),
    Column("status", Text, nullable=False),
    Column("import_job", Text),
    Column("original_import_job", Text),
    Column("created", Moment, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("begun", Moment),
    Column("finished", Moment),
    Column("source_version", Integer),
    Column("new_version", Integer),
    Column("errors", Json(tuple[Fault, ...])),
    Column("progress", Json(Progress)),
    Column("attempts", Integer, nullable=False),
    #: who runs it, and when that worker last said so
    Column("worker", Text),
    Column("heartbeat", Moment),
    Column("cancelled_by", Text),
)
Index("jobs_deposit", jobs.c.deposit, jobs.c.number)
Index("jobs_status", jobs.c.status, jobs.c.number)
_UNFINISHED_IMPORT = text("kind = 'import' AND status IN ('waiting', 'running')")
Index(
    "jobs_unfinished_import",
    jobs.c.group_path,
    unique=True,
    sqlite_where=_UNFINISHED_IMPORT,
    postgresql_where=_UNFINISHED_IMPORT,
)
# tools run over deposits, whatever group these are for
_RUNNING = text("status = 'running' AND kind != 'pipeline'")
Index(
    "jobs_running",
    jobs.c.group_path,
    jobs.c.kind,
    unique=True,
    sqlite_where=_RUNNING,
    postgresql_where=_RUNNING,
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
    Column("job", Text, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("stage", Text, nullable=False),
)

#: what can be large, kept apart so that listing jobs never reads it
job_documents = Table(
    "job_documents",
    metadata,
    Column("job", Text, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    #: one of the words of :mod:`strongroom.db.job_documents`
    Column("what", Text, primary_key=True),
    #: JSON, zlib
    Column("body", LargeBinary, nullable=False),
)

#: end times that were given out and are not yet settled
tickets = Table(
    "tickets",
    metadata,
    Column("job", Text, primary_key=True),
    Column("ends", Moment, nullable=False, unique=True),
)

#: paths that are being made or removed outside a transaction
claims = Table(
    "claims",
    metadata,
    Column("path", path_type(), primary_key=True),
    Column("what", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("since", Moment, nullable=False),
)

#: who may do what, as commands and the API said it
grants = Table(
    "grants",
    metadata,
    Column("id", Text, primary_key=True),
    Column("subject", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("path", path_type(), nullable=False),
    Column("created", Moment, nullable=False),
    Column("created_by", Text, nullable=False),
)
Index("grants_subject", grants.c.subject, grants.c.role, grants.c.path, unique=True)

#: keys of machines; of the secret only a hash is kept
api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("agent", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("scopes", Json(tuple[tuple[Role, str], ...]), nullable=False),
    Column("names_agents", Boolean, nullable=False),
    Column("created", Moment, nullable=False),
    Column("expires", Moment),
    Column("revoked", Moment),
    Column("last_used", Moment),
)

meta = Table(
    "meta",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

# ------------------------------------------------------------------------------------- the index

nodes = Table(
    "nodes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("path", path_type(), nullable=False, unique=True),
    Column("parent", path_type(), nullable=False),
    Column("kind", Text, nullable=False),
    Column("name", Text),
    Column("other_names", Json(tuple[str, ...]), nullable=False),
    Column("deleted", Boolean, nullable=False),
    Column("mets", path_type()),
    Column("inventory_digest", Text, nullable=False),
)
Index("nodes_parent", nodes.c.parent, nodes.c.path)

versions = Table(
    "versions",
    metadata,
    Column("node", Integer, ForeignKey("nodes.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("created", Moment, nullable=False),
    Column("agent", Text, nullable=False),
    Column("job", Text),
    Column("deposit", Text),
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
    Column("kind", Text, nullable=False),
    Column("name", Text),
    Column("content_type", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("digest", Text, nullable=False),
    Column("content_path", path_type(), nullable=False),
    Column("created", Integer, nullable=False),
    Column("modified", Integer, nullable=False),
    Column("deleted", Boolean, nullable=False),
    sqlite_with_rowid=False,
)

#: the activity stream; events with a job are derived from storage, pushed ones are not
events = Table(
    "events",
    metadata,
    Column("ends", Moment, primary_key=True, autoincrement=False),
    Column("type", Text, nullable=False),
    Column("group_path", path_type(), nullable=False),
    Column("job", Text, unique=True),
    Column("starts", Moment),
)
