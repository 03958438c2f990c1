"""The steps of the preservation workflow, as an existing client program takes them over HTTP.

Each function does one step, asserts only that it succeeded, and returns what the server answered.
"""

from __future__ import annotations

import secrets
import ssl
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import httpx

from support import samples

Json = dict[str, Any]

POLL_SECONDS = 0.03
HASH_TOKEN = "-_-percent-23-_-"
#: trusts nobody. The servers of the tests speak plain HTTP, and every client that is made would
#: read all authorities of the world first, which takes longer than most requests
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def ok(answer: httpx.Response, status: int = 200) -> httpx.Response:
    """The answer, if its status is this one."""
    assert answer.status_code == status, (
        f"{answer.request.method} {answer.request.url} gave {answer.status_code}, "
        f"expected {status}: {answer.text[:2000]}"
    )
    return answer


def connect(url: str, *, identity: str | None = None) -> httpx.Client:
    """A client as an application would configure it; environment proxies are ignored."""
    headers = {"X-Client-Identity": identity} if identity else {}
    return httpx.Client(base_url=url, headers=headers, timeout=60, trust_env=False, verify=NO_TLS)


def fresh(word: str = "x") -> str:
    """A name that no other test uses."""
    return f"{word}-{secrets.token_hex(4)}"


# ------------------------------------------------------------------------------ paths and URIs


def local(uri: str) -> Path:
    """The place of a ``file:///`` URI."""
    parts = urlsplit(uri)
    assert parts.scheme == "file", uri
    assert parts.netloc == "", uri
    return Path(unquote(parts.path))


def encoded(path: str) -> str:
    """A path as it stands in ids: each segment percent-encoded, ``#`` by its token."""
    return "/".join(quote(part.replace("#", HASH_TOKEN), safe="") for part in path.split("/"))


def decoded(uri: str, base: str) -> str:
    """The path of an id below ``base``, un-escaped."""
    plain, root = unquote(uri), unquote(base).rstrip("/") + "/"
    assert plain.startswith(root), f"{uri} does not lie below {base}"
    return plain[len(root) :].replace(HASH_TOKEN, "#")


def member(group: str, path: str) -> str:
    """The id of a member of a group."""
    return f"{group}/{encoded(path)}"


# ---------------------------------------------------------------------------------- containers


def make_container(client: httpx.Client, path: str, name: str | None = None) -> Json:
    body = {"json": {"name": name}} if name is not None else {}
    answer: Json = ok(client.put(f"/repository/{path}", **body), 201).json()  # type: ignore[arg-type]
    return answer


def make_containers(client: httpx.Client, path: str) -> str:
    """Every Container on the way to and including ``path``; those that exist are left."""
    parts = path.split("/")
    for n in range(len(parts)):
        place = "/".join(parts[: n + 1])
        if client.head(f"/repository/{place}").status_code == 404:
            make_container(client, place)
    return path


# ------------------------------------------------------------------------------------ deposits


def make_deposit(client: httpx.Client, **fields: Any) -> Json:
    answer: Json = ok(client.post("/deposits", json=fields), 201).json()
    return answer


def get(client: httpx.Client, uri: str) -> Json:
    answer: Json = ok(client.get(uri)).json()
    return answer


def fill(deposit: Mapping[str, Any], files: Mapping[str, bytes]) -> Path:
    """Copy files into the working area, by itself, as the client of a shared folder does."""
    root = local(deposit["files"])
    for path, data in files.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    return root


def make_filled(
    client: httpx.Client, group: str, files: Mapping[str, bytes], *, name: str | None = "A group"
) -> Json:
    """A deposit for this Archival Group with these files in it."""
    deposit = make_deposit(client, archivalGroup=group, archivalGroupName=name)
    fill(deposit, files)
    return deposit


# ---------------------------------------------------------------------------------------- jobs


def get_diff(client: httpx.Client, deposit: Mapping[str, Any]) -> Json:
    return get(client, f"{deposit['id']}/importjobs/diff")


def post_diff(client: httpx.Client, deposit: Mapping[str, Any]) -> httpx.Response:
    """Create and execute an import job in a single operation."""
    return client.post(
        f"{deposit['id']}/importjobs", json={"id": f"{deposit['id']}/importjobs/diff"}
    )


def post_job(
    client: httpx.Client, deposit: Mapping[str, Any], job: Mapping[str, Any]
) -> httpx.Response:
    return client.post(f"{deposit['id']}/importjobs", json=job)


def wait(client: httpx.Client, result: Mapping[str, Any], *, seconds: float = 90) -> Json:
    """Poll an import job's result until it is terminal."""
    deadline = time.monotonic() + seconds
    while True:
        now = get(client, result["id"])
        if now["status"] in ("completed", "completedWithErrors"):
            return now
        assert now["status"] in ("waiting", "running"), now
        assert time.monotonic() < deadline, f"still {now['status']} after {seconds} s: {now}"
        time.sleep(POLL_SECONDS)


