"""Whether keys are kept as they are, however awkward, and however long."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from strongroom.storage.doctor.findings import BOTH, Outcome, Probe, bad, good, limited
from strongroom.storage.doctor.s3.site import Site, refusal

#: what URLs, shells, XML and file systems are made of; capitals; Unicode composed and decomposed
AWKWARD = (
    "two  spaces ",
    "a+b",
    "a#b",
    "100%",
    "%41%2F",
    "a?b&c=d;e,f",
    "'\"<>`|\\",
    "$(){}[]^~!@*:",
    ".hidden",
    "dots..",
    "Case",
    "case",
    "caf\u00e9",
    "cafe\u0301",
    "日本",
    "😀",
)
#: bytes of a key at most, and of one of its segments in file systems
LONGEST, SEGMENT = 1024, 255


def _names(site: Site) -> Outcome:
    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(lambda name: _kept(site, name), AWKWARD))
    wrong = [f"{name!r} ({word})" for name, word in zip(AWKWARD, said, strict=True) if word]
    prefix = site.key("names/")
    listed = {found.key for found in site.bucket.listing(prefix)}
    wrong += [
        f"{name!r} (not listed)"
        for name, word in zip(AWKWARD, said, strict=True)
        if word is None and prefix + name not in listed
    ]
    # only after all were written, for two of them may be the same to the store
    wrong += [
        f"{name!r} (taken for another)"
        for name, word in zip(AWKWARD, said, strict=True)
        if word is None and site.get(f"names/{name}") != name.encode()
    ]
    if wrong:
        return bad(f"not kept: {', '.join(wrong)}", "Files with such names cannot be kept here.")
    return good(f"{len(AWKWARD)} kept as they are")


def _kept(site: Site, name: str) -> str | None:
    """What the store says against a name: storing and copying it."""
    return refusal(lambda: site.put(f"names/{name}", name.encode())) or refusal(
        lambda: site.client.copy_object(
            **site.at(f"names-copied/{name}"),
            CopySource={"Bucket": site.bucket.name, "Key": site.key(f"names/{name}")},
        )
    )


def _length(site: Site) -> Outcome:
    segment = "long/" + "s" * SEGMENT
    if refusal(lambda: site.put(segment, b"x")) or site.get(segment) != b"x":
        return bad("names of 255 bytes are refused", "Files with such names cannot be kept here.")
    room = LONGEST - len(site.key("").encode())
    longest = "/".join("k" * 100 for _ in range(11))[:room].rstrip("/").ljust(room, "k")
    said = refusal(lambda: site.put(longest, b"x"))
    if said:
        return limited(
            f"keys of {LONGEST} bytes are refused: {said}", "Very deep folders cannot be kept here."
        )
    if site.get(longest) != b"x":
        return bad(f"keys of {LONGEST} bytes are cut", "Files could be taken for each other.")
    return good(f"keys of {LONGEST} bytes, names of {SEGMENT}")


def _clash(site: Site) -> Outcome:
    """Keys have no folders, so both can be; stores that keep them in folders had better refuse."""
    refused = 0
    for first, second in (("one", "one/below"), ("two/below", "two")):
        site.put(f"clash/{first}", b"x")
        refused += refusal(lambda name=second: site.put(f"clash/{name}", b"x")) is not None  # type: ignore[misc]
    expected = 4 - refused
    listed = len(list(site.bucket.listing(site.key("clash/"))))
    if listed != expected:
        return limited(
            f"{expected} are accepted, {listed} are listed",
            "What clients put so is missing without a word. Strongroom itself never does it.",
        )
    return good("the second is refused" if refused else "both are kept")


NAMES = Probe(
    name="names",
    title="Awkward names",
    why="Files keep their names, and none is taken for another.",
    needed=BOTH,
    run=_names,
)
LENGTH = Probe(
    name="key-length",
    title="Long names",
    why="Deep folders can be kept.",
    needed=BOTH,
    run=_length,
)
CLASH = Probe(
    name="file-and-folder",
    title="File and folder of one name",
    why="Nothing that a client puts is missing in listings.",
    run=_clash,
)
