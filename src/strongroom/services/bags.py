"""Holds a deposit that is a complete BagIt bag against its manifests (RFC 8493, section 3).

A bag of which METS is managed by the platform changes after it was bagged, file by file and METS
with each; what METS says of such a file is the newer word. Bagging anew is :mod:`bagging`'s.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from strongroom.bagit import manifest
from strongroom.domain.deposits import Deposit, Layout
from strongroom.domain.paths import LISTING_CACHE, MemberPath
from strongroom.domain.workspace import PAYLOAD, Workspace
from strongroom.errors import Fault, Unprocessable
from strongroom.services import proofs, workspaces
from strongroom.services.context import Context
from strongroom.storage.protocols import FileEntry, WorkArea

DECLARATION = "bagit.txt"
FETCH = "fetch.txt"
TAG_MANIFEST = "tagmanifest-sha256.txt"

_DECLARED = re.compile(
    r"BagIt-Version: *(\d+)\.(\d+)\s+Tag-File-Character-Encoding: *(\S+)\s*", re.ASCII
)
#: bytes of the largest declaration that is read
_SMALL = 4096


def is_complete(loaded: workspaces.Loaded) -> bool:
    """Whether a deposit claims to be a whole bag: it is declared one, and has a manifest."""
    there = loaded.origins
    return loaded.layout is Layout.BAGIT and DECLARATION in there and manifest.MANIFEST in there


def checked(
    ctx: Context, deposit: Deposit, loaded: workspaces.Loaded, workspace: Workspace
) -> Workspace:
    """The workspace with all that the manifests list proven; any other deposit's as it is.

    Unprocessable (``bad-bag``) naming every file that is missing, that no manifest lists, or whose
    bytes are others. Bytes that were proven before and not changed since are not read again.
    """
    if not is_complete(loaded):
        return workspace
    area = ctx.areas.area(deposit.id)
    listed = manifest.matched(_read(area, manifest.MANIFEST), loaded.origins)
    tags = manifest.matched(
        _read(area, TAG_MANIFEST) if TAG_MANIFEST in loaded.origins else {}, loaded.origins
    )
    wanted = [loaded.origins[path] for path in {**listed, **tags} if path in loaded.origins]
    found = proofs.known(ctx, deposit.id, {entry.path: entry for entry in wanted})
    proven, unread = proofs.prove(
        ctx, deposit.id, area, [entry for entry in wanted if entry.path not in found]
    )
    found |= proven
    managed = loaded.description is not None and loaded.description.editable
    faults = [
        *_declaration(area, loaded.origins),
        *unread,
        *_payload(workspace, loaded.origins, listed, found, managed=managed),
        *_tags(loaded.origins, tags, found),
    ]
    if faults:
        raise _bad_bag(faults)
    prefix = PAYLOAD + "/"
    workspace = workspace.with_proofs(
        {m: found[e.path] for m, e in loaded.entries.items() if e.path in found}
    )
    # its bytes are what the manifest says, whichever of the two came first
    agreed = {
        MemberPath(path[len(prefix) :]): digest
        for path, digest in listed.items()
        if found.get(path) == digest
    }
    files = {path: replace(file, bagged=agreed.get(path)) for path, file in workspace.files.items()}
    return replace(workspace, files=files)


def _read(area: WorkArea, path: str) -> dict[str, str]:
    """Path → SHA-256 of every line of a manifest."""
    with area.open(path) as file:
        text = io.TextIOWrapper(file.stream, encoding="utf-8-sig", errors="replace")
        found = manifest.read(text)
        text.detach()
    return found


def _declaration(area: WorkArea, there: Mapping[str, FileEntry]) -> Iterable[Fault]:
    text = area.read_start(DECLARATION, _SMALL).decode("utf-8-sig", "replace")
    declared = _DECLARED.fullmatch(text)
    if declared is None or declared[3].upper() != "UTF-8":
        yield Fault(
            code="bad-bag",
            message="The declaration cannot be used.",
            path=DECLARATION,
            expected="BagIt-Version: M.N, then Tag-File-Character-Encoding: UTF-8",
            found=text[:200],
        )
    if FETCH in there:
        yield Fault(
            code="bad-bag",
            message="Parts of the bag lie elsewhere and are not fetched. Put them in, and take "
            "this file out.",
            path=FETCH,
        )


def _payload(
    workspace: Workspace,
    there: Mapping[str, FileEntry],
    listed: Mapping[str, str],
    found: Mapping[str, str],
    *,
    managed: bool,
) -> Iterable[Fault]:
    prefix = PAYLOAD + "/"
    for path in sorted(listed):
        member = MemberPath(path.removeprefix(prefix))
        file = workspace.files.get(member)
        stated = file.described.digest if file and file.described else None
        if path not in there:
            if not managed or (file is not None and file.described):
                yield _fault("missing-file", "The manifest lists a file that is not there", path)
        elif path in found and found[path] != listed[path]:
            if managed and (member == workspace.mets or stated == found[path]):
                continue
            yield Fault(
                code="digest-mismatch",
                message="The bytes are not those that the manifest lists.",
                path=path,
                expected=listed[path],
                found=found[path],
            )
    for path in sorted(there.keys() - listed.keys()):
        member = MemberPath(path.removeprefix(prefix))
        if not path.startswith(prefix) or member == LISTING_CACHE:
            continue
        file = workspace.files.get(member)
        told = file is not None and file.described is not None and file.described.digest
        if not (managed and (told or member == workspace.mets)):
            yield _fault("not-in-manifest", "No manifest lists this file", path)


def _tags(
    there: Mapping[str, FileEntry], tags: Mapping[str, str], found: Mapping[str, str]
) -> Iterable[Fault]:
    for path in sorted(tags):
        if path not in there:
            yield _fault("missing-file", "The tag manifest lists a file that is not there", path)
        elif path in found and found[path] != tags[path]:
            yield Fault(
                code="digest-mismatch",
                message="The bytes are not those that the tag manifest lists.",
                path=path,
                expected=tags[path],
                found=found[path],
            )


def _fault(code: str, message: str, path: str) -> Fault:
    return Fault(code=code, message=f"{message}.", path=path)


def _bad_bag(faults: list[Fault]) -> Unprocessable:
    more = "" if len(faults) == 1 else f" {len(faults) - 1} more are listed in errors."
    return Unprocessable(
        f"The deposit is not the bag that its manifests describe: {faults[0].path}: "
        f"{faults[0].message} Mend the bag; or run the tools over the deposit, which bags it anew; "
        f"or delete bagit.txt and the manifests.{more}",
        code="bad-bag",
        faults=faults,
    )
