"""Numbers as people read them."""

from __future__ import annotations


def size(count: int) -> str:
    """Bytes with a decimal unit: ``0 B``, ``12.3 kB``, ``5.0 GB``."""
    if count < 1000:
        return f"{count} B"
    value = float(count)
    for unit in ("kB", "MB", "GB", "TB", "PB"):
        value /= 1000
        if value < 999.95:
            return f"{value:.1f} {unit}"
    return f"{value:.1f} PB"


def counted(count: int, word: str) -> str:
    """``1 file``, ``2,000 files``."""
    return f"{count:,} {word}" + ("" if count == 1 else "s")
