"""Columns in pairs: the same function with fewer products, at any side and number of bands."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import OpResolverType
from hypothesis import given, settings
from hypothesis import strategies as st

from convert.flatbuffer import Flatbuffer
from convert.rewrites.bands import split_bands
from convert.rewrites.halves import Taps, half_kernels
from tests.convert.rewrites.graphs import computed, converted, names, random_values


def halve_all(file: Flatbuffer, bands: int) -> None:
    convolutions = [int(op.raw.outputs[0]) for op in file.ops() if op.name == "CONV_2D"]
    split_bands(file, dict.fromkeys(convolutions, bands), convolutions)


@pytest.mark.parametrize("kernels", [OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES, OpResolverType.AUTO])
@pytest.mark.parametrize("bands", [2, 4])
@pytest.mark.parametrize("side", [5, 7, 9])
def test_a_convolution_with_bias_computes_the_same(side: int, bands: int, kernels: OpResolverType) -> None:
    file = Flatbuffer.read(converted(lambda maps: _convolved(maps, side), (1, 32, 8, 2)))
    picture = random_values((1, 32, 8, 2), side)
    expected = computed(file, picture)
    halve_all(file, bands)
    np.testing.assert_allclose(computed(file, picture, kernels), expected, rtol=1e-5, atol=2e-5)


@settings(max_examples=12, deadline=None)
@given(height=st.integers(4, 9), pairs=st.integers(1, 8), maps=st.integers(1, 4), reach=st.integers(2, 4))
def test_any_size_computes_the_same(height: int, pairs: int, maps: int, reach: int) -> None:
    side, shape = 2 * reach + 1, (1, 2 * height, 2 * pairs, maps)
    weights = random_values((side, side, maps, 3), 1)
    file = Flatbuffer.read(converted(lambda picture: tf.nn.conv2d(picture, weights, 1, "SAME"), shape))
    picture = random_values(shape, 2)
    expected = computed(file, picture)
    halve_all(file, 2)
    np.testing.assert_allclose(computed(file, picture), expected, rtol=1e-5, atol=5e-5)


@pytest.mark.parametrize(("side", "taps"), [(5, (3, 2, 3)), (7, (3, 4, 4)), (9, (5, 4, 5))])
def test_products_are_saved(side: int, taps: tuple[int, int, int]) -> None:
    counted = Taps(side // 2)
    assert (counted.even, counted.odd, counted.both) == taps
    assert tuple(kernel.shape[2] for kernel in half_kernels(random_values((3, side, side, 2), 1))) == taps
    assert counted.of_row(60) < 120 * side


def test_a_chain_stays_in_bands() -> None:
    file = Flatbuffer.read(converted(_chain, (1, 32, 8, 2)))
    picture = random_values((1, 32, 8, 2), 3)
    expected = computed(file, picture)
    halve_all(file, 4)
    readers = [op.name for op in file.ops() if op.raw.inputs[0] == file.graph.inputs[0]]
    assert readers == ["RESHAPE"]
    assert names(file).count("CONV_2D") == 3 * 3
    np.testing.assert_allclose(computed(file, picture), expected, rtol=1e-4, atol=1e-3)


def test_what_is_not_named_is_only_cut_into_bands() -> None:
    file = Flatbuffer.read(converted(lambda maps: _convolved(maps, 5), (1, 32, 8, 2)))
    split_bands(file, {int(op.raw.outputs[0]): 4 for op in file.ops() if op.name == "CONV_2D"})
    assert "AVERAGE_POOL_2D" not in names(file)


def _convolved(maps: tf.Tensor, side: int) -> tf.Tensor:
    result = tf.nn.bias_add(tf.nn.conv2d(maps, random_values((side, side, 2, 3), side), 1, "SAME"), [1.0, -2.0, 3.0])
    return tf.nn.leaky_relu(result, 0.2)


def _chain(maps: tf.Tensor) -> tf.Tensor:
    one, other = (tf.nn.conv2d(maps, random_values((side, side, 2, 2), side), 1, "SAME") for side in (7, 5))
    joined = tf.concat([tf.nn.leaky_relu(one, 0.2), other], axis=-1)
    return tf.nn.conv2d(joined, random_values((9, 9, 4, 2), 5), 1, "SAME")
