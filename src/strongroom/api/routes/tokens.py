"""The token endpoint: API keys exchanged for short tokens, for machines without an issuer.

Client credentials as in RFC 6749, section 4.4, with metadata (RFC 8414) and keys (RFC 7517).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from urllib.parse import parse_qsl, unquote_plus

from anyio import to_thread
from litestar import Response, get, post

from strongroom.api import credentials
from strongroom.api.body import EdgeRequest
from strongroom.api.edge import Edge, Given
from strongroom.api.operation import JSON, PUBLIC, documented
from strongroom.api.values import text, word
from strongroom.domain.times import utc_now
from strongroom.errors import NotFound, StrongroomError, TooMany, Unauthenticated
from strongroom.services import authentication
from strongroom.services.authentication import Authentication
from strongroom.wire.grants import IssuerMetadata, KeySet, TokenAnswer, TokenRefusal

#: bytes of a request for a token
_MAX_FORM = 16 << 10
_NEVER_KEPT = {"Cache-Control": "no-store", "Pragma": "no-cache"}


class _Refused(Exception):
    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error, self.description, self.status = error, description, status


def _how(edge: Edge) -> Authentication:
    if edge.how is None:
        raise NotFound("Authentication is off, so there are no tokens to be had.", code="no-tokens")
    return edge.how


@post(
    "/v1/token",
    status_code=200,
    media_type=JSON,
    request_max_body_size=_MAX_FORM,
    opt=documented(
        "Exchange an API key for a token (OAuth 2.0 client credentials)",
        answer=TokenAnswer,
        problems=(401, 404, 413, 429),
        refusal=TokenRefusal,
        form={
            "grant_type": word("How to get a token", ("client_credentials",), required=True),
            "client_id": text("The id of the key, unless it stands in Authorization"),
            "client_secret": text("The key, unless it stands in Authorization"),
            "scope": text("Read and not heeded: a token gives what its key gives"),
        },
        needs=PUBLIC,
    ),
)
async def issue_token(
    edge: Given, request: EdgeRequest
) -> Response[TokenAnswer] | Response[TokenRefusal]:
    how = _how(edge)
    body = await request.body()
    address = request.client.host if request.client else "unknown"
    try:
        answer = await to_thread.run_sync(_issue, edge, how, request, body, address)
    except _Refused as refused:
        headers = dict(_NEVER_KEPT)
        if refused.status == 401:
            headers["WWW-Authenticate"] = 'Basic realm="strongroom"'
        return Response(
            TokenRefusal(error=refused.error, error_description=refused.description),
            status_code=refused.status,
            headers=headers,
        )
    return Response(answer, headers=_NEVER_KEPT)


def _issue(
    edge: Edge, how: Authentication, request: EdgeRequest, body: bytes, address: str
) -> TokenAnswer:
    client, secret = _client(request, _form(request, body))
    try:
        return TokenAnswer(**authentication.issue(edge.ctx, how, client, secret))
    except Unauthenticated as error:
        counted: StrongroomError = edge.attempts.failed(
            error, address, request.state.get("correlation_id")
        )
        if isinstance(counted, TooMany):
            raise counted from None
        raise _Refused("invalid_client", counted.message, 401) from None


def _form(request: EdgeRequest, body: bytes) -> dict[str, str]:
    if request.content_type[0].lower() != "application/x-www-form-urlencoded":
        raise _Refused("invalid_request", "Send a form: application/x-www-form-urlencoded.")
    try:
        pairs = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, max_num_fields=20, errors="strict"
        )
    except ValueError:
        raise _Refused("invalid_request", "The form cannot be read.") from None
    form = dict(pairs)
    if len(form) != len(pairs):
        raise _Refused("invalid_request", "A parameter is sent more than once.")
    if "grant_type" not in form:
        raise _Refused("invalid_request", "The parameter grant_type is missing.")
    if form["grant_type"] != "client_credentials":
        raise _Refused("unsupported_grant_type", "The one grant_type here is client_credentials.")
    return form


def _client(request: EdgeRequest, form: Mapping[str, str]) -> tuple[str, str]:
    """The id and the secret of a client: from the header, or from the form, never from both."""
    header = credentials.authorization(request.scope["headers"])
    if header is None:
        client, secret = form.get("client_id", ""), form.get("client_secret", "")
        if not client or not secret:
            raise _Refused(
                "invalid_client", "The id and the secret of the client are missing.", 401
            )
        return client, secret
    if "client_secret" in form:
        raise _Refused("invalid_request", "The client proves itself in two ways; use one.")
    scheme, _, encoded = header.partition(" ")
    try:
        decoded = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        decoded = ""
    name, colon, secret = decoded.partition(":")
    if scheme.lower() != "basic" or not colon:
        raise _Refused("invalid_client", "Authorization must be Basic here.", 401)
    return unquote_plus(name), unquote_plus(secret)


@get(
    "/v1/jwks",
    media_type=JSON,
    sync_to_thread=True,
    opt=documented(
        "The public keys of our own tokens", answer=KeySet, problems=(404,), needs=PUBLIC
    ),
)
def show_keys(edge: Given) -> KeySet:
    return KeySet(keys=_how(edge).signer.published(utc_now())["keys"])


@get(
    "/.well-known/oauth-authorization-server",
    media_type=JSON,
    sync_to_thread=False,
    opt=documented(
        "Where tokens are had, and how", answer=IssuerMetadata, problems=(404,), needs=PUBLIC
    ),
)
def show_metadata(edge: Given) -> IssuerMetadata:
    issuer = _how(edge).own_issuer
    return IssuerMetadata(
        issuer=issuer,
        token_endpoint=f"{issuer}/v1/token",
        jwks_uri=f"{issuer}/v1/jwks",
        grant_types_supported=["client_credentials"],
        token_endpoint_auth_methods_supported=["client_secret_basic", "client_secret_post"],
        response_types_supported=[],
    )


HANDLERS = (issue_token, show_keys, show_metadata)
