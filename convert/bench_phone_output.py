"""Reads what TensorFlow Lite's `benchmark_model` prints.

Source of the format: TensorFlow, `tensorflow/lite/tools/benchmark/benchmark_model.cc` and `lite/profiling`. Older
builds print no percentiles and no `INFO:`; numbers may be in scientific notation.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from calib_data.errors import UserError

_NUMBER = r"[-+0-9.e]+"
_STATS = re.compile(rf"count=(\d+)((?: \w+=(?:{_NUMBER}))+)")
_PAIR = re.compile(rf"(\w+)=({_NUMBER})")
_TIMINGS = re.compile(rf"Inference timings in us: Init: ({_NUMBER}), First inference: ({_NUMBER}),")
_PEAK = re.compile(rf"Overall peak memory footprint \(MB\) via periodic monitoring: ({_NUMBER})")
_DELTA = re.compile(
    rf"(?:Peak memory footprint|Memory footprint delta[^:]*)\s*\(MB\): init={_NUMBER} overall=({_NUMBER})"
)
_DELEGATED = re.compile(r"Replacing (\d+) (?:out of (\d+) )?node\(s\) with delegate \((\w+)\)")
_REGULAR_RUNS = re.compile(r"^.*Profiling Info for Regular Benchmark Runs:", re.MULTILINE)
_SUMMARY = re.compile(r"=+ Summary by node type =+\s*\n.*\[Node type\].*\n((?:[^\n]*\S[^\n]*\n)+)")
_OP = re.compile(rf"^\W*(\S.*?)[\s,]+(\d+)[\s,]+({_NUMBER})[\s,]+{_NUMBER}%")


@dataclass(frozen=True)
class PhoneRun:
    """What the tool measured; None is what this build does not print.

    Attributes:
        load_ms: Making the interpreter ready.
        first_ms: The first run.
        runs: Runs that count.
        mean_ms: Their mean.
        median_ms: Their median.
        p5_ms: Their 5th percentile.
        p95_ms: Their 95th percentile.
        peak_mib: Most memory of the process, or, in older builds, over its start.
        delegates: For each delegate, how many operations it took.
        ops: How many operations the graph has, if a delegate took some.
        op_ms: Milliseconds by kind of operation, if it was asked for.
    """

    load_ms: float
    first_ms: float
    runs: int
    mean_ms: float
    median_ms: float | None
    p5_ms: float | None
    p95_ms: float | None
    peak_mib: float | None
    delegates: dict[str, int] = field(default_factory=dict)
    ops: int | None = None
    op_ms: dict[str, float] = field(default_factory=dict)


def parse_output(text: str) -> PhoneRun:
    """Read the tool's output, standard error included.

    Raises:
        UserError: The tool did not get to its end; its last lines are in the message.
    """
    timings = _TIMINGS.search(text)
    before = text[: timings.start()] if timings else ""
    stats = [match for match in _STATS.finditer(before) if "avg=" in match[2] or "curr=" in match[2]]
    if timings is None or not stats:
        last = " ".join(line.strip() for line in text.splitlines()[-3:] if line.strip())
        raise UserError(
            f"benchmark_model did not finish: {last[:200] or 'it printed nothing'}.",
            "Run it by hand on the phone: adb shell /data/local/tmp/benchmark_model --graph=FILE.",
        )
    counted = {name: float(value) / 1000 for name, value in _PAIR.findall(stats[-1][2])}
    delegated = _DELEGATED.findall(text)
    totals = [int(total) for _, total, _ in delegated if total]
    return PhoneRun(
        load_ms=float(timings[1]) / 1000,
        first_ms=float(timings[2]) / 1000,
        runs=int(stats[-1][1]),
        mean_ms=counted.get("avg", counted["curr"]),
        median_ms=counted.get("median"),
        p5_ms=counted.get("p5"),
        p95_ms=counted.get("p95"),
        peak_mib=_peak(text),
        delegates={name: int(count) for count, _, name in delegated},
        ops=max(totals, default=None),
        op_ms=_op_ms(text),
    )


def _peak(text: str) -> float | None:
    match = _PEAK.search(text) or _DELTA.search(text)
    return float(match[1]) if match else None


def _op_ms(text: str) -> dict[str, float]:
    """The summary by node type of the regular runs, the delegate's own where there is one."""
    regular = _REGULAR_RUNS.search(text)
    summary = _SUMMARY.search(text, regular.start()) if regular else None
    found = (_OP.match(line) for line in summary[1].splitlines()) if summary else ()
    return {match[1]: float(match[3]) for match in found if match}
