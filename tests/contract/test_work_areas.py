"""What every place for deposits must do; one suite, run over each driver."""

from __future__ import annotations

import hashlib
import io
import os
from pathlib import Path

import pytest

from strongroom.errors import BadRequest, Conflict, Fault, NotFound, Unprocessable
from strongroom.storage import copying
from strongroom.storage.local import LocalWorkAreas
from strongroom.storage.protocols import CopyIn, FileEntry, OpenFile, Upload, WorkArea, WorkAreas
from strongroom.storage.s3 import copyin
from strongroom.storage.s3.bucket import Bucket
from strongroom.storage.s3.location import Location
from strongroom.storage.s3.workareas import S3WorkAreas


@pytest.fixture(params=["local", "s3"])
def areas(request: pytest.FixtureRequest, tmp_path: Path) -> WorkAreas:
    if request.param == "local":
        return LocalWorkAreas(tmp_path / "deposits")
    bucket: Bucket = request.getfixturevalue("bucket")
    return S3WorkAreas(bucket, Location(bucket=bucket.name, prefix="work/deposits/"))


@pytest.fixture
def area(areas: WorkAreas) -> WorkArea:
    made = areas.area("d2345")
    made.create()
    return made


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def put(area: WorkArea, path: str, data: bytes) -> FileEntry:
    upload: Upload = area.upload(path)
    upload.write(data)
    return upload.finish(sha256=sha256(data), size=len(data))[0]


def paths(area: WorkArea) -> list[str]:
    return [entry.path for entry in area.listing().files]


# ----------------------------------------------------------------------------------- the areas


def test_an_area_comes_and_goes(areas: WorkAreas) -> None:
    area = areas.area("abc")
    assert not area.exists()
    assert list(areas.names()) == []
    area.create()
    assert area.exists()
    assert area.uri.endswith("/abc/")
    with pytest.raises(Conflict):
        area.create()
    areas.area("aaa").create()
    assert list(areas.names()) == ["aaa", "abc"]
    put(area, "a/b", b"x")
    area.remove()
    assert not area.exists()
    area.remove()
    assert list(areas.names()) == ["aaa"]
    with pytest.raises(NotFound):
        area.listing()
    with pytest.raises(NotFound):
        put(area, "a/b", b"x")
    area.create()
    assert area.listing().files == ()


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../x", ".incoming", "/etc", "a\0"])
def test_an_id_cannot_lead_elsewhere(areas: WorkAreas, name: str) -> None:
    with pytest.raises(BadRequest):
        areas.area(name)


def test_free_bytes_is_a_number_of_bytes(area: WorkArea) -> None:
    assert area.free_bytes() > 1000


# -------------------------------------------------------------------------- reading and listing


@pytest.mark.parametrize(
    "path",
    [
        "a",
        "a b/c d.txt",
        "100%/#1 &c.txt",
        "日本/😀",
        "e\u0301/é",
        "x" * 255,
        "a\\b",
        "-rf",
        "a\nb",
    ],
)
def test_any_name_comes_back_as_it_went(area: WorkArea, path: str) -> None:
    entry = put(area, path, b"hello")
    assert entry.path == path
    assert entry.size == 5
    assert area.entry(path) == entry
    assert area.listing().files == (entry,)
    with area.open(path) as file:
        assert file.entry == entry
        assert file.stream.read() == b"hello"
        assert file.unchanged()
    assert area.read_start(path, 3) == b"hel"
    assert area.read_start(path, 100) == b"hello"


def test_a_listing_is_sorted_and_complete(area: WorkArea) -> None:
    for path in ("b", "a/z", "a.txt", "a/b/c", "Z", "é"):
        put(area, path, path.encode())
    area.make_folder("empty/one")
    area.make_folder("empty/one")
    found = area.listing()
    assert [entry.path for entry in found.files] == ["Z", "a.txt", "a/b/c", "a/z", "b", "é"]
    assert found.folders == ("a", "a/b", "empty", "empty/one")
    assert found.refused == ()
    assert area.children("") == (("Z", "a.txt", "b", "é"), ("a", "empty"))
    assert area.children("a") == (("z",), ("b",))
    assert area.children("nowhere") == area.children("b") == ((), ())


def test_a_signature_changes_with_the_bytes(area: WorkArea) -> None:
    signatures = {put(area, "f", b"same size %d" % n).signature for n in range(9)}
    assert len(signatures) == 9


def test_what_is_not_there_is_not_found(area: WorkArea) -> None:
    put(area, "a/file", b"x")
    for path in ("b", "a/b", "a/b/c", "a", "a/file/x"):
        assert area.entry(path) is None
        with pytest.raises(NotFound):
            area.open(path)
    for path in ("b", "a/b", "b/c"):
        with pytest.raises(NotFound):
            area.delete(path)


