"""The network: exact, of named layers, of any size, and written so that it converts."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras
from hypothesis import given, settings
from hypothesis import strategies as st

from calib_data.errors import UserError
from pynet_tf import PyNETConfig, build_pynet
from pynet_tf.layers import BlendHead, DirectHead, InstanceNorm, ResidualHead, SpaceToDepth
from tests.conftest import ROOT
from tests.pynet_tf.golden import SMALL, WIDTH, golden_input, golden_model

ORIGINAL = ROOT.parent / "shared" / "golden" / "pynet_rgbd_seed2020.npz"
LEVELS = [f"level{level}" for level in range(1, 8)]


def test_it_gives_what_the_original_graph_gives_at_all_levels() -> None:
    if not ORIGINAL.is_file():
        pytest.skip(f"the original's outputs are not in {ORIGINAL}")
    with np.load(ORIGINAL, allow_pickle=False) as golden:
        outputs = golden_model(32)(golden["input"])
        for level in LEVELS:
            np.testing.assert_allclose(outputs[level], golden[level], rtol=0, atol=1e-4)


def test_it_gives_what_the_small_golden_file_says() -> None:
    outputs = golden_model(WIDTH)(golden_input(32, 64))
    with np.load(SMALL, allow_pickle=False) as golden:
        assert sorted(golden) == LEVELS
        for level in LEVELS:
            np.testing.assert_allclose(outputs[level], golden[level], rtol=0, atol=2e-5)


def test_the_papers_network_has_the_papers_size() -> None:
    model = build_pynet(PyNETConfig(inputs="rgbd", width=32))
    assert (len(model.weights), model.count_params()) == (440, 47_551_791)


def test_the_phones_network_has_its_size() -> None:
    assert build_pynet(PyNETConfig(inputs="rgbd", width=8)).count_params() == 2_985_783


@pytest.fixture(scope="module")
def free_size() -> keras.Model:
    return build_pynet(PyNETConfig(width=1, head="residual"), seed=1)


@settings(max_examples=8, deadline=None)
@given(rows=st.integers(1, 4), columns=st.integers(1, 4), batch=st.integers(1, 2))
def test_any_multiple_of_32_gives_every_level_its_size(free_size, rows: int, columns: int, batch: int) -> None:
    outputs = free_size(np.zeros((batch, 32 * rows, 32 * columns, 3), np.float32))
    for level in range(1, 8):
        shrink = 2 ** (level - 1)
        assert outputs[f"level{level}"].shape == (batch, 64 * rows // shrink, 64 * columns // shrink, 3)


@pytest.mark.parametrize("lowest", range(1, 8))
def test_only_the_levels_that_are_asked_for_are_built(lowest: int) -> None:
    model = build_pynet(PyNETConfig(width=1), lowest)
    assert sorted(model.output) == [f"level{level}" for level in range(lowest, 8)]
    assert not [layer.name for layer in model.layers if layer.name.startswith(f"level{lowest - 1}")]


@pytest.mark.parametrize(("inputs", "head"), [("rgb", "direct"), ("rgbd", "residual"), ("rgbd", "blend")])
def test_every_layer_is_a_named_keras_layer_or_our_own(inputs: str, head: str) -> None:
    model = build_pynet(PyNETConfig(inputs=inputs, width=1, head=head))
    kinds = {type(layer).__name__ for layer in model.layers}
    assert not {kind for kind in kinds if "Lambda" in kind or "Op" in kind}
    known = ("photo", "colours", "space_to_depth", "encoder", "level")
    assert all(layer.name.startswith(known) for layer in model.layers)


@pytest.mark.parametrize("head", ["residual", "blend"])
def test_a_fresh_network_with_this_head_is_near_the_identity(head: str) -> None:
    photo = np.random.default_rng(0).random((1, 64, 64, 3), dtype=np.float32)
    outputs = build_pynet(PyNETConfig(width=4, head=head), seed=1)(photo)
    assert np.abs(outputs["level2"] - photo).mean() < 0.02
    for level in range(3, 8):
        size = 64 >> (level - 2)
        pooled = photo.reshape(1, size, 64 // size, size, 64 // size, 3).mean((2, 4))
        assert np.abs(outputs[f"level{level}"] - pooled).mean() < 0.02


def test_a_fresh_direct_network_is_near_grey() -> None:
    photo = np.random.default_rng(0).random((1, 64, 64, 3), dtype=np.float32)
    assert np.abs(build_pynet(PyNETConfig(width=4), seed=1)(photo)["level2"] - 0.5).mean() < 0.1


def test_a_blend_with_closed_gates_is_a_blurred_photo() -> None:
    head = BlendHead()
    sharp, soft, softer = (np.full((1, 8, 8, 3), value, np.float32) for value in (1.0, 0.5, 0.2))
    maps, gates = np.zeros((1, 8, 8, 3), np.float32), np.zeros((1, 8, 8, 2), np.float32)
    for opened, wanted in (((20, 0), 1.0), ((-24, 20), 0.5), ((-24, -20), 0.2), ((-4, 20), 0.75)):
        gates[..., 0], gates[..., 1] = opened
        np.testing.assert_allclose(head([sharp, soft, softer, maps, gates]), wanted, atol=1e-6)


def test_equal_shaped_layers_start_differently_and_a_seed_repeats_them() -> None:
    first, again, other = (build_pynet(PyNETConfig(width=2), 6, seed=seed) for seed in (1, 1, 2))
    alike = [first.get_layer(f"level7_block{block}_conv3b").get_weights()[0] for block in (2, 3)]
    assert alike[0].shape == alike[1].shape
    assert not np.allclose(alike[0], alike[1])
    assert all(np.array_equal(a, b) for a, b in zip(first.get_weights(), again.get_weights(), strict=True))
    assert any(not np.array_equal(a, b) for a, b in zip(first.get_weights(), other.get_weights(), strict=True))


def test_activations_keep_their_strength_through_the_network() -> None:
    model = build_pynet(PyNETConfig(width=8, head="residual"), seed=1)
    inner = keras.Model(model.input, [model.get_layer(f"level3_block{block}_join").output for block in (1, 5, 8)])
    spreads = [float(np.std(maps)) for maps in inner(np.random.default_rng(0).random((1, 96, 96, 3), np.float32))]
    assert all(0.1 < spread < 30 for spread in spreads), spreads


@pytest.mark.parametrize("size", [(31, 32), (33, 64), (0, 32)])
def test_other_sizes_are_refused(size: tuple[int, int]) -> None:
    with pytest.raises(UserError, match="multiples of 32"):
        build_pynet(PyNETConfig(width=1), tensor_size=size)


def test_a_level_that_is_none_is_refused() -> None:
    with pytest.raises(UserError, match="level is 8"):
        build_pynet(PyNETConfig(width=1), 8)


@settings(max_examples=10, deadline=None)
@given(rows=st.integers(1, 40), columns=st.integers(1, 40), offset=st.floats(-50, 50), spread=st.floats(0.01, 30))
def test_instance_norm_is_that_of_the_moments(rows: int, columns: int, offset: float, spread: float) -> None:
    random = np.random.default_rng(rows * 41 + columns)
    maps = (random.standard_normal((2, rows, columns, 3)) * spread + offset).astype(np.float32)
    layer = InstanceNorm()
    layer.build(maps.shape)
    layer.set_weights([np.array([0.1, -1, 2], np.float32), np.array([0.5, 1, 3], np.float32)])
    wide = maps.astype(np.float64)
    mean, variance = wide.mean((1, 2), keepdims=True), wide.var((1, 2), keepdims=True)
    expected = (wide - mean) / np.sqrt(variance + 1e-3) * [0.5, 1, 3] + [0.1, -1, 2]
    np.testing.assert_allclose(layer(maps), expected, rtol=2e-3, atol=2e-2)


@settings(max_examples=10, deadline=None)
@given(rows=st.integers(2, 30), columns=st.integers(2, 30), offset=st.floats(-20, 20), spread=st.floats(0.1, 30))
def test_the_gradient_of_instance_norm_is_that_of_its_steps(
    rows: int, columns: int, offset: float, spread: float
) -> None:
    random = np.random.default_rng(rows * 31 + columns)
    maps = tf.constant(random.standard_normal((2, rows, columns, 3)) * spread + offset, tf.float64)
    upstream = tf.constant(random.standard_normal(maps.shape), tf.float64)
    layer = InstanceNorm(dtype="float64")
    layer.build(maps.shape)
    layer.set_weights([np.array([0.1, -1, 2]), np.array([0.5, 1, 3])])
    found = []
    for training in (False, True):
        with tf.GradientTape() as tape:
            tape.watch(maps)
            result = layer(maps, training=training)
        found.append([result, *tape.gradient(result, [maps, layer.scale, layer.shift], upstream)])
    for by_steps, by_formula in zip(*found, strict=True):
        np.testing.assert_allclose(by_formula, by_steps, rtol=1e-9, atol=1e-9)


def test_the_means_of_instance_norm_fit_16_bit_floats() -> None:
    maps = np.full((1, 512, 512, 1), 100.0, np.float16)
    rows = np.add.reduce(maps, axis=2, dtype=np.float16, keepdims=True)
    assert np.isfinite(rows).all()  # 512 values of 100, as one row; all 262,144 would overflow
    with np.errstate(over="ignore"):
        assert not np.isfinite(np.add.reduce(maps, axis=(1, 2), dtype=np.float16)).all()
    inner = [op.type for op in _graph(InstanceNorm()).get_operations() if op.type == "Mean"]
    assert len(inner) == 4  # rows and columns, of the values and of their squares


@settings(max_examples=10, deadline=None)
@given(rows=st.integers(1, 9), columns=st.integers(1, 9), channels=st.sampled_from([3, 4]))
def test_space_to_depth_is_exact(rows: int, columns: int, channels: int) -> None:
    photo = np.random.default_rng(0).random((1, 2 * rows, 2 * columns, channels), dtype=np.float32)
    for training in (False, True):
        np.testing.assert_array_equal(SpaceToDepth()(photo, training=training), tf.nn.space_to_depth(photo, 2))


@pytest.mark.parametrize(("head", "channels"), [(DirectHead, ()), (ResidualHead, (3, 3)), (BlendHead, (3, 3, 3, 3, 2))])
def test_a_head_in_training_gives_the_same_picture_and_gradients(head: type, channels: tuple[int, ...]) -> None:
    random = np.random.default_rng(9)
    drawn = [tf.constant(random.normal(0, 1, (2, 6, 4, count)), tf.float32) for count in channels or (3,)]
    given = drawn if channels else drawn[0]
    layer, found = head(), []
    for training in (False, True):
        with tf.GradientTape() as tape:
            tape.watch(drawn)
            picture = layer(given, training=training)
        found.append([picture, *tape.gradient(picture, drawn, tf.sin(picture))])
    for by_steps, in_training in zip(*found, strict=True):
        np.testing.assert_allclose(in_training, by_steps, rtol=1e-5, atol=1e-6)


def test_who_looks_on_sees_a_head_in_training_as_it_is_converted() -> None:
    layer, seen = ResidualHead(), []
    layer.each = lambda step, values: seen.append(step) or values
    layer([tf.zeros((1, 2, 2, 3)), tf.zeros((1, 2, 2, 3))], training=True)
    assert seen == ["Tanh", "Conv2D", "add"]


def _graph(layer: keras.layers.Layer) -> tf.Graph:
    function = tf.function(layer).get_concrete_function(tf.TensorSpec((1, 64, 64, 2), tf.float32))
    return function.graph
