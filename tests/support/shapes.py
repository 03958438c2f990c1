"""The exact properties of each JSON shape, as the contract lists them, and checks against them.

``?`` marks a property that is left out when it is null.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

TAIL = "created createdBy lastModified lastModifiedBy"

SHAPES = {
    "Container": (
        f"id type name? otherNames? partOf? origin? containers containerPager? binaries {TAIL}"
    ),
    "Binary": f"id type name? otherNames? partOf? origin? contentType size digest content {TAIL}",
    "ArchivalGroup": (
        "id type version name? otherNames? versions partOf? storageMap origin? containers "
        f"containerPager? binaries {TAIL}"
    ),
    "ObjectVersion": "mementoTimestamp mementoDateTime ocflVersion",
    "StorageMap": (
        "version storageType root objectPath files hashes headVersion archivalGroup allVersions"
    ),
    "Deposit": (
        "id type archivalGroup archivalGroupExists files status submissionText archivalGroupName "
        "active preserved preservedBy versionPreserved exported exportedBy versionExported "
        f"template {TAIL} metsETag lockedBy lockDate archived"
    ),
    "DepositQueryPage": "deposits page pageSize total",
    "ImportJob": (
        f"id type originalId deposit? {TAIL} archivalGroup archivalGroupName isUpdate source "
        "sourceVersion containersToAdd binariesToAdd containersToDelete binariesToDelete "
        "binariesToPatch containersToRename binariesToRename"
    ),
    "ImportJobResult": (
        f"id type importJob originalImportJob? deposit? {TAIL} archivalGroup status dateBegun "
        "dateFinished sourceVersion newVersion errors containersAdded binariesAdded "
        "containersDeleted binariesDeleted binariesPatched binariesRenamed containersRenamed"
    ),
    "Activity": "type summary? object startTime? endTime",
    "OrderedCollection": "@context? id type partOf? totalItems? first? last?",
    "OrderedCollectionPage": "@context? id type startIndex? partOf? prev? next? orderedItems?",
}

#: what this server adds beside the contract
ADDED = {
    "Deposit": {"layout", "exportResult"},
    "ImportJobResult": {"progress"},
}

JOB_LISTS = (
    "containersToAdd",
    "binariesToAdd",
    "containersToDelete",
    "binariesToDelete",
    "binariesToPatch",
    "containersToRename",
    "binariesToRename",
)
RESULT_LISTS = (
    "containersAdded",
    "binariesAdded",
    "containersDeleted",
    "binariesDeleted",
    "binariesPatched",
    "binariesRenamed",
    "containersRenamed",
)

UTC_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?Z")
MEMENTO_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
DIGEST = re.compile(r"[0-9a-f]{64}")
MINTED = re.compile(r"[abcdefghjkmnpqrstuvwxyz][23456789abcdefghjkmnpqrstuvwxyz]{11}")


def assert_shape(kind: str, value: Mapping[str, Any]) -> None:
    """No property missing, none unknown, none null that should have been left out."""
    words = SHAPES[kind].split()
    required = {word for word in words if not word.endswith("?")}
    optional = {word[:-1] for word in words if word.endswith("?")}
    found = set(value)
    assert not required - found, f"{kind} lacks {sorted(required - found)}: {value}"
    unknown = found - required - optional - ADDED.get(kind, set())
    assert not unknown, f"{kind} has unknown properties {sorted(unknown)}"
    nulls = {name for name in optional & found if value[name] is None}
    assert not nulls, f"{kind}: {sorted(nulls)} should be left out, not null"


def assert_tree(value: Mapping[str, Any], *, top: bool = True) -> None:
    """A Container or Archival Group and everything below it has its shape and is sorted by id."""
    if top and value["type"] == "ArchivalGroup":
        assert_shape("ArchivalGroup", value)
    else:
        assert_shape("Container", value)
    for child in value["containers"]:
        assert child["type"] in ("Container", "ArchivalGroup"), child
        assert "partOf" not in child, f"a nested child carries partOf: {child['id']}"
        assert_tree(child, top=False)
    for child in value["binaries"]:
        assert_shape("Binary", child)
        assert child["type"] == "Binary"
        assert "partOf" not in child, f"a nested child carries partOf: {child['id']}"
    for kind in ("containers", "binaries"):
        ids = [child["id"] for child in value[kind]]
        assert ids == sorted(ids), f"{kind} of {value['id']} are not sorted by id"


def assert_problem(
    answer: Any, status: int | tuple[int, ...], *words: str, errors: set[str] | None = None
) -> dict[str, Any]:
    """The answer is a problem document of this status whose detail holds ``words``.

    ``errors`` are texts each of which some entry of ``errors`` must name, path or message.
    """
    allowed = (status,) if isinstance(status, int) else status
    found = answer.status_code
    assert found in allowed, f"expected {allowed}, got {found}: {answer.text[:2000]}"
    media = answer.headers["content-type"]
    assert media.startswith("application/problem+json"), media
    body: dict[str, Any] = answer.json()
    assert body["title"] == f"Status {found}", body
    assert body["status"] == found, body
    assert isinstance(body["detail"], str), body
    assert body["detail"], body
    assert "Traceback" not in answer.text
    for word in words:
        assert word in body["detail"], f"{word!r} is not in {body['detail']!r}"
    if errors is not None:
        told = [f"{fault.get('path') or ''} {fault['message']}" for fault in body["errors"]]
        missing = {path for path in errors if not any(path in line for line in told)}
        assert not missing, f"not named: {sorted(missing)} in {told}"
    return body


def assert_empty(job: Mapping[str, Any]) -> None:
    """All seven lists of a job are there, and empty."""
    listed = {name: [item["id"] for item in job[name]] for name in JOB_LISTS if job[name]}
    assert not listed, f"the difference is not empty: {listed}"
    assert all(job[name] == [] for name in JOB_LISTS)
