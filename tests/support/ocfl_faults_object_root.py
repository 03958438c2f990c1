"""What can be wrong with an object's root folder: its declaration, what has no place there, links.

Each row names the codes that it must yield and no others.
"""

from __future__ import annotations

from typing import Any

from support.ocfl_faults_making import Link, Obj, Pipe, SameFile, fault, make

DECLARATION = "0=ocfl_object_1.1"


def declared(name: str, body: bytes | None = None) -> Any:
    """Another declaration in the place of the right one."""

    def harm(made: Obj) -> None:
        made.remove(DECLARATION)
        made.put(name, body if body is not None else name.partition("=")[2].encode() + b"\n")

    return harm


def body(data: bytes) -> Any:
    return lambda made: made.put(DECLARATION, data)


def linked() -> Obj:
    """An object of two files with equal bytes."""
    return make([{"b/c.txt": b"two"}, {"b/c.txt": b"two", "copy": b"two"}], once=False)


OBJECT_ROOT = [
    # ------------------------------------------------------------------------------ declaration
    fault("E003", "no declaration", "", lambda made: made.remove(DECLARATION)),
    fault(
        "E003",
        "two declarations",
        "",
        lambda made: made.put("0=ocfl_object_1.0", b"ocfl_object_1.0\n"),
    ),
    fault("E002", "no equals sign", "0ocfl_object_1.1", declared("0ocfl_object_1.1", b"x\n")),
    fault("E005", "tag 1", "1=ocfl_object_1.1", declared("1=ocfl_object_1.1")),
    fault("E005", "tag of two digits", "00=ocfl_object_1.1", declared("00=ocfl_object_1.1")),
    fault("E006", "another value", "0=ocflobject_1.1", declared("0=ocflobject_1.1")),
    fault("E006", "capitals", "0=OCFL_object_1.1", declared("0=OCFL_object_1.1")),
    fault("E004", "version 9.9", "0=ocfl_object_9.9", declared("0=ocfl_object_9.9")),
    fault("E004", "version 1", "0=ocfl_object_1", declared("0=ocfl_object_1")),
    fault("E004", "version of three parts", "0=ocfl_object_1.1.0", declared("0=ocfl_object_1.1.0")),
    fault("E004", "no version", "0=ocfl_object_", declared("0=ocfl_object_")),
    fault("E007", "empty declaration", DECLARATION, body(b"")),
    fault("E007", "no newline", DECLARATION, body(b"ocfl_object_1.1")),
    fault("E007", "two newlines", DECLARATION, body(b"ocfl_object_1.1\n\n")),
    fault("E007", "newline of another system", DECLARATION, body(b"ocfl_object_1.1\r\n")),
    fault("E007", "another version in it", DECLARATION, body(b"ocfl_object_1.0\n")),
    fault("E007", "no text", DECLARATION, body(b"\xff\xfe")),
    fault("E007", "a large one", DECLARATION, body(b"ocfl_object_1.1\n" * 100_000)),
    # ------------------------------------------------------------------------------ object root
    fault("E001", "a file", "notes.txt", lambda made: made.put("notes.txt", b"")),
    fault("E001", "a folder", "notes", lambda made: made.put("notes/a.txt", b"")),
    fault("E001", "an empty folder", "notes", lambda made: made.put("notes", None)),
    fault(
        "E001",
        "a left-over",
        "inventory.json.new",
        lambda made: made.put("inventory.json.new", b"{}"),
    ),
    fault("E001", "a pipe", "pipe", lambda made: made.put("pipe", Pipe())),
    fault("E001", "a name that is no text", r"\xff", lambda made: made.put("\udcff", b"")),
    fault("E001", "a file called logs", "logs", lambda made: made.put("logs", b"")),
    fault(
        "E001", "a file called extensions", "extensions", lambda made: made.put("extensions", b"")
    ),
    fault(
        "E001",
        "a malformed declaration beside the right one",
        "1=ocfl_object_1.1",
        lambda made: made.put("1=ocfl_object_1.1", b"ocfl_object_1.1\n"),
    ),
    fault(
        "E067",
        "a file in extensions",
        "extensions/a.txt",
        lambda made: made.put("extensions/a.txt", b""),
    ),
    fault(
        "W013",
        "an unknown extension",
        "extensions/ours",
        lambda made: made.put("extensions/ours/a", b""),
    ),
    # ------------------------------------------------------------------------ objects in objects
    *(
        fault(
            "E082",
            f"an object in {folder}",
            folder,
            lambda made, put=f"{folder}/{DECLARATION}": made.put(put, b""),
        )
        for folder in (
            "logs/inner",
            "logs",
            "extensions/0001-digest-algorithms/deep/er",
            "other",
            "extensions",
        )
    ),
    # ------------------------------------------------------------------------------------ links
    fault("E090", "a link in the object root", "link", lambda made: made.put("link", Link("v1"))),
    fault(
        "E090", "a broken link in an object", "link", lambda made: made.put("link", Link("nowhere"))
    ),
    fault("E090", "a link in logs", "logs/link", lambda made: made.put("logs/link", Link("../v1"))),
    fault(
        "E090", "a link in a version", "v1/link", lambda made: made.put("v1/link", Link("content"))
    ),
    fault(
        "E090",
        "a link in an extension",
        "extensions/0001-digest-algorithms/link",
        lambda made: made.put("extensions/0001-digest-algorithms/link", Link("..")),
    ),
    fault(
        "E090",
        "a link beside content",
        "v1/content/b/link",
        lambda made: made.put("v1/content/b/link", Link("c.txt")),
    ),
    fault(
        "E090",
        "content that is a link to the right bytes",
        "v1/content/a.txt",
        lambda made: (
            made.put("logs/a.txt", b"one"),
            made.put("v1/content/a.txt", Link("../../logs/a.txt")),
        ),
    ),
    fault(
        "E090",
        "a content folder that is a link",
        "v1/content",
        lambda made: (
            made.remove("v1/content"),
            *(
                made.put(path.replace("v1/content", "logs/x"), data)
                for path, data in made.content.items()
                if path[:3] == "v1/"
            ),
            made.put("v1/content", Link("../logs/x")),
        ),
    ),
    fault(
        "E090",
        "an inventory that is a link to the right one",
        "inventory.json",
        lambda made: made.put("inventory.json", Link("v3/inventory.json")),
    ),
    fault(
        "E090",
        "a version folder that is a link",
        "v3",
        lambda made: (
            made.remove("v3"),
            *(
                made.put(f"logs/v3/{name}", made.sound()[f"v3/{name}"])
                for name in ("inventory.json", "inventory.json.sha512")
            ),
            made.put("v3", Link("logs/v3")),
        ),
    ),
    fault(
        "E090",
        "two names of one file",
        "",
        lambda made: made.put("v2/content/copy", SameFile("v1/content/b/c.txt")),
        lambda: linked(),
        times=2,
    ),
    fault(
        "E090",
        "a second name in logs",
        "",
        lambda made: made.put("logs/a.txt", SameFile("v1/content/a.txt")),
        times=2,
    ),
    # ------------------------------------------------------------------------------- unreadable
    *(
        fault("unreadable", path, path, lambda _: None, refused=(path,))
        for path in (
            "inventory.json",
            "inventory.json.sha512",
            DECLARATION,
            "v1",
            "v1/inventory.json",
            "v1/inventory.json.sha512",
            "v1/content",
            "v1/content/b",
            "v1/content/a.txt",
        )
    ),
    fault("unreadable", "logs", "logs", lambda made: made.put("logs/a", b""), refused=("logs",)),
    fault(
        "unreadable",
        "extensions",
        "extensions",
        lambda made: made.put("extensions/0001-digest-algorithms/a", b""),
        refused=("extensions",),
    ),
]
