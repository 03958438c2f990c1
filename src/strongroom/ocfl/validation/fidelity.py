"""Whether content files have the bytes that manifests and fixity blocks state (sections 3.4, 3.5).

Only files that are there and that the object's manifest names are looked at here; how they are
read is left to :mod:`.hashing`.
"""

from __future__ import annotations

from strongroom.ocfl.validation import digests, hashing
from strongroom.ocfl.validation.content import Content
from strongroom.ocfl.validation.hashing import Job, Result
from strongroom.ocfl.validation.inventory import Inventory
from strongroom.ocfl.validation.manifest import Manifest
from strongroom.ocfl.validation.progress import Meter
from strongroom.ocfl.validation.readers import Readers
from strongroom.ocfl.validation.reading import Ground
from strongroom.ocfl.validation.small import LARGE

#: files between two reports of progress, where they are small
_STEP = 200


def named(manifest: Manifest, content: Content) -> list[str]:
    """The files that are there and that the manifest names, sorted."""
    return sorted(manifest.digest_of.keys() & content.sizes.keys())


def check(
    ground: Ground,
    own: Inventory,
    manifest: Manifest,
    content: Content,
    paths: list[str],
    *,
    read: bool,
    workers: int,
    meter: Meter,
    readers: Readers,
) -> None:
    """Judge the bytes of files; unless ``read``, only their sizes, where those are stated.

    ``readers`` are the processes that may read, too.
    """
    stated: dict[str, str] = {}
    if own.algorithm is not None:
        stated = {
            path: digest.lower()
            for path in paths
            if (digest := manifest.digest_of[path]) not in manifest.malformed
        }
    known = {name for name in digests.ALGORITHMS if digests.computable(name)}
    wrong: list[tuple[str, Result]] = []
    if read:
        jobs = [_job(path, stated, own, content, known) for path in paths]
        files = size = 0
        for job, result in hashing.run(ground.store, ground.path, jobs, workers, readers):
            files, size = files + 1, size + job.size
            if files >= _STEP or size >= LARGE:
                meter.did(job.path, files=files, bytes=size)
                files = size = 0
            if not _right(job.path, result, stated, own, content):
                wrong.append((job.path, result))
        if files:
            meter.did(paths[-1], files=files, bytes=size)
    else:
        for path in paths:
            result = {digests.SIZE: str(content.sizes[path])}
            if not _right(path, result, stated, own, content):
                wrong.append((path, result))
        if paths:
            meter.did(paths[-1], files=len(paths), bytes=sum(content.sizes[p] for p in paths))
    for path, result in sorted(wrong, key=lambda item: item[0]):
        _tell(ground, path, result, stated, own, content)


def _job(
    path: str, stated: dict[str, str], own: Inventory, content: Content, known: set[str]
) -> Job:
    claims = content.claims.get(path)
    algorithm = own.algorithm if path in stated else None
    if claims is None:
        return Job(path, content.sizes[path], (algorithm,) if algorithm is not None else ())
    wanted = {claim.algorithm for claim in claims} & known
    if algorithm is not None:
        wanted.add(algorithm)
    return Job(path, content.sizes[path], tuple(sorted(wanted)))


def _right(
    path: str, result: Result, stated: dict[str, str], own: Inventory, content: Content
) -> bool:
    if isinstance(result, str):
        return False
    if own.algorithm in result and path in stated and result[own.algorithm] != stated[path]:
        return False
    claims = content.claims.get(path)
    return claims is None or all(
        result.get(claim.algorithm, claim.digest) == claim.digest for claim in claims
    )


def _tell(
    ground: Ground,
    path: str,
    result: Result,
    stated: dict[str, str],
    own: Inventory,
    content: Content,
) -> None:
    """Tell of every digest that one file does not have."""
    if isinstance(result, str):
        ground.unreadable(path, result)
        return
    if own.algorithm in result and path in stated and result[own.algorithm] != stated[path]:
        ground.problems.add(
            "E092",
            path,
            f"The file does not have the digest ({own.algorithm}) that the manifest states.",
            expected=stated[path],
            found=result[own.algorithm],
        )
    for claim in content.claims.get(path, ()):
        found = result.get(claim.algorithm, claim.digest)
        if found == claim.digest:
            continue
        if claim.fixity:
            ground.problems.add(
                "E093",
                path,
                f"The file does not have the {claim.algorithm} that is stated "
                f"in {claim.place}.{claim.algorithm}.",
                expected=claim.digest,
                found=found,
            )
        else:
            ground.problems.add(
                "E092",
                path,
                f"The file does not have the digest ({claim.algorithm}) that is stated "
                f"in {claim.place}.",
                expected=claim.digest,
                found=found,
            )
