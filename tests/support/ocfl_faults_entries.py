"""What can be wrong with the entries of an inventory: versions, people, fixity, content folder.

Each row names the codes that it must yield and no others.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from support.ocfl_faults_inventory import empty, in_each, key, moved, old
from support.ocfl_faults_making import Obj, fault, make


def version(change: Callable[[dict[str, Any]], object]) -> Any:
    """The newest version's entry changed, in the newest inventory."""
    return lambda made: change(made.newest["versions"][made.newest["head"]])


def first_version(change: Callable[[dict[str, Any]], object]) -> Any:
    """What the first version is said to be, changed in every inventory."""
    return lambda made: [change(inventory["versions"]["v1"]) for inventory in made.each()]


def entry(name: str, value: object) -> Any:
    return version(lambda found: found.update({name: value}))


def user(value: object) -> Any:
    return entry("user", value)


def content_named(*names: str | None) -> Any:
    """What v1, v2 and v3 say of the content folder's name."""

    def harm(made: Obj) -> None:
        for inventory, name in zip(made.each(), names, strict=True):
            if name is not None:
                inventory["contentDirectory"] = name

    return harm


CREATED = [
    "2026-01-01",
    "2026-01-01T12:00:00",
    "2026-01-01T12:00Z",
    "2026-01-01T12:00+01:00",
    "2026-13-01T12:00:00Z",
    "2026-02-29T12:00:00Z",
    "2026-01-01T24:00:00Z",
    "2026-01-01T12:60:00Z",
    "2026-01-01T12:00:00+25:00",
    "2026-01-01T12:00:00.Z",
    "2026-01-01T12:00:00+0100",
    "20260101T120000Z",
    "yesterday",
    " 2026-01-01T12:00:00Z",
    "2026-01-01T12:00:00Z\n",
    "٢٠٢٦-01-01T12:00:00Z",
    "",
    5,
    None,
]
_FIXITY_LOOK = {"md5": {"d41d8cd98f00b204e9800998ecf8427e": ["v1/content/empty"]}}

ENTRIES = [
    # ------------------------------------------------------------------------------------ version
    *(
        fault(
            "E048", f"no {name}", "versions.v3", version(lambda found, name=name: found.pop(name))
        )
        for name in ("created", "state")
    ),
    *(
        fault("E049", f"created {value!r}", "versions.v3.created", entry("created", value))
        for value in CREATED
    ),
    fault(
        "E049",
        "an older version's",
        "versions.v1.created",
        first_version(lambda found: found.update(created="2026")),
    ),
    *(
        fault("E050", f"a state of {value!r}", "versions.v3.state", entry("state", value))
        for value in ([], None, "x")
    ),
    *(
        fault(
            "E050",
            f"paths of {value!r}",
            "versions.v3.state",
            version(
                lambda found, value=value: found["state"].update(
                    {next(iter(found["state"])): value}
                )
            ),
        )
        for value in ("a.txt", [5], {}, None)
    ),
    *(
        fault("E054", f"a user of {value!r}", "versions.v3.user", user(value))
        for value in ("Ann", [], None, {"address": "mailto:a@b.example"})
    ),
    *(
        fault(
            "E054",
            f"a name of {value!r}",
            "versions.v3.user",
            user({"name": value, "address": "mailto:a@b.example"}),
        )
        for value in ("", 5, None)
    ),
    *(
        fault("E094", f"a message of {value!r}", "versions.v3.message", entry("message", value))
        for value in (5, None, ["new"])
    ),
    fault(
        "E033", "a number as an address", "versions.v3.user", user({"name": "Ann", "address": 5})
    ),
    fault("W007", "no message", "versions.v3", version(lambda found: found.pop("message"))),
    fault("W007", "no user", "versions.v3", version(lambda found: found.pop("user"))),
    fault("W008", "no address", "versions.v3.user", user({"name": "Ann"})),
    fault(
        "W009",
        "an address that is no URI",
        "versions.v3.user",
        user({"name": "Ann", "address": "1 Way, Town"}),
    ),
    # ------------------------------------------------------------------------------ what is unknown
    fault("E102", "an unknown key", "size", key("size", 5)),
    fault(
        "E102", "one in v1's", "v1/inventory.json: note", lambda made: made.of("v1").update(note="")
    ),
    fault("E102", "one of a version", "versions.v3", entry("size", 5)),
    fault(
        "E102",
        "one of a user",
        "versions.v3.user",
        version(lambda found: found["user"].update(role="editor")),
    ),
    fault("E055", "fixity under another name", "Fixity", key("Fixity", _FIXITY_LOOK)),
    fault("E055", "fixity under a name of its own", "checksums", key("checksums", _FIXITY_LOOK)),
    *(
        fault("E111", f"fixity of {value!r}", "fixity", key("fixity", value))
        for value in (None, [], "md5")
    ),
    fault("E057", "fixity of null, in 1.0", "fixity", key("fixity", None), old),
    *(
        fault("E057", f"md5 of {value!r}", "fixity.md5", key("fixity", {"md5": value}))
        for value in (None, [], "x")
    ),
    *(
        fault(
            "E057",
            f"paths of {value!r}",
            "fixity.md5",
            key("fixity", {"md5": {"d41d8cd98f00b204e9800998ecf8427e": value}}),
        )
        for value in ("v1/content/empty", [5], None)
    ),
    fault(
        "E056",
        "an unknown algorithm",
        "fixity.crc32",
        key("fixity", {"crc32": {"00000000": ["v1/content/empty"]}}),
    ),
    fault(
        "E056",
        "capitals",
        "fixity.MD5",
        key("fixity", {"MD5": {"d41d8cd98f00b204e9800998ecf8427e": ["v1/content/empty"]}}),
    ),
    # ------------------------------------------------------------------------- the content folder
    fault(
        "E017",
        "a slash",
        "contentDirectory",
        in_each("contentDirectory", "con/tent"),
        empty,
        times=3,
    ),
    fault("E018", "a dot", "contentDirectory", in_each("contentDirectory", "."), empty, times=3),
    fault(
        "E018", "two dots", "contentDirectory", in_each("contentDirectory", ".."), empty, times=3
    ),
    fault(
        "E018",
        "two dots, with content",
        "contentDirectory",
        in_each("contentDirectory", ".."),
        times=3,
    ),
    fault("E108", "no name", "contentDirectory", in_each("contentDirectory", ""), empty, times=3),
    fault(
        "E017",
        "no name, in 1.0",
        "contentDirectory",
        in_each("contentDirectory", ""),
        lambda: make([{}], spec="1.0"),
    ),
    fault(
        "E019",
        "named from v2 on",
        "contentDirectory",
        content_named(None, "content", "content"),
        times=2,
    ),
    fault("E019", "named in v3 only", "contentDirectory", content_named(None, None, "content")),
    fault(
        "E020",
        "changed without content",
        "contentDirectory",
        content_named("one", "one", "two"),
        empty,
    ),
    fault(
        "E020", "changed in v2 only", "v2/inventory.json", content_named("one", "two", "one"), empty
    ),
    fault(
        "E020",
        "changed with content",
        "contentDirectory",
        content_named("content", "content", "stuff"),
    ),
    fault("E020", "not named in v3", "", content_named("content", "content", None)),
    fault("E021", "not named, and not content", "", lambda _: None, moved, times=2),
]
