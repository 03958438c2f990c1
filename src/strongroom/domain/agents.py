"""Names of agents: what can stand at the end of an agent's URI."""

from __future__ import annotations

MAX_AGENT = 255


def is_agent_name(name: str) -> bool:
    """1 to 255 printable characters without slash, and no blanks around."""
    fits = 0 < len(name) <= MAX_AGENT and name not in (".", "..") and name == name.strip(" \t")
    return fits and name.isprintable() and "/" not in name
