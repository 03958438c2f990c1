"""Whether content files have the bytes that manifests and fixity blocks state (sections 3.4, 3.5).

Only files that are there and that the object's manifest names are looked at here; how they are
read is left to :mod:`.hashing`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import cast

from strongroom.ocfl.validation import digests, hashing
from strongroom.ocfl.validation.content import Content
from strongroom.ocfl.validation.hashing import Columns, Files, Job, Result
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


def compare_sizes(
    ground: Ground, own: Inventory, manifest: Manifest, content: Content, meter: Meter
) -> None:
    """Judge the sizes of files, where these are stated; no content is read."""
    paths = named(manifest, content)
    for path in paths:
        if path in content.claims:
            result = {digests.SIZE: str(content.sizes[path])}
            if not _right(path, result, own, manifest, content):
                _tell(ground, path, result, own, manifest, content)
    if paths:
        meter.did(paths[-1], files=len(paths), bytes=sum(content.sizes[p] for p in paths))


def check(
    ground: Ground,
    own: Inventory,
    manifest: Manifest,
    content: Content,
    *,
    workers: int,
    meter: Meter,
    readers: Readers,
) -> None:
    """Read all files and judge their bytes; ``readers`` are the processes that may read, too."""
    wrong: list[tuple[str, Result]] = []
    works = _works(own, manifest, content)
    at, count, size = "", 0, 0
    for files, found in hashing.run(ground.store, ground.path, works, workers, readers):
        results: Iterable[tuple[str, Result]] = ()
        if isinstance(files, Job):
            at, count, size = files.path, count + 1, size + files.size
            results = [(files.path, cast(Result, found))]
        else:
            at, count, size = files.paths[-1], count + len(files.paths), size + sum(files.sizes)
            if not _all_right(files, cast(Columns, found), own, manifest, content):
                results = _results(files, cast(Columns, found))
        for path, result in results:
            if not _right(path, result, own, manifest, content):
                wrong.append((path, result))
        if count >= _STEP or size >= LARGE:
            meter.did(at, files=count, bytes=size)
            count = size = 0
    if count:
        meter.did(at, files=count, bytes=size)
    for path, result in sorted(wrong, key=lambda item: item[0]):
        _tell(ground, path, result, own, manifest, content)


def _works(own: Inventory, manifest: Manifest, content: Content) -> Iterator[Files]:
    """The files to be read, with the digests that are wanted of them.

    Of most folders, the same of all files; these are not looked at one by one.
    """
    known = {name for name in digests.HASHES if digests.computable(name)}
    usual = (own.algorithm,) if own.algorithm is not None else ()
    usually = not manifest.malformed and bool(usual)
    digest_of, claims = manifest.digest_of, content.claims
    for folder, paths, sizes in content.folders:
        if (
            usually
            and all(map(digest_of.__contains__, paths))
            and (not claims or claims.keys().isdisjoint(paths))
        ):
            yield Files(folder, usual, paths, sizes)
            continue
        wanted: dict[tuple[str, ...], Files] = {}
        for path, size in zip(paths, sizes, strict=True):
            if path not in digest_of:
                continue
            names = {claim.algorithm for claim in claims.get(path, ())} & known
            if own.algorithm is not None and digest_of[path] not in manifest.malformed:
                names.add(own.algorithm)
            algorithms = tuple(sorted(names))
            files = wanted.setdefault(algorithms, Files(folder, algorithms, [], []))
            files.paths.append(path)
            files.sizes.append(size)
        yield from wanted.values()


def _all_right(
    files: Files, columns: Columns, own: Inventory, manifest: Manifest, content: Content
) -> bool:
    """Whether the files certainly have all digests that are stated; judged all at once."""
    return (
        files.algorithms == (own.algorithm,)
        and (not content.claims or content.claims.keys().isdisjoint(files.paths))
        and columns[0] == list(map(manifest.digest_of.__getitem__, files.paths))
    )


def _results(files: Files, columns: Columns) -> Iterator[tuple[str, Result]]:
    for place, (path, size) in enumerate(zip(files.paths, files.sizes, strict=True)):
        values = (column[place] for column in columns)
        result = dict(zip(files.algorithms, values, strict=True))
        yield path, {**result, digests.SIZE: str(size)}


def _stated(path: str, own: Inventory, manifest: Manifest) -> str | None:
    """The digest that the manifest states, in lower case; None where it is none."""
    digest = manifest.digest_of[path]
    return None if own.algorithm is None or digest in manifest.malformed else digest.lower()


def _right(path: str, result: Result, own: Inventory, manifest: Manifest, content: Content) -> bool:
    if isinstance(result, str):
        return False
    stated = _stated(path, own, manifest)
    if own.algorithm in result and stated not in (None, result[own.algorithm]):
        return False
    claims = content.claims.get(path)
    return claims is None or all(
        result.get(claim.algorithm, claim.digest) == claim.digest for claim in claims
    )


def _tell(
    ground: Ground,
    path: str,
    result: Result,
    own: Inventory,
    manifest: Manifest,
    content: Content,
) -> None:
    """Tell of every digest that one file does not have."""
    if isinstance(result, str):
        ground.unreadable(path, result)
        return
    stated = _stated(path, own, manifest)
    if own.algorithm in result and stated not in (None, result[own.algorithm]):
        ground.problems.add(
            "E092",
            path,
            f"The file does not have the digest ({own.algorithm}) that the manifest states.",
            expected=stated,
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
