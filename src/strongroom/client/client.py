"""The client's front door: one object, one attribute for each subject.

It only puts the subjects together over one shared connection pool.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from types import TracebackType

import httpx

from strongroom.client.access import Access
from strongroom.client.activity import GroupActivity
from strongroom.client.archiving import Archiving
from strongroom.client.auth import ApiKey, Proof
from strongroom.client.containers import Containers
from strongroom.client.content import Contents
from strongroom.client.deposits import Deposits
from strongroom.client.files import Files
from strongroom.client.grants import Grants
from strongroom.client.jobs import Jobs
from strongroom.client.links import Links
from strongroom.client.mets import Mets
from strongroom.client.operations import STORAGE
from strongroom.client.pipeline import Pipeline
from strongroom.client.repository import PreservedRepository
from strongroom.client.retry import Retry
from strongroom.client.search import Search
from strongroom.client.server import Server
from strongroom.client.storage import Storage
from strongroom.client.transport import Transport
from strongroom.client.uploads import Uploads
from strongroom.client.views import Views
from strongroom.errors import BadRequest


class Client:
    """A server, as programs see it.

    >>> with Client("http://localhost:8000", identity="cataloguer") as client:
    ...     client.containers.create("library")
    ...     deposit = client.deposits.create(archival_group="library/book", name="A Book")
    ...     client.files.put(deposit, "mets.xml", Path("book/mets.xml"))
    ...     job = client.jobs.wait(client.jobs.run_diff(deposit))

    All calls block; one client may be shared between threads. What calls answer are values: a
    deposit that was read stays as it was, and is read again to see it change.
    """

    def __init__(
        self,
        base_url: str,
        identity: str | None = None,
        *,
        api_key: str | None = None,
        auth: Proof | None = None,
        timeout: float = 600.0,
        storage_url: str | None = None,
        retry: Retry | None = None,
        tls: ssl.SSLContext | None = None,
        sleep: Callable[[float], None] = time.sleep,
        wire: httpx.BaseTransport | None = None,
    ) -> None:
        """``timeout``: seconds without a sign of life until a request is given up.

        Servers that ask who one is want an ``api_key`` (or a token), or ``auth``, which fetches
        tokens: :class:`~strongroom.client.auth.ClientCredentials`,
        :class:`~strongroom.client.auth.Tokens`. ``identity`` is the name under which the server
        records what is done, where it lets its callers say so.

        ``storage_url`` replaces the address at which the server says content lies (its public
        Storage root), for clients that reach it another way, such as through a tunnel; it must be
        given where that lies on another host than ``base_url``, which gets no proof otherwise.
        ``tls`` replaces the system's certificates and rules, not the verification. ``wire`` takes
        the place of the network in tests.
        """
        if api_key and auth:
            raise BadRequest("Give an API key or another proof, not both.", code="two-proofs")
        storage_url = storage_url.rstrip("/") if storage_url else None
        self.transport = Transport(
            base_url,
            identity=identity,
            proof=ApiKey(api_key) if api_key else auth,
            trusted=[storage_url] if storage_url else [],
            timeout=timeout,
            retry=retry,
            tls=tls,
            sleep=sleep,
            wire=wire,
        )
        transport = self.transport
        #: working areas
        self.deposits = Deposits(transport)
        #: their files
        self.files = Files(transport)
        self.links = Links(transport)
        self.uploads = Uploads(transport)
        self.views = Views(transport)
        #: their METS, and who may see what
        self.mets = Mets(transport)
        self.access = Access(transport)
        #: what becomes of them
        self.jobs = Jobs(transport)
        self.pipeline = Pipeline(transport)
        self.archiving = Archiving(transport)
        #: what is preserved
        self.repository = PreservedRepository(transport)
        self.containers = Containers(transport)
        self.content = Contents(transport, storage_url)
        self.search = Search(transport)
        self.activity = GroupActivity(transport)
        #: callers, and the server
        self.grants = Grants(transport)
        self.server = Server(transport)
        #: the other surface
        self.storage = Storage(transport.at(storage_url or transport.base_url + STORAGE))

    def close(self) -> None:
        """Close all connections."""
        self.transport.close()

    def __repr__(self) -> str:
        return f"Client({self.transport.base_url!r})"

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
