"""Tells at the end of a run what the random kills have hit, whether it passed or not.

What is hit and how it is counted is left to the tests, which record it as a property.
"""

from __future__ import annotations

from typing import Any

import pytest

PROPERTY = "random kills"


def pytest_terminal_summary(terminalreporter: Any) -> None:
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", "") == "call":
                for name, lines in report.user_properties:
                    if name == PROPERTY:
                        terminalreporter.section(name)
                        terminalreporter.write("\n".join(lines) + "\n")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """A distributed run (xdist) in which this summary will be seen: say so to the processes."""
    node.workerinput[PROPERTY] = True
