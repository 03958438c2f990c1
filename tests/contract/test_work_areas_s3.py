"""What areas in a bucket do that folders do not: marks, metadata, checksums, ETags, many keys."""

from __future__ import annotations

import hashlib
import io
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import BinaryIO

import pytest

from strongroom.errors import Conflict, Fault, StrongroomError, Unprocessable
from strongroom.storage.protocols import CopyIn, FileEntry
from strongroom.storage.s3 import arriving, connection, copyin, reading, survey
from strongroom.storage.s3 import source as source_module
from strongroom.storage.s3.bucket import Bucket, Found, Listed
from strongroom.storage.s3.location import Location
from strongroom.storage.s3.store import S3Store
from strongroom.storage.s3.workarea import S3WorkArea
from strongroom.storage.s3.workareas import S3WorkAreas
from support import wire
from support.s3_server import S3Server

PREFIX = "work/deposits/d2345/"


@pytest.fixture
def areas(bucket: Bucket) -> S3WorkAreas:
    return S3WorkAreas(bucket, Location(bucket=bucket.name, prefix="work/deposits/"))


@pytest.fixture
def area(areas: S3WorkAreas) -> S3WorkArea:
    made = areas.area("d2345")
    made.create()
    return made


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def put(area: S3WorkArea, path: str, data: bytes) -> FileEntry:
    upload = area.upload(path)
    upload.write(data)
    return upload.finish(sha256=sha256(data))[0]


# ------------------------------------------------------------------------------ as clients see it


def test_marks_are_those_that_clients_know(area: S3WorkArea, bucket: Bucket, s3: S3Server) -> None:
    area.make_folder("metadata/ad-hoc")
    area.make_folders(["An é folder/x"])
    assert area.uri == f"s3://{bucket.name}/{PREFIX}"
    assert s3.keys(bucket.name) == [
        PREFIX,
        f"{PREFIX}An é folder/",
        f"{PREFIX}An é folder/x/",
        f"{PREFIX}metadata/",
        f"{PREFIX}metadata/ad-hoc/",
    ]
    head = s3.client.head_object(Bucket=bucket.name, Key=f"{PREFIX}An é folder/")
    assert head["ContentLength"] == 0
    assert head["Metadata"] == {"original-name": "An+%C3%A9+folder"}


def test_names_and_types_of_clients_are_told(
    area: S3WorkArea, bucket: Bucket, s3: S3Server
) -> None:
    s3.put(
        bucket.name,
        PREFIX + "objects/scan.tif",
        b"tiff",
        ContentType="image/tiff",
        Metadata={"Original-Name": "The+Scan+%C3%A9.tif"},
    )
    entry = area.entry("objects/scan.tif")
    assert entry is not None
    assert (entry.content_type, entry.name) == ("image/tiff", "The Scan é.tif")
    assert area.listing().files == (entry,)
    upload = area.upload("objects/b", content_type="text/plain", name="B & é")
    upload.write(b"b")
    upload.finish()
    [seen] = area.look(["objects/b"])
    assert (seen.content_type, seen.name) == ("text/plain", "B & é")


