"""Run an artifact on a runtime in another process, and live on if that process dies."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from calib_data.files import write_json
from convert.runtimes import Runtime

_REFUSED = 2
_LAST_LINES = 3


@dataclass(frozen=True)
class Outcome:
    """What a runtime made of an artifact.

    Attributes:
        outputs: One .npy of `(1, H, W, 3)`, 0..1, a photo; empty if it failed.
        ms: Milliseconds of each run after a warm-up.
        peak_mib: Memory over the idle process, in MiB; None where the system does not tell.
        partitions: How many parts of the graph XNNPACK runs: 0 none of it, 1 a part or the whole in one go.
        failure: Why there are no outputs; empty if there are.
    """

    outputs: tuple[Path, ...]
    ms: tuple[float, ...]
    peak_mib: float | None
    partitions: int = 0
    failure: str = ""


def run_isolated(artifact: Path, runtime: Runtime, inputs: Sequence[Path], folder: Path, threads: int) -> Outcome:
    """Run `artifact` on input tensors.

    Args:
        artifact: A .tflite file.
        runtime: Where to run it.
        inputs: .npy files of `(1, H/2, W/2, C)`, 0..1.
        folder: For the pictures; an existing folder.
        threads: How many threads the runtime takes.
    """
    outputs = tuple(folder / f"{runtime.name}-{number}.npy" for number in range(len(inputs)))
    request, answer = folder / "request.json", folder / "answer.json"
    answer.unlink(missing_ok=True)
    write_json(
        request,
        {
            "artifact": str(artifact.resolve()),
            "runtime": runtime.name,
            "threads": threads,
            "inputs": [str(path) for path in inputs],
            "outputs": [str(path) for path in outputs],
            "answer": str(answer),
        },
    )
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        [sys.executable, "-m", "convert.worker", str(request)], capture_output=True, env=environment, check=False
    )
    said = done.stderr.decode("utf-8", "replace")
    if done.returncode or not answer.exists():
        return Outcome((), (), None, failure=reason_of_failure(done.returncode, said))
    told = json.loads(answer.read_text("utf-8"))
    return Outcome(outputs, tuple(told["ms"]), told["peak_mib"], told["partitions"])


def reason_of_failure(code: int, errors: str) -> str:
    """In one line, why a process that ran an artifact ended with `code`, from what it wrote to standard error."""
    lines = [line.strip() for line in errors.splitlines() if line.strip() and not line.startswith("INFO:")]
    if code == _REFUSED and lines:
        return lines[-1]
    how = f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
    return f"its process was {how}: {' '.join(lines[-_LAST_LINES:])}" if lines else f"its process was {how}"
