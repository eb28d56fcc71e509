"""Several artifacts run in turn on one runtime, each in a process of its own, again where others disturb."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

from convert.bench_process import Contestant, Measured, contestant
from convert.neighbours import ALLOWED_SHARE, wait_until_quiet
from convert.runtimes import Runtime

__all__ = ["Measured", "race"]

_TRIES = 10


def race(files: Sequence[Path], runtime: Runtime, threads: int, photo: Path, runs: int) -> list[Measured]:
    """Run files in turn, back and forth (A B, B A, A B ...), after one warm-up each.

    A run during which other processes took more than 5 % of the machine is made again once it is quiet: with threads
    that spin for each other, one busy neighbour can make a run take three times as long.

    Args:
        files: Artifacts of one input shape.
        runtime: Where to run them.
        threads: Threads for each; only one of them runs at a time.
        photo: A .npy of `(1, H/2, W/2, C)`, 0..1.
        runs: How often each is timed.
    """
    with contextlib.ExitStack() as stack:
        contestants = [stack.enter_context(contestant(file, runtime, threads, photo)) for file in files]
        for one in contestants:
            one.start()
        for number in range(runs):
            for one in contestants if number % 2 == 0 else reversed(contestants):
                _run_undisturbed(one)
        for one in contestants:
            one.note_memory()
        return [one.measured() for one in contestants]


def _run_undisturbed(one: Contestant) -> None:
    """Run once and keep the time; again if others disturb it, as long as patience lasts."""
    for _ in range(_TRIES):
        ms, others = one.run()
        if others <= ALLOWED_SHARE or not wait_until_quiet():
            break
    one.keep(ms, others > ALLOWED_SHARE)
