"""One training step on any number of devices, safe against gradients that are not finite."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import tensorflow as tf
import tf_keras as keras

from pynet_tf.losses import Loss
from pynet_tf.method import Trained
from pynet_tf.schedule import LevelPlan

FINAL_RATE = 0.02
_NEVER = 2**31 - 1
_FLOAT16 = "mixed_float16"

StepFunction = Callable[[Any, Any], tuple[tf.Tensor, tf.Tensor]]


class FusedAdam(keras.optimizers.Adam):
    """Adam (Kingma and Ba, arXiv 1412.6980) in one pass over the weights: TensorFlow's kernel in place of Keras' ten.

    The numbers are those of `keras.optimizers.Adam` up to rounding, and so are the variables that checkpoints keep.
    """

    def update_step(self, gradient: tf.Tensor, variable: tf.Variable) -> None:
        """Change `variable` and its two moments by a dense gradient."""
        number = self._index_dict[self._var_key(variable)]
        kind = variable.dtype
        first, second, step = (tf.cast(value, kind) for value in (self.beta_1, self.beta_2, self.iterations + 1))
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[number].handle,
            v=self._velocities[number].handle,
            beta1_power=tf.pow(first, step),
            beta2_power=tf.pow(second, step),
            lr=tf.cast(self.learning_rate, kind),
            beta1=first,
            beta2=second,
            epsilon=tf.cast(self.epsilon, kind),
            grad=gradient,
        )


def make_optimizer(plan: LevelPlan, precision: str) -> keras.mixed_precision.LossScaleOptimizer:
    """Adam with the plan's rate, which skips steps whose gradients are not finite.

    With `mixed_float16` the loss is scaled dynamically; with the other precisions the scale stays 1, and only the
    skipping is left of it. Skipped steps count as iterations.
    """
    adam = FusedAdam(_rate(plan), global_clipnorm=plan.clip_norm)
    if precision == _FLOAT16:
        return keras.mixed_precision.LossScaleOptimizer(adam)
    return keras.mixed_precision.LossScaleOptimizer(adam, initial_scale=1.0, dynamic_growth_steps=_NEVER)


def make_step(
    model: Trained,
    optimizer: keras.mixed_precision.LossScaleOptimizer,
    loss: Loss,
    batch: int,
    strategy: tf.distribute.Strategy,
    compiled: bool = False,
) -> StepFunction:
    """A function of one batch that updates the model.

    Args:
        model: From `(B, H, W, C)` to what the loss takes: one picture `(B, h, w, 3)`, usually.
        optimizer: As `make_optimizer` makes it, within the strategy's scope.
        loss: One value a picture.
        batch: Crops a step over all devices, by which the sum is divided.
        strategy: On which devices.
        compiled: Whether XLA compiles the forward and backward pass.

    Returns:
        A function of inputs and targets, split over devices, that gives the mean loss over the whole batch and
        whether all gradients were finite; if not, no weight has changed.
    """

    @tf.function(jit_compile=compiled or None)
    def gradients(photo: tf.Tensor, target: tf.Tensor) -> tuple[tf.Tensor, list[tf.Tensor]]:
        with tf.GradientTape() as tape:
            share = tf.reduce_sum(loss(target, model(photo, training=True))) / batch
            scaled = optimizer.get_scaled_loss(share)
        return share, optimizer.get_unscaled_gradients(tape.gradient(scaled, model.trainable_variables))

    def replica(photo: tf.Tensor, target: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        share, own = gradients(photo, target)
        summed = tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, own)
        optimizer.apply_gradients(zip(summed, model.trainable_variables, strict=True), skip_gradients_aggregation=True)
        finite = tf.reduce_all([tf.reduce_all(tf.math.is_finite(gradient)) for gradient in summed])
        return share, tf.cast(finite, tf.float32)

    @tf.function
    def step(photos: Any, targets: Any) -> tuple[tf.Tensor, tf.Tensor]:
        shares, finite = strategy.run(replica, (photos, targets))
        return (
            strategy.reduce(tf.distribute.ReduceOp.SUM, shares, None),
            strategy.reduce(tf.distribute.ReduceOp.MEAN, finite, None) > 0.5,
        )

    return step


def follow(average: Iterable[tf.Variable], weights: Iterable[tf.Variable], share: float) -> None:
    """Move the exponential moving average of weights by `share` of its distance towards them."""
    for mean, weight in zip(average, weights, strict=True):
        mean.assign_add(share * (tf.cast(weight, mean.dtype) - mean))


def _rate(plan: LevelPlan) -> Any:
    warm_up = int(plan.steps * plan.warm_up)
    if plan.decay == "constant" and not warm_up:
        return plan.learning_rate
    final = 1.0 if plan.decay == "constant" else FINAL_RATE
    if not warm_up:
        return keras.optimizers.schedules.CosineDecay(plan.learning_rate, plan.steps, alpha=final)
    return keras.optimizers.schedules.CosineDecay(
        0.0, max(1, plan.steps - warm_up), alpha=final, warmup_target=plan.learning_rate, warmup_steps=warm_up
    )
