"""`python -m convert.report`: what each step from the float model to a file cost, where, and whether it may ship."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from calib_data import command
from calib_data.command import whole
from calib_data.dataset import SAMPLES, SPLITS, TEST
from calib_data.errors import UserError
from calib_data.sizes import parse_size
from pynet_tf.quiet import start_tensorflow

if TYPE_CHECKING:
    from convert.reporting.gates import Gates
    from convert.reporting.making import Making
    from convert.reporting.record import LayerStudy, Report

MODULE = "convert.report"
ALL = "all"
PAGE, JSON, MARKDOWN = "report.html", "report.json", "report.md"
_SHOWN = 2
_LARGEST_LOSS = 150


def build_parser() -> argparse.ArgumentParser:
    """The command's options."""
    options = command.parser(
        MODULE,
        "Compare files with the float model that they were made from: run each on every installed runtime over the\n"
        "same photos, measure its pictures against the float model's and the targets, find the layer where it is\n"
        "lost, and write one HTML page, JSON and Markdown. Exit code 1 if a gate fails or a file does not run, 2 if a\n"
        "file cannot be compared at all; the report on the others is written all the same.",
        f"python -m {MODULE} --candidate dist/*.tflite --out report --min-psnr 44",
    )
    options.add_argument("--reference", type=Path, metavar="M", help="the float model, .keras (default: the sample's)")
    options.add_argument(
        "--candidate",
        type=Path,
        action="extend",
        nargs="+",
        default=[],
        metavar="ARTIFACT",
        help=".tflite, .onnx or .keras, one or several",
    )
    options.add_argument("--data", type=Path, default=SAMPLES, metavar="DIR", help="photos (default: samples)")
    options.add_argument("--split", choices=(*SPLITS, ALL), default=TEST, help="taken where the folder has splits")
    options.add_argument("--count", type=whole(1), metavar="N", help="only the first N photos")
    options.add_argument("--size", type=parse_size, help="photo that comes out, HxW (default: that of the first file)")
    options.add_argument(
        "--runtime", action="append", default=[], metavar="R", help="only on this one; repeatable (default: all)"
    )
    options.add_argument("--threads", type=whole(1), metavar="N", help="for each runtime (default: all cores)")
    options.add_argument("--no-layers", action="store_true", help="leave out where it is lost, layer by layer")
    options.add_argument(
        "--layer-reference",
        type=Path,
        metavar="FILE",
        help="float .tflite or .onnx whose tensors the layers are compared with (default: see docs/fidelity.md)",
    )
    options.add_argument("--min-psnr", type=float, metavar="DB", help="each stage's least mean PSNR")
    options.add_argument("--min-ssim", type=float, metavar="S", help="each stage's least mean SSIM")
    options.add_argument("--max-abs", type=float, metavar="X", help="each stage's largest difference, 0..1")
    options.add_argument("--gates", type=Path, metavar="FILE", help="limits by recipe, JSON")
    options.add_argument("--baseline", type=Path, metavar="FILE", help=f"{JSON} of an earlier report")
    options.add_argument(
        "--allowed-loss", type=float, default=0.5, metavar="DB", help="against the baseline (default 0.5)"
    )
    options.add_argument(
        "--pictures", type=whole(1), default=_SHOWN, metavar="N", help=f"photos shown of each file (default {_SHOWN})"
    )
    options.add_argument("--strict", action="store_true", help="exit with 1 if a photo could not be read")
    options.add_argument("--out", type=Path, default=Path("report"), metavar="DIR", help="folder (default report)")
    return options


