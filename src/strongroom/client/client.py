"""The client's front door: one object, one attribute for each subject.

It only puts the subjects together over one shared connection pool.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType

import httpx

from strongroom.client.content import Contents
from strongroom.client.deposits import Deposits
from strongroom.client.files import Files
from strongroom.client.jobs import Jobs
from strongroom.client.repository import Containers, Repository
from strongroom.client.transport import Retry, Transport


class Client:
    """A server, as programs see it.

    >>> with Client("http://localhost:8000", identity="cataloguer") as client:
    ...     client.containers.create("library")
    ...     deposit = client.deposits.create(archival_group="library/book", name="A Book")

    All calls block; one client may be shared between threads.
    """

    def __init__(
        self,
        base_url: str,
        identity: str | None = None,
        *,
        timeout: float = 600.0,
        storage_url: str | None = None,
        api_key: str | None = None,
        retry: Retry | None = None,
        sleep: Callable[[float], None] = time.sleep,
        wire: httpx.BaseTransport | None = None,
    ) -> None:
        """``timeout``: seconds without a sign of life until a request is given up.

        ``api_key`` is an API key or a token, for servers that ask who one is. ``storage_url``
        replaces the address at which the server says content lies (its public
        Storage root), for clients that reach it another way, such as through a tunnel. ``wire``
        takes the place of the network in tests.
        """
        self.transport = Transport(
            base_url,
            identity=identity,
            api_key=api_key,
            timeout=timeout,
            retry=retry,
            sleep=sleep,
            wire=wire,
        )
        self.containers = Containers(self.transport)
        self.repository = Repository(self.transport)
        self.deposits = Deposits(self.transport, sleep)
        self.files = Files(self.transport)
        self.jobs = Jobs(self.transport, sleep)
        self.content = Contents(self.transport, storage_url)

    def close(self) -> None:
        """Close all connections."""
        self.transport.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
