"""The report's table for a terminal."""

from __future__ import annotations

from calib_data import command
from calib_data.wording import counted
from convert.reporting.cells import frame_cells, ms_cell
from convert.reporting.record import Report, Stage

_COLUMNS = ("stage", "dB", "worst dB", "SSIM", "MS-SSIM", "dE00", "max /255", "99.9 %", "to target dB", "ms")
_FAILURE_SHOWN = 160


def print_report(report: Report) -> None:
    """Print the stages, the gates that failed, and the verdict."""
    command.console().print(command.table("", _COLUMNS, [_row(stage) for stage in report.stages]))
    command.tell(
        f"dB, SSIM, MS-SSIM, CIEDE2000: means over {counted(len(report.photos), 'photo')} against the float model; "
        "max, 99.9 %: differences in steps of 1/255."
    )
    for study in report.layers:
        if study.first_fall:
            command.tell(f"{study.stage} first falls off at {study.first_fall}")
    for gate in report.gates:
        if not gate.passed:
            got = "nothing" if gate.got is None else f"{gate.got:.4g}"
            command.tell(f"gate failed: {gate.stage}: {gate.gate} {got}, asked {gate.wanted:g}")
    command.tell(report.verdict)


def _row(stage: Stage) -> list[str]:
    name = f"{stage.artifact.file} {stage.runtime}".strip()
    if stage.reference is None:
        return [name, stage.status, *[""] * (len(_COLUMNS) - 2)]
    to_target = "" if stage.target is None else f"{stage.target.frame.psnr:.2f}"
    return [name, *frame_cells(stage, stage.reference.frame), to_target, ms_cell(stage)]
