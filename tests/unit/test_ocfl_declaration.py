"""A storage root is made, read, upgraded and explained; whatever stops it on the way."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from strongroom.errors import Damaged, NotFound, Unprocessable
from strongroom.ocfl import declaration, declared, extensions, layouts
from strongroom.ocfl.extensions import Unknown
from strongroom.ocfl.layouts import (
    FlatDirect,
    FlatOmitPrefix,
    HashAndId,
    Hashed,
    Layout,
    NTupleOmitPrefix,
)
from strongroom.ocfl.texts import SPECIFICATIONS, published
from strongroom.storage import durable
from strongroom.storage.localstore import LocalStore
from support.ocfl_check import tree

LAYOUTS: list[Layout] = [
    FlatDirect(),
    HashAndId(tuple_size=2),
    Hashed(),
    FlatOmitPrefix(delimiter="edu/"),
    NTupleOmitPrefix(reverse_object_root=True),
]
STAGING = "extensions/strongroom-staging"
NAME = layouts.DEFAULT.name


class Stopped(BaseException):
    """The process would have been killed here."""


def stop_before(monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """Let the step of that number, counted from 1, and all later ones not happen."""
    count = 0

    def watched(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **named: Any) -> Any:
            nonlocal count
            count += 1
            if count >= step:
                raise Stopped
            return original(*args, **named)

        return call

    for name in durable.STEPS:
        monkeypatch.setattr(durable, name, watched(getattr(durable, name)))


def steps(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Names and places of the steps from now on; of a synced descriptor, the file it is."""
    done: list[tuple[str, str]] = []

    def watched(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **named: Any) -> Any:
            first = args[0]
            at = os.readlink(f"/proc/self/fd/{first}") if isinstance(first, int) else first
            target = args[1] if name == "rename" else at
            done.append((name, Path(target).name))
            return original(*args, **named)

        return call

    for name in durable.STEPS:
        monkeypatch.setattr(durable, name, watched(name, getattr(durable, name)))
    return done


def content(folder: Path) -> dict[str, bytes | None]:
    """All files with their bytes, and folders; staging is left out."""
    return {path: data for path, data in tree(folder).items() if not path.startswith(STAGING)}


def old_root(folder: Path) -> Path:
    """A root of OCFL 1.0 as a peer makes it."""
    folder.mkdir()
    (folder / "0=ocfl_1.0").write_bytes(b"ocfl_1.0\n")
    (folder / "ocfl_1.0.txt").write_bytes(published("ocfl_1.0.txt"))
    said = {"extension": NAME, "description": "hashed"}
    (folder / "ocfl_layout.json").write_text(json.dumps(said))
    (folder / "extensions" / NAME).mkdir(parents=True)
    (folder / "extensions" / NAME / "config.json").write_bytes(layouts.write(layouts.DEFAULT))
    return folder


# ------------------------------------------------------------------------------------------ texts

