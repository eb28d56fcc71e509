"""An artifact in a process of its own, told when to run, so that several can run in turn on one machine."""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from convert.isolated import reason_of_failure
from convert.runtimes import Runtime

_LONGEST_REASON = 200


@dataclass(frozen=True)
class Measured:
    """One file on one runtime.

    Attributes:
        ms: Milliseconds of each run after the warm-up; empty if it does not run.
        peak_mib: Most memory over the process before it loaded the file, in MiB; None if it does not run or the
            system does not tell.
        disturbed: How many of the runs were disturbed by other processes.
        failure: Why it does not run; empty if it does.
        load_ms: Milliseconds to load the file.
        first_ms: Milliseconds of the first run.
        op_ms: Milliseconds a run by kind of operation; empty if they were not asked for.
    """

    ms: tuple[float, ...]
    peak_mib: float | None
    disturbed: int
    failure: str
    load_ms: float | None = None
    first_ms: float | None = None
    op_ms: dict[str, float] = field(default_factory=dict)

    @property
    def median_ms(self) -> float | None:
        """The median of the runs, or None."""
        return statistics.median(self.ms) if self.ms else None

    @property
    def cold_ms(self) -> float | None:
        """From the file to the first picture: loading and the first run; the runtime's own start is not in it."""
        return None if self.load_ms is None or self.first_ms is None else self.load_ms + self.first_ms


class Contestant:
    """A process of `convert.bench_worker`; once it has died it does nothing."""

    def __init__(self, process: subprocess.Popen[str], errors: IO[bytes]) -> None:
        self._process = process
        self._errors = errors
        self._failure = ""
        self._times: list[float] = []
        self._disturbed = 0
        self._peak: float | None = None
        self._load = self._first = None
        self._ops: dict[str, float] = {}
        self._answer()

    def start(self) -> None:
        """Load the file and run it for the first time."""
        self._load = self._ask("load")
        answer = self._ask("run")
        self._first = answer[0] if answer else None

    def run(self) -> tuple[float, float]:
        """Run once: milliseconds, and the share of the machine, 0..1, that others took."""
        answer = self._ask("run")
        return (answer[0], answer[1]) if answer else (0.0, 0.0)

    def keep(self, ms: float, disturbed: bool) -> None:
        """Count a run among the figures."""
        self._times.append(ms)
        self._disturbed += disturbed

    def note_memory(self) -> None:
        """Take down the peak of memory so far."""
        self._peak = self._ask("memory")

    def note_ops(self) -> None:
        """Take down the time by kind of operation; last of all, since it takes memory of its own, and may fail."""
        failed_before = self._failure
        self._ops = self._ask("ops") or {}
        self._failure = failed_before

    def measured(self) -> Measured:
        """All that is known now."""
        if self._failure:
            return Measured((), None, 0, self._failure)
        return Measured(tuple(self._times), self._peak, self._disturbed, "", self._load, self._first, self._ops)

    def _ask(self, question: str) -> Any:
        if self._failure:
            return None
        with contextlib.suppress(BrokenPipeError):  # it has died; why is found out with the answer
            print(question, file=self._process.stdin, flush=True)
        return self._answer()

    def _answer(self) -> Any:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if line:
            return json.loads(line)
        code = self._process.wait()
        self._errors.seek(0)
        self._failure = reason_of_failure(code, self._errors.read().decode("utf-8", "replace"))[:_LONGEST_REASON]
        return None


@contextlib.contextmanager
def contestant(file: Path, runtime: Runtime, threads: int, photo: Path) -> Iterator[Contestant]:
    """A process that has imported the runtime and waits.

    Args:
        file: An artifact that the runtime runs.
        runtime: Where to run it.
        threads: How many threads the runtime takes.
        photo: A .npy of `(1, H/2, W/2, C)`, 0..1.
    """
    call = [sys.executable, "-m", "convert.bench_worker", str(file), runtime.name, str(threads), str(photo)]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            call, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment
        )
        with process:  # leaving closes its input, at which it ends, and waits for it
            yield Contestant(process, errors)
