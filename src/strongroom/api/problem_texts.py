"""What every code of a problem or of one of its faults means, and what to do about it.

The texts behind ``/problems/{code}``; a test holds them against the codes that the program raises.
"""

from __future__ import annotations

from collections.abc import Mapping

TEXTS: Mapping[str, str] = {}
