"""Deposits written as JSON shapes.

The joining of a deposit with its working area and its Archival Group was done before.
"""

from __future__ import annotations

from datetime import datetime

from strongroom.domain.deposits import Deposit
from strongroom.domain.times import iso
from strongroom.domain.versions import version_name
from strongroom.wire import deposits as wire
from strongroom.wire.base import UNSET
from strongroom.wire.uris import Uris


def deposit(
    value: Deposit,
    uris: Uris,
    *,
    files: str,
    group_exists: bool,
    mets_etag: str | None,
    export: str | None = None,
) -> wire.Deposit:
    """A deposit; ``files`` is the URI of its working area with a trailing slash.

    ``export`` is the id of the export that fills, or has filled, it.
    """
    return wire.Deposit(
        id=uris.deposit(value.id),
        archival_group=None if value.group is None else uris.repository(value.group),
        archival_group_exists=group_exists,
        files=files,
        status=value.status.value,
        submission_text=value.submission_text,
        archival_group_name=value.group_name,
        active=value.active,
        preserved=date(value.preserved),
        preserved_by=agent(value.preserved_by, uris),
        version_preserved=version(value.version_preserved),
        exported=date(value.exported),
        exported_by=agent(value.exported_by, uris),
        version_exported=version(value.version_exported),
        created=date(value.created),
        created_by=agent(value.created_by, uris),
        last_modified=date(value.modified),
        last_modified_by=agent(value.modified_by, uris),
        mets_etag=mets_etag,
        locked_by=agent(value.locked_by, uris),
        lock_date=date(value.lock_date),
        archived=date(value.archived),
        layout=value.layout.value,
        export_result=UNSET if export is None else uris.export(export),
    )


def date(moment: datetime | None) -> str | None:
    return None if moment is None else iso(moment)


def agent(name: str | None, uris: Uris) -> str | None:
    return None if name is None else uris.agent(name)


def version(number: int | None) -> str | None:
    return None if number is None else version_name(number)
