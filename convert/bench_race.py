"""Artifacts on runtimes, all running in turn, so that what drifts on the machine hits all alike."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from convert.bench_process import Measured, contestant
from convert.neighbours import ALLOWED_SHARE
from convert.runtimes import Runtime

Say = Callable[[str], None]


@dataclass(frozen=True)
class Entry:
    """What takes part: an artifact, where it runs, and a .npy of `(1, H/2, W/2, C)`, 0..1."""

    path: Path
    runtime: Runtime
    photo: Path


@dataclass(frozen=True)
class Plan:
    """How it is measured.

    Attributes:
        threads: For each runtime; only one of them runs at a time.
        warmups: Runs after the first that do not count.
        runs: Runs that count.
        with_ops: Whether the time by kind of operation is measured too.
    """

    threads: int
    warmups: int = 2
    runs: int = 15
    with_ops: bool = True


def measure(entries: Sequence[Entry], plan: Plan, say: Say) -> list[Measured]:
    """Measure all entries, each in a process of its own that lives until the end: A B C, A B C, and so on.

    None runs twice in a row: the second time it would find its data in the caches, as the others never do.

    Args:
        entries: What takes part.
        plan: How it is measured.
        say: Receives one line before each step.
    """
    with contextlib.ExitStack() as stack:
        contestants = [
            stack.enter_context(contestant(entry.path, entry.runtime, plan.threads, entry.photo)) for entry in entries
        ]
        for entry, one in zip(entries, contestants, strict=True):
            say(f"loading {entry.path.name} on {entry.runtime.name} {entry.runtime.version}")
            one.start()
        for number in range(plan.warmups + plan.runs):
            if number % 5 == 0:
                say(f"round {number + 1} of {plan.warmups + plan.runs}")
            for one in contestants:
                ms, others = one.run()
                if number >= plan.warmups:
                    one.keep(ms, others > ALLOWED_SHARE)
        for one in contestants:
            one.note_memory()
        for entry, one in zip(entries, contestants, strict=True):
            if plan.with_ops:
                say(f"operations of {entry.path.name} on {entry.runtime.name}")
                one.note_ops()
        return [one.measured() for one in contestants]
