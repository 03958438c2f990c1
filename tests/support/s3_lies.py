"""What S3 stores get wrong, one fault each, for a proxy before a real one.

A fault that must change what was signed is done with a client of our own, which knows the keys.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import unquote

from botocore.exceptions import ClientError

from support.s3_proxy import Answer, Request

Forward = Callable[[Request], Answer]
#: gets a client, the request and the way to the real store; None: the real store shall answer
Fault = Callable[[Any, Request, Forward], Answer | None]


@dataclass(frozen=True)
class Lie:
    """A fault, the probe that must find it, and as what."""

    probe: str
    state: str
    #: words of what was found
    found: str
    fault: Fault


def place(request: Request) -> dict[str, str]:
    """Bucket and key, as a client names them."""
    _, bucket, key = request.path.split("/", 2)
    return {"Bucket": bucket, "Key": unquote(key)}


def error(status: int, code: str) -> Answer:
    body = f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode()
    return Answer(status, {"content-type": "application/xml"}, body)


def _is(request: Request, method: str, *, signed: bool | None = None) -> bool:
    """Whether it is a plain request for a key, and signed in its query if that is asked for."""
    query = {name for name in request.query if not name.lower().startswith("x-amz-")}
    here = "X-Amz-Signature" in request.query
    plain = request.method == method and not query and request.path.count("/") > 1
    return (
        plain and (signed is None or here == signed) and "x-amz-copy-source" not in request.headers
    )


def _store(client: Any, request: Request, **more: Any) -> Answer:
    """Put it whatever was asked for, and say that it was done as asked."""
    etag = client.put_object(**place(request), Body=request.body, **more)["ETag"]
    headers = {"etag": etag}
    claimed = request.headers.get("x-amz-checksum-sha256")
    return Answer(200, headers | ({"x-amz-checksum-sha256": claimed} if claimed else {}))


def _ignores(*names: str, signed: bool | None = None) -> Fault:
    """PUT regardless of these headers."""

    def fault(client: Any, request: Request, forward: Forward) -> Answer | None:
        if _is(request, "PUT", signed=signed) and any(name in request.headers for name in names):
            return _store(client, request)
        return None

    return fault


def _looks_then_writes(client: Any, request: Request, forward: Forward) -> Answer | None:
    """Conditions are looked at, and then there is time for others."""
    if not _is(request, "PUT") or not request.headers.keys() & {"if-match", "if-none-match"}:
        return None
    try:
        etag = client.head_object(**place(request))["ETag"]
    except ClientError:
        etag = None
    time.sleep(0.05)
    wanted = request.headers.get("if-match")
    if etag == wanted:
        return _store(client, request)
    return error(412, "PreconditionFailed")


def _says_and_does_not(client: Any, request: Request, forward: Forward) -> Answer | None:
    if not _is(request, "PUT"):
        return None
    answer = forward(request)
    return Answer(200, {"etag": '"0"'}) if answer.status == 412 else answer


def _writes_missing(client: Any, request: Request, forward: Forward) -> Answer | None:
    if _is(request, "PUT") and "if-match" in request.headers:
        answer = forward(request)
        return _store(client, request) if answer.status == 404 else answer
    return None


def _busy(client: Any, request: Request, forward: Forward) -> Answer | None:
    if _is(request, "PUT") and request.headers.keys() & {"if-match", "if-none-match"}:
        return error(409, "ConditionalRequestConflict")
    return None


def _completes_over(client: Any, request: Request, forward: Forward) -> Answer | None:
    if request.method == "POST" and "uploadId" in request.query:
        client.delete_object(**place(request))
    return None


def _deletes_all(client: Any, request: Request, forward: Forward) -> Answer | None:
    if _is(request, "DELETE"):
        client.delete_object(**place(request))
        return Answer(204)
    return None


def _claims_kept() -> Fault:
    """A checksum is not looked at, and repeated."""
    claims: dict[str, str] = {}

    def fault(client: Any, request: Request, forward: Forward) -> Answer | None:
        claimed = request.headers.get("x-amz-checksum-sha256")
        if _is(request, "PUT") and claimed:
            claims[request.path] = claimed
            return _store(client, request)
        if request.method == "HEAD" and request.path in claims:
            return _changed(
                forward(request), headers={"x-amz-checksum-sha256": claims[request.path]}
            )
        return None

    return fault


def _knows_no_checksums(client: Any, request: Request, forward: Forward) -> Answer | None:
    if _is(request, "PUT") and "x-amz-checksum-sha256" in request.headers:
        return _changed(_store(client, request), drop=("x-amz-checksum-sha256",))
    return _changed(forward(request), drop=("x-amz-checksum-sha256", "x-amz-checksum-type"))


def _changed(
    answer: Answer, *, headers: dict[str, str] | None = None, drop: tuple[str, ...] = ()
) -> Answer:
    kept = {name: value for name, value in answer.headers.items() if name not in drop}
    return replace(answer, headers={**kept, **(headers or {})})


_OTHER_SHA256 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="


def _wrong_head(client: Any, request: Request, forward: Forward) -> Answer | None:
    if request.method == "HEAD":
        return _changed(forward(request), headers={"x-amz-checksum-sha256": _OTHER_SHA256})
    return None


def _composite_unmarked(client: Any, request: Request, forward: Forward) -> Answer | None:
    if request.method != "HEAD":
        return None
    answer = forward(request)
    told = answer.headers.get("x-amz-checksum-sha256", "")
    return _changed(
        answer,
        headers={"x-amz-checksum-sha256": told.partition("-")[0]},
        drop=("x-amz-checksum-type",),
    )


def _in_body(pattern: str, new: str, **of: str) -> Fault:
    """Change the text of answers that list or copy."""

    def fault(client: Any, request: Request, forward: Forward) -> Answer | None:
        asked = of.get("header") in request.headers or of.get("query") in request.query
        if not asked:
            return None
        answer = forward(request)
        return replace(answer, body=re.sub(pattern.encode(), new.encode(), answer.body, flags=re.S))

    return fault


def _no_copy_checksums(client: Any, request: Request, forward: Forward) -> Answer | None:
    if "x-amz-copy-source" in request.headers:
        answer = forward(request)
        return replace(
            answer, body=re.sub(b"<ChecksumSHA256>.*?</ChecksumSHA256>", b"", answer.body)
        )
    if request.method == "HEAD":
        return _changed(forward(request), drop=("x-amz-checksum-sha256",))
    return None


def _copies_anything(client: Any, request: Request, forward: Forward) -> Answer | None:
    source = request.headers.get("x-amz-copy-source")
    if source and "x-amz-copy-source-if-match" in request.headers:
        client.copy_object(**place(request), CopySource=unquote(source))
        return Answer(200, {}, b"<CopyObjectResult><ETag>x</ETag></CopyObjectResult>")
    return None


def _no_part_copy(client: Any, request: Request, forward: Forward) -> Answer | None:
    if "x-amz-copy-source" in request.headers and "partNumber" in request.query:
        return error(501, "NotImplemented")
    return None


def _shows_parts(client: Any, request: Request, forward: Forward) -> Answer | None:
    if request.method == "PUT" and request.query.get("partNumber") == "1":
        client.put_object(**place(request), Body=request.body)
    return None


def _keeps_first_part(client: Any, request: Request, forward: Forward) -> Answer | None:
    if request.method == "POST" and "uploadId" in request.query:
        answer = forward(request)
        client.put_object(**place(request), Body=b"part")
        return answer
    return None


def _no_ranges(client: Any, request: Request, forward: Forward) -> Answer | None:
    if request.method == "GET" and "range" in request.headers:
        got = client.get_object(**place(request))
        headers = {"etag": got["ETag"], "last-modified": format_datetime(got["LastModified"])}
        return Answer(200, headers, got["Body"].read())
    return None


def _any_range(client: Any, request: Request, forward: Forward) -> Answer | None:
    if request.method == "GET" and "if-match" in request.headers:
        got = client.get_object(**place(request), Range=request.headers["range"])
        headers = {"etag": got["ETag"], "last-modified": format_datetime(got["LastModified"])}
        return Answer(206, headers, got["Body"].read())
    return None


def _refuses_plus(client: Any, request: Request, forward: Forward) -> Answer | None:
    if request.method == "PUT" and unquote(request.path).endswith("a+b"):
        return error(400, "InvalidURI")
    return None


def _case_blind(client: Any, request: Request, forward: Forward) -> Answer | None:
    if _is(request, "PUT") and request.path.endswith("names/Case"):
        asked = place(request)
        asked["Key"] = asked["Key"].lower()
        client.put_object(**asked, Body=request.body)
        return _store(client, request)
    if _is(request, "GET") and request.path.endswith("names/case"):
        return Answer(200, {"etag": "x", "last-modified": format_datetime(_now())}, b"Case")
    return None


def _takes_clashes(client: Any, request: Request, forward: Forward) -> Answer | None:
    """What cannot be kept is accepted all the same."""
    if _is(request, "PUT") and forward(request).status >= 400:
        return Answer(200, {"etag": '"0"'})
    return None


def _short_keys(client: Any, request: Request, forward: Forward) -> Answer | None:
    if request.method == "PUT" and len(request.path) > 700:
        return error(400, "KeyTooLongError")
    return None


def _short_names(client: Any, request: Request, forward: Forward) -> Answer | None:
    if request.method == "PUT" and re.search("[^/]{200}", request.path):
        return error(400, "KeyTooLongError")
    return None


def _no_metadata(client: Any, request: Request, forward: Forward) -> Answer | None:
    if request.method == "HEAD":
        return _changed(forward(request), drop=("x-amz-meta-strongroom-test",))
    return None


def _stale() -> Fault:
    """What was read or listed once is told again."""
    seen: dict[str, Answer] = {}

    def fault(client: Any, request: Request, forward: Forward) -> Answer | None:
        if not _is(request, "GET"):
            return None
        answer = seen.get(request.path) or forward(request)
        if answer.status == 200:
            seen[request.path] = answer
        return answer

    return fault


def _forgets_what_is_not() -> Fault:
    """That there was nothing is remembered for a while."""
    missing: dict[str, Answer] = {}

    def fault(client: Any, request: Request, forward: Forward) -> Answer | None:
        if not _is(request, "GET"):
            return None
        answer = missing.get(request.path) or forward(request)
        if answer.status == 404:
            missing[request.path] = answer
        return answer

    return fault


def _stale_lists() -> Fault:
    """A listing that showed something is told again."""
    seen: list[Answer] = []

    def fault(client: Any, request: Request, forward: Forward) -> Answer | None:
        if "list-type" not in request.query:
            return None
        answer = seen[0] if seen else forward(request)
        if b"<Contents>" in answer.body:
            seen.append(answer)
        return answer

    return fault


def _late_lists(client: Any, request: Request, forward: Forward) -> Answer | None:
    if "list-type" in request.query:
        answer = forward(request)
        return replace(
            answer, body=re.sub(b"<Contents>.*</Contents>", b"", answer.body, flags=re.S)
        )
    return None


def _refuses_signed(client: Any, request: Request, forward: Forward) -> Answer | None:
    if "X-Amz-Signature" in request.query:
        return error(403, "AccessDenied")
    return None


def _signed_without_headers(client: Any, request: Request, forward: Forward) -> Answer | None:
    if _is(request, "PUT", signed=True) and not request.headers.keys() & {
        "if-match",
        "if-none-match",
    }:
        return _store(client, request)
    return None


def _never_ends(*methods: str) -> Fault:
    def fault(client: Any, request: Request, forward: Forward) -> Answer | None:
        if "X-Amz-Signature" not in request.query or request.method not in methods:
            return None
        answer = forward(request)
        if answer.status != 403:
            return answer
        if request.method == "PUT":
            return _store(client, request)
        later = format_datetime(_now() + timedelta(seconds=10), usegmt=True)
        return Answer(200, {"date": later}, client.get_object(**place(request))["Body"].read())

    return fault


def _now() -> datetime:
    return datetime.now(UTC)


def _clock(seconds: int) -> Fault:
    def fault(client: Any, request: Request, forward: Forward) -> Answer | None:
        date = format_datetime(_now() + timedelta(seconds=seconds), usegmt=True)
        return _changed(forward(request), headers={"date": date})

    return fault


def _rule(query: str, body: str) -> Fault:
    def fault(client: Any, request: Request, forward: Forward) -> Answer | None:
        return Answer(200, {}, body.encode()) if query in request.query else None

    return fault


def _lifecycle(what: str, prefix: str = "") -> Fault:
    return _rule(
        "lifecycle",
        "<LifecycleConfiguration><Rule><ID>x</ID><Status>Enabled</Status>"
        f"<Filter><Prefix>{prefix}</Prefix></Filter>{what}</Rule></LifecycleConfiguration>",
    )


def _lists_no_uploads(client: Any, request: Request, forward: Forward) -> Answer | None:
    if request.method == "GET" and "uploads" in request.query:
        return Answer(200, {}, b"<ListMultipartUploadsResult></ListMultipartUploadsResult>")
    return None


def _begins_nothing(client: Any, request: Request, forward: Forward) -> Answer | None:
    """An answer without what every such answer has."""
    if request.method == "POST" and "uploads" in request.query:
        return Answer(200, {}, b"<InitiateMultipartUploadResult></InitiateMultipartUploadResult>")
    return None


def _denied(query: str) -> Fault:
    def fault(client: Any, request: Request, forward: Forward) -> Answer | None:
        return error(403, "AccessDenied") if query in request.query else None

    return fault


def _no_deletion(client: Any, request: Request, forward: Forward) -> Answer | None:
    if request.method == "DELETE" or "delete" in request.query:
        return error(403, "AccessDenied")
    return None


_EXPIRES = "<Expiration><Days>30</Days></Expiration>"
_MOVES = "<Transition><Days>30</Days><StorageClass>GLACIER</StorageClass></Transition>"
_SWEEPS = (
    "<AbortIncompleteMultipartUpload><DaysAfterInitiation>7</DaysAfterInitiation>"
    "</AbortIncompleteMultipartUpload>"
)
_VERSIONED = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
_HELD = (
    "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule>"
    "<DefaultRetention><Mode>GOVERNANCE</Mode><Days>1</Days></DefaultRetention></Rule>"
    "</ObjectLockConfiguration>"
)

LIES = (
    Lie("put-if-none-match", "bad", "overwritten", _ignores("if-none-match")),
    Lie("put-if-none-match", "bad", "did not", _says_and_does_not),
    Lie("put-if-none-match", "bad", "refused", _busy),
    Lie("put-if-match", "bad", "overwritten", _ignores("if-match")),
    Lie("put-if-match", "bad", "did not", _says_and_does_not),
    Lie("put-if-match", "bad", "a missing key", _writes_missing),
    Lie("put-if-match", "bad", "the right ETag", _busy),
    Lie("race-if-none-match", "bad", "several of 16", _looks_then_writes),
    Lie("race-if-none-match", "limited", "nobody", _busy),
    Lie("race-if-match", "bad", "several of 16", _looks_then_writes),
    Lie("race-if-match", "limited", "nobody", _busy),
    Lie("signed", "bad", "refused", _refuses_signed),
    Lie("signed-conditions", "bad", "If-None-Match is ignored", _ignores("if-none-match")),
    Lie("signed-conditions", "bad", "If-Match is ignored", _ignores("if-match", signed=True)),
    Lie("signed-conditions", "bad", "can be left out", _signed_without_headers),
    Lie("signed-expiry", "bad", "on GET", _never_ends("GET")),
    Lie("signed-expiry", "bad", "on PUT", _never_ends("PUT")),
    Lie("signed-bytes", "bad", "other bytes", _ignores("x-amz-checksum-sha256", signed=True)),
    Lie("signed-bytes", "bad", "left out", _signed_without_headers),
    Lie("clock", "limited", "differ by", _clock(30)),
    Lie("clock", "limited", "they differ", _clock(-30)),
    Lie("clock", "bad", "differ by 6", _clock(605)),
    Lie("consistency", "bad", "an older state", _stale()),
    Lie("consistency", "bad", "not there at once", _forgets_what_is_not()),
    Lie("consistency", "bad", "listed still", _stale_lists()),
    Lie("consistency", "bad", "not listed", _late_lists),
    Lie(
        "listing",
        "bad",
        "of 11",
        _in_body("<IsTruncated>true", "<IsTruncated>false", query="list-type"),
    ),
    Lie(
        "listing",
        "bad",
        "order",
        _in_body(
            "(<Contents>.*?</Contents>)(<Contents>.*?</Contents>)", r"\2\1", query="list-type"
        ),
    ),
    Lie(
        "listing",
        "bad",
        "folders",
        _in_body("<CommonPrefixes>.*</CommonPrefixes>", "", query="delimiter"),
    ),
    Lie("ranges", "bad", "wrong bytes", _no_ranges),
    Lie("ranges", "bad", "If-Match", _any_range),
    Lie("parts", "bad", "before it is complete", _shows_parts),
    Lie("parts", "bad", "other bytes", _keeps_first_part),
    Lie("parts", "unknown", "UploadId", _begins_nothing),
    Lie("unfinished-uploads", "limited", "not listed", _lists_no_uploads),
    Lie("names", "bad", "'a+b' (InvalidURI)", _refuses_plus),
    Lie("names", "bad", "'case' (taken for another)", _case_blind),
    Lie("key-length", "limited", "1024", _short_keys),
    Lie("key-length", "bad", "255", _short_names),
    Lie("file-and-folder", "limited", "4 are accepted", _takes_clashes),
    Lie("checksum-put", "bad", "repeated", _claims_kept()),
    Lie("checksum-put", "limited", "none is looked at", _knows_no_checksums),
    Lie("checksum-head", "bad", "a wrong one", _wrong_head),
    Lie("checksum-head", "limited", "not told", _knows_no_checksums),
    Lie("checksum-copy", "limited", "not told", _no_copy_checksums),
    Lie("checksum-copy", "bad", "a wrong one", _wrong_head),
    Lie("checksum-parts", "bad", "not marked", _composite_unmarked),
    Lie("complete-if-none-match", "limited", "overwritten", _completes_over),
    Lie("delete-if-match", "limited", "another object was deleted", _deletes_all),
    Lie("copy-if-match", "limited", "ignored", _copies_anything),
    Lie("copy-parts", "limited", "NotImplemented", _no_part_copy),
    Lie("metadata", "limited", "not kept", _no_metadata),
    Lie("lifecycle", "bad", "deletes", _lifecycle(_EXPIRES)),
    Lie("lifecycle", "bad", "deletes", _lifecycle(_EXPIRES, "archive/ocfl/")),
    Lie("lifecycle", "limited", "moves", _lifecycle(_MOVES)),
    Lie("lifecycle", "limited", "none clears", _lifecycle(_EXPIRES, "elsewhere/")),
    Lie("lifecycle", "limited", "AccessDenied", _denied("lifecycle")),
    Lie("lifecycle", "good", "unfinished", _lifecycle(_SWEEPS)),
    Lie("versioning", "limited", "on", _rule("versioning", _VERSIONED)),
    Lie("object-lock", "limited", "GOVERNANCE", _rule("object-lock", _HELD)),
    Lie("rights", "bad", "DeleteObject: AccessDenied", _no_deletion),
)
