"""Array arithmetic that every part of a scene shares; pictures are float32 in linear light."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]
Colour = tuple[float, float, float]
Random = np.random.Generator


def smoothstep(low: Any, high: Any, value: Any) -> Array:
    """0 below `low`, 1 above `high`, smooth between; `high < low` turns it round."""
    t = np.clip((value - low) / (high - low), 0.0, 1.0)
    return np.asarray(t * t * (3.0 - 2.0 * t), np.float32)


def coverage(signed_pixels: Array) -> Array:
    """How much of a pixel lies inside an edge, from the signed distance to it in pixels (inside is positive)."""
    return np.clip(signed_pixels + 0.5, 0.0, 1.0)


def luminance(rgb: Array) -> Array:
    """Relative luminance of linear RGB, `(..., 3)` to `(...)`; weights of ITU-R BT.709."""
    return np.asarray(0.2126 * rgb[..., 0] + 0.7152 * rgb[..., 1] + 0.0722 * rgb[..., 2], np.float32)


def along(vectors: Array, direction: Array) -> Array:
    """Dot product of `(..., 3)` with one `(3,)`; not by BLAS, whose threads would compete with the other workers."""
    return np.asarray(
        vectors[..., 0] * direction[0] + vectors[..., 1] * direction[1] + vectors[..., 2] * direction[2], np.float32
    )


def grid(height: int, width: int) -> tuple[Array, Array]:
    """Pixel centres as open arrays: rows `(H, 1)` and columns `(1, W)`."""
    rows = np.arange(height, dtype=np.float32)[:, None] + 0.5
    columns = np.arange(width, dtype=np.float32)[None, :] + 0.5
    return rows, columns


def resample(image: Array, rows: Array, columns: Array) -> Array:
    """Look an image up between its pixels (bilinear), repeating it on all sides.

    Args:
        image: `(h, w)` or `(h, w, C)`.
        rows: Positions in pixels, any shape; pixel centres lie at whole numbers.
        columns: As `rows`.

    Returns:
        Values of shape `rows.shape` or `rows.shape + (C,)`.
    """
    height, width = image.shape[:2]
    top, left = np.floor(rows), np.floor(columns)
    down, across = (rows - top).astype(np.float32), (columns - left).astype(np.float32)
    if image.ndim == 3:
        down, across = down[..., None], across[..., None]
    r0, c0 = top.astype(np.int32) % height, left.astype(np.int32) % width
    r1, c1 = (r0 + 1) % height, (c0 + 1) % width
    flat = image.reshape(height * width, *image.shape[2:])
    upper = flat[r0 * width + c0] * (1 - across) + flat[r0 * width + c1] * across
    lower = flat[r1 * width + c0] * (1 - across) + flat[r1 * width + c1] * across
    return np.asarray(upper * (1 - down) + lower * down, np.float32)


def mix(first: Any, second: Any, weight: Any) -> Array:
    """`first` where `weight` is 0, `second` where it is 1."""
    return np.asarray(first + (second - first) * weight, np.float32)


def jitter(random: Random, colour: Colour, hue: float = 0.08, lightness: float = 0.15) -> Array:
    """A natural variation of a linear colour: channels by `hue`, all together by `lightness` (relative sigmas)."""
    factors = np.exp(random.normal(0.0, hue, 3)) * np.exp(random.normal(0.0, lightness))
    return (np.asarray(colour) * factors).astype(np.float32)


def pick(random: Random, choices: Any) -> Any:
    """One of `choices`, each as likely."""
    return choices[int(random.integers(len(choices)))]
