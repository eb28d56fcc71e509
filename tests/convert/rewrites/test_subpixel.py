"""Transposed convolutions as plain ones: the same function on random weights and sizes, in float and in integers."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import OpResolverType
from hypothesis import given, settings
from hypothesis import strategies as st

from convert.flatbuffer import Flatbuffer
from convert.rewrites.subpixel import make_subpixel, row_kernel
from convert.weights import per_map_scales
from tests.convert.rewrites.graphs import computed, converted, names, random_values

SHAPE = (1, 5, 6, 4)


@settings(max_examples=30, deadline=None)
@given(
    height=st.integers(1, 9),
    width=st.integers(1, 9),
    maps=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    seed=st.integers(0, 99),
)
def test_rows_in_turn_are_the_transposed_convolution(height, width, maps, seed) -> None:
    """Without a converter, so that many sizes are tried: TensorFlow's own operations in both forms."""
    maps_in, maps_out = maps
    picture = random_values((1, height, width, maps_in), seed)
    weights = random_values((maps_out, 3, 3, maps_in), seed + 1)
    expected = _upsampled(picture, weights)
    rows = []
    for odd in (0, 1):
        kernel = row_kernel(weights, odd).transpose(1, 2, 3, 0)
        row = tf.nn.conv2d(picture, kernel, 1, [[0, 0], [1 - odd, 0], [1, 0], [0, 0]]).numpy()
        rows.append(row.reshape(1, height, 1, -1))
    together = np.concatenate(rows, axis=2).reshape(expected.shape)
    np.testing.assert_allclose(together, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kernels", [OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES, OpResolverType.AUTO])
@pytest.mark.parametrize("bias", [False, True])
def test_a_file_computes_the_same(bias: bool, kernels: OpResolverType) -> None:
    def body(maps: tf.Tensor) -> tf.Tensor:
        ways = [_upsampled(maps, random_values((3, 3, 3, 4), seed)) for seed in (1, 2)]
        return tf.concat([tf.nn.leaky_relu(way + (random_values((3,), 3) if bias else 0.0), 0.2) for way in ways], -1)

    file, picture = Flatbuffer.read(converted(body, SHAPE)), random_values(SHAPE, 5)
    assert "TRANSPOSE_CONV" in names(file)
    expected = computed(file, picture, kernels)
    make_subpixel(file)
    assert "TRANSPOSE_CONV" not in names(file)
    assert names(file).count("PAD") == 2  # both ways up read the same maps
    np.testing.assert_allclose(computed(file, picture, kernels), expected, rtol=1e-5, atol=1e-5)


def test_the_result_keeps_its_name() -> None:
    file = Flatbuffer.read(converted(lambda maps: _upsampled(maps, random_values((3, 3, 3, 4), 1)), SHAPE))
    before = [op.scope for op in file.ops()][-1]
    make_subpixel(file)
    assert [op.scope for op in file.ops()][-1] == before


@pytest.mark.parametrize(
    ("side", "stride", "padding"), [(3, 2, "VALID"), (5, 2, "SAME"), (3, 3, "SAME"), (2, 2, "SAME")]
)
def test_other_transposed_convolutions_stay_as_they_are(side: int, stride: int, padding: str) -> None:
    def body(maps: tf.Tensor) -> tf.Tensor:
        weights = random_values((side, side, 3, 4), 1)
        _, height, width, _ = SHAPE
        sides = [stride * size + (side - stride if padding == "VALID" else 0) for size in (height, width)]
        return tf.nn.conv2d_transpose(maps, weights, (1, *sides, 3), stride, padding)

    file = Flatbuffer.read(converted(body, SHAPE))
    before = names(file)
    make_subpixel(file)
    assert names(file) == before


def test_no_scale_of_the_weights_is_coarser() -> None:
    weights = random_values((6, 3, 3, 4), 2)
    coarsest = np.tile(per_map_scales(weights), 2)
    finer = [per_map_scales(row_kernel(weights, odd)) for odd in (0, 1)]
    assert all((scales <= coarsest).all() for scales in finer)
    assert (np.max(finer, axis=0).reshape(2, -1).max(axis=0) == per_map_scales(weights)).all()


def _upsampled(picture: np.ndarray, weights: np.ndarray) -> tf.Tensor:
    """Of weights `(n, 3, 3, C)`, as the file has them."""
    _, height, width, _ = picture.shape
    shape = (1, 2 * height, 2 * width, weights.shape[0])
    return tf.nn.conv2d_transpose(picture, weights.transpose(1, 2, 0, 3), shape, 2, "SAME")
