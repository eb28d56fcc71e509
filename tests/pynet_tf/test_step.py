"""One step: it learns, skips what is not finite, and clips."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras

from pynet_tf.losses import l2
from pynet_tf.schedule import LevelPlan
from pynet_tf.step import FusedAdam, clip, follow, loss_scale, make_optimizer, make_step

PLAN = LevelPlan(1, 10, 2, 32, 0.05, {"l2": 1.0}, warm_up=0.0, decay="constant")


def small(precision: str = "float32"):
    photo = keras.Input((8, 8, 3))
    model = keras.Model(photo, keras.layers.Conv2D(3, 1, kernel_initializer="zeros")(photo))
    optimizer = make_optimizer(PLAN, precision)
    optimizer.build(model.trainable_variables)
    return model, optimizer, make_step(model, optimizer, l2, PLAN, tf.distribute.get_strategy())


@pytest.mark.parametrize("precision", ["float32", "mixed_float16"])
def test_steps_lower_the_loss(precision: str) -> None:
    _, _, step = small(precision)
    photo = tf.random.stateless_uniform((2, 8, 8, 3), (1, 2))
    losses = [float(step(photo, photo)[0]) for _ in range(40)]
    assert losses[0] == pytest.approx(float(tf.reduce_mean(photo**2)), rel=1e-5)
    assert losses[-1] < 0.3 * losses[0]


@pytest.mark.parametrize("precision", ["float32", "mixed_float16"])
def test_a_step_that_is_not_finite_changes_no_weight_and_counts_as_one(precision: str) -> None:
    model, optimizer, step = small(precision)
    photo = tf.random.stateless_uniform((2, 8, 8, 3), (1, 2))
    step(photo, photo)
    before = model.get_weights()
    _, finite = step(photo, photo * np.nan)
    assert not bool(finite)
    assert int(optimizer.iterations) == 2
    assert all(np.array_equal(one, other) for one, other in zip(before, model.get_weights(), strict=True))
    loss, finite = step(photo, photo)
    assert bool(finite)
    assert np.isfinite(float(loss))


def test_half_precision_scales_the_loss_and_full_precision_does_not() -> None:
    assert loss_scale(small("mixed_float16")[1]) > 1
    assert loss_scale(small("float32")[1]) == 1
    assert loss_scale(small("mixed_bfloat16")[1]) == 1


def test_gradients_are_clipped_to_the_norm() -> None:
    long, short = [tf.constant([3.0, 0.0]), tf.constant([[4.0]])], [tf.constant([0.3, 0.0]), tf.constant([[0.4]])]
    for given, most, wanted in ((long, 1.0, 1.0), (short, 1.0, 0.5), (long, None, 5.0)):
        clipped, finite = clip(given, most)
        assert bool(finite)
        assert float(tf.linalg.global_norm(clipped)) == pytest.approx(wanted)
    for endless in ([1.0, np.inf], [1.0, np.nan], [1e30, 1.0]):  # the last one's square
        clipped, finite = clip([tf.constant(endless)], 1.0)
        assert not bool(finite)
        assert np.isnan(clipped[0]).all()


def test_adam_in_one_pass_is_keras_adam() -> None:
    random, found = np.random.default_rng(4), []
    start, gradients = random.normal(0, 1, (3, 5)), random.normal(0, 0.1, (6, 3, 5)).astype(np.float32)
    for kind in (keras.optimizers.Adam, FusedAdam):
        weight = tf.Variable(start, dtype=tf.float32)
        optimizer = kind(keras.optimizers.schedules.CosineDecay(0.05, 6))
        for gradient in gradients:
            optimizer.apply_gradients([(tf.constant(gradient), weight)])
        found.append([variable.numpy() for variable in (weight, *optimizer.variables)])
    assert abs(found[0][0] - start).max() > 0.05
    for slow, fast in zip(*found, strict=True):
        np.testing.assert_allclose(fast, slow, rtol=1e-5, atol=1e-7)


def test_the_rate_rises_and_falls() -> None:
    rate = make_optimizer(LevelPlan(3, 100, 1, 32, 1e-3, warm_up=0.1), "float32")._learning_rate
    values = [float(rate(step)) for step in (0, 5, 10, 60, 100)]
    assert values[0] == 0
    assert values[1] == pytest.approx(5e-4)
    assert values[2] == pytest.approx(1e-3)
    assert values[2] > values[3] > values[4]
    assert values[4] == pytest.approx(2e-5)


def test_an_average_follows_by_its_share() -> None:
    average, weight = tf.Variable([0.0, 4.0]), tf.Variable([1.0, 0.0])
    follow([average], [weight], 0.25)
    np.testing.assert_allclose(average, [0.25, 3.0])
