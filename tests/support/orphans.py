"""Child processes that the system ends together with whoever started them, however that ends."""

from __future__ import annotations

import shutil
import signal
import threading


def prefix(by: signal.Signals = signal.SIGTERM) -> list[str]:
    """What to put before a command, so that it gets this signal when this process is gone.

    Nothing where there is no ``setpriv`` (util-linux), or in a thread: a child would end with that.
    """
    program = shutil.which("setpriv")
    if program is None or threading.current_thread() is not threading.main_thread():
        return []
    return [program, "--pdeathsig", by.name.removeprefix("SIG"), "--"]
