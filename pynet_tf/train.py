"""`python -m pynet_tf.train`: train a PyNET bottom-up, level 7 to level 1."""

from __future__ import annotations

import argparse
from pathlib import Path

from calib_data import command
from calib_data.dataset import find_pairs
from pynet_tf.config import PyNETConfig
from pynet_tf.quiet import start_tensorflow


def build_parser() -> argparse.ArgumentParser:
    """The command's options."""
    options = command.parser(
        "pynet_tf.train",
        "Train a PyNET bottom-up on pairs of photographs, each level starting from the one below.",
        "python -m pynet_tf.train --data EBB --out runs/first --width 8 --head residual",
    )
    options.add_argument("--data", type=Path, required=True, help="folder in EBB!'s layout; its train split is used")
    options.add_argument("--out", type=Path, required=True, help="folder of the run: checkpoints, log, model.keras")
    options.add_argument("--inputs", choices=("rgb", "rgbd"), default="rgb", help="rgbd adds a depth map (default rgb)")
    options.add_argument(
        "--width", type=int, default=32, help="maps of level 3: 32 is the paper's (default), 8 a phone's"
    )
    options.add_argument(
        "--head", choices=("direct", "residual"), default="residual", help="direct is the paper's (default residual)"
    )
    options.add_argument("--levels", default="7-1", help="levels to train, coarse to fine: 7-1 (default), 7-5, 1")
    options.add_argument("--start-from", type=Path, metavar="MODEL", help=".keras whose weights to begin with")
    options.add_argument("--batch", type=int, help="crops a step (default: the plan's)")
    options.add_argument("--steps", type=int, help="steps per level (default: the plan's)")
    options.add_argument(
        "--crop", type=int, help="side of the input tensor's crop, a multiple of 32 (default: the plan's)"
    )
    options.add_argument("--seed", type=int, default=1, help="decides initial weights and crops (default 1)")
    options.add_argument("--save-every", type=int, default=200, help="steps between checkpoints (default 200)")
    options.add_argument("--resume", action="store_true", help="go on with the run in --out")
    return options


def run(options: argparse.Namespace) -> int:
    """Train, and say where the model is."""
    start_tensorflow()
    from PIL import Image

    from pynet_tf.model_files import load_model
    from pynet_tf.pipeline import check_crop
    from pynet_tf.schedule import make_plan
    from pynet_tf.training import Run, RunSettings

    plan = make_plan(options.levels, options.steps, options.batch, options.crop)
    config = PyNETConfig(inputs=options.inputs, width=options.width, head=options.head)
    pairs = find_pairs(options.data, "train", depth=options.inputs == "rgbd")
    for pair in pairs:
        with Image.open(pair.original) as photo:
            for level_plan in plan:
                check_crop((photo.height, photo.width), level_plan, str(pair.original))
    start = load_model(options.start_from) if options.start_from else None
    training = Run(options.out, RunSettings(config, plan, options.seed, options.save_every), command.tell)
    training.open(options.resume)
    command.tell(
        f"{len(pairs)} pairs, levels {options.levels}, width {options.width}, {options.inputs}, {options.head} head"
    )
    model = training.train(pairs, start)
    command.tell(f"model: {model}")
    command.next_step(f"python -m convert.tflite --model {model}")
    return command.GOOD


if __name__ == "__main__":
    command.main(build_parser(), run)
