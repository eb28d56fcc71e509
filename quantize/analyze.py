"""`python -m quantize.analyze`: which layers lose what in 8 bits, and which to leave in float."""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from calib_data import command
from calib_data.dataset import SAMPLES
from calib_data.errors import UserError
from calib_data.sizes import PhotoSize, parse_size
from calib_data.skipped import Skipped
from pynet_tf.quiet import start_tensorflow

if TYPE_CHECKING:
    from convert.exporter import TFLiteExporter
    from quantize.analysis import Analysis, Picture
    from quantize.switched import Switched

_SHOWN = 12
_MOST_WISHED = 90.0


def build_parser() -> argparse.ArgumentParser:
    """The command's options."""
    options = command.parser(
        "quantize.analyze",
        "Simulate 8-bit integers and find where they lose: weights and activations by themselves, each layer alone in "
        "integers and alone in float, ranges; and propose a recipe that leaves as little in float as a wish needs.",
        "python -m quantize.analyze --data photos --wish 50 --out analysis",
    )
    options.add_argument("--model", type=Path, help="a .keras PyNET, float or fine-tuned (default: the sample model)")
    options.add_argument(
        "--data", type=Path, default=SAMPLES, metavar="DIR", help="photos; ranges come from its train split (samples)"
    )
    options.add_argument("--recipe", choices=("int8", "int8-full"), default="int8", help="what to analyse (int8)")
    options.add_argument("--wish", type=float, default=50.0, metavar="dB", help="against the float model (default 50)")
    options.add_argument("--size", type=parse_size, default=PhotoSize(128, 192), help="photo out, HxW (128x192)")
    options.add_argument("--calibrate", type=int, default=16, metavar="N", help="photos to choose ranges on (16)")
    options.add_argument("--count", type=int, default=4, metavar="N", help="other photos to measure on (default 4)")
    options.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for page, JSON and recipe")
    return options


def run(options: argparse.Namespace) -> int:
    """Analyse, write, and print what matters most."""
    _check(options)
    start_tensorflow()
    from calib_data.files import make_folder, write_json, write_text
    from convert.exporter import TFLiteExporter
    from convert.flatbuffer import Flatbuffer
    from pynet_tf.model_files import SAMPLE_MODEL
    from quantize.analysis_page import page
    from quantize.proposal import recipe_of
    from quantize.scheme import in_float_of

    model_file = options.model or SAMPLE_MODEL
    make_folder(options.out)
    skipped = Skipped()
    analysis, simulation, photos = _analysis(options, model_file, skipped)
    exporter = TFLiteExporter(simulation.model, options.size, learnt=simulation.ranges)
    found = {op.scope.partition("/")[0] for op in Flatbuffer.read(exporter.float32).ops()}
    chosen = analysis.proposal.chosen.reverted
    recipe = recipe_of(f"{options.recipe}-mixed", in_float_of(options.recipe), chosen, simulation.units, found)
    recipe_file = options.out / "recipe.json"
    write_json(recipe_file, recipe)
    write_json(options.out / "analysis.json", {"model": model_file.name, **dataclasses.asdict(analysis)})
    write_text(options.out / "analysis.html", page(analysis, model_file.name, recipe))
    _print(analysis)
    command.tell(f"the proposed recipe's file: {_file_psnr(exporter, recipe_file, simulation, photos):.2f} dB")
    if skipped:
        command.warn(skipped.summary())
    if not analysis.proposal.reached:
        command.warn(f"{options.wish:g} dB are not reached; the nearest is proposed.")
    command.tell(f"page: {options.out / 'analysis.html'}")
    command.next_step(f"python -m convert.tflite --model {model_file} --recipe {recipe_file} --size {options.size}")
    return command.GOOD


def _analysis(
    options: argparse.Namespace, model_file: Path, skipped: Skipped
) -> tuple[Analysis, Switched, list[Picture]]:
    from convert.photo_sets import calibration_set, check_set
    from pynet_tf.model_files import config_of, load_model
    from quantize.analysis import analyze, ranges_of
    from quantize.calibration import choose, observe, spans
    from quantize.ranges import load_ranges
    from quantize.scheme import in_float_of, make_scheme
    from quantize.suiting import SUITED_ON, suited
    from quantize.switched import Switched

    model, learnt = load_model(model_file), load_ranges(model_file)
    calibration = calibration_set(options.data, options.size, config_of(model).inputs == "rgbd", skipped)
    calibration.pairs = calibration.pairs[:: max(1, len(calibration.pairs) // options.calibrate)][: options.calibrate]
    photos = list(check_set(options.data, options.count, calibration).tensors())
    if learnt is None:
        model = suited(model, list(itertools.islice(calibration.tensors(), SUITED_ON)))
    scheme = make_scheme(model, in_float_of(options.recipe))
    tensors = command.progress(calibration.tensors(), len(calibration.pairs), "ranges")
    observed = observe(model, scheme, tensors)
    chosen = choose(observed, scheme)
    ranges = spans(chosen) | (learnt.ranges if learnt else {})
    simulation = Switched(model, scheme, {group: ranges[group] for group in scheme.learnt})
    analysis = analyze(
        simulation,
        options.recipe,
        photos,
        ranges_of(observed, chosen, simulation.ranges),
        options.wish,
        command.progress,
    )
    return analysis, simulation, photos


def _file_psnr(exporter: TFLiteExporter, recipe_file: Path, simulation: Switched, photos: Sequence[Picture]) -> float:
    """Of the recipe's file on LiteRT against the float network, dB, mean over photos."""
    import numpy as np

    from calib_data.files import write_bytes
    from convert.recipes import load_recipe
    from convert.runners import open_file
    from convert.runtimes import DEFAULT_RUNTIME
    from pynet_tf.metrics import psnr
    from quantize.graph import OUTPUT

    simulation.switch(())
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "proposed.tflite"
        write_bytes(file, exporter.export(load_recipe(str(recipe_file))))
        runner = open_file(file, DEFAULT_RUNTIME, os.cpu_count() or 1)
        references = (np.clip(simulation.compute(photo)[OUTPUT].numpy(), 0, 1) for photo in photos)
        return float(np.mean([psnr(one, runner.run(photo)) for one, photo in zip(references, photos, strict=True)]))


def _print(analysis: Analysis) -> None:
    rows = sorted(analysis.units, key=lambda unit: unit.alone)[:_SHOWN]
    columns = ("unit", "alone in integers, dB", "alone in float, dB", "SQNR, dB", "operations")
    cells = (
        (unit.unit, f"{unit.alone:.1f}", f"{unit.without:.2f}", f"{unit.sqnr:.1f}", f"{100 * unit.operations:.2f} %")
        for unit in rows
    )
    command.console().print(command.table(f"the {len(rows)} units that cost most by themselves", columns, cells))
    best = [one for one in analysis.proposal.tried if one.is_best]
    tried = ((str(len(one.reverted)), f"{one.psnr:.2f}", f"{100 * one.operations:.2f} %") for one in best)
    command.console().print(command.table("units left in float", ("units", "dB", "operations in float"), tried))
    command.tell(
        f"all in integers: {analysis.all_integers:.2f} dB; weights only {analysis.weights_only:.2f}, activations only "
        f"{analysis.activations_only:.2f}"
    )


def _check(options: argparse.Namespace) -> None:
    command.refuse_under_one(options, "calibrate", "count")
    if not 0 < options.wish <= _MOST_WISHED:
        raise UserError(f"--wish is {options.wish}; up to {_MOST_WISHED:g} dB is allowed.", "Take 50.")


if __name__ == "__main__":
    command.main(build_parser(), run)
