"""`python -m benchmarks.profile`: where time and memory go along the network, without rewrites and with them.

The graph is cut after each level, so that a file holds the network up to there; the files run in turn, each in a
process of its own (`benchmarks.race`). What a level costs is the difference between two neighbours.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from calib_data import command
from calib_data.dataset import SAMPLES
from calib_data.errors import UserError
from calib_data.files import atomic_path, make_folder, write_json
from calib_data.sizes import PhotoSize, parse_size
from pynet_tf.quiet import start_tensorflow

if TYPE_CHECKING:
    from benchmarks.race import Measured
    from convert.flatbuffer import Flatbuffer

_LEVELS = (7, 6, 5, 4, 3, 2, 1)
_FORMS = ("plain", "rewritten")


def build_parser() -> argparse.ArgumentParser:
    """The command's options."""
    options = command.parser(
        "benchmarks.profile",
        "Time and memory of the network up to each level, float32, without rewrites and with them; a table and a plot.",
        "python -m benchmarks.profile --out profile",
    )
    options.add_argument(
        "--size", type=parse_size, default=PhotoSize(1024, 1536), help="photo that comes out, HxW (default 1024x1536)"
    )
    options.add_argument("--runtime", default="litert-xnnpack", help="where to run (default litert-xnnpack)")
    options.add_argument("--runs", type=int, default=9, metavar="N", help="timed runs of each (default 9)")
    options.add_argument("--out", type=Path, required=True, help="folder for profile.json and profile.png")
    return options


def run(options: argparse.Namespace) -> int:
    """Cut, race, print, draw."""
    from convert.runtimes import find_runtime

    command.refuse_under_one(options, "runs")
    runtime = find_runtime(options.runtime)
    start_tensorflow()
    from benchmarks.race import race

    make_folder(options.out)
    with tempfile.TemporaryDirectory() as temporary:
        photo, files = _cut_files(options.size, Path(temporary))
        measured = race(list(files.values()), runtime, os.cpu_count() or 1, photo, options.runs)
    results = dict(zip(files, measured, strict=True))
    columns = ["up to level", *(f"{form}, {unit}" for form in _FORMS for unit in ("ms", "MiB"))]
    rows = [[str(level), *(text for form in _FORMS for text in _texts(results[form, level]))] for level in _LEVELS]
    command.console().print(command.table("", columns, rows))
    entries = [
        {"form": form, "level": level, "ms": one.median_ms, "mib": one.peak_mib}
        for (form, level), one in results.items()
    ]
    write_json(options.out / "profile.json", {"size": str(options.size), "runtime": runtime.name, "entries": entries})
    with atomic_path(options.out / "profile.png") as path:
        _draw(results, path)
    command.next_step(f"python -m convert.tflite --explain --size {options.size}")
    return command.GOOD


def cut_after(file: Flatbuffer, level: int) -> None:
    """Make the last result of a level the graph's only output, and drop all that it does not need.

    Raises:
        UserError: No operation is of that level.
    """
    members = [op for op in file.ops() if op.scope.startswith(f"level{level}_") or (level == 1 and op.scope == "bokeh")]
    if not members:
        raise UserError(f"the graph has no operation of level {level}.", f"Levels are {_LEVELS[-1]} to {_LEVELS[0]}.")
    end = int(members[-1].raw.outputs[0])
    needed, kept = {end}, []
    for raw in reversed(file.graph.operators):
        if needed & set(raw.outputs):
            kept.append(raw)
            needed |= {index for index in raw.inputs if index >= 0}
    file.graph.operators = kept[::-1]
    file.graph.outputs = [end]
    file.sign({"photo": int(file.graph.inputs[0])}, {"bokeh": end})
    file.drop_unused()


def _cut_files(size: PhotoSize, folder: Path) -> tuple[Path, dict[tuple[str, int], Path]]:
    """A photo, and a file for each form and level."""
    from benchmarks.pairs import read_photos
    from convert.exporter import TFLiteExporter
    from convert.flatbuffer import Flatbuffer
    from convert.recipes import load_recipe
    from pynet_tf import load_model

    model = load_model()
    photo = folder / "photo.npy"
    np.save(photo, read_photos(SAMPLES, 1, size, model)[0], allow_pickle=False)
    exporters = dict(zip(_FORMS, (TFLiteExporter(model, size, rewrites=()), TFLiteExporter(model, size)), strict=True))
    files = {}
    for form, exporter in exporters.items():
        for level in _LEVELS:
            command.tell(f"converting {form}, up to level {level}")
            file = Flatbuffer.read(exporter.export(load_recipe("float32")))
            cut_after(file, level)
            files[form, level] = folder / f"{form}-{level}.tflite"
            files[form, level].write_bytes(file.bytes())
    return photo, files


def _texts(measured: Measured) -> tuple[str, str]:
    ms, mib = measured.median_ms, measured.peak_mib
    return ("-" if ms is None else f"{ms:.0f}", "-" if mib is None else f"{mib:.0f}")


def _draw(results: dict[tuple[str, int], Measured], path: Path) -> None:
    """Two panels, ms and MiB up to each level, a line a form."""
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
    for axis, what, unit in zip(axes, ("median_ms", "peak_mib"), ("ms a photo", "peak MiB"), strict=True):
        for form in _FORMS:
            values = [getattr(results[form, level], what) or float("nan") for level in _LEVELS]
            axis.plot(range(len(_LEVELS)), values, marker="o", label=form)
        axis.set_xticks(range(len(_LEVELS)), [str(level) for level in _LEVELS])
        axis.set(xlabel="the network up to level", ylabel=unit, ylim=(0, None))
        axis.grid(alpha=0.3)
    axes[0].legend()
    figure.savefig(path, format="png", dpi=110)
    pyplot.close(figure)


if __name__ == "__main__":
    command.main(build_parser(), run)
