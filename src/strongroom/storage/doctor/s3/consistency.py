"""Whether what was written is there, and what was deleted is gone, for the very next request."""

from __future__ import annotations

from strongroom.storage.doctor.findings import BOTH, Outcome, Probe, bad, good
from strongroom.storage.doctor.s3.site import MISSING, Site, refusal

_ROUNDS = 12
_STALE = "An older state could be taken for the present one."


def _consistency(site: Site) -> Outcome:
    for number in range(_ROUNDS):
        wrong = _wrong(site, f"consistency/{number}")
        if wrong:
            return bad(wrong, _STALE)
    return good(f"at once, {_ROUNDS} times")


def _wrong(site: Site, name: str) -> str:
    # a look before, since some stores remember that there was nothing
    if not _gone(site, name):
        return "something is there that nobody wrote"
    for text in (b"first", b"second"):
        site.put(name, text)
        if _gone(site, name):
            return "what was written is not there at once"
        if site.get(name) != text:
            return "an older state was read after a newer was written"
    if site.key(name) not in _listed(site):
        return "what was written is not listed at once"
    site.client.delete_object(**site.at(name))
    if not _gone(site, name):
        return "what was deleted is there still"
    if site.key(name) in _listed(site):
        return "what was deleted is listed still"
    return ""


def _gone(site: Site, name: str) -> bool:
    said = refusal(lambda: site.get(name))
    return said is not None and said in MISSING


def _listed(site: Site) -> list[str]:
    return [listed.key for listed in site.bucket.listing(site.key("consistency/"))]


CONSISTENCY = Probe(
    name="consistency",
    title="Read after write",
    why="What was written is there, and what was deleted is gone, at once.",
    needed=BOTH,
    run=_consistency,
)
