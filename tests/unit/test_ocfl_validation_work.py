"""How the validator works: in one process or several, with progress, and in bounded memory."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from strongroom.ocfl.validation.progress import Progress
from support.ocfl_faults import FAULTS
from support.ocfl_faults_judged import Judged, judge
from support.ocfl_faults_making import Fault, Root, make, write
from support.ocfl_faults_roots import page

MANY = 4_000


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An object of thousands of small files and a few large ones, some of them damaged."""
    files = {f"{n % 20:02}/{n}": b"%d" % n for n in range(MANY)}
    files |= {f"large/{n}": bytes([n]) * (3 << 20) for n in range(3)}
    made = make([files], fixity=("md5",))
    for path in ("00/20", "07/127", "19/3999"):
        made.put(f"v1/content/{path}", b"damaged")
    made.put("v1/content/large/1", bytes(3 << 20))
    made.remove("v1/content/03/3")
    made.put("v1/content/more", b"")
    folder = tmp_path_factory.mktemp("large") / "object"
    yield write(made.tree(), folder)
    shutil.rmtree(folder)


def objects(count: int) -> Root:
    """A root of as many small objects, every tenth of them damaged."""
    made = Root()
    for number in range(count):
        path = f"{number % 16:x}/{number:03}"
        made.objects[path] = page(f"info:example/{number}")
        if number % 10 == 0:
            made.put(f"{path}/v1/content/a.txt", b"damaged")
            made.put(f"{path}/v1/more.txt", b"")
    return made


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(objects(300).tree(), tmp_path_factory.mktemp("many") / "root")


def told(judged: Judged) -> list[tuple[str, ...]]:
    return [(each.place, each.code, each.message) for each in judged.problems]


@pytest.mark.parametrize("workers", [2, 3, None])
def test_several_workers_find_what_one_finds_in_an_object(large: Path, workers: int | None) -> None:
    one, several = judge(large, workers=1), judge(large, workers=workers)
    assert len(one.problems) >= 10
    assert told(several) == told(one)
    assert several.summary == one.summary
    assert one.codes == {"E092", "E093", "E023"}


@pytest.mark.parametrize("workers", [2, None])
def test_several_workers_find_what_one_finds_in_a_root(many: Path, workers: int | None) -> None:
    one = judge(many, root=True, workers=1)
    several = judge(many, root=True, workers=workers)
    assert one.codes == {"E092", "E015"}
    assert len(one.problems) == 60
    assert sorted(told(several)) == sorted(told(one))
    assert several.summary == one.summary


def test_problems_of_one_object_come_together_and_in_order(many: Path) -> None:
    for workers in (1, 2):
        judged = judge(many, root=True, workers=workers)
        owners = [each.place[:5] for each in judged.problems]
        assert len(set(owners)) == 30
        assert [a for a, b in pairwise(owners) if a != b] == list(dict.fromkeys(owners))[:-1]


def test_a_problem_names_the_object(many: Path) -> None:
    judged = judge(many, root=True)
    assert {each.object_id for each in judged.problems} == {
        f"info:example/{number}" for number in range(0, 300, 10)
    }


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
    request: pytest.FixtureRequest, what: str, workers: int
) -> None:
    seen: list[Progress] = []
    folder: Path = request.getfixturevalue(what)
    judged = judge(folder, root=what == "many", workers=workers, progress=seen.append)
    assert len(seen) > 1
    for before, after in pairwise(seen):
        assert before.objects <= after.objects
        assert before.files <= after.files
        assert before.bytes <= after.bytes
    summary = judged.summary
    assert (seen[-1].files, seen[-1].bytes) == (summary.files, summary.bytes)
    assert seen[-1].objects == (300 if what == "many" else 1)


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
    """Six versions of 20,000 files: about 7 MB of inventory each, two of them at a time."""
    if not Path("/proc/self/status").exists():
        pytest.skip("only Linux tells a process's peak of memory")
    files = {f"{n % 50:02}/{n}": b"%d" % n for n in range(20_000)}
    write(make([files] * 6).tree(), tmp_path / "object")
    judged, mebibytes = peak(tmp_path / "object", "object")
    shutil.rmtree(tmp_path / "object")
    assert judged == 20_000
    assert mebibytes < 150
