"""Who is at work: processes, as notes name them, and whether they run as far as can be seen."""

from __future__ import annotations

import os
import re
import socket
from pathlib import Path

_OWNER = re.compile(r"(?P<host>.*) pid (?P<pid>[0-9]+)(?: since (?P<since>[0-9]+))?")


def this_process() -> str:
    """Host, number and birth of this process, for people and for :func:`lives`."""
    pid = os.getpid()
    since = _since(pid)
    born = f" since {since}" if since else ""
    return f"{socket.gethostname()} pid {pid}{born}"


def lives(owner: str) -> bool | None:
    """Whether a process runs; None if it is (or may be) one of another host."""
    found = _OWNER.fullmatch(owner)
    if found is None or found["host"] != socket.gethostname():
        return None
    pid = int(found["pid"])
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # it is there, and somebody else's
    # numbers of processes are used again, in containers from one on
    return found["since"] is None or _since(pid) in (found["since"], None)


def _since(pid: int) -> str | None:
    """When a process began, in ticks since the machine did; None where the system does not tell."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text("ascii", "replace")
    except OSError:
        return None
    # the name in brackets may hold anything
    fields = text.rpartition(")")[2].split()
    # a process that has ended and waits for its parent runs no more
    return None if len(fields) < 20 else "ended" if fields[0] in "ZX" else fields[19]
