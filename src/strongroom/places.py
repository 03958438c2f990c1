"""Opens the places that the settings name: the deposits' areas, the OCFL root, a store to look at.

What speaks to an S3 store is loaded only where there is one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from strongroom.config import Place, Settings
from strongroom.errors import BadRequest, Unavailable
from strongroom.ocfl.extensions import STAGING, Unknown
from strongroom.ocfl.layouts import HashAndId, Hashed, Layout
from strongroom.ocfl.root import OcflRoot
from strongroom.services.context import Destination
from strongroom.storage import durable
from strongroom.storage.local import LocalWorkArea, LocalWorkAreas
from strongroom.storage.protocols import WorkArea, WorkAreas
from strongroom.storage.s3 import connection
from strongroom.storage.s3.connection import JOBS, Endpoint, Patience
from strongroom.storage.s3.location import Location

if TYPE_CHECKING:
    from strongroom.storage.s3.store import S3Store

#: by the numbers of their extensions; both hold any id that a repository path gives
_LAYOUTS: dict[str, Layout] = {"0003": HashAndId(), "0004": Hashed()}


def open_areas(settings: Settings, patience: Patience = JOBS) -> WorkAreas:
    """Where the files of deposits are; a folder that is missing is made."""
    place = settings.deposits
    if isinstance(place, Path):
        durable.make_folders(place)
        return LocalWorkAreas(place)
    from strongroom.storage.s3.bucket import Bucket
    from strongroom.storage.s3.workareas import S3WorkAreas

    return S3WorkAreas(Bucket(place.bucket, endpoint(settings, patience)), place)


def check_areas(settings: Settings, areas: WorkAreas) -> None:
    """Unavailable, with its name, if the place of the working areas cannot be looked at."""
    with _named("deposits", settings.deposits):
        areas.check()


def try_root(settings: Settings) -> None:
    """Unprocessable (``no-conditional-writes``) if the bucket of the OCFL root keeps no writers
    apart; nothing is tried in a folder, nor where the operator says that there is one writer."""
    place = settings.ocfl_root
    if isinstance(place, Path) or settings.s3_single_writer.lower() == "yes":
        return
    from strongroom.ocfl.bucket.opening import unfit
    from strongroom.storage.doctor.examine import conditional_writes

    prefix = f"{place.prefix}extensions/{STAGING}/"
    with _named("the OCFL root", place):
        fit = conditional_writes(store(place, settings).bucket, prefix)
    if not fit:
        raise unfit()


def open_origins(settings: Settings, patience: Patience = JOBS) -> tuple[WorkArea, ...]:
    """What import jobs of the Storage API may read."""
    return tuple(_origin(place, settings, patience) for place in settings.storage_origins)


def _origin(place: Place, settings: Settings, patience: Patience) -> WorkArea:
    if isinstance(place, Path):
        return LocalWorkArea(place.parent, place.name)
    from strongroom.storage.s3.bucket import Bucket
    from strongroom.storage.s3.workarea import S3WorkArea

    return S3WorkArea(Bucket(place.bucket, endpoint(settings, patience)), place)


def open_destinations(settings: Settings, patience: Patience = JOBS) -> tuple[Destination, ...]:
    """What exports of the Storage API may be written to.

    BadRequest for a folder that is not there: a disk may not be mounted.
    """
    return tuple(_destination(place, settings, patience) for place in settings.storage_destinations)


def _destination(place: Place, settings: Settings, patience: Patience) -> Destination:
    if isinstance(place, Path):
        if not place.is_dir():
            raise BadRequest(
                f"The folder {place} of storage_destinations is not there. Is its disk mounted?",
                code="bad-settings",
            )
        return Destination(uri=place.as_uri().rstrip("/") + "/", areas=LocalWorkAreas(place))
    from strongroom.storage.s3.bucket import Bucket
    from strongroom.storage.s3.workareas import S3WorkAreas

    areas = S3WorkAreas(Bucket(place.bucket, endpoint(settings, patience)), place)
    return Destination(uri=place.uri, areas=areas)


def open_root(settings: Settings, patience: Patience = JOBS, *, create: bool) -> OcflRoot:
    """The OCFL storage root; errors as those of ``OcflRoot.open``."""
    place = settings.ocfl_root
    with _named("the OCFL root", place):
        return OcflRoot.open(
            place if isinstance(place, Path) else store(place, settings, patience),
            create=create,
            layout=_LAYOUTS[settings.ocfl_layout],
            unknown=Unknown(settings.unknown_extensions.lower()),
            single_writer=settings.s3_single_writer.lower() == "yes",
        )


@contextmanager
def _named(what: str, place: Place) -> Iterator[None]:
    """Tell of which place it is that a store refuses something, or cannot be reached."""
    try:
        yield
    except Unavailable as error:
        raise Unavailable(
            f"The place of {what}, {place}, cannot be used. {error.message}",
            code=error.problem,
            faults=error.faults,
            operator=error.operator,
        ) from error


def store(place: Location, settings: Settings, patience: Patience = JOBS) -> S3Store:
    """A prefix of a bucket, for reading."""
    from strongroom.storage.s3.bucket import Bucket
    from strongroom.storage.s3.store import S3Store

    return S3Store(Bucket(place.bucket, endpoint(settings, patience)), place)


def for_users(settings: Settings) -> Patience:
    """How long requests wait for a store if users wait for them."""
    return connection.for_users(settings.s3_timeout)


def endpoint(settings: Settings, patience: Patience = JOBS) -> Endpoint:
    """The S3 store that the settings name, if they name one."""
    return Endpoint(
        url=settings.s3_endpoint,
        region=settings.s3_region,
        style=cast(Any, settings.s3_addressing.lower()),
        patience=patience,
    )
