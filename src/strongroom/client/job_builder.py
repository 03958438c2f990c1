"""Import jobs written by hand: what is to change in a group, and nothing else.

It writes ids and origins as the server reads them; what a job may say is for the server to judge.
"""

from __future__ import annotations

import msgspec

from strongroom.client.digests import Digest
from strongroom.client.paths import HASH_TOKEN, encode
from strongroom.client.references import PathRef, uri_of
from strongroom.errors import BadRequest
from strongroom.wire.deposits import Deposit
from strongroom.wire.jobs import ImportJobIn, ItemIn


class JobBuilder:
    """Collects changes; paths are relative to the Archival Group, with ``/`` between segments.

    >>> job = JobBuilder(deposit, id="urn:example:rescan-637", source_version="v1")
    >>> job.patch("objects/0637.tif", origin="new scan.tif")
    >>> client.jobs.run(deposit, job.build())
    """

    def __init__(
        self,
        target: Deposit | PathRef,
        *,
        id: str,  # noqa: A002 - as the wire calls it
        source_version: str | None = None,
        name: str | None = None,
    ) -> None:
        """``target`` is the deposit that the job is for, or a group for jobs of the Storage API.

        ``id`` is any name of the caller's. ``source_version`` is the version that the caller has
        seen: the job is refused if it is not the newest any more; None takes whatever is. ``name``
        is a new display name of the group.
        """
        self._files: str | None = None
        if isinstance(target, Deposit):
            if target.archival_group is None:
                raise BadRequest("The deposit names no Archival Group.", code="no-archival-group")
            self._group = uri_of(target.archival_group)
            self._files = target.files
        else:
            self._group = uri_of(target)
        self._job = ImportJobIn(
            id=id,
            deposit=target.id if isinstance(target, Deposit) else None,
            archival_group=self._group,
            archival_group_name=name,
            source_version=source_version,
        )
        self._lists: dict[str, list[ItemIn]] = {}
        self._infected: list[str] = []

    def add(
        self,
        path: str,
        *,
        origin: str | None = None,
        digest: Digest | str | None = None,
        content_type: str | None = None,
        name: str | None = None,
    ) -> JobBuilder:
        """A new Binary. ``origin``: see :meth:`patch`."""
        item = self._item(path, origin or path, digest, content_type, name)
        return self._put("binaries_to_add", item)

    def patch(
        self,
        path: str,
        *,
        origin: str | None = None,
        digest: Digest | str | None = None,
        content_type: str | None = None,
    ) -> JobBuilder:
        """New bytes for a Binary.

        ``origin`` is the path of a file in the deposit (default: the same as in the group), or the
        URI of a file. ``digest`` (SHA-256, hexadecimal) is taken from METS or a manifest where it
        is not given.
        """
        item = self._item(path, origin or path, digest, content_type, None)
        return self._put("binaries_to_patch", item)

    def delete(self, path: str) -> JobBuilder:
        """A Binary that is not to be in the new version."""
        return self._put("binaries_to_delete", ItemIn(id=self._id(path)))

    def rename(self, path: str, name: str) -> JobBuilder:
        """A new display name for a Binary; no bytes move."""
        return self._put("binaries_to_rename", ItemIn(id=self._id(path), name=name))

    def add_folder(self, path: str, *, name: str | None = None) -> JobBuilder:
        """A new Container."""
        return self._put("containers_to_add", ItemIn(id=self._id(path), name=name))

    def delete_folder(self, path: str) -> JobBuilder:
        """A Container; all that is in it must be deleted with it."""
        return self._put("containers_to_delete", ItemIn(id=self._id(path)))

    def rename_folder(self, path: str, name: str) -> JobBuilder:
        """A new display name for a Container."""
        return self._put("containers_to_rename", ItemIn(id=self._id(path), name=name))

    def allow_infected(self, path: str) -> JobBuilder:
        """Preserve this file although a virus was found in it."""
        self._infected.append(path)
        return self

    def build(self) -> ImportJobIn:
        """The job, as :meth:`~strongroom.client.jobs.Jobs.run` takes it."""
        lists = {name: list(items) for name, items in self._lists.items()}
        infected = list(self._infected) or None
        return msgspec.structs.replace(self._job, **lists, allow_infected=infected)

    def _put(self, name: str, item: ItemIn) -> JobBuilder:
        self._lists.setdefault(name, []).append(item)
        return self

    def _item(
        self,
        path: str,
        origin: str,
        digest: Digest | str | None,
        content_type: str | None,
        name: str | None,
    ) -> ItemIn:
        return ItemIn(
            id=self._id(path),
            name=name,
            origin=self._origin(origin),
            content_type=content_type,
            size=digest.size if isinstance(digest, Digest) else None,
            digest=digest.sha256 if isinstance(digest, Digest) else digest,
        )

    def _id(self, path: str) -> str:
        return f"{self._group}/{encode(path.replace('#', HASH_TOKEN))}"

    def _origin(self, origin: str) -> str:
        if "://" in origin:
            return origin
        if self._files is None:
            raise BadRequest(
                f"'{origin}' is no URI, and there is no deposit in which it could be a path.",
                code="bad-origin",
            )
        return self._files + encode(origin)
