"""BagIt bags as deposits: held against their manifests, preserved without their ``data`` level."""

from __future__ import annotations

import unicodedata
from typing import Any

import httpx
import pytest

from support import samples, workflow
from support.workflow import Json, ok

FILES = {
    "objects/a b.txt": b"some text\n",
    "objects/x/#1.txt": b"more text\n",
    "objects/50%.txt": b"half\n",
    "objects/empty": b"",
}
DECLARATION = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"


def manifest(files: dict[str, bytes]) -> bytes:
    return "".join(
        f"{samples.sha256(data)}  {path.replace('%', '%25')}\n" for path, data in files.items()
    ).encode()


def bag(files: dict[str, bytes], **tags: bytes) -> dict[str, bytes]:
    """A whole bag of these payload files, METS among them; ``tags`` replaces tag files."""
    payload = {f"data/{path}": data for path, data in files.items()}
    written = {
        "bagit.txt": DECLARATION,
        "bag-info.txt": b"Source-Organization: Somewhere\n",
        "manifest-sha256.txt": manifest(payload),
    }
    written["tagmanifest-sha256.txt"] = manifest(written)
    named = {f"{name.replace('_', '-')}.txt": text for name, text in tags.items()}
    return {**payload, **written, **named}


def whole() -> dict[str, bytes]:
    return samples.with_mets(FILES)


def refusal(client: httpx.Client, deposit: Json) -> dict[tuple[str, str], Json]:
    """The faults of a diff, which an import shares, by code and path."""
    refused = ok(client.get(f"{deposit['id']}/importjobs/diff"), 422).json()
    assert refused["code"] == "bad-bag"
    posted = ok(workflow.post_diff(client, deposit), 422).json()
    assert posted["errors"] == refused["errors"]
    return {(fault["code"], fault["path"]): fault for fault in refused["errors"]}


def test_a_bag_is_preserved_without_its_data_level(client: httpx.Client, group: str) -> None:
    deposit = workflow.make_filled(client, group, bag(whole()))
    workflow.run_diff(client, deposit)
    workflow.assert_holds(client, group, whole())
    assert workflow.get(client, deposit["id"])["layout"] == "BagIt"


@pytest.mark.contract("16.18")
def test_the_order_of_arrival_does_not_matter(client: httpx.Client, group: str) -> None:
    """Digests of the manifest serve where METS states none, also if the manifest came first."""
    entries = samples.entries(FILES, digests=dict.fromkeys(FILES))
    files = bag({**FILES, "mets.xml": samples.plain_mets(entries)})
    deposit = workflow.make_deposit(client, archivalGroup=group, archivalGroupName="A bag")
    tags = {path: data for path, data in files.items() if not path.startswith("data/")}
    workflow.fill(deposit, tags)
    workflow.fill(deposit, {path: data for path, data in files.items() if path not in tags})
    result = workflow.run_diff(client, deposit)
    digests = {
        workflow.decoded(item["id"], group): item["digest"] for item in result["binariesAdded"]
    }
    assert digests.items() >= {path: samples.sha256(data) for path, data in FILES.items()}.items()


def test_names_that_other_systems_compose_otherwise(client: httpx.Client, group: str) -> None:
    composed, apart = (unicodedata.normalize(form, "objects/é.txt") for form in ("NFC", "NFD"))
    assert composed != apart
    files = samples.with_mets({composed: b"e"})
    listed = {f"data/{path.replace(composed, apart)}": data for path, data in files.items()}
    tags = {"manifest-sha256.txt": manifest(listed)}
    made = {**bag(files), **tags, "tagmanifest-sha256.txt": manifest(tags)}
    workflow.run_diff(client, workflow.make_filled(client, group, made))
    workflow.assert_holds(client, group, files)


def test_every_fault_is_named_at_once(client: httpx.Client, group: str) -> None:
    files = bag(whole())
    files["data/objects/a b.txt"] = b"other text"
    files["data/objects/more.txt"] = b"more"
    del files["data/objects/x/#1.txt"]
    files["bag-info.txt"] = b"Source-Organization: Elsewhere\n"
    files["fetch.txt"] = b"https://example.org/x 3 data/objects/x/#1.txt\n"
    deposit = workflow.make_filled(client, group, files)
    faults = refusal(client, deposit)
    assert set(faults) == {
        ("digest-mismatch", "data/objects/a b.txt"),
        ("digest-mismatch", "bag-info.txt"),
        ("missing-file", "data/objects/x/#1.txt"),
        ("not-in-manifest", "data/objects/more.txt"),
        ("bad-bag", "fetch.txt"),
    }
    mismatch = faults["digest-mismatch", "data/objects/a b.txt"]
    assert mismatch["expected"] == samples.sha256(FILES["objects/a b.txt"])
    assert mismatch["found"] == samples.sha256(b"other text")
    # once mended, it goes through
    root = workflow.fill(deposit, bag(whole()))
    (root / "fetch.txt").unlink()
    (root / "data/objects/more.txt").unlink()
    workflow.run_diff(client, deposit)
    workflow.assert_holds(client, group, whole())


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"bagit": b"BagIt-Version: one\n"}, ("bad-bag", "bagit.txt")),
        (
            {"bagit": b"BagIt-Version: 0.97\nTag-File-Character-Encoding: UTF-16\n"},
            ("bad-bag", "bagit.txt"),
        ),
        (
            {"tagmanifest_sha256": f"{'0' * 64}  notes.txt\n".encode()},
            ("missing-file", "notes.txt"),
        ),
        (
            {"manifest_sha256": f"{'0' * 64}  ../../etc/passwd\n".encode()},
            ("not-in-manifest", "data/mets.xml"),
        ),
    ],
)
def test_tag_files_that_are_wrong(
    client: httpx.Client, group: str, tags: dict[str, bytes], expected: tuple[str, str]
) -> None:
    deposit = workflow.make_filled(client, group, bag(whole(), **tags))
    faults = refusal(client, deposit)
    assert expected in faults
    assert not [path for _, path in faults if ".." in path]


