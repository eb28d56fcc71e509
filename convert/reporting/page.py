"""The report as one HTML page that needs nothing else: no network, and no script but its own."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path

from markupsafe import Markup

from calib_data.html import templates
from convert.reporting.charts import depth_plot, histogram_bars
from convert.reporting.figures import STEPS
from convert.reporting.record import HISTOGRAM_EDGES, Differences, PhotoResult, Report, Stage
from convert.reporting.shown import CROP, ShownPhoto, heat_colours, is_visible

_FOLDER = Path(__file__).parent / "templates"


def page(report: Report, shown: Sequence[ShownPhoto]) -> str:
    """The page.

    All text is escaped; a content policy lets the page load nothing and run its own script alone, by its hash.
    """
    environment = templates(_FOLDER)
    environment.globals |= {
        "histogram_bars": histogram_bars,
        "depth_plot": depth_plot,
        "worst_psnr": _worst_psnr,
        "unseen": [stage for stage in report.stages if stage.reference is not None and not is_visible(stage)],
        "cells": _cells,
        "furthest": _furthest(report),
        "worst": _worst(report),
    }
    environment.filters |= {"steps": _steps, "decibel": _decibel}
    script = (_FOLDER / "report.js").read_text("utf-8")
    return environment.get_template("report.html.j2").render(
        report=report,
        shown=shown,
        by_id={stage.id: stage for stage in report.stages},
        heat=heat_colours(),
        crop=CROP,
        edges=HISTOGRAM_EDGES,
        style=Markup((_FOLDER / "report.css").read_text("utf-8")),  # noqa: S704  our own file
        script=Markup(script),  # noqa: S704  our own file
        script_hash=base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii"),
    )


def _cells(differences: Differences | None) -> list[tuple[str, float | None]]:
    """What is shown of differences, each with the value to sort by."""
    if differences is None:
        return [("", None)] * 6
    return [
        (_decibel(differences.psnr), differences.psnr),
        (f"{differences.ssim:.4f}", differences.ssim),
        (f"{differences.ms_ssim:.4f}", differences.ms_ssim),
        (f"{differences.ciede2000:.2f}", differences.ciede2000),
        (_steps(differences.max_abs), differences.max_abs),
        (_steps(differences.p999_abs), differences.p999_abs),
    ]


def _furthest(report: Report) -> Stage | None:
    """The stage with the lowest mean PSNR."""
    measured = [(stage.reference.frame.psnr, stage) for stage in report.stages if stage.reference is not None]
    return min(measured, key=lambda entry: entry[0], default=(0.0, None))[1]


def _worst(report: Report) -> tuple[Stage, PhotoResult] | None:
    """The stage and the photo with the lowest PSNR of all."""
    measured = [
        (photo.reference.frame.psnr, (stage, photo))
        for stage in report.stages
        for photo in stage.photos
        if photo.reference is not None
    ]
    return min(measured, key=lambda entry: entry[0])[1] if measured else None


def _worst_psnr(stage: Stage) -> float | None:
    return min((photo.reference.frame.psnr for photo in stage.photos if photo.reference is not None), default=None)


def _steps(difference: float) -> str:
    """A difference of values 0..1 in steps of 1/255."""
    return f"{STEPS * difference:.1f}" if STEPS * difference >= 0.05 else f"{STEPS * difference:.3f}"


def _decibel(value: float) -> str:
    return f"{value:.1f}"
