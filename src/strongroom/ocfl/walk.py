"""Every object of a storage root, in a stable order, found by looking and not by any index.

What cannot be read is handed out as an error among the objects, so that one damaged object does
not hide the others.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from strongroom.errors import Damaged, NotFound, Unprocessable
from strongroom.ocfl import evidence, finding, stored
from strongroom.ocfl.paths import StoragePath
from strongroom.ocfl.site import Ground
from strongroom.ocfl.stored import StoredObject
from strongroom.storage.protocols import Flat

#: objects that are read ahead of whoever uses them; each is in memory with its whole inventory
_AHEAD = 4


def objects(site: Ground) -> Iterator[StoredObject | Damaged]:
    """The objects by their paths in the root, and a Damaged for each thing that is none.

    Objects that are purged while the walk goes on are left out.
    """
    found = finding.places(site.store)
    if isinstance(site.store, Flat):
        yield from _side_by_side(site, found)
        return
    for place in found:
        yield from _read(site, place)


def _side_by_side(
    site: Ground, found: Iterator[StoragePath | Damaged]
) -> Iterator[StoredObject | Damaged]:
    """The same objects in the same order; some are read ahead, for each takes journeys."""
    with ThreadPoolExecutor(_AHEAD, thread_name_prefix="strongroom-walk") as pool:
        waiting: deque[Future[list[StoredObject | Damaged]]] = deque()
        try:
            for place in found:
                waiting.append(pool.submit(_all, site, place))
                if len(waiting) > _AHEAD:
                    yield from waiting.popleft().result()
            while waiting:
                yield from waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _all(site: Ground, place: StoragePath | Damaged) -> list[StoredObject | Damaged]:
    return list(_read(site, place))


def _read(site: Ground, path: StoragePath | Damaged) -> Iterator[StoredObject | Damaged]:
    if isinstance(path, Damaged):
        yield path
        return
    try:
        found = stored.load(site.store, path)
        check_place(site, found.id, path)
        yield found
    except NotFound:
        if site.store.made_in_place:
            yield from _lost(site, path)
    except Damaged as error:
        yield error
    except OSError as error:
        yield finding.told(site.store, error, path)


def _lost(site: Ground, path: StoragePath) -> Iterator[StoredObject | Damaged]:
    """Nothing, if an object was purged; where only its inventory is gone, that is told."""
    try:
        if evidence.remains(site.store, path) is None:
            return
        # it may have come in this moment
        yield stored.load(site.store, path)
    except NotFound:
        if evidence.remains(site.store, path) is not None:
            yield stored.without_inventory(site.store, path)
    except (Damaged, OSError) as error:
        yield error if isinstance(error, Damaged) else finding.told(site.store, error, path)


def check_place(site: Ground, object_id: str, path: StoragePath) -> None:
    """Damaged (``wrong-object``) if an object does not lie where its id leads."""
    try:
        place = site.object_path(object_id)
    except Unprocessable as error:
        raise Damaged(
            f"'{object_id}' lies at '{path}', but the root's layout has no place for it: "
            f"{error.message}",
            code="wrong-object",
        ) from error
    if place != path:
        raise Damaged(
            f"'{object_id}' lies at '{path}' and not where its id leads, '{place}'. Move it there.",
            code="wrong-object",
        )
