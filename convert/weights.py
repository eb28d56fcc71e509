"""Recipes that change weights alone: float16, and int8 with inputs that are quantized at run time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from calib_data.errors import UserError
from convert.flatbuffer import Flatbuffer, Op

_WEIGHTS = {"CONV_2D": 1, "TRANSPOSE_CONV": 1}
_BIAS = {"CONV_2D": 2, "TRANSPOSE_CONV": 3}
_HYBRID_CONV_VERSION = 5
_LARGEST_INT8 = 127
_SMALLEST = _LARGEST_INT8 * np.finfo(np.float32).tiny  # under it a scale would be no normal number
_LARGEST_FLOAT16 = float(np.finfo(np.float16).max)


def store_as_float16(file: Flatbuffer, ops: Iterable[Op]) -> None:
    """Store the weights of convolutions as float16; a DEQUANTIZE before each brings them back.

    Runtimes do that once, when they load the file; GPUs leave it out.

    Raises:
        UserError: A weight is too large for float16 (65,504).
    """
    dequantize = file.op_code("DEQUANTIZE", 3)
    widened: dict[int, int] = {}
    added = []
    for op in ops:
        op.raw.inputs = np.array(op.raw.inputs, np.int32)
        for place in (_WEIGHTS[op.name], _BIAS[op.name]):
            if place >= len(op.raw.inputs) or not file.is_constant(op.raw.inputs[place]):
                continue
            index = int(op.raw.inputs[place])
            if index not in widened:
                widened[index] = _narrow(file, index, op.scope)
                added.append(_operator(dequantize, index, widened[index]))
            op.raw.inputs[place] = widened[index]
    file.graph.operators = added + list(file.graph.operators)
    file.drop_unused()


def store_as_int8(file: Flatbuffer, ops: Iterable[Op]) -> None:
    """Store the weights of convolutions as int8, symmetric and with a scale for each output map; biases stay float.

    The runtime quantizes the input of each by its own range at run time (TensorFlow Lite's dynamic range).
    """
    for op in ops:
        index = int(op.raw.inputs[_WEIGHTS[op.name]])
        weights = file.constant(index)
        scales = per_map_scales(weights)
        integers = np.rint(weights / scales.reshape(-1, 1, 1, 1)).astype(np.int8)
        file.set_constant(index, integers)
        file.tensor(index).quantization = _per_map(scales)
        file.set_version(op, _HYBRID_CONV_VERSION)
    file.drop_unused()


def per_map_scales(weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """The scale of each output map (first axis) at which its largest weight is 127; 1 where all are (next to) zero."""
    largest = np.abs(weights).reshape(len(weights), -1).max(axis=1)
    return np.where(largest > _SMALLEST, largest / _LARGEST_INT8, 1.0).astype(np.float32)


def _narrow(file: Flatbuffer, index: int, scope: str) -> int:
    values = file.constant(index)
    if np.abs(values).max(initial=0.0) > _LARGEST_FLOAT16:
        raise UserError(
            f"a weight of {scope} is {np.abs(values).max():.3g}; float16 ends at {_LARGEST_FLOAT16:.0f}.",
            "Leave that layer in float32 by a rule of the recipe.",
        )
    wide = schema.TensorT()
    original = file.tensor(index)
    wide.name, wide.shape, wide.type, wide.buffer = original.name, original.shape, schema.TensorType.FLOAT32, 0
    file.graph.tensors.append(wide)
    original.name = original.name + b"_float16"
    file.set_constant(index, values.astype(np.float16))
    return len(file.graph.tensors) - 1


def _operator(code: int, source: int, target: int) -> Any:
    operator = schema.OperatorT()
    operator.opcodeIndex = code
    operator.inputs, operator.outputs = np.array([source], np.int32), np.array([target], np.int32)
    operator.builtinOptionsType = schema.BuiltinOptions.DequantizeOptions
    operator.builtinOptions = schema.DequantizeOptionsT()
    return operator


def _per_map(scales: NDArray[np.float32]) -> Any:
    parameters = schema.QuantizationParametersT()
    parameters.scale = scales
    parameters.zeroPoint = np.zeros(len(scales), np.int64)
    parameters.quantizedDimension = 0
    return parameters
