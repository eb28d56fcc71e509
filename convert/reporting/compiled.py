"""The figures of `pynet_tf.metrics` over several areas at once, compiled: several times as fast, on all cores.

The definitions are those of `pynet_tf.metrics.Comparison`, to which a test holds these. What filters and what
combines are compiled apart, so that a filtered map is made once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from pynet_tf.metrics import (
    GAUSSIAN_SIDE,
    GAUSSIAN_SIGMA,
    MS_SSIM_WEIGHTS,
    SSIM_K1,
    SSIM_K2,
    Area,
    Pixels,
    psnr_of_error,
)

_OFFSETS = np.arange(GAUSSIAN_SIDE) - GAUSSIAN_SIDE // 2
_TAPS = np.exp(-0.5 * (_OFFSETS / GAUSSIAN_SIGMA) ** 2)
_TAPS = (_TAPS / _TAPS.sum()).astype(np.float32)
_EDGE = GAUSSIAN_SIDE // 2
_TO_XYZ = np.array(  # sRGB under D65, each row divided by the white point
    [[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]]
) / np.array([[0.95047], [1.0], [1.08883]])
_POW7 = 25.0**7


@dataclass(frozen=True)
class Measured:
    """Figures of a picture inside an area, as those of `pynet_tf.metrics.Figures`; `ssim` is of the Gaussian window."""

    psnr: float
    ssim: float
    ms_ssim: float
    ciede2000: float


def measure(reference: Pixels, picture: Pixels, areas: Sequence[Area]) -> list[Measured]:
    """The figures inside each area.

    Args:
        reference: (H, W, 3), 0..1.
        picture: (H, W, 3), 0..1.
        areas: (H, W) each, for which `pynet_tf.metrics.measurable` holds.
    """
    first, second = tf.constant(reference), tf.constant(picture)
    weights = tf.constant(np.stack(areas).astype(np.float32))
    errors = _means(_squared_error(first, second), weights).numpy()
    colours = _means(_colour_difference(_lab(first), _lab(second))[..., tf.newaxis], weights).numpy()
    ssim: NDArray[np.float32] = np.zeros(0, np.float32)
    product = np.ones((len(areas), 3))
    for scale, exponent in enumerate(MS_SSIM_WEIGHTS):
        if scale:
            first, second, weights = _halved(first), _halved(second), _halved(weights[..., tf.newaxis])[..., 0]
        whole, structure = _similarity(_across(_down(_moments(first, second))))
        inner = weights[:, _EDGE:-_EDGE, _EDGE:-_EDGE]
        if scale == 0:
            ssim = _means(whole, inner).numpy()
        last = scale == len(MS_SSIM_WEIGHTS) - 1
        product *= np.maximum(_means(whole if last else structure, inner).numpy(), 0) ** exponent
    return [
        Measured(
            psnr=psnr_of_error(float(errors[place].mean())),
            ssim=float(ssim[place].mean()),
            ms_ssim=float(product[place].mean()),
            ciede2000=float(colours[place, 0]),
        )
        for place in range(len(areas))
    ]


@tf.function(jit_compile=True)
def _means(values: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
    """Weighted means (A, C) of (H, W, C), by weights (A, H, W); in float64, of which PSNR has need."""
    rows = tf.einsum("ahw,hwc->ahc", weights, values)
    total = tf.reduce_sum(tf.reduce_sum(weights, axis=2), axis=1)
    return tf.reduce_sum(tf.cast(rows, tf.float64), axis=1) / tf.cast(total, tf.float64)[:, tf.newaxis]


@tf.function(jit_compile=True)
def _squared_error(first: tf.Tensor, second: tf.Tensor) -> tf.Tensor:
    return tf.math.squared_difference(first, second)


@tf.function(jit_compile=True)
def _moments(first: tf.Tensor, second: tf.Tensor) -> tf.Tensor:
    """(4, H, W, 3): both pictures, their product, and the sum of their squares."""
    return tf.stack([first, second, first * second, first * first + second * second])


@tf.function(jit_compile=True)
def _down(maps: tf.Tensor) -> tf.Tensor:
    """The Gaussian along height; places whose window stands over the edge are left out."""
    rows = maps.shape[1] - 2 * _EDGE
    return tf.add_n([tap * maps[:, place : place + rows] for place, tap in enumerate(_TAPS)])


@tf.function(jit_compile=True)
def _across(maps: tf.Tensor) -> tf.Tensor:
    """The Gaussian along width, likewise."""
    columns = maps.shape[2] - 2 * _EDGE
    return tf.add_n([tap * maps[:, :, place : place + columns] for place, tap in enumerate(_TAPS)])


@tf.function(jit_compile=True)
def _similarity(means: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """SSIM and its product of contrast and structure, (h, w, 3) each."""
    first, second, product, squares = tf.unstack(means)
    means_squared = first * first + second * second
    structure = (2 * (product - first * second) + SSIM_K2**2) / (squares - means_squared + SSIM_K2**2)
    return (2 * first * second + SSIM_K1**2) / (means_squared + SSIM_K1**2) * structure, structure


@tf.function(jit_compile=True)
def _halved(values: tf.Tensor) -> tf.Tensor:
    """2x2 means of the last two axes but one of (..., H, W, C); an odd side's last row or column is doubled first."""
    height, width = values.shape[-3], values.shape[-2]
    if height % 2:
        values = tf.concat([values, values[..., -1:, :, :]], axis=-3)
    if width % 2:
        values = tf.concat([values, values[..., -1:, :]], axis=-2)
    above, below = values[..., 0::2, :, :], values[..., 1::2, :, :]
    rows = above + below
    return (rows[..., 0::2, :] + rows[..., 1::2, :]) / 4


