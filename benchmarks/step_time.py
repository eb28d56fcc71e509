"""`python -m benchmarks.step_time`: a training step at each level against the original's graph in plain TensorFlow 2.

The plain step builds all seven levels, as the original does, takes the loss of the trained level's output and applies
Adam to all weights. Ours builds what the level needs. Both see the same batch, in turn, in one process.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calib_data import command
from calib_data.files import write_json
from pynet_tf.config import LEVELS, PyNETConfig
from pynet_tf.quiet import start_tensorflow

if TYPE_CHECKING:
    from pynet_tf.schedule import LevelPlan

BAR = 1.0
_FEWEST_RUNS = 9
_XLA = "XLA"


def build_parser() -> argparse.ArgumentParser:
    """The command's options."""
    options = command.parser(
        "benchmarks.step_time",
        f"Compare a training step with that of the plain graph by level; exit with 1 where a ratio is over {BAR}.",
        "python -m benchmarks.step_time --width 8 --batch 2 --crop 192",
    )
    options.add_argument("--width", type=int, default=8, help="maps of level 3 (default 8)")
    options.add_argument("--batch", type=int, default=2, help="crops a step (default 2)")
    options.add_argument("--crop", type=int, default=192, help="side of the input tensor's crop (default 192)")
    options.add_argument("--runs", type=int, default=_FEWEST_RUNS, help=f"timed steps of each (default {_FEWEST_RUNS})")
    options.add_argument(
        "--precision",
        action="append",
        choices=("float32", "mixed_float16", "mixed_bfloat16"),
        help="of ours; repeatable (default float32)",
    )
    options.add_argument("--xla", action="store_true", help="also ours in float32, compiled by XLA")
    options.add_argument(
        "--level", type=int, choices=LEVELS, action="append", help="of these alone; repeatable (default: all)"
    )
    options.add_argument("--json", type=Path, metavar="FILE", help="also write all figures there")
    return options


def run(options: argparse.Namespace) -> int:
    """Race, level by level, and print the table."""
    command.refuse_under_one(options, "runs")
    start_tensorflow()
    from pynet_tf.schedule import LevelPlan

    ours = options.precision or ["float32"]
    config = PyNETConfig(width=options.width)
    rows: list[dict[str, Any]] = []
    for level in sorted(options.level or LEVELS, reverse=True):
        plan = LevelPlan(level, 1000, options.batch, options.crop, 1e-4)
        steps = {"plain": _plain_step(config, plan)}
        steps |= {precision: _our_step(config, plan, precision) for precision in ours}
        if options.xla:
            steps[_XLA] = _our_step(config, plan, "float32", compiled=True)
        rows.append({"level": level, **_race(steps, options.runs)})
        command.tell(f"level {level} done")
    _print(rows, [*ours, _XLA] if options.xla else ours)
    if options.json:
        write_json(options.json, {"batch": options.batch, "crop": options.crop, "width": options.width, "levels": rows})
    over = any(row[precision] > BAR * row["plain"] for row in rows for precision in ours)
    return command.GATE_FAILED if over else command.GOOD


def _race(steps: dict[str, Callable[[], object]], runs: int) -> dict[str, float]:
    """Median seconds of each step, run in turn after one warm-up."""
    for step in steps.values():
        step()
    times: dict[str, list[float]] = {name: [] for name in steps}
    for number in range(runs):
        for name in steps if number % 2 == 0 else reversed(steps):
            began = time.perf_counter()
            steps[name]()
            times[name].append(time.perf_counter() - began)
    return {name: statistics.median(taken) for name, taken in times.items()}


def _our_step(config: PyNETConfig, plan: LevelPlan, precision: str, compiled: bool = False) -> Callable[[], object]:
    import tensorflow as tf
    import tf_keras as keras

    from pynet_tf.losses import named, total
    from pynet_tf.network import build_pynet
    from pynet_tf.step import make_optimizer, make_step

    network = build_pynet(config, plan.level, seed=1, precision=precision)
    trained = keras.Model(network.input, network.output[f"level{plan.level}"])
    optimizer = make_optimizer(plan, precision)
    optimizer.build(trained.trainable_variables)
    step = make_step(
        trained,
        optimizer,
        total(named(plan.loss_weights), plan.loss_weights),
        plan,
        tf.distribute.get_strategy(),
        compiled,
    )
    photo, target = _batch(plan)
    return lambda: float(step(photo, target)[0])


def _plain_step(config: PyNETConfig, plan: LevelPlan) -> Callable[[], object]:
    import tensorflow as tf
    import tf_keras as keras

    from benchmarks.naive import plain_network
    from pynet_tf.network import build_pynet

    network = plain_network(build_pynet(config, seed=1))
    optimizer = keras.optimizers.Adam(plan.learning_rate)
    optimizer.build(network.trainable_variables)
    photo, target = _batch(plan)

    @tf.function
    def step() -> tf.Tensor:
        with tf.GradientTape() as tape:
            output = network(photo, training=True)[f"level{plan.level}"]
            loss = tf.reduce_mean(tf.abs(target - output))
        gradients = tape.gradient(loss, network.trainable_variables, unconnected_gradients="zero")
        optimizer.apply_gradients(zip(gradients, network.trainable_variables, strict=True))
        return loss

    return lambda: float(step())


def _batch(plan: LevelPlan) -> tuple[Any, Any]:
    import tensorflow as tf

    side = 2 * plan.crop >> (plan.level - 1)
    photo = tf.random.stateless_uniform((plan.batch, plan.crop, plan.crop, 3), (1, 2))
    return photo, tf.random.stateless_uniform((plan.batch, side, side, 3), (3, 4))


def _print(rows: list[dict[str, Any]], ours: list[str]) -> None:
    columns = ["level", "plain ms", *(name for one in ours for name in (f"{one} ms", "ratio"))]
    cells = [
        [
            str(row["level"]),
            f"{1000 * row['plain']:.0f}",
            *(text for one in ours for text in (f"{1000 * row[one]:.0f}", f"{row[one] / row['plain']:.2f}")),
        ]
        for row in rows
    ]
    command.console().print(command.table("", columns, cells))


if __name__ == "__main__":
    command.main(build_parser(), run)
