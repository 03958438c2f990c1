"""What every code means that is about who asks, and what that one may do.

Part of :mod:`strongroom.api.problem_texts`.
"""

from __future__ import annotations

from collections.abc import Mapping

TEXTS: Mapping[str, str] = {
    "already-granted": "The subject has this role at this path already; nothing was changed.",
    "bad-authorization": (
        "Authorization must have the form 'Bearer TOKEN', where the token comes from an issuer "
        "that is accepted here, or from /v1/token, or is an API key."
    ),
    "bad-grant": (
        "A grant has a subject (*, agent:NAME, client:ID, group:NAME or sub:ISSUER#SUBJECT), a "
        "role (reader, depositor, preserver, curator, auditor or administrator) and the path of a "
        "Container or an Archival Group, such as /collections/maps; / is everything."
    ),
    "bad-grants": "The file of grants cannot be used. The errors name each place that is wrong.",
    "bad-key": (
        "The API key is mistyped, or it is not known here, has expired, or was revoked. Keys of "
        "another server do not count. The operator makes a new one with 'strongroom keys create'."
    ),
    "bad-key-name": "The name of an API key has 1 to 200 printable characters.",
    "bad-token": (
        "The token is not accepted: the detail says why. Get a new one from the issuer, for the "
        "audience of this server; if it was new, let the operator compare the issuer and the "
        "audience in the settings with those in the token."
    ),
    "configured-grant": (
        "This grant stands in the settings or in the file of grants, and can only be changed there."
    ),
    "identity-not-allowed": (
        "The header X-Client-Identity names an agent for whom this client may not act. Leave it "
        "out; or let the operator list the client in identity_clients, or make an API key with "
        "--names-agents."
    ),
    "issuer-unreachable": (
        "The issuer of the token does not answer, or answers what cannot be used, so the token "
        "cannot be proved. Try again in a moment; the server's log says what is wrong."
    ),
    "no-grant": "There is no such grant, or it may not be seen.",
    "no-identity": (
        "The token names no person, so the header X-Client-Identity must say for whom the client "
        "acts. This answer is plain text, as existing clients know it."
    ),
    "no-key": "There is no API key with this id; 'strongroom keys list' shows all of them.",
    "no-scope": (
        "An API key may do nothing but what its scopes say, so it needs one: a role, or a role and "
        "a path, such as depositor:/collections."
    ),
    "no-tokens": (
        "Authentication is off on this server; it neither issues tokens nor asks for them."
    ),
    "not-granted": (
        "The caller has no grant for this action at this path or above. The errors name the "
        "action. /v1/me shows the grants that count; an administrator can ask /v1/grants/explain, "
        "and the server's log says the reason under the correlation id."
    ),
    "signing-keys": (
        "The file with the keys that sign tokens cannot be used: it is damaged, or others than its "
        "owner may read it. The server's log says which; 'strongroom keys rotate' makes a new key."
    ),
    "too-many": "There were too many requests in a short time; wait as Retry-After says.",
    "too-many-failures": (
        "Too many requests from one address could not prove who asks. Wait a moment, and check the "
        "token or the key; requests with a good one are answered meanwhile."
    ),
    "two-proofs": (
        "A request proves in one way who asks: with one header Authorization, or one X-API-KEY."
    ),
    "unauthenticated": (
        "This server asks who you are. Send 'Authorization: Bearer TOKEN' with a token of an "
        "issuer that is accepted here, or with an API key."
    ),
}
