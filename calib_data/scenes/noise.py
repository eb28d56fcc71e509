"""Random fields that repeat without a seam; the raw matter of every procedural texture."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy import fft

from calib_data.scenes.arrays import Array, grid


@lru_cache(maxsize=64)
def fractal(side: int, exponent: float, seed: int, lowest: int = 1, stretch: float = 1.0) -> Array:
    """Noise whose amplitude falls with frequency f as f ** -exponent, made in the spectrum.

    Args:
        side: Height and width in pixels.
        exponent: 1 is rough as gravel, 2 soft as clouds.
        seed: Which field.
        lowest: Waves a side of the slowest wave that is kept.
        stretch: How much longer than wide the features are, vertically.

    Returns:
        `(side, side)`, mean 0, standard deviation 1; shared between callers, so not writable.
    """
    random = np.random.default_rng([seed, side])
    vertical = np.fft.fftfreq(side)[:, None] * side
    horizontal = np.fft.rfftfreq(side)[None, :] * side
    frequency = np.hypot(vertical * stretch, horizontal).astype(np.float32)
    gain = np.where(frequency >= lowest, np.maximum(frequency, 1.0) ** -exponent, 0.0).astype(np.float32)
    spectrum = fft.rfft2(random.standard_normal((side, side), dtype=np.float32), workers=1)
    field = fft.irfft2(spectrum * gain, s=(side, side), workers=1).astype(np.float32)
    field = (field - field.mean()) / field.std()
    field.setflags(write=False)
    return field


@lru_cache(maxsize=12)
def cells(side: int, count: int, seed: int, regular: float = 0.0) -> tuple[Array, Array]:
    """Cells round scattered points (Worley noise), as stones, cobbles and cracks need them.

    Args:
        side: Height and width in pixels.
        count: Cells a side.
        seed: Which field.
        regular: 0 scatters the points freely in their cells, 1 puts them on a grid.

    Returns:
        Distance to the border between the two nearest cells, in cells, `(side, side)`; and a number 0..1 a cell.
    """
    random = np.random.default_rng([seed, count])
    loose = 1.0 - regular
    offsets = 0.5 + (random.random((count, count, 2)) - 0.5) * loose
    names = random.random((count, count)).astype(np.float32)
    rows, columns = grid(side, side)
    rows, columns = rows * (count / side), columns * (count / side)
    home_row, home_column = rows.astype(np.int32), columns.astype(np.int32)
    nearest = np.full((side, side), 9.0, np.float32)
    second = nearest.copy()
    name = np.zeros((side, side), np.float32)
    for step_row in (-1, 0, 1):
        for step_column in (-1, 0, 1):
            r, c = (home_row + step_row) % count, (home_column + step_column) % count
            point = offsets[r, c].astype(np.float32)
            away = np.hypot(
                home_row + step_row + point[..., 0] - rows, home_column + step_column + point[..., 1] - columns
            )
            closer = away < nearest
            second = np.where(closer, nearest, np.minimum(second, away))
            name = np.where(closer, names[r, c], name)
            nearest = np.where(closer, away, nearest)
    border = (second - nearest).astype(np.float32)
    border.setflags(write=False)
    name.setflags(write=False)
    return border, name


def relief(height: Array, strength: float) -> Array:
    """Light and shade that a low sun from the upper left gives a height field: factors round 1, `(h, w)`."""
    slope = (height - np.roll(height, 1, 0)) + (height - np.roll(height, 1, 1))
    return np.clip(1.0 + strength * slope, 0.2, 2.2).astype(np.float32)
