"""Small files by the hundred: as good as one by one, with two processes and with one."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from strongroom.errors import OutOfSpace
from strongroom.ocfl import batches
from strongroom.ocfl.draft import Draft, NewFile
from strongroom.ocfl.root import OcflRoot
from strongroom.storage import copier, durable, smallfiles
from strongroom.storage.local import LocalWorkArea, LocalWorkAreas
from support import ocfl_check
from support.killing import WHEN

ID = "info:example/many"


def content(number: int) -> bytes:
    return f"file {number}\n".encode() * (number % 7)


def known(path: str, data: bytes) -> NewFile:
    return NewFile(
        logical=path, source=path, sha256=sha256(data).hexdigest().upper(), size=len(data)
    )


class Sources:
    """A deposit's folder, and the plan of what lies in it."""

    def __init__(self, folder: Path) -> None:
        self.area: LocalWorkArea = LocalWorkAreas(folder / "deposits").area("d")
        self.area.create()
        self.folder = folder / "deposits" / "d"
        self.files: dict[str, bytes] = {}

    def put(self, path: str, data: bytes) -> None:
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        self.files[path] = data

    def many(self, count: int) -> None:
        for number in range(count):
            self.put(f"d{number // 50}/f{number}.txt", content(number) + b"%d" % number)

    def plan(self) -> list[NewFile]:
        return [known(path, data) for path, data in self.files.items()]


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    return Sources(tmp_path)


@pytest.fixture
def root(tmp_path: Path) -> OcflRoot:
    return OcflRoot.open(tmp_path / "root")


@pytest.fixture(params=[1, 2])
def processes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    count: int = request.param
    monkeypatch.setattr(copier, "cores", lambda: count)
    return count


@pytest.fixture
def copiers(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[copier.Copier]]:
    """The second processes that were started."""
    started: list[copier.Copier] = []

    def start(algorithm: str, keep: tuple[int, ...]) -> copier.Copier:
        started.append(copier.Copier(algorithm, keep))
        return started[-1]

    monkeypatch.setattr(copier, "cores", lambda: 2)
    monkeypatch.setattr(copier, "start", start)
    yield started
    assert all(one._process.returncode is not None for one in started), "one was left alive"


def committed(draft: Draft) -> dict[str, bytes]:
    draft.prepare(created=WHEN, user_name="A", user_address="mailto:a@example.org", message="m")
    stored = draft.commit()
    return {path: stored.read_bytes(path) for path in stored.inventory.logical()}


def test_all_come_in_as_they_are(root: OcflRoot, sources: Sources, processes: int) -> None:
    sources.many(1200)
    heard: list[tuple[int, int]] = []
    with root.draft(ID, base=None, attempt="a") as draft:
        faults = draft.add_files(
            sources.plan(),
            sources.area.open,
            folders=sources.area.folders,
            progress=lambda *at: heard.append(at),
        )
        assert faults == []
        assert committed(draft) == sources.files
    assert heard == sorted(heard)
    assert heard[-1] == (1200, sum(map(len, sources.files.values())))
    ocfl_check.assert_valid(root.folder / root.object_path(ID))