#: SHA-256 of the texts as they came from their publishers
PUBLISHED = {
    "0002-flat-direct-storage-layout.md": (
        "9debb8e70cef58b16ebe90f2b5993bd8eb76366e91dbab7c37ddeae0dd345bad"
    ),
    "0003-hash-and-id-n-tuple-storage-layout.md": (
        "9766ecdd4a3a7de70f659f847529ca6548f018a216d1ab43b914f3a5cba97bfb"
    ),
    "0004-hashed-n-tuple-storage-layout.md": (
        "c8069877b2bce8f44e223c62b68389962e5a0ce2b7c8efef8f82459fb7dcf5b0"
    ),
    "0006-flat-omit-prefix-storage-layout.md": (
        "cc1d8025958be7f80603f56339c2a602f70464bcfb51fa3bcffe2f2a0540454d"
    ),
    "0007-n-tuple-omit-prefix-storage-layout.md": (
        "fafb20269971b675241907c07ce98cb20ae26276c2352569d9b06d235e526dc2"
    ),
    "ocfl_1.0.txt": "50477388ff9dbd37e8ba4ad65375747c2e8105cff7715e4381b79b3656cd730a",
    "ocfl_1.1.md": "f445d56038c2834ab1860108385627365ba5a479887459055488ac59d2d4c5cc",
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_texts_are_kept_word_for_word(name: str) -> None:
    assert hashlib.sha256(published(name)).hexdigest() == PUBLISHED[name]
    notice = (Path(__file__).parents[2] / "NOTICE").read_text()
    assert f"src/strongroom/ocfl/texts/{name}" in notice


def test_every_rule_that_a_root_can_follow_has_its_text() -> None:
    assert {*SPECIFICATIONS.values(), *(f"{name}.md" for name in layouts.NAMES)} == set(PUBLISHED)


# ----------------------------------------------------------------------------------------- making


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_a_new_root_explains_itself(tmp_path: Path, layout: Layout) -> None:
    declaration.create(tmp_path, layout)
    assert declared.read(LocalStore(tmp_path)) == ("1.1", layout)
    assert set(content(tmp_path)) == {
        "0=ocfl_1.1",
        "README.txt",
        "extensions/",
        f"extensions/{layout.name}/",
        f"extensions/{layout.name}/config.json",
        f"{layout.name}.md",
        "ocfl_1.1.md",
        "ocfl_layout.json",
    }
    assert (tmp_path / "0=ocfl_1.1").read_bytes() == b"ocfl_1.1\n"
    for name in ("ocfl_1.1.md", f"{layout.name}.md"):
        assert (tmp_path / name).read_bytes() == published(name)
    said = json.loads((tmp_path / "ocfl_layout.json").read_bytes())
    assert said == {"extension": layout.name, "description": layout.description}
    assert declared.read_identity(LocalStore(tmp_path)) is not None
    assert extensions.check(LocalStore(tmp_path), Unknown.REFUSE) == []


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_the_readme_leads_a_finder_to_an_object(tmp_path: Path, layout: Layout) -> None:
    declaration.create(tmp_path, layout)
    readme = (tmp_path / "README.txt").read_text()
    numbers = re.findall(r"^(\d)\. ", readme, re.MULTILINE)
    assert numbers == ["1", "2", "3", "4", "5"]
    joined = " ".join(readme.split())
    assert f"1. {layout.where}" in joined
    assert f"4. {layout.finding}" in joined
    for name in ("ocfl_1.1.md", f"{layout.name}.md", STAGING):
        assert name in joined
        assert (tmp_path / name).exists()
    # a long example path may stand out, nothing else may
    assert all(len(line) <= 100 or " " not in line.strip() for line in readme.splitlines())


def test_the_readme_tells_the_steps_of_the_layout_in_use() -> None:
    digest = hashlib.sha256(b"info:fedora/foo/bar").hexdigest()
    hashed = Hashed(tuple_size=4, number_of_tuples=2, short_object_root=True)
    assert f"on level 3 below this one, such as {digest[:4]}/{digest[4:8]}/{digest[8:]}" in (
        hashed.where
    )
    assert "first 8 digits, 4 at a time, are the names of 2 folders" in hashed.finding
    assert "the digits that are left are the name" in hashed.finding
    assert "the whole digest is the name" in Hashed().finding
    assert "folders, one" not in Hashed(tuple_size=0, number_of_tuples=0).finding
    assert "sha512 digest" in HashAndId(digest_algorithm="sha512").finding
    assert '"edu/"' in FlatOmitPrefix(delimiter="edu/").finding
    assert r'"\n"' in FlatOmitPrefix(delimiter="\n").finding
    right = NTupleOmitPrefix(zero_padding="right", tuple_size=2)
    assert "shorter than 6 characters, add zeros on its right" in right.finding
    assert "backwards" not in right.finding
    assert "Write that backwards" in NTupleOmitPrefix(reverse_object_root=True).finding


def test_an_interrupted_making_is_taken_up_at_every_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = tmp_path / "done"
    done.mkdir()
    declaration.create(done, NTupleOmitPrefix())
    for step in range(1, 500):
        folder = tmp_path / str(step)
        folder.mkdir()
        with monkeypatch.context() as patch:
            stop_before(patch, step)
            try:
                declaration.create(folder, NTupleOmitPrefix())
            except Stopped:
                pass
            else:
                break
        declaration.create(folder, NTupleOmitPrefix())
        assert content(folder) == content(done)
        assert declared.read(LocalStore(folder)) == ("1.1", NTupleOmitPrefix())
    assert step > 40


@pytest.mark.parametrize("left", [b"", b"What this folder is\n"])
def test_a_file_cut_short_by_a_power_loss_is_written_anew(tmp_path: Path, left: bytes) -> None:
    (tmp_path / "README.txt").write_bytes(left)
    (tmp_path / ".ocfl_1.1.md.new").write_bytes(b"# Ox")
    declaration.create(tmp_path)
    assert b"ordinary computer" in (tmp_path / "README.txt").read_bytes()
    assert not (tmp_path / ".ocfl_1.1.md.new").exists()


@pytest.mark.parametrize(
    ("files", "named"),
    [
        ({"thesis.txt": "mine"}, "thesis.txt"),
        ({"README.txt": "of another project"}, "README.txt"),
        ({"ocfl_layout.json": "{}"}, "ocfl_layout.json"),
        ({f"extensions/{NAME}/config.json": '{"tupleSize": 2}'}, f"extensions/{NAME}/config.json"),
        ({f"extensions/{NAME}/notes.txt": ""}, f"extensions/{NAME}/notes.txt"),
        ({f"extensions/{FlatDirect.name}/config.json": "{}"}, f"extensions/{FlatDirect.name}"),
        ({f"{FlatDirect.name}.md": ""}, f"{FlatDirect.name}.md"),
        ({"extensions/stray.txt": ""}, "extensions/stray.txt"),
        ({"README.txt/is a folder": ""}, "README.txt"),
        ({"abc/def/0=ocfl_object_1.1": ""}, "abc"),
        ({f"{i}.txt": "" for i in range(9)}, "0.txt, 1.txt, 2.txt, 3.txt, 4.txt, …)"),
    ],
)
def test_a_folder_that_holds_anything_else_is_left_alone(
    tmp_path: Path, files: dict[str, str], named: str
) -> None:
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    before = tree(tmp_path)
    with pytest.raises(Unprocessable, match=re.escape(named)) as caught:
        declaration.create(tmp_path)
    assert caught.value.problem == "not-a-storage-root"
    assert tree(tmp_path) == before


def test_a_link_in_the_place_of_a_file_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(b"")
    (tmp_path / "root").mkdir()
    (tmp_path / "root/README.txt").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Unprocessable, match=r"README\.txt"):
        declaration.create(tmp_path / "root")
    assert (tmp_path / "elsewhere").read_bytes() == b""