def test_a_job_written_out_needs_a_sound_bag_too(client: httpx.Client, group: str) -> None:
    deposit = workflow.make_filled(client, group, bag(whole()))
    job = workflow.get_diff(client, deposit)
    workflow.fill(deposit, {"data/objects/more.txt": b"more"})
    refused = ok(workflow.post_job(client, deposit, job), 422).json()
    assert [fault["path"] for fault in refused["errors"]] == ["data/objects/more.txt"]


def test_a_deposit_in_the_layout_of_a_bag_need_not_be_one(client: httpx.Client, group: str) -> None:
    files = {f"data/{path}": data for path, data in whole().items()}
    workflow.run_diff(client, workflow.make_filled(client, group, files))
    workflow.assert_holds(client, group, whole())


def managed(client: httpx.Client, group: str) -> tuple[Json, Any]:
    """A deposit of our own in the layout of a bag, bagged by a run of tools; and where it lies."""
    deposit = workflow.make_deposit(
        client, archivalGroup=group, archivalGroupName="A bag", template="BagIt"
    )
    root = workflow.fill(deposit, {f"data/{path}": data for path, data in FILES.items()})
    run = ok(client.post(f"{deposit['id']}/pipeline"), 204).headers["Location"]
    assert workflow.wait_for(client, run, "completed")["errors"] is None
    return deposit, root


def test_tools_bag_a_deposit_anew(client: httpx.Client, group: str) -> None:
    deposit, root = managed(client, group)
    present = {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file()
    }
    payload = {path: data for path, data in present.items() if path.startswith("data/")}
    assert present["manifest-sha256.txt"] == manifest(dict(sorted(payload.items())))
    size = sum(map(len, payload.values()))
    assert f"Payload-Oxum: {size}.{len(payload)}\n" in present["bag-info.txt"].decode()
    workflow.run_diff(client, deposit)
    workflow.assert_holds(client, group, {p[len("data/") :]: d for p, d in payload.items()})


def test_what_bag_info_said_before_stays(client: httpx.Client, group: str) -> None:
    files = bag(whole())
    files["bag-info.txt"] = (
        b"Source-Organization: Somewhere\nExternal-Description: One\n  and two\n"
        b"Payload-Oxum: 1.1\nBagging-Date: 1999-01-01\nContact-Name: Ann\n"
    )
    files["tagmanifest-sha256.txt"] = manifest(
        {path: data for path, data in files.items() if "/" not in path and "tagm" not in path}
    )
    deposit = workflow.make_filled(client, group, files)
    root = workflow.local(deposit["files"])
    run = ok(client.post(f"{deposit['id']}/pipeline"), 204).headers["Location"]
    workflow.wait_for(client, run, "completed")
    lines = (root / "bag-info.txt").read_text().splitlines()
    assert lines[:4] == [
        "Source-Organization: Somewhere",
        "External-Description: One",
        "  and two",
        "Contact-Name: Ann",
    ]
    labels = [line.partition(":")[0] for line in lines[4:]]
    assert labels == ["Bagging-Date", "Payload-Oxum", "Bag-Software-Agent"]


def test_manifests_of_other_algorithms_are_not_made_untrue(
    client: httpx.Client, group: str
) -> None:
    files = {**bag(whole()), "manifest-sha512.txt": b"0" * 128 + b"  data/objects/empty\n"}
    deposit = workflow.make_filled(client, group, files)
    root = workflow.local(deposit["files"])
    run = ok(client.post(f"{deposit['id']}/pipeline"), 204).headers["Location"]
    ended = workflow.wait_for(client, run, "completed")
    assert any("manifest-sha512.txt" in warning["message"] for warning in ended["warnings"])
    assert (root / "manifest-sha256.txt").read_bytes() == files["manifest-sha256.txt"]


def test_a_managed_bag_goes_on_changing(client: httpx.Client, group: str) -> None:
    """What METS says of a file is the newer word; what nobody explains is a fault."""
    deposit, root = managed(client, group)
    workflow.fill(deposit, {"data/objects/new.txt": b"new", "data/objects/a b.txt": b"changed"})
    (root / "data/objects/50%.txt").unlink()
    assert set(refusal(client, deposit)) == {
        ("digest-mismatch", "data/objects/a b.txt"),
        ("missing-file", "data/objects/50%.txt"),
        ("not-in-manifest", "data/objects/new.txt"),
    }
    etag = workflow.get(client, deposit["id"])["metsETag"]
    ok(
        client.post(
            f"{deposit['id']}/mets",
            json=["objects/new.txt", "objects/a b.txt"],
            headers={"If-Match": etag},
        )
    )
    assert set(refusal(client, deposit)) == {("missing-file", "data/objects/50%.txt")}
    etag = workflow.get(client, deposit["id"])["metsETag"]
    selection = {
        "deleteFromMets": True,
        "items": [{"path": "objects/50%.txt", "isDir": False, "where": "Mets"}],
    }
    ok(client.post(f"{deposit['id']}/mets/delete", json=selection, headers={"If-Match": etag}))
    workflow.run_diff(client, deposit)
    loaded = workflow.load(client, group)
    found = workflow.binaries(loaded)
    assert found["objects/a b.txt"]["digest"] == samples.sha256(b"changed")
    assert "objects/50%.txt" not in found
