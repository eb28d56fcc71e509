"""What the converter's quantizer leaves undone for 16-bit activations, so that the file runs and is right.

It refuses products with constants, and stores other constants in 8 bits: constants are made inputs before it runs, and
constants of 16 bits afterwards. Its zero points can be -1, which kernels refuse: ranges are made symmetric before and
zero points 0 after. Its biases have 32 bits, which the kernels of LiteRT 2.3 read as 64: they are widened. Its LOGISTIC
has a scale of 1/65536, for which there is no kernel: they all give 1/32768.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from convert.flatbuffer import Flatbuffer, Op

_LARGEST = 32767
_CONV_WITH_INT64_BIAS = 4
_GENERAL_SCALES = {"ADD": 3, "SUB": 5}
_BIAS = {"CONV_2D": 2, "TRANSPOSE_CONV": 3}
_SIGMOID_SCALE = 1 / 32768
_ELEMENTWISE = frozenset({"ADD", "SUB", "MUL"})
_SMALLEST = float(np.finfo(np.float32).tiny)


def prepare_int16(file: Flatbuffer) -> list[NDArray[np.float32]]:
    """Make every calibrated range symmetric about zero, and the float constants of sums and products inputs.

    Returns:
        The constants' values, in the order of the inputs that were added behind the first.
    """
    for tensor in file.graph.tensors:
        noted = tensor.quantization
        if noted is not None and noted.min is not None and len(noted.min) == 1:
            _set_symmetric(tensor, max(abs(float(noted.min[0])), abs(float(noted.max[0]))))
    lifted = sorted({int(index) for op in file.ops() for index in _float_constants(file, op)})
    values = [file.constant(index) for index in lifted]
    for index, constant in zip(lifted, values, strict=True):
        tensor = file.tensor(index)
        tensor.buffer = 0
        tensor.quantization = schema.QuantizationParametersT()
        _set_symmetric(tensor, max(float(np.abs(constant).max()), _SMALLEST))
    file.graph.inputs = np.array([*file.graph.inputs, *lifted], np.int32)
    return values


def finish_int16(file: Flatbuffer, constants: list[NDArray[np.float32]]) -> Flatbuffer:
    """Mend a 16-bit file of the converter: constants, zero points, biases and versions.

    Args:
        file: What the converter made of a prepared file.
        constants: What `prepare_int16` returned.
    """
    for place, tensor in enumerate(file.graph.tensors):
        if file.type_name(place) == "int16":
            tensor.quantization.zeroPoint = np.zeros_like(tensor.quantization.zeroPoint)
    _lower_constants(file, constants)
    for op in list(file.ops()):
        if op.name in _BIAS:
            _widen_bias(file, op)
        if op.name in _GENERAL_SCALES and file.type_name(op.raw.outputs[0]) == "int16":
            op.raw.builtinOptions.potScaleInt16 = False
            file.set_version(op, _GENERAL_SCALES[op.name])
        if op.name == "LOGISTIC" and file.type_name(op.raw.outputs[0]) == "int16":
            file.tensor(op.raw.outputs[0]).quantization.scale = np.array([_SIGMOID_SCALE], np.float32)
    file.drop_unused()
    return file


def _lower_constants(file: Flatbuffer, constants: list[NDArray[np.float32]]) -> None:
    """Give the inputs that stand for constants their values again, and take away the steps that quantize them."""
    lifted = dict(zip((int(index) for index in file.graph.inputs[1:]), constants, strict=True))
    file.graph.inputs = file.graph.inputs[:1]
    kept = []
    for op in file.ops():
        values = lifted.get(int(op.raw.inputs[0])) if op.name == "QUANTIZE" else None
        if values is None:
            kept.append(op.raw)
            continue
        target = int(op.raw.outputs[0])
        scale = float(file.tensor(target).quantization.scale[0])
        file.set_constant(target, np.clip(np.rint(values / scale), -_LARGEST, _LARGEST).astype(np.int16))
    file.graph.operators = kept
    for index, values in lifted.items():  # those that a recipe left in float
        file.set_constant(index, values)


def _float_constants(file: Flatbuffer, op: Op) -> list[int]:
    if op.name not in _ELEMENTWISE:
        return []
    return [index for index in op.raw.inputs if file.type_name(index) == "float32" and file.is_constant(index)]


def _set_symmetric(tensor: Any, largest: float) -> None:
    tensor.quantization.min = np.array([-largest], np.float32)
    tensor.quantization.max = np.array([largest], np.float32)


def _widen_bias(file: Flatbuffer, op: Op) -> None:
    place = _BIAS[op.name]
    if len(op.raw.inputs) <= place or file.type_name(op.raw.inputs[place]) != "int32":
        return
    index = int(op.raw.inputs[place])
    file.set_constant(index, file.constant(index).astype(np.int64))
    if op.name == "CONV_2D":
        op.raw.builtinOptions.quantizedBiasType = 0
        file.set_version(op, _CONV_WITH_INT64_BIAS)