@pytest.mark.contract("17.25")
def test_only_checksums_of_all_bytes_are_taken_for_digests(
    area: S3WorkArea, bucket: Bucket, s3: S3Server
) -> None:
    data = os.urandom(6 << 20)
    client, name = s3.client, bucket.name
    s3.put(name, PREFIX + "whole", b"abc", ChecksumAlgorithm="SHA256")
    s3.put(name, PREFIX + "other", b"abc", ChecksumAlgorithm="CRC32")
    made = client.create_multipart_upload(
        Bucket=name, Key=PREFIX + "parts", ChecksumAlgorithm="SHA256"
    )
    parts = []
    for number, chunk in enumerate((data[: 5 << 20], data[5 << 20 :]), 1):
        answer = client.upload_part(
            Bucket=name,
            Key=PREFIX + "parts",
            UploadId=made["UploadId"],
            PartNumber=number,
            Body=chunk,
            ChecksumAlgorithm="SHA256",
        )
        parts.append(
            {
                "PartNumber": number,
                "ETag": answer["ETag"],
                "ChecksumSHA256": answer["ChecksumSHA256"],
            }
        )
    client.complete_multipart_upload(
        Bucket=name,
        Key=PREFIX + "parts",
        UploadId=made["UploadId"],
        MultipartUpload={"Parts": parts},
    )
    assert client.head_object(Bucket=name, Key=PREFIX + "parts", ChecksumMode="ENABLED")[
        "ChecksumSHA256"
    ]
    entries = {entry.path: entry for entry in area.look(["whole", "other", "parts"])}
    assert entries["whole"].sha256 == sha256(b"abc")
    assert entries["other"].sha256 is None
    assert entries["parts"].sha256 is None
    assert entries["parts"].size == len(data)
    listed = {entry.path: entry.vouched for entry in area.listing().files}
    assert listed == {"whole": True, "other": False, "parts": False}


def test_the_etag_is_the_one_of_the_store(area: S3WorkArea, bucket: Bucket, s3: S3Server) -> None:
    etag = s3.put(bucket.name, PREFIX + "mets.xml", b"<mets/>")
    entry = area.entry("mets.xml")
    assert entry is not None
    assert entry.etag == etag
    assert area.listing().files[0].etag == etag
    mine = put(area, "mets.xml", b"<mets>2</mets>")
    assert mine.etag == s3.client.head_object(Bucket=bucket.name, Key=PREFIX + "mets.xml").get(
        "ETag"
    )


# ---------------------------------------------------------------------------------------- listings


