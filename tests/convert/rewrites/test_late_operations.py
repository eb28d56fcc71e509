"""The order of operations: results do not change, and large tensors live no longer than they must."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from calib_data.sizes import PhotoSize
from convert.flatbuffer import Flatbuffer
from convert.rewrites.late_operations import make_late
from convert.trace import freeze
from pynet_tf import load_model
from tests.convert.rewrites.graphs import computed, converted, names, random_values

SHAPE = (1, 8, 8, 3)


def test_the_resized_photo_is_made_just_before_it_is_added() -> None:
    file = Flatbuffer.read(converted(_residual, SHAPE))
    picture = random_values(SHAPE, 1)
    expected = computed(file, picture)
    first = next(op.raw for op in file.ops() if op.name == "RESIZE_BILINEAR")
    file.graph.operators = [first, *(raw for raw in file.graph.operators if raw is not first)]
    make_late(file)
    assert names(file).index("RESIZE_BILINEAR") == names(file).index("ADD") - 1
    assert (computed(file, picture) == expected).all()


def test_what_frees_more_than_it_takes_stays_early() -> None:
    file = Flatbuffer.read(converted(_pooled_early, SHAPE))
    expected = computed(file, random_values(SHAPE, 2))
    make_late(file)
    order = names(file)
    assert order.index("MAX_POOL_2D") < order.index("TANH")
    assert (computed(file, random_values(SHAPE, 2)) == expected).all()


def test_operations_come_after_what_they_read() -> None:
    file = Flatbuffer.read(converted(_residual, SHAPE))
    make_late(file)
    made = set(file.graph.inputs)
    for op in file.ops():
        assert {int(index) for index in op.raw.inputs if not file.is_constant(index)} <= made
        made |= set(op.raw.outputs)
    assert set(file.graph.outputs) <= made


@pytest.mark.slow
def test_in_the_network_the_resized_photo_is_made_at_the_end(tiny_model: Path) -> None:
    converter = tf.lite.TFLiteConverter.from_concrete_functions([freeze(load_model(tiny_model), PhotoSize(64, 64))])
    file = Flatbuffer.read(converter.convert())
    before = sorted(names(file))
    make_late(file)
    assert sorted(names(file)) == before
    assert len(before) - names(file).index("RESIZE_BILINEAR") <= 4


def _residual(photo: tf.Tensor) -> tf.Tensor:
    """The photo resized first, and added to maps that take several operations."""
    resized = tf.image.resize(photo, (16, 16))
    maps = tf.nn.conv2d(photo, random_values((3, 3, 3, 4), 3), 2, "SAME")
    maps = tf.nn.conv2d(tf.nn.leaky_relu(maps), random_values((3, 3, 4, 48), 4), 1, "SAME")
    return resized + tf.reshape(maps, (1, 16, 16, 3))


def _pooled_early(photo: tf.Tensor) -> tf.Tensor:
    """Wide maps that are pooled at once, though the result is needed only at the end."""
    wide = tf.nn.conv2d(photo, random_values((3, 3, 3, 32), 5), 1, "SAME")
    pooled = tf.nn.max_pool2d(wide, 8, 8, "VALID")
    other = tf.tanh(tf.nn.conv2d(photo, np.ones((8, 8, 3, 32), np.float32), 8, "VALID"))
    return pooled + tf.tanh(other * other)
