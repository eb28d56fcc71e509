"""Bands of rows: the same function at any number of bands, with the edges that taps reach."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from convert.flatbuffer import Flatbuffer
from convert.rewrites.bands import split_bands
from tests.convert.rewrites.graphs import computed, converted, names, random_values


def split_all(file: Flatbuffer, bands: int) -> None:
    split_bands(file, {int(op.raw.outputs[0]): bands for op in file.ops() if op.name == "CONV_2D"})


@pytest.mark.parametrize("bands", [2, 4])
@pytest.mark.parametrize("side", [3, 5, 7, 9])
def test_two_convolutions_of_one_map_compute_the_same(side: int, bands: int) -> None:
    file = Flatbuffer.read(converted(lambda maps: _pair(maps, side), (1, 16, 7, 2)))
    picture = random_values((1, 16, 7, 2), side)
    expected = computed(file, picture)
    split_all(file, bands)
    np.testing.assert_allclose(computed(file, picture), expected, rtol=1e-5, atol=1e-5)


def test_convolutions_run_on_a_batch_and_the_map_is_cut_once() -> None:
    file = Flatbuffer.read(converted(lambda maps: _pair(maps, 5), (1, 16, 7, 2)))
    split_all(file, 4)
    shapes = [tuple(file.tensor(op.raw.outputs[0]).shape) for op in file.ops() if op.name == "CONV_2D"]
    assert shapes == [(4, 4, 7, 3)] * 2
    photo = int(file.graph.inputs[0])
    assert [op.name for op in file.ops() if photo in op.raw.inputs] == ["RESHAPE"]


def test_pointwise_operations_and_a_second_convolution_stay_in_bands() -> None:
    file = Flatbuffer.read(converted(_chain, (1, 16, 7, 2)))
    picture = random_values((1, 16, 7, 2), 3)
    expected = computed(file, picture)
    split_all(file, 4)
    assert names(file).count("RESHAPE") == 2
    np.testing.assert_allclose(computed(file, picture), expected, rtol=1e-5, atol=1e-5)


def test_what_is_not_named_stays_as_it_is() -> None:
    file = Flatbuffer.read(converted(lambda maps: _pair(maps, 3), (1, 16, 7, 2)))
    before = names(file)
    split_bands(file, {})
    assert names(file) == before


def _pair(maps: tf.Tensor, side: int) -> tf.Tensor:
    first, second = (tf.nn.conv2d(maps, random_values((side, side, 2, 3), seed), 1, "SAME") for seed in (1, 2))
    return tf.nn.leaky_relu(first, 0.2) + second * second


def test_joins_and_sums_stay_in_bands() -> None:
    file = Flatbuffer.read(converted(_joined, (1, 16, 7, 4)))
    picture = random_values((1, 16, 7, 4), 3)
    expected = computed(file, picture)
    split_all(file, 4)
    assert names(file).count("RESHAPE") == 2
    np.testing.assert_allclose(computed(file, picture), expected, rtol=1e-5, atol=1e-5)


def _joined(maps: tf.Tensor) -> tf.Tensor:
    """A block as level 3 has it: branches joined and added to what they read, then pooled."""
    branches = [tf.nn.conv2d(maps, random_values((side, side, 4, 2), side), 1, "SAME") for side in (3, 5)]
    return tf.nn.max_pool2d(tf.concat(branches, axis=-1) + maps, 2, 1, "VALID")


def _chain(maps: tf.Tensor) -> tf.Tensor:
    maps = tf.nn.leaky_relu(tf.nn.conv2d(maps, random_values((5, 5, 2, 3), 1), 1, "SAME"), 0.2)
    return tf.nn.max_pool2d(tf.nn.conv2d(maps, random_values((7, 7, 3, 2), 2), 1, "SAME"), 2, 1, "VALID")
