"""The report as Markdown, short enough for a pull request."""

from __future__ import annotations

from calib_data.wording import counted
from convert.reporting.cells import frame_cells, ms_cell
from convert.reporting.record import LayerStudy, Report, Stage

_COLUMNS = ("file", "runtime", "PSNR dB", "worst dB", "SSIM", "MS-SSIM", "ΔE00", "max /255", "99.9 % /255", "ms")
_SPECIAL = str.maketrans(
    {**{character: f"\\{character}" for character in "\\`*_{}[]()#+-.!|~"}, "<": "&lt;", ">": "&gt;"}
)


def markdown(report: Report) -> str:
    """The verdict, the stages, the gates that failed, and where each file falls off."""
    mark = "✅" if report.passed else "❌"
    height, width = report.size
    photos = counted(len(report.photos), "photo")
    lines = [
        f"## {mark} {escaped(report.verdict)}",
        "",
        f"{photos} at {height}x{width} against {escaped(report.reference.artifact.file)}.",
        "",
        "| " + " | ".join(_COLUMNS) + " |",
        "|" + "---|" * 2 + "---:|" * (len(_COLUMNS) - 2),
        *("| " + " | ".join(_row(stage)) + " |" for stage in report.stages),
    ]
    failed = [gate for gate in report.gates if not gate.passed]
    if failed:
        lines += ["", "**Gates that failed**", ""]
        lines += [f"- {escaped(one.stage)}: {one.gate} {_number(one.got)}, asked {one.wanted:g}" for one in failed]
    if report.problems:
        lines += ["", "**Problems**", "", *(f"- {escaped(problem)}" for problem in report.problems)]
    if report.notes:
        lines += ["", "**Not judged**", "", *(f"- {escaped(note)}" for note in report.notes)]
    if report.layers:
        lines += ["", "**Where it is lost**", "", *(_study(study) for study in report.layers)]
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """Text that stays text: neither Markdown nor HTML, on one line."""
    return " ".join(text.split()).translate(_SPECIAL)


def _row(stage: Stage) -> list[str]:
    cells = [escaped(stage.artifact.file), escaped(f"{stage.runtime} {stage.version}".strip())]
    if stage.reference is None:
        return [*cells, f"**{stage.status}**", *[""] * (len(_COLUMNS) - 3)]
    return [*cells, *frame_cells(stage, stage.reference.frame), ms_cell(stage)]


def _study(study: LayerStudy) -> str:
    what = f"- {escaped(study.stage)} on photo {escaped(study.photo)}: "
    if study.failure:
        return what + escaped(study.failure)
    if not study.first_fall:
        return what + f"no layer falls by {study.threshold:g} dB or more"
    return what + f"first falls off at **{escaped(study.first_fall)}**"


def _number(value: float | None) -> str:
    return "nothing" if value is None else f"{value:.4g}"
