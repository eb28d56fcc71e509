"""`python -m convert.tflite`: a float PyNET to proven .tflite files."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from calib_data import command
from calib_data.dataset import SAMPLES
from calib_data.sizes import PhotoSize, parse_size
from calib_data.skipped import Skipped
from pynet_tf.quiet import start_tensorflow

if TYPE_CHECKING:
    from convert.recipes import Recipe


def build_parser() -> argparse.ArgumentParser:
    """The command's options."""
    options = command.parser(
        "convert.tflite",
        "Convert a float PyNET to .tflite files, run each on every installed runtime, and compare it with the float "
        "model on photos that it was not calibrated on.",
        "python -m convert.tflite --size 512x768 --recipe int8 --recipe float16 --out dist",
    )
    options.add_argument("--model", type=Path, help="a .keras PyNET (default: the sample model)")
    options.add_argument(
        "--tuned",
        type=Path,
        metavar="FILE",
        help="what quantize.train made of the model: 8-bit recipes are made of it, and compared with the model",
    )
    options.add_argument(
        "--recipe",
        action="append",
        default=[],
        metavar="R",
        help="a recipe's name or .json file; repeatable (default: all six)",
    )
    options.add_argument(
        "--size", type=parse_size, default=PhotoSize(1024, 1536), help="photo that comes out, HxW (default 1024x1536)"
    )
    options.add_argument(
        "--calibration", type=Path, default=SAMPLES, metavar="DIR", help="photos for ranges (default: samples)"
    )
    options.add_argument(
        "--check", type=Path, default=SAMPLES, metavar="DIR", help="photos to compare on (default: samples)"
    )
    options.add_argument("--check-count", type=int, default=6, metavar="N", help="how many of them (default 6)")
    options.add_argument("--min-runtime", metavar="V", help="exit with 1 if a file needs a newer runtime, such as 2.14")
    options.add_argument("--reference-kernels", action="store_true", help="also run LiteRT's slow reference kernels")
    options.add_argument("--threads", type=int, help="threads for the runtimes (default: all cores)")
    options.add_argument("--strict", action="store_true", help="exit with 1 if a photo could not be read")
    for flag, what in (("--rewrite", "apply only this rewrite of the graph"), ("--no-rewrite", "leave out this one")):
        options.add_argument(flag, action="append", default=[], metavar="NAME", help=f"{what}; repeatable")
    options.add_argument(
        "--explain", action="store_true", help="print what the rewrites chose for each block, and convert nothing"
    )
    options.add_argument(
        "--out", type=Path, default=Path("dist"), metavar="DIR", help="folder for the files (default dist)"
    )
    return options


def run(options: argparse.Namespace) -> int:
    """Convert, check, write and print the table."""
    command.refuse_under_one(options, "check_count", "threads")
    start_tensorflow()
    from convert.policy import version_key
    from convert.recipes import STANDARD, check_names, load_recipe
    from convert.rewrites.stage import chosen_names
    from convert.working import working_folder

    rewrites = chosen_names(options.rewrite, options.no_rewrite)
    if options.explain:
        return _explain(options, rewrites)

    recipes = [load_recipe(name) for name in options.recipe or STANDARD]
    check_names(recipes)
    if options.min_runtime is not None:
        version_key(options.min_runtime)
    with working_folder(options.out) as folder:
        return _convert(options, recipes, rewrites, folder)


def _explain(options: argparse.Namespace, rewrites: frozenset[str]) -> int:
    from convert.exporter import TFLiteExporter
    from convert.rewrites.explain import explanation
    from pynet_tf.model_files import load_model

    choices = TFLiteExporter(load_model(options.model), options.size, rewrites=rewrites).choices
    command.console().print(explanation(choices))
    command.tell("lean: the chosen form of the figure before it; a tile has 16 maps, or 32 for more.")
    command.next_step(f"python -m convert.tflite --size {options.size}")
    return command.GOOD


def _convert(options: argparse.Namespace, recipes: list[Recipe], rewrites: frozenset[str], folder: Path) -> int:
    from convert.conversion import Conversion, load_networks
    from convert.photo_sets import calibration_set, check_set
    from convert.runtimes import installed_runtimes
    from convert.summary import fastest, newer_than, print_summary

    network, tuned = load_networks(options.model, options.tuned)
    skipped = Skipped()
    calibration = calibration_set(options.calibration, options.size, network.inputs == "rgbd", skipped)
    check = check_set(options.check, options.check_count, calibration)
    conversion = Conversion(
        network,
        tuned,
        options.size,
        calibration,
        check,
        installed_runtimes(options.reference_kernels),
        folder,
        options.threads,
        command.progress,
        command.tell,
        rewrites,
    )
    conversion.check_side_files(options.out, recipes)
    if doubt := conversion.doubt(recipes):
        command.warn(doubt)
    artifacts = conversion.convert(recipes)
    conversion.publish(options.out)
    print_summary(artifacts, options.out)
    if skipped:
        command.warn(skipped.summary())
    too_new = newer_than(artifacts, options.min_runtime) if options.min_runtime else []
    for line in too_new:
        command.warn(line)
    command.next_step(f"python -m pynet_tf.render PHOTO --model {options.out / fastest(artifacts).file} --out rendered")
    return command.GATE_FAILED if too_new or (skipped and options.strict) else command.GOOD


if __name__ == "__main__":
    command.main(build_parser(), run)
