"""Runs the tools one after another, and says how each did.

What a tool is, and which programs stand behind it, is the ``tools`` room's business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from strongroom.domain.pipeline import RunReport, ToolReport, ToolStatus
from strongroom.errors import Fault, StrongroomError
from strongroom.services.context import Tool
from strongroom.services.pipeline_placement import METADATA
from strongroom.tools.outputs import VIRUS_DEFINITION

#: longest name of virus definitions that is kept (characters)
MAX_DEFINITION = 1_000


def run_all(
    tools: Iterable[Tool], objects: Path, outputs: Path, stop: Callable[[], bool]
) -> tuple[RunReport, list[Fault]]:
    """Let every tool that is there look at ``objects`` and write below ``outputs/metadata``.

    A tool that is absent is a warning, one that fails a fault; the others run all the same.
    """
    reports: list[ToolReport] = []
    faults: list[Fault] = []
    for tool in tools:
        if stop():
            break
        report = _run(tool, objects, outputs, stop)
        reports.append(report)
        if report.status is ToolStatus.FAILED:
            faults.append(_told("tool-failed", "failed", report))
    warnings = [
        _told("tool-absent", "is not there", report)
        for report in reports
        if report.status is ToolStatus.ABSENT
    ]
    whole = RunReport(
        tools=tuple(reports),
        virus_definition=_definition(outputs / VIRUS_DEFINITION),
        warnings=tuple(warnings),
    )
    return whole, faults


def _definition(place: Path) -> str | None:
    """How the scanner names itself and its definitions; None if it has not run."""
    if not place.is_file():
        return None
    with place.open(encoding="utf-8", errors="replace") as text:
        return text.read(MAX_DEFINITION).strip() or None


def _run(tool: Tool, objects: Path, outputs: Path, stop: Callable[[], bool]) -> ToolReport:
    probe = tool.probe()
    report = ToolReport(
        task=tool.task,
        name=probe.name,
        version=probe.version,
        status=ToolStatus.RAN if probe.reason is None else ToolStatus.ABSENT,
        reason=probe.reason,
    )
    if report.status is ToolStatus.ABSENT:
        return report
    try:
        tool.run(objects, outputs / METADATA, stop)
    except StrongroomError as error:
        return replace(report, status=ToolStatus.FAILED, reason=error.message)
    return report


def _told(code: str, what: str, report: ToolReport) -> Fault:
    reason = f": {report.reason}" if report.reason else "."
    return Fault(code=code, message=f"{report.name} ({report.task}) {what}{reason}")
