"""`python -m benchmarks.quantization_peers`: our integer files against what a user would take instead.

Of one float model, with ranges from the same photos: the plain TFLite converter in int8, ai-edge-quantizer's
`static_wi8_ai8` of the plain float32 file, and onnxruntime's static QDQ of a plain export, per channel, all operations.
Ours are `int8` and `int8-full`, and both of fine-tuned models (`--tuned`), whose other ranges are calibrated. Each
file's pictures are compared with the float model's on photos that gave no ranges; files of a runtime run in turn, each
in a process of its own.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calib_data import command
from calib_data.dataset import SAMPLES
from calib_data.errors import UserError
from calib_data.files import write_bytes, write_json
from calib_data.sizes import PhotoSize, parse_size
from calib_data.skipped import Skipped
from pynet_tf.quiet import start_tensorflow

if TYPE_CHECKING:
    import numpy as np
    import tf_keras as keras
    from numpy.typing import NDArray

    from convert.exporter import TFLiteExporter
    from quantize.ranges import Ranges

    Photos = Sequence[NDArray[np.float32]]

_OPSET = 17
_MIB = 1 << 20
_RECIPES = ("int8", "int8-full")
PLAIN = "plain converter, int8"


@dataclass(frozen=True)
class Row:
    """What was measured of one file.

    Attributes:
        name: Whose it is.
        is_ours: Whether it is one of ours.
        is_integer: Whether no operation of it is float.
        runtime: Where it ran.
        mean_psnr: Against the float model, dB, mean over photos.
        worst_psnr: Of the worst photo.
        mib: Size of the file.
        ms: Median time of a run; None if it was not timed.
    """

    name: str
    is_ours: bool
    is_integer: bool
    runtime: str
    mean_psnr: float
    worst_psnr: float
    mib: float
    ms: float | None


def build_parser() -> argparse.ArgumentParser:
    """The command's options."""
    options = command.parser(
        "benchmarks.quantization_peers",
        "Compare PSNR, size and time of our integer files with ai-edge-quantizer's, onnxruntime's and the plain "
        "converter's; exit with 1 if an all-integer file of another has more dB, or the plain one is faster. "
        "ai-edge-quantizer is no dependency: python -m pip install ai-edge-quantizer.",
        "python -m benchmarks.quantization_peers --tuned int8-full.keras --size 256x384",
    )
    options.add_argument("--model", type=Path, help="the float .keras PyNET (default: the sample model)")
    options.add_argument(
        "--tuned", action="append", type=Path, default=[], metavar="FILE", help="a fine-tuned one of it; repeatable"
    )
    options.add_argument(
        "--data",
        type=Path,
        default=SAMPLES,
        metavar="DIR",
        help="photos: ranges from its train split, figures on the test split",
    )
    options.add_argument("--size", type=parse_size, default=PhotoSize(512, 768), help="photo out, HxW (512x768)")
    options.add_argument("--count", type=int, default=6, metavar="N", help="photos to measure on (default 6)")
    options.add_argument("--runs", type=int, default=9, metavar="N", help="timed runs of each; 0 for none (default 9)")
    options.add_argument("--threads", type=int, help="threads for the runtimes (default: all cores)")
    options.add_argument("--json", type=Path, metavar="FILE", help="also write all figures there")
    return options


def run(options: argparse.Namespace) -> int:
    """Make all files, measure, print the table."""
    if options.count < 1 or options.runs < 0:
        raise UserError(f"--count is {options.count} and --runs {options.runs}.", "Take 6 and 9.")
    start_tensorflow()
    from convert.photo_sets import calibration_set, check_set
    from pynet_tf.model_files import config_of, load_model

    tunings = _tunings(options.tuned)
    model = load_model(options.model)
    calibration = calibration_set(options.data, options.size, config_of(model).inputs == "rgbd", Skipped())
    check = list(check_set(options.data, options.count, calibration).tensors())
    with tempfile.TemporaryDirectory() as name:
        files = dict(_files(model, tunings, options, list(calibration.tensors()), Path(name)))
        times = _times(files, check[0], options) if options.runs else {}
        rows = [_measure(name, file, model, check, times.get(name)) for name, file in files.items()]
    _print(rows)
    if options.json:
        write_json(options.json, [asdict(row) for row in rows])
    return command.GOOD if judge(rows) else command.GATE_FAILED


def _tunings(paths: Sequence[Path]) -> dict[Path, Ranges]:
    from quantize.ranges import load_ranges

    found = {path: load_ranges(path) for path in paths}
    for path, ranges in found.items():
        if ranges is None:
            raise UserError(f"{path} has no learnt ranges.", "Take a file that quantize.train wrote.")
    return {path: ranges for path, ranges in found.items() if ranges is not None}


def _files(
    model: keras.Model, tunings: dict[Path, Ranges], options: argparse.Namespace, photos: Photos, folder: Path
) -> Iterator[tuple[str, Path]]:
    from benchmarks.naive import plain_renderer
    from benchmarks.plain import convert_plainly
    from convert.exporter import TFLiteExporter
    from pynet_tf.model_files import load_model
    from quantize.suiting import SUITED_ON, suited

    exporter = TFLiteExporter(suited(model, photos[:SUITED_ON]), options.size, lambda: photos)
    for recipe in _RECIPES:
        yield _ours(f"ours, {recipe}", exporter, recipe, folder)
    for tuned, learnt in tunings.items():
        exporter = TFLiteExporter(load_model(tuned), options.size, lambda: photos, learnt=learnt.ranges)
        for recipe in _RECIPES:
            yield _ours(f"ours, {recipe}, {tuned.stem}", exporter, recipe, folder)
    renderer = plain_renderer(model, options.size)
    plain = folder / "plain-float32.tflite"
    write_bytes(plain, convert_plainly(renderer, "float32", lambda: iter(photos)))
    for name, make in _PEERS.items():
        command.tell(f"making: {name}")
        yield name, make(model, renderer, plain, options.size, photos, folder)


