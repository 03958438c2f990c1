"""How the validator works: in one process or several, with progress, and in bounded memory."""

from __future__ import annotations

import errno
import gc
import os
import select
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from strongroom.ocfl.validation import crew, readers
from strongroom.ocfl.validation.objects import validate_object
from strongroom.ocfl.validation.problems import Problem
from strongroom.ocfl.validation.processes import Processes
from strongroom.ocfl.validation.progress import Progress
from strongroom.ocfl.validation.roots import validate_root
from strongroom.storage.helper import Helper
from strongroom.storage.localstore import LocalStore
from support.ocfl_faults import FAULTS
from support.ocfl_faults_judged import Fatal, Judged, Refusing, judge
from support.ocfl_faults_making import Fault, Root, make, write
from support.ocfl_faults_roots import page

MANY = 2_000


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An object of thousands of small files and a few large ones, some of them damaged."""
    files = {f"{n % 20:02}/{n}": b"%d" % n for n in range(MANY)}
    files |= {f"large/{n}": bytes([n]) * (3 << 20) for n in range(3)}
    made = make([files], fixity=("md5",))
    for path in ("00/20", "07/127", "19/1999"):
        made.put(f"v1/content/{path}", b"damaged")
    made.put("v1/content/large/1", bytes(3 << 20))
    made.remove("v1/content/03/3")
    made.put("v1/content/more", b"")
    folder = tmp_path_factory.mktemp("large") / "object"
    yield write(made.tree(), folder)
    shutil.rmtree(folder)


def objects(count: int) -> Root:
    """A root of as many small objects, every tenth of them damaged, and some more harm."""
    made = Root()
    for number in range(count):
        path = f"{number % 16:x}/{number:03}"
        made.objects[path] = page(f"info:example/{number}")
        if number % 10 == 0:
            made.put(f"{path}/v1/content/a.txt", b"damaged")
            made.put(f"{path}/v1/more.txt", b"")
    made.objects["f/999"] = page("info:example/1")
    made.put("0/more.txt", b"")
    made.put("9/hollow", None)
    return made


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(objects(300).tree(), tmp_path_factory.mktemp("many") / "root")


#: what is noted where lean processes read small files
SMALL_FILES = "small files"


@pytest.fixture
def helped(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Further processes help even with little work; each turn that they are asked is noted."""
    asked: list[str] = []

    class Waited(Helper):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            asked.append(SMALL_FILES)

        def ready(self) -> bool:
            """Wait for it, so that it surely does what it is given."""
            select.select([self._socket], [], [], 10)
            return super().ready()

    monkeypatch.setattr(readers, "Helper", Waited)
    monkeypatch.setattr(readers, "WORTH", 1e-4)

    class Noted(Processes):
        def map(self, function: Any, items: Any) -> Any:
            asked.append(function.__name__)
            return super().map(function, items)

    monkeypatch.setattr(crew, "Processes", Noted)
    monkeypatch.setattr(crew, "FIRST", 20)
    return asked


def told(judged: Judged) -> list[tuple[str | None, ...]]:
    return [
        (each.place, each.code, each.message, each.object_id, each.expected, each.found)
        for each in judged.problems
    ]


# -------------------------------------------------------------------------------- several at work


@pytest.mark.parametrize("by", ["threads", "processes"])
@pytest.mark.parametrize("workers", [2, 3])
def test_several_workers_find_what_one_finds_in_an_object(
    request: pytest.FixtureRequest, large: Path, workers: int, by: str
) -> None:
    asked = request.getfixturevalue("helped") if by == "processes" else []
    one = judge(large, workers=1)
    assert asked == []
    several = judge(large, workers=workers)
    assert asked == ([SMALL_FILES] * (workers - 1) if by == "processes" else [])
    assert one.codes == {"E092", "E093", "E023"}
    assert len(one.problems) == 10
    assert told(several) == told(one)
    assert several.summary == one.summary


