"""Transposed convolutions as plain ones whose maps are the pixels in between (Shi et al., arXiv 1609.05158).

A transposed convolution of 3 x 3 taps with stride 2 and SAME padding computes, of the maps x and for each of two
neighbouring rows (and, in the same way, columns),

    y[2i] = K[0] x[i] + K[2] x[i - 1]        y[2i + 1] = K[1] x[i]

Each is a convolution of stride 1. Here one makes the even rows and one the odd ones, both columns of a pair as maps of
one pixel: `(1, H, W, 2n)` *is* `(1, H, 1, 2W*n)` in memory, and joining the two along the third axis and reading that
as `(1, 2H, 2W, n)` puts the rows in turn. No other operation is needed than CONV_2D, PAD, RESHAPE and CONCATENATION,
which every runtime has in every type; DEPTH_TO_SPACE does not exist for 16 bits.

What this buys: kernels for transposed convolutions are slow, in 8 bits on XNNPACK most of all. What it costs: three
products with zeros for nine others. A map's four pixels have scales of their own in integers, none coarser than the one
that the map's kernel would have.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from convert.flatbuffer import Flatbuffer, Op
from convert.rewrites.editing import Editor

_SIDE, _STRIDE = 3, 2
_NO_TAP = _SIDE  # the place of zeros behind the taps
_BEFORE_AND_HERE = ((2, 0), (_NO_TAP, 1))
"""The taps on the last pixel and on this one, of the even pixel and of the odd one."""
_ROWS = ((2, 0), (1,))
"""Of rows likewise, where the odd one needs no pixel but this."""
_FORM = "phases2"

Kernel = NDArray[np.float32]


def make_subpixel(file: Flatbuffer) -> None:
    """Rewrite every transposed convolution of 3 x 3 taps, stride 2 and SAME padding, in place.

    Args:
        file: A float32 file. Those of other sides or strides, with a fused activation, or with weights that are no
            constants stay as they are.
    """
    _Subpixel(file).run()


def row_kernel(weights: Kernel, odd: int) -> Kernel:
    """The kernel that makes the even rows (0) or the odd ones (1) of a transposed convolution's result.

    Args:
        weights: `(n, 3, 3, C)`, as TRANSPOSE_CONV has it.
        odd: 0 or 1.

    Returns:
        `(2n, 2, 2, C)` or `(2n, 1, 2, C)`: the maps of the even columns, then those of the odd ones.
    """
    maps_out, *_, maps_in = weights.shape
    rows = weights[:, _ROWS[odd], :, :]
    rows = np.concatenate([rows, np.zeros_like(rows[:, :, :1])], axis=2)
    columns = [rows[:, :, taps, :] for taps in _BEFORE_AND_HERE]
    return np.stack(columns).reshape(2 * maps_out, len(_ROWS[odd]), 2, maps_in)


class _Subpixel:
    def __init__(self, file: Flatbuffer) -> None:
        self.file = file
        self.edit = Editor(file)
        self.order: list[Any] = []
        self._padded: dict[tuple[int, int], int] = {}

    def run(self) -> None:
        for op in list(self.file.ops()):
            if self._fits(op):
                self._rewrite(op)
            else:
                self.order.append(op.raw)
        self.file.graph.operators = self.order
        self.edit.tidy()

    def _fits(self, op: Op) -> bool:
        if op.name != "TRANSPOSE_CONV" or not all(self.file.is_constant(int(one)) for one in self._constants(op)):
            return False
        options = op.raw.builtinOptions
        source, weights = (self.edit.shape(int(op.raw.inputs[place])) for place in (2, 1))
        return (
            weights[1:3] == (_SIDE, _SIDE)
            and {options.strideH, options.strideW} == {_STRIDE}
            and options.padding == schema.Padding.SAME
            and options.fusedActivationFunction == schema.ActivationFunctionType.NONE
            and self.edit.shape(int(op.raw.outputs[0]))[1:3] == (_STRIDE * source[1], _STRIDE * source[2])
        )

    def _constants(self, op: Op) -> Sequence[int]:
        """Weights, and the bias if there is one."""
        return [
            int(op.raw.inputs[place]) for place in (1, 3) if place < len(op.raw.inputs) and op.raw.inputs[place] >= 0
        ]

    def _rewrite(self, op: Op) -> None:
        source, target = int(op.raw.inputs[2]), int(op.raw.outputs[0])
        weights, *bias = (self.file.constant(index) for index in self._constants(op))
        per_map = bias[0] if bias else np.zeros(weights.shape[0], np.float32)
        rows = [self._row(source, target, row_kernel(weights, odd), np.tile(per_map, 2), odd) for odd in (0, 1)]
        _, height, width, maps = self.edit.shape(target)
        joined = self.edit.tensor(self._name(target), (1, height // 2, 2, width * maps))
        self.order += [self.edit.join(rows, 2, joined), self.edit.reshape(joined, target)]

    def _row(self, source: int, target: int, kernel: Kernel, bias: Kernel, odd: int) -> int:
        """Every second row of the result, flat: `(1, H, 1, 2W*n)`."""
        _, height, width, _ = self.edit.shape(source)
        name = f"{self._name(target)}/row{odd}"
        self.order.append(self.edit.convolution(self._with_edge(source, odd), kernel, bias, name))
        made = int(self.order[-1].outputs[0])
        flat = self.edit.tensor(f"{name}/flat", (1, height, 1, width * len(bias)))
        self.order.append(self.edit.reshape(made, flat))
        return flat

    def _with_edge(self, source: int, odd: int) -> int:
        """A map with a column of zeros before it, and for even rows a row of them above; made once for all readers."""
        if (source, odd) not in self._padded:
            padding = [(0, 0), (1 - odd, 0), (1, 0)]
            self.order.append(self.edit.pad(source, padding, f"{self._name(source)}/edge{odd}"))
            self._padded[source, odd] = int(self.order[-1].outputs[0])
        return self._padded[source, odd]

    def _name(self, index: int) -> str:
        return f"{self.file.tensor_name(index)}/{_FORM}"
