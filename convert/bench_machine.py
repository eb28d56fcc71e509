"""What is said about the machine that a benchmark ran on."""

from __future__ import annotations

import os
import platform
from pathlib import Path

from pydantic import BaseModel, ConfigDict

_CPU, _MEMORY = Path("/proc/cpuinfo"), Path("/proc/meminfo")


class Machine(BaseModel):
    """A machine; what the system does not tell is empty or None."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    processor: str
    cores: int
    memory_gib: float | None
    system: str
    python: str

    @classmethod
    def here(cls) -> Machine:
        """This machine."""
        return cls(
            processor=_told(_CPU, "model name") or platform.processor() or platform.machine(),
            cores=os.cpu_count() or 1,
            memory_gib=_memory(),
            system=platform.platform(),
            python=platform.python_version(),
        )

    def line(self) -> str:
        """One line for people."""
        memory = "" if self.memory_gib is None else f", {self.memory_gib:.0f} GiB"
        return f"{self.processor}, {self.cores} cores{memory}, {self.system}, Python {self.python}"


def _memory() -> float | None:
    told = _told(_MEMORY, "MemTotal").split()
    return round(int(told[0]) / 2**20, 1) if told else None


def _told(path: Path, key: str) -> str:
    """What a file of /proc says after a key; empty where it says nothing."""
    if not path.exists():
        return ""
    for line in path.read_text("utf-8", "replace").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == key:
            return value.strip()
    return ""
