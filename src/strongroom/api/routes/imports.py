"""Import jobs over HTTP: the diff, submitting, results, cancelling. Contract section 2.3."""

from __future__ import annotations

from litestar import Response, get, post
from litestar.params import FromPath, JSONBody

from strongroom.api import values
from strongroom.api.edge import Agent, Edge, Given
from strongroom.api.inputs import JOB, job_request
from strongroom.api.operation import JSON, documented, on_deposit, somewhere
from strongroom.domain.grants import Action
from strongroom.services import diffs, imports
from strongroom.services.views import JobView
from strongroom.wire import render_jobs
from strongroom.wire.jobs import ImportJob, ImportJobIn, ImportJobResult

_DIFF = (404, 409, 410, 422)


def result_shape(view: JobView, edge: Edge) -> ImportJobResult:
    return render_jobs.result(
        view.job, view.outcome, view.versions, edge.uris, allowed=view.allowed
    )


@get(
    "/deposits/{deposit_id:str}/importjobs/diff",
    media_type=JSON,
    sync_to_thread=True,
    opt=documented(
        "What an import of the deposit would change", problems=_DIFF, needs=on_deposit()
    ),
)
def show_diff(edge: Given, agent: Agent, deposit_id: FromPath[str]) -> ImportJob:
    view = diffs.diff(edge.ctx, agent, deposit_id)
    return render_jobs.diff(
        view.job,
        edge.uris,
        deposit=view.deposit.id,
        files=view.files,
        agent=view.agent,
        created=view.created,
        source_version=view.source_version,
        infected=view.infected,
    )


@post(
    "/deposits/{deposit_id:str}/importjobs",
    media_type=JSON,
    sync_to_thread=True,
    opt=documented(
        "Submit an import job",
        problems=_DIFF,
        demands=values.demands("id", **JOB),
        gives=("Location",),
        once=True,
        needs=on_deposit(Action.PRESERVE),
    ),
)
def submit_job(
    edge: Given, agent: Agent, deposit_id: FromPath[str], data: JSONBody[ImportJobIn]
) -> Response[ImportJobResult]:
    shape = result_shape(imports.submit(edge.ctx, agent, deposit_id, job_request(data)), edge)
    return Response(shape, headers={"Location": shape.id})


@get(
    "/deposits/{deposit_id:str}/importjobs/results",
    media_type=JSON,
    sync_to_thread=True,
    opt=documented(
        "List the import jobs of a deposit, oldest first",
        needs=somewhere(),
    ),
)
def list_results(edge: Given, deposit_id: FromPath[str]) -> list[ImportJobResult]:
    return [result_shape(view, edge) for view in imports.results(edge.ctx, deposit_id)]


@get(
    "/deposits/{deposit_id:str}/importjobs/results/{job_id:str}",
    media_type=JSON,
    sync_to_thread=True,
    opt=documented(
        "Show how an import job stands",
        problems=(404,),
        needs=somewhere(),
    ),
)
def show_result(edge: Given, deposit_id: FromPath[str], job_id: FromPath[str]) -> ImportJobResult:
    return result_shape(imports.result(edge.ctx, deposit_id, job_id), edge)


@post(
    "/v1/deposits/{deposit_id:str}/importjobs/results/{job_id:str}/cancel",
    status_code=200,
    media_type=JSON,
    sync_to_thread=True,
    opt=documented(
        "Cancel a waiting import job", problems=(404, 409), needs=on_deposit(Action.PRESERVE)
    ),
)
def cancel_job(
    edge: Given, agent: Agent, deposit_id: FromPath[str], job_id: FromPath[str]
) -> ImportJobResult:
    return result_shape(imports.cancel(edge.ctx, agent, deposit_id, job_id), edge)


HANDLERS = (show_diff, submit_job, list_results, show_result, cancel_job)
#: those whose bodies list every file of a group, and are as long as that takes
LARGE = (submit_job,)
