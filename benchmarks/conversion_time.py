"""`python -m benchmarks.conversion_time`: six recipes against one plain conversion.

Ours is everything from the loaded model to the bytes of six files - trace, freeze, float32 conversion, six exports -
without the calibration runs, whose time is told apart. The plain one is a single
`tf.lite.TFLiteConverter.from_keras_model(model).convert()` of the same model with its seven outputs, its size fixed by
`keras.Model(photo, model(photo))` with `photo = keras.Input((H/2, W/2, C), batch_size=1)`; making that is not timed.
Each measurement has a process of its own, since TensorFlow keeps what it has once traced; the two alternate.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from calib_data import command
from calib_data.errors import UserError
from calib_data.files import write_json
from calib_data.sizes import PhotoSize, parse_size
from pynet_tf.quiet import start_tensorflow

if TYPE_CHECKING:
    import numpy as np
    import tf_keras as keras
    from numpy.typing import NDArray

BAR = 0.8
OURS, PLAIN = "ours", "plain"


def build_parser() -> argparse.ArgumentParser:
    """The command's options."""
    options = command.parser(
        "benchmarks.conversion_time",
        f"Time six recipes, calibration runs aside, against one plain conversion; exit with 1 if over {BAR} times it.",
        "python -m benchmarks.conversion_time --size 1024x1536 --rounds 3",
    )
    options.add_argument("--model", type=Path, help="a .keras PyNET (default: the sample model)")
    options.add_argument(
        "--size", type=parse_size, default=PhotoSize(1024, 1536), help="photo that comes out, HxW (default 1024x1536)"
    )
    options.add_argument("--rounds", type=int, default=3, metavar="N", help="measurements of each side (default 3)")
    options.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    options.add_argument("--one", choices=(OURS, PLAIN), help=argparse.SUPPRESS)  # one measurement, in its own process
    return options


def run(options: argparse.Namespace) -> int:
    """Measure in turn, print medians and their ratio."""
    if options.one:
        print(json.dumps(_measure(options)))
        return command.GOOD
    command.refuse_under_one(options, "rounds")
    measured: dict[str, list[dict[str, float]]] = {OURS: [], PLAIN: []}
    for number in range(options.rounds):
        for side in (OURS, PLAIN) if number % 2 == 0 else (PLAIN, OURS):
            seconds = _in_own_process(side, options)
            measured[side].append(seconds)
            command.tell(f"round {number + 1} {side}: " + ", ".join(f"{k} {v:.2f} s" for k, v in seconds.items()))
    return _conclude(measured, options)


def _conclude(measured: dict[str, list[dict[str, float]]], options: argparse.Namespace) -> int:
    ours = statistics.median(one["conversion"] for one in measured[OURS])
    plain = statistics.median(one["conversion"] for one in measured[PLAIN])
    ratio = ours / plain
    rounds = f"median of {options.rounds}"
    command.tell(f"six recipes {ours:.1f} s, one plain conversion {plain:.1f} s at {options.size}, {rounds}")
    command.tell(f"ratio {ratio:.2f}, at most {BAR}: {'good' if ratio <= BAR else 'too slow'}")
    if options.json:
        write_json(options.json, {"size": str(options.size), "bar": BAR, "ratio": ratio, "seconds": measured})
    command.next_step("python -m benchmarks.against_naive")
    return command.GOOD if ratio <= BAR else command.GATE_FAILED


def _in_own_process(side: str, options: argparse.Namespace) -> dict[str, float]:
    call = [sys.executable, "-m", "benchmarks.conversion_time", "--one", side, "--size", str(options.size)]
    if options.model:
        call += ["--model", str(options.model)]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UserError(f"the measurement of {side} failed: {done.stderr.strip()[-600:]}", f"Run {' '.join(call[1:])}.")
    return json.loads(done.stdout.splitlines()[-1])


def _measure(options: argparse.Namespace) -> dict[str, float]:
    start_tensorflow()
    from pynet_tf.model_files import load_model

    model = load_model(options.model)
    return _ours(model, options.size) if options.one == OURS else _plain(model, options.size)


def _ours(model: keras.Model, size: PhotoSize) -> dict[str, float]:
    from convert.exporter import TFLiteExporter
    from convert.recipes import STANDARD, load_recipe

    exporter = TFLiteExporter(model, size, lambda: _photos(model, size))
    recipes = [load_recipe(name) for name in STANDARD]
    float32 = _seconds(lambda: exporter.float32)
    calibration = _seconds(lambda: exporter.measured)
    exports = _seconds(lambda: [exporter.export(recipe) for recipe in recipes])
    return {
        "conversion": float32 + exports,
        "trace, freeze and float32": float32,
        "six exports": exports,
        "calibration apart": calibration,
    }


def _plain(model: keras.Model, size: PhotoSize) -> dict[str, float]:
    import tensorflow as tf
    import tf_keras as keras

    photo = keras.Input((*size.tensor, model.input_shape[-1]), batch_size=1, name="photo")
    fixed = keras.Model(photo, model(photo))
    return {"conversion": _seconds(lambda: tf.lite.TFLiteConverter.from_keras_model(fixed).convert())}


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _photos(model: keras.Model, size: PhotoSize) -> Iterator[NDArray[np.float32]]:
    import numpy as np

    yield np.random.default_rng(1).random((1, *size.tensor, model.input_shape[-1]), dtype=np.float32)


if __name__ == "__main__":
    command.main(build_parser(), run)