@pytest.mark.parametrize(
    "path", ["", "/", "/a", "a/", "a//b", ".", "a/..", "../d", "a/./b", "a\0b", "\udcff"]
)
def test_a_path_cannot_leave_the_area(area: WorkArea, path: str) -> None:
    for act in (area.open, area.upload, area.delete, area.entry):
        with pytest.raises(BadRequest):
            act(path)
    if path != "":  # the area itself, which is there
        with pytest.raises(BadRequest):
            area.make_folder(path)
    data = CopyIn(path=path, open=lambda: io.BytesIO(b"x"), sha256=sha256(b"x"), size=1)
    assert [type(outcome) for _, outcome in area.copy_in([data])] == [Fault]
    assert area.listing().files == ()


def test_too_long_a_name_is_a_bad_request(area: WorkArea) -> None:
    with pytest.raises(BadRequest):
        put(area, "x" * 256, b"")
    assert paths(area) == []


def test_a_deep_path_works_to_the_end(area: WorkArea) -> None:
    path = "/".join(["d"] * 300)
    put(area, path, b"deep")
    assert paths(area) == [path]
    assert area.read_start(path, 9) == b"deep"
    area.remove()
    assert not area.exists()


# ------------------------------------------------------------------------------------- uploads


def test_an_upload_is_seen_only_when_it_is_finished(area: WorkArea) -> None:
    upload = area.upload("a/b")
    upload.write(b"first ")
    upload.write(memoryview(b"second"))
    assert paths(area) == []
    entry, digest = upload.finish()
    assert digest == sha256(b"first second")
    assert area.listing().files == (entry,)
    upload.abort()
    assert area.read_start("a/b", 99) == b"first second"


def test_an_upload_replaces_as_a_whole(area: WorkArea) -> None:
    put(area, "f", b"old")
    with area.open("f") as old:
        upload = area.upload("f")
        upload.write(b"newer")
        assert area.read_start("f", 9) == b"old"
        upload.finish()
        if area.remote:
            # another object than the one that was opened: not a byte of it is read
            with pytest.raises(OSError, match="replaced"):
                old.stream.read()
        else:
            assert old.stream.read() == b"old"
            assert not old.unchanged()
    assert area.read_start("f", 9) == b"newer"


def test_a_file_is_replaced_only_if_it_is_still_the_same(area: WorkArea) -> None:
    first = put(area, "f", b"first")
    early, late = area.upload("f"), area.upload("f")
    early.write(b"second")
    second, _ = early.finish(replacing=first)
    late.write(b"third")
    with pytest.raises(Conflict) as caught:
        late.finish(replacing=first)
    assert caught.value.problem == "changed-file"
    assert area.read_start("f", 9) == b"second"
    third = area.upload("f")
    third.write(b"third")
    assert third.finish(replacing=second)[0] == area.entry("f")
    area.delete("f")
    gone = area.upload("f")
    gone.write(b"fourth")
    with pytest.raises(Conflict):
        gone.finish(replacing=second)
    assert paths(area) == []


def test_a_look_at_many_files_comes_in_their_order(area: WorkArea) -> None:
    made = [put(area, path, path.encode()) for path in ("b", "a/x", "c")]
    assert list(area.look(["b", "nowhere", "a/x", "a", "c"])) == made


def test_folders_are_made_with_those_above_them(area: WorkArea) -> None:
    put(area, "file", b"x")
    area.make_folders(["a/b/c", "a/d", "a"])
    area.make_folders([])
    assert area.listing().folders == ("a", "a/b", "a/b/c", "a/d")
    area.delete_folder("a/b/c")
    assert area.listing().folders == ("a", "a/b", "a/d")
    with pytest.raises(Conflict):
        area.delete_folder("a")
    with pytest.raises(NotFound):
        area.delete_folder("a/b/c")
    with pytest.raises(Conflict):
        area.make_folders(["file/below"])


def test_an_empty_file_is_a_file(area: WorkArea) -> None:
    assert put(area, "empty", b"").size == 0
    assert paths(area) == ["empty"]


