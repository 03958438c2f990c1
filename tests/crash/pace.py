"""How many of the steps at which a process can be killed are tried in one run.

In the short suite some are left out, other ones in each case; STRONGROOM_CRASH_EVERY=1 tries all.
"""

from __future__ import annotations

import os

_ALL = bool(os.environ.get("STRONGROOM_CRASH_EVERY"))


def of(usual: int) -> int:
    """From one step that is tried to the next."""
    return 1 if _ALL else usual
