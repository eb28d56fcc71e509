"""The tensors of an .onnx file, read by making them outputs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray

from convert.reporting.layers.tapping import NHWC_TO_NCHW, maps_first, run_tapped
from convert.reporting.layers.tensors import Tensor
from convert.runners import BOKEH, PHOTO

_BIAS = 2
_QUANTIZE, _DEQUANTIZE = "QuantizeLinear", "DequantizeLinear"


class OnnxGraph:
    """A `Graph` of an .onnx file in onnxruntime, with its sizes as they are for one photo.

    What is rounded to integers and back at once is read behind those two steps, which are no tensors of their own: so
    it has its error, and onnxruntime fuses the steps into integer operations as ever.

    Args:
        path: The file.
        shape: Of its input `(1, H/2, W/2, C)`.
        threads: For the runtime.
    """

    output = BOKEH

    def __init__(self, path: Path, shape: Sequence[int], threads: int) -> None:
        self.name = path.name
        self._threads = threads
        self._model = onnx.load(path)
        inferred = onnx.shape_inference.infer_shapes(_at_size(self._model, shape), data_prop=True).graph
        shapes = {value.name: _shape(value) for value in (*inferred.value_info, *inferred.output)}
        constants = {tensor.name for tensor in inferred.initializer}
        computed = []
        for node in inferred.node:
            if all(name in constants for name in node.input if name):
                constants.update(node.output)
            else:
                computed.append(node)
        self._rounded = _rounded(computed)
        steps = {name for pair in self._rounded.values() for name in pair}
        renamed = {pair[-1]: name for name, pair in self._rounded.items()}
        self.tensors = [
            Tensor(
                name=node.output[0],
                op=node.op_type,
                shape=shapes.get(node.output[0], ()),
                reads=tuple(renamed.get(name, name) for name in node.input if name and name not in constants),
                has_bias=len(node.input) > _BIAS and bool(node.input[_BIAS]),
            )
            for node in computed
            if node.output[0] not in steps
        ]

    def read(self, photo: NDArray[np.float32], names: Sequence[str], folder: Path) -> Iterator[NDArray[np.float32]]:
        """Write a copy of the file whose outputs the tensors are, and run it in a process of its own.

        Raises:
            RuntimeFailedError: onnxruntime refuses the copy, or its process dies.
        """
        tapped = onnx.ModelProto()
        tapped.CopyFrom(self._model)
        del tapped.graph.output[:]
        taken = (self._rounded[name][-1] if name in self._rounded else name for name in names)
        tapped.graph.output.extend(onnx.ValueInfoProto(name=name) for name in taken)
        path = folder / "tapped.onnx"
        onnx.save(tapped, path)
        yield from run_tapped(path, "onnxruntime", self._threads, photo, len(names), folder)


def _rounded(nodes: Sequence[onnx.NodeProto]) -> dict[str, tuple[str, str]]:
    """What QuantizeLinear and DequantizeLinear make of each tensor that nothing else reads."""
    readers: dict[str, list[onnx.NodeProto]] = defaultdict(list)
    for node in nodes:
        for name in node.input:
            readers[name].append(node)
    found = {}
    for node in nodes:
        quantizers = readers[node.output[0]]
        if [one.op_type for one in quantizers] != [_QUANTIZE]:
            continue
        integers = quantizers[0].output[0]
        if [one.op_type for one in readers[integers]] == [_DEQUANTIZE]:
            found[node.output[0]] = (integers, readers[integers][0].output[0])
    return found


def _at_size(model: onnx.ModelProto, shape: Sequence[int]) -> onnx.ModelProto:
    """A copy of a model whose free sizes are those of one photo."""
    fixed = onnx.ModelProto()
    fixed.CopyFrom(model)
    for value in fixed.graph.input:
        if value.name == PHOTO:
            sides = [dimension.dim_value or None for dimension in value.type.tensor_type.shape.dim]
            turned = [shape[axis] for axis in NHWC_TO_NCHW] if maps_first(sides) else shape
            for side, dimension in zip(turned, value.type.tensor_type.shape.dim, strict=True):
                dimension.dim_value = side
    return fixed


def _shape(value: onnx.ValueInfoProto) -> tuple[int, ...]:
    return tuple(dimension.dim_value for dimension in value.type.tensor_type.shape.dim)
