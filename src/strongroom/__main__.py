"""``python -m strongroom`` is the ``strongroom`` program."""

from __future__ import annotations

import sys

from strongroom.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
