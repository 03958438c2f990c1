"""The demo's own server: a port that is free, a child that always ends, a log that is shown."""

from __future__ import annotations

import socket
import sys
import textwrap

import pytest

from strongroom.cli import child
from strongroom.cli.demo import _new_folder, _require_same
from strongroom.client import VerificationFailed

#: a stand-in for Python that, whatever it is asked, behaves as its body says
STAND_IN = """\
#!{python}
import http.server, sys
port = int(sys.argv[sys.argv.index("--port") + 1])
print("starting on", port, flush=True)
{body}
"""


def test_the_wished_port_is_taken_when_it_is_free():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert child.free_port(port) == port


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_a_busy_port_is_left_alone(family):
    with socket.socket(family) as busy:
        try:
            busy.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))
        except OSError:
            pytest.skip("this machine has no IPv6")
        busy.listen()
        port = busy.getsockname()[1]
        found = child.free_port(port)
        assert found != port
        assert 1024 <= found < 65536


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    def make(body: str) -> None:
        program = tmp_path / "stand-in"
        program.write_text(STAND_IN.format(python=sys.executable, body=textwrap.dedent(body)))
        program.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(program))

    return make


HEALTHY = """
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", port), Handler).serve_forever()
"""


def refused(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def test_a_server_that_dies_is_told_with_the_end_of_its_log(tmp_path, stand_in):
    stand_in('print("the disk is full", flush=True)\nsys.exit(3)')
    port = child.free_port(0)
    with (
        pytest.raises(child.ServerDied, match="exit code 3") as caught,
        child.server(tmp_path / "data", port, tmp_path / "log"),
    ):
        pytest.fail("it never served")
    assert "the disk is full" in caught.value.__notes__[0]
    assert f"starting on {port}" in caught.value.__notes__[0]


@pytest.mark.parametrize("error", [None, ValueError("oops"), KeyboardInterrupt()])
def test_a_server_is_stopped_whatever_happens(tmp_path, stand_in, error):
    stand_in(HEALTHY)
    port = child.free_port(0)

    def use() -> None:
        with child.server(tmp_path / "data", port, tmp_path / "log") as client:
            assert client.transport.base_url.endswith(str(port))
            assert not refused(port)
            if error is not None:
                raise error

    if error is None:
        use()
    else:
        with pytest.raises(type(error)):
            use()
    assert refused(port)


def test_a_server_that_ignores_the_polite_signal_is_killed(tmp_path, stand_in, monkeypatch):
    stand_in(
        "import signal\nsignal.signal(signal.SIGTERM, lambda *_: None)\n" + textwrap.dedent(HEALTHY)
    )
    monkeypatch.setattr(child, "STOP", 0.2)
    port = child.free_port(0)
    with child.server(tmp_path / "data", port, tmp_path / "log"):
        pass
    assert refused(port)


def test_settings_of_another_server_do_not_reach_the_child(tmp_path, stand_in, monkeypatch):
    stand_in("import os\nprint(sorted(k for k in os.environ if 'STRONG' in k))\nsys.exit(1)")
    monkeypatch.setenv("STRONGROOM_DATABASE", "sqlite:////elsewhere.db")
    with (
        pytest.raises(child.ServerDied) as caught,
        child.server(tmp_path / "data", child.free_port(0), tmp_path / "log"),
    ):
        pytest.fail("it never served")
    assert "STRONGROOM_DATABASE" not in caught.value.__notes__[0]
    assert "[]" in caught.value.__notes__[0]


def test_each_run_has_a_new_folder(tmp_path):
    assert [_new_folder(tmp_path / "demo").name for _ in range(3)] == ["run-1", "run-2", "run-3"]


@pytest.mark.parametrize(
    "found", [{}, {"a": "1"}, {"a": "1", "b": "3"}, {"a": "1", "b": "2", "c": "3"}]
)
def test_an_export_that_differs_in_anything_fails_the_demo(found):
    _require_same({"a": "1", "b": "2"}, {"a": "1", "b": "2"}, "v1")
    with pytest.raises(VerificationFailed, match="differs from its source"):
        _require_same({"a": "1", "b": "2"}, found, "v1")


def test_an_empty_source_proves_nothing():
    with pytest.raises(VerificationFailed):
        _require_same({}, {}, "v1")
