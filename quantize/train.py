"""`python -m quantize.train`: fine-tune a float PyNET so that it survives 8-bit integers."""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from calib_data import command
from calib_data.dataset import Pair
from calib_data.sizes import PhotoSize, parse_size
from calib_data.skipped import Skipped
from calib_data.wording import counted
from pynet_tf.loss_options import add_loss_options
from pynet_tf.quiet import start_tensorflow

if TYPE_CHECKING:
    from quantize.tuning import Converted, Picture

_COMPARED = 3


def build_parser() -> argparse.ArgumentParser:
    """The command's options."""
    options = command.parser(
        "quantize.train",
        "Fine-tune a float PyNET with simulated 8-bit integers, taught by itself in float; ranges start from photos. "
        "The result is a .keras file with ranges, which convert.tflite uses instead of calibration.",
        "python -m quantize.train --data EBB --out runs/int8 --recipe int8",
    )
    data = options.add_argument_group("data")
    data.add_argument("--model", type=Path, help="a float .keras PyNET (default: the sample model)")
    data.add_argument("--data", type=Path, required=True, help="folder in EBB!'s layout; its train split is used")
    data.add_argument("--watch", type=Path, metavar="DIR", help="pairs to evaluate on (default: the data's test split)")
    data.add_argument("--skip-incomplete", action="store_true", help="pass over pairs without target or depth map")
    data.add_argument("--calibrate", type=int, default=16, metavar="N", help="photos to choose ranges on (default 16)")
    data.add_argument(
        "--size", type=parse_size, default=PhotoSize(256, 384), help="of those photos, HxW (default 256x384)"
    )
    tuning = options.add_argument_group("fine-tuning")
    tuning.add_argument("--recipe", choices=("int8", "int8-full"), default="int8", help="what to tune for (int8)")
    tuning.add_argument(
        "--norm", choices=("instance", "frozen"), default="instance", help="frozen: fixed statistics (default instance)"
    )
    tuning.add_argument("--steps", type=int, default=1000, help="optimizer steps (default 1000)")
    tuning.add_argument("--batch", type=int, default=2, help="crops a step (default 2)")
    tuning.add_argument("--crop", type=int, default=128, help="side of the input tensor's crop (default 128)")
    tuning.add_argument("--learning-rate", type=float, default=5e-5, help="Adam's peak rate (default 5e-5)")
    tuning.add_argument("--output-weight", type=float, default=1.0, help="of the float network's picture (default 1)")
    tuning.add_argument("--feature-weight", type=float, default=0.05, help="of its maps, level by level (default 0.05)")
    tuning.add_argument("--task-weight", type=float, default=0.2, help="of the targets (default 0.2)")
    add_loss_options(tuning, "l1=1 for the targets")
    tuning.add_argument(
        "--warm-up", type=float, default=0.5, help="share of the steps before ranges are frozen (default 0.5)"
    )
    tuning.add_argument("--seed", type=int, default=1, help="decides the crops (default 1)")
    run_group = options.add_argument_group("run")
    run_group.add_argument("--out", type=Path, required=True, help="folder of the run: checkpoints, logs, model.keras")
    run_group.add_argument("--resume", action="store_true", help="go on with the run in --out")
    run_group.add_argument("--save-every", type=int, default=100, metavar="N", help="steps between checkpoints (100)")
    run_group.add_argument("--log-every", type=int, default=20, metavar="N", help="steps between lines of the log (20)")
    run_group.add_argument(
        "--evaluate-every", type=int, default=200, metavar="N", help="steps between evaluations (200)"
    )
    return options


def run(options: argparse.Namespace) -> int:
    """Fine-tune, and say where the model is."""
    command.refuse_under_one(options, "calibrate")
    start_tensorflow()
    from pynet_tf.model_files import SAMPLE_MODEL, config_of, load_model
    from pynet_tf.pipeline import check_pairs
    from pynet_tf.reporting import reporter
    from pynet_tf.schedule import LevelPlan
    from pynet_tf.splitting import split
    from pynet_tf.training import Run, RunSettings
    from quantize.suiting import suited
    from quantize.tuning import Tuning, TuningSettings

    tuning = TuningSettings(
        options.recipe,
        options.output_weight,
        options.feature_weight,
        options.task_weight,
        options.warm_up,
        options.norm,
    )
    losses = dict(options.loss) if options.loss else {"l1": 1.0}
    plan = LevelPlan(1, options.steps, options.batch, options.crop, options.learning_rate, losses)
    teacher = load_model(options.model or SAMPLE_MODEL)
    depth = config_of(teacher).inputs == "rgbd"
    skipped = Skipped() if options.skip_incomplete else None
    pairs, watched = split(options.data, options.watch, depth, skipped)
    for chosen in (pairs, watched):
        check_pairs(chosen, plan, depth)
    if skipped:
        command.warn(skipped.summary())
    first = min(options.evaluate_every, options.steps)
    if options.warm_up > 0 and options.warm_up * options.steps < first:
        command.warn(
            f"the first evaluation, at step {first}, is after the warm-up: ranges stay those of the start. "
            "To choose them anew, take a smaller --evaluate-every."
        )
    source = counted(options.calibrate, "photo")
    command.tell(f"{counted(len(pairs), 'pair')} to learn from, {len(watched)} to watch; ranges from {source}")
    photos = _tensors(pairs[:: max(1, len(pairs) // options.calibrate)][: options.calibrate], options.size, depth)
    compared = _tensors((watched or pairs)[:_COMPARED], options.size, depth)
    start = suited(teacher, photos, options.norm)
    settings = RunSettings(
        config_of(start),
        (plan,),
        options.seed,
        save_every=options.save_every,
        log_every=options.log_every,
        evaluate_every=options.evaluate_every,
    )
    with tempfile.TemporaryDirectory() as folder, reporter([plan]) as told:
        method = Tuning(teacher, start, tuning, photos, compared, _converter(options, Path(folder)), told.warn)
        training = Run(options.out, settings, told, vgg_weights=options.vgg_weights, method=method)
        training.open(options.resume, pairs, watched, options.model or SAMPLE_MODEL)
        model = training.train(pairs, watched, start)
    command.tell(f"model: {model}")
    command.next_step(f"python -m convert.tflite --model {model} --recipe {options.recipe} --size {options.size}")
    return command.GOOD


def _tensors(pairs: Sequence[Pair], size: PhotoSize, depth: bool) -> list[Picture]:
    from calib_data.fit import input_at_size

    return [input_at_size(pair, size, depth) for pair in pairs]


def _converter(options: argparse.Namespace, folder: Path) -> Converted:
    """Converts a network under way, as `convert.tflite` would, and runs it on LiteRT."""
    from calib_data.files import write_bytes
    from convert.exporter import TFLiteExporter
    from convert.recipes import load_recipe
    from convert.runners import open_file
    from convert.runtimes import DEFAULT_RUNTIME

    recipe = load_recipe(options.recipe)

    def converted(model: object, ranges: dict[str, tuple[float, float]]) -> Callable[[Picture], Picture]:
        file = folder / "under-way.tflite"
        write_bytes(file, TFLiteExporter(model, options.size, learnt=ranges).export(recipe))
        return open_file(file, DEFAULT_RUNTIME, os.cpu_count() or 1).run

    return converted


if __name__ == "__main__":
    command.main(build_parser(), run)
