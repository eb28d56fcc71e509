"""Layers: parts of a picture with opacity and depth, blurred by their own circles of confusion and composited."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from calib_data.scenes.arrays import Array
from calib_data.scenes.lens import Camera, blur_reach, disc_blur

_LEVEL_RATIO = 1.3
_ONE_LEVEL_PX = 0.7


@dataclass(frozen=True)
class Layer:
    """A part of the picture.

    Attributes:
        pixels: `(h, w, 4)`: linear RGB times opacity, and opacity 0..1.
        top: Canvas row of the first row; may lie outside of the canvas.
        left: Canvas column of the first column.
        inverse_depth: 1 / metres; one number, or `(h, w)` for a surface whose depth varies smoothly (also defined
            where it is transparent).
        order: Depth in metres by which layers are sorted, far to near.
    """

    pixels: Array
    top: int
    left: int
    inverse_depth: float | Array
    order: float


def merged(layers: Sequence[Layer], order: float) -> Layer | None:
    """Faces of one body as one layer, so that no seam opens between them where they are blurred; None without any."""
    if not layers:
        return None
    top, left = min(layer.top for layer in layers), min(layer.left for layer in layers)
    bottom = max(layer.top + layer.pixels.shape[0] for layer in layers)
    right = max(layer.left + layer.pixels.shape[1] for layer in layers)
    pixels = np.zeros((bottom - top, right - left, 4), np.float32)
    inverse_depth = np.zeros(pixels.shape[:2], np.float32)
    for layer in _far_to_near(layers):
        window, part = _overlap(layer.pixels.shape, layer.top - top, layer.left - left, (bottom - top, right - left))
        patch = layer.pixels[part]
        free = 1.0 - pixels[window][..., 3:]  # faces of a body do not overlap but for the pixels along their edges
        pixels[window] += patch * np.minimum(free / np.maximum(patch[..., 3:], 1e-6), 1.0)
        inverse_depth[window] = np.where(patch[..., 3] > 0, layer.inverse_depth, inverse_depth[window])
    usual = float(inverse_depth[inverse_depth > 0].mean())
    return Layer(pixels, top, left, np.where(inverse_depth > 0, inverse_depth, usual).astype(np.float32), order)


def composite_sharp(layers: Sequence[Layer], canvas: tuple[int, int]) -> tuple[Array, Array]:
    """All layers in focus, far to near.

    Returns:
        Linear RGB `(H, W, 3)` and inverse depth `(H, W)` in 1 / metres, of the canvas.
    """
    image = np.zeros((*canvas, 3), np.float32)
    inverse_depth = np.zeros(canvas, np.float32)
    for layer in _far_to_near(layers):
        window, part = _overlap(layer.pixels.shape, layer.top, layer.left, canvas)
        pixels = layer.pixels[part]
        _over(image[window], pixels)
        depth = layer.inverse_depth if isinstance(layer.inverse_depth, float) else layer.inverse_depth[part]
        inverse_depth[window] += (depth - inverse_depth[window]) * pixels[..., 3]
    return image, inverse_depth


def composite_blurred(layers: Sequence[Layer], camera: Camera) -> Array:
    """All layers through the lens, far to near: linear RGB `(H, W, 3)` of the canvas.

    Colour times opacity and opacity are blurred together, so that a soft edge mixes with what really lies behind it.
    """
    image = np.zeros((*camera.canvas, 3), np.float32)
    for layer in _far_to_near(layers):
        blurred = blur_layer(layer, camera)
        window, part = _overlap(blurred.pixels.shape, blurred.top, blurred.left, camera.canvas)
        _over(image[window], blurred.pixels[part])
    return image


def blur_layer(layer: Layer, camera: Camera) -> Layer:
    """The layer as the lens shows it, larger by its blur."""
    confusion = np.abs(camera.lens.confusion(layer.inverse_depth, camera.height))
    confusion = np.minimum(confusion, 2.0 * camera.margin)
    if confusion.max() - confusion.min() <= _ONE_LEVEL_PX:
        diameter = float(confusion.mean())
        reach = blur_reach(diameter)
        pixels = disc_blur(layer.pixels, diameter)
    else:
        reach = blur_reach(float(confusion.max()))
        pixels = _blur_varying(layer.pixels, confusion, reach)
    return Layer(np.clip(pixels, 0.0, None), layer.top - reach, layer.left - reach, layer.inverse_depth, layer.order)


def blur_levels(smallest: float, largest: float) -> list[float]:
    """Diameters between which a varying blur is interpolated: about 30 % apart, from sharp upwards."""
    levels = [max(1.0, smallest)]
    while levels[-1] < largest:
        levels.append(max(levels[-1] + 0.8, levels[-1] * _LEVEL_RATIO))
    return levels


def _blur_varying(pixels: Array, confusion: Array, reach: int) -> Array:
    """Each pixel taken from pictures blurred by the two nearest diameters, weighted by how near they are."""
    around = ((reach, reach), (reach, reach))
    wanted = np.pad(np.maximum(confusion, 1.0), around, mode="edge")
    source = np.pad(pixels, (*around, (0, 0)))
    result = np.zeros_like(source)
    levels = blur_levels(float(wanted.min()), float(wanted.max()))
    position = np.interp(wanted, levels, np.arange(len(levels))).astype(np.float32)
    for place, level in enumerate(levels):
        _add_level(result, source, np.clip(1.0 - np.abs(position - place), 0.0, 1.0), level)
    return result


def _add_level(result: Array, source: Array, weight: Array, diameter: float) -> None:
    rows, columns = np.flatnonzero(weight.any(1)), np.flatnonzero(weight.any(0))
    if rows.size == 0:
        return
    reach = blur_reach(diameter)
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    left, right = int(columns[0]), int(columns[-1]) + 1
    outer_top, outer_left = max(top - reach, 0), max(left - reach, 0)
    part = source[outer_top : bottom + reach, outer_left : right + reach]
    blurred = disc_blur(part, diameter)
    first_row, first_column = top - outer_top + reach, left - outer_left + reach
    inner = blurred[first_row : first_row + bottom - top, first_column : first_column + right - left]
    result[top:bottom, left:right] += inner * weight[top:bottom, left:right, None]


def _far_to_near(layers: Sequence[Layer]) -> list[Layer]:
    return sorted(layers, key=lambda layer: -layer.order)


def _over(image: Array, pixels: Array) -> None:
    image *= 1.0 - pixels[..., 3:]
    image += pixels[..., :3]


def _overlap(
    shape: tuple[int, ...], top: int, left: int, canvas: tuple[int, int]
) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Where a patch at `top`, `left` meets the canvas: the window there, and the part of the patch."""
    rows = slice(min(max(top, 0), canvas[0]), min(max(top + shape[0], 0), canvas[0]))
    columns = slice(min(max(left, 0), canvas[1]), min(max(left + shape[1], 0), canvas[1]))
    part = (slice(rows.start - top, rows.stop - top), slice(columns.start - left, columns.stop - left))
    return (rows, columns), part
