"""Order of branches: the widest first, and the same results."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from convert.flatbuffer import Flatbuffer
from convert.rewrites.branches import widest_first
from tests.convert.rewrites.graphs import computed, converted, random_values

SIDES = (3, 5, 7)


def test_branches_of_a_block_are_computed_from_the_last_to_the_first() -> None:
    file = Flatbuffer.read(converted(_two_blocks, (1, 8, 8, 2)))
    assert _sides(file) == [*SIDES, *SIDES]
    widest_first(file)
    assert _sides(file) == [*reversed(SIDES), *reversed(SIDES)]


def test_results_are_the_same() -> None:
    file, picture = Flatbuffer.read(converted(_two_blocks, (1, 8, 8, 2))), random_values((1, 8, 8, 2), 1)
    expected = computed(file, picture)
    widest_first(file)
    np.testing.assert_array_equal(computed(file, picture), expected)


def test_joins_of_different_maps_stay_in_order() -> None:
    file = Flatbuffer.read(converted(_joined_levels, (1, 8, 8, 2)))
    before = [op.scope for op in file.ops()]
    widest_first(file)
    assert [op.scope for op in file.ops()] == before


def _sides(file: Flatbuffer) -> list[int]:
    return [int(file.tensor(op.raw.inputs[1]).shape[1]) for op in file.ops() if op.name == "CONV_2D"]


def _block(maps: tf.Tensor) -> tf.Tensor:
    depth = maps.shape[-1]
    convolved = (tf.nn.conv2d(maps, random_values((side, side, depth, 2), side), 1, "SAME") for side in SIDES)
    return tf.concat([tf.nn.leaky_relu(one, 0.2) for one in convolved], axis=-1)


def _two_blocks(maps: tf.Tensor) -> tf.Tensor:
    return _block(_block(maps + 1.0)) * 2.0


def _joined_levels(maps: tf.Tensor) -> tf.Tensor:
    """A map and what comes of its pool: branches of other maps than one."""
    pooled = tf.nn.max_pool2d(maps, 2, 1, "SAME") + 1.0
    one = tf.nn.conv2d(maps * 2.0, random_values((3, 3, 2, 2), 1), 1, "SAME")
    other = tf.nn.conv2d(tf.nn.max_pool2d(pooled, 2, 1, "SAME"), random_values((5, 5, 2, 2), 2), 1, "SAME")
    return tf.concat([one, other], axis=-1) + tf.concat([pooled, pooled], axis=-1)
