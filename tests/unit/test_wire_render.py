"""Domain values as JSON, held against the examples and rules of the contract."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from strongroom.domain.deposits import Deposit, DepositStatus, Layout
from strongroom.domain.importjob import (
    BinaryItem,
    ContainerItem,
    ImportJob,
    Job,
    JobKind,
    JobStatus,
    Outcome,
    Progress,
)
from strongroom.domain.paths import MemberPath, RepositoryPath
from strongroom.domain.resources import Event, Group, Kind, Member, Node, Version
from strongroom.errors import Fault
from strongroom.wire import (
    render_activity,
    render_deposits,
    render_jobs,
    render_resources,
)
from strongroom.wire.render_resources import Place
from strongroom.wire.uris import preservation_uris, storage_uris

PRES = preservation_uris("https://pres.example/", "https://stor.example")
STOR = storage_uris("https://pres.example", "https://stor.example")
PLACE = Place(root_uri="file:///data/ocfl%20root/", storage_type="FileSystem")
WHEN = datetime(2025, 6, 2, 8, 15, 30, 123000, tzinfo=UTC)
GROUP = RepositoryPath("maps/atlas-12")
DEPOSIT = "kx7m2tq9ahwd"


def json(shape: object) -> Any:
    return msgspec.json.decode(msgspec.json.encode(shape))


def version(number: int, agent: str = "goobi") -> Version:
    return Version(number=number, created=WHEN + timedelta(days=number - 1), agent=agent)


def node(path: str = GROUP, kind: Kind = Kind.GROUP, **more: Any) -> Node:
    values: dict[str, Any] = {"name": None, "versions": (version(1), version(2, "a b")), **more}
    return Node(path=RepositoryPath(path), kind=kind, **values)


def binary(path: str, *, digest: str = "d" * 64, **more: Any) -> Member:
    values: dict[str, Any] = {
        "content_type": "image/tiff",
        "size": 5120,
        "content_path": f"v1/content/{path}",
        "created": 1,
        "modified": 2,
        **more,
    }
    return Member(path=MemberPath(path), kind=Kind.BINARY, digest=digest, **values)


def folder(path: str, **more: Any) -> Member:
    return Member(
        path=MemberPath(path), kind=Kind.CONTAINER, **{"created": 1, "modified": 1, **more}
    )


def group(*members: Member, **more: Any) -> Group:
    values: dict[str, Any] = {
        "node": node(),
        "version": version(2, "a b"),
        "members": {member.path: member for member in members},
        "object_path": "abc/def/012/abcdef012",
        "name": "Atlas 12",
        **more,
    }
    return Group(**values)


# ------------------------------------------------------------------------ resources


def test_the_root_has_the_only_id_with_a_trailing_slash() -> None:
    children = (node("b", Kind.CONTAINER, name="B"), node("a", Kind.CONTAINER))
    found = json(render_resources.root(children, PRES))
    assert found["id"] == "https://pres.example/repository/"
    assert (found["type"], found["name"]) == ("RepositoryRoot", "repository")
    assert [child["id"] for child in found["containers"]] == [
        "https://pres.example/repository/a",
        "https://pres.example/repository/b",
    ]
    assert "partOf" not in found and "partOf" not in found["containers"][0]
    assert found["created"] is None


def test_a_container_lists_groups_as_containers() -> None:
    found = json(
        render_resources.container(node("maps", Kind.CONTAINER, name="Maps"), (node(),), STOR)
    )
    assert found["partOf"] == "https://stor.example/repository/"
    assert found["createdBy"] == "https://stor.example/agents/goobi"
    assert found["lastModifiedBy"] == "https://stor.example/agents/a%20b"
    (child,) = found["containers"]
    assert child["type"] == "ArchivalGroup"
    assert child["name"] == "atlas-12"
    assert not {"version", "versions", "storageMap"} & set(child)


def test_a_group_is_the_whole_tree() -> None:
    found = json(
        render_resources.group(
            group(
                folder("objects"),
                folder("objects/b c", name="B & C"),
                folder("empty"),
                binary("mets.xml", created=1, modified=1),
                binary("objects/z.tif"),
                binary("objects/a#1.tif", digest="e" * 64, name="Page 1"),
                binary("objects/b c/ü.tif", content_path="v2/content/objects/b c/ü.tif"),
            ),
            PRES,
            PLACE,
        )
    )
    assert (found["id"], found["name"]) == (
        "https://pres.example/repository/maps/atlas-12",
        "Atlas 12",
    )
    assert found["partOf"] == "https://pres.example/repository/maps"
    assert found["origin"] == "file:///data/ocfl%20root/abc/def/012/abcdef012"
    assert found["version"] == {
        "mementoTimestamp": "20250603081530",
        "mementoDateTime": "2025-06-03T08:15:30",
        "ocflVersion": "v2",
    }
    assert [one["ocflVersion"] for one in found["versions"]] == ["v1", "v2"]
    assert (found["created"], found["lastModified"]) == (
        "2025-06-02T08:15:30.123Z",
        "2025-06-03T08:15:30.123Z",
    )
    assert [one["id"].rpartition("/")[2] for one in found["containers"]] == ["empty", "objects"]
    assert [one["id"].rpartition("/")[2] for one in found["binaries"]] == ["mets.xml"]
    objects = found["containers"][1]
    assert "partOf" not in objects and "origin" not in objects
    assert [one["name"] for one in objects["binaries"]] == ["Page 1", "z.tif"]
    page = objects["binaries"][0]
    assert page == {
        "id": f"{found['id']}/objects/a-_-percent-23-_-1.tif",
        "type": "Binary",
        "name": "Page 1",
        "origin": f"{found['origin']}/v1/content/objects/a%231.tif",
        "contentType": "image/tiff",
        "size": 5120,
        "digest": "e" * 64,
        "content": "https://stor.example/content/maps/atlas-12/objects/a-_-percent-23-_-1.tif",
        "created": "2025-06-02T08:15:30.123Z",
        "createdBy": "https://pres.example/agents/goobi",
        "lastModified": "2025-06-03T08:15:30.123Z",
        "lastModifiedBy": "https://pres.example/agents/a%20b",
    }
    (inner,) = objects["containers"]
    assert (inner["id"], inner["name"]) == (f"{found['id']}/objects/b%20c", "B & C")
    assert inner["binaries"][0]["id"] == f"{found['id']}/objects/b%20c/%C3%BC.tif"
    assert inner["binaries"][0]["origin"].endswith("/v2/content/objects/b%20c/%C3%BC.tif")


def test_a_storage_map_has_raw_keys_and_real_places() -> None:
    found = json(
        render_resources.storage_map(
            group(
                folder("objects"),
                binary("objects/b c%20.tif"),
                binary("objects/a#1.tif"),
                binary("mets.xml", digest="e" * 64),
            ),
            PRES,
            PLACE,
        )
    )
    assert list(found["files"]) == [
        "mets.xml",
        "objects/a-_-percent-23-_-1.tif",
        "objects/b c%20.tif",
    ]
    assert found["files"]["objects/b c%20.tif"] == {
        "hash": "d" * 64,
        "fullPath": "v1/content/objects/b c%20.tif",
    }
    assert set(found["hashes"]) == {"d" * 64, "e" * 64}
    assert found["hashes"]["e" * 64] == "v1/content/mets.xml"
    assert (found["storageType"], found["root"]) == ("FileSystem", "file:///data/ocfl%20root")
    assert found["objectPath"] == "abc/def/012/abcdef012"
    assert found["archivalGroup"] == "https://stor.example/repository/maps/atlas-12"
    assert found["headVersion"]["ocflVersion"] == "v2"
    assert [one["ocflVersion"] for one in found["allVersions"]] == ["v1", "v2"]


def test_the_light_view_is_the_group_alone() -> None:
    found = json(render_resources.lightweight_group(group(binary("mets.xml")), PRES))
    assert found["name"] == "Atlas 12"
    for name in ("version", "versions", "storageMap", "origin"):
        assert found[name] is None
    assert found["containers"] == found["binaries"] == []


def test_a_member_asked_for_alone_tells_where_it_belongs() -> None:
    page = binary("objects/p1.tif")
    alone = json(render_resources.member(page, node(), "abc", (), PRES, PLACE))
    assert alone["partOf"] == "https://pres.example/repository/maps/atlas-12"
    assert alone["origin"] == "file:///data/ocfl%20root/abc/v1/content/objects/p1.tif"
    top = json(
        render_resources.member(
            folder("objects"), node(), "abc", (page, folder("objects/x")), PRES, PLACE
        )
    )
    assert top["partOf"] == "https://pres.example/repository/maps/atlas-12"
    assert [one["name"] for one in top["binaries"]] == ["p1.tif"]
    assert [one["name"] for one in top["containers"]] == ["x"]
    assert "partOf" not in top["binaries"][0]


def test_ten_thousand_binaries_take_little_time() -> None:
    members = [folder("objects"), *(binary(f"objects/page {n:05}.tif") for n in range(10_000))]
    value = group(*members)
    started = time.process_time()
    encoded = msgspec.json.encode(render_resources.group(value, PRES, PLACE))
    took = time.process_time() - started
    assert len(encoded) > 5_000_000
    assert took < 2.0  # a tenth of it on a quiet machine


# ------------------------------------------------------------------------ deposits


def test_a_fresh_deposit_is_as_the_contract_shows_it() -> None:
    value = Deposit(
        id=DEPOSIT,
        group=GROUP,
        group_name="Atlas 12",
        created=WHEN,
        created_by="goobi",
        modified=WHEN,
        modified_by="goobi",
    )
    found = json(
        render_deposits.deposit(
            value, PRES, files="file:///w/kx7/", group_exists=False, mets_etag=None
        )
    )
    assert found == {
        "id": "https://pres.example/deposits/kx7m2tq9ahwd",
        "type": "Deposit",
        "archivalGroup": "https://pres.example/repository/maps/atlas-12",
        "archivalGroupExists": False,
        "files": "file:///w/kx7/",
        "status": "new",
        "submissionText": None,
        "archivalGroupName": "Atlas 12",
        "active": True,
        "preserved": None,
        "preservedBy": None,
        "versionPreserved": None,
        "exported": None,
        "exportedBy": None,
        "versionExported": None,
        "template": "None",
        "created": "2025-06-02T08:15:30.123Z",
        "createdBy": "https://pres.example/agents/goobi",
        "lastModified": "2025-06-02T08:15:30.123Z",
        "lastModifiedBy": "https://pres.example/agents/goobi",
        "metsETag": None,
        "lockedBy": None,
        "lockDate": None,
        "archived": None,
        "layout": "Undecided",
    }
    later = replace(
        value,
        group=None,
        status=DepositStatus.ARCHIVED,
        layout=Layout.BAGIT,
        preserved=WHEN,
        preserved_by="p",
        version_preserved=3,
        exported=WHEN,
        exported_by="e",
        version_exported=2,
        locked_by="l",
        lock_date=WHEN,
        archived=WHEN,
    )
    found = json(
        render_deposits.deposit(later, PRES, files="f/", group_exists=True, mets_etag='"x"')
    )
    assert (found["archivalGroup"], found["status"], found["metsETag"]) == (None, "archived", '"x"')
    assert (found["versionPreserved"], found["versionExported"]) == ("v3", "v2")
    assert found["lockedBy"] == "https://pres.example/agents/l"
    assert (found["template"], found["layout"]) == ("None", "BagIt")


# ------------------------------------------------------------------------ jobs


def test_a_diff_is_as_the_contract_shows_it() -> None:
    job = ImportJob(
        group=GROUP,
        group_name="Atlas 12",
        is_update=True,
        source_version=1,
        containers_to_add=(ContainerItem(path=MemberPath("new"), origin="new"),),
        binaries_to_add=(
            BinaryItem(
                path=MemberPath("objects/p #2.tif"),
                content_type="image/tiff",
                size=5120,
                digest="d" * 64,
                origin="data/objects/p #2.tif",
            ),
        ),
        binaries_to_delete=(BinaryItem(path=MemberPath("gone.tif"), name="Gone"),),
    )
    found = json(
        render_jobs.diff(
            job,
            PRES,
            deposit=DEPOSIT,
            files="file:///w/kx7/",
            agent="goobi",
            created=datetime(2025, 6, 2, 9, 22, 10, 123456, tzinfo=UTC),
            source_version=version(1),
        )
    )
    home = "https://pres.example/deposits/kx7m2tq9ahwd"
    assert found["id"] == f"{home}/importjobs/transient/638844529301234560"
    assert found["originalId"] == f"{home}/importjobs/diff"
    assert (found["deposit"], found["source"]) == (home, "file:///w/kx7/")
    assert found["created"] == found["lastModified"] == "2025-06-02T09:22:10.123456Z"
    assert found["sourceVersion"]["ocflVersion"] == "v1"
    assert found["binariesToAdd"] == [
        {
            "id": "https://pres.example/repository/maps/atlas-12/objects/p%20-_-percent-23-_-2.tif",
            "type": "Binary",
            "name": "p #2.tif",
            "origin": "file:///w/kx7/data/objects/p%20%232.tif",
            "contentType": "image/tiff",
            "size": 5120,
            "digest": "d" * 64,
            "content": None,
            "created": None,
            "createdBy": None,
            "lastModified": None,
            "lastModifiedBy": None,
        }
    ]
    (container,) = found["containersToAdd"]
    assert (container["name"], container["origin"]) == ("new", "file:///w/kx7/new")
    assert container["containers"] == container["binaries"] == []
    assert "origin" not in found["binariesToDelete"][0]
    for name in ("containersToDelete", "binariesToPatch", "containersToRename", "binariesToRename"):
        assert found[name] == []


def import_job(**changes: Any) -> Job:
    values: dict[str, Any] = {
        "id": "q4vd8n3yzc2p",
        "kind": JobKind.IMPORT,
        "deposit": DEPOSIT,
        "group": GROUP,
        "import_job": "https://anywhere.example/my-job",
        "created": WHEN,
        "created_by": "goobi",
        **changes,
    }
    return Job(**values)


def test_a_waiting_result_is_as_the_contract_shows_it() -> None:
    found = json(render_jobs.result(import_job(), None, {}, PRES))
    assert found == {
        "id": f"https://pres.example/deposits/{DEPOSIT}/importjobs/results/q4vd8n3yzc2p",
        "type": "ImportJobResult",
        "importJob": "https://anywhere.example/my-job",
        "deposit": f"https://pres.example/deposits/{DEPOSIT}",
        "created": "2025-06-02T08:15:30.123Z",
        "createdBy": "https://pres.example/agents/goobi",
        "lastModified": "2025-06-02T08:15:30.123Z",
        "lastModifiedBy": "https://pres.example/agents/goobi",
        "archivalGroup": "https://pres.example/repository/maps/atlas-12",
        "status": "waiting",
        "dateBegun": None,
        "dateFinished": None,
        "sourceVersion": None,
        "newVersion": None,
        "errors": None,
        "containersAdded": [],
        "binariesAdded": [],
        "containersDeleted": [],
        "binariesDeleted": [],
        "binariesPatched": [],
        "binariesRenamed": [],
        "containersRenamed": [],
    }


def test_the_original_job_is_named_only_if_there_was_one() -> None:
    job = import_job(original_import_job="https://pres.example/d/importjobs/diff")
    found = json(render_jobs.result(job, None, {}, PRES))
    assert found["originalImportJob"] == "https://pres.example/d/importjobs/diff"


def test_progress_is_shown_while_it_runs() -> None:
    progress = Progress(phase="copying", files_done=1, files_total=2, bytes_done=3, bytes_total=4)
    running = import_job(status=JobStatus.RUNNING, begun=WHEN, progress=progress, source_version=1)
    found = json(render_jobs.result(running, None, {}, PRES))
    assert found["progress"] == {
        "phase": "copying",
        "filesDone": 1,
        "filesTotal": 2,
        "bytesDone": 3,
        "bytesTotal": 4,
    }
    assert (found["dateBegun"], found["sourceVersion"]) == ("2025-06-02T08:15:30.123Z", "v1")
    done = replace(running, status=JobStatus.COMPLETED)
    assert "progress" not in json(render_jobs.result(done, None, {}, PRES))


@pytest.mark.parametrize("uris", [PRES, STOR], ids=["preservation", "storage"])
def test_a_finished_result_lists_what_is_stored(uris: Any) -> None:
    outcome = Outcome(
        containers_added=(folder("objects"),),
        binaries_added=(binary("objects/p1.tif"),),
        binaries_deleted=(binary("old.tif"),),
        containers_deleted=(folder("old"),),
        binaries_renamed=(binary("n.tif", name="New name"),),
    )
    job = import_job(
        status=JobStatus.COMPLETED, begun=WHEN, finished=WHEN, source_version=1, new_version=2
    )
    found = json(render_jobs.result(job, outcome, {1: version(1), 2: version(2)}, uris))
    assert (found["sourceVersion"], found["newVersion"]) == ("v1", "v2")
    (added,) = found["binariesAdded"]
    assert added["id"] == f"{uris.own}/repository/maps/atlas-12/objects/p1.tif"
    assert added["content"] == "https://stor.example/content/maps/atlas-12/objects/p1.tif"
    assert (added["digest"], added["size"]) == ("d" * 64, 5120)
    assert (added["created"], added["lastModified"]) == (
        "2025-06-02T08:15:30.123Z",
        "2025-06-03T08:15:30.123Z",
    )
    assert "origin" not in added
    (deleted,) = found["binariesDeleted"]
    assert (deleted["content"], deleted["created"]) == (None, None)
    assert deleted["id"] == f"{uris.own}/repository/maps/atlas-12/old.tif"
    assert found["containersDeleted"][0]["id"].endswith("/old")
    assert found["binariesRenamed"][0]["name"] == "New name"


def test_a_result_has_the_id_of_the_surface_that_answers() -> None:
    found = json(render_jobs.result(import_job(), None, {}, STOR))
    assert found["id"] == "https://stor.example/import/results/q4vd8n3yzc2p/maps/atlas-12"
    assert found["deposit"] == f"https://pres.example/deposits/{DEPOSIT}"
    assert found["archivalGroup"] == "https://stor.example/repository/maps/atlas-12"


def test_errors_name_the_resource_and_say_it_all() -> None:
    faults = (
        Fault(code="digest-mismatch", message="It differs.", path="a b", expected="x", found="y"),
        Fault(code="gave-up", message="No more."),
        Fault(code="foreign", message="No.", path="file:///etc/passwd"),
    )
    found = json(render_jobs.result(import_job(errors=faults), None, {}, PRES))
    assert found["errors"] == [
        {
            "id": "https://pres.example/repository/maps/atlas-12/a%20b",
            "message": "It differs. Expected: x. Found: y.",
        },
        {"id": None, "message": "No more."},
        {"id": "file:///etc/passwd", "message": "No."},
    ]


def test_an_export() -> None:
    job = import_job(kind=JobKind.EXPORT, source_version=2)
    found = json(
        render_jobs.export(job, STOR, destination="file:///w/kx7/", files=["a b", "c/d#.tif"])
    )
    assert found["id"] == "https://stor.example/export/q4vd8n3yzc2p"
    assert found["files"] == ["file:///w/kx7/a%20b", "file:///w/kx7/c/d%23.tif"]
    assert (found["destination"], found["sourceVersion"]) == ("file:///w/kx7/", "v2")
    assert found["errors"] is None


# ------------------------------------------------------------------------ activity


def test_an_empty_stream_has_no_last_page() -> None:
    found = json(render_activity.collection(PRES.groups_stream(), 0, 100))
    assert found["@context"] == "http://iiif.io/api/discovery/1/context.json"
    assert found["totalItems"] == 0
    assert "last" not in found


@pytest.mark.parametrize(("total", "last"), [(1, 1), (100, 1), (101, 2), (1000, 10)])
def test_a_collection_leads_to_its_last_page(total: int, last: int) -> None:
    found = json(render_activity.collection(PRES.groups_stream(), total, 100))
    stream = "https://pres.example/activity/archivalgroups"
    assert found["id"] == f"{stream}/collection"
    assert found["first"] == {"id": f"{stream}/pages/1", "type": "OrderedCollectionPage"}
    assert found["last"]["id"] == f"{stream}/pages/{last}"


@pytest.mark.parametrize(
    ("number", "prev", "following"),
    [(1, False, True), (2, True, True), (3, True, False), (9, True, False)],
)
def test_pages_lead_to_their_neighbours(number: int, prev: bool, following: bool) -> None:
    found = json(render_activity.page(PRES.groups_stream(), number, 250, 100, []))
    assert ("prev" in found, "next" in found) == (prev, following)
    assert found["startIndex"] == (number - 1) * 100
    assert found["orderedItems"] == []
    assert found["partOf"]["type"] == "OrderedCollection"


def test_events_of_both_streams_point_to_each_other() -> None:
    event = Event(end=WHEN, type="Create", group=GROUP, job="h7bq2m9xk4ta", start=WHEN)
    result = "https://stor.example/import/results/h7bq2m9xk4ta/maps/atlas-12"
    assert json(render_activity.group_event(event, PRES)) == {
        "type": "Create",
        "object": {
            "id": "https://pres.example/repository/maps/atlas-12",
            "type": "ArchivalGroup",
            "seeAlso": [{"id": result, "type": "ImportJobResult"}],
        },
        "endTime": "2025-06-02T08:15:30.123Z",
    }
    assert json(render_activity.import_event(event, STOR)) == {
        "type": "Update",
        "object": {
            "id": result,
            "type": "ImportJob",
            "seeAlso": [
                {"id": "https://stor.example/repository/maps/atlas-12", "type": "ArchivalGroup"}
            ],
        },
        "startTime": "2025-06-02T08:15:30.123Z",
        "endTime": "2025-06-02T08:15:30.123Z",
    }
    pushed = json(render_activity.group_event(Event(end=WHEN, type="Update", group=GROUP), PRES))
    assert "seeAlso" not in pushed["object"]
