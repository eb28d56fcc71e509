"""Feature maps in another form: the way through the graph that `columns` and `bands` share.

A form is another shape for the same values in the same order, so that a RESHAPE leads from any form to any other.
Convolutions that are rewritten read and make maps in a form; pointwise operations follow it; all others
get the maps as they were.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np

from convert.flatbuffer import Flatbuffer, Op
from convert.rewrites.editing import Editor

FORM = r"/(?:columns|bands|phases)\d+"
"""Pattern of what follows the name of a map in another form; behind a further `/` is what leads there."""
POINTWISE = frozenset({"LEAKY_RELU", "TANH", "RELU", "ADD"})


class FormRewrite(ABC):
    """Rewrites convolutions of a file in place; a subclass says how, and what the form's shape is.

    Args:
        file: A float32 file.
        counts: For each convolution (the tensor that it computes) its form, as a number; 1 and missing ones stay plain.

    Attributes:
        file: The file.
        edit: Adds to it.
        order: The operations so far.
        suffix: Ends the names of tensors in the form, before the number.
        followers: Operations that compute the same in the form, if all that they read has the same height and width.
    """

    suffix: str
    followers = POINTWISE

    def __init__(self, file: Flatbuffer, counts: Mapping[int, int]) -> None:
        self.edit = Editor(file)
        self.order: list[Any] = []
        self.file = file
        self._counts = counts
        self._forms: dict[int, dict[int, int]] = {}  # of each map, the tensors that hold it by form

    @abstractmethod
    def convolve(self, op: Op, count: int) -> Any:
        """The operation that makes a convolution's result in the form; its output is set by the caller."""

    @abstractmethod
    def shape_in_form(self, shape: tuple[int, ...], count: int) -> tuple[int, ...]:
        """The form's shape for a map `(1, H, W, C)`."""

    def run(self) -> None:
        """Go through the graph once."""
        for op in list(self.file.ops()):
            count = self._counts.get(int(op.raw.outputs[0]), 1)
            if count > 1:
                self._make(op, self.convolve(op, count), count)
                continue
            count = self._followed(op)
            op.raw.inputs = np.array([self.in_form(int(index), count) for index in op.raw.inputs], np.int32)
            if count > 1:
                self._make(op, op.raw, count)
            else:
                self.order.append(op.raw)
        for index in self.file.graph.outputs:
            self.in_form(int(index), 1)
        self.file.graph.operators = self.order
        self.edit.tidy()

    def in_form(self, plain: int, count: int) -> int:
        """The tensor that holds a map in a form, by a RESHAPE of what holds it already if there is none yet."""
        held = self._held(plain)
        if count not in held:
            source = next(iter(held.values()))
            held[count] = plain if count == 1 else self._tensor(plain, count)
            self.order.append(self.edit.reshape(source, held[count]))
        return held[count]

    def _followed(self, op: Op) -> int:
        """The form that an operation follows: that of the first map that it reads which is not there plain."""
        places = {self.edit.shape(int(index))[:3] for index in (*op.raw.inputs, *op.raw.outputs)}
        if op.name not in self.followers or len(places) > 1:
            return 1
        held = (self._held(int(index)) for index in op.raw.inputs)
        return next((next(iter(forms)) for forms in held if 1 not in forms), 1)

    def _make(self, op: Op, raw: Any, count: int) -> None:
        """Append `raw`, by which the result of `op` comes in a form."""
        plain = int(op.raw.outputs[0])
        self._forms[plain] = {count: self._tensor(plain, count)}
        raw.outputs = np.array([self._forms[plain][count]], np.int32)
        self.order.append(raw)

    def _held(self, plain: int) -> dict[int, int]:
        return self._forms.setdefault(plain, {1: plain})

    def _tensor(self, plain: int, count: int) -> int:
        name = f"{self.file.tensor_name(plain)}/{self.suffix}{count}"
        return self.edit.tensor(name, self.shape_in_form(self.edit.shape(plain), count))
