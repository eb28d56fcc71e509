"""The options by which commands that train take losses."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_loss_options(options: argparse._ArgumentGroup, instead_of: str) -> None:
    """Add `--loss NAME=WEIGHT`, repeatable, and `--vgg-weights FILE`.

    Args:
        options: Receives them.
        instead_of: What losses they replace, for the help.
    """
    options.add_argument(
        "--loss",
        action="append",
        type=_loss,
        metavar="NAME=WEIGHT",
        help=f"a loss instead of {instead_of}: l1, l2, ssim, ms_ssim, vgg, colour; repeatable",
    )
    options.add_argument("--vgg-weights", type=Path, metavar="FILE", help="for the loss vgg (default: Keras' cache)")


def _loss(text: str) -> tuple[str, float]:
    name, equals, weight = text.partition("=")
    try:
        return name, float(weight) if equals else 1.0
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=WEIGHT, such as l1=0.5") from error