@pytest.mark.parametrize("workers", [2, 3])
def test_several_workers_find_what_one_finds_in_a_root(
    helped: list[str], many: Path, workers: int
) -> None:
    one = judge(many, root=True, workers=1)
    assert helped == []
    several = judge(many, root=True, workers=workers)
    assert helped == ["judge_all"]
    assert one.codes == {"E092", "E015", "E037", "E073", "E084"}
    assert len(one.problems) == 63
    assert told(several) == told(one)
    assert several.summary == one.summary


def test_objects_with_much_content_are_read_with_all_that_there_is(
    helped: list[str], many: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = judge(many, root=True, workers=1)
    monkeypatch.setattr(crew, "_MOST_BYTES", 5)
    several = judge(many, root=True, workers=2)
    assert helped == ["judge_all"]
    assert told(several) == told(one)
    assert several.summary == one.summary


def test_what_another_process_cannot_read_is_told(
    helped: list[str], large: Path, many: Path
) -> None:
    path = "v1/content/05/5"
    judged = judge(large, workers=2, refused=(path,))
    assert [each.place for each in judged.problems if each.code == "unreadable"] == [path]
    paths = ("5/005/inventory.json", "f/255/v1/content", "f/287")
    judged = judge(many, root=True, workers=2, refused=paths)
    assert [e.place for e in judged.problems if e.code == "unreadable"] == sorted(paths)
    assert helped == ["judge_all"]


def test_what_another_process_lacks_is_raised(helped: list[str], large: Path, many: Path) -> None:
    of_object = Refusing(LocalStore(large), ("v1/content/05/5",), errno.EMFILE)
    with pytest.raises(OSError, match="Too many open files"):
        validate_object(of_object, tell=[].append, workers=2)
    of_root = Refusing(LocalStore(many), ("f/255/v1/content/a.txt",), errno.EMFILE)
    with pytest.raises(OSError, match="Too many open files"):
        validate_root(of_root, tell=[].append, workers=2)
    assert helped == ["judge_all"]


@pytest.mark.parametrize("after", [0, 1, 5])
def test_what_a_process_that_dies_should_have_read_is_read_here(
    helped: list[str],
    large: Path,
    monkeypatch: pytest.MonkeyPatch,
    after: int,
) -> None:
    one = judge(large, workers=1)
    posted: list[int] = []
    original = readers.Helper.post

    def post(self: Helper, body: Any, folders: Any) -> None:
        if len(posted) == after:
            self._process.kill()
            self._process.wait()
        posted.append(len(body))
        original(self, body, folders)

    monkeypatch.setattr(readers.Helper, "post", post)
    several = judge(large, workers=2)
    assert len(posted) > after
    assert helped == [SMALL_FILES]
    assert told(several) == told(one)
    assert several.summary == one.summary


def test_without_a_second_process_all_is_read_by_this_one(
    helped: list[str],
    large: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    one = judge(large, workers=1)

    def none(*_: object) -> Helper:
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr(readers, "Helper", none)
    several = judge(large, workers=2)
    assert "fewer processes" in caplog.text
    assert told(several) == told(one)


def test_nobody_waits_for_a_process_that_does_not_start(
    large: Path, helped: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = judge(large, workers=1)
    monkeypatch.setattr(readers.Helper, "ready", lambda self: False)
    several = judge(large, workers=2)
    assert helped == [SMALL_FILES]
    assert told(several) == told(one)
    assert several.summary == one.summary


@dataclass(frozen=True)
class Changing(LocalStore):
    """A store in which something happens to files after they were listed."""

    change: Callable[[Path], None] = Path.unlink
    name: str = "5"

    def folder(self, path: str) -> int:
        file = self.top / path / self.name
        if file.is_file() and not file.is_symlink():
            self.change(file)
        return super().folder(path)


def grow(file: Path) -> None:
    file.write_bytes(file.read_bytes() + b"more")


def shrink(file: Path) -> None:
    file.write_bytes(b"")


def become_a_link(file: Path) -> None:
    file.rename(file.with_name("moved"))
    file.symlink_to("moved")


def become_a_pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(
    ("change", "code", "word"),
    [
        (grow, "E092", "digest"),
        (shrink, "E092", "digest"),
        (Path.unlink, "unreadable", "No such file"),
        (become_a_link, "unreadable", "a symbolic link"),
        (become_a_pipe, "unreadable", "a pipe"),
    ],
)
def test_what_changes_after_it_was_listed_is_told(
    helped: list[str],
    tmp_path: Path,
    change: Callable[[Path], None],
    code: str,
    word: str,
    workers: int,
) -> None:
    files = {f"{n % 4}/{n}": b"%d" % n for n in range(400)}
    # its folder is opened twice: to be listed, and to be read
    folder = write(make([files], fixity=("md5",)).tree(), tmp_path / "object")
    listed: list[str] = []

    def later(file: Path) -> None:
        listed.append(file.name)
        if len(listed) == 2:
            change(file)

    found: list[Problem] = []
    validate_object(Changing(folder, change=later), tell=found.append, workers=workers)
    errors = [each for each in found if not each.code.startswith("W")]
    assert {each.place for each in errors} == {"v1/content/1/5"}
    assert code in {each.code for each in errors}
    assert word in errors[0].message
    assert helped == [SMALL_FILES] * (workers - 1)


def test_a_process_that_dies_is_no_verdict(helped: list[str], many: Path) -> None:
    with pytest.raises(ChildProcessError, match="status 9"):
        validate_root(
            Fatal(LocalStore(many), ("f/255/v1/content/a.txt",)), tell=[].append, workers=2
        )


def test_no_process_is_left(helped: list[str], many: Path, large: Path) -> None:
    """Neither after the work, nor after the caller has had enough of it."""
    before = children()
    judge(many, root=True, workers=2)
    judge(large, workers=2)
    assert helped == ["judge_all", SMALL_FILES]
    assert children() == before

    def too_much(progress: Progress) -> None:
        if progress.files > 500:
            raise KeyError(progress.at)

    with pytest.raises(KeyError):
        validate_object(LocalStore(large), tell=[].append, workers=2, progress=too_much)
    assert children() == before

    def enough(problem: Problem) -> None:
        if problem.place.startswith("f/"):
            raise KeyError(problem.place)

    with pytest.raises(KeyError):
        validate_root(LocalStore(many), tell=enough, workers=2)
    gc.collect()
    assert children() == before


def children() -> set[str]:
    """The processes that this one has started and that are there."""
    if not Path("/proc/self/task").is_dir():
        pytest.skip("only Linux tells a process's children")
    return {
        child
        for task in Path("/proc/self/task").iterdir()
        for child in (task / "children").read_text().split()
    }


def test_problems_of_a_root_come_in_the_order_of_paths(helped: list[str], many: Path) -> None:
    for workers in (1, 2):
        judged = judge(many, root=True, workers=workers)
        owners = [each.place[:5] for each in judged.problems if each.code in ("E092", "E015")]
        assert owners == sorted(owners)
        assert len(set(owners)) == 30


def test_a_problem_names_the_object(many: Path) -> None:
    judged = judge(many, root=True)
    for each in judged.problems:
        path = each.place.split("/")
        named = f"info:example/{int(path[1])}" if path[1].isdecimal() else None
        assert each.object_id == (named if each.place != "f/999" else "info:example/1")


# ---------------------------------------------------------------------------------- without digests

#: what only the bytes of content tell
_OF_BYTES = {"E092", "E093", "unreadable"}


@pytest.mark.parametrize(
    "fault", [each for each in FAULTS if not _OF_BYTES & set(each.codes.split())], ids=str
)
def test_without_digests_everything_else_is_told(fault: Fault, tmp_path: Path) -> None:
    made = fault.made()
    write(made.tree(), tmp_path / "x")
    judged = judge(tmp_path / "x", root=isinstance(made, Root), digests=False)
    assert judged.codes == set(fault.codes.split()), f"\n{judged}"


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("a missing file", {"E092"}),
        ("a file that never was", {"E092"}),
        ("paths of None", {"E092"}),
        ("other bytes", set()),
        ("cut off", set()),
        ("two files exchanged", set()),
        ("another md5", set()),
        ("a file that is not there", {"E093"}),
    ],
)
def test_without_digests_content_is_looked_for_and_not_read(
    name: str, codes: set[str], tmp_path: Path
) -> None:
    [fault] = [each for each in FAULTS if each.name == name and each.codes in ("E092", "E093")]
    write(fault.made().tree(), tmp_path / "x")
    judged = judge(
        tmp_path / "x", digests=False, refused=("v1/content/b/c.txt", "v2/content/a.txt")
    )
    assert judged.codes == codes, f"\n{judged}"


# ----------------------------------------------------------------------------------------- progress


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("what", ["large", "many"])
def test_progress_grows_and_ends_with_the_summary(
    request: pytest.FixtureRequest, helped: list[str], what: str, workers: int
) -> None:
    seen: list[Progress] = []
    folder: Path = request.getfixturevalue(what)
    judged = judge(folder, root=what == "many", workers=workers, progress=seen.append)
    assert len(seen) > 1
    for before, after in pairwise(seen):
        assert before.objects <= after.objects
        assert before.files <= after.files
        assert before.bytes <= after.bytes
    assert bool(helped) == (workers > 1)
    summary = judged.summary
    assert (seen[-1].files, seen[-1].bytes) == (summary.files, summary.bytes)
    assert seen[-1].objects == (301 if what == "many" else 1)


# ------------------------------------------------------------------------------------------- memory

_CHILD = """
import sys
from pathlib import Path
from strongroom.ocfl.validation.objects import validate_object
from strongroom.ocfl.validation.roots import validate_root
from strongroom.storage.localstore import LocalStore

problems = []
validate = validate_root if sys.argv[2] == "root" else validate_object
summary = validate(LocalStore(Path(sys.argv[1])), tell=problems.append, workers=1)
assert problems == [], problems[:3]
status = Path("/proc/self/status").read_text()
print(summary.files, status.partition("VmHWM:")[2].split()[0])
"""


def peak(folder: Path, what: str) -> tuple[int, float]:
    """Files judged, and the most memory (MiB) that a process of its own ever had."""
    if not Path("/proc/self/status").exists():
        pytest.skip("only Linux tells a process's peak of memory")
    done = subprocess.run(
        [sys.executable, "-c", _CHILD, str(folder), what],
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    files, kilobytes = done.stdout.split()
    return int(files), int(kilobytes) / 1024


def test_memory_is_bounded_for_an_object_of_many_files_and_versions(tmp_path: Path) -> None:
    """Three versions of 20,000 files: 6 to 13 MB of inventory each, two of them at a time."""
    files = {f"{n % 50:02}/{n}": b"%d" % n for n in range(20_000)}
    write(make([files] * 3).tree(), tmp_path / "object")
    judged, mebibytes = peak(tmp_path / "object", "object")
    shutil.rmtree(tmp_path / "object")
    assert judged == 20_000
    assert mebibytes < 150


def test_memory_does_not_grow_with_the_objects_of_a_root(tmp_path: Path) -> None:
    peaks = []
    for count in (100, 1500):
        made = Root()
        for number in range(count):
            made.objects[f"{number % 16:x}/{number:04}"] = page(f"info:example/{number}")
        judged, mebibytes = peak(write(made.tree(), tmp_path / f"{count}"), "root")
        shutil.rmtree(tmp_path / f"{count}")
        assert judged == count
        peaks.append(mebibytes)
    assert peaks[1] - peaks[0] < 4, peaks
