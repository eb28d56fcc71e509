"""What the converter's quantizer leaves undone for 16-bit activations, so that the file runs and is right.

Its 16-bit files have zero points of -1, which kernels refuse; biases of 32 bits, which the kernels of LiteRT 2.3
read as 64; and constants of equal values in 8 bits. Ranges are made symmetric before, the rest is mended after.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from convert.flatbuffer import Flatbuffer, Op

_LARGEST = 32767
_CONV_WITH_INT64_BIAS = 4
_GENERAL_SCALES = {"ADD": 3, "SUB": 5}
_BIAS = {"CONV_2D": 2, "TRANSPOSE_CONV": 3}
_WITH_INT8_WEIGHTS = frozenset(_BIAS)


def make_symmetric(file: Flatbuffer) -> dict[str, NDArray[np.float32]]:
    """Make every calibrated range symmetric about zero.

    Returns:
        The float constants by tensor name, from which `finish_int16` makes 16-bit ones.
    """
    for tensor in file.graph.tensors:
        noted = tensor.quantization
        if noted is not None and noted.min is not None and len(noted.min) == 1:
            largest = max(abs(float(noted.min[0])), abs(float(noted.max[0])))
            noted.min, noted.max = np.array([-largest], np.float32), np.array([largest], np.float32)
    places = range(len(file.graph.tensors))
    return {
        file.tensor_name(place): file.constant(place)
        for place in places
        if file.is_constant(place) and file.type_name(place) == "float32"
    }


def finish_int16(file: Flatbuffer, originals: dict[str, NDArray[np.float32]]) -> Flatbuffer:
    """Mend a 16-bit file of the converter: zero points, biases, constants and versions."""
    for place, tensor in enumerate(file.graph.tensors):
        if file.type_name(place) == "int16":
            tensor.quantization.zeroPoint = np.zeros_like(tensor.quantization.zeroPoint)
    for op in list(file.ops()):
        if op.name in _WITH_INT8_WEIGHTS:
            _widen_bias(file, op)
        else:
            _widen_constants(file, op, originals)
        if op.name in _GENERAL_SCALES and file.type_name(op.raw.outputs[0]) == "int16":
            op.raw.builtinOptions.potScaleInt16 = False
            file.set_version(op, _GENERAL_SCALES[op.name])
    file.drop_unused()
    return file


def _widen_bias(file: Flatbuffer, op: Op) -> None:
    place = _BIAS[op.name]
    if len(op.raw.inputs) <= place or file.type_name(op.raw.inputs[place]) != "int32":
        return
    index = int(op.raw.inputs[place])
    file.set_constant(index, file.constant(index).astype(np.int64))
    if op.name == "CONV_2D":
        op.raw.builtinOptions.quantizedBiasType = 0
        file.set_version(op, _CONV_WITH_INT64_BIAS)


def _widen_constants(file: Flatbuffer, op: Op, originals: dict[str, NDArray[np.float32]]) -> None:
    for index in op.raw.inputs:
        if file.type_name(index) != "int8" or not file.is_constant(index):
            continue
        values = originals[file.tensor_name(index)]
        scale = max(float(np.abs(values).max()), float(np.finfo(np.float32).tiny)) / _LARGEST
        file.set_constant(int(index), np.rint(values / scale).astype(np.int16))
        parameters = file.tensor(index).quantization
        parameters.scale, parameters.zeroPoint = np.array([scale], np.float32), np.zeros(1, np.int64)
