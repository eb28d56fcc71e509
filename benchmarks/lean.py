"""`python -m benchmarks.lean`: memory and time of the rewritten graph against the plain network, with bars.

Both files of a case run in turn on one photo, each in a process of its own (`benchmarks.race`). Beside the ratios:
the products of the convolutions before and after, what rate they reach, and the rate of a large matrix product in the
same run on the same machine.
"""

from __future__ import annotations

import argparse
import math
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from calib_data import command
from calib_data.dataset import SAMPLES
from calib_data.errors import UserError
from calib_data.files import make_folder, write_json
from calib_data.sizes import PhotoSize, parse_size
from pynet_tf.quiet import start_tensorflow

if TYPE_CHECKING:
    import tf_keras as keras

    from benchmarks.pairs import FilePair
    from benchmarks.race import Measured

_FEWEST_RUNS = 9
_MATRIX = 2048
_GIGA = 1e9


@dataclass(frozen=True)
class Bar:
    """A case and what it may cost at most, as ratios of ours to plain."""

    width: int
    recipe: str
    runtime: str
    mib: float
    ms: float

    @property
    def name(self) -> str:
        """By which the command calls it."""
        return f"w{self.width}-{self.recipe}-{self.runtime}"


BARS = (
    Bar(8, "float32", "litert-xnnpack", 0.35, 1.0),
    Bar(8, "int8", "litert-xnnpack", 0.35, 1.0),
    Bar(8, "float32", "tflite-runtime", 1.0, 1.0),
    Bar(8, "int8", "tflite-runtime", 1.0, 1.0),
    Bar(32, "float32", "litert-xnnpack", 0.4, 1.05),
    Bar(32, "float32", "tflite-runtime", 1.0, 1.0),
)


@dataclass(frozen=True)
class Result:
    """One case as measured; products are those of the convolutions, in 10^9."""

    bar: Bar
    ours: Measured
    plain: Measured
    gmac_ours: float
    gmac_plain: float

    @property
    def mib_ratio(self) -> float:
        """Ratio of the peak memories; infinite where ours does not run."""
        return _ratio(self.ours.peak_mib, self.plain.peak_mib)

    @property
    def ms_ratio(self) -> float:
        """Ratio of the median times; infinite where ours does not run."""
        return _ratio(self.ours.median_ms, self.plain.median_ms)

    @property
    def holds(self) -> bool:
        """Whether both ratios are within the bar."""
        return self.mib_ratio <= self.bar.mib and self.ms_ratio <= self.bar.ms


def build_parser() -> argparse.ArgumentParser:
    """The command's options."""
    options = command.parser(
        "benchmarks.lean",
        "Compare memory and time of the rewritten graph with the plain network; exit with 1 where a bar is not held.",
        "python -m benchmarks.lean --case w8-float32-litert-xnnpack",
    )
    names = ", ".join(bar.name for bar in BARS)
    options.add_argument(
        "--case", action="append", default=[], metavar="C", help=f"of {names}; repeatable (default: all)"
    )
    options.add_argument(
        "--size", type=parse_size, default=PhotoSize(1024, 1536), help="photo that comes out, HxW (default 1024x1536)"
    )
    options.add_argument(
        "--runs", type=int, default=_FEWEST_RUNS, metavar="N", help=f"timed runs of each (default {_FEWEST_RUNS})"
    )
    options.add_argument("--threads", type=int, help="threads for the runtimes (default: all cores)")
    options.add_argument("--json", type=Path, metavar="FILE", help="also write all figures there")
    options.add_argument("--files", type=Path, metavar="DIR", help="keep the .tflite files there (default: nowhere)")
    return options


def run(options: argparse.Namespace) -> int:
    """Convert both ways, race, print the table."""
    command.refuse_under_one(options, "runs", "threads")
    bars = _chosen(options.case)
    start_tensorflow()
    with tempfile.TemporaryDirectory() as temporary:
        results = list(_measure(bars, options, options.files or Path(temporary)))
    rate = matrix_rate()
    _print(results, rate)
    if options.json:
        write_json(options.json, _as_json(results, rate, options))
    command.next_step(f"python -m convert.tflite --explain --size {options.size}")
    return command.GOOD if all(result.holds for result in results) else command.GATE_FAILED


def matrix_rate() -> float:
    """GFLOP/s of a product of two 2048 x 2048 float32 matrices on all cores, the best of five."""
    matrix = np.ones((_MATRIX, _MATRIX), np.float32)
    seconds = []
    for _ in range(5):
        began = time.perf_counter()
        matrix @ matrix
        seconds.append(time.perf_counter() - began)
    return 2 * _MATRIX**3 / min(seconds) / _GIGA


