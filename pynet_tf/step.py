"""One training step on any number of devices, safe against gradients that are not finite."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
import tf_keras as keras

from pynet_tf.losses import Loss
from pynet_tf.method import Trained
from pynet_tf.schedule import LevelPlan

FINAL_RATE = 0.02
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


def make_optimizer(plan: LevelPlan, precision: str) -> keras.optimizers.Optimizer:
    """Adam with the plan's rate; with `mixed_float16`, for a loss that is scaled dynamically."""
    adam = FusedAdam(_rate(plan))
    return keras.mixed_precision.LossScaleOptimizer(adam) if precision == _FLOAT16 else adam


def loss_scale(optimizer: keras.optimizers.Optimizer) -> float:
    """By what the loss is multiplied at present; 1 where it is not scaled."""
    return float(tf.convert_to_tensor(optimizer.loss_scale)) if _scales(optimizer) else 1.0


def make_step(
    model: Trained,
    optimizer: keras.optimizers.Optimizer,
    loss: Loss,
    plan: LevelPlan,
    strategy: tf.distribute.Strategy,
    compiled: bool = False,
) -> StepFunction:
    """A function of one batch that updates the model.

    Args:
        model: From `(B, H, W, C)` to what the loss takes: one picture `(B, h, w, 3)`, usually.
        optimizer: As `make_optimizer` makes it, within the strategy's scope.
        loss: One value a picture.
        plan: Tells the crops a step over all devices, by which the sum is divided, and to what gradients are clipped.
        strategy: On which devices.
        compiled: Whether XLA compiles the forward and backward pass.

    Returns:
        A function of inputs and targets, split over devices, that gives the mean loss over the whole batch and
        whether the gradients' norm was finite; if not, no weight has changed, and the step counts as an iteration.
    """
    variables = model.trainable_variables

    @tf.function(jit_compile=compiled or None)
    def gradients(photo: tf.Tensor, target: tf.Tensor) -> tuple[tf.Tensor, list[tf.Tensor]]:
        with tf.GradientTape() as tape:
            share = tf.reduce_sum(loss(target, model(photo, training=True))) / plan.batch
            scaled = optimizer.get_scaled_loss(share) if _scales(optimizer) else share
        found = tape.gradient(scaled, variables)
        return share, optimizer.get_unscaled_gradients(found) if _scales(optimizer) else found

    def replica(photo: tf.Tensor, target: tf.Tensor) -> tuple[tf.Tensor, list[tf.Tensor], tf.Tensor]:
        share, own = gradients(photo, target)
        summed = tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, own)
        clipped, finite = clip(summed, plan.clip_norm)
        return share, clipped, tf.cast(finite, tf.float32)

    def update(clipped: list[tf.Tensor]) -> None:
        optimizer.apply_gradients(zip(clipped, variables, strict=True), skip_gradients_aggregation=True)

    @tf.function
    def step(photos: Any, targets: Any) -> tuple[tf.Tensor, tf.Tensor]:
        shares, clipped, finites = strategy.run(replica, (photos, targets))
        finite = strategy.reduce(tf.distribute.ReduceOp.MEAN, finites, None) > 0.5
        if _scales(optimizer) or finite:  # one that scales must see what is not finite, and skips it itself
            strategy.run(update, (clipped,))
        else:
            optimizer.iterations.assign_add(1)
        return strategy.reduce(tf.distribute.ReduceOp.SUM, shares, None), finite

    return step


def clip(gradients: Sequence[tf.Tensor], most: float | None) -> tuple[list[tf.Tensor], tf.Tensor]:
    """Gradients with a global norm of `most` at most (Pascanu et al., arXiv 1211.5063), and whether it was finite.

    One norm tells both, so that nothing looks at the gradients twice.
    """
    norm = tf.linalg.global_norm(gradients)
    finite = tf.math.is_finite(norm)
    if most is None:
        return list(gradients), finite
    share = tf.where(
        finite, most / tf.maximum(norm, most), np.nan
    )  # so that no optimizer takes what is left for a step
    return [gradient * tf.cast(share, gradient.dtype) for gradient in gradients], finite


def follow(average: Iterable[tf.Variable], weights: Iterable[tf.Variable], share: float) -> None:
    """Move the exponential moving average of weights by `share` of its distance towards them."""
    for mean, weight in zip(average, weights, strict=True):
        mean.assign_add(share * (tf.cast(weight, mean.dtype) - mean))


def _scales(optimizer: keras.optimizers.Optimizer) -> bool:
    return isinstance(optimizer, keras.mixed_precision.LossScaleOptimizer)


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