def test_thousands_of_keys_are_listed(
    area: S3WorkArea, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = sorted(
        [f"objects/{n:04}" for n in range(1100)]
        + [f"metadata/{m}/{n}" for m in range(3) for n in range(40)]
        + [f"deep/a/b/c/{n}/x" for n in range(20)]
        + [f"wide/{n}/x" for n in range(survey._MANY + 30)]
        + ["top"]
    )
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda path: bucket.put(PREFIX + path, b"x"), wanted))
    asked: list[str] = []
    page = Bucket.page

    def counted(self: Bucket, prefix: str, **how: object) -> object:
        asked.append(prefix)
        return page(self, prefix, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(Bucket, "page", counted)
    found = area.listing()
    assert [entry.path for entry in found.files] == wanted
    assert found.refused == ()
    assert "deep/a/b/c/7" in found.folders
    assert len(asked) < 20, asked
    assert PREFIX + "objects/" in asked and PREFIX + "metadata/0/" in asked
    assert area.children("objects")[0] == tuple(f"{n:04}" for n in range(1100))
    area.remove()
    assert not area.exists()


def listed(*keys: str, size: int = 1) -> Iterator[Listed]:
    for key in keys:
        yield Listed(
            key=PREFIX + key,
            size=0 if key.endswith("/") else size,
            etag='"e"',
            modified=datetime(2026, 1, 2, tzinfo=UTC),
        )


@pytest.mark.parametrize(
    "key", ["a//b", "/a", "a//", "./a", "a/../b", "..", "a\0b", "not\ufffdutf8", "a/./"]
)
def test_keys_that_lead_elsewhere_are_refused_by_name(key: str) -> None:
    found = survey.as_listing(PREFIX, listed("", key, "good/file"))
    assert [entry.path for entry in found.files] == ["good/file"]
    assert found.folders == ("good",)
    [fault] = found.refused
    assert fault.code == "bad-name"
    assert fault.path == key[:-1] if key.endswith("/") else key


def test_a_key_that_is_file_and_folder_is_refused_by_name() -> None:
    found = survey.as_listing(PREFIX, listed("f", "f/x", "g", "g/"))
    assert [entry.path for entry in found.files] == ["f/x"]
    assert found.folders == ("f", "g")
    assert [(fault.code, fault.path) for fault in found.refused] == [
        ("path-conflict", "f"),
        ("path-conflict", "g"),
    ]


def test_bytes_below_a_slash_are_not_passed_over() -> None:
    [odd] = [
        Listed(key=PREFIX + "a/", size=3, etag='"e"', modified=datetime(2026, 1, 2, tzinfo=UTC))
    ]
    found = survey.as_listing(PREFIX, [odd])
    assert found.files == ()
    assert [(fault.code, fault.path) for fault in found.refused] == [("bad-name", "a/")]


def test_over_long_keys_are_refused() -> None:
    found = survey.as_listing(PREFIX, listed("x/" * 600 + "y"))
    assert [fault.code for fault in found.refused] == ["path-too-long"]


# ----------------------------------------------------------------------------------------- uploads


def test_racing_uploads_leave_one_whole_file(area: S3WorkArea) -> None:
    bodies = [bytes([n]) * (200_000 + n) for n in range(8)]

    def one(data: bytes) -> FileEntry:
        return put(area, "objects/f", data)

    with ThreadPoolExecutor(8) as pool:
        entries = list(pool.map(one, bodies))
    with area.open("objects/f") as file:
        found = file.stream.read()
    assert found in bodies
    assert entries[bodies.index(found)] == area.entry("objects/f")


def test_of_racing_replacements_one_wins(area: S3WorkArea) -> None:
    first = put(area, "mets.xml", b"0")

    def one(number: int) -> bytes | None:
        upload = area.upload("mets.xml")
        upload.write(b"edit %d" % number)
        try:
            upload.finish(replacing=first)
        except Conflict as error:
            assert error.problem == "changed-file"
            return None
        return b"edit %d" % number

    with ThreadPoolExecutor(8) as pool:
        won = [body for body in pool.map(one, range(8)) if body is not None]
    assert len(won) == 1
    assert area.read_start("mets.xml", 99) == won[0]


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts from the least size on that stores accept."""
    for module in (arriving, copyin):
        monkeypatch.setattr(module, "ONE_REQUEST", 1 << 20)


@pytest.mark.usefixtures("small_parts")
def test_large_uploads_go_in_parts_and_are_seen_at_the_end(
    area: S3WorkArea, bucket: Bucket, s3: S3Server
) -> None:
    data = os.urandom((9 << 20) + 7)
    upload = area.upload("objects/big", size=len(data), content_type="image/tiff", name="Big")
    for start in range(0, len(data), 1 << 20):
        upload.write(memoryview(data)[start : start + (1 << 20)])
    assert s3.uploads(bucket.name) == [PREFIX + "objects/big"]
    assert area.listing().files == ()
    with pytest.raises(Unprocessable):
        upload.finish(sha256=sha256(b"else"))
    assert area.listing().files == ()
    assert s3.uploads(bucket.name) == []
    again = area.upload("objects/big", size=len(data), content_type="image/tiff", name="Big")
    again.write(data)
    entry, digest = again.finish(sha256=sha256(data), size=len(data))
    assert digest == sha256(data)
    assert area.listing().files == (entry,)
    with area.open("objects/big") as file:
        assert file.stream.read() == data
        assert (file.entry.content_type, file.entry.name) == ("image/tiff", "Big")
        assert file.entry.sha256 is None
    third = area.upload("objects/big", size=len(data))
    third.write(data)
    put(area, "objects/big", b"somebody else's")
    with pytest.raises(Conflict):
        third.finish(replacing=entry)
    assert area.read_start("objects/big", 99) == b"somebody else's"
    assert s3.uploads(bucket.name) == []


@pytest.mark.usefixtures("small_parts")
def test_abandoned_uploads_are_swept_by_their_age(
    areas: S3WorkAreas, area: S3WorkArea, bucket: Bucket, s3: S3Server
) -> None:
    upload = area.upload("big", size=2 << 20)
    upload.write(bytes(2 << 20))
    s3.client.create_multipart_upload(Bucket=bucket.name, Key="elsewhere/big")
    assert areas.sweep(3600) == 0
    assert areas.sweep(-5) == 1
    assert s3.uploads(bucket.name) == ["elsewhere/big"]
    with pytest.raises((StrongroomError, FileNotFoundError)):
        upload.finish()
    assert area.listing().files == ()


@pytest.mark.usefixtures("small_parts")
def test_a_removal_takes_uploads_along(area: S3WorkArea, bucket: Bucket, s3: S3Server) -> None:
    upload = area.upload("big", size=2 << 20)
    upload.write(bytes(2 << 20))
    area.remove()
    assert s3.uploads(bucket.name) == []
    assert s3.keys(bucket.name) == []
    upload.abort()


# ----------------------------------------------------------------------------------------- copies


def unread() -> BinaryIO:
    raise AssertionError("these bytes are not to go through the server")


def source(bucket: Bucket, server: S3Server, name: str, data: bytes) -> S3Store:
    server.put(bucket.name, f"ocfl/{name}", data)
    return S3Store(bucket, Location(bucket=bucket.name, prefix="ocfl/"))


def test_what_lies_in_the_same_store_is_copied_by_it(
    area: S3WorkArea, bucket: Bucket, s3: S3Server
) -> None:
    store = source(bucket, s3, "c", b"content")
    [(_, entry)] = area.copy_in(
        [
            CopyIn(
                path="objects/c",
                open=unread,
                sha256=sha256(b"content"),
                size=7,
                store=store,
                place="c",
                content_type="image/png",
                name="Ç",
            )
        ]
    )
    assert isinstance(entry, FileEntry)
    assert area.listing().files == (entry,)
    [seen] = area.look(["objects/c"])
    assert (seen.content_type, seen.name, seen.sha256) == ("image/png", "Ç", sha256(b"content"))


@pytest.mark.contract("17.12")
@pytest.mark.usefixtures("small_parts")
def test_what_is_too_large_for_one_copy_is_sent_in_parts(
    area: S3WorkArea, bucket: Bucket, s3: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copyin, "LARGEST_COPY", 2 << 20)
    data = os.urandom((11 << 20) + 3)
    store = source(bucket, s3, "large", data)
    with wire.spoiled(lambda number, request, send: send()) as count:
        outcomes = dict(
            area.copy_in(
                CopyIn(
                    path=path,
                    open=lambda: io.BytesIO(data),
                    sha256=digest,
                    size=len(data),
                    store=store,
                    place="large",
                )
                for path, digest in (("right", sha256(data)), ("wrong", sha256(b"else")))
            )
        )
    parts = [line for line in count.requests if "partNumber" in line and "/right" in line]
    assert len(parts) > 1
    assert isinstance(outcomes["right"], FileEntry)
    wrong = outcomes["wrong"]
    assert isinstance(wrong, Fault)
    assert wrong.code == "digest-mismatch"
    assert [entry.path for entry in area.listing().files] == ["right"]
    assert s3.get(bucket.name, PREFIX + "right") == data
    assert s3.uploads(bucket.name) == []


def test_a_wrong_copy_by_the_store_leaves_nothing(
    area: S3WorkArea, bucket: Bucket, s3: S3Server
) -> None:
    store = source(bucket, s3, "c", b"damaged")
    put(area, "there", b"old")
    files = [
        CopyIn(path=path, open=opened, sha256=sha256(b"content"), size=7, store=store, place="c")
        for path, opened in (("new", unread), ("there", lambda: io.BytesIO(b"damaged")))
    ]
    outcomes = dict(area.copy_in(files))
    codes = [o.code for o in outcomes.values() if isinstance(o, Fault)]
    assert codes == ["digest-mismatch", "digest-mismatch"]
    assert [entry.path for entry in area.listing().files] == ["there"]
    assert area.read_start("there", 9) == b"old"


def test_without_a_checksum_a_copy_is_hashed(
    area: S3WorkArea, bucket: Bucket, s3: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = source(bucket, s3, "c", b"content")
    monkeypatch.setattr("strongroom.storage.s3.bucket.full_sha256", lambda _: None)
    for expected, kind in ((sha256(b"content"), FileEntry), (sha256(b"else"), Fault)):
        [(_, outcome)] = area.copy_in(
            [CopyIn(path=expected, open=unread, sha256=expected, size=7, store=store, place="c")]
        )
        assert isinstance(outcome, kind)
    assert [entry.path for entry in area.listing().files] == [sha256(b"content")]


@pytest.mark.usefixtures("small_parts")
def test_many_copies_come_in_their_order(area: S3WorkArea, bucket: Bucket) -> None:
    sizes = [0, 10, 3 << 20, 1 << 20, (1 << 20) + 1] * 30
    bodies = {f"d{n % 7}/{n:03}": os.urandom(size) for n, size in enumerate(sizes)}

    def opened(path: str) -> BinaryIO:
        return io.BytesIO(bodies[path])

    files = (
        CopyIn(
            path=path,
            open=lambda path=path: opened(path),  # type: ignore[misc]
            sha256=sha256(data),
            size=len(data),
        )
        for path, data in bodies.items()
    )
    outcomes = list(area.copy_in(files))
    assert [path for path, _ in outcomes] == list(bodies)
    assert sorted(e.path for _, e in outcomes if isinstance(e, FileEntry)) == sorted(bodies)
    assert {e.path: e for _, e in outcomes if isinstance(e, FileEntry)} == {
        entry.path: entry for entry in area.listing().files
    }


def test_free_bytes_names_no_limit(area: S3WorkArea) -> None:
    assert area.free_bytes() >= 1 << 60


def test_a_found_object_is_an_entry_with_all_that_is_known() -> None:
    found = Found(
        key="k",
        size=3,
        etag='"e"',
        modified=datetime(2026, 1, 2, tzinfo=UTC),
        sha256="ab",
        content_type="",
    )
    entry = arriving.stored("p", 3, '"e"', "ab", None, None)
    assert survey.entry_of("p", found) == entry
    assert survey.entry_of("p", found).vouched is True


@pytest.mark.usefixtures("small_parts")
def test_a_large_file_is_read_from_any_place(
    area: S3WorkArea, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source_module, "LARGE", 1 << 20)
    monkeypatch.setattr(reading, "PART", 1 << 18)
    data = os.urandom((3 << 20) + 11)
    first = put(area, "big", data)
    with area.open("big") as file:
        stream = file.stream
        assert isinstance(stream, reading.AheadFile)
        assert stream.read(10) == data[:10]
        assert stream.seek(0) == 0
        assert stream.read() == data
        assert stream.seek(-11, os.SEEK_END) == 3 << 20
        assert stream.read(100) == data[-11:]
        assert stream.seek(12345) == stream.tell() == 12345
        assert stream.read(7) == data[12345:12352]
        put(area, "big", b"x" * len(data))
        with pytest.raises(OSError, match="replaced"):
            stream.read()
    assert first.sha256 == sha256(data)


@pytest.mark.parametrize(
    "text", ["2026-11-26T14:47:33.123Z", "2026-11-26T14:47:33Z", "Thu, 26 Nov 2026 14:47:33 GMT"]
)
def test_moments_are_read_as_stores_write_them(text: str) -> None:
    found = connection._moment(text)
    assert found.replace(microsecond=0) == datetime(2026, 11, 26, 14, 47, 33, tzinfo=UTC)
    assert found.utcoffset() == timedelta(0)


def test_the_clock_of_the_store_is_read(area: S3WorkArea) -> None:
    put(area, "f", b"x")
    listed, looked = area.listing().files[0], area.entry("f")
    assert looked is not None
    assert abs(listed.changed_ns - looked.changed_ns) <= 10**9
    assert abs(listed.changed_ns / 1e9 - time.time()) < 3600
