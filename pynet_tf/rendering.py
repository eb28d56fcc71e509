"""A photo of any size through a network that takes only some: scaled, padded, run, cropped and brought back up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from calib_data.errors import UserError
from calib_data.sizes import PhotoSize, padded_size
from calib_data.tensors import load_input, resize_depth
from pynet_tf.detail import resized, restore_detail

Pixels: TypeAlias = NDArray[np.float32]
Run: TypeAlias = Callable[[Pixels], Pixels]
"""A network: `(1, H/2, W/2, C)`, 0..1, to `(1, H, W, 3)`, 0..1."""

TRAINED_SIDE = 1024
"""Shorter side of the photos on which the network is trained (EBB!), in pixels."""

_LONGEST_SIDE = 3072  # of what a network of free size is given; its memory grows with the area
_FOCUS_RADIUS = 0.3  # of the photo's shorter side


@dataclass(frozen=True)
class Fit:
    """How a photo is brought to a size that the network takes.

    Attributes:
        scaled: Height and width to which the photo is scaled.
        turned: Whether it is then turned by 90 degrees.
        padded: The photo size at which the network runs: scaled, turned, and padded at the bottom and right.
    """

    scaled: tuple[int, int]
    turned: bool
    padded: PhotoSize


def fit_photo(height: int, width: int, input_shape: Sequence[int | None]) -> Fit:
    """Choose the size at which a network sees a photo, never larger than the photo is.

    Args:
        height: The photo's height in pixels.
        width: Its width.
        input_shape: The network's `(1, H/2, W/2, C)`; None for a free side. Where both are free the photo's shorter
            side becomes at most 1024, as in training.
    """
    sides = [None if side is None else 2 * side for side in input_shape[1:3]]
    free = sides == [None, None]
    scale, turned = max(
        (_scale(height, width, sides, free), False),
        (0.0 if free else _scale(width, height, sides, free), True),
        key=lambda choice: choice[0],
    )
    scaled = max(1, round(height * scale)), max(1, round(width * scale))
    seen = scaled[::-1] if turned else scaled
    least = padded_size(*seen)
    return Fit(scaled, turned, PhotoSize(sides[0] or least.height, sides[1] or least.width))


def render(
    photo: Pixels,
    run: Run,
    input_shape: Sequence[int | None],
    depth: NDArray[np.float32] | None = None,
    always_detail: bool = False,
) -> Pixels:
    """Render a photo of any size.

    The network's output is returned as it is where the photo was not scaled. Where it was, the output is brought up
    to the photo's size, and the photo's own detail is put back where the network kept things sharp
    (`pynet_tf.detail`).

    Args:
        photo: (H, W, 3), 0..1.
        run: The network.
        input_shape: Its `(1, H/2, W/2, C)`; None for a free side.
        depth: For C = 4, a depth map (h, w) of any size, 0..1, near is bright.
        always_detail: Put detail back also where the photo was not scaled.

    Returns:
        (H, W, 3), 0..1.

    Raises:
        UserError: The network needs a depth map and there is none, or there is one that it cannot use.
    """
    fit, tensor, bokeh = _run_fitted(photo, run, input_shape, depth)
    if fit.scaled == photo.shape[:2] and not always_detail:
        return bokeh
    size = fit.padded
    seen = _unpadded(resized(tensor[..., :3], size.height, size.width, Image.Resampling.BILINEAR), fit)
    return restore_detail(photo, seen, bokeh)


def render_direct(
    photo: Pixels, run: Run, input_shape: Sequence[int | None], depth: NDArray[np.float32] | None = None
) -> Pixels:
    """Render a photo of any size by the network alone: none of the photo's own detail is put back.

    Arguments, result and errors are those of `render`; where the photo was scaled for the network, its output is
    brought up by bicubic interpolation.
    """
    _, _, bokeh = _run_fitted(photo, run, input_shape, depth)
    return np.clip(resized(bokeh, photo.shape[0], photo.shape[1]), 0, 1)


def check_depth(input_shape: Sequence[int | None], given: bool) -> None:
    """Refuse a depth map that the network has no use for, and the lack of one that it needs.

    Raises:
        UserError: The number of channels of `input_shape` and `given` do not fit.
    """
    takes_depth = input_shape[3] == 4
    if takes_depth and not given:
        raise UserError(
            "the model takes a depth map with each photo.",
            "Add --depth MAP (a grey picture, near is bright), or --focus X,Y, the point that is to stay sharp.",
        )
    if given and not takes_depth:
        raise UserError(
            "the model takes no depth: it has been trained on photos alone.", "Leave --depth or --focus out."
        )


def focus_depth(height: int, width: int, column: float, row: float) -> NDArray[np.float32]:
    """A depth map for photos without one: near (1) at a point, falling off smoothly to far (0).

    A Gaussian round the point, its standard deviation three tenths of the photo's shorter side.

    Args:
        height: The upright photo's height in pixels.
        width: Its width.
        column: The point's distance from the left, 0 to width - 1.
        row: Its distance from the top, 0 to height - 1.

    Returns:
        (h, w), 0..1, of the photo's aspect with a shorter side of at most 1024.

    Raises:
        UserError: The point lies outside of the photo.
    """
    if not (0 <= column < width and 0 <= row < height):
        raise UserError(
            f"the focus {column:g},{row:g} lies outside of the photo, which is {width} wide and {height} high.",
            f"Name X from 0 to {width - 1} and Y from 0 to {height - 1}, counted from the upper left.",
        )
    shrink = max(1.0, min(height, width) / TRAINED_SIDE)
    rows = np.arange(max(1, round(height / shrink)), dtype=np.float32) * shrink - row
    columns = np.arange(max(1, round(width / shrink)), dtype=np.float32) * shrink - column
    spread = 2 * (_FOCUS_RADIUS * min(height, width)) ** 2
    return np.exp(-(rows[:, np.newaxis] ** 2) / spread) * np.exp(-(columns**2) / spread)


def _run_fitted(
    photo: Pixels, run: Run, input_shape: Sequence[int | None], depth: NDArray[np.float32] | None
) -> tuple[Fit, Pixels, Pixels]:
    """The fit, the network's padded input (h/2, w/2, C), and its output cropped to the scaled photo (h, w, 3)."""
    check_depth(input_shape, depth is not None)
    fit = fit_photo(photo.shape[0], photo.shape[1], input_shape)
    scaled = np.clip(resized(photo, *fit.scaled), 0, 1)
    scaled_depth = None if depth is None else np.clip(resize_depth(depth, *fit.scaled), 0, 1)
    tensor = load_input(_padded(scaled, fit), None if scaled_depth is None else _padded(scaled_depth, fit))
    made = run(tensor[np.newaxis])[0]
    if not np.isfinite(made).all():
        raise UserError(
            "the model gives values that are no numbers.", "Take a checkpoint from before its training went astray."
        )
    return fit, tensor, _unpadded(made, fit)


def _scale(height: int, width: int, sides: Sequence[int | None], free: bool) -> float:
    """The largest scale, at most 1, at which the photo fits."""
    limits = [(side or _LONGEST_SIDE) / own for side, own in zip(sides, (height, width), strict=True)]
    return min(1.0, *limits, *([TRAINED_SIDE / min(height, width)] if free else []))


def _padded(pixels: Pixels, fit: Fit) -> Pixels:
    """Turn, and pad by reflection, (h, w) or (h, w, C)."""
    turned = np.rot90(pixels) if fit.turned else pixels
    below, beside = fit.padded.height - turned.shape[0], fit.padded.width - turned.shape[1]
    return np.pad(turned, [(0, below), (0, beside), (0, 0)][: pixels.ndim], mode="reflect")


def _unpadded(pixels: Pixels, fit: Fit) -> Pixels:
    """Crop and turn back (h, w, C)."""
    height, width = fit.scaled[::-1] if fit.turned else fit.scaled
    cropped = pixels[:height, :width]
    return np.rot90(cropped, -1) if fit.turned else cropped
