"""What calls name: deposits, jobs and groups, by what the server answered, by URI or by bare id.

Only the path of a URI counts, so that a client may reach its server by another address than that
which ids begin with.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from strongroom.client.paths import canonical, encode, last_segment
from strongroom.errors import BadRequest
from strongroom.wire.deposits import Deposit
from strongroom.wire.jobs import ImportJobResult
from strongroom.wire.pipeline import ProcessPipelineResult
from strongroom.wire.resources import ArchivalGroup, Binary, Container

#: a deposit, its URI, or its bare id
DepositRef = Deposit | str
#: an import job's result, or its URI
JobRef = ImportJobResult | str
#: a run of tools, or its URI
RunRef = ProcessPipelineResult | str
#: a resource, its URI, or its path
PathRef = ArchivalGroup | Container | Binary | str

_RESULT = re.compile(r"(/deposits/[^/]+/importjobs/results/[^/]+)/?$")
_RUN = re.compile(r"(/deposits/[^/]+/pipelinerunjobs/[^/]+)/?$")
_STORED = re.compile(r"(/import/results/[^/]+/.+)$")


def bare_id(deposit: DepositRef) -> str:
    """The id of a deposit, without what stands before it."""
    return last_segment(deposit if isinstance(deposit, str) else deposit.id)


def at(deposit: DepositRef) -> str:
    """The path of a deposit on its server."""
    return f"/deposits/{encode(bare_id(deposit))}"


def job_at(job: JobRef) -> str:
    """The path of an import job's result; BadRequest for the URI of something else."""
    return _path(job if isinstance(job, str) else job.id, _RESULT, "an import job's result")


def stored_job_at(job: JobRef) -> str:
    """The same, below the root of the Storage API."""
    return _path(job if isinstance(job, str) else job.id, _STORED, "an import job's result")


def run_at(run: RunRef) -> str:
    """The path of a run of tools."""
    return _path(run if isinstance(run, str) else run.id, _RUN, "a run of tools")


def path_of(thing: PathRef) -> str:
    """The canonical path of something in the repository; ``""`` is the root."""
    if isinstance(thing, str):
        return canonical(thing)
    if thing.id is None:
        raise BadRequest(f"The {thing.type} has no id, so it names nothing.", code="bad-reference")
    return canonical(thing.id)


def uri_of(thing: PathRef) -> str:
    """A URI without host, which holds on every address that a server has."""
    return f"/repository/{encode(path_of(thing))}"


def _path(uri: str, form: re.Pattern[str], what: str) -> str:
    found = form.search(urlsplit(uri).path)
    if found is None:
        raise BadRequest(
            f"'{uri}' is not the URI of {what}. Give what the server answered, or its id.",
            code="bad-reference",
        )
    return found[1]
