"""Rules of the bucket that delete, move or hold what is in it without anybody asking us.

Whether they can be looked at depends on rights that are not needed otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from strongroom.storage.doctor.findings import BOTH, Outcome, Probe, bad, good, limited
from strongroom.storage.doctor.s3.site import Site

#: answers that there are no such rules, or cannot be any
_NONE = frozenset(
    (
        "NoSuchLifecycleConfiguration",
        "ObjectLockConfigurationNotFoundError",
        "ObjectLockConfigurationNotFound",
        "NoSuchObjectLockConfiguration",
        "NotImplemented",
        "MethodNotAllowed",
    )
)


def _asked(ask: Callable[..., Any], site: Site) -> tuple[Mapping[str, Any], str]:
    """The rules; and why they cannot be told."""
    try:
        return ask(Bucket=site.bucket.name), ""
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", "?"))
        return {}, "" if code in _NONE else code


def _not_told(why: str) -> Outcome:
    return limited(f"not told: {why}", "Look at the bucket's settings with the rights to do so.")


def _lifecycle(site: Site) -> Outcome:
    """A rule that expires objects deletes the archive, one that moves them makes it unreadable."""
    answer, why = _asked(site.client.get_bucket_lifecycle_configuration, site)
    if why:
        return _not_told(why)
    rules = [
        rule
        for rule in answer.get("Rules", ())
        if rule.get("Status") == "Enabled" and _meets(_prefix(rule), site.whole)
    ]
    if any("Expiration" in rule and _deletes(rule["Expiration"]) for rule in rules):
        return bad("a rule deletes objects here", "What is kept here is deleted by the store.")
    if any(rule.get("Transitions") for rule in rules):
        return limited(
            "a rule moves objects to other storage classes",
            "Where these need restoring first, content cannot be read.",
        )
    if any("AbortIncompleteMultipartUpload" in rule for rule in rules):
        return good("unfinished uploads are cleared away, nothing else is")
    return limited(
        "none clears away unfinished uploads",
        "What stopped servers leave of uploads takes room until Strongroom sweeps it.",
    )


def _deletes(expiration: Mapping[str, Any]) -> bool:
    return "Days" in expiration or "Date" in expiration


def _prefix(rule: Mapping[str, Any]) -> str:
    narrowed = rule.get("Filter", {})
    inner = narrowed.get("And", {})
    return str(rule.get("Prefix") or narrowed.get("Prefix") or inner.get("Prefix") or "")


def _meets(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)


def _versioning(site: Site) -> Outcome:
    answer, why = _asked(site.client.get_bucket_versioning, site)
    if why:
        return _not_told(why)
    if answer.get("Status") == "Enabled":
        return limited(
            "on",
            "What is replaced or deleted still takes room; a rule should expire what is noncurrent "
            "after a while.",
        )
    return good("off" if not answer.get("Status") else "suspended")


def _lock(site: Site) -> Outcome:
    answer, why = _asked(site.client.get_object_lock_configuration, site)
    if why:
        return _not_told(why)
    rule = answer.get("ObjectLockConfiguration", {}).get("Rule", {}).get("DefaultRetention")
    if rule:
        return limited(
            f"new objects are held ({rule.get('Mode', '?')})",
            "Deposits and purged objects take room until their time is over.",
        )
    return good("nothing is held")


LIFECYCLE = Probe(
    name="lifecycle",
    title="Lifecycle rules",
    why="Nothing is deleted or moved behind our back.",
    needed=BOTH,
    run=_lifecycle,
)
VERSIONING = Probe(
    name="versioning",
    title="Versioning",
    why="OCFL keeps versions by itself.",
    run=_versioning,
)
LOCK = Probe(
    name="object-lock",
    title="Object lock",
    why="What is deleted makes room.",
    run=_lock,
)
