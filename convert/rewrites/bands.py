"""Convolutions on bands of rows, as a batch: the same products, with a fraction of the pointers.

XNNPACK's pointer table serves one picture and is used again for every picture of a batch. So the H rows of a feature
map are cut into N bands of H/N rows, which is a RESHAPE `(1, H, W, C)` to `(N, H/N, W, C)`; each band is given the last
rows of the one above and the first of the one below, which the taps reach; the first and the last are given zeros, as
SAME padding would; and the convolution runs without padding over rows. Joining the bands again is a RESHAPE.

What this buys: the table of a k x k convolution is k*k*H*W/N pointers. What it costs is copying the map once, with its
edges. No product is added, so that it pays where tiles are full and folding columns would add zeros
(`convert.rewrites.cost`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from convert.flatbuffer import Flatbuffer, Op
from convert.rewrites.forms import POINTWISE, FormRewrite


def split_bands(file: Flatbuffer, bands: Mapping[int, int]) -> None:
    """Rewrite convolutions in place.

    Args:
        file: A float32 file.
        bands: For each convolution (the tensor that it computes), in how many bands its rows are cut; a divisor of
            its height, with bands at least as high as half of the taps. Convolutions are of stride 1, SAME padding
            and odd sides.
    """
    _Splitting(file, bands).run()


class _Splitting(FormRewrite):
    suffix = "bands"
    followers = POINTWISE | {"CONCATENATION"}

    def shape_in_form(self, shape: tuple[int, ...], count: int) -> tuple[int, ...]:
        _, height, width, maps = shape
        return count, height // count, width, maps

    def convolve(self, op: Op, count: int) -> None:
        source, *constants = (int(index) for index in op.raw.inputs)
        _, rows, columns, _ = self.edit.shape(constants[0])
        padded = self._with_edges(self.in_form(source, count), rows // 2, columns // 2)
        op.raw.inputs = np.array([padded, *constants], np.int32)
        op.raw.builtinOptions.padding = schema.Padding.VALID

    def _with_edges(self, cut: int, rows: int, columns: int) -> int:
        """Bands with `rows` of their neighbours' rows above and below, and `columns` of zeros on both sides."""
        count, height, width, maps = self.edit.shape(cut)
        above = self._slice(cut, (0, height - rows), (count - 1, height), f"above{rows}")
        below = self._slice(cut, (1, 0), (count, rows), f"below{rows}")
        above = self._pad(above, [(1, 0), (0, 0)], f"above{rows}_first")
        below = self._pad(below, [(0, 1), (0, 0)], f"below{rows}_last")
        tall = self.edit.tensor(self._name(cut, f"rows{rows}"), (count, height + 2 * rows, width, maps))
        self.order.append(self.edit.join((above, cut, below), 1, tall))
        return self._pad(tall, [(0, 0), (0, 0), (columns, columns)], f"rows{rows}_padded")

    def _slice(self, source: int, begin: tuple[int, int], end: tuple[int, int], name: str) -> int:
        """Part of a map along its first two axes."""
        _, _, *rest = self.edit.shape(source)
        shape = (end[0] - begin[0], end[1] - begin[1], *rest)
        places = [np.array(values, np.int32) for values in ((*begin, 0, 0), (*end, *rest), (1, 1, 1, 1))]
        constants = [self.edit.constant(self._name(source, f"{name}/places"), values) for values in places]
        part = self.edit.tensor(self._name(source, name), shape)
        options = schema.StridedSliceOptionsT()
        kind = schema.BuiltinOptions.StridedSliceOptions
        self.order.append(self.edit.operator("STRIDED_SLICE", 1, (source, *constants), part, kind, options))
        return part

    def _pad(self, source: int, padding: Sequence[tuple[int, int]], name: str) -> int:
        """A map with zeros before and after, along its first axes."""
        self.order.append(self.edit.pad(source, padding, self._name(source, name)))
        return int(self.order[-1].outputs[0])

    def _name(self, index: int, part: str) -> str:
        return f"{self.file.tensor_name(index)}/{part}"
