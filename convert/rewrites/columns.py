"""Convolutions on neighbouring columns at once: the same sums, with fewer pixels and more maps.

In memory a feature map `(1, H, W, C)` *is* the map `(1, H, W/b, b*C)`: b neighbouring columns are one pixel's maps, and
a RESHAPE says so. There, a convolution of k x k taps and n maps becomes one of k x t taps and b*n maps, whose kernel
holds each tap of the old one b times, once for each of the b columns, and zeros. SAME padding adds whole pixels of
zeros on both sides, as before, so that borders are the same too. t = 2 * ceil((k - 1) / (2 * b)) + 1: with 9 columns
of taps and b = 4, t is 3.

What this buys: W/b instead of W pixels and k*t instead of k*k taps in the pointer tables of XNNPACK and in the im2col
buffers of the built-in kernels, and full tiles where n fills half of one. What it costs is the zeros: k*t*b products
for k*k (`convert.rewrites.cost`). It is space-to-depth along one axis, which needs no rearrangement.

The sums have the same terms in the same order, so that float results are the same to the bit on kernels that add
in order of the taps, and the scales of weights for each map are those of the map they were made from.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert.flatbuffer import Flatbuffer, Op
from convert.rewrites.forms import FormRewrite


def fold_columns(file: Flatbuffer, columns: Mapping[int, int]) -> None:
    """Rewrite convolutions, and the pointwise operations that follow them, in place.

    Args:
        file: A float32 file.
        columns: For each convolution (the tensor that it computes), how many columns become one pixel; a divisor
            of its width. Convolutions are of stride 1, SAME padding and odd sides, with constant weights.
    """
    _Folding(file, columns).run()


def fold_kernel(weights: NDArray[np.float32], columns: int) -> NDArray[np.float32]:
    """The kernel on folded columns: `(n, k, k, C)` to `(b*n, k, t, b*C)`, columns before maps in both.

    The output's column o is the old tap d of the input's column o + d; counted in pixels of b columns, that is pixel
    `(o + d) // b`, its column `(o + d) % b`.
    """
    maps_out, rows, side, maps_in = weights.shape
    reach = side // 2
    pixels = -(-reach // columns)
    folded = np.zeros((columns, maps_out, rows, 2 * pixels + 1, columns, maps_in), weights.dtype)
    for column in range(columns):
        for tap in range(side):
            pixel, within = divmod(column + tap - reach, columns)
            folded[column, :, :, pixels + pixel, within] = weights[:, :, tap]
    return folded.reshape(columns * maps_out, rows, 2 * pixels + 1, columns * maps_in)


class _Folding(FormRewrite):
    suffix = "columns"

    def shape_in_form(self, shape: tuple[int, ...], count: int) -> tuple[int, ...]:
        batch, height, width, maps = shape
        return batch, height, width // count, maps * count

    def convolve(self, op: Op, count: int) -> Any:
        source, weights, bias = (int(index) for index in op.raw.inputs)
        inputs = (
            self.in_form(source, count),
            self._constant(weights, fold_kernel(self.file.constant(weights), count), count),
            self._constant(bias, np.tile(self.file.constant(bias), count), count),
        )
        op.raw.inputs = np.array(inputs, np.int32)
        return op.raw

    def _constant(self, plain: int, values: NDArray[np.float32], count: int) -> int:
        return self.edit.constant(f"{self.file.tensor_name(plain)}/{self.suffix}{count}", values)