def run(options: argparse.Namespace) -> int:
    """Check the options, measure, write, print, judge."""
    if not options.candidate:
        raise UserError("there is nothing to compare.", "Name one file or several: --candidate dist/*.tflite")
    start_tensorflow()
    from convert.reporting.layers.studies import check_layer_reference
    from convert.reporting.making import Call, Making
    from convert.working import working_folder
    from pynet_tf.model_files import SAMPLE_MODEL

    if options.layer_reference is not None:
        check_layer_reference(options.layer_reference)
    call = Call(
        reference=options.reference or SAMPLE_MODEL,
        candidates=options.candidate,
        data=options.data,
        split=None if options.split == ALL else options.split,
        count=options.count,
        size=options.size,
        runtimes=_runtimes(options.runtime),
        threads=options.threads or os.cpu_count() or 1,
        gates=_gates(options),
        shown=options.pictures,
        command=shlex.join(["python", "-m", MODULE, *sys.argv[1:]]),
    )
    with working_folder(options.out) as folder:
        making = Making(call, folder, command.progress, command.tell)
        making.prepare()
        making.measure()
        layers = [] if options.no_layers else _layers(making, options.layer_reference)
        report = making.report(layers)
        written = _write(making, report, options.out)
    return _judged(making, report, written, options.strict)


def _write(making: Making, report: Report, out: Path) -> list[Path]:
    """Write all files; they are made before the first is written."""
    from calib_data.files import write_json, write_text
    from convert.reporting.markdown import markdown
    from convert.reporting.node_data import node_data
    from convert.reporting.page import page

    text = page(report, making.shown())
    overlays = {
        out / f"{study.stage.replace('/', '_')}.node_data.json": node_data(study)
        for study in report.layers
        if study.rows
    }
    for path, overlay in overlays.items():
        write_json(path, overlay)
    write_json(out / JSON, report.model_dump(mode="json"))
    write_text(out / MARKDOWN, markdown(report))
    write_text(out / PAGE, text)
    return [out / PAGE, out / JSON, out / MARKDOWN, *overlays]


def _layers(making: Making, reference: Path | None) -> list[LayerStudy]:
    from convert.reporting.layers.studies import LayerStudies

    floats = [reference] if reference is not None else making.float_files()
    call = making.call
    return making.study_layers(LayerStudies(call.reference, making.size, floats, call.threads, making.folder))


def _judged(making: Making, report: Report, written: list[Path], strict: bool) -> int:
    from convert.reporting.terminal import print_report

    print_report(report)
    if making.skipped:
        command.warn(making.skipped.summary())
    for problem in report.problems:
        command.warn(problem)
    for note in report.notes:
        command.warn(note)
    command.tell("written:")
    for path in written:
        command.tell(f"  {path}")
    command.next_step(f"open {written[0]} in a browser; keep {written[1]} as the --baseline of the next report")
    if any(stage.status == "refused" for stage in report.stages):
        return command.WRONG_INPUT
    return command.GOOD if report.passed and not (making.skipped and strict) else command.GATE_FAILED


def _gates(options: argparse.Namespace) -> Gates:
    from convert.reporting.gates import Gates, read_gates
    from convert.reporting.gates import limits as checked
    from convert.reporting.record import read_report

    if not 0 <= options.allowed_loss <= _LARGEST_LOSS:
        raise UserError(
            f"--allowed-loss is {options.allowed_loss:g}; 0 to {_LARGEST_LOSS} dB is allowed.", "Leave it out."
        )
    asked = {"min_psnr": options.min_psnr, "min_ssim": options.min_ssim, "max_abs": options.max_abs}
    return Gates(
        common=checked("the options", "", asked),
        by_recipe={} if options.gates is None else read_gates(options.gates),
        baseline=None if options.baseline is None else read_report(options.baseline),
        allowed_loss=options.allowed_loss,
    )


def _runtimes(names: list[str]) -> list[str]:
    from convert.runtimes import find_runtime, installed_runtimes

    for name in names:
        if not find_runtime(name).installed:
            package = find_runtime(name).package
            raise UserError(f"{name} is not installed.", f"Run: python -m pip install {package}")
    return list(dict.fromkeys(names)) or [runtime.name for runtime in installed_runtimes()]


if __name__ == "__main__":
    command.main(build_parser(), run)
