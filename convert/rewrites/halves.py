"""Convolutions with fewer products: columns in pairs (Mou and Duhamel, IEEE Trans. Signal Processing 39(6), 1991).

With taps h[-r] ... h[r] over the columns x of a map, those of even places E[e] = h[2e], of odd ones O[e] = h[2e + 1],
and every second column of the sums

    A[m] = sum of E[e] x[2m + 2e + 1]       B[m] = sum of O[e] x[2m + 2e]
    C[m] = sum of (E + O)[e] s[m + e]       s[m] = x[2m] + x[2m + 1]

two neighbouring columns of the result are

    y[2m] = C[m] - A[m] - B[m]        y[2m + 1] = A[m] + B[m + 1]

A, B and C have half of the columns, and taken together 14 columns of taps instead of 2 x 9 (11 of 14, 8 of 10 for sides
of 7 and 5): up to 22 % of the products are saved, over all rows and maps, for a few sums. A and B read the map with a
stride and a dilation of two columns; s is a mean of two columns, for which C's taps are doubled. Even and odd columns
joined as maps, `(B, H, W/2, 2n)`, *are* the result `(B, H, W, n)`.

In float the result is the same but for the rounding of these sums. In integers it is not: s and the differences would
need ranges of their own and be rounded to them. So this is for files whose convolutions compute in float.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from convert.rewrites.editing import Editor

_PAIR = 2
Kernel = NDArray[np.float32]


@dataclass(frozen=True)
class Taps:
    """Columns of taps of A, B and C for a convolution of 2r + 1 of them.

    Attributes:
        reach: r.
    """

    reach: int

    @property
    def even(self) -> int:
        """A's: those of even places."""
        return 2 * (self.reach // 2) + 1

    @property
    def odd(self) -> int:
        """B's: those of odd places."""
        return 2 * ((self.reach + 1) // 2)

    @property
    def both(self) -> int:
        """C's: all places e that one of them has."""
        return self.reach + 1

    @property
    def all(self) -> int:
        """Of all three; beside 2 * (2r + 1) for two columns without."""
        return self.even + self.odd + self.both

    def of_row(self, half: int) -> int:
        """Taps that all three use for a row of `2 * half` pixels; B computes one pixel more than the others."""
        return self.even * half + self.odd * (half + 1) + self.both * half


def half_kernels(weights: Kernel) -> tuple[Kernel, Kernel, Kernel]:
    """The kernels of A, B and C, the last one for means: `(n, k, 2r + 1, C)` to three with fewer columns of taps."""
    reach = weights.shape[2] // 2
    taps = Taps(reach)
    even, odd = weights[:, :, reach % 2 :: 2], weights[:, :, 1 - reach % 2 :: 2]
    both = np.zeros((*weights.shape[:2], taps.both, weights.shape[3]), weights.dtype)
    both[:, :, taps.both - taps.even :] += even
    both[:, :, : taps.odd] += odd
    return even, odd, _PAIR * both


class Halves:
    """A convolution in halves.

    Args:
        edit: Adds to the file.
        name: Of the result; names of what leads there begin with it.
        weights: `(n, k, 2r + 1, C)` with r of 2 or more.
        bias: `(n,)`.
    """

    def __init__(self, edit: Editor, name: str, weights: Kernel, bias: Kernel) -> None:
        self._edit = edit
        self._name = name
        self._reach = weights.shape[2] // 2
        self._kernels = half_kernels(weights)
        self._bias = bias
        self._made: list[Any] = []

    def convolve(self, source: int) -> list[Any]:
        """The operations that compute the convolution; the output of the last is for the caller to set.

        Args:
            source: Maps with all rows that the taps reach, `(B, H + k - 1, W, C)`; W is even.
        """
        even, odd, both = self._kernels
        down, up = self._reach // 2, (self._reach + 1) // 2
        nothing, half = np.zeros_like(self._bias), self._edit.shape(source)[2] // _PAIR
        # C comes first, so that the means are gone before A and B read the map once more
        c = self._convolved(self._means(source), (up, down), both, 2 * self._bias, "both", 1)
        a = self._convolved(source, (2 * down - 1, 2 * down), even, nothing, "even", _PAIR)
        b = self._convolved(source, (2 * up, 2 * up - 1), odd, self._bias, "odd", _PAIR)
        lower = self._pointwise("ADD", a, self._part(b, 1, half, "odd_after"), "second")
        b = self._part(b, 0, half, "odd_here")
        upper = self._pointwise("SUB", self._pointwise("SUB", c, a, "less"), b, "first")
        count, height, _, maps = self._edit.shape(upper)
        joined = self._edit.tensor(f"{self._name}/columns", (count, height, half, _PAIR * maps))
        result = self._edit.tensor(self._name, (count, height, _PAIR * half, maps))
        return [*self._made, self._edit.join((upper, lower), 3, joined), self._edit.reshape(joined, result)]

    def _means(self, source: int) -> int:
        """Means of two neighbouring columns, from the first on."""
        count, height, width, maps = self._edit.shape(source)
        means = self._edit.tensor(f"{self._name}/means", (count, height, width // _PAIR, maps))
        options = schema.Pool2DOptionsT()
        options.padding = schema.Padding.VALID
        options.filterWidth = options.strideW = _PAIR
        options.filterHeight = options.strideH = 1
        kind = schema.BuiltinOptions.Pool2DOptions
        return self._add(self._edit.operator("AVERAGE_POOL_2D", 1, (source,), means, kind, options))

    def _convolved(
        self, source: int, zeros: tuple[int, int], weights: Kernel, bias: Kernel, name: str, columns: int
    ) -> int:
        """A convolution of a map with columns of zeros before and after it; runtimes fuse the two."""
        name = f"{self._name}/{name}"
        padded = self._add(self._edit.pad(source, [(0, 0), (0, 0), zeros], f"{name}/padded"))
        return self._add(self._edit.convolution(padded, weights, bias, name, columns))

    def _part(self, source: int, first: int, half: int, name: str) -> int:
        """So many columns of a map from the one on that is named."""
        begin, end = (0, 0, first), (*self._edit.shape(source)[:2], first + half)
        return self._add(self._edit.part(source, begin, end, f"{self._name}/{name}"))

    def _pointwise(self, op: str, one: int, other: int, name: str) -> int:
        target = self._edit.tensor(f"{self._name}/{name}", self._edit.shape(one))
        kind, options = {
            "ADD": (schema.BuiltinOptions.AddOptions, schema.AddOptionsT()),
            "SUB": (schema.BuiltinOptions.SubOptions, schema.SubOptionsT()),
        }[op]
        return self._add(self._edit.operator(op, 1, (one, other), target, kind, options))

    def _add(self, raw: Any) -> int:
        self._made.append(raw)
        return int(raw.outputs[0])
