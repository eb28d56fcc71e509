"""`python -m benchmarks.onnx_against_plain`: each ONNX recipe against a plain tf2onnx export, in onnxruntime.

The plain export is what tf2onnx writes of the model, and for the other types what onnxruntime's own converters make of
that. Both files of a pair run in turn, each in a process of its own, on the same photo with the same threads.
The time through that of the plain float32 export is told too.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calib_data import command
from calib_data.dataset import SAMPLES
from calib_data.errors import UserError
from calib_data.files import write_json
from calib_data.sizes import PhotoSize, parse_size
from pynet_tf.quiet import start_tensorflow

if TYPE_CHECKING:
    import numpy as np
    import onnx
    from numpy.typing import NDArray

    from convert.bench_process import Measured

    Photos = Sequence[NDArray[np.float32]]

BAR = 1.0
_FEWEST_RUNS = 9
_OPSET = 17


def build_parser() -> argparse.ArgumentParser:
    """The command's options."""
    options = command.parser(
        "benchmarks.onnx_against_plain",
        f"Compare the time of each ONNX recipe with a plain tf2onnx export; exit with 1 where a ratio is over {BAR}.",
        "python -m benchmarks.onnx_against_plain --size 512x768 --recipe float32",
    )
    options.add_argument("--model", type=Path, help="a .keras PyNET (default: the sample model)")
    options.add_argument(
        "--recipe", action="append", default=[], metavar="R", help="a standard recipe; repeatable (default: all five)"
    )
    options.add_argument(
        "--size", type=parse_size, default=PhotoSize(512, 768), help="photo that comes out, HxW (default 512x768)"
    )
    options.add_argument("--count", type=int, default=4, metavar="N", help="photos for ranges (default 4)")
    options.add_argument(
        "--runs", type=int, default=_FEWEST_RUNS, metavar="N", help=f"timed runs of each (default {_FEWEST_RUNS})"
    )
    options.add_argument("--threads", type=int, help="threads for the runtime (default: all cores)")
    options.add_argument("--json", type=Path, metavar="FILE", help="also write all figures there")
    options.add_argument(
        "--files", type=Path, metavar="DIR", help="keep the .onnx files there, or take them from there"
    )
    return options


def run(options: argparse.Namespace) -> int:
    """Make both kinds of files, race, print the table."""
    from convert.recipes import ONNX_STANDARD

    command.refuse_under_one(options, "runs", "count", "threads")
    names = list(options.recipe or ONNX_STANDARD)
    for name in names:
        if name not in ONNX_STANDARD:
            raise UserError(
                f"{name} is no standard recipe; known are {', '.join(ONNX_STANDARD)}.", "Take one of these."
            )
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.files or Path(temporary)
        if not (folder / "photo.npy").is_file():
            _make_files(options, names, folder)
        results = _race(names, folder, options)
    _print(names, results)
    if options.json:
        write_json(
            options.json, {name: {"ms": list(one.ms), "peak_mib": one.peak_mib} for name, one in results.items()}
        )
    held = all(_ratio(results, f"ours-{name}", f"plain-{name}") <= BAR for name in names)
    return command.GOOD if held else command.GATE_FAILED


def _make_files(options: argparse.Namespace, names: Sequence[str], folder: Path) -> None:
    start_tensorflow()
    import numpy as np
    import onnx

    from benchmarks.pairs import read_photos
    from calib_data.files import make_folder
    from convert.onnx_exporter import OnnxExporter, OnnxForm
    from convert.onnx_trace import export_plainly
    from convert.recipes import ONNX_STANDARD, load_recipe
    from pynet_tf.model_files import load_model

    make_folder(folder)
    model = load_model(options.model)
    photos = read_photos(SAMPLES, options.count, options.size, model)
    exporter = OnnxExporter(model, options.size, OnnxForm(_OPSET), lambda: photos)
    plain = export_plainly(model, options.size, _OPSET)
    for name in dict.fromkeys(("float32", *names)):
        command.tell(f"converting {name} both ways")
        onnx.save(exporter.export(load_recipe(name, ONNX_STANDARD)).model, folder / f"ours-{name}.onnx")
        _PLAINLY[name](plain.copy().model, photos, folder / f"plain-{name}.onnx")
    np.save(folder / "photo.npy", photos[0], allow_pickle=False)


