"""A tanh of small values as a polynomial: finer than the kernels' TANH, the same with and without delegates."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import OpResolverType
from numpy.typing import NDArray

from convert.flatbuffer import Flatbuffer
from convert.tanh import REACH, refine_tanh
from tests.convert.rewrites.graphs import computed, converted, names

pytestmark = pytest.mark.filterwarnings("ignore:Statistics for quantized inputs:UserWarning")  # the converter's own

FACTOR = 0.58
SIDE = 16
SHAPE = (1, SIDE, SIDE, 3)
STEP = 1 / 255
"""Of a picture."""


@pytest.mark.parametrize("delegate", [False, True])
@pytest.mark.parametrize(("low", "high"), [(-0.02, 0.03), (-0.1, 0.1), (-0.106, 0.89), (-0.5, 0.2), (-1.19, 1.19)])
def test_a_correction_is_within_a_step_of_a_picture(low: float, high: float, delegate: bool) -> None:
    file = _head(low, high)
    refine_tanh(file)
    assert names(file)[1:-1] == ["MUL", "ADD", "MUL", "ADD", "MUL", "CONV_2D"]
    assert np.abs(_error(file, delegate)).max() < STEP


def test_small_corrections_gain_most() -> None:
    coarse, fine = _head(-0.1, 0.3), _head(-0.1, 0.3)
    refine_tanh(fine)
    before, after = (float(np.abs(_error(file, delegate=True)).mean()) for file in (coarse, fine))
    assert after < before / 3


def test_what_does_not_fit_the_polynomial_stays() -> None:
    file = _head(-0.5, 1.1 * REACH)
    refine_tanh(file)
    assert names(file) == ["QUANTIZE", "TANH", "CONV_2D", "DEQUANTIZE"]


def test_a_tanh_before_anything_but_one_convolution_stays() -> None:
    file = _head(-0.1, 0.3, tf.tanh)
    refine_tanh(file)
    assert names(file) == ["QUANTIZE", "TANH", "DEQUANTIZE"]


def test_floats_stay() -> None:
    file = Flatbuffer.read(converted(_corrected, (1, SIDE, SIDE, 3)))
    refine_tanh(file)
    assert names(file) == ["TANH", "CONV_2D"]


def _corrected(maps: tf.Tensor) -> tf.Tensor:
    kernel = FACTOR * np.eye(3, dtype=np.float32)[np.newaxis, np.newaxis]
    return tf.nn.conv2d(tf.tanh(maps), tf.constant(kernel), 1, "VALID")


def _head(low: float, high: float, body: Callable[[tf.Tensor], tf.Tensor] = _corrected) -> Flatbuffer:
    """A file in integers that takes values in a range."""
    function = tf.function(body, input_signature=[tf.TensorSpec(SHAPE, tf.float32)]).get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function])

    def photos() -> Iterator[list[NDArray[np.float32]]]:
        yield [np.resize(np.linspace(low, high, 256, dtype=np.float32), SHAPE)]

    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = photos
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    return Flatbuffer.read(bytes(converter.convert()))


def _error(file: Flatbuffer, delegate: bool) -> NDArray[np.float64]:
    """Of every integer that can go in; what the output's own rounding does is in it."""
    noted = file.tensor(next(file.ops()).raw.outputs[0]).quantization
    values = (noted.scale[0] * (np.arange(-128, 128) - noted.zeroPoint[0])).astype(np.float32)
    kind = OpResolverType.AUTO if delegate else OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    result = computed(file, np.resize(values, SHAPE), kind).ravel()[: values.size]
    return np.asarray(result - FACTOR * np.tanh(values), np.float64)
