"""Runs of tools over HTTP: asked for, shown, stopped. Contract http-api.md 11, mets.md 6.1."""

from __future__ import annotations

from litestar import Response, get, post
from litestar.params import FromPath, JSONBody

from strongroom.api import values
from strongroom.api.edge import Agent, Edge, Given
from strongroom.api.operation import JSON, documented, on_deposit, somewhere
from strongroom.domain.grants import Action
from strongroom.domain.pipeline import RunStatus
from strongroom.services import pipeline
from strongroom.services.pipeline import RunView, StatusChange
from strongroom.wire import render_pipeline
from strongroom.wire.pipeline import PipelineDepositIn, ProcessPipelineResult


def _shape(view: RunView, edge: Edge) -> ProcessPipelineResult:
    return render_pipeline.run(
        view.job, view.status, view.report, group_name=view.group_name, uris=edge.uris
    )


@post(
    "/deposits/{deposit_id:str}/pipeline",
    status_code=204,
    sync_to_thread=True,
    opt=documented(
        "Run tools over the files of a deposit",
        problems=(404, 409, 422),
        once=True,
        gives=("Location",),
        needs=on_deposit(Action.DEPOSIT),
    ),
)
def start_run(edge: Given, agent: Agent, deposit_id: FromPath[str]) -> Response[None]:
    shape = _shape(pipeline.start(edge.ctx, agent, deposit_id), edge)
    # existing clients look into the list of runs; the address of this one is beside the contract
    return Response(None, status_code=204, headers={"Location": shape.id})


@post(
    "/deposits/pipeline-status",
    status_code=204,
    sync_to_thread=True,
    opt=documented(
        "Force the end of a pipeline run",
        problems=(404, 409),
        demands=values.demands("id", "depositId", "status", status={"enum": [*RunStatus]}),
        needs=somewhere(Action.DEPOSIT),
    ),
)
def change_status(edge: Given, agent: Agent, data: JSONBody[PipelineDepositIn]) -> None:
    pipeline.change_status(
        edge.ctx,
        agent,
        StatusChange(
            job=data.id,
            deposit=data.deposit_id,
            status=data.status,
            user=data.run_user,
            errors=data.errors,
        ),
    )


@get(
    "/deposits/{deposit_id:str}/pipelinerunjobs",
    media_type=JSON,
    sync_to_thread=True,
    opt=documented(
        "List the pipeline runs of a deposit, oldest first",
        needs=somewhere(),
    ),
)
def list_runs(edge: Given, deposit_id: FromPath[str]) -> list[ProcessPipelineResult]:
    return [_shape(view, edge) for view in pipeline.runs(edge.ctx, deposit_id)]


@get(
    "/deposits/{deposit_id:str}/pipelinerunjobs/{job_id:str}",
    media_type=JSON,
    sync_to_thread=True,
    opt=documented(
        "Show how a pipeline run stands",
        problems=(404,),
        needs=somewhere(),
    ),
)
def show_run(
    edge: Given, deposit_id: FromPath[str], job_id: FromPath[str]
) -> ProcessPipelineResult:
    return _shape(pipeline.run(edge.ctx, deposit_id, job_id), edge)


HANDLERS = (start_run, change_status, list_runs, show_run)