@pytest.mark.contract("17.36")
def test_a_second_process_does_its_part(
    root: OcflRoot,
    sources: Sources,
    copiers: list[copier.Copier],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sources.many(1200)
    answered: list[list[list[int]]] = []
    original = copier.Copier.answer

    def answer(self: copier.Copier) -> list[list[int]]:
        answered.append(original(self))
        return answered[-1]

    monkeypatch.setattr(copier.Copier, "answer", answer)
    here: list[int] = []
    copy_known = smallfiles.copy_known

    def counted(*args: object) -> list[int]:
        here.append(len(args[3]))  # type: ignore[arg-type]
        return copy_known(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(smallfiles, "copy_known", counted)
    with root.draft(ID, base=None, attempt="a") as draft:
        assert (
            draft.add_files(sources.plan(), sources.area.open, folders=sources.area.folders) == []
        )
        assert len(copiers) == 1
        assert answered
        assert 0 < sum(here) < 1200
        assert committed(draft) == sources.files


def test_a_second_process_that_is_killed_loses_nothing(
    root: OcflRoot,
    sources: Sources,
    copiers: list[copier.Copier],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sources.many(1200)
    original = copier.Copier.send
    sent: list[int] = []

    def send(self: copier.Copier, groups: list[copier.Group]) -> None:
        sent.append(len(groups))
        if len(sent) == 2:
            # stopped with work before it, some of it perhaps half done
            self._process.send_signal(signal.SIGSTOP)
            original(self, groups)
            self._process.kill()
            self._process.wait()
        else:
            original(self, groups)

    monkeypatch.setattr(copier.Copier, "send", send)
    with root.draft(ID, base=None, attempt="a") as draft:
        assert (
            draft.add_files(sources.plan(), sources.area.open, folders=sources.area.folders) == []
        )
        assert len(sent) >= 2
        assert committed(draft) == sources.files
    ocfl_check.assert_valid(root.folder / root.object_path(ID))


def test_without_a_second_process_it_is_said_and_done_alone(
    root: OcflRoot,
    sources: Sources,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    sources.many(600)
    monkeypatch.setattr(copier, "cores", lambda: 2)
    monkeypatch.setattr("sys.executable", str(sources.folder / "no-such-program"))
    with root.draft(ID, base=None, attempt="a") as draft:
        assert (
            draft.add_files(sources.plan(), sources.area.open, folders=sources.area.folders) == []
        )
        assert committed(draft) == sources.files
    assert "no second can be had" in caplog.text


def test_the_same_content_is_stored_once_wherever_it_comes(
    root: OcflRoot, sources: Sources, processes: int
) -> None:
    for number in range(900):
        sources.put(f"d{number // 100}/f{number}", b"same" if number % 3 else b"other")
    with root.draft(ID, base=None, attempt="a") as draft:
        assert (
            draft.add_files(sources.plan(), sources.area.open, folders=sources.area.folders) == []
        )
        assert committed(draft) == sources.files
    stored = root.read(ID)
    assert len(stored.inventory.manifest) == 2
    assert all(len(paths) == 1 for paths in stored.inventory.manifest.values())


def test_content_of_an_older_version_is_proved_and_not_stored_again(
    root: OcflRoot, sources: Sources
) -> None:
    sources.put("a", b"one")
    sources.put("b", b"two")
    with root.draft(ID, base=None, attempt="a") as draft:
        assert (
            draft.add_files(sources.plan(), sources.area.open, folders=sources.area.folders) == []
        )
        committed(draft)
    again = [
        NewFile(logical=f"again/{path}", source=path, sha256=sha256(data).hexdigest(), size=3)
        for path, data in sources.files.items()
    ]
    (sources.folder / "b").write_bytes(b"TWO")
    with root.draft(ID, base=root.read(ID), attempt="b") as draft:
        [fault] = draft.add_files(again, sources.area.open, folders=sources.area.folders)
        assert (fault.code, fault.path) == ("digest-mismatch", "b")
        assert set(committed(draft)) == {"a", "b", "again/a"}
    assert len(root.read(ID).inventory.manifest) == 2


#: what may be odd about a file: (path as planned, what lies there, size and bytes as planned)
ODD = st.sampled_from(
    [
        "good",
        "good again",
        "wrong digest",
        "wrong size",
        "digest of another",
        "missing",
        "missing folder",
        "folder",
        "link",
        "pipe",
        "unsafe source",
        "unsafe path",
        "not UTF-8",
        "size unknown",
        "no digest",
        "large",
        "NUL",
        "twice",
    ]
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kinds=st.lists(ODD, min_size=1, max_size=14), limit=st.integers(1, 5))
def test_by_batches_the_same_becomes_of_each_file_as_one_by_one(
    kinds: list[str], limit: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("odd")
    sources = Sources(folder)
    plan = [_odd(sources, number, kind) for number, kind in enumerate(kinds)]
    outcomes = []
    for name, folders in (("one", None), ("many", sources.area.folders)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(batches, "_FILES", limit)
            patch.setattr(batches, "_ALONE", 1)
            patch.setattr(copier, "cores", lambda: 1)
            root = OcflRoot.open(folder / name)
            with root.draft(ID, base=None, attempt="a") as draft:
                draft.add_bytes("README", b"so that there is one file at least")
                faults = draft.add_files(plan, sources.area.open, folders=folders)
                state = draft.state
                outcomes.append((faults, state, committed(draft)))
        ocfl_check.assert_valid(root.folder / root.object_path(ID))
    assert outcomes[0] == outcomes[1]


def _odd(sources: Sources, number: int, kind: str) -> NewFile:
    data = f"{kind} {number}".encode()
    path = f"d/{number}"
    if kind in ("good again", "twice"):
        data = b"again"
    if kind == "large":
        data = bytes(smallfiles.SMALL + 1)
    sources.put(path, data)
    file, place = known(path, data), sources.folder / path
    if kind == "wrong digest":
        place.write_bytes(data[::-1])
    elif kind == "wrong size":
        place.write_bytes(data + b".")
    elif kind == "digest of another":
        return known(path, b"again")
    elif kind in ("missing", "folder", "link", "pipe"):
        place.unlink()
        if kind == "folder":
            place.mkdir()
        elif kind == "link":
            place.symlink_to("/etc/hostname")
        elif kind == "pipe":
            os.mkfifo(place)
    elif kind == "twice":
        path = "twice"
    source = {
        "unsafe source": f"d/../d/{number}",
        "missing folder": f"none/{number}",
        "not UTF-8": f"d/\udcff{number}",
        "NUL": f"d/\0{number}",
    }.get(kind, file.source)
    return NewFile(
        logical={"unsafe path": "d/../x", "twice": "twice"}.get(kind, path),
        source=source,
        sha256=None if kind == "no digest" else file.sha256,
        size=None if kind == "size unknown" else file.size,
    )


def test_a_full_disk_is_told_as_such(
    root: OcflRoot, sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources.many(300)
    original = durable.write_new
    written: list[object] = []

    def write_new(path: str, data: bytes, *, folder: int | None = None) -> None:
        written.append(path)
        if len(written) > 200:
            original(path, data[:1], folder=folder)
            raise OSError(28, "No space left on device")
        original(path, data, folder=folder)

    monkeypatch.setattr(durable, "write_new", write_new)
    with (
        root.draft(ID, base=None, attempt="a") as draft,
        pytest.raises(OutOfSpace, match="The disk is full"),
    ):
        draft.add_files(sources.plan(), sources.area.open, folders=sources.area.folders)
    assert not root.exists(ID)


def test_a_cancelled_run_leaves_nothing_of_what_was_on_its_way(
    root: OcflRoot, sources: Sources, copiers: list[copier.Copier]
) -> None:
    sources.many(1200)
    asked: list[int] = []

    def cancelled() -> bool:
        asked.append(1)
        return len(asked) > 1000

    with root.draft(ID, base=None, attempt="a") as draft:
        faults = draft.add_files(
            sources.plan(), sources.area.open, folders=sources.area.folders, cancelled=cancelled
        )
        assert [fault.code for fault in faults] == ["cancelled"]
        held = draft.state
        assert 0 < len(held) < 1200
        # what came in is whole, and nothing else lies in staging (prepare compares)
        assert committed(draft) == {path: sources.files[path] for path in held}
    assert len(copiers) == 1


def test_a_full_batch_of_folders_is_sent_in_one_message(
    root: OcflRoot, sources: Sources, copiers: list[copier.Copier]
) -> None:
    for number in range(400):
        sources.put(f"{number}/file", b"%d" % number)
    with root.draft(ID, base=None, attempt="a") as draft:
        assert (
            draft.add_files(sources.plan(), sources.area.open, folders=sources.area.folders) == []
        )
        assert committed(draft) == sources.files
    assert len(copiers) == 1