def wait_for(client: httpx.Client, uri: str, status: str, *, seconds: float = 60) -> Json:
    """Poll a resource until it has this status."""
    deadline = time.monotonic() + seconds
    while True:
        now = get(client, uri)
        if now["status"] == status:
            return now
        assert time.monotonic() < deadline, f"not {status} after {seconds} s: {now}"
        time.sleep(POLL_SECONDS)


def run_diff(client: httpx.Client, deposit: Mapping[str, Any]) -> Json:
    """The diff, executed; it must complete."""
    result = wait(client, ok(post_diff(client, deposit), 201).json())
    assert result["status"] == "completed", result
    assert result["errors"] is None, result
    return result


def run_job(client: httpx.Client, deposit: Mapping[str, Any], job: Mapping[str, Any]) -> Json:
    """A written-out job, executed; it must complete."""
    result = wait(client, ok(post_job(client, deposit, job), 201).json())
    assert result["status"] == "completed", result
    assert result["errors"] is None, result
    return result


def preserve(
    client: httpx.Client, group: str, files: Mapping[str, bytes], *, name: str | None = "A group"
) -> Json:
    """A deposit with these files (METS among them), imported by its diff; the job's result."""
    return run_diff(client, make_filled(client, group, files, name=name))


def preserve_book(client: httpx.Client, group: str, pages: int = 3) -> dict[str, bytes]:
    """A small book as version 1; the files that went in."""
    files = samples.with_mets(samples.book(pages))
    preserve(client, group, files)
    return files


def start_export(client: httpx.Client, group: str, **fields: Any) -> Json:
    answer: Json = ok(
        client.post("/deposits/export", json={"archivalGroup": group, **fields}), 201
    ).json()
    return answer


def export(client: httpx.Client, group: str, **fields: Any) -> Json:
    """A deposit with all files of the group, when they have been copied."""
    return wait_for(client, start_export(client, group, **fields)["id"], "new")


def hand_written(deposit: Mapping[str, Any], group: str, **lists: Any) -> Json:
    """The least that a custom job needs, with these properties."""
    return {
        "id": "urn:my:job",
        "type": "ImportJob",
        "deposit": deposit["id"],
        "archivalGroup": group,
        **lists,
    }


def binary(group: str, deposit: Mapping[str, Any], path: str, data: bytes, **fields: Any) -> Json:
    """A Binary as a custom job lists it; its bytes lie in the deposit at the same path."""
    return {
        "id": member(group, path),
        "type": "Binary",
        "name": path.rpartition("/")[2],
        "origin": deposit["files"] + quote(path),
        "contentType": samples.content_type(path),
        "size": len(data),
        "digest": samples.sha256(data),
        **fields,
    }


# ------------------------------------------------------------------------------- loading


def walk(resource: Mapping[str, Any]) -> Iterator[Json]:
    """Every resource below this one."""
    for child in resource["containers"]:
        yield child
        yield from walk(child)
    yield from resource["binaries"]


def binaries(group: Mapping[str, Any]) -> dict[str, Json]:
    """Member path to Binary, for a loaded Archival Group."""
    return {
        decoded(child["id"], group["id"]): child
        for child in walk(group)
        if child["type"] == "Binary"
    }


def containers(group: Mapping[str, Any]) -> dict[str, Json]:
    """Member path to Container, for a loaded Archival Group."""
    return {
        decoded(child["id"], group["id"]): child
        for child in walk(group)
        if child["type"] == "Container"
    }


def load(client: httpx.Client, group: str, version: str | None = None) -> Json:
    answer: Json = ok(client.get(group, params={"version": version} if version else None)).json()
    return answer


def read(client: httpx.Client, resource: Mapping[str, Any], version: str | None = None) -> bytes:
    """The bytes of a Binary."""
    return ok(
        client.get(resource["content"], params={"version": version} if version else None)
    ).content


def assert_holds(
    client: httpx.Client,
    group: str,
    files: Mapping[str, bytes],
    version: str | None = None,
) -> Json:
    """The group, at this version, has exactly these files with exactly these bytes."""
    loaded = load(client, group, version)
    found = binaries(loaded)
    assert sorted(found) == sorted(files)
    for path, data in files.items():
        assert found[path]["digest"] == samples.sha256(data), path
        assert found[path]["size"] == len(data), path
        assert read(client, found[path], version) == data, path
    return loaded


def paths_of(items: list[Json], group: str) -> list[str]:
    """The member paths of the items of a job or a result, sorted."""
    return sorted(decoded(item["id"], group) for item in items)
