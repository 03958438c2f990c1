"""Reads what Siegfried wrote, in whichever of its three forms; the content decides, not the name.

Leaves each form to a module of its own.
"""

from __future__ import annotations

from strongroom.tools import siegfried_csv, siegfried_json, siegfried_yaml
from strongroom.tools.rows import Report
from strongroom.tools.text import Peeked, Readable, first_sign, lines

_START = 4096  # bytes


def read(stream: Readable) -> Report:
    """All files of a report. ValueError says why it is none."""
    peeked = Peeked(stream, _START)
    sign = first_sign(peeked.start)
    if sign.startswith(b"{"):
        return siegfried_json.read(peeked)
    if sign.startswith((b"---", b"siegfried ", b"filename :")):
        return siegfried_yaml.read(lines(peeked))
    return siegfried_csv.read(lines(peeked))
