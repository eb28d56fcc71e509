"""The cells that the report's tables have in common."""

from __future__ import annotations

from convert.reporting.figures import STEPS
from convert.reporting.record import Differences, Stage


def frame_cells(stage: Stage, frame: Differences) -> list[str]:
    """Mean and worst PSNR, SSIM, MS-SSIM, CIEDE2000, largest and 99.9-percentile difference in steps of 1/255.

    Args:
        stage: One that ran.
        frame: Its figures over the frame against the float model.
    """
    worst = min(photo.reference.frame.psnr for photo in stage.photos if photo.reference is not None)
    return [
        f"{frame.psnr:.1f}",
        f"{worst:.1f}",
        f"{frame.ssim:.4f}",
        f"{frame.ms_ssim:.4f}",
        f"{frame.ciede2000:.2f}",
        f"{STEPS * frame.max_abs:.1f}",
        f"{STEPS * frame.p999_abs:.1f}",
    ]


def ms_cell(stage: Stage) -> str:
    """Median time of a photo in ms, empty where it was not measured."""
    return "" if stage.ms is None else f"{stage.ms:.0f}"
