"""A small world for the OpenAPI description to be tried on, and a real request for each operation.

Containers, Archival Groups of two versions, deposits in several states, jobs and grants; all made
over HTTP. What the requests are for is told by their labels, which are those of the description.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import httpx

from support import samples, workflow
from support.server import Server
from support.workflow import Json, ok

IDENTIFIERS = """\
[schemas.catalogue]
table = "catalogue.csv"
"""
CATALOGUE = "schema,value,path,name,template\ncatalogue,MS 17,ids/ms-17,Seventeen,RootLevel\n"

Requests = dict[str, list[dict[str, Any]]]


def settings(folder: Path) -> dict[str, str]:
    """The environment of the server; it names folders, which are made here."""
    for name in ("origins", "exports"):
        (folder / name).mkdir(parents=True)
    (folder / "catalogue.csv").write_text(CATALOGUE)
    (folder / "identifiers.toml").write_text(IDENTIFIERS)
    return {
        "STRONGROOM_AUTHENTICATION": "on",
        "STRONGROOM_DEFAULT_ROLE": "none",
        "STRONGROOM_IDENTIFIERS": str(folder / "identifiers.toml"),
        "STRONGROOM_STORAGE_ORIGINS": str(folder / "origins"),
        "STRONGROOM_STORAGE_DESTINATIONS": str(folder / "exports"),
    }


def furnish(client: httpx.Client, server: Server, folder: Path, key: str) -> dict[str, Any]:
    """Make the world; then its worker is paused, so that jobs wait and every run is the same.

    ``client`` is an administrator's, whose API key is ``key``. Let the worker go on with
    :func:`resume` before the server is stopped.
    """
    world = _World(client, server, folder)
    examples = world.requests(key)
    os.kill(server.worker(), signal.SIGSTOP)
    return {
        "examples": {**examples, **world.requests_of_waiting_jobs()},
        "pools": {
            "deposit_id": [world.preserved, world.open, world.managed, world.exported],
            "job_id": [world.job, world.run, world.storage_export],
            "grant_id": [world.grant()],
            "path": ["shelf", "shelf/book", "shelf/book/objects/a.txt", "shelf/book/mets.xml"],
            **world.file_pools(),
        },
    }


def resume(server: Server) -> None:
    os.kill(server.worker(), signal.SIGCONT)


def bare(uri: str) -> str:
    """The id at the end of a URI."""
    return uri.rpartition("/")[2]


class _World:
    def __init__(self, client: httpx.Client, server: Server, folder: Path) -> None:
        self.client, self.server, self.folder = client, server, folder
        self.shelf = f"{server.url}/repository/shelf"
        workflow.make_containers(client, "ids")
        workflow.make_containers(client, "shelf/empty")
        workflow.make_containers(client, "shelf/spare")
        workflow.make_containers(client, "shelf/other-spare")
        result = workflow.preserve(
            client, f"{self.shelf}/book", samples.with_mets({"objects/a.txt": b"a" * 100})
        )
        self.job = bare(result["id"])
        self.preserved = result["deposit"].rpartition("/")[2]
        self.exported = bare(workflow.export(client, f"{self.shelf}/book")["id"])
        self.open = self.deposit("open")
        for path in ("objects/x.txt", "objects/y z.txt", "metadata/n.txt"):
            self.put(self.open, path)
        self.managed = self.deposit("managed", template="RootLevel")
        for n in range(4):
            self.put(self.managed, f"objects/{n}.txt")
        started = ok(client.post(f"/deposits/{self.managed}/pipeline"), 204)
        self.run = bare(started.headers["Location"])
        workflow.wait_for(client, started.headers["Location"], "completed")
        archived = {
            "id": "archive-1",
            "depositId": self.preserved,
            "depositUri": f"{server.url}/deposits/{self.preserved}",
            "startTime": "2026-01-31T12:00:00Z",
        }
        ok(client.post("/deposits/archive-job", json=archived), 204)
        made = ok(client.post("/storage-api/export", json=self.export_body("seed")), 201).json()
        self.storage_export = bare(made["id"])
        self.to_import = self.importable("to-import")
        self.diffed = self.importable("diffed")

    def deposit(self, name: str, **more: Any) -> str:
        made = workflow.make_deposit(
            self.client,
            archivalGroup=f"{self.shelf}/{name}",
            archivalGroupName=name,
            **more,
        )
        return bare(made["id"])

    def put(self, deposit: str, path: str) -> None:
        ok(self.client.put(f"/v1/deposits/{deposit}/files/{path}", content=b"x" * 64), 201)

    def grant(self) -> str:
        body = {"subject": f"agent:{workflow.fresh()}", "role": "reader", "path": "/shelf"}
        found: str = ok(self.client.post("/v1/grants", json=body), 201).json()["id"]
        return found

    def export_body(self, name: str) -> Json:
        return {
            "archivalGroup": f"{self.shelf}/book",
            "destination": (self.folder / "exports" / name).as_uri(),
        }

    def file_pools(self) -> dict[str, list[str]]:
        """For parameters that mean something of their own on one route."""
        files, folders = ["objects/x.txt", "objects/y%20z.txt"], ["objects", "empty"]
        pools: dict[str, list[str]] = {}
        for method in ("GET", "HEAD", "PUT", "DELETE"):
            pools[f"{method} /v1/deposits/{{deposit_id}}/files/{{path}} path"] = files
            pools[f"{method} /v1/deposits/{{deposit_id}}/folders/{{path}} path"] = folders
        return pools

    def requests(self, key: str) -> Requests:
        """For each operation that a random request cannot make do something."""
        return {
            **self._of_deposits(),
            **self._of_files(),
            **self._of_jobs(),
            **self._of_repository(),
            **self._of_the_rest(key),
        }

    def _of_deposits(self) -> Requests:
        shown = {"path_parameters": {"deposit_id": self.open}}
        managed = {"path_parameters": {"deposit_id": self.managed}}
        emptied = self.deposit("emptied", template="RootLevel")
        self.put(emptied, "objects/y z.txt")
        item = {"path": "objects/y z.txt", "isDir": False}
        return {
            "POST /deposits": [_json({"archivalGroup": f"{self.shelf}/new-1"}), _json({})],
            "POST /deposits/from-identifier": [_json({"schema": "catalogue", "value": "MS 17"})],
            "POST /deposits/export": [_json({"archivalGroup": self.second()})],
            "PATCH /deposits/{deposit_id}": [{**shown, **_json({"submissionText": "a text"})}],
            "DELETE /deposits/{deposit_id}": [_at(deposit_id=self.deposit("to-delete"))],
            "POST /deposits/{deposit_id}/lock": [_at(deposit_id=self.deposit("to-lock"))],
            "PUT /deposits/{deposit_id}/deactivate": [_at(deposit_id=self.failed())],
            "POST /deposits/{deposit_id}/pipeline": [_at(deposit_id=self.exported)],
            "GET /deposits/{deposit_id}/pipelinerunjobs/{job_id}": [
                _at(deposit_id=self.managed, job_id=self.run)
            ],
            "GET /deposits/{deposit_id}/mets": [managed],
            "HEAD /deposits/{deposit_id}/mets": [managed],
            "GET /v1/deposits/{deposit_id}/access": [managed],
            "GET /deposits/{deposit_id}": [shown],
            "GET /depositarchivejobs/{deposit_id}": [_at(deposit_id=self.preserved)],
            "GET /deposits/{deposit_id}/importjobs/diff": [_at(deposit_id=self.diffed)],
            "POST /deposits/{deposit_id}/mets": [
                {**managed, **_json(["objects/0.txt", "objects/3.txt"]), **self._tag(self.managed)}
            ],
            "POST /deposits/{deposit_id}/mets/delete": [
                {
                    **_at(deposit_id=emptied),
                    **_json({"items": [item], "deleteFromDepositFiles": True}),
                    **self._tag(emptied),
                }
            ],
            "POST /deposits/archive-job": [
                _json(
                    {
                        "id": "archive-2",
                        "depositId": self.preserved,
                        "depositUri": f"{self.server.url}/deposits/{self.preserved}",
                        "startTime": "2026-01-31T12:00:00Z",
                        "deletedCount": 3,
                    }
                )
            ],
        }

    def second(self) -> str:
        """A group of which nothing else is made."""
        group = f"{self.shelf}/second"
        workflow.preserve(self.client, group, samples.with_mets({"objects/b.txt": b"b"}))
        return group

    def failed(self) -> str:
        """A deposit whose import failed."""
        files = {"objects/c.txt": b"c"}
        wrong = samples.entries(files, digests={"objects/c.txt": "0" * 64})
        deposit = workflow.make_filled(
            self.client,
            f"{self.shelf}/failed",
            {**files, "mets.xml": samples.plain_mets(wrong)},
        )
        job = ok(workflow.post_diff(self.client, deposit), 201).json()
        assert workflow.wait(self.client, job)["status"] == "completedWithErrors"
        return bare(deposit["id"])

    def importable(self, name: str) -> str:
        """A deposit that can be imported."""
        deposit = workflow.make_filled(
            self.client, f"{self.shelf}/{name}", samples.with_mets({"objects/d.txt": b"d"})
        )
        return bare(deposit["id"])

    def _tag(self, deposit: str) -> dict[str, dict[str, str]]:
        tag = workflow.get(self.client, f"/deposits/{deposit}")["metsETag"]
        return {"headers": {"If-Match": tag}}

    def _of_files(self) -> Requests:
        for path in ("objects/gone.txt", "to-delete/x"):
            self.put(self.open, path)
        self.client.delete(f"/v1/deposits/{self.open}/files/to-delete/x")
        file = _at(deposit_id=self.open, path="objects/x.txt")
        wanted = {"links": [{"path": "objects/x.txt", "method": "GET"}]}
        access = {"items": [{"path": "", "accessRestrictions": ["Open"]}]}
        other = self.deposit("accessible", template="RootLevel")
        folders = "/v1/deposits/{deposit_id}/folders/{path}"
        return {
            "GET /v1/deposits/{deposit_id}/files/{path}": [file],
            "HEAD /v1/deposits/{deposit_id}/files/{path}": [file],
            "PUT /v1/deposits/{deposit_id}/files/{path}": [
                {**file, "body": "new", "media_type": "application/octet-stream"}
            ],
            "DELETE /v1/deposits/{deposit_id}/files/{path}": [
                _at(deposit_id=self.open, path="objects/gone.txt")
            ],
            f"PUT {folders}": [_at(deposit_id=self.open, path="empty")],
            f"DELETE {folders}": [_at(deposit_id=self.open, path="to-delete")],
            "POST /v1/deposits/{deposit_id}/links": [
                {**_at(deposit_id=self.open), **_json(wanted)}
            ],
            "PATCH /v1/deposits/{deposit_id}/access": [
                {**_at(deposit_id=other), **_json(access), **self._tag(other)}
            ],
        }

    def requests_of_waiting_jobs(self) -> Requests:
        """For what can only be done before a job runs."""
        made = ok(self.client.post(f"/deposits/{self.to_import}/importjobs", json=self.diff()), 201)
        job = bare(made.json()["id"])
        deposit = self.deposit("to-examine", template="RootLevel")
        run = ok(self.client.post(f"/deposits/{deposit}/pipeline"), 204).headers["Location"]
        stopped = {"id": bare(run), "depositId": deposit, "status": "completedWithErrors"}
        return {
            "POST /v1/deposits/{deposit_id}/importjobs/results/{job_id}/cancel": [
                _at(deposit_id=self.to_import, job_id=job)
            ],
            "POST /deposits/pipeline-status": [_json(stopped)],
        }

    def diff(self) -> Json:
        return {"id": f"{self.server.url}/deposits/{self.to_import}/importjobs/diff"}

    def _of_jobs(self) -> Requests:
        deposit = self.importable("importable")
        diff = {"id": f"{self.server.url}/deposits/{deposit}/importjobs/diff"}
        return {
            "POST /deposits/{deposit_id}/importjobs": [{**_at(deposit_id=deposit), **_json(diff)}],
            "GET /deposits/{deposit_id}/importjobs/results/{job_id}": [
                _at(deposit_id=self.preserved, job_id=self.job)
            ],
            "GET /storage-api/import/results/{job_id}/{path}": [
                _at(job_id=self.job, path="shelf/book")
            ],
            "GET /storage-api/export/{job_id}": [_at(job_id=self.storage_export)],
            "POST /storage-api/export": [_json(self.export_body("one"))],
            "POST /storage-api/exportMetsOnly": [_json(self.export_body("mets"))],
            "POST /storage-api/import": [
                _json(
                    {
                        "id": "urn:example:job",
                        "archivalGroup": f"{self.server.storage_url}/repository/shelf/stored",
                        "archivalGroupName": "Stored",
                    }
                )
            ],
        }

    def _of_repository(self) -> Requests:
        book, binary = _at(path="shelf/book"), _at(path="shelf/book/objects/a.txt")
        found: Requests = {}
        for prefix in ("", "/storage-api"):
            spare = "shelf/other-spare" if prefix else "shelf/spare"
            found |= {
                f"GET {prefix}/repository/{{path}}": [_at(path="shelf"), book, binary],
                f"HEAD {prefix}/repository/{{path}}": [book],
                f"PUT {prefix}/repository/{{path}}": [_at(path=f"shelf/{prefix[1:]}made")],
                f"DELETE {prefix}/repository/{{path}}": [_at(path=spare)],
                f"GET {prefix}/ocfl/storagemap/{{path}}": [book],
                f"GET {prefix}/v1/timemap/{{path}}": [book],
            }
        return {
            **found,
            "GET /validation/archivalgroup/{path}": [_at(path="shelf/none-yet")],
            "GET /storage-api/import/test-path/{path}": [_at(path="shelf/none-yet")],
            "GET /v1/repository-access/{path}": [book],
            "GET /storage-api/content/{path}": [
                binary,
                {**binary, "headers": {"Range": "bytes=0-9"}},
                {**binary, "headers": {"Range": "bytes=0-9,20-29"}},
            ],
            "HEAD /storage-api/content/{path}": [binary],
            "GET /storage-api/v1/content-timemap/{path}": [binary],
        }

    def _of_the_rest(self, key: str) -> Requests:
        event = {"type": "Update", "object": {"id": f"{self.shelf}/book", "type": "ArchivalGroup"}}
        grant = {"subject": "agent:someone", "role": "reader", "path": "/shelf"}
        asked = {"agent": "agent:someone", "action": "read", "path": "/shelf"}
        return {
            "POST /activity/archivalgroups/collection": [_json(event)],
            "POST /v1/grants": [_json(grant)],
            "DELETE /v1/grants/{grant_id}": [_at(grant_id=self.grant())],
            "GET /v1/grants/explain": [{"query": asked}],
            "POST /v1/token": [
                {
                    "body": {
                        "grant_type": "client_credentials",
                        "client_id": key.split("_")[1],
                        "client_secret": key,
                    },
                    "media_type": "application/x-www-form-urlencoded",
                }
            ],
        }


def _json(body: Any) -> dict[str, Any]:
    return {"body": body, "media_type": "application/json"}


def _at(**parameters: str) -> dict[str, Any]:
    return {"path_parameters": parameters}
