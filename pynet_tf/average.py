"""`python -m pynet_tf.average`: one model whose weights are the mean of several models' weights.

Models of one run, or of runs that went on from one another, lie in one valley of the loss, and their mean generalizes
better than each: Izmailov et al., arXiv 1803.05407 (of one run's steps), Wortsman et al., arXiv 2203.05482 (of runs
with other options). The mean of unrelated models is worth nothing.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from calib_data import command
from calib_data.errors import UserError
from pynet_tf.quiet import start_tensorflow

if TYPE_CHECKING:
    import tf_keras as keras

    from pynet_tf.config import PyNETConfig

MODULE = "pynet_tf.average"
_RETRY = "Name a .keras file, or a checkpoint of a run of this version, such as runs/first/level1/step-800."


def build_parser() -> argparse.ArgumentParser:
    """The command's options."""
    parser = command.parser(
        MODULE,
        "Write a model whose weights are the mean of several models' weights. Models of one run, or of runs that went\n"
        "on from one another, are often better as their mean; judge it with python -m pynet_tf.evaluate.",
        f"python -m {MODULE} runs/first/level1-best.keras runs/first/level1/step-800 --out mean.keras",
    )
    parser.add_argument(
        "models",
        type=Path,
        nargs="+",
        metavar="MODEL",
        help=".keras file, or a checkpoint's folder: runs/first/level1/step-800",
    )
    parser.add_argument(
        "--share", type=float, action="append", metavar="S", help="of a model, in their order; repeatable (all equal)"
    )
    parser.add_argument(
        "--into",
        type=Path,
        metavar="MODEL",
        help="write this .keras model with the mean in place of all that both have: a level 4's mean in a level 1's",
    )
    parser.add_argument(
        "--out", type=command.keras_file, required=True, metavar="MODEL.keras", help="the file to write"
    )
    return parser


def run(options: argparse.Namespace) -> int:
    """Read, average, write."""
    shares = options.share or [1.0] * len(options.models)
    if len(shares) != len(options.models):
        raise UserError(
            f"--share is given {len(shares)} times for {len(options.models)} models.", "Give one a model, or none."
        )
    for share in shares:
        if not (math.isfinite(share) and share > 0):
            raise UserError(f"--share is {share}; more than 0 is allowed.", "Leave out the model, or give it a share.")
    start_tensorflow()
    from pynet_tf.model_files import load_model, save_model

    mean = average(options.models, shares)
    if options.into is not None:
        mean = _put(mean, load_model(options.into), options.into)
    save_model(mean, options.out)
    command.tell(
        f"{options.out}: the mean of {len(options.models)}, in shares of {' : '.join(f'{s:g}' for s in shares)}"
    )
    command.next_step(f"python -m pynet_tf.evaluate --model {options.out}")
    return command.GOOD


def average(paths: Sequence[Path], shares: Sequence[float]) -> keras.Model:
    """A model with the mean of the weights of several, of which one at a time is in memory.

    Args:
        paths: `.keras` files, or folders of checkpoints, whose moving average is taken.
        shares: How much each counts, more than 0.

    Returns:
        A PyNET as `build_pynet` makes it.

    Raises:
        UserError: One cannot be read, or is no PyNET of the first one's form.
    """
    from pynet_tf.model_files import config_of, finest_level

    mean: keras.Model = None
    for path, share in zip(paths, shares, strict=True):
        model = _read(path)
        weights = [np.float64(share) * weight for weight in model.get_weights()]
        form = (config_of(model), finest_level(model))
        if mean is None:
            mean, first, summed = model, form, weights
        elif form != first:
            raise UserError(
                f"{path} is another network than {paths[0]}: {_words(*form)} in place of {_words(*first)}.",
                "Average models of one form.",
            )
        else:
            summed = [before + weight for before, weight in zip(summed, weights, strict=True)]
    mean.set_weights([(weight / sum(shares)).astype(np.float32) for weight in summed])
    return mean


def _read(path: Path) -> keras.Model:
    from pynet_tf.model_files import load_model

    if not path.exists():
        raise UserError(f"{path} is neither a file nor a folder.", _RETRY)
    return _checkpointed(path) if path.is_dir() else load_model(path)


def _checkpointed(folder: Path) -> keras.Model:
    """The averaged network of a checkpoint, whose run's settings lie two folders above."""
    import tensorflow as tf

    from pynet_tf.checkpoints import read_part
    from pynet_tf.config import PyNETConfig
    from pynet_tf.model_files import check_weights
    from pynet_tf.network import build_pynet
    from pynet_tf.run_record import RUN_FILE

    try:
        level = int(folder.resolve().parent.name.removeprefix("level"))
        config = json.loads((folder.resolve().parent.parent / RUN_FILE).read_text("utf-8"))["config"]
        model = build_pynet(PyNETConfig(**{**config, "norm_levels": tuple(config["norm_levels"])}), level)
        read_part(folder, average=model)
    except (OSError, ValueError, RecursionError, LookupError, TypeError, AssertionError, tf.errors.OpError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:160]
        raise UserError(f"{folder} is no checkpoint that can be read: {reason}.", _RETRY) from error
    check_weights(model, str(folder))
    return model


def _put(mean: keras.Model, whole: keras.Model, name: Path) -> keras.Model:
    """The whole network, with the mean's weights in all layers that both have."""
    from pynet_tf.growth import copy_weights
    from pynet_tf.model_files import config_of, finest_level

    forms = [(config_of(model), finest_level(model)) for model in (mean, whole)]
    if forms[0][0] != forms[1][0] or forms[0][1] < forms[1][1]:
        raise UserError(
            f"{name} is {_words(*forms[1])}; what is to be put into it is {_words(*forms[0])}.",
            "Name a model of the same form that goes as far or further.",
        )
    copy_weights(mean, whole)
    return whole


def _words(config: PyNETConfig, level: int) -> str:
    return f"{config.inputs}, width {config.width}, {config.head} head, level {level}"


if __name__ == "__main__":
    command.main(build_parser(), run)
