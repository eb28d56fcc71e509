"""Latency against fidelity, as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.ticker import ScalarFormatter

from calib_data.files import atomic_path
from convert.bench_results import Result

SUFFIXES = (".png", ".svg", ".pdf")
_INCHES, _DOTS = (9.0, 5.5), 110


def plot(results: Sequence[Result], target: Path, title: str) -> None:
    """Draw median latency (ms, logarithmic; p5 to p95 as a bar) against PSNR (dB); results without either are left out.

    Args:
        results: What was measured.
        target: A file that ends in one of `SUFFIXES`.
        title: What stands above.
    """
    figure, axes = plt.subplots(figsize=_INCHES)
    known = [one for one in results if one.median_ms is not None and one.psnr is not None]
    for runtime in dict.fromkeys(one.runtime for one in known):
        these = [one for one in known if one.runtime == runtime]
        middle, psnrs = [one.median_ms or 0 for one in these], [one.psnr or 0 for one in these]
        below = [(one.median_ms or 0) - (one.p5_ms or one.median_ms or 0) for one in these]
        above = [(one.p95_ms or one.median_ms or 0) - (one.median_ms or 0) for one in these]
        axes.errorbar(middle, psnrs, xerr=[below, above], fmt="o", capsize=3, label=runtime)
        for one in these:
            label = Path(one.artifact).stem.rpartition("x")[2].partition("-")[2] or one.artifact
            axes.annotate(label, (one.median_ms or 0, one.psnr or 0), xytext=(6, 4), textcoords="offset points")
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(ScalarFormatter())
    axes.set_xlabel("median latency, ms (bar: 5th to 95th percentile)")
    axes.set_ylabel("mean PSNR against the float model, dB")
    axes.set_title(title, loc="left")
    axes.grid(which="both", alpha=0.3)
    if known:
        axes.legend()
    with atomic_path(target) as beside:
        figure.savefig(beside, dpi=_DOTS, bbox_inches="tight")
    plt.close(figure)
