"""Series of drawn pairs in a folder in the layout of EBB!; drawn by several processes, resumable."""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from itertools import groupby, islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeAlias

from calib_data.errors import UserError
from calib_data.scenes.pair import Effects, render_pair
from calib_data.series import Series, SeriesFolder, encoded
from calib_data.sizes import PhotoSize

Drawn: TypeAlias = tuple[int, dict[str, bytes], dict[str, Any]]
"""Number, files and facts of a pair."""


@dataclass(frozen=True)
class DrawnSeries(Series):
    """What is to be drawn.

    Attributes:
        effects: Noise, exposure and the original's depth of field.
        focuses: How many pairs in a row show one scene, each with other things in focus.
    """

    effects: Effects = field(default_factory=Effects)
    focuses: int = 1


def render_series(series: DrawnSeries, folder: Path, workers: int) -> Iterator[int]:
    """Draw what `folder` does not hold yet, and yield each number once its files and its entry are written.

    Args:
        series: What to draw.
        folder: Where to; empty, new, or holding a part of the same series.
        workers: Processes; 1 draws in this one.

    Raises:
        UserError: The folder holds something else or may not be written, or a process was killed.
    """
    held = SeriesFolder(series, folder)
    todo = held.begin()
    for number, contents, facts in _drawn(series, todo, workers):
        held.add(number, contents, facts)
        yield number


def _drawn(
    series: DrawnSeries, numbers: list[int], workers: int
) -> Iterator[tuple[int, dict[str, bytes], dict[str, Any]]]:
    if workers == 1 or len(numbers) < 2:
        for number in numbers:
            yield _draw(series, number)
        return
    scenes = (list(group) for _, group in groupby(numbers, lambda number: number // series.focuses))
    with ProcessPoolExecutor(workers, get_context("spawn"), _leave_interrupts) as pool:
        try:
            under_way = deque(pool.submit(_draw_all, series, scene) for scene in islice(scenes, 2 * workers))
            while under_way:
                yield from under_way.popleft().result()
                under_way.extend(pool.submit(_draw_all, series, scene) for scene in islice(scenes, 1))
        except BrokenProcessPool as error:
            raise UserError(
                f"a process that drew pairs was killed, perhaps for want of memory ({error}).",
                "Run the same command again, with fewer --workers: it goes on where it was.",
            ) from error
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _leave_interrupts() -> None:
    """In a worker: the parent alone answers Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _draw_all(series: DrawnSeries, numbers: list[int]) -> list[Drawn]:
    """Pairs of one scene, which is set once."""
    return [_draw(series, number) for number in numbers]


def _draw(series: DrawnSeries, number: int) -> Drawn:
    size = PhotoSize(series.height, series.width)
    pair = render_pair(series.seed, number, size, series.effects, series.focuses)
    return number, encoded(pair.original, pair.bokeh, pair.depth, series.quality), pair.facts
