"""`python -m convert.bench`: how fast and how large artifacts are, here or on a phone."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from calib_data import command
from calib_data.dataset import SAMPLES
from calib_data.errors import UserError
from calib_data.files import write_text
from calib_data.sizes import PhotoSize, parse_size

if TYPE_CHECKING:
    from convert.bench_results import Benchmark

_PHONE_THREADS = 4
_PICTURES = (".png", ".svg", ".pdf")


def build_parser() -> argparse.ArgumentParser:
    """The command's options."""
    options = command.parser(
        "convert.bench",
        "Measure latency, memory and time by operation of artifacts on the installed runtimes, each in a process of "
        "its own, all in turn; or of .tflite files on a phone.",
        "python -m convert.bench dist/*.tflite --runtime litert-xnnpack --json bench.json --plot bench.png",
    )
    options.add_argument("artifacts", nargs="+", type=Path, metavar="ARTIFACT", help=".tflite, .onnx or .keras files")
    options.add_argument(
        "--runtime", action="append", default=[], metavar="R", help="a runtime; repeatable (default: those installed)"
    )
    options.add_argument("--threads", type=int, help="threads for the runtimes (default: all cores)")
    options.add_argument("--runs", type=int, default=15, metavar="N", help="runs that count, of each (default 15)")
    options.add_argument(
        "--warmups", type=int, default=2, metavar="N", help="runs before them, after the first (default 2)"
    )
    options.add_argument(
        "--size",
        type=parse_size,
        default=PhotoSize(1024, 1536),
        help="photo that comes out, HxW, of files that take any (default 1024x1536)",
    )
    options.add_argument(
        "--photos", type=Path, default=SAMPLES, metavar="DIR", help="where the photo is from (default: samples)"
    )
    options.add_argument("--no-ops", action="store_true", help="leave out the time by kind of operation")
    options.add_argument("--json", type=Path, metavar="FILE", help="also write all figures there")
    options.add_argument("--plot", type=Path, metavar="FILE", help="draw latency against PSNR: .png, .svg or .pdf")
    options.add_argument(
        "--adb",
        nargs="?",
        const="",
        metavar="SERIAL",
        help="run on a connected phone instead (the only one by default)",
    )
    options.add_argument(
        "--benchmark-model", type=Path, metavar="FILE", help="TensorFlow Lite's tool, built for the phone"
    )
    options.add_argument(
        "--accelerator",
        choices=("cpu", "gpu"),
        default="cpu",
        help="of the phone (default cpu); fails if it takes nothing",
    )
    return options


def run(options: argparse.Namespace) -> int:
    """Measure, print the table, write JSON and plot."""
    _check(options)
    benchmark = _here(options) if options.adb is None else _on_phone(options)
    _tell(benchmark)
    if options.json:
        write_text(options.json, benchmark.model_dump_json(indent=2) + "\n")
    if options.plot:
        from convert.bench_plot import plot

        plot(benchmark.results, options.plot, benchmark.phone.get("model") or benchmark.machine.processor)
    command.next_step(f"python -m pynet_tf.render PHOTO --model {options.artifacts[0]} --out rendered")
    return command.GATE_FAILED if all(one.failure for one in benchmark.results) else command.GOOD


def _check(options: argparse.Namespace) -> None:
    for name, least in (("threads", 1), ("runs", 1), ("warmups", 0)):
        value = getattr(options, name)
        if value is not None and value < least:
            raise UserError(f"--{name} is {value}; {least} or more is allowed.", f"Leave --{name} out.")
    if options.plot and options.plot.suffix not in _PICTURES:
        raise UserError(f"--plot {options.plot} is no picture.", f"End it in {', '.join(_PICTURES)}.")
    named: set[Path] = set()
    for path in options.artifacts:
        if path in named:
            raise UserError(f"{path} is named twice.", "Name each artifact once.")
        named.add(path)


def _here(options: argparse.Namespace) -> Benchmark:
    from convert.bench_race import Plan
    from convert.bench_run import measure_here
    from convert.runtimes import find_runtime

    plan = Plan(options.threads or os.cpu_count() or 1, options.warmups, options.runs, not options.no_ops)
    runtimes = [find_runtime(name) for name in options.runtime]
    return measure_here(options.artifacts, runtimes, options.size, options.photos, plan, command.tell)


def _on_phone(options: argparse.Namespace) -> Benchmark:
    from convert.bench_phone import check_tool, find_phone
    from convert.bench_run import check_for_phone, measure_on_phone

    check_for_phone(options.artifacts)
    phone = find_phone(options.adb)
    tool = check_tool(options.benchmark_model, phone)
    threads = options.threads or _PHONE_THREADS
    return measure_on_phone(options.artifacts, phone, tool, options.accelerator, threads, options.runs, command.tell)


def _tell(benchmark: Benchmark) -> None:
    from convert.bench_results import op_lines, table

    command.console().print(table(benchmark.results, benchmark.matrix_gflops))
    if benchmark.phone:
        command.tell("phone: " + ", ".join(f"{name} {value}" for name, value in benchmark.phone.items()))
    else:
        command.tell(f"machine: {benchmark.machine.line()}")
        command.tell("versions: " + ", ".join(f"{name} {value}" for name, value in benchmark.tools.items()))
    if benchmark.matrix_gflops:
        command.tell(f"peak: {benchmark.matrix_gflops:.0f} GFLOP/s in a product of two 2048x2048 float32 matrices")
    command.tell("dB: mean PSNR against the float model, as noted in the file; cold: loading and the first run.")
    for line in op_lines(benchmark.results):
        command.tell(line)
    for one in benchmark.results:
        if one.failure:
            command.tell(f"{one.artifact} on {one.runtime} fails: {one.failure}")
    disturbed, runs = sum(one.disturbed for one in benchmark.results), sum(one.runs for one in benchmark.results)
    if disturbed:
        command.warn(f"during {disturbed} of {runs} runs other processes took part of the machine; times are too long.")


if __name__ == "__main__":
    command.main(build_parser(), run)