def test_a_link_in_the_place_of_a_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "root").mkdir()
    (tmp_path / "root/extensions").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Unprocessable, match="extensions"):
        declaration.create(tmp_path / "root")
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_text_that_somebody_added_to_is_left_alone(tmp_path: Path) -> None:
    longer = published("ocfl_1.1.md") + b"."
    (tmp_path / "ocfl_1.1.md").write_bytes(longer)
    with pytest.raises(Unprocessable, match=r"ocfl_1\.1\.md"):
        declaration.create(tmp_path)
    assert tree(tmp_path) == {"ocfl_1.1.md": longer}


def test_a_root_is_not_made_with_a_layout_that_cannot_be_followed(tmp_path: Path) -> None:
    with pytest.raises(Unprocessable, match="both must be 0"):
        declaration.create(tmp_path, Hashed(tuple_size=0))
    assert list(tmp_path.iterdir()) == []


def test_of_makers_at_the_same_time_one_makes_the_root(tmp_path: Path) -> None:
    makers = [FlatDirect(), Hashed()] * 4
    start = threading.Barrier(len(makers))
    refused: list[Unprocessable] = []

    def make(layout: Layout) -> None:
        start.wait()
        try:
            declaration.create(tmp_path, layout)
        except Unprocessable as error:
            refused.append(error)  # it came upon the half of another one's root

    threads = [threading.Thread(target=make, args=[layout]) for layout in makers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spec, layout = declared.read(LocalStore(tmp_path))
    assert spec == "1.1"
    assert len(refused) < len(makers)
    assert all(error.problem == "not-a-storage-root" for error in refused)
    config = tmp_path / "extensions" / layout.name / "config.json"
    assert config.read_bytes() == layouts.write(layout)
    assert {path.name for path in (tmp_path / "extensions").iterdir()} == {
        layout.name,
        "strongroom-staging",
    }


# ---------------------------------------------------------------------------------------- reading


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_layout_and_parameters_are_read_from_the_root(tmp_path: Path, layout: Layout) -> None:
    root = old_root(tmp_path / "root")
    (root / "ocfl_layout.json").write_text(json.dumps({"extension": layout.name}))
    config = root / "extensions" / layout.name / "config.json"
    config.parent.mkdir(exist_ok=True)
    config.write_bytes(layouts.write(layout))
    assert declared.read(LocalStore(root)) == ("1.0", layout)
    config.unlink()
    if isinstance(layout, FlatOmitPrefix):
        with pytest.raises(Unprocessable, match="delimiter is missing"):
            declared.read(LocalStore(root))
    else:
        assert declared.read(LocalStore(root)) == ("1.0", type(layout)())


@pytest.mark.parametrize(
    ("name", "text", "says", "problem"),
    [
        ("ocfl_layout.json", None, "does not say where its objects lie", "bad-storage-root"),
        ("ocfl_layout.json", "{", "no JSON", "bad-storage-root"),
        ("ocfl_layout.json", "[]", "names no layout", "bad-storage-root"),
        ("ocfl_layout.json", '{"extension": 4}', "names no layout", "bad-storage-root"),
        ("ocfl_layout.json", '{"extension": "../../x"}', "'../../x' is not known", "bad-layout"),
        (
            "ocfl_layout.json",
            '{"extension": "0011-direct-clean-path-layout"}',
            "with a program that knows its layout",
            "bad-layout",
        ),
        (
            f"extensions/{NAME}/config.json",
            '{"tupleSize": 99, "x": 1}',
            "tupleSize is 99: .*; x is not known",
            "bad-layout",
        ),
        ("0=ocfl_1.0", "ocfl_1.0", "must hold 'ocfl_1.0'", "bad-storage-root"),
        ("0=ocfl_1.1", "ocfl_1.1\r\n", "must hold 'ocfl_1.1'", "bad-storage-root"),
        ("0=ocfl_1.2", "ocfl_1.2\n", "declares no version", "bad-storage-root"),
        ("1=ocfl_1.1", "ocfl_1.1\n", "declares no version", "bad-storage-root"),
        ("0=ocfl_object_1.0", "ocfl_object_1.0\n", "declares no version", "bad-storage-root"),
    ],
)
def test_a_root_that_cannot_be_followed_is_refused(
    tmp_path: Path, name: str, text: str | None, says: str, problem: str
) -> None:
    root = old_root(tmp_path / "root")
    if text is None:
        (root / name).unlink()
    else:
        (root / name).write_bytes(text.encode())
    before = tree(root)
    with pytest.raises(Unprocessable, match=says) as caught:
        declared.read(LocalStore(root))
    assert caught.value.problem == problem
    assert tree(root) == before


def test_a_folder_without_a_declaration_is_no_root(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no OCFL storage root"):
        declared.read(LocalStore(tmp_path))


def test_a_declaration_that_is_no_file_is_damage(tmp_path: Path) -> None:
    root = old_root(tmp_path / "root")
    (root / "0=ocfl_1.1").mkdir()
    with pytest.raises(Damaged, match=r"0=ocfl_1\.1"):
        declared.read(LocalStore(root))


# -------------------------------------------------------------------------------------- upgrading


def test_a_root_of_1_0_becomes_one_of_1_1(tmp_path: Path) -> None:
    root = old_root(tmp_path / "root")
    before = content(root)
    assert declaration.upgrade(root) is True
    del before["0=ocfl_1.0"]
    assert content(root) == before | {
        "0=ocfl_1.1": b"ocfl_1.1\n",
        "ocfl_1.1.md": published("ocfl_1.1.md"),
    }
    assert declared.read(LocalStore(root)) == ("1.1", layouts.DEFAULT)
    after = content(root)
    assert declaration.upgrade(root) is False
    assert content(root) == after


def test_an_upgrade_leaves_a_text_that_is_there(tmp_path: Path) -> None:
    root = old_root(tmp_path / "root")
    (root / "ocfl_1.1.md").write_text("an edition with notes")
    declaration.upgrade(root)
    assert (root / "ocfl_1.1.md").read_text() == "an edition with notes"


def test_what_is_no_root_is_not_upgraded(tmp_path: Path) -> None:
    root = old_root(tmp_path / "root")
    (root / "0=ocfl_1.0").write_bytes(b"ocfl_1.0")
    with pytest.raises(Unprocessable, match="must hold"):
        declaration.upgrade(root)
    assert not (root / "0=ocfl_1.1").exists()


def test_the_old_declaration_goes_when_the_new_one_is_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = old_root(tmp_path / "root")
    with monkeypatch.context() as patch:
        done = steps(patch)
        declaration.upgrade(root)
    # a name that is only passing is cleared before, whether it is there or not
    lasting = [step for step in done if not step[1].endswith(".new")]
    assert [step for step in lasting if step[0] in ("rename", "unlink")] == [
        ("rename", "ocfl_1.1.md"),
        ("rename", "0=ocfl_1.1"),
        ("unlink", "0=ocfl_1.0"),
    ]
    shown = done.index(("rename", "0=ocfl_1.1"))
    gone = done.index(("unlink", "0=ocfl_1.0"))
    assert ("sync_file", ".0=ocfl_1.1.new") in done[:shown]
    assert ("sync_folder", "root") in done[shown:gone]
    assert ("sync_folder", "root") in done[gone:]


def test_an_upgrade_stopped_at_any_step_leaves_a_root_and_is_settled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = set()
    for step in range(1, 100):
        root = old_root(tmp_path / str(step))
        with monkeypatch.context() as patch:
            stop_before(patch, step)
            try:
                declaration.upgrade(root)
            except Stopped:
                pass
            else:
                break
        said = {path.name for path in root.glob("0=*")}
        seen.add(frozenset(said))
        spec, layout = declared.read(LocalStore(root))
        assert (f"0=ocfl_{spec}" in said, layout) == (True, layouts.DEFAULT)
        assert declaration.settle(root) is (len(said) == 2)
        assert {path.name for path in root.glob("0=*")} == {f"0=ocfl_{spec}"}
        assert declaration.settle(root) is False
        assert declaration.upgrade(root) is (spec == "1.0")
        assert {path.name for path in root.glob("0=*")} == {"0=ocfl_1.1"}
        assert not list(root.glob(".*.new"))
        assert (root / "ocfl_1.1.md").read_bytes() == published("ocfl_1.1.md")
    assert seen == {
        frozenset({"0=ocfl_1.0"}),
        frozenset({"0=ocfl_1.0", "0=ocfl_1.1"}),
        frozenset({"0=ocfl_1.1"}),
    }


def test_settling_trusts_no_declaration_that_is_only_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = old_root(tmp_path / "root")
    (root / "0=ocfl_1.1").write_bytes(b"ocfl_1.1\n")
    with monkeypatch.context() as patch:
        done = steps(patch)
        assert declaration.settle(root) is True
    gone = done.index(("unlink", "0=ocfl_1.0"))
    for half in (done[:gone], done[gone:]):
        assert ("sync_folder", "root") in half
    assert ("sync_file", "0=ocfl_1.1") in done[:gone]


@pytest.mark.parametrize(
    ("name", "text"), [("0=ocfl_1.1", ""), ("0=ocfl_1.2", "ocfl_1.2\n"), ("1=ocfl_1.1", "x")]
)
def test_declarations_that_no_upgrade_leaves_are_not_settled(
    tmp_path: Path, name: str, text: str
) -> None:
    root = old_root(tmp_path / "root")
    (root / name).write_text(text)
    before = tree(root)
    with pytest.raises(Unprocessable):
        declaration.settle(root)
    assert tree(root) == before


# ------------------------------------------------------------------------------------- extensions


def with_extensions(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / "extensions" / name).mkdir(parents=True)
    return folder


def test_extensions_that_need_no_action_are_not_reported(tmp_path: Path) -> None:
    with_extensions(
        tmp_path,
        *layouts.NAMES,
        *("0001-digest-algorithms", "0009-digest-algorithms", "0005-mutable-head"),
        *("0008-schema-registry", "initial", "strongroom-staging"),
    )
    (tmp_path / "extensions/stray.txt").write_text("no extension")
    assert extensions.check(LocalStore(tmp_path), Unknown.REFUSE) == []
    assert extensions.check(LocalStore(tmp_path / "nowhere"), Unknown.REFUSE) == []


UNKNOWN = ["0010-differential-n-tuple-omit-prefix-storage-layout", "rocfl-staging", "zz-own"]


def test_unknown_extensions_are_refused_all_at_once(tmp_path: Path) -> None:
    with_extensions(tmp_path, *UNKNOWN, NAME)
    with pytest.raises(Unprocessable, match=", ".join(UNKNOWN)) as caught:
        extensions.check(LocalStore(tmp_path), Unknown.REFUSE)
    assert caught.value.problem == "unknown-extension"
    assert [fault.path for fault in caught.value.faults] == [f"extensions/{n}" for n in UNKNOWN]


def test_unknown_extensions_are_warned_of_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with_extensions(tmp_path, *UNKNOWN, NAME)
    with caplog.at_level(logging.DEBUG):
        assert extensions.check(LocalStore(tmp_path), Unknown.WARN) == UNKNOWN
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert all(name in record.getMessage() for name in UNKNOWN)
    assert NAME not in record.getMessage()


def test_unknown_extensions_can_be_ignored(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with_extensions(tmp_path, *UNKNOWN)
    with caplog.at_level(logging.DEBUG):
        assert extensions.check(LocalStore(tmp_path), Unknown.IGNORE) == UNKNOWN
    assert caplog.records == []


def test_a_policy_is_read_from_its_word() -> None:
    assert [Unknown(word) for word in ("refuse", "warn", "ignore")] == list(Unknown)


def test_known_layouts_are_registered() -> None:
    assert layouts.NAMES < extensions.LAYOUTS < extensions.REGISTERED
    assert "strongroom-staging" not in extensions.REGISTERED
