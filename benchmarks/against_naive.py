"""`python -m benchmarks.against_naive`: each recipe against the plain network converted the plain way.

The plain network computes the same (see `benchmarks.naive`) and is converted by the options that TensorFlow's guide
gives for the same type (see `benchmarks.plain`). Both files of a pair run in turn, each in a process of its own, on the
same photo with the same threads; what is timed is setting the input, running, and taking the output.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calib_data import command
from calib_data.dataset import SAMPLES
from calib_data.files import make_folder, write_json
from calib_data.sizes import PhotoSize, parse_size
from pynet_tf.quiet import start_tensorflow

if TYPE_CHECKING:
    from benchmarks.pairs import FilePair
    from benchmarks.race import Measured
    from convert.runtimes import Runtime

BAR = 1.0
_FEWEST_RUNS = 9


@dataclass(frozen=True)
class Comparison:
    """One recipe on one runtime; a ratio is ours through the plain one's, or None where one of the two is missing."""

    recipe: str
    runtime: str
    ours: Measured
    plain: Measured

    @property
    def ms_ratio(self) -> float | None:
        """Ratio of the median times."""
        return _ratio(self.ours.median_ms, self.plain.median_ms)

    @property
    def mib_ratio(self) -> float | None:
        """Ratio of the peak memories."""
        return _ratio(self.ours.peak_mib, self.plain.peak_mib)

    @property
    def holds(self) -> bool:
        """Whether ours runs wherever the plain one does, and there is neither slower nor larger."""
        if self.ours.failure:
            return bool(self.plain.failure)
        return all(ratio is None or ratio <= BAR for ratio in (self.ms_ratio, self.mib_ratio))


def build_parser() -> argparse.ArgumentParser:
    """The command's options."""
    options = command.parser(
        "benchmarks.against_naive",
        "Compare time and peak memory of each recipe with the plain network converted the plain way, in turn; exit "
        f"with 1 where a ratio is over {BAR}.",
        "python -m benchmarks.against_naive --size 512x768 --recipe int8 --runtime litert-xnnpack",
    )
    options.add_argument("--model", type=Path, help="a .keras PyNET (default: the sample model)")
    options.add_argument(
        "--recipe", action="append", default=[], metavar="R", help="a standard recipe; repeatable (default: all six)"
    )
    options.add_argument(
        "--runtime", action="append", default=[], metavar="R", help="a runtime; repeatable (default: those installed)"
    )
    options.add_argument(
        "--size", type=parse_size, default=PhotoSize(1024, 1536), help="photo that comes out, HxW (default 1024x1536)"
    )
    options.add_argument(
        "--calibration", type=Path, default=SAMPLES, metavar="DIR", help="photos for ranges and runs (default: samples)"
    )
    options.add_argument("--count", type=int, default=4, metavar="N", help="how many of them are read (default 4)")
    options.add_argument(
        "--runs", type=int, default=_FEWEST_RUNS, metavar="N", help=f"timed runs of each (default {_FEWEST_RUNS})"
    )
    options.add_argument("--threads", type=int, help="threads for the runtimes (default: all cores)")
    options.add_argument("--json", type=Path, metavar="FILE", help="also write all figures there")
    options.add_argument("--files", type=Path, metavar="DIR", help="keep the .tflite files there (default: nowhere)")
    return options


def run(options: argparse.Namespace) -> int:
    """Convert both ways, race, print the table."""
    command.refuse_under_one(options, "runs", "count", "threads")
    start_tensorflow()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.files or Path(temporary)
        make_folder(folder)
        return _compare(options, folder)


def _compare(options: argparse.Namespace, folder: Path) -> int:
    from benchmarks.pairs import make_pairs, read_photos
    from convert.runtimes import find_runtime, installed_runtimes
    from pynet_tf.model_files import load_model

    runtimes = [find_runtime(name) for name in options.runtime] or installed_runtimes()
    model = load_model(options.model)
    photos = read_photos(options.calibration, options.count, options.size, model)
    pairs = make_pairs(model, options.size, options.recipe, photos, folder)
    threads = options.threads or os.cpu_count() or 1
    comparisons = list(_race_all(pairs, runtimes, threads, options.runs))
    _print(comparisons)
    if options.json:
        write_json(options.json, _as_json(comparisons, options, threads))
    return command.GOOD if all(one.holds for one in comparisons) else command.GATE_FAILED


def _race_all(pairs: Sequence[FilePair], runtimes: Sequence[Runtime], threads: int, runs: int) -> Iterator[Comparison]:
    from benchmarks.race import Measured, race

    for pair in pairs:
        for runtime in runtimes:
            command.tell(f"running {pair.recipe} on {runtime.name} {runtime.version}")
            if pair.plain is None:
                ours = race([pair.ours], runtime, threads, pair.photo, runs)[0]
                yield Comparison(pair.recipe, runtime.name, ours, Measured((), None, 0, pair.refusal))
            else:
                ours, plain = race([pair.ours, pair.plain], runtime, threads, pair.photo, runs)
                yield Comparison(pair.recipe, runtime.name, ours, plain)


def _print(comparisons: Sequence[Comparison]) -> None:
    columns = ["recipe", "runtime", "ms ours", "plain", "ratio", "MiB ours", "plain", "ratio", ""]
    rows = [
        [
            one.recipe,
            one.runtime,
            *(_number(value, 0) for value in (one.ours.median_ms, one.plain.median_ms)),
            _number(one.ms_ratio, 3),
            *(_number(value, 0) for value in (one.ours.peak_mib, one.plain.peak_mib)),
            _number(one.mib_ratio, 3),
            "" if one.holds else "over the bar",
        ]
        for one in comparisons
    ]
    command.console().print(command.table("", columns, rows))
    disturbed = sum(one.ours.disturbed + one.plain.disturbed for one in comparisons)
    if disturbed:
        command.warn(f"{disturbed} runs were disturbed by other processes; run again on a quiet machine.")
    for one in comparisons:
        for side, failure in (("ours", one.ours.failure), ("plain", one.plain.failure)):
            if failure:
                command.tell(f"{one.recipe} on {one.runtime}, {side}: {failure}")


def _as_json(comparisons: Sequence[Comparison], options: argparse.Namespace, threads: int) -> dict[str, Any]:
    figures = [{**asdict(one), "ms_ratio": one.ms_ratio, "mib_ratio": one.mib_ratio} for one in comparisons]
    return {"size": str(options.size), "threads": threads, "runs": options.runs, "bar": BAR, "comparisons": figures}


def _ratio(ours: float | None, plain: float | None) -> float | None:
    return None if ours is None or plain is None else ours / plain


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


if __name__ == "__main__":
    command.main(build_parser(), run)
