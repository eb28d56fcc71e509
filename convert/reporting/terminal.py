"""The report's table for a terminal."""

from __future__ import annotations

from calib_data import command
from convert.reporting.figures import STEPS
from convert.reporting.record import Report, Stage

_COLUMNS = ("stage", "dB", "worst dB", "SSIM", "MS-SSIM", "dE00", "max /255", "99.9 %", "to target dB", "ms")
_FAILURE_SHOWN = 160


def print_report(report: Report) -> None:
    """Print the stages, the gates that failed, and the verdict."""
    command.console().print(command.table("", _COLUMNS, [_row(stage) for stage in report.stages]))
    command.tell(
        f"dB, SSIM, MS-SSIM, CIEDE2000: means over {len(report.photos)} photos against the float model; "
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
    frame = stage.reference.frame
    worst = min(photo.reference.frame.psnr for photo in stage.photos if photo.reference is not None)
    return [
        name,
        f"{frame.psnr:.1f}",
        f"{worst:.1f}",
        f"{frame.ssim:.4f}",
        f"{frame.ms_ssim:.4f}",
        f"{frame.ciede2000:.2f}",
        f"{STEPS * frame.max_abs:.1f}",
        f"{STEPS * frame.p999_abs:.1f}",
        "" if stage.target is None else f"{stage.target.frame.psnr:.2f}",
        "" if stage.ms is None else f"{stage.ms:.0f}",
    ]
