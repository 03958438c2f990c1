"""Which files of a job are infected, and which of them are refused."""

from __future__ import annotations

import pytest

from strongroom.domain.findings import DigestFinding, VirusFinding
from strongroom.domain.importjob import BinaryItem, ImportJob
from strongroom.domain.paths import MemberPath, RepositoryPath
from strongroom.domain.viruses import InfectedFile, brought_in, infected, refuse
from strongroom.errors import Unprocessable


def virus(source: str, *, has: bool = True, found: str | None = "Eicar") -> VirusFinding:
    return VirusFinding(source=source, has_virus=has, found=found)


def hit(path: str, source: str = "METS") -> InfectedFile:
    return InfectedFile(path=MemberPath(path), signature="Eicar", source=source)


def item(path: str, origin: str | None = None) -> BinaryItem:
    return BinaryItem(path=MemberPath(path), origin=origin or path)


def job(**lists: tuple[BinaryItem, ...]) -> ImportJob:
    return ImportJob(group=RepositoryPath("g"), **lists)


def test_one_voice_is_enough() -> None:
    found = infected(
        {
            MemberPath("a"): virus("METS"),
            MemberPath("b"): virus("METS", has=False),
            MemberPath("c"): None,
            MemberPath("d"): virus("METS"),
        },
        {
            "b": (DigestFinding(source="BagIt", digest="0" * 64), virus("ClamAv")),
            "c": (virus("ClamAv", has=False),),
            "d": (virus("ClamAv", has=False),),
            "e": (virus("ClamAv", found=None),),
        },
    )
    assert {path: (file.source, file.signature) for path, file in found.items()} == {
        "a": ("METS", "Eicar"),
        "b": ("ClamAv", "Eicar"),
        "d": ("METS", "Eicar"),
        "e": ("ClamAv", None),
    }


def test_only_what_comes_in_counts() -> None:
    known = {path: hit(path) for path in map(MemberPath, ("a", "b", "c", "objects/d", "e"))}
    plan = job(
        binaries_to_add=(item("a"), item("new", "data/objects/d"), item("z", "c")),
        binaries_to_patch=(item("b"), item("clean")),
        binaries_to_delete=(item("e"),),
    )
    assert [file.path for file in brought_in(plan, known)] == ["a", "b", "new", "z"]


def test_each_file_is_refused_but_those_named() -> None:
    files = [hit("objects/a"), hit("objects/b", "ClamAv"), hit("objects/c")]
    with pytest.raises(Unprocessable, match=r"objects/b \(Eicar\)") as caught:
        refuse(files, ["objects/a"])
    assert caught.value.problem == "infected-file"
    assert [(f.code, f.path, f.found) for f in caught.value.faults] == [
        ("infected-file", "objects/b", "Eicar"),
        ("infected-file", "objects/c", "Eicar"),
    ]
    refuse(files, ["objects/a", "data/objects/b", "objects/c", "objects/none"])
    refuse([], [])
