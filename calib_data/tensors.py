"""Photographs as the network takes them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from calib_data.photo import half_size


def load_input(pixels: NDArray[np.float32], depth: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
    """The input tensor of a photo: its pixels at half size, with the depth map as fourth channel if there is one.

    Args:
        pixels: A photo (H, W, 3), 0..1, H and W even.
        depth: Its depth map (h, w) of any size, 0..1, near is bright.

    Returns:
        (H/2, W/2, 3), or (H/2, W/2, 4) with depth, 0..1.
    """
    half = half_size(pixels)
    if depth is None:
        return half
    return np.concatenate([half, resize_depth(depth, *half.shape[:2])[..., None]], axis=-1)


def resize_depth(depth: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
    """A depth map (h, w) at another size (height, width), bilinear, antialiased where it shrinks."""
    if depth.shape == (height, width):
        return depth
    return np.asarray(Image.fromarray(depth).resize((width, height), Image.Resampling.BILINEAR))
