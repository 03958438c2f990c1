"""Random sequences of jobs against a plain dictionary: every version always reads as it was made.

``STRONGROOM_MODEL_EXAMPLES`` and ``STRONGROOM_MODEL_STEPS`` ask for more than the few of a usual
run.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support import ocfl_check, samples, workflow
from support.server import Server
from support.shapes import JOB_LISTS, assert_empty
from support.workflow import (
    Json,
    binaries,
    containers,
    export,
    fill,
    get_diff,
    hand_written,
    load,
    local,
    make_container,
    make_deposit,
    member,
    ok,
    paths_of,
    read,
    run_diff,
    run_job,
)

EXAMPLES = int(os.environ.get("STRONGROOM_MODEL_EXAMPLES", "10"))
STEPS = int(os.environ.get("STRONGROOM_MODEL_STEPS", "8"))

FOLDERS = ("objects", "objects/sub #1", "metadata", "métadonnées")
NAMES = ("a.txt", "b c.png", "ü#1.txt", "100%.xml", "e\u0301.txt", "\u00e9.txt", "A.txt", "📚")
KINDS = ("put", "put", "delete", "rename", "folder", "drop folder", "name folder")
CONTENTS = (b"", b"one", b"two", b"<x/>", bytes(3000))


@dataclass(frozen=True, kw_only=True)
class File:
    """What the model knows of one Binary."""

    data: bytes
    name: str
    content_type: str


@dataclass(frozen=True, kw_only=True)
class State:
    """One version: path to file, path of a folder to its name."""

    files: dict[str, File] = field(default_factory=dict)
    folders: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Change:
    """One change of a step; what it means depends on what is there."""

    kind: str
    path: str
    data: bytes
    name: str


@dataclass(frozen=True, kw_only=True)
class Step:
    """One job: how it is made, and what it changes."""

    #: ``whole`` (all files again), ``mets`` (new files and METS alone), ``export``, ``hand``,
    #: ``back`` (an older version becomes the newest)
    how: str
    changes: list[Change]


paths = st.builds("{}/{}".format, st.sampled_from(FOLDERS), st.sampled_from(NAMES))
changes = st.builds(
    Change,
    kind=st.sampled_from(
        ("put", "put", "delete", "rename", "folder", "drop folder", "name folder")
    ),
    path=paths,
    data=st.sampled_from(CONTENTS),
    name=st.sampled_from(("", "Name", "Näme & <more>", "📚 2")),
)
steps = st.lists(
    st.builds(
        Step,
        how=st.sampled_from(("whole", "mets", "export", "hand", "back")),
        changes=st.lists(changes, min_size=0, max_size=5),
    ),
    min_size=2,
    max_size=STEPS,
)


def changed(state: State, listed: list[Change]) -> State:
    """The state after the changes; those that make no sense are left out."""
    files, folders = dict(state.files), dict(state.folders)
    for change in listed:
        path, folder = change.path, change.path.rpartition("/")[0]
        if change.kind == "put":
            kept = files.get(path)
            files[path] = File(
                data=change.data,
                name=kept.name if kept else change.name or path.rpartition("/")[2],
                content_type=kept.content_type if kept else samples.content_type(path),
            )
            for up in (*samples.parents(path),):
                folders.setdefault(up, up.rpartition("/")[2])
        elif change.kind == "delete" and path in files and len(files) > 1:
            del files[path]
        elif change.kind == "rename" and path in files and change.name:
            files[path] = replace(files[path], name=change.name)
        elif change.kind == "folder":
            for up in (*samples.parents(folder), folder):
                folders.setdefault(up, up.rpartition("/")[2])
        elif change.kind == "drop folder" and not any(
            below.startswith(folder + "/") for below in (*files, *folders)
        ):
            folders.pop(folder, None)
        elif change.kind == "name folder" and folder in folders and change.name:
            folders[folder] = change.name
    return State(files=files, folders=folders)


def mets_of(state: State) -> bytes:
    """A METS that says all there is to say, so that the next job knows names for certain."""
    entries = [
        samples.Entry(
            path=path,
            digest=samples.sha256(file.data),
            size=len(file.data),
            content_type=file.content_type,
            label=file.name,
        )
        for path, file in sorted(state.files.items())
    ]
    return samples.plain_mets(entries, title="Model", folders=dict(state.folders))


def with_its_mets(state: State) -> State:
    """The state with its METS file, which is a Binary like any other."""
    mets = File(data=mets_of(state), name="mets.xml", content_type="application/xml")
    return replace(state, files={**state.files, "mets.xml": mets})


def put_all(deposit: Json, state: State) -> None:
    root = fill(deposit, {path: file.data for path, file in state.files.items()})
    for folder in state.folders:
        (root / folder).mkdir(parents=True, exist_ok=True)


def tidy(deposit: Json, state: State) -> None:
    """Take away from an exported deposit what the state does not have."""
    root = local(deposit["files"])
    for path in sorted(root.rglob("*"), reverse=True):
        relative = str(path.relative_to(root))
        if path.is_dir() and relative not in state.folders:
            path.rmdir()
        elif path.is_file() and relative not in state.files:
            path.unlink()


def expected_lists(old: State, new: State) -> dict[str, list[str]]:
    """What a diff between the two must say."""
    both = old.files.keys() & new.files.keys()
    both_folders = old.folders.keys() & new.folders.keys()
    return {
        "containersToAdd": sorted(new.folders.keys() - old.folders.keys()),
        "binariesToAdd": sorted(new.files.keys() - old.files.keys()),
        "containersToDelete": sorted(old.folders.keys() - new.folders.keys()),
        "binariesToDelete": sorted(old.files.keys() - new.files.keys()),
        "binariesToPatch": sorted(p for p in both if old.files[p].data != new.files[p].data),
        "containersToRename": sorted(p for p in both_folders if old.folders[p] != new.folders[p]),
        "binariesToRename": sorted(p for p in both if old.files[p].name != new.files[p].name),
    }


def by_hand(deposit: Json, group: str, old: State, new: State) -> Json:
    """The same difference as a job that a person wrote."""
    lists: dict[str, list[dict[str, Any]]] = {}
    for name, listed in expected_lists(old, new).items():
        lists[name] = []
        for path in listed:
            entry: dict[str, Any] = {"id": member(group, path)}
            if name in ("binariesToAdd", "binariesToPatch"):
                file = new.files[path]
                entry |= {
                    "origin": deposit["files"] + workflow.quote(path),
                    "digest": samples.sha256(file.data).upper(),
                    "size": len(file.data),
                    "contentType": file.content_type,
                    "name": file.name,
                }
            elif name.startswith("containers"):
                entry["name"] = new.folders.get(path)
            elif name == "binariesToRename":
                entry["name"] = new.files[path].name
            lists[name].append(entry)
    return hand_written(deposit, group, **lists)


def step_whole(client: httpx.Client, group: str, old: State, new: State, deposit: Json) -> Json:
    put_all(deposit, new)
    return by_diff(client, group, old, new, deposit)


def step_mets(client: httpx.Client, group: str, old: State, new: State, deposit: Json) -> Json:
    expected = expected_lists(old, new)
    wanted = {"mets.xml", *expected["binariesToAdd"], *expected["binariesToPatch"]}
    fill(deposit, {path: new.files[path].data for path in wanted})
    return by_diff(client, group, old, new, deposit)


def step_export(client: httpx.Client, group: str, old: State, new: State, deposit: Json) -> Json:
    assert_empty(get_diff(client, deposit))
    tidy(deposit, new)
    put_all(deposit, new)
    return by_diff(client, group, old, new, deposit)


def step_hand(client: httpx.Client, group: str, old: State, new: State, deposit: Json) -> Json:
    expected = expected_lists(old, new)
    needed = {*expected["binariesToAdd"], *expected["binariesToPatch"], "mets.xml"}
    fill(deposit, {path: new.files[path].data for path in needed})
    return run_job(client, deposit, by_hand(deposit, group, old, new))


def by_diff(client: httpx.Client, group: str, old: State, new: State, deposit: Json) -> Json:
    diff = get_diff(client, deposit)
    assert {name: paths_of(diff[name], group) for name in JOB_LISTS} == expected_lists(old, new)
    return run_diff(client, deposit)


STEP: dict[str, Callable[[httpx.Client, str, State, State, Json], Json]] = {
    "whole": step_whole,
    "mets": step_mets,
    "export": step_export,
    "hand": step_hand,
    "back": step_export,
}


def assert_reads_as(client: httpx.Client, group: str, history: list[State]) -> None:
    """Every version, and the head, is exactly what the model says."""
    for number, state in [*enumerate(history, start=1), (0, history[-1])]:
        version = f"v{number}" if number else None
        loaded = load(client, group, version)
        found = binaries(loaded)
        assert {
            path: (b["digest"], b["size"], b["name"], b["contentType"]) for path, b in found.items()
        } == {
            path: (samples.sha256(f.data), len(f.data), f.name, f.content_type)
            for path, f in state.files.items()
        }
        assert {path: c["name"] for path, c in containers(loaded).items()} == state.folders
        for path, binary in found.items():
            assert read(client, binary, version) == state.files[path].data
    stored = local(load(client, group)["origin"])
    ocfl_check.assert_valid(stored)
    for number, state in enumerate(history, start=1):
        assert ocfl_check.contents(stored, f"v{number}") == {
            path: file.data for path, file in state.files.items()
        }


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    print_blob=True,
)
@given(sequence=steps)
def test_every_version_equals_the_model(
    server: Server, client: httpx.Client, sequence: list[Step]
) -> None:
    room = workflow.fresh("model")
    make_container(client, room)
    group = f"{server.url}/repository/{room}/book"
    first = State(
        files={"objects/a.txt": File(data=b"first", name="a.txt", content_type="text/plain")},
        folders={"objects": "objects"},
    )
    history = [with_its_mets(first)]
    deposit = make_deposit(client, archivalGroup=group, archivalGroupName="Model")
    put_all(deposit, history[0])
    run_diff(client, deposit)
    for step in sequence:
        old = history[-1]
        if step.how == "back":
            new = history[0]
        else:
            plain = {path: file for path, file in old.files.items() if path != "mets.xml"}
            new = with_its_mets(changed(replace(old, files=plain), step.changes))
        if step.how == "back":
            deposit = export(client, group, versionExported="v1")
            assert json_of_files(deposit) == {p: f.data for p, f in new.files.items()}
            result = by_diff(client, group, old, new, deposit)
        else:
            deposit = (
                export(client, group)
                if step.how == "export"
                else make_deposit(client, archivalGroup=group)
            )
            result = STEP[step.how](client, group, old, new, deposit)
        if new == old:
            assert result["newVersion"] == f"v{len(history)}"
        else:
            history.append(new)
            assert result["newVersion"] == f"v{len(history)}"
        assert_reads_as(client, group, history)
        ok(client.delete(deposit["id"]), 204)


def json_of_files(deposit: Json) -> dict[str, bytes]:
    tree = ocfl_check.tree(local(deposit["files"]))
    return {path: data for path, data in tree.items() if data is not None}