@tf.function(jit_compile=True)
def _lab(picture: tf.Tensor) -> tf.Tensor:
    """CIELAB (3, H, W) under D65 of an sRGB picture (H, W, 3)."""
    linear = tf.where(picture > 0.04045, tf.pow((picture + 0.055) / 1.055, 2.4), picture / 12.92)
    red, green, blue = linear[..., 0], linear[..., 1], linear[..., 2]
    xyz = [float(row[0]) * red + float(row[1]) * green + float(row[2]) * blue for row in _TO_XYZ]
    roots = [
        tf.where(value > 0.008856, tf.pow(tf.maximum(value, 1e-12), 1 / 3), 7.787 * value + 16 / 116) for value in xyz
    ]
    return tf.stack([116 * roots[1] - 16, 500 * (roots[0] - roots[1]), 200 * (roots[1] - roots[2])])


@tf.function(jit_compile=True)
def _colour_difference(first: tf.Tensor, second: tf.Tensor) -> tf.Tensor:
    """CIEDE2000 (H, W) of two CIELAB pictures (3, H, W): Sharma, Wu and Dalal 2005, with all weights 1."""
    light1, a1, b1 = tf.unstack(first)
    light2, a2, b2 = tf.unstack(second)
    chroma = (_length(a1, b1) + _length(a2, b2)) / 2
    stretch = 1 + 0.5 * (1 - _saturation(chroma))
    a1, a2 = a1 * stretch, a2 * stretch
    chroma1, chroma2 = _length(a1, b1), _length(a2, b2)
    hue1, hue2 = (tf.math.floormod(tf.math.atan2(b, a), 2 * np.pi) for a, b in ((a1, b1), (a2, b2)))
    coloured = chroma1 * chroma2 > 0
    turn = hue2 - hue1
    turn = tf.where(turn > np.pi, turn - 2 * np.pi, tf.where(turn < -np.pi, turn + 2 * np.pi, turn))
    hue_difference = 2 * tf.sqrt(chroma1 * chroma2) * tf.sin(tf.where(coloured, turn, 0.0) / 2)
    both = hue1 + hue2
    wide = tf.abs(hue1 - hue2) > np.pi
    mean_hue = tf.where(wide, tf.where(both < 2 * np.pi, both + 2 * np.pi, both - 2 * np.pi), both) / 2
    mean_hue = tf.where(coloured, mean_hue, both)
    mean_chroma, mean_light = (chroma1 + chroma2) / 2, (light1 + light2) / 2
    far = tf.square(mean_light - 50)
    by_light = (light2 - light1) / (1 + 0.015 * far / tf.sqrt(20 + far))
    by_chroma = (chroma2 - chroma1) / (1 + 0.045 * mean_chroma)
    by_hue = hue_difference / (1 + 0.015 * mean_chroma * _hue_weight(mean_hue))
    degrees = mean_hue * (180 / np.pi)
    rotation = np.radians(60) * tf.exp(-tf.square((degrees - 275) / 25))
    twist = -2 * _saturation(mean_chroma) * tf.sin(rotation)
    squared = tf.square(by_light) + tf.square(by_chroma) + tf.square(by_hue) + twist * by_chroma * by_hue
    return tf.sqrt(tf.maximum(squared, 0.0))


def _length(first: tf.Tensor, second: tf.Tensor) -> tf.Tensor:
    return tf.sqrt(first * first + second * second)


def _saturation(chroma: tf.Tensor) -> tf.Tensor:
    power = tf.square(tf.square(chroma) * chroma) * chroma
    return tf.sqrt(power / (power + _POW7))


def _hue_weight(hue: tf.Tensor) -> tf.Tensor:
    shifts = ((1, -30.0, -0.17), (2, 0.0, 0.24), (3, 6.0, 0.32), (4, -63.0, -0.20))
    return 1 + tf.add_n([size * tf.cos(times * hue + float(np.radians(shift))) for times, shift, size in shifts])
