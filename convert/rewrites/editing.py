"""What rewrites need to change a graph: new tensors, constants and reshapes, and a tidy end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from convert.flatbuffer import Flatbuffer

INT8 = -128, 127
"""The least and the largest 8-bit integer."""
_UNSHARED = 0  # the buffer of what is computed
_ARITHMETIC_OF_8_BITS = 2  # the version of ADD, MUL and SUB that takes int8


class Editor:
    """Adds to the graph of a file; operations are returned, to be put where they belong.

    Args:
        file: The file, changed in place.
    """

    def __init__(self, file: Flatbuffer) -> None:
        self.file = file
        self._constants: dict[tuple[str, tuple[int, ...], bytes], int] = {}

    def shape(self, index: int) -> tuple[int, ...]:
        """A tensor's shape."""
        shape = self.file.tensor(index).shape
        return () if shape is None else tuple(int(side) for side in shape)

    def tensor(self, name: str, shape: Sequence[int], kind: int = schema.TensorType.FLOAT32) -> int:
        """The place of a new tensor that some operation computes, of one of the schema's types."""
        tensor = schema.TensorT()
        tensor.name, tensor.shape = name.encode(), np.array(shape, np.int32)
        tensor.type, tensor.buffer = kind, _UNSHARED
        self.file.graph.tensors.append(tensor)
        return len(self.file.graph.tensors) - 1

    def set_scale(self, index: int, scale: float, zero: int) -> None:
        """Let a tensor hold integers `q` that stand for `scale * (q - zero)`."""
        noted = schema.QuantizationParametersT()
        noted.scale, noted.zeroPoint = np.array([scale], np.float32), np.array([zero], np.int64)
        self.file.tensor(index).quantization = noted

    def constant(self, name: str, values: NDArray[Any]) -> int:
        """The place of a constant; one that was added before if it is the same to the bit."""
        key = (values.dtype.name, values.shape, values.tobytes())
        if key not in self._constants:
            self._constants[key] = self.tensor(name, values.shape)
            self.file.set_constant(self._constants[key], values)
        return self._constants[key]

    def reshape(self, source: int, target: int) -> Any:
        """An operation that gives `target`, with its shape, the values of `source`."""
        shape = np.array(self.shape(target), np.int32)
        constant = self.constant(f"{self.file.tensor_name(target)}/shape", shape)
        options = schema.ReshapeOptionsT()
        options.newShape = shape
        return self.operator("RESHAPE", 1, (source, constant), target, schema.BuiltinOptions.ReshapeOptions, options)

    def pad(self, source: int, padding: Sequence[tuple[int, int]], name: str) -> Any:
        """An operation that gives a new tensor: a map with zeros before and after it, along its first axes."""
        full = np.array([*padding, *[(0, 0)] * (4 - len(padding))], np.int32)
        padded = self.tensor(name, (np.array(self.shape(source)) + full.sum(axis=1)).tolist())
        constant = self.constant(f"{name}/padding", full)
        return self.operator(
            "PAD", 1, (source, constant), padded, schema.BuiltinOptions.PadOptions, schema.PadOptionsT()
        )

    def join(self, sources: Sequence[int], axis: int, target: int) -> Any:
        """An operation that gives `target` the values of `sources`, one behind the other along an axis."""
        options = schema.ConcatenationOptionsT()
        options.axis = axis
        return self.operator("CONCATENATION", 1, sources, target, schema.BuiltinOptions.ConcatenationOptions, options)

    def part(self, source: int, begin: Sequence[int], end: Sequence[int], name: str) -> Any:
        """An operation that gives a new tensor: part of a map along its first axes, from `begin` up to `end`."""
        shape = self.shape(source)
        first = np.array([*begin, *[0] * (len(shape) - len(begin))], np.int32)
        last = np.array([*end, *shape[len(end) :]], np.int32)
        places = [self.constant(f"{name}/places", one) for one in (first, last, np.ones_like(first))]
        taken = self.tensor(name, (last - first).tolist())
        options, kind = schema.StridedSliceOptionsT(), schema.BuiltinOptions.StridedSliceOptions
        return self.operator("STRIDED_SLICE", 1, (source, *places), taken, kind, options)

    def convolution(self, source: int, weights: NDArray[Any], bias: NDArray[Any], name: str, columns: int = 1) -> Any:
        """An operation that gives a new tensor: a convolution without padding.

        Args:
            source: A map `(B, H, W, C)`.
            weights: `(n, k, t, C)`.
            bias: `(n,)`.
            name: Of the new tensor.
            columns: Stride and dilation of columns: taps and results are so many columns apart.
        """
        batch, height, width, _ = self.shape(source)
        maps, rows, taps, _ = weights.shape
        made = self.tensor(name, (batch, height - rows + 1, -(-(width - columns * (taps - 1)) // columns), maps))
        options = schema.Conv2DOptionsT()
        options.padding = schema.Padding.VALID
        options.strideH = options.dilationHFactor = 1
        options.strideW = options.dilationWFactor = columns
        constants = [self.constant(f"{name}/{what}", one) for what, one in (("weights", weights), ("bias", bias))]
        return self.operator("CONV_2D", 1, (source, *constants), made, schema.BuiltinOptions.Conv2DOptions, options)

    def operator(self, name: str, version: int, inputs: Sequence[int], output: int, kind: int, options: Any) -> Any:
        """An operation with one output and its options, of the schema's `kind`."""
        raw = schema.OperatorT()
        raw.opcodeIndex = self.file.op_code(name, version)
        raw.inputs, raw.outputs = np.array(inputs, np.int32), np.array([output], np.int32)
        raw.builtinOptionsType, raw.builtinOptions = kind, options
        return raw

    def arithmetic(self, name: str, one: int, other: int, target: int, relu: bool = False) -> Any:
        """An ADD, MUL or SUB of 8-bit tensors, which may have a ReLU fused into it."""
        options = getattr(schema, f"{name.title()}OptionsT")()
        if relu:
            options.fusedActivationFunction = schema.ActivationFunctionType.RELU
        if name != "MUL":
            options.potScaleInt16 = False
        kind = getattr(schema.BuiltinOptions, f"{name.title()}Options")
        return self.operator(name, _ARITHMETIC_OF_8_BITS, (one, other), target, kind, options)

    def tidy(self) -> None:
        """Forget tensors that no operation uses any more, with their constants."""
        graph = self.file.graph
        used = {int(index) for raw in graph.operators for index in (*raw.inputs, *raw.outputs)}
        kept = sorted((used | {int(index) for index in (*graph.inputs, *graph.outputs)}) - {-1})
        places = {index: place for place, index in enumerate(kept)} | {-1: -1}
        graph.tensors = [graph.tensors[index] for index in kept]
        for raw in graph.operators:
            raw.inputs, raw.outputs = _moved(raw.inputs, places), _moved(raw.outputs, places)
        graph.inputs, graph.outputs = _moved(graph.inputs, places), _moved(graph.outputs, places)
        self.file.model.signatureDefs = []
        self.file.drop_unused()


def _moved(indices: Sequence[int], places: dict[int, int]) -> NDArray[np.int32]:
    return np.array([places[int(index)] for index in indices], np.int32)