@pytest.mark.parametrize(
    ("expected", "code"),
    [({"sha256": sha256(b"else")}, "digest-mismatch"), ({"size": 4}, "size-mismatch")],
)
def test_a_wrong_upload_leaves_all_as_it_was(
    area: WorkArea, tmp_path: Path, expected: dict[str, str | int], code: str
) -> None:
    put(area, "f", b"old")
    for path in ("f", "new/folder/f"):
        upload = area.upload(path)
        upload.write(b"wrong")
        with pytest.raises(Unprocessable) as caught:
            upload.finish(**expected)  # type: ignore[arg-type]
        assert caught.value.problem == code
        assert caught.value.faults[0].path == path
    assert paths(area) == ["f"]
    assert area.listing().folders == ()
    assert area.read_start("f", 9) == b"old"


def test_upper_case_digests_are_the_same_digests(area: WorkArea) -> None:
    upload = area.upload("f")
    upload.write(b"x")
    assert upload.finish(sha256=sha256(b"x").upper())[1] == sha256(b"x")


def test_an_aborted_upload_leaves_nothing(area: WorkArea) -> None:
    upload = area.upload("a/b")
    upload.write(b"x")
    upload.abort()
    upload.abort()
    assert paths(area) == []


def test_files_and_folders_do_not_replace_each_other(area: WorkArea) -> None:
    put(area, "folder/file", b"x")
    with pytest.raises(Conflict):
        area.upload("folder")
    with pytest.raises(Conflict):
        area.upload("folder/file/below")
    with pytest.raises(Conflict):
        area.make_folder("folder/file")
    with pytest.raises(Conflict):
        area.delete("folder")
    early = area.upload("later")
    early.write(b"x")
    area.make_folder("later")
    with pytest.raises(Conflict):
        early.finish()
    assert paths(area) == ["folder/file"]


def test_delete_removes_one_file(area: WorkArea) -> None:
    put(area, "a/b", b"x")
    put(area, "a/c", b"x")
    area.delete("a/b")
    assert paths(area) == ["a/c"]
    with pytest.raises(NotFound):
        area.delete("a/b")


# ------------------------------------------------------------------------------------- copy in


@pytest.mark.parametrize("size", [0, 1, 1000, 5000, 100_000], ids=str)
def test_copies_are_proved_and_complete(
    area: WorkArea, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(copying, "SMALL", 1 << 10)
    monkeypatch.setattr(copying, "LARGE", 1 << 16)
    monkeypatch.setattr(copyin, "ONE_REQUEST", 1 << 14)
    data = os.urandom(size)
    files = [
        CopyIn(path=f"x/{n}", open=lambda: io.BytesIO(data), sha256=sha256(data), size=size)
        for n in range(3)
    ]
    outcomes = list(area.copy_in(files))
    area.sync()
    assert [path for path, _ in outcomes] == ["x/0", "x/1", "x/2"]
    assert tuple(entry for _, entry in outcomes) == area.listing().files
    for n in range(3):
        assert area.read_start(f"x/{n}", size + 1) == data


@pytest.mark.parametrize("size", [10, 5000, 100_000], ids=str)
def test_wrong_copies_leave_nothing(
    area: WorkArea, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(copying, "SMALL", 1 << 10)
    monkeypatch.setattr(copying, "LARGE", 1 << 16)
    monkeypatch.setattr(copyin, "ONE_REQUEST", 1 << 14)
    data = os.urandom(size)
    put(area, "d", b"old")
    put(area, "folder/x", b"old")

    def one(path: str, digest: str, length: int) -> CopyIn:
        return CopyIn(path=path, open=lambda: io.BytesIO(data), sha256=digest, size=length)

    outcomes = dict(
        area.copy_in(
            [
                one("d", sha256(b"else"), size),
                one("s", sha256(data), size + 1),
                one("folder", sha256(data), size),
                one("good", sha256(data), size),
            ]
        )
    )
    codes = {path: o.code for path, o in outcomes.items() if isinstance(o, Fault)}
    assert codes == {"d": "digest-mismatch", "s": "size-mismatch", "folder": "path-conflict"}
    assert paths(area) == ["d", "folder/x", "good"]
    assert area.read_start("d", 9) == b"old"


def test_a_source_that_fails_is_a_fault(area: WorkArea) -> None:
    class Broken(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def readinto(self, buffer: object) -> int:
            raise OSError(5, "Input/output error")

    broken = CopyIn(path="f", open=Broken, sha256=sha256(b""), size=10)  # type: ignore[arg-type]
    [(path, fault)] = area.copy_in([broken])
    assert path == "f"
    assert isinstance(fault, Fault)
    assert fault.code == "unreadable-file"
    assert paths(area) == []


def test_an_open_file_satisfies_the_protocol(area: WorkArea) -> None:
    put(area, "f", b"0123456789")
    file: OpenFile = area.open("f")
    with file:
        stream = file.stream
        stream.seek(5)
        assert stream.read(2) == b"56"
    assert stream.closed
