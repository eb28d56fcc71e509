"""How a pair is brought to the pictures that are compared: its size, its border, what of it counts as in focus."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from calib_data.dataset import Pair
from calib_data.errors import UserError
from calib_data.fit import cover
from calib_data.photo import read_depth, read_photo
from calib_data.sizes import PhotoSize
from calib_data.tensors import resize_depth
from pynet_tf.detail import resized
from pynet_tf.focus import LEAST_SHARE, area_at_focus_depth, sharp_area
from pynet_tf.metrics import SHORTEST_SIDE, Area, Pixels, measurable

SHARPNESS, DEPTH = "sharpness", "depth"

Plane: TypeAlias = NDArray[np.float32]
Picture = TypeVar("Picture", Pixels, Area)


@dataclass(frozen=True)
class Protocol:
    """What is done to every pair before it is compared.

    Attributes:
        height: Height in pixels to which photo and target are scaled, their aspect kept; None for their own size.
        size: Size to which both are scaled and cropped in the middle instead.
        border: Pixels taken off each side before anything is measured.
        focus_from: `sharpness` or `depth`: how the in-focus area is found (`pynet_tf.focus`).
    """

    height: int | None = None
    size: PhotoSize | None = None
    border: int = 0
    focus_from: str = SHARPNESS

    def fitted(self, pixels: Pixels) -> Pixels:
        """A picture (H, W, 3), 0..1, at the protocol's size; bicubic, antialiased where it shrinks."""
        if self.size is not None:
            return cover(pixels, self.size)
        if self.height is None:
            return pixels
        width = max(1, round(pixels.shape[1] * self.height / pixels.shape[0]))
        return np.clip(resized(pixels, self.height, width), 0, 1)

    def fitted_depth(self, depth: Plane, height: int, width: int) -> Plane:
        """A depth map (h, w), 0..1, brought to the photo's fitted size (height, width)."""
        return np.clip(cover(depth, self.size) if self.size is not None else resize_depth(depth, height, width), 0, 1)

    def inner(self, picture: Picture) -> Picture:
        """A picture or area (H, W, ...) without the border."""
        border = self.border
        return picture[border : picture.shape[0] - border, border : picture.shape[1] - border]

    def described(self) -> dict[str, Any]:
        """The protocol in words and numbers, for people and for JSON."""
        if self.size is not None:
            size = f"scaled and cropped in the middle to {self.size}, bicubic with antialiasing"
        elif self.height is not None:
            size = f"scaled to a height of {self.height}, bicubic with antialiasing"
        else:
            size = "native"
        return {
            "size": size,
            "border_px": self.border,
            "in_focus_from": self.focus_from,
            "in_focus_least_share": LEAST_SHARE,
            "values": "sRGB-encoded, 0..1, three channels; no contrast stretch, no gain, no alignment",
        }


@dataclass(frozen=True)
class Sample:
    """A pair as it is compared.

    Attributes:
        pair: Its files.
        native: Height and width of the photo's file in pixels.
        photo: (H, W, 3), 0..1, at the protocol's size, its border still on.
        target: (H, W, 3), 0..1.
        depth: (H, W), 0..1, near is bright, or None if it was not asked for.
    """

    pair: Pair
    native: tuple[int, int]
    photo: Pixels
    target: Pixels
    depth: Plane | None


def load_sample(pair: Pair, protocol: Protocol, with_depth: bool) -> Sample:
    """Read a pair and bring it to the protocol's size.

    Raises:
        UserError: A file is missing or cannot be read, photo and target differ in size, or too little is left for
            MS-SSIM, which takes 176 pixels a side.
    """
    if pair.bokeh is None:
        raise UserError(f"{pair.original} has no target.", "Add the target, or leave the photo out.")
    photo, target = read_photo(pair.original).pixels, read_photo(pair.bokeh).pixels
    if photo.shape != target.shape:
        raise UserError(
            f"{pair.original} is {PhotoSize(*photo.shape[:2])} and its target {PhotoSize(*target.shape[:2])}.",
            "Give both one size; python -m calib_data.check finds such pairs.",
        )
    fitted, fitted_target = protocol.fitted(photo), protocol.fitted(target)
    height, width = fitted.shape[:2]
    if min(height, width) - 2 * protocol.border < SHORTEST_SIDE:
        raise UserError(
            f"{pair.original} is compared at {height}x{width} less a border of {protocol.border}; "
            f"MS-SSIM takes {SHORTEST_SIDE} pixels a side.",
            "Take a smaller --border, a larger --height or --size, or larger photos.",
        )
    depth = None
    if with_depth and pair.depth is not None:
        depth = protocol.fitted_depth(read_depth(pair.depth), height, width)
    return Sample(pair, (photo.shape[0], photo.shape[1]), fitted, fitted_target, depth)


def in_focus(sample: Sample, protocol: Protocol) -> tuple[float, Area | None]:
    """The share of the frame that is in focus, and the area (H, W) itself, both without the border.

    The area is None where its share is under `focus.LEAST_SHARE`, or where it lies so near the edge that MS-SSIM
    cannot be taken in it.
    """
    area = sharp_area(sample.photo, sample.target)
    if protocol.focus_from == DEPTH:
        if sample.depth is None:
            raise ValueError(f"{sample.pair.original} was loaded without its depth map")
        area = area_at_focus_depth(sample.depth, area)
    area = protocol.inner(area)
    share = float(area.mean())
    return share, area if share >= LEAST_SHARE and measurable(area) else None
