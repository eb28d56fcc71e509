"""Losses by name; each maps target and output `(B, H, W, 3)`, 0..1, to one value a picture, `(B,)`."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path

import tensorflow as tf

from calib_data.colour import LUMA
from calib_data.errors import UserError

Loss = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]

_WINDOW, _DEVIATION = 11, 1.5
_LIGHT, _CONTRAST = 0.01**2, 0.03**2  # SSIM's constants for values of 0 to 1
_SCALES = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
_LEAST_SIMILARITY = 1e-4
_COLOUR_BLOCK = 8


def l1(target: tf.Tensor, output: tf.Tensor) -> tf.Tensor:
    """Mean absolute difference."""
    return tf.reduce_mean(tf.abs(target - output), axis=(1, 2, 3))


def l2(target: tf.Tensor, output: tf.Tensor) -> tf.Tensor:
    """Mean squared difference, what PSNR measures; unlike L1 it blurs where the focus is uncertain."""
    return tf.reduce_mean(tf.square(target - output), axis=(1, 2, 3))


def ssim(target: tf.Tensor, output: tf.Tensor) -> tf.Tensor:
    """One minus the structural similarity, Gaussian window 11x11 (Wang et al. 2004); smaller on smaller pictures."""
    window = min(_WINDOW, *_sides(target))
    return 1.0 - tf.image.ssim(target, output, max_val=1.0, filter_size=window)


def ms_ssim(target: tf.Tensor, output: tf.Tensor) -> tf.Tensor:
    """One minus the multi-scale structural similarity (Wang et al. 2003), five scales; sides of 176 pixels or more.

    As `tf.image.ssim_multiscale`, whose gradient is not finite where two pictures are opposites at some scale: here the
    similarity of a scale is 1e-4 at least.
    """
    output, factors = tf.clip_by_value(output, 0.0, 1.0), []
    for scale, power in enumerate(_SCALES):
        if scale:
            target, output = (tf.nn.avg_pool2d(picture, 2, 2, "SAME") for picture in (target, output))
        light, structure = _similarity(target, output)
        similar = light * structure if scale == len(_SCALES) - 1 else structure
        factors.append(tf.maximum(tf.reduce_mean(similar, axis=(1, 2)), _LEAST_SIMILARITY) ** power)
    return 1.0 - tf.reduce_mean(tf.math.reduce_prod(factors, axis=0), axis=-1)


def colour(target: tf.Tensor, output: tf.Tensor) -> tf.Tensor:
    """Mean absolute difference of the chroma (BT.601 Cb and Cr) of 8x8-pixel means: colours without detail."""
    side = min(_COLOUR_BLOCK, *_sides(target))
    coarse = tf.nn.avg_pool2d(target - output, side, side, "SAME")
    luma = tf.tensordot(coarse, tf.constant(LUMA), axes=1)
    chroma = tf.stack([(coarse[..., 2] - luma) / 1.772, (coarse[..., 0] - luma) / 1.402], axis=-1)
    return tf.reduce_mean(tf.abs(chroma), axis=(1, 2, 3))


PLAIN: dict[str, Loss] = {"l1": l1, "l2": l2, "ssim": ssim, "ms_ssim": ms_ssim, "colour": colour}
PERCEPTUAL = "vgg"
NAMES = (*PLAIN, PERCEPTUAL)
SMALLEST_SIDE = {"ms_ssim": _WINDOW * 2 ** (len(_SCALES) - 1), PERCEPTUAL: 32}
"""Pixels a side that an output must have for a loss: all five scales of SSIM, one pixel of VGG-19's last maps."""


def check_weights(weights: Mapping[str, float]) -> None:
    """Refuse losses that are not known and weights that are no positive numbers.

    Raises:
        UserError: So it is.
    """
    unknown = sorted(set(weights) - set(NAMES))
    if unknown or not weights:
        raise UserError(f"{', '.join(unknown) or 'nothing'} is no loss.", f"Take some of {', '.join(NAMES)}.")
    for name, weight in weights.items():
        if not (math.isfinite(weight) and weight > 0):
            raise UserError(f"the loss {name} has the weight {weight}.", "Weights are positive numbers.")


def check_side(weights: Mapping[str, float], side: int) -> None:
    """Refuse losses for which outputs of `side` pixels are too small.

    Raises:
        UserError: So it is.
    """
    for name in weights:
        if side < SMALLEST_SIDE.get(name, 1):
            raise UserError(
                f"the loss {name} needs outputs of {SMALLEST_SIDE[name]} pixels a side, not {side}.",
                "Take a larger --crop, or another loss at this level.",
            )


def named(weights: Mapping[str, float], vgg_weights: Path | None = None) -> dict[str, Loss]:
    """The losses that have weights, by name.

    Args:
        weights: Weight by name.
        vgg_weights: File of VGG-19's weights for the loss `vgg`; Keras' cache by default.

    Raises:
        UserError: A loss is unknown, or `vgg` is named and its weights are not there.
    """
    check_weights(weights)
    losses = {name: PLAIN[name] for name in weights if name != PERCEPTUAL}
    if PERCEPTUAL in weights:
        from pynet_tf.perceptual import perceptual_loss

        losses[PERCEPTUAL] = perceptual_loss(vgg_weights)
    return losses


def total(losses: Mapping[str, Loss], weights: Mapping[str, float]) -> Loss:
    """The sum of losses, each times the weight of its name."""
    return lambda target, output: tf.add_n([weights[name] * loss(target, output) for name, loss in losses.items()])


def _similarity(target: tf.Tensor, output: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """SSIM's factors for luminance and for contrast and structure, pixel by pixel and colour by colour."""
    line = tf.exp(-0.5 * tf.square((tf.range(_WINDOW, dtype=tf.float32) - _WINDOW // 2) / _DEVIATION))
    window = tf.tile((line[:, tf.newaxis] * line / tf.reduce_sum(line) ** 2)[..., tf.newaxis, tf.newaxis], (1, 1, 3, 1))

    def mean(picture: tf.Tensor) -> tf.Tensor:
        return tf.nn.depthwise_conv2d(picture, window, (1, 1, 1, 1), "VALID")

    one, other = mean(target), mean(output)
    covariance = mean(target * output) - one * other
    variances = mean(tf.square(target) + tf.square(output)) - tf.square(one) - tf.square(other)
    light = (2 * one * other + _LIGHT) / (tf.square(one) + tf.square(other) + _LIGHT)
    return light, (2 * covariance + _CONTRAST) / (variances + _CONTRAST)


def _sides(picture: tf.Tensor) -> tuple[int, int]:
    """Height and width, which are known in training."""
    return int(picture.shape[1]), int(picture.shape[2])
