"""Files in which METS says a virus was found are named by the diff, and imported only by name."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from support import samples, workflow
from support.workflow import ok

SIGNATURE = "Win.Test.EICAR_HDB-1"
FILES = {"objects/a.exe": b"not really", "objects/b.txt": b"clean"}


def virus_event(outcome: str, signature: str) -> str:
    return (
        '<mets:digiprovMD ID="digiprovMD_ClamAV_f0"><mets:mdWrap MDTYPE="PREMIS:EVENT">'
        "<mets:xmlData><premis:event><premis:eventType>virus check</premis:eventType>"
        "<premis:eventDateTime>2026-01-20T10:00:00Z</premis:eventDateTime>"
        "<premis:eventDetailInformation><premis:eventDetail>program=&quot;ClamAV&quot;"
        "</premis:eventDetail></premis:eventDetailInformation><premis:eventOutcomeInformation>"
        f"<premis:eventOutcome>{outcome}</premis:eventOutcome><premis:eventOutcomeDetail>"
        f"<premis:eventOutcomeDetailNote>{signature}</premis:eventOutcomeDetailNote>"
        "</premis:eventOutcomeDetail></premis:eventOutcomeInformation></premis:event>"
        "</mets:xmlData></mets:mdWrap></mets:digiprovMD>"
    )


def with_virus(files: dict[str, bytes]) -> dict[str, bytes]:
    """The files, and METS that says of the first that it holds a virus."""
    whole = samples.with_mets(files)
    mets = whole["mets.xml"].decode()
    assert '<mets:amdSec ID="adm-f0">' in mets
    head, _, tail = mets.partition("</mets:techMD></mets:amdSec>")
    event = virus_event("Fail", SIGNATURE)
    whole["mets.xml"] = f"{head}</mets:techMD>{event}</mets:amdSec>{tail}".encode()
    return whole


@pytest.fixture
def infected(client: httpx.Client, group: str) -> dict[str, Any]:
    return workflow.make_filled(client, group, with_virus(FILES))


def test_a_diff_names_infected_files_and_is_made(
    client: httpx.Client, infected: dict[str, Any]
) -> None:
    diff = workflow.get_diff(client, infected)
    assert diff["infected"] == [{"path": "objects/a.exe", "signature": SIGNATURE, "source": "METS"}]
    assert len(diff["binariesToAdd"]) == 3


def test_an_import_of_them_is_refused(client: httpx.Client, infected: dict[str, Any]) -> None:
    refused = ok(workflow.post_diff(client, infected), 422).json()
    assert refused["code"] == "infected-file"
    (fault,) = refused["errors"]
    assert (fault["path"], fault["found"]) == ("objects/a.exe", SIGNATURE)
    assert "allowInfected" in refused["detail"]
    assert workflow.get(client, f"{infected['id']}/importjobs/results") == []


@pytest.mark.parametrize("by_reference", [True, False])
def test_they_are_taken_by_name_and_the_result_says_so(
    client: httpx.Client, infected: dict[str, Any], group: str, by_reference: bool
) -> None:
    job = workflow.get_diff(client, infected)
    if by_reference:
        job = {"id": f"{infected['id']}/importjobs/diff"}
    ok(workflow.post_job(client, infected, {**job, "allowInfected": ["objects/b.txt"]}), 422)
    job["allowInfected"] = ["objects/a.exe"]
    posted = ok(workflow.post_job(client, infected, job), 201).json()
    expected = [{"path": "objects/a.exe", "signature": SIGNATURE, "source": "METS"}]
    assert posted["infectedAllowed"] == expected
    result = workflow.wait(client, posted)
    assert (result["status"], result["infectedAllowed"]) == ("completed", expected)
    workflow.assert_holds(client, group, with_virus(FILES))


def test_what_is_preserved_already_does_not_block(
    client: httpx.Client, infected: dict[str, Any], group: str
) -> None:
    job = {"id": f"{infected['id']}/importjobs/diff", "allowInfected": ["objects/a.exe"]}
    workflow.run_job(client, infected, job)
    deposit = workflow.export(client, group)
    more = {**FILES, "objects/c.txt": b"more"}
    workflow.fill(deposit, with_virus(more))
    diff = workflow.get_diff(client, deposit)
    assert "infected" not in diff
    result = workflow.run_diff(client, deposit)
    assert "infectedAllowed" not in result
    workflow.assert_holds(client, group, with_virus(more), "v2")


LOG = "metadata/brunnhilde/logs/viruscheck-log.txt"
SUMMARY = "\n----------- SCAN SUMMARY -----------\nScanned files: 2\nInfected files: 1\n"


@pytest.mark.parametrize("root", ["", "data/"])
def test_the_log_of_a_scanner_is_enough(client: httpx.Client, group: str, root: str) -> None:
    """Also where METS is of another program, and the scanner ran somewhere else."""
    log = f"/home/ann/work/objects/a.exe: {SIGNATURE} FOUND\n{SUMMARY}".encode()
    files = samples.with_mets({**FILES, LOG: log})
    deposit = workflow.make_filled(
        client, group, {root + path: data for path, data in files.items()}
    )
    expected = [{"path": "objects/a.exe", "signature": SIGNATURE, "source": "ClamAv"}]
    assert workflow.get_diff(client, deposit)["infected"] == expected
    assert ok(workflow.post_diff(client, deposit), 422).json()["code"] == "infected-file"
    job = {"id": f"{deposit['id']}/importjobs/diff", "allowInfected": [f"{root}objects/a.exe"]}
    assert workflow.run_job(client, deposit, job)["infectedAllowed"] == expected
    workflow.assert_holds(client, group, files)


def test_a_renamed_file_is_known_by_where_it_lies(
    client: httpx.Client, infected: dict[str, Any], group: str
) -> None:
    data = FILES["objects/a.exe"]
    item = workflow.binary(group, infected, "objects/a.exe", data)
    item["id"] = workflow.member(group, "objects/harmless.txt")
    job = workflow.hand_written(
        infected, group, binariesToAdd=[item], containersToAdd=[{"id": f"{group}/objects"}]
    )
    refused = ok(workflow.post_job(client, infected, job), 422).json()
    assert refused["errors"][0]["path"] == "objects/harmless.txt"
