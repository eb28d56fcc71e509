"""`python -m benchmarks.report_time`: a report against the bare inference of the same files.

The bare time of a file is the median of its runs after a warm-up, alone in a process (`convert.isolated`), times the
number of photos; the float model is not counted. The report is everything from start to the written page, layers too.
It is made for two numbers of photos, and its time for `--photos` is read off the line through both: a fixed part and a
part for each photo.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from calib_data import command
from calib_data.dataset import SAMPLES
from calib_data.errors import UserError
from calib_data.files import write_json
from pynet_tf.quiet import start_tensorflow

BAR = 1.5
_BARE_RUNS = 3


def build_parser() -> argparse.ArgumentParser:
    """The command's options."""
    options = command.parser(
        "benchmarks.report_time",
        f"Time a report against the sum of the bare inference times; exit with 1 if over {BAR} times it.",
        "python -m benchmarks.report_time dist/*1024x1536*.tflite",
    )
    options.add_argument("artifacts", nargs="+", type=Path, metavar="ARTIFACT", help=".tflite files of one size")
    options.add_argument("--runtime", default="litert-xnnpack", metavar="R", help="default litert-xnnpack")
    options.add_argument("--photos", type=int, default=24, metavar="N", help="photos of the report (default 24)")
    options.add_argument("--counts", type=int, nargs=2, default=(1, 4), metavar="N", help="measured at (default 1 4)")
    options.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    return options


def run(options: argparse.Namespace) -> int:
    """Measure, print the sums and their ratio."""
    few, many = options.counts
    if not 1 <= few < many:
        raise UserError(f"--counts is {few} {many}; two rising numbers are allowed.", "Leave --counts out.")
    start_tensorflow()
    bare = _bare_seconds(options.artifacts, options.runtime)
    command.tell(f"bare inference of a photo through {len(options.artifacts)} files: {bare:.2f} s")
    seconds = {count: _report_seconds(options.artifacts, options.runtime, count) for count in (few, many)}
    for count, taken in seconds.items():
        command.tell(f"report on {count} photos: {taken:.1f} s")
    each = (seconds[many] - seconds[few]) / (many - few)
    whole = seconds[few] + (options.photos - few) * each
    ratio = whole / (options.photos * bare)
    command.tell(
        f"{options.photos} photos: {whole:.0f} s, {each:.2f} s each and {whole - options.photos * each:.0f} s once; "
        f"bare {options.photos * bare:.0f} s; ratio {ratio:.2f}"
    )
    if options.json is not None:
        write_json(options.json, {"bare": bare, "seconds": seconds, "photos": options.photos, "ratio": ratio})
    command.next_step("python -m convert.report --help")
    return command.GOOD if ratio <= BAR else command.GATE_FAILED


def _bare_seconds(artifacts: list[Path], runtime: str) -> float:
    import os

    import numpy as np

    from convert.isolated import run_isolated
    from convert.runners import TFLiteRunner
    from convert.runtimes import find_runtime

    total = 0.0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shape = TFLiteRunner(artifacts[0]).input_shape
        inputs = [folder / f"input-{number}.npy" for number in range(_BARE_RUNS)]
        for number, path in enumerate(inputs):
            random = np.random.default_rng(number)
            np.save(path, random.random([side or 1 for side in shape]).astype(np.float32), allow_pickle=False)
        for artifact in artifacts:
            outcome = run_isolated(artifact, find_runtime(runtime), inputs, folder, os.cpu_count() or 1)
            if outcome.failure:
                raise UserError(f"{artifact.name}: {outcome.failure}", "Leave it out.")
            command.tell(f"{artifact.name}: {statistics.median(outcome.ms):.0f} ms")
            total += statistics.median(outcome.ms) / 1000
    return total


def _report_seconds(artifacts: list[Path], runtime: str, count: int) -> float:
    with tempfile.TemporaryDirectory() as out:
        began = time.perf_counter()
        arguments = ["--candidate", *map(str, artifacts), "--runtime", runtime, "--out", out]
        arguments += ["--data", str(SAMPLES), "--split", "all", "--count", str(count)]
        done = subprocess.run(
            [sys.executable, "-m", "convert.report", *arguments],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise UserError(f"the report failed: {done.stderr.strip().splitlines()[-1]}", "Run it by itself.")
        return time.perf_counter() - began


if __name__ == "__main__":
    command.main(build_parser(), run)
