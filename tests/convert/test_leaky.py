"""Leaky ReLUs as sums: the same integers, with or without delegates, as near as 8 bits allow."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import OpResolverType
from numpy.typing import NDArray

from convert.flatbuffer import Flatbuffer
from convert.leaky import split_leaky
from tests.convert.rewrites.graphs import computed, converted, names

SLOPE = 0.2
SIDE = 64


@pytest.fixture(scope="module")
def plain() -> bytes:
    """A file that is nothing but a leaky ReLU in integers, from -3..3 to -0.6..3."""
    file = Flatbuffer.read(_in_float())
    for index, low in ((file.graph.inputs[0], -3.0), (file.graph.outputs[0], -0.6)):
        tensor, noted = file.tensor(index), schema.QuantizationParametersT()
        step = (3.0 - low) / 255
        noted.scale = np.array([step], np.float32)
        noted.zeroPoint = np.array([round(-128 - low / step)], np.int64)
        tensor.type, tensor.quantization = schema.TensorType.INT8, noted
    return file.bytes()


@pytest.mark.parametrize("delegate", [False, True])
def test_sums_round_once(plain: bytes, delegate: bool) -> None:
    file = Flatbuffer.read(plain)
    split_leaky(file)
    assert names(file) == ["MUL", "ADD"]
    error = _error(file.bytes(), delegate)
    assert np.abs(error).max() <= 0.51
    assert abs(error[_negatives(plain)].mean()) < 0.05


def test_the_built_in_leaky_relu_does_not(plain: bytes) -> None:
    assert _error(plain, delegate=False)[_negatives(plain)].mean() < -0.2


def test_the_sum_keeps_the_name_and_the_scale(plain: bytes) -> None:
    before, after = Flatbuffer.read(plain), Flatbuffer.read(plain)
    split_leaky(after)
    (old,), *_, new = list(before.ops()), *after.ops()
    one, other = before.tensor(old.raw.outputs[0]), after.tensor(new.raw.outputs[0])
    assert one.name == other.name
    assert one.quantization.scale == other.quantization.scale
    assert one.quantization.zeroPoint == other.quantization.zeroPoint


def test_floats_stay() -> None:
    file = Flatbuffer.read(_in_float())
    split_leaky(file)
    assert names(file) == ["LEAKY_RELU"]


def _in_float() -> bytes:
    return converted(lambda maps: tf.nn.leaky_relu(maps, SLOPE), (1, SIDE, SIDE, 1))


def _integers() -> NDArray[np.int8]:
    return np.resize(np.arange(-128, 128, dtype=np.int8), (1, SIDE, SIDE, 1))


def _scales(content: bytes) -> tuple[float, int, float, int]:
    file = Flatbuffer.read(content)
    source, target = (file.tensor(index).quantization for index in (file.graph.inputs[0], file.graph.outputs[0]))
    return float(source.scale[0]), int(source.zeroPoint[0]), float(target.scale[0]), int(target.zeroPoint[0])


def _negatives(content: bytes) -> NDArray[np.bool_]:
    _, zero, _, _ = _scales(content)
    return _integers() < zero


def _error(content: bytes, delegate: bool) -> NDArray[np.float64]:
    """In steps of the output, of every integer that can go in; what is clipped aside."""
    kind = OpResolverType.AUTO if delegate else OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    result = computed(Flatbuffer.read(content), _integers(), kind).astype(float)
    scale, zero, new_scale, new_zero = _scales(content)
    values = scale * (_integers().astype(float) - zero)
    ideal = np.where(values < 0, SLOPE * values, values) / new_scale + new_zero
    return np.asarray(result - np.clip(ideal, -128, 127))
