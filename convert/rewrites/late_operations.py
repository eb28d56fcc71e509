"""Order of operations for a low peak of memory: what makes more than it frees runs only when its result is needed.

The converter keeps the order in which the network was written, so that the resized photo (the largest tensor of all)
is made first and kept until the last operation needs it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from convert.flatbuffer import Flatbuffer


def make_late(file: Flatbuffer) -> None:
    """Move each operation just before the first that reads its result, unless it frees more memory than it takes.

    Results do not change: only the order among operations that do not read each other's results does.
    """
    kept = set(file.graph.inputs) | set(file.graph.outputs)
    order: list[_Step] = []
    for raw in reversed(file.graph.operators):
        step = _Step(raw, frozenset(index for index in raw.inputs if index >= 0 and not file.is_constant(index)))
        place = step.first_reader(order)
        held = step.reads - kept - frozenset().union(*(later.reads for later in order[place:]))
        takes, frees = (sum(_bytes(file, index) for index in indices) for indices in (raw.outputs, held))
        order.insert(place if takes >= frees else 0, step)
    file.graph.operators = [step.raw for step in order]


@dataclass(frozen=True)
class _Step:
    """An operation and the tensors that it reads, constants aside."""

    raw: Any
    reads: frozenset[int]

    def first_reader(self, order: Sequence[_Step]) -> int:
        """The place of the first step that reads its results; 0 if none does."""
        results = set(self.raw.outputs)
        return next((place for place, later in enumerate(order) if results & later.reads), 0)


def _bytes(file: Flatbuffer, index: int) -> int:
    shape = file.tensor(index).shape
    return math.prod(shape if shape is not None else ()) * np.dtype(file.type_name(index)).itemsize