def _float32(plain: onnx.ModelProto, photos: Photos, target: Path) -> None:
    import onnx

    onnx.save(plain, target)


def _float16(plain: onnx.ModelProto, photos: Photos, target: Path) -> None:
    import onnx
    from onnxruntime.transformers.float16 import convert_float_to_float16
    from onnxruntime.transformers.onnx_model import OnnxModel

    model = OnnxModel(convert_float_to_float16(plain, keep_io_types=True))
    model.topological_sort()
    onnx.save(model.model, target)


def _dynamic(plain: onnx.ModelProto, photos: Photos, target: Path) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(plain, target, op_types_to_quantize=["Conv"], weight_type=QuantType.QInt8, per_channel=True)


def static_qdq(plain: onnx.ModelProto, photos: Photos, target: Path) -> None:
    """onnxruntime's static quantization of a plain export, per channel, all operations."""
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        """Gives the photos one by one."""

        def __init__(self) -> None:
            self._photos: Iterator[Any] = iter(photos)

        def get_next(self) -> dict[str, Any] | None:
            """The next photo, or None after the last."""
            photo = next(self._photos, None)
            return None if photo is None else {"photo": photo}

    quantize_static(
        plain,
        target,
        Reader(),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
    )


_PLAINLY: dict[str, Callable[[Any, Any, Path], None]] = {
    "float32": _float32,
    "float16": _float16,
    "dynamic": _dynamic,
    "int8": static_qdq,
    "int8-full": static_qdq,
}


def _race(names: Sequence[str], folder: Path, options: argparse.Namespace) -> dict[str, Measured]:
    from benchmarks.race import race
    from convert.runtimes import find_runtime

    threads, results = options.threads or os.cpu_count() or 1, {}
    for name in dict.fromkeys(("float32", *names)):
        pair = [f"{side}-{name}" for side in ("ours", "plain")]
        paths = [folder / f"{file}.onnx" for file in pair]
        measured = race(paths, find_runtime("onnxruntime"), threads, folder / "photo.npy", options.runs)
        results |= dict(zip(pair, measured, strict=True))
    return results


def _print(names: Sequence[str], results: dict[str, Measured]) -> None:
    columns = ["recipe", "ms ours", "plain", "ratio", "of plain float32", "MiB ours", "plain", ""]
    rows = []
    for name in names:
        ours, plain = results[f"ours-{name}"], results[f"plain-{name}"]
        ratio = _ratio(results, f"ours-{name}", f"plain-{name}")
        rows.append(
            [
                name,
                *("fails" if one.median_ms is None else f"{one.median_ms:.0f}" for one in (ours, plain)),
                f"{ratio:.3f}",
                f"{_ratio(results, f'ours-{name}', 'plain-float32'):.3f}",
                *("-" if one.peak_mib is None else f"{one.peak_mib:.0f}" for one in (ours, plain)),
                "" if ratio <= BAR else "over the bar",
            ]
        )
    command.console().print(command.table("", columns, rows))
    for name, one in results.items():
        if one.failure:
            command.tell(f"{name}: {one.failure}")
    disturbed = sum(one.disturbed for one in results.values())
    if disturbed:
        command.warn(f"{disturbed} runs were disturbed by other processes; run again on a quiet machine.")


def _ratio(results: dict[str, Measured], ours: str, plain: str) -> float:
    """Ratio of the median times; infinite where ours does not run, 0 where only the plain one does not."""
    above, below = results[ours].median_ms, results[plain].median_ms
    return float("inf") if above is None else 0.0 if below is None else above / below


if __name__ == "__main__":
    command.main(build_parser(), run)
