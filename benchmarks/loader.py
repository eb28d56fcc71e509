"""`python -m benchmarks.loader`: the input pipeline against the original's loader, which holds everything in memory.

Each measurement has a process of its own: it loads, serves the crops of a number of batches, and tells seconds,
seconds of CPU and peak memory. The contestants alternate, back and forth, and medians are shown. The original's crops
are chosen once, while loading; ours are new each time.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from calib_data import command
from calib_data.dataset import SAMPLES, find_pairs
from calib_data.errors import UserError
from calib_data.files import write_json
from convert.neighbours import Watch
from pynet_tf.quiet import start_tensorflow

if TYPE_CHECKING:
    from pynet_tf.schedule import LevelPlan

ORIGINAL, NO_CACHE, MEMORY, DISK = "original, in memory", "ours, no cache", "ours, memory cache", "ours, disk cache"
CONTESTANTS = (ORIGINAL, NO_CACHE, MEMORY, DISK)
COLUMNS = ("loader", "crops/s", "with loading", "crops/s of CPU", "with loading", "loading s", "peak MiB", "of it data")
Figures = dict[str, float]
Next = Callable[[], object]


def build_parser() -> argparse.ArgumentParser:
    """The command's options."""
    options = command.parser(
        "benchmarks.loader",
        "Crops per second and peak memory of the input pipeline and of the original's loader on one folder.",
        "python -m benchmarks.loader --level 1 --batch 4 --crop 192 --runs 9",
    )
    options.add_argument("--data", type=Path, default=SAMPLES, help="folder in EBB!'s layout (default: the samples)")
    options.add_argument("--level", type=int, default=1, help="level that the targets are for (default 1)")
    options.add_argument("--batch", type=int, default=4, help="crops a batch (default 4)")
    options.add_argument("--crop", type=int, default=192, help="side of the input's crop (default 192)")
    options.add_argument("--batches", type=int, default=100, help="batches served in each run (default 100)")
    options.add_argument("--inputs", choices=("rgb", "rgbd"), default="rgb", help="rgbd adds depth maps (default rgb)")
    options.add_argument("--runs", type=int, default=9, help="processes for each loader (default 9)")
    options.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    options.add_argument("--one", choices=CONTESTANTS, help=argparse.SUPPRESS)  # one measurement, in its own process
    options.add_argument("--cache", type=Path, help=argparse.SUPPRESS)
    return options


def run(options: argparse.Namespace) -> int:
    """Measure in turn, print medians."""
    if options.one:
        print(json.dumps(_measure(options)))
        return command.GOOD
    command.refuse_under_one(options, "runs", "batches")
    pairs = find_pairs(options.data, "train", depth=options.inputs == "rgbd")
    measured: dict[str, list[Figures]] = {name: [] for name in CONTESTANTS}
    with tempfile.TemporaryDirectory() as cache:
        _in_own_process(DISK, options, cache)  # fills it: what is shown is a later run
        for number in range(options.runs):
            for name in CONTESTANTS if number % 2 == 0 else CONTESTANTS[::-1]:
                measured[name].append(_in_own_process(name, options, cache))
            command.tell(f"round {number + 1} of {options.runs}")
    return _conclude(measured, len(pairs), options)


def _conclude(measured: dict[str, list[Figures]], pairs: int, options: argparse.Namespace) -> int:
    medians = {
        name: {key: statistics.median(one[key] for one in runs) for key in runs[0]} for name, runs in measured.items()
    }
    title = (
        f"{pairs} pairs, level {options.level}, {options.inputs}, crop {options.crop}, {options.batches} batches of "
        f"{options.batch}, {os.cpu_count()} cores, median of {options.runs}"
    )
    rows = [
        (
            name,
            *(f"{one[key]:.1f}" for key in ("rate", "rate_in_all", "cpu_rate", "cpu_rate_in_all")),
            f"{one['loading_s']:.2f}",
            f"{one['peak_mib']:.0f}",
            f"{one['peak_mib'] - one['idle_mib']:.0f}",
        )
        for name, one in medians.items()
    ]
    command.console().print(command.table(title, COLUMNS, rows))
    busiest = max(one["others"] for runs in measured.values() for one in runs)
    command.tell(f"other processes took at most {busiest:.0%} of the machine during a run")
    if options.json:
        settings = {key: str(value) for key, value in vars(options).items() if key not in ("json", "one", "cache")}
        write_json(options.json, {"settings": settings, "pairs": pairs, "medians": medians, "runs": measured})
    command.next_step("python -m pynet_tf.train --data EBB --out runs/first")
    return command.GOOD


def _in_own_process(name: str, options: argparse.Namespace, cache: str) -> Figures:
    call = [sys.executable, "-m", "benchmarks.loader", "--one", name, "--cache", cache]
    for option in ("data", "level", "batch", "crop", "batches", "inputs"):
        call += [f"--{option}", str(getattr(options, option))]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UserError(f"the measurement of {name} failed: {done.stderr.strip()[-600:]}", f"Run {' '.join(call[1:])}.")
    return json.loads(done.stdout.splitlines()[-1])


def _measure(options: argparse.Namespace) -> Figures:
    prepare = _original if options.one == ORIGINAL else _ours
    start = prepare(options)
    idle = _peak_mib()
    began, cpu_began, watch = time.perf_counter(), time.process_time(), Watch()
    next_batch = start()
    next_batch()
    loaded, cpu_loaded = time.perf_counter(), time.process_time()
    for _ in range(options.batches):
        next_batch()
    ended, cpu_ended = time.perf_counter(), time.process_time()
    crops = options.batch * options.batches
    return {
        "rate": crops / (ended - loaded),
        "rate_in_all": crops / (ended - began),
        "cpu_rate": crops / (cpu_ended - cpu_loaded),
        "cpu_rate_in_all": crops / (cpu_ended - cpu_began),
        "loading_s": loaded - began,
        "peak_mib": _peak_mib(),
        "idle_mib": idle,
        "others": watch.stop()[1],
    }


def _original(options: argparse.Namespace) -> Callable[[], Next]:
    import numpy as np

    from benchmarks.original_loader import load_training_data, random_batch

    depth = options.inputs == "rgbd"
    pairs = find_pairs(options.data, "train", depth=depth)

    def start() -> Next:
        random = np.random.default_rng(1)
        data = load_training_data(pairs, options.crop, 2 * options.crop >> (options.level - 1), depth, random)
        return lambda: random_batch(data, options.batch, random)

    return start


def _ours(options: argparse.Namespace) -> Callable[[], Next]:
    start_tensorflow()
    from pynet_tf.pipeline import crops

    depth = options.inputs == "rgbd"
    pairs = find_pairs(options.data, "train", depth=depth)
    cache = {MEMORY: "memory", DISK: options.cache}.get(options.one)
    plan = _plan(options)

    def start() -> Next:
        batches = iter(crops(pairs, plan, depth, 1, cache=cache))
        return lambda: next(batches)

    return start


def _plan(options: argparse.Namespace) -> LevelPlan:
    from pynet_tf.schedule import make_plan

    return make_plan(str(options.level), steps=1, batch=options.batch, crop=options.crop)[0]


def _peak_mib() -> float:
    """Most resident memory of this process so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    command.main(build_parser(), run)
