"""A whole benchmark, here or on a phone: from artifacts to records."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from calib_data.errors import UserError
from calib_data.sizes import PhotoSize
from convert.artifact import file_mib, read_metadata
from convert.bench_inputs import runtimes_for, tensor_shape, write_photo
from convert.bench_machine import Machine
from convert.bench_phone import Phone
from convert.bench_race import Entry, Plan, Say, measure
from convert.bench_results import Benchmark, Result, result_of, tools
from convert.bench_roofline import gmac, matrix_peak
from convert.runtimes import DEFAULT_RUNTIME, Runtime


def measure_here(
    artifacts: Sequence[Path], runtimes: Sequence[Runtime], size: PhotoSize, photos: Path, plan: Plan, say: Say
) -> Benchmark:
    """Measure artifacts on this machine.

    Args:
        artifacts: .tflite, .onnx or .keras files.
        runtimes: Where to run them; all installed ones if empty.
        size: The photo that comes out of those that take any size.
        photos: A folder whose first test photo they get.
        plan: How it is measured.
        say: Receives one line before each step.

    Raises:
        UserError: An artifact is damaged, or none of the runtimes runs it.
    """
    shapes = {path: tensor_shape(path, size) for path in artifacts}
    products = {path: gmac(path, shape) for path, shape in shapes.items()}
    pairs = [(path, runtime) for path in shapes for runtime in runtimes_for(path, runtimes)]
    with tempfile.TemporaryDirectory() as folder:
        inputs = {shape: Path(folder) / f"{number}.npy" for number, shape in enumerate(dict.fromkeys(shapes.values()))}
        for shape, target in inputs.items():
            write_photo(shape, photos, target)
        measured = measure([Entry(path, runtime, inputs[shapes[path]]) for path, runtime in pairs], plan, say)
    say("a large matrix product")
    return Benchmark(
        machine=Machine.here(),
        tools=tools([runtime for _, runtime in pairs]),
        matrix_gflops=matrix_peak(plan.threads),
        results=tuple(
            result_of(path, runtime, plan.threads, one, products[path], _noted_psnr(path, runtime.name))
            for (path, runtime), one in zip(pairs, measured, strict=True)
        ),
    )


def check_for_phone(artifacts: Sequence[Path]) -> None:
    """Refuse what does not run on a phone.

    Raises:
        UserError: A file is damaged or of another kind than .tflite.
    """
    for path in artifacts:
        if path.suffix != ".tflite":
            raise UserError(f"{path.name} does not run there.", "benchmark_model takes .tflite files.")
        tensor_shape(path, PhotoSize(0, 0))


def measure_on_phone(
    artifacts: Sequence[Path], phone: Phone, tool: Path, accelerator: str, threads: int, runs: int, say: Say
) -> Benchmark:
    """Measure .tflite files on a phone, one after the other.

    Raises:
        UserError: The phone or the tool fails, or the accelerator takes no operation.
    """
    results = []
    for path in artifacts:
        say(f"running {path.name} on {phone.facts['model']}")
        run = phone.benchmark(path, tool, accelerator, threads, runs)
        results.append(
            Result(
                artifact=path.name,
                runtime=f"phone-{accelerator}",
                version="benchmark_model",
                threads=threads,
                file_mib=file_mib(path),
                load_ms=run.load_ms,
                first_ms=run.first_ms,
                median_ms=run.mean_ms if run.median_ms is None else run.median_ms,
                p5_ms=run.p5_ms,
                p95_ms=run.p95_ms,
                runs=run.runs,
                peak_mib=run.peak_mib,
                op_ms=run.op_ms,
                gmac=gmac(path, tensor_shape(path, PhotoSize(0, 0))),
                psnr=_noted_psnr(path, DEFAULT_RUNTIME),
            )
        )
    facts = {"serial": phone.serial, **phone.facts}
    return Benchmark(machine=Machine.here(), tools={}, matrix_gflops=None, phone=facts, results=tuple(results))


def _noted_psnr(path: Path, runtime: str) -> float | None:
    """What the file says of its fidelity on a runtime; None where it says nothing."""
    if path.suffix == ".keras":
        return None
    try:
        runs = read_metadata(path).runs
    except UserError:  # a file of somebody else's; its times are worth as much
        return None
    return next((run.fidelity.mean_psnr for run in runs if run.runtime == runtime and run.fidelity), None)
