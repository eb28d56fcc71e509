"""Convolutions on bands of rows, as a batch: the same products, with a fraction of the pointers.

XNNPACK's pointer table serves one picture and is used again for every picture of a batch. So the H rows of a feature
map are cut into N bands of H/N rows, which is a RESHAPE `(1, H, W, C)` to `(N, H/N, W, C)`; each band is given the last
rows of the one above and the first of the one below, which the taps reach; the first and the last are given zeros, as
SAME padding would; and the convolution runs without padding over rows. Joining the bands again is a RESHAPE.

What this buys: the table of a k x k convolution is k*k*H*W/N pointers. What it costs is copying the map once, with its
edges. No product is added, so that it pays where tiles are full and folding columns would add zeros
(`convert.rewrites.cost`). In float, bands may also be computed in halves (`convert.rewrites.halves`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from convert.flatbuffer import Flatbuffer, Op
from convert.rewrites.forms import POINTWISE, FormRewrite
from convert.rewrites.halves import Halves


def split_bands(file: Flatbuffer, bands: Mapping[int, int], halved: Collection[int] = ()) -> None:
    """Rewrite convolutions in place.

    Args:
        file: A float32 file.
        bands: For each convolution (the tensor that it computes), in how many bands its rows are cut; a divisor of
            its height, with bands at least as high as half of the taps. Convolutions are of stride 1, SAME padding
            and odd sides.
        halved: Those of them that are computed in halves; these have constant weights, no activation, and an even
            width.
    """
    _Splitting(file, bands, halved).run()


class _Splitting(FormRewrite):
    suffix = "bands"
    followers = POINTWISE | {"CONCATENATION"}

    def __init__(self, file: Flatbuffer, counts: Mapping[int, int], halved: Collection[int]) -> None:
        super().__init__(file, counts)
        self._halved = frozenset(halved)
        self._tall: dict[tuple[int, int], int] = {}

    def shape_in_form(self, shape: tuple[int, ...], count: int) -> tuple[int, ...]:
        _, height, width, maps = shape
        return count, height // count, width, maps

    def convolve(self, op: Op, count: int) -> Any:
        source, *constants = (int(index) for index in op.raw.inputs)
        _, rows, columns, _ = self.edit.shape(constants[0])
        tall = self._with_edges(self.in_form(source, count), rows // 2)
        if int(op.raw.outputs[0]) in self._halved:
            *before, last = self._halves(op, count).convolve(tall)
            self.order += before
            return last
        padded = self._pad(tall, [(0, 0), (0, 0), (columns // 2, columns // 2)], f"columns{columns // 2}")
        op.raw.inputs = np.array([padded, *constants], np.int32)
        op.raw.builtinOptions.padding = schema.Padding.VALID
        return op.raw

    def _halves(self, op: Op, count: int) -> Halves:
        weights, bias = (self.file.constant(int(index)) for index in op.raw.inputs[1:])
        return Halves(self.edit, self._name(int(op.raw.outputs[0]), f"{self.suffix}{count}"), weights, bias)

    def _with_edges(self, cut: int, rows: int) -> int:
        """Bands with so many of their neighbours' rows above and below; made once for all readers."""
        if (cut, rows) not in self._tall:
            self._tall[cut, rows] = self._extended(cut, rows)
        return self._tall[cut, rows]

    def _extended(self, cut: int, rows: int) -> int:
        count, height, width, maps = self.edit.shape(cut)
        name = f"rows{rows}"
        above = self._part(cut, (0, height - rows), (count - 1, height), f"above{rows}")
        below = self._part(cut, (1, 0), (count, rows), f"below{rows}")
        above = self._pad(above, [(1, 0), (0, 0)], f"above{rows}_first")
        below = self._pad(below, [(0, 1), (0, 0)], f"below{rows}_last")
        tall = self.edit.tensor(self._name(cut, name), (count, height + 2 * rows, width, maps))
        self.order.append(self.edit.join((above, cut, below), 1, tall))
        return tall

    def _part(self, source: int, begin: tuple[int, int], end: tuple[int, int], name: str) -> int:
        """Part of a map along its first two axes."""
        self.order.append(self.edit.part(source, begin, end, self._name(source, name)))
        return int(self.order[-1].outputs[0])

    def _pad(self, source: int, padding: Sequence[tuple[int, int]], name: str) -> int:
        """A map with zeros before and after, along its first axes."""
        self.order.append(self.edit.pad(source, padding, self._name(source, name)))
        return int(self.order[-1].outputs[0])

    def _name(self, index: int, part: str) -> str:
        return f"{self.file.tensor_name(index)}/{part}"
