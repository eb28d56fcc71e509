"""Several .tflite files run in turn on one runtime, each in a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from benchmarks.neighbours import ALLOWED_SHARE, wait_until_quiet
from convert.runtimes import Runtime

_TRIES = 10
_LAST_LINES = 2
_LONGEST_REASON = 200


@dataclass(frozen=True)
class Measured:
    """One file on one runtime.

    Attributes:
        ms: Milliseconds of each run after the warm-up; empty if it does not run.
        peak_mib: Most memory over the process before it loaded the file, in MiB; None if it does not run.
        disturbed: How many of the runs were disturbed by other processes in spite of all patience.
        failure: Why it does not run; empty if it does.
    """

    ms: tuple[float, ...]
    peak_mib: float | None
    disturbed: int
    failure: str

    @property
    def median_ms(self) -> float | None:
        """The median of the runs, or None."""
        return statistics.median(self.ms) if self.ms else None


def race(files: Sequence[Path], runtime: Runtime, threads: int, photo: Path, runs: int) -> list[Measured]:
    """Run files in turn, back and forth (A B, B A, A B ...), after one warm-up each.

    A run during which other processes took more than 5 % of the machine is made again once it is quiet: with threads
    that spin for each other, one busy neighbour can make a run take three times as long.

    Args:
        files: .tflite files of one input shape.
        runtime: Where to run them.
        threads: Threads for each; only one of them runs at a time.
        photo: A .npy of `(1, H/2, W/2, C)`, 0..1.
        runs: How often each is timed.
    """
    with contextlib.ExitStack() as stack:
        contestants = [stack.enter_context(_contestant(file, runtime, threads, photo)) for file in files]
        for one in contestants:
            one.run()
        for number in range(runs):
            for one in contestants if number % 2 == 0 else reversed(contestants):
                one.run_undisturbed()
        return [one.measured() for one in contestants]


class _Contestant:
    """A process of `benchmarks.worker`; once it has died it does nothing."""

    def __init__(self, process: subprocess.Popen[str], errors: IO[bytes]) -> None:
        self._process = process
        self._errors = errors
        self._failure = ""
        self._times: list[float] = []
        self._disturbed = 0
        self._answer()

    def run(self) -> tuple[float, float]:
        """Run once: milliseconds, and the share of the machine that others took."""
        answer = self._ask("run")
        return (answer[0], answer[1]) if answer else (0.0, 0.0)

    def run_undisturbed(self) -> None:
        """Run once and keep the time; again if others disturb it, as long as patience lasts."""
        for _ in range(_TRIES):
            ms, others = self.run()
            if others <= ALLOWED_SHARE or not wait_until_quiet():
                break
        self._times.append(ms)
        self._disturbed += others > ALLOWED_SHARE

    def measured(self) -> Measured:
        """All that is known now."""
        peak = self._ask("memory")
        if self._failure:
            return Measured((), None, 0, self._failure)
        return Measured(tuple(self._times), peak[0], self._disturbed, "")

    def _ask(self, question: str) -> list[float]:
        if self._failure:
            return []
        with contextlib.suppress(BrokenPipeError):  # it has died; why is found out with the answer
            print(question, file=self._process.stdin, flush=True)
        return self._answer()

    def _answer(self) -> list[float]:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if line:
            return json.loads(line)
        self._errors.seek(0)
        said = self._errors.read().decode("utf-8", "replace").splitlines()
        told = [text.strip() for text in said if text.strip() and not text.startswith("INFO:")]
        self._failure = f"exit code {self._process.wait()}: {' '.join(told[-_LAST_LINES:])}"[:_LONGEST_REASON]
        return []


@contextlib.contextmanager
def _contestant(file: Path, runtime: Runtime, threads: int, photo: Path) -> Iterator[_Contestant]:
    call = [sys.executable, "-m", "benchmarks.worker", str(file), runtime.name, str(threads), str(photo)]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            call, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment
        )
        with process:  # leaving closes its input, at which it ends, and waits for it
            yield _Contestant(process, errors)
