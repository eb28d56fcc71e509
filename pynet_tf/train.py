"""`python -m pynet_tf.train`: train a PyNET bottom-up, level 7 to level 1."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from calib_data import command
from calib_data.skipped import Skipped
from calib_data.wording import counted
from pynet_tf.config import PyNETConfig
from pynet_tf.loss_options import add_loss_options
from pynet_tf.quiet import start_tensorflow

if TYPE_CHECKING:
    from pynet_tf.pixel_cache import CacheChoice

_PRECISIONS = ("float32", "mixed_float16", "mixed_bfloat16")


def build_parser() -> argparse.ArgumentParser:
    """The command's options."""
    options = command.parser(
        "pynet_tf.train",
        "Train a PyNET bottom-up on pairs of photographs, each level starting from the one below.",
        "python -m pynet_tf.train --data EBB --out runs/first --width 8",
    )
    data = options.add_argument_group("data")
    data.add_argument("--data", type=Path, required=True, help="folder in EBB!'s layout; its train split is used")
    data.add_argument(
        "--watch",
        type=Path,
        metavar="DIR",
        help="pairs to evaluate on while training (default: the data's test split, or one pair in 20, then held out)",
    )
    data.add_argument("--skip-incomplete", action="store_true", help="pass over pairs without target or depth map")
    data.add_argument(
        "--cache", metavar="memory|DIR", help="keep decoded photos in memory or in a folder (default: decode each crop)"
    )
    data.add_argument("--cache-mib", type=int, default=2048, metavar="N", help="memory for --cache memory (2048)")
    network = options.add_argument_group("network")
    network.add_argument("--inputs", choices=("rgb", "rgbd"), default="rgb", help="rgbd adds a depth map (default rgb)")
    network.add_argument(
        "--width", type=int, default=32, help="maps of level 3: 32 is the paper's (default), 8 a phone's"
    )
    network.add_argument(
        "--head", choices=("direct", "residual", "blend"), default="blend", help="direct is the paper's (default blend)"
    )
    network.add_argument(
        "--norm",
        choices=("instance", "none"),
        default="instance",
        help="none leaves normalization out, which integers like (default instance, the paper's)",
    )
    network.add_argument(
        "--from", dest="start", type=Path, metavar="MODEL", help=".keras whose weights to begin with, by layer name"
    )
    plan = options.add_argument_group("plan")
    plan.add_argument("--plan", default="default", help="default (for a GPU), small (for a CPU), paper or student")
    plan.add_argument("--levels", help="levels to train, coarse to fine: 7-1, 7-5, 1 (default: all of the plan)")
    plan.add_argument("--batch", type=int, help="crops a step over all devices (default: the plan's)")
    plan.add_argument("--steps", type=int, help="steps per level (default: the plan's)")
    plan.add_argument(
        "--crop", type=int, help="side of the input tensor's crop, a multiple of 32 (default: the plan's)"
    )
    plan.add_argument(
        "--upright",
        action="store_true",
        default=None,
        help="mirror crops, but don't turn them by 90 degrees: for photos that are always held upright",
    )
    plan.add_argument(
        "--zoom", type=float, help="cut up to so many times a crop's side, and reduce that to the crop (default: 1)"
    )
    plan.add_argument(
        "--tones", type=float, help="change gamma, colours and saturation of a pair by up to so much (default: 0)"
    )
    plan.add_argument(
        "--sharpness", type=float, help="multiply or divide fine detail of a pair by up to so much (default: 1)"
    )
    plan.add_argument(
        "--same-exposure",
        action="store_true",
        default=None,
        help="bring each target to its photo's exposure: how a camera changed it cannot be learnt",
    )
    plan.add_argument("--learning-rate", type=float, help="Adam's peak rate (default: the plan's)")
    add_loss_options(plan, "the plan's")
    plan.add_argument("--seed", type=int, default=1, help="decides initial weights and crops (default 1)")
    machine = options.add_argument_group("run")
    machine.add_argument("--out", type=Path, required=True, help="folder of the run: checkpoints, logs, model.keras")
    machine.add_argument("--resume", action="store_true", help="go on with the run in --out")
    machine.add_argument("--precision", choices=_PRECISIONS, default="float32", help="of levels 7 to 3 (float32)")
    machine.add_argument(
        "--strategy", choices=("auto", "mirrored", "multi-worker"), default="auto", help="devices (default auto)"
    )
    machine.add_argument("--xla", action="store_true", help="compile the step with XLA: for GPUs, slower on CPUs")
    machine.add_argument("--save-every", type=int, default=200, metavar="N", help="steps between checkpoints (200)")
    machine.add_argument("--log-every", type=int, default=50, metavar="N", help="steps between lines of the log (50)")
    machine.add_argument("--keep", type=int, default=2, metavar="K", help="newest checkpoints to keep (2)")
    machine.add_argument("--evaluate-every", type=int, default=500, metavar="N", help="steps between evaluations (500)")
    return options


def run(options: argparse.Namespace) -> int:
    """Train, and say where the model is."""
    start_tensorflow()
    from pynet_tf.devices import in_words, make_strategy, workers_in_words
    from pynet_tf.model_files import load_model
    from pynet_tf.pipeline import check_pairs
    from pynet_tf.reporting import reporter
    from pynet_tf.schedule import make_plan
    from pynet_tf.splitting import split
    from pynet_tf.training import Cache, Run, RunSettings

    strategy = make_strategy(options.strategy)
    plan = make_plan(
        options.levels,
        options.plan,
        steps=options.steps,
        batch=options.batch,
        crop=options.crop,
        learning_rate=options.learning_rate,
        upright=options.upright,
        zoom=options.zoom,
        tones=options.tones,
        sharpness=options.sharpness,
        same_exposure=options.same_exposure,
        loss_weights=dict(options.loss) if options.loss else None,
    )
    config = PyNETConfig(options.inputs, options.width, options.head, options.norm)
    skipped = Skipped() if options.skip_incomplete else None
    pairs, watched = split(options.data, options.watch, options.inputs == "rgbd", skipped)
    if skipped:
        command.warn(skipped.summary())
    for chosen in (pairs, watched):
        check_pairs(chosen, max(plan, key=lambda one: one.crop), options.inputs == "rgbd")
    start = load_model(options.start) if options.start else None
    settings = RunSettings(
        config,
        plan,
        options.seed,
        options.precision,
        save_every=options.save_every,
        log_every=options.log_every,
        evaluate_every=options.evaluate_every,
        keep=options.keep,
        compiled=options.xla,
    )
    cache = Cache(_cache(options.cache), options.cache_mib)
    levels = f"levels {plan[0].level} to {plan[-1].level}"
    command.tell(
        f"{counted(len(pairs), 'pair')} to train on, {len(watched)} to watch; {levels}, "
        f"width {options.width}, {options.inputs}, {options.head} head, {options.precision}, {in_words(strategy)}"
    )
    with reporter(plan) as told:
        training = Run(options.out, settings, told, strategy, options.vgg_weights, cache)
        training.open(options.resume, pairs, watched, options.start)
        with workers_in_words():
            model = training.train(pairs, watched, start)
    command.tell(f"model: {model}")
    command.next_step(f"python -m pynet_tf.evaluate --model {model} --data {options.watch or options.data}")
    return command.GOOD


def _cache(choice: str | None) -> CacheChoice:
    if choice is None:
        return None
    return "memory" if choice == "memory" else Path(choice)


if __name__ == "__main__":
    command.main(build_parser(), run)