def _ours(name: str, exporter: TFLiteExporter, recipe: str, folder: Path) -> tuple[str, Path]:
    from convert.recipes import load_recipe

    command.tell(f"making: {name}")
    path = folder / f"{name.replace(', ', '-')}.tflite"
    write_bytes(path, exporter.export(load_recipe(recipe)))
    return name, path


def _plain_int8(model: Any, renderer: Any, plain: Path, size: PhotoSize, photos: Photos, folder: Path) -> Path:
    from benchmarks.plain import convert_plainly

    path = folder / "plain-int8.tflite"
    write_bytes(path, convert_plainly(renderer, "int8", lambda: iter(photos)))
    return path


def _ai_edge(model: Any, renderer: Any, plain: Path, size: PhotoSize, photos: Photos, folder: Path) -> Path:
    try:
        from ai_edge_quantizer import quantizer, recipe
    except ImportError as error:
        raise UserError(
            f"ai-edge-quantizer is not installed ({error}).", "python -m pip install ai-edge-quantizer"
        ) from error
    from ai_edge_litert.interpreter import Interpreter

    signature, ports = next(iter(Interpreter(str(plain)).get_signature_list().items()))
    samples = {signature: [{ports["inputs"][0]: photo} for photo in photos]}
    maker = quantizer.Quantizer(str(plain), recipe.static_wi8_ai8())
    path = folder / "ai-edge.tflite"
    maker.quantize(maker.calibrate(samples)).export_model(str(path))
    return path


def _qdq(model: Any, renderer: Any, plain: Path, size: PhotoSize, photos: Photos, folder: Path) -> Path:
    from benchmarks.onnx_against_plain import static_qdq
    from convert.onnx_trace import export_plainly

    path = folder / "qdq.onnx"
    static_qdq(export_plainly(model, size, _OPSET).model, photos, path)
    return path


_PEERS: dict[str, Callable[..., Path]] = {
    PLAIN: _plain_int8,
    "ai-edge-quantizer, static_wi8_ai8": _ai_edge,
    "onnxruntime, static QDQ": _qdq,
}


def _measure(name: str, file: Path, model: keras.Model, photos: Photos, ms: float | None) -> Row:
    import numpy as np

    from convert.runners import open_file
    from pynet_tf.metrics import psnr

    runtime = _runtime(file)
    runner = open_file(file, runtime, os.cpu_count() or 1)
    figures = []
    for photo in photos:
        reference = np.clip(model(photo, training=False)["level1"].numpy(), 0.0, 1.0)
        figures.append(psnr(reference, runner.run(photo)))
    return Row(
        name,
        name.startswith("ours"),
        _is_integer(file),
        runtime,
        float(np.mean(figures)),
        min(figures),
        file.stat().st_size / _MIB,
        ms,
    )


def _is_integer(file: Path) -> bool:
    """Whether no operation computes floats, those that turn integers into floats and back aside."""
    from convert.flatbuffer import Flatbuffer

    if file.suffix != ".tflite":
        return True
    graph = Flatbuffer.read(file.read_bytes())
    computing = [op for op in graph.ops() if op.name not in ("QUANTIZE", "DEQUANTIZE")]
    return all(graph.type_name(op.raw.outputs[0]) != "float32" for op in computing)


def _runtime(file: Path) -> str:
    return "onnxruntime" if file.suffix == ".onnx" else "litert-xnnpack"


def _times(files: dict[str, Path], photo: NDArray[np.float32], options: argparse.Namespace) -> dict[str, float | None]:
    import numpy as np

    from benchmarks.race import race
    from convert.runtimes import find_runtime

    path = next(iter(files.values())).parent / "photo.npy"
    np.save(path, photo, allow_pickle=False)
    threads = options.threads or os.cpu_count() or 1
    times: dict[str, float | None] = {}
    for runtime in dict.fromkeys(_runtime(file) for file in files.values()):
        names = [name for name, file in files.items() if _runtime(file) == runtime]
        measured = race([files[name] for name in names], find_runtime(runtime), threads, path, options.runs)
        times |= {name: one.median_ms for name, one in zip(names, measured, strict=True)}
    return times


def judge(rows: Sequence[Row]) -> bool:
    """Whether the best all-integer file is ours and takes no more time than the plain converter's."""
    integer = [row for row in rows if row.is_integer]
    ours = max((row for row in integer if row.is_ours), key=lambda row: row.mean_psnr)
    plain = next(row for row in rows if row.name == PLAIN)
    in_time = ours.ms is None or plain.ms is None or ours.ms <= plain.ms
    return in_time and ours == max(integer, key=lambda row: row.mean_psnr)


def _print(rows: Sequence[Row]) -> None:
    cells = (
        (
            row.name,
            "all" if row.is_integer else "not all",
            f"{row.mean_psnr:.2f}",
            f"{row.worst_psnr:.2f}",
            f"{row.mib:.2f}",
            "-" if row.ms is None else f"{row.ms:.0f}",
        )
        for row in sorted(rows, key=lambda row: -row.mean_psnr)
    )
    columns = ("file", "integers", "dB, mean", "worst", "MiB", "ms")
    command.console().print(command.table("against the float model", columns, cells))


if __name__ == "__main__":
    command.main(build_parser(), run)
