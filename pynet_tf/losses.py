"""Losses by name; each maps target and output `(B, H, W, 3)` to a scalar."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import tensorflow as tf

_SSIM_WINDOW = 11


def l1(target: tf.Tensor, output: tf.Tensor) -> tf.Tensor:
    """Mean absolute difference."""
    return tf.reduce_mean(tf.abs(target - output))


def l2(target: tf.Tensor, output: tf.Tensor) -> tf.Tensor:
    """Mean squared difference, what PSNR measures; unlike L1 it blurs where the focus is uncertain."""
    return tf.reduce_mean(tf.square(target - output))


def ssim(target: tf.Tensor, output: tf.Tensor) -> tf.Tensor:
    """One minus the structural similarity, Gaussian window 11x11 (Wang et al. 2004)."""
    return 1.0 - tf.reduce_mean(tf.image.ssim(target, output, max_val=1.0, filter_size=_SSIM_WINDOW))


LOSSES: dict[str, Callable[[tf.Tensor, tf.Tensor], tf.Tensor]] = {"l1": l1, "l2": l2, "ssim": ssim}


def weighted(weights: Mapping[str, float], target: tf.Tensor, output: tf.Tensor) -> tf.Tensor:
    """The sum of the named losses, each times its weight."""
    return tf.add_n([weight * LOSSES[name](target, output) for name, weight in weights.items()])
