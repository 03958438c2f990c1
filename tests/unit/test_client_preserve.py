"""From a folder to a version and back, against a small double of the server.

The double's METS is a text file of paths and digests, so that it can tell unchanged files from
missing ones as the server does.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

import httpx
import msgspec
import pytest

from strongroom.client import Client, JobFailed, Retry, VerificationFailed
from strongroom.client.errors import FilesRefused, MaterialRefused, NotThere
from strongroom.client.export import export
from strongroom.client.folder import scan
from strongroom.client.preserve import Options, Preserved, preserve
from strongroom.client.progress import Silent
from strongroom.errors import Conflict, NotFound

ROOT = "http://server.test"
PATH = "library/books/b"


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@dataclass
class Double:
    """Deposits, Containers and versions in memory; ``break_`` spoils one thing."""

    containers: set[str] = field(default_factory=lambda: {"library", "library/books"})
    versions: list[dict[str, bytes]] = field(default_factory=list)
    folders: set[str] = field(default_factory=set)
    deposits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    active: set[str] = field(default_factory=set)
    layout: str = "RootLevel"
    broken: str = ""
    uploads: list[str] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = unquote(request.url.path)
        body = request.read()
        area, _, rest = path.lstrip("/").partition("/")
        if area == "repository":
            return self.repository(request, rest)
        if area == "storage-api":
            return self.content(request, rest.removeprefix(f"content/{PATH}/"))
        if area == "v1":
            _, deposit, _, name = (rest + "/").split("/", 3)
            return self.files(request, deposit, name.rstrip("/"), body)
        return self.deposit(request, rest, body)

    def repository(self, request: httpx.Request, path: str) -> httpx.Response:
        if request.method == "PUT":
            self.containers.add(path)
            return httpx.Response(201, json={"id": f"{ROOT}/repository/{path}"})
        if path == PATH and self.versions:
            kind = {"X-Preservation-Resource-Type": "ArchivalGroup"}
            if request.method == "HEAD":
                return httpx.Response(200, headers=kind)
            return httpx.Response(200, json=self.group(request.url.params.get("version")))
        if path in self.containers:
            return httpx.Response(200, headers={"X-Preservation-Resource-Type": "Container"})
        return httpx.Response(404)

    def group(self, version: str | None) -> dict[str, object]:
        number = int((version or f"v{len(self.versions)}")[1:])
        base = f"{ROOT}/repository/{PATH}"
        tree: dict[str, object] = {
            "id": base,
            "type": "ArchivalGroup",
            "containers": [],
            "binaries": [],
            "version": {
                "mementoTimestamp": "20260101000000",
                "mementoDateTime": "2026-01-01T00:00:00",
                "ocflVersion": f"v{number}",
            },
        }
        nodes = {"": tree}

        def node(path: str) -> dict[str, object]:
            if path not in nodes:
                parent = node(path.rpartition("/")[0])
                nodes[path] = {
                    "id": f"{base}/{quote(path)}",
                    "type": "Container",
                    "containers": [],
                    "binaries": [],
                }
                parent["containers"].append(nodes[path])
            return nodes[path]

        for path in sorted(self.folders):
            node(path)
        for path, content in sorted(self.versions[number - 1].items()):
            digest = sha(content + (b"!" if self.broken == f"digest {path}" else b""))
            node(path.rpartition("/")[0])["binaries"].append(
                {
                    "id": f"{base}/{quote(path).replace('%23', '-_-percent-23-_-')}",
                    "type": "Binary",
                    "size": len(content),
                    "digest": digest,
                    "content": f"{ROOT}/storage-api/content/{PATH}/{quote(path)}",
                }
            )
        return tree

    def content(self, request: httpx.Request, name: str) -> httpx.Response:
        number = int(request.url.params["version"][1:])
        content = self.versions[number - 1][name]
        if self.broken == f"content {name}":
            content = content[::-1]
        return httpx.Response(200, content=content)

    def files(self, request: httpx.Request, deposit: str, name: str, body: bytes) -> httpx.Response:
        files = self.deposits[deposit]
        if request.method == "PUT":
            if self.broken == f"refuse {name.rpartition('.')[2]}":
                return httpx.Response(400, json={"detail": "No such names.", "code": "bad-path"})
            stated = base64.b64encode(hashlib.sha256(body).digest()).decode()
            assert request.headers["Content-Digest"] == f"sha-256=:{stated}:"
            files[name] = body
            self.uploads.append(name)
            return httpx.Response(201, json={"path": name, "size": len(body), "digest": sha(body)})
        if request.method == "DELETE":
            del files[name]
            return httpx.Response(204)
        listed = [
            {"path": path, "size": len(content), "digest": sha(content)}
            for path, content in sorted(files.items())
        ]
        return httpx.Response(200, json={"files": listed, "folders": [], "refused": []})

    def deposit(self, request: httpx.Request, rest: str, body: bytes) -> httpx.Response:
        if rest == "" and request.method == "GET":
            wanted = request.url.params["archivalGroupPath"] == f"/repository/{PATH}"
            found = [self.about(name) for name in sorted(self.active) if wanted]
            return httpx.Response(
                200, json={"deposits": found, "page": 1, "pageSize": 100, "total": len(found)}
            )
        if rest == "":
            name = f"d{len(self.deposits) + 1}"
            head = self.versions[-1] if self.versions else {}
            self.deposits[name] = {k: v for k, v in head.items() if k.endswith(".mets")}
            self.active.add(name)
            return httpx.Response(201, json=self.about(name))
        name, _, job = rest.partition("/")
        if job == "importjobs":
            assert msgspec.json.decode(body) == {"id": f"/deposits/{name}/importjobs/diff"}
            return self.run(name)
        if job:
            return httpx.Response(200, json=self.result(name))
        return httpx.Response(200, json=self.about(name))

    def about(self, name: str) -> dict[str, object]:
        return {
            "id": f"{ROOT}/deposits/{name}",
            "active": name in self.active,
            "layout": self.layout,
            "createdBy": f"{ROOT}/agents/somebody",
            "created": "2026-01-01T00:00:00Z",
        }

    def run(self, name: str) -> httpx.Response:
        files, head = self.deposits[name], self.versions[-1] if self.versions else {}
        found = [path for path in files if path.endswith(".mets")]
        if len(found) != 1:
            return httpx.Response(422, json={"detail": f"{len(found)} METS files."})
        mets = dict(line.rsplit(" ", 1) for line in files[found[0]].decode().splitlines())
        known = {**head, **files}
        lost = [path for path, digest in mets.items() if sha(known.get(path, b"?")) != digest]
        if lost:
            errors = [{"code": "missing-file", "message": "Not there.", "path": p} for p in lost]
            return httpx.Response(422, json={"detail": "Files are missing.", "errors": errors})
        made = {path: known[path] for path in [*mets, found[0]]}
        if self.layout == "BagIt":
            made = {k.removeprefix("data/"): v for k, v in made.items() if k.startswith("data/")}
        if self.broken == "lose":
            made.popitem()
        if made != head and self.broken != "fail":
            self.versions.append(made)
        self.active.discard(name)
        return httpx.Response(201, json=self.result(name))

    def result(self, name: str) -> dict[str, object]:
        if self.broken == "fail":
            errors = [{"id": None, "message": "The disk is full."}]
            return {
                "id": f"{ROOT}/deposits/{name}/importjobs/results/j",
                "status": "completedWithErrors",
                "errors": errors,
            }
        progress = {
            "phase": "copying",
            "filesDone": 1,
            "filesTotal": 1,
            "bytesDone": 1,
            "bytesTotal": 1,
        }
        version = f"v{len(self.versions)}"
        before = None if version == "v1" else f"v{len(self.versions) - 1}"
        return {
            "id": f"{ROOT}/deposits/{name}/importjobs/results/j",
            "status": "completed",
            "newVersion": version,
            "sourceVersion": before,
            "progress": progress,
        }


@pytest.fixture
def double() -> Double:
    return Double()


@pytest.fixture
def client(double: Double) -> Iterator[Client]:
    wire = httpx.MockTransport(double)
    with Client(ROOT, retry=Retry(attempts=1), sleep=lambda _: None, wire=wire) as client:
        yield client


CONTENT = {
    "objects/page 1.tif": b"one" * 1000,
    "objects/box #2.tif": b"two" * 300_000 * 2,
    "notes/été 📖.txt": b"",
}


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "book"
    for path, content in CONTENT.items():
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_bytes(content)
    describe(place)
    return place


def describe(place, name="book.mets", base=""):
    lines = [
        f"{path.relative_to(place).as_posix()} {sha(path.read_bytes())}"
        for path in sorted(place.rglob("*"))
        if path.is_file() and path.suffix != ".mets" and path.relative_to(place).as_posix() >= base
    ]
    (place / name).write_text("\n".join(lines))


def run(client, folder, **options) -> Preserved:
    return preserve(client, scan(folder), PATH, options=Options(**options), progress=Silent())


def test_a_folder_becomes_the_first_version(client, double, folder):
    done = run(client, folder, name="A Book")
    assert (done.version, done.unchanged, done.deposit, done.job) == ("v1", False, "d1", "j")
    assert double.versions == [CONTENT | {"book.mets": (folder / "book.mets").read_bytes()}]
    assert (done.files, done.uploaded, done.warnings) == (4, 4, ())
    assert done.size == done.uploaded_size == sum(map(len, double.versions[0].values()))


def test_the_next_version_sends_only_what_is_new(client, double, folder):
    run(client, folder)
    (folder / "objects/page 1.tif").write_bytes(b"mended")
    (folder / "objects/page 3.tif").write_bytes(b"three")
    (folder / "notes/été 📖.txt").unlink()
    describe(folder)
    double.uploads.clear()
    done = run(client, folder)
    assert sorted(double.uploads) == ["book.mets", "objects/page 1.tif", "objects/page 3.tif"]
    assert (done.version, done.files, done.uploaded) == ("v2", 4, 3)
    assert double.versions[1] == {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_everything_is_sent_if_asked(client, double, folder):
    run(client, folder)
    double.uploads.clear()
    assert run(client, folder, everything=True).uploaded == 3  # METS was in the deposit already
    assert len(double.uploads) == 3


def test_a_folder_that_did_not_change_makes_no_version(client, double, folder):
    run(client, folder)
    double.result = lambda name: {
        "id": f"{ROOT}/deposits/{name}/importjobs/results/j",
        "status": "completed",
        "newVersion": "v1",
        "sourceVersion": "v1",
    }
    done = run(client, folder)
    assert (done.version, done.unchanged, done.uploaded) == ("v1", True, 0)
    assert len(double.versions) == 1


def test_mets_under_another_name_takes_the_place_of_the_copied_one(client, double, folder):
    run(client, folder)
    (folder / "book.mets").rename(folder / "other.mets")
    done = run(client, folder)
    assert done.version == "v2"
    assert "book.mets" not in double.versions[1]
    assert "other.mets" in double.versions[1]


def test_missing_containers_are_named_or_made(client, double, folder):
    double.containers = {"library"}
    with pytest.raises(NotFound, match=r"'/library/books' does not exist.*--make-containers"):
        run(client, folder)
    assert double.deposits == {}
    done = run(client, folder, make_containers=True)
    assert done.containers == ("library/books",)
    assert double.containers == {"library", "library/books"}


def test_a_container_in_the_way_is_refused_before_anything_is_sent(client, double, folder):
    double.containers.add(PATH)
    with pytest.raises(Conflict, match="is a Container"):
        run(client, folder)
    assert double.deposits == {}


def test_files_that_the_server_refuses_are_named_together(client, double, folder):
    double.broken = "refuse tif"
    with pytest.raises(FilesRefused, match="2 of 4 files") as caught:
        run(client, folder)
    assert [(fault.path, fault.code) for fault in caught.value.faults] == [
        ("objects/box #2.tif", "bad-path"),
        ("objects/page 1.tif", "bad-path"),
    ]
    assert "--resume" in caught.value.__notes__[0]
    assert sorted(double.uploads) == ["book.mets", "notes/été 📖.txt"]


def test_after_a_refusal_the_same_deposit_goes_on(client, double, folder):
    (folder / "book.mets").write_text("objects/lost.tif " + "0" * 64)
    with pytest.raises(MaterialRefused, match="missing") as caught:
        run(client, folder)
    assert [fault.path for fault in caught.value.faults] == ["objects/lost.tif"]
    assert "Deposit d1 keeps what was uploaded" in caught.value.__notes__[0]
    describe(folder)
    with pytest.raises(Conflict, match=r"Deposit d1 is active .*somebody.*--resume"):
        run(client, folder)
    double.uploads.clear()
    done = run(client, folder, resume=True)
    assert (done.deposit, done.version) == ("d1", "v1")
    assert double.uploads == ["book.mets"]


def test_what_the_folder_lost_meanwhile_leaves_the_deposit_too(client, double, folder):
    double.deposits["d1"] = {"old.txt": b"x", "notes/été 📖.txt": b"other"}
    double.active.add("d1")
    done = run(client, folder, resume=True)
    assert done.version == "v1"
    assert "old.txt" not in double.deposits["d1"]
    assert double.versions[0]["notes/été 📖.txt"] == b""


def test_a_job_that_fails_is_told_with_its_errors(client, double, folder):
    double.broken = "fail"
    with pytest.raises(JobFailed, match="nothing was changed") as caught:
        run(client, folder)
    assert [fault.message for fault in caught.value.faults] == ["The disk is full."]


@pytest.mark.parametrize(
    ("moment", "hint"),
    [("/v1/deposits/d1/files/book.mets", "--resume"), ("/results/j", "goes on in the server")],
)
def test_an_interrupt_says_what_goes_on(client, double, folder, monkeypatch, moment, hint):
    def interrupt(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith(moment) and request.method in ("GET", "PUT"):
            raise KeyboardInterrupt
        return double(request)

    monkeypatch.setattr(client.transport._http._transport, "handler", interrupt)
    with pytest.raises(KeyboardInterrupt) as caught:
        run(client, folder)
    assert hint in caught.value.__notes__[0]


@pytest.mark.parametrize(
    ("broken", "code", "path"),
    [
        ("digest objects/page 1.tif", "digest-mismatch", "objects/page 1.tif"),
        ("lose", "missing", "book.mets"),
    ],
)
def test_a_version_that_is_not_the_folder_is_never_called_preserved(
    client, double, folder, broken, code, path
):
    double.broken = broken
    with pytest.raises(VerificationFailed, match="1 file differs") as caught:
        run(client, folder)
    assert [(fault.code, fault.path) for fault in caught.value.faults] == [(code, path)]


def test_a_file_too_many_is_noticed(client, double, folder):
    run(client, folder)
    double.run = lambda name: (
        (double.versions.append(double.versions[0] | {"extra": b"x"}))
        or (httpx.Response(201, json=double.result(name)))
    )
    with pytest.raises(VerificationFailed) as caught:
        run(client, folder)
    assert [(fault.code, fault.path) for fault in caught.value.faults] == [("extra", "extra")]


def test_a_bag_is_preserved_without_its_tag_files_and_says_so(client, double, tmp_path):
    bag = tmp_path / "bag"
    (bag / "data" / "objects").mkdir(parents=True)
    (bag / "data" / "objects" / "a").write_bytes(b"a")
    (bag / "bagit.txt").write_bytes(b"BagIt-Version: 1.0")
    double.layout = "BagIt"
    describe(bag, "data/book.mets", base="data/")
    done = run(client, bag)
    assert set(double.versions[0]) == {"objects/a", "book.mets"}
    assert done.files == 2
    assert done.warnings == ("Not preserved, as they lie outside the bag's data/: bagit.txt.",)


def test_empty_folders_that_are_lost_are_named(client, double, folder):
    (folder / "blank").mkdir()
    (folder / "kept").mkdir()
    double.folders = {"kept"}
    assert run(client, folder).warnings == (
        "Empty folders that the METS file does not name are not preserved: blank.",
    )


# ---------------------------------------------------------------------------------------- export


def read(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_an_export_equals_what_was_preserved_version_by_version(client, double, folder, tmp_path):
    first = read(folder)
    run(client, folder)
    (folder / "objects/page 1.tif").write_bytes(b"mended")
    describe(folder)
    run(client, folder)
    double.folders = {"blank/inner"}
    done = export(client, PATH, tmp_path / "head", progress=Silent())
    assert (done.version, read(tmp_path / "head")) == ("v2", read(folder))
    assert (tmp_path / "head" / "blank" / "inner").is_dir()
    (tmp_path / "old").mkdir()
    old = export(client, f"/{PATH}/", tmp_path / "old", version="v1", progress=Silent())
    assert (old.version, read(tmp_path / "old")) == ("v1", first)
    assert {name: digest.sha256 for name, digest in old.files.items()} == {
        name: sha(content) for name, content in first.items()
    }
    assert old.folders == ("blank", "blank/inner", "notes", "objects")


@pytest.mark.parametrize("existing", [True, False])
def test_a_damaged_export_leaves_no_trace(client, double, folder, tmp_path, existing):
    run(client, folder)
    double.broken = "content objects/page 1.tif"
    place = tmp_path / "place"
    place.mkdir()
    if existing:
        (place / "out").mkdir()
    with pytest.raises(VerificationFailed, match="is damaged"):
        export(client, PATH, place / "out", progress=Silent())
    assert list(place.rglob("*")) == ([place / "out"] if existing else [])


def test_an_export_never_writes_over_anything(client, double, folder, tmp_path):
    run(client, folder)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_bytes(b"1")
    (tmp_path / "file").write_bytes(b"2")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for name in ("full", "file", "link"):
        with pytest.raises(Conflict):
            export(client, PATH, tmp_path / name, progress=Silent())
    with pytest.raises(NotFound):
        export(client, PATH, tmp_path / "no" / "where", progress=Silent())
    assert (tmp_path / "full" / "mine").read_bytes() == b"1"
    assert (tmp_path / "file").read_bytes() == b"2"


def test_an_export_of_no_group_is_refused(client, double, tmp_path):
    with pytest.raises(NotThere):
        export(client, PATH, tmp_path / "out", progress=Silent())
    assert list(tmp_path.iterdir()) == []
