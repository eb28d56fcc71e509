"""What a training run tells of itself: the time that is left, and bars."""

from __future__ import annotations

import io
import time

import pytest
from rich.console import Console

from calib_data import command
from pynet_tf.reporting import Bars, Lines
from pynet_tf.schedule import LevelPlan, cost

PLAN = (LevelPlan(7, 10, 1, 64, 1e-3), LevelPlan(6, 5, 2, 64, 1e-3))


@pytest.mark.parametrize("first", [1, 4])
def test_the_time_left_is_what_the_pace_so_far_makes_of_the_rest(first: int, monkeypatch, capsys) -> None:
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    lines = Lines(PLAN)  # a resumed run begins at a later step
    unit = 60.0 / cost(PLAN[0])  # a step of level 7 takes a minute
    for step in range(first, 11):
        now[0] += 60.0
        lines.advance(PLAN[0], step, {"loss": 0.25} if step == 8 else {})
    second = cost(PLAN[1]) * unit / 60
    for step in range(1, 3):
        now[0] += 60 * second
        lines.advance(PLAN[1], step, {"psnr": 30.5} if step == 2 else {})
    coarse, fine = capsys.readouterr().out.splitlines()
    assert coarse.startswith("level 7 step 8/10  loss 0.25  left: ")
    assert fine.startswith("level 6 step 2/5  psnr 30.5  left: ")
    assert minutes(coarse) == pytest.approx([2 * pace(first, 8), (2 + 5 * second) * pace(first, 8)], abs=0.06)
    assert minutes(fine) == pytest.approx([3 * second, 3 * second], rel=0.15)


def pace(first: int, step: int) -> float:
    """The clock starts after the first step that it sees, whose cost it counts."""
    return (step - first) / (step - first + 1)


def minutes(line: str) -> list[float]:
    level, whole = line.partition("left: ")[2].split(", ")
    return [float(level.split(" min")[0]), float(whole.split(" min")[0])]


def test_a_terminal_has_a_bar_for_the_level_and_one_for_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = io.StringIO()
    console = Console(file=drawn, force_terminal=True, color_system=None, width=120, markup=False)
    monkeypatch.setattr(command, "progress_console", lambda: console)
    with Bars(PLAN) as bars:
        bars.advance(PLAN[0], 5, {"loss": 0.125})
        bars.warn("look at [this]")
        bars.advance(PLAN[1], 5, {})
    shown = drawn.getvalue()
    assert "run" in shown
    assert "level 6" in shown
    assert "100%" in shown
    assert "loss 0.125" in shown
    assert "warning: look at [this]" in shown
