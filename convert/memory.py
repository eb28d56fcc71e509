"""How much memory this process has, where the system tells."""

from __future__ import annotations

import re
from pathlib import Path

_STATUS = Path("/proc/self/status")


def resident_mib() -> float | None:
    """Resident memory of this process now, in MiB; None where /proc is not."""
    return _told("VmRSS")


def peak_resident_mib() -> float | None:
    """The most resident memory that this process has had, in MiB; None where /proc is not."""
    return _told("VmHWM")


def _told(key: str) -> float | None:
    if not _STATUS.exists():
        return None
    match = re.search(rf"^{key}:\s+(\d+) kB", _STATUS.read_text("ascii", "replace"), re.MULTILINE)
    return int(match[1]) / 1024 if match else None
