"""How much of the machine other processes take, so that a disturbed measurement can be told from a good one."""

from __future__ import annotations

import os
import time
from pathlib import Path

from calib_data.errors import UserError

ALLOWED_SHARE = 0.05
_STAT = Path("/proc/stat")
_IDLE = (3, 4)  # idle and waiting for the disk, among user, nice, system, idle, iowait, irq, softirq, steal
_COUNTED = 8
_LOOK_S, _PATIENCE_S = 1.0, 600.0


class Watch:
    """Measures a stretch of this process's work: how long it took, and what others took meanwhile."""

    def __init__(self) -> None:
        self._busy = _busy_seconds()
        self._own = time.process_time()
        self._began = time.perf_counter()

    def stop(self) -> tuple[float, float]:
        """Seconds since the start, and the share of all cores, 0..1, that other processes took."""
        seconds = time.perf_counter() - self._began
        others = _busy_seconds() - self._busy - (time.process_time() - self._own)
        tick = 1 / os.sysconf("SC_CLK_TCK")
        cores = os.cpu_count() or 1
        return seconds, max(0.0, others - cores * tick) / (seconds * cores)


def wait_until_quiet() -> bool:
    """Wait until other processes take next to nothing, at most ten minutes; whether they do."""
    ends = time.monotonic() + _PATIENCE_S
    while time.monotonic() < ends:
        watch = Watch()
        time.sleep(_LOOK_S)
        if watch.stop()[1] <= ALLOWED_SHARE:
            return True
    return False


def _busy_seconds() -> float:
    if not _STAT.exists():
        raise UserError(f"{_STAT} is missing.", "Run it on Linux.")
    ticks = [int(text) for text in _STAT.read_text("ascii").split("\n", 1)[0].split()[1 : 1 + _COUNTED]]
    return (sum(ticks) - sum(ticks[place] for place in _IDLE)) / os.sysconf("SC_CLK_TCK")
