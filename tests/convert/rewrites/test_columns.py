"""Folded columns: the same function on random weights and sizes, the same scales, and few reshapes."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from convert.flatbuffer import Flatbuffer
from convert.rewrites.columns import fold_columns, fold_kernel
from convert.weights import per_map_scales
from tests.convert.rewrites.graphs import computed, converted, names, random_values

SIDES = (3, 5, 7, 9)


def fold_all(file: Flatbuffer, columns: int) -> None:
    fold_columns(file, {int(op.raw.outputs[0]): columns for op in file.ops() if op.name == "CONV_2D"})


@settings(max_examples=30, deadline=None)
@given(
    side=st.sampled_from(SIDES),
    columns=st.sampled_from((2, 4)),
    height=st.integers(1, 9),
    pixels=st.integers(1, 6),
    maps=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    seed=st.integers(0, 99),
)
def test_the_folded_kernel_computes_the_same(side, columns, height, pixels, maps, seed) -> None:
    """Without a converter, so that many sizes are tried: TensorFlow's own convolution in both forms."""
    maps_in, maps_out = maps
    picture = random_values((1, height, pixels * columns, maps_in), seed)
    weights = random_values((maps_out, side, side, maps_in), seed + 1)
    plain = _convolved(picture, weights)
    folded = _convolved(picture.reshape(1, height, pixels, -1), fold_kernel(weights, columns))
    np.testing.assert_allclose(folded.reshape(plain.shape), plain, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("columns", [2, 4])
def test_a_block_with_all_that_follows_computes_the_same(columns: int) -> None:
    file, picture = Flatbuffer.read(converted(_block, (1, 10, 16, 4))), random_values((1, 10, 16, 4), 5)
    expected = computed(file, picture)
    fold_all(file, columns)
    np.testing.assert_allclose(computed(file, picture), expected, rtol=1e-5, atol=1e-5)


def test_a_branch_is_reshaped_once_in_and_once_out() -> None:
    file = Flatbuffer.read(converted(_block, (1, 10, 16, 4)))
    fold_all(file, 4)
    assert names(file).count("RESHAPE") == 1 + len(SIDES)  # the block's input is shared by its branches
    shapes = [tuple(file.tensor(op.raw.outputs[0]).shape) for op in file.ops() if op.name == "LEAKY_RELU"]
    assert set(shapes) == {(1, 10, 4, 12)}


def test_layers_keep_their_names() -> None:
    file = Flatbuffer.read(converted(_block, (1, 10, 16, 4)))
    before = _names_of_convolutions(file)
    fold_all(file, 2)
    assert _names_of_convolutions(file) == [f"{name}/columns2" for name in before]


def test_constants_that_were_replaced_are_gone() -> None:
    content = converted(_block, (1, 10, 16, 4))
    file = Flatbuffer.read(content)
    fold_all(file, 2)
    used = {int(index) for op in file.ops() for index in (*op.raw.inputs, *op.raw.outputs)}
    assert used == set(range(len(file.graph.tensors)))


def test_what_is_not_named_stays_as_it_is() -> None:
    file = Flatbuffer.read(converted(_block, (1, 10, 16, 4)))
    before = names(file)
    fold_columns(file, {})
    assert names(file) == before


@pytest.mark.parametrize("columns", [2, 4])
@pytest.mark.parametrize("side", SIDES)
def test_scales_of_the_weights_stay_those_of_each_map(side: int, columns: int) -> None:
    weights = random_values((6, side, side, 3), side)
    folded = per_map_scales(fold_kernel(weights, columns))
    assert (folded == np.tile(per_map_scales(weights), columns)).all()


def _names_of_convolutions(file: Flatbuffer) -> list[str]:
    return [file.tensor_name(op.raw.outputs[0]) for op in file.ops() if op.name == "CONV_2D"]


def _convolved(picture: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return tf.nn.conv2d(picture, weights.transpose(1, 2, 3, 0), 1, "SAME").numpy()


def _block(maps: tf.Tensor) -> tf.Tensor:
    """Two convolutions a side, joined, added to the input's own maps, and pooled."""
    branches = []
    for side in SIDES:
        branch = maps
        for place in range(2):
            kernel = random_values((side, side, branch.shape[-1], 3), side + place)
            branch = tf.nn.conv2d(branch, kernel, 1, "SAME") + random_values((3,), place)
            branch = tf.nn.leaky_relu(branch, 0.2)
        branches.append(branch)
    joined = tf.concat(branches, axis=-1)
    return tf.nn.max_pool2d(joined * joined, 2, 2, "VALID")
