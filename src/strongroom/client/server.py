"""The server itself: whether it can work, who acted on it, and how its tokens are proved."""

from __future__ import annotations

from strongroom.client.errors import NotNow
from strongroom.client.operations import operation
from strongroom.client.transport import Transport
from strongroom.wire.archiving import ConnectivityCheckResult
from strongroom.wire.grants import IssuerMetadata, KeySet


def is_healthy(transport: Transport) -> bool:
    """Whether requests can be served; Unreachable where nobody answers."""
    try:
        transport.request("GET", "/health", again=False)
    except NotNow:
        return False
    return True


class Server:
    """On the Preservation API. A check that fails is an answer, not an error."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @operation("GET /health")
    def healthy(self) -> bool:
        """Whether requests can be served now; asked once."""
        return is_healthy(self._transport)

    @operation("GET /agents")
    def agents(self) -> list[str]:
        """URIs of everyone who ever acted on a deposit."""
        return self._transport.json("GET", "/agents", list[str])

    @operation("GET /storage")
    def check_storage(self) -> ConnectivityCheckResult:
        """Whether storing works: the index answers, and the OCFL root is the right one."""
        return self._check("/storage")

    @operation("GET /storage/check-s3")
    def check_deposits(self) -> ConnectivityCheckResult:
        """Whether the place of the deposits' files can be used."""
        return self._check("/storage/check-s3")

    @operation("GET /storage/check-storage-s3")
    def check_root(self) -> ConnectivityCheckResult:
        """Whether the OCFL storage root is there and the right one."""
        return self._check("/storage/check-storage-s3")

    def _check(self, path: str) -> ConnectivityCheckResult:
        return self._transport.json("GET", path, ConnectivityCheckResult)

    @operation("GET /.well-known/oauth-authorization-server")
    def issuer(self) -> IssuerMetadata:
        """Where tokens are had, and how (RFC 8414); NotThere while authentication is off."""
        path = "/.well-known/oauth-authorization-server"
        return self._transport.json("GET", path, IssuerMetadata)

    @operation("GET /v1/jwks")
    def token_keys(self) -> KeySet:
        """The public keys of the server's tokens (RFC 7517); NotThere as for :meth:`issuer`."""
        return self._transport.json("GET", "/v1/jwks", KeySet)
