"""A server as a child process: started, waited for, always stopped.

Its log goes to a file, whose end is told when it fails; what is asked of the server is for others.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from strongroom.client import ApiError, Client, Retry, Unreachable
from strongroom.errors import StrongroomError

#: seconds until the first answer, and from the polite to the rude end
START, STOP = 60.0, 30.0
#: lines of the log that are shown after a failure
SHOWN = 40


class ServerDied(StrongroomError):
    code = "server-died"


def free_port(wish: int) -> int:
    """``wish`` if nothing listens there on this machine, else a port that the system picks."""
    for port in (wish, 0):
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            four = stack.enter_context(socket.socket(socket.AF_INET))
            four.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            four.bind(("127.0.0.1", port))
            found = int(four.getsockname()[1])
            if not _listens("::1", found):
                return found
    raise ServerDied("No port is free on this machine.")


def _listens(address: str, port: int) -> bool:
    try:
        with socket.create_connection((address, port), timeout=0.5):
            return True
    except OSError:
        return False


@contextmanager
def server(data: Path, port: int, log: Path) -> Iterator[Client]:
    """A running server and a client of it; its log's end becomes a note of any error."""
    # settings meant for another server must not reach this one
    environment = {key: text for key, text in os.environ.items() if key[:11] != "STRONGROOM_"}
    options = ["--data", str(data), "--host", "127.0.0.1", "--port", str(port)]
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "strongroom", "serve", *options],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=environment,
        )
    try:
        with Client(f"http://localhost:{port}", "demo") as client:
            _await_health(process, port)
            yield client
    except Exception as error:
        error.add_note(f"The end of the server's log ({log}):\n{_tail(log)}")
        raise
    finally:
        _stop(process)


def _await_health(process: subprocess.Popen[bytes], port: int) -> None:
    begun = time.monotonic()
    with Client(f"http://localhost:{port}", timeout=5, retry=Retry(attempts=1)) as client:
        while True:
            if process.poll() is not None:
                raise ServerDied(f"The server ended with exit code {process.returncode}.")
            try:
                if client.server.healthy():
                    return
                why = "it says that it is unhealthy"
            except (Unreachable, ApiError) as error:
                why = error.message
            if time.monotonic() - begun > START:
                raise ServerDied(f"The server did not answer within {START:.0f} seconds: {why}")
            time.sleep(0.1)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _tail(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join(f"  {line}" for line in lines[-SHOWN:]) or "  (it is empty)"
