"""Losses: zero for equal pictures, growing with the difference, one value a picture, and no silent change."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras

from calib_data.errors import UserError
from pynet_tf import losses, perceptual
from tests.conftest import smooth_picture


def pictures(side: int, count: int = 2) -> tf.Tensor:
    random = np.random.default_rng(1)
    return tf.constant(np.stack([smooth_picture(random, side, side) for _ in range(count)]), tf.float32)


@pytest.mark.parametrize("name", sorted(losses.PLAIN))
def test_zero_for_equal_pictures_and_growing_one_by_one(name: str) -> None:
    target = pictures(192)
    spoilt = tf.stack([target[0] * tf.constant([0.5, 0.8, 1.0]), target[1]])
    np.testing.assert_allclose(losses.PLAIN[name](target, target), 0, atol=1e-6)
    first, second = losses.PLAIN[name](target, spoilt).numpy()
    assert first > 0.001
    assert second == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("side", [176, 203])
def test_five_scales_are_tensorflows(side: int) -> None:
    target = pictures(side)
    output = target * 0.8 + 0.1 * pictures(side, 3)[1:]
    wanted = 1 - tf.image.ssim_multiscale(target, output, 1.0)
    assert float(wanted[0]) > 0.01
    np.testing.assert_allclose(losses.ms_ssim(target, output), wanted, rtol=1e-3)


@pytest.mark.parametrize("name", sorted(losses.PLAIN))
@pytest.mark.parametrize("spoil", [lambda picture: 1 - picture, tf.zeros_like, lambda picture: picture])
def test_gradients_are_finite_even_for_the_opposite(name: str, spoil: Callable[[tf.Tensor], tf.Tensor]) -> None:
    target = pictures(176, 1)
    output = tf.Variable(spoil(target))
    with tf.GradientTape() as tape:
        loss = losses.PLAIN[name](target, output)
    assert np.isfinite(tape.gradient(loss, output)).all()


def test_colour_sees_chroma_of_large_areas_and_neither_brightness_nor_detail() -> None:
    target = pictures(64)
    tinted = target + tf.constant([0.1, 0.0, -0.1])
    assert float(losses.colour(target, target + 0.1)[0]) == pytest.approx(0, abs=1e-5)
    assert float(losses.colour(target, tinted)[0]) == pytest.approx(0.5 * (0.0815 / 1.402 + 0.1185 / 1.772), abs=5e-3)
    checked = np.indices((64, 64)).sum(0)[..., np.newaxis] % 2 * np.array([0.2, 0, -0.2])
    detail = tf.constant(checked - checked.mean((0, 1)), tf.float32)
    assert float(losses.colour(target, target + detail)[0]) == pytest.approx(0, abs=1e-4)


def test_small_outputs_of_coarse_levels_have_an_ssim_but_no_five_scales() -> None:
    target = pictures(8)
    assert float(losses.ssim(target, target * 0.5)[0]) > 0.01
    losses.check_side({"ssim": 1}, 8)
    with pytest.raises(UserError, match="ms_ssim needs outputs of 176 pixels a side, not 8"):
        losses.check_side({"l1": 1, "ms_ssim": 1}, 8)


def test_total_is_the_weighted_sum() -> None:
    target = pictures(32)
    output = target * 0.9
    wanted = 2 * losses.l1(target, output) + 3 * losses.l2(target, output)
    weights = {"l1": 2, "l2": 3}
    np.testing.assert_allclose(losses.total(losses.named(weights), weights)(target, output), wanted, rtol=1e-6)


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ({}, "nothing is no loss"),
        ({"l7": 1}, "l7 is no loss"),
        ({"l1": float("nan")}, "the loss l1 has the weight nan"),
    ],
)
def test_unknown_losses_and_senseless_weights_are_refused(weights: dict[str, float], said: str) -> None:
    with pytest.raises(UserError, match=said):
        losses.named(weights)


def test_vgg_without_weights_says_how_to_get_them(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    with pytest.raises(UserError) as refused:
        losses.named({"l1": 1, "vgg": 0.1})
    assert str(tmp_path / "models" / perceptual.WEIGHTS_FILE) in refused.value.problem
    assert "--vgg-weights" in refused.value.fix


def test_vgg_with_a_file_that_holds_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "weights.h5").write_bytes(b"not HDF5")
    with pytest.raises(UserError, match=r"weights\.h5 holds no weights of VGG-19"):
        losses.named({"vgg": 0.1}, tmp_path / "weights.h5")


def test_vgg_compares_features_of_the_weights_in_the_file(tmp_path: Path) -> None:
    keras.utils.set_random_seed(1)
    network = keras.applications.VGG19(include_top=False, weights=None)
    network.save_weights(tmp_path / "weights.h5")
    loss = losses.named({"vgg": 1.0}, tmp_path / "weights.h5")["vgg"]
    target = pictures(32)
    np.testing.assert_allclose(loss(target, target), 0, atol=1e-9)
    assert float(tf.reduce_min(loss(target, target[:, ::-1]))) > 0
