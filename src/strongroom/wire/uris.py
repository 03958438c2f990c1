"""Every URI that the server mints, made from the two configured roots and never from a request.

Knows the shapes of ids on both surfaces (Preservation and Storage); what lies behind them, and the
parsing of ids that clients send, is :mod:`strongroom.domain.paths`' business.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from strongroom.domain.paths import encode, quote_path
from strongroom.domain.times import ticks


@dataclass(frozen=True, slots=True, kw_only=True)
class Uris:
    """The URIs of one surface. Roots come without a trailing slash."""

    #: root of the Preservation API
    public: str
    #: root of the Storage API
    storage: str
    #: the root of the surface that answers; ids of resources and agents are built on it
    own: str

    # ------------------------------------------------------------ on the surface's own root

    def repository(self, path: str) -> str:
        """A Container, Archival Group or member by its whole path; the root ends in a slash."""
        return f"{self.own}/repository/{encode(path)}"

    def member(self, group: str, path: str) -> str:
        """A member of a group by its path inside the group."""
        return self.repository(f"{group}/{path}" if path else group)

    def agent(self, name: str) -> str:
        return f"{self.own}/agents/{quote(name, safe='')}"

    # ------------------------------------------------------------ always on the Preservation root

    def deposit(self, deposit: str) -> str:
        return f"{self.public}/deposits/{deposit}"

    def diff(self, deposit: str) -> str:
        """The reference that, posted as a job's ``id``, asks for the present difference."""
        return f"{self.deposit(deposit)}/importjobs/diff"

    def transient_diff(self, deposit: str, moment: datetime) -> str:
        """The id of one difference, numbered by the ticks of the moment it was made."""
        return f"{self.deposit(deposit)}/importjobs/transient/{ticks(moment)}"

    def deposit_result(self, deposit: str, job: str) -> str:
        """An import job result as the Preservation surface names it."""
        return f"{self.deposit(deposit)}/importjobs/results/{job}"

    def groups_stream(self) -> str:
        """The activity stream of Archival Groups, without collection or page."""
        return f"{self.public}/activity/archivalgroups"

    # ------------------------------------------------------------ always on the Storage root

    def content(self, path: str) -> str:
        """Where the bytes of a Binary can be read."""
        return f"{self.storage}/content/{encode(path)}"

    def group_on_storage(self, path: str) -> str:
        """An Archival Group as storage maps name it, whichever surface answers."""
        return f"{self.storage}/repository/{encode(path)}"

    def storage_result(self, job: str, group: str) -> str:
        """An import job result as the Storage surface names it."""
        return f"{self.storage}/import/results/{job}/{encode(group)}"

    def export(self, job: str) -> str:
        return f"{self.storage}/export/{job}"

    def imports_stream(self) -> str:
        """The activity stream of finished import jobs, without collection or page."""
        return f"{self.storage}/activity/importjobs"

    # ------------------------------------------------------------ which surface

    def result(self, deposit: str, job: str, group: str) -> str:
        """An import job result as the answering surface names it."""
        if self.own == self.storage or not deposit:
            return self.storage_result(job, group)
        return self.deposit_result(deposit, job)


def preservation_uris(public: str, storage: str) -> Uris:
    """The URIs as the Preservation surface answers them."""
    return Uris(public=public.rstrip("/"), storage=storage.rstrip("/"), own=public.rstrip("/"))


def storage_uris(public: str, storage: str) -> Uris:
    """The URIs as the Storage surface answers them."""
    return Uris(public=public.rstrip("/"), storage=storage.rstrip("/"), own=storage.rstrip("/"))


def file_uri(base: str, path: str) -> str:
    """The URI of a file below a folder's URI, which ends in a slash; ``#`` becomes ``%23``."""
    return base + quote_path(path)
