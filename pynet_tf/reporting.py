"""What a training run shows of itself: two bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator, Sequence
from types import TracebackType

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from calib_data import command
from pynet_tf.schedule import LevelPlan, cost


class Lines:
    """One line for each set of figures, with the time that is left.

    Args:
        plan: All levels of the run.
    """

    def __init__(self, plan: Sequence[LevelPlan]) -> None:
        self._clock = _Clock(plan)

    def warn(self, message: str) -> None:
        """Print a warning."""
        command.warn(message)

    def advance(self, plan: LevelPlan, step: int, figures: dict[str, float]) -> None:
        """Print the figures, if there are any."""
        level, whole = self._clock.left(plan, step)
        if figures:
            command.tell(
                f"level {plan.level} step {step}/{plan.steps}  {_shown(figures)}  "
                f"left: {_minutes(level)} in this level, {_minutes(whole)} in all"
            )


class Bars:
    """A bar for the level and one for the run, with what is left of each.

    Args:
        plan: All levels of the run.
    """

    def __init__(self, plan: Sequence[LevelPlan]) -> None:
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f}%"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[figures]}"),
        )
        self._bars = Progress(*columns, console=command.progress_console())
        self._clock = _Clock(plan)
        self._run = self._bars.add_task("run", total=self._clock.total, figures="")
        self._level = self._bars.add_task("level", total=None, figures="")

    def __enter__(self) -> Bars:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def warn(self, message: str) -> None:
        """Print a warning above the bars."""
        self._bars.console.print(f"warning: {message}", style="yellow")

    def advance(self, plan: LevelPlan, step: int, figures: dict[str, float]) -> None:
        """Move both bars."""
        self._bars.update(self._run, completed=self._clock.done(plan, step))
        self._bars.update(self._level, description=f"level {plan.level}", total=plan.steps, completed=step)
        if figures:
            self._bars.update(self._level, figures=_shown(figures))


class _Clock:
    """Guesses the time that is left from the cost of what is done and of what is not."""

    def __init__(self, plan: Sequence[LevelPlan]) -> None:
        self._before: dict[int, float] = {}
        self.total = 0.0
        for one in plan:
            self._before[one.level] = self.total
            self.total += one.steps * cost(one)
        self._start: tuple[float, float] | None = None

    def done(self, plan: LevelPlan, step: int) -> float:
        """Cost of all that is done."""
        return self._before[plan.level] + step * cost(plan)

    def left(self, plan: LevelPlan, step: int) -> tuple[float, float]:
        """Seconds left in this level and in the run."""
        done, now = self.done(plan, step), time.monotonic()
        if self._start is None:
            self._start = now, done - cost(plan)
        began, first = self._start
        pace = (now - began) / max(done - first, 1e-9)
        return (plan.steps - step) * cost(plan) * pace, (self.total - done) * pace


def _shown(figures: dict[str, float]) -> str:
    return " ".join(f"{name} {value:.4g}" for name, value in figures.items())


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.1f} min"


@contextlib.contextmanager
def reporter(plan: Sequence[LevelPlan]) -> Iterator[Bars | Lines]:
    """Bars on a terminal, lines elsewhere."""
    if on_terminal():
        with Bars(plan) as bars:
            yield bars
    else:
        yield Lines(plan)


def on_terminal() -> bool:
    """Whether bars can be drawn."""
    return sys.stderr.isatty()
