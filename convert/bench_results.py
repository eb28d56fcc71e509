"""The figures of a benchmark as records, as a table and as lines."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, Field
from rich.table import Table

from calib_data import command
from convert.artifact import file_mib
from convert.bench_machine import Machine
from convert.bench_process import Measured
from convert.runtimes import Runtime

SCHEMA = "pynet-bench/1"
_SHOWN_OPS, _SMALLEST_SHARE = 5, 0.01


class Result(BaseModel):
    """One artifact on one runtime, here or on a phone; None is what could not be told.

    Attributes:
        artifact: The file's name.
        runtime: As `convert.runtimes` names it; on a phone the accelerator.
        version: The runtime's version.
        threads: How many threads it had.
        file_mib: Size of the file, weights beside it included.
        load_ms: Loading the file.
        first_ms: The first run; with loading, the cold start.
        median_ms: Of the runs after the warm-up, as p5 and p95 are.
        runs: How many those are.
        disturbed: During how many of them others took more than 5 % of the machine.
        peak_mib: Most memory over the process before it loaded the file.
        op_ms: Milliseconds by kind of operation.
        gmac: Products of the convolutions, in 10^9.
        psnr: Mean PSNR in dB against the float model on this runtime, as noted in the file when it was converted.
        failure: Why it does not run; empty if it does.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    artifact: str
    runtime: str
    version: str
    threads: int
    file_mib: float
    load_ms: float | None = None
    first_ms: float | None = None
    median_ms: float | None = None
    p5_ms: float | None = None
    p95_ms: float | None = None
    runs: int = 0
    disturbed: int = 0
    peak_mib: float | None = None
    op_ms: dict[str, float] = Field(default_factory=dict)
    gmac: float | None = None
    psnr: float | None = None
    failure: str = ""

    @property
    def cold_ms(self) -> float | None:
        """From the file to the first picture; the runtime's own start is not in it."""
        return None if self.load_ms is None or self.first_ms is None else self.load_ms + self.first_ms

    @property
    def gflops(self) -> float | None:
        """GFLOP/s of the convolutions over the whole time; a product and its sum are two."""
        return None if self.gmac is None or self.median_ms is None else 2000 * self.gmac / self.median_ms


class Benchmark(BaseModel):
    """All of one run of the command, as its JSON holds it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_id: str = SCHEMA
    machine: Machine
    tools: dict[str, str]
    matrix_gflops: float | None
    phone: dict[str, str] = Field(default_factory=dict)
    results: tuple[Result, ...]


def result_of(
    path: Path, runtime: Runtime, threads: int, measured: Measured, gmac: float | None, psnr: float | None
) -> Result:
    """The record of what was measured."""
    low, middle, high = np.percentile(measured.ms, (5, 50, 95)).tolist() if measured.ms else (None, None, None)
    return Result(
        artifact=path.name,
        runtime=runtime.name,
        version=runtime.version,
        threads=threads,
        file_mib=file_mib(path),
        load_ms=measured.load_ms,
        first_ms=measured.first_ms,
        median_ms=middle,
        p5_ms=low,
        p95_ms=high,
        runs=len(measured.ms),
        disturbed=measured.disturbed,
        peak_mib=measured.peak_mib,
        op_ms=measured.op_ms,
        gmac=gmac,
        psnr=psnr,
        failure=measured.failure,
    )


def tools(runtimes: Sequence[Runtime]) -> dict[str, str]:
    """Versions of what took part."""
    return {name: version(name) for name in sorted({"numpy", "pynet-bokeh", *(one.package for one in runtimes)})}


def table(results: Sequence[Result], matrix_gflops: float | None) -> Table:
    """One line a result."""
    columns = ["artifact", "runtime", "thr.", "file\nMiB", "cold\nms", "median", "p5", "p95", "peak\nMiB", "dB", "GMAC"]
    columns += ["GFLOP/s", "of peak"]
    return command.table("", columns, [_row(one, matrix_gflops) for one in results])


def op_lines(results: Sequence[Result]) -> list[str]:
    """One line a result: the kinds of operations that take most of the time."""
    lines = []
    for one in results:
        total = sum(one.op_ms.values())
        most = [(op, ms / total) for op, ms in sorted(one.op_ms.items(), key=lambda entry: -entry[1])] if total else []
        told = ", ".join(f"{op} {share:.0%}" for op, share in most[:_SHOWN_OPS] if share >= _SMALLEST_SHARE)
        if told:
            lines.append(f"{one.artifact} on {one.runtime}: {told}")
    return lines


def _row(one: Result, matrix_gflops: float | None) -> list[str]:
    share = "-" if one.gflops is None or not matrix_gflops else f"{one.gflops / matrix_gflops:.0%}"
    return [
        one.artifact,
        one.runtime,
        str(one.threads),
        f"{one.file_mib:.2f}",
        _number(one.cold_ms, 0),
        "fails" if one.failure else _number(one.median_ms, 1),
        _number(one.p5_ms, 1),
        _number(one.p95_ms, 1),
        _number(one.peak_mib, 0),
        _number(one.psnr, 1),
        _number(one.gmac, 1),
        _number(one.gflops, 0),
        share,
    ]


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
