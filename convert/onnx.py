"""`python -m convert.onnx`: a float PyNET to proven .onnx files."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from calib_data import command
from calib_data.dataset import SAMPLES
from calib_data.errors import UserError
from calib_data.sizes import PhotoSize, parse_size
from calib_data.skipped import Skipped
from pynet_tf.quiet import start_tensorflow

if TYPE_CHECKING:
    from convert.recipes import Recipe


def build_parser() -> argparse.ArgumentParser:
    """The command's options."""
    options = command.parser(
        "convert.onnx",
        "Convert a float PyNET to .onnx files, run each in onnxruntime, and compare it with the float model on photos "
        "that it was not calibrated on.",
        "python -m convert.onnx --size 512x768 --recipe int8 --recipe float16 --out dist/onnx",
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
        help="a recipe's name or .json file; repeatable (default: all five)",
    )
    options.add_argument(
        "--size", type=parse_size, default=PhotoSize(1024, 1536), help="photo that comes out, HxW (default 1024x1536)"
    )
    options.add_argument(
        "--any-size",
        action="store_true",
        help="leave height and width free; --size is where it is calibrated and checked",
    )
    options.add_argument(
        "--layout",
        choices=("nhwc", "nchw"),
        default="nhwc",
        help="order of the axes of input and output (default nhwc)",
    )
    options.add_argument(
        "--opset", type=int, default=17, metavar="N", help="version of ONNX's operations, 15 to 18 (default 17)"
    )
    options.add_argument("--external-data", action="store_true", help="write the weights into a .data file beside")
    options.add_argument(
        "--calibration", type=Path, default=SAMPLES, metavar="DIR", help="photos for ranges (default: samples)"
    )
    options.add_argument(
        "--check", type=Path, default=SAMPLES, metavar="DIR", help="photos to compare on (default: samples)"
    )
    options.add_argument("--check-count", type=int, default=6, metavar="N", help="how many of them (default 6)")
    options.add_argument("--threads", type=int, help="threads for the runtime (default: all cores)")
    options.add_argument("--strict", action="store_true", help="exit with 1 if a photo could not be read")
    options.add_argument(
        "--out", type=Path, default=Path("dist/onnx"), metavar="DIR", help="folder for the files (default dist/onnx)"
    )
    return options


def run(options: argparse.Namespace) -> int:
    """Convert, check, write and print the table."""
    command.refuse_under_one(options, "check_count", "threads")
    if not 15 <= options.opset <= 18:
        raise UserError(f"--opset is {options.opset}; 15 to 18 are allowed.", "Leave --opset out for 17.")
    start_tensorflow()
    from convert.recipes import ONNX_STANDARD, check_names, load_recipe
    from convert.working import working_folder

    recipes = [load_recipe(name, ONNX_STANDARD) for name in options.recipe or ONNX_STANDARD]
    check_names(recipes)
    with working_folder(options.out) as folder:
        return _convert(options, recipes, folder)


def _convert(options: argparse.Namespace, recipes: list[Recipe], folder: Path) -> int:
    from convert.conversion import load_networks
    from convert.onnx_conversion import OnnxConversion
    from convert.onnx_exporter import OnnxForm
    from convert.photo_sets import calibration_set, check_set
    from convert.runtimes import installed_runtimes
    from convert.summary import print_summary

    form = OnnxForm(options.opset, options.layout, options.any_size)
    network, tuned = load_networks(options.model, options.tuned)
    skipped = Skipped()
    calibration = calibration_set(options.calibration, options.size, network.inputs == "rgbd", skipped)
    check = check_set(options.check, options.check_count, calibration)
    conversion = OnnxConversion(
        network,
        tuned,
        options.size,
        calibration,
        check,
        installed_runtimes(suffix=".onnx"),
        folder,
        options.threads,
        command.progress,
        command.tell,
        form=form,
        external_data=options.external_data,
    )
    conversion.check_side_files(options.out, recipes)
    if doubt := conversion.doubt(recipes):
        command.warn(doubt)
    artifacts = conversion.convert(recipes)
    conversion.publish(options.out)
    print_summary(artifacts, options.out)
    if skipped:
        command.warn(skipped.summary())
    command.next_step(f"python -m convert.bench {options.out / artifacts[-1].file}")
    return command.GATE_FAILED if skipped and options.strict else command.GOOD


if __name__ == "__main__":
    command.main(build_parser(), run)