def convolution_gmac(path: Path) -> float:
    """Products of a file's convolutions, those with zeros included, in 10^9; transposed ones aside."""
    from convert.flatbuffer import Flatbuffer

    file = Flatbuffer.read(path.read_bytes(), str(path))
    convolutions = [op.raw for op in file.ops() if op.name == "CONV_2D"]
    taps = (math.prod(file.tensor(raw.inputs[1]).shape) for raw in convolutions)
    pixels = (math.prod(file.tensor(raw.outputs[0]).shape[:3]) for raw in convolutions)
    return sum(int(a) * int(b) for a, b in zip(taps, pixels, strict=True)) / _GIGA


def _chosen(names: Sequence[str]) -> list[Bar]:
    known = {bar.name: bar for bar in BARS}
    for name in names:
        if name not in known:
            raise UserError(f"there is no case {name!r}; known are {', '.join(known)}.", "Take one of these.")
    return [known[name] for name in names] or list(BARS)


def _measure(bars: Sequence[Bar], options: argparse.Namespace, folder: Path) -> Iterator[Result]:
    from benchmarks.race import race
    from convert.runtimes import find_runtime

    threads = options.threads or os.cpu_count() or 1
    for width in dict.fromkeys(bar.width for bar in bars):
        wanted = [bar for bar in bars if bar.width == width]
        pairs = _pairs(width, [bar.recipe for bar in wanted], options.size, folder / f"w{width}")
        for bar in wanted:
            pair = pairs[bar.recipe]
            if pair.plain is None:
                raise UserError(pair.refusal, f"Leave {bar.name} out.")
            command.tell(f"running {bar.name}")
            ours, plain = race([pair.ours, pair.plain], find_runtime(bar.runtime), threads, pair.photo, options.runs)
            yield Result(bar, ours, plain, convolution_gmac(pair.ours), convolution_gmac(pair.plain))


def _pairs(width: int, recipes: Sequence[str], size: PhotoSize, folder: Path) -> dict[str, FilePair]:
    from benchmarks.pairs import make_pairs, read_photos

    make_folder(folder)
    model = _model(width)
    photos = read_photos(SAMPLES, 4, size, model)
    return {pair.recipe: pair for pair in make_pairs(model, size, list(dict.fromkeys(recipes)), photos, folder)}


def _model(width: int) -> keras.Model:
    """The sample model where it has that width, else an untrained network: times do not depend on weights."""
    from pynet_tf import PyNETConfig, build_pynet, load_model
    from pynet_tf.model_files import config_of

    sample = load_model()
    return (
        sample if config_of(sample).width == width else build_pynet(PyNETConfig(width=width, head="residual"), seed=1)
    )


def _print(results: Sequence[Result], rate: float) -> None:
    columns = ["case", "MiB", "plain", "ratio", "bar", "ms", "plain", "ratio", "bar", "GMAC", "plain", "GFLOP/s", ""]
    rows = [
        [
            one.bar.name,
            *(_number(value, 0) for value in (one.ours.peak_mib, one.plain.peak_mib)),
            f"{one.mib_ratio:.3f}",
            f"{one.bar.mib:.2f}",
            *(_number(value, 0) for value in (one.ours.median_ms, one.plain.median_ms)),
            f"{one.ms_ratio:.3f}",
            f"{one.bar.ms:.2f}",
            f"{one.gmac_ours:.1f}",
            f"{one.gmac_plain:.1f}",
            _number(_rate(one), 0),
            "" if one.holds else "over the bar",
        ]
        for one in results
    ]
    command.console().print(command.table("", columns, rows))
    command.tell(f"a product of two {_MATRIX}x{_MATRIX} matrices: {rate:.0f} GFLOP/s")
    for one in results:
        for side, measured in (("ours", one.ours), ("plain", one.plain)):
            if measured.failure:
                command.tell(f"{one.bar.name}, {side}: {measured.failure}")
    disturbed = sum(one.ours.disturbed + one.plain.disturbed for one in results)
    if disturbed:
        command.warn(f"{disturbed} runs were disturbed by other processes; run again on a quiet machine.")


def _as_json(results: Sequence[Result], rate: float, options: argparse.Namespace) -> dict[str, Any]:
    cases = [
        {**asdict(one), "mib_ratio": one.mib_ratio, "ms_ratio": one.ms_ratio, "holds": one.holds} for one in results
    ]
    return {"size": str(options.size), "runs": options.runs, "matrix_gflops": rate, "cases": cases}


def _rate(result: Result) -> float | None:
    """GFLOP/s that our convolutions reach, all other work being counted as none."""
    return None if result.ours.median_ms is None else 2000 * result.gmac_ours / result.ours.median_ms


def _ratio(ours: float | None, plain: float | None) -> float:
    return math.inf if ours is None else 0.0 if plain is None else ours / plain


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


if __name__ == "__main__":
    command.main(build_parser(), run)
