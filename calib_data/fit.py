"""Photographs of any size at one size: scaled to cover it, with what stands over cut off on both sides."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from calib_data.dataset import Pair
from calib_data.photo import read_depth, read_photo
from calib_data.sizes import PhotoSize
from calib_data.tensors import load_input


def cover(pixels: NDArray[np.float32], size: PhotoSize) -> NDArray[np.float32]:
    """Scale a picture (H, W) or (H, W, C), 0..1, to cover `size` without changing its aspect, and cut out the middle.

    Bicubic, antialiased where it shrinks, clipped to 0..1.
    """
    height, width = pixels.shape[:2]
    if (height, width) == (size.height, size.width):
        return pixels
    scale = max(size.height / height, size.width / width)
    cut_height, cut_width = size.height / scale, size.width / scale
    top, left = (height - cut_height) / 2, (width - cut_width) / 2
    box = (left, top, left + cut_width, top + cut_height)
    planes = np.atleast_3d(pixels)
    resized = [
        Image.fromarray(planes[..., plane]).resize((size.width, size.height), Image.Resampling.BICUBIC, box=box)
        for plane in range(planes.shape[-1])
    ]
    fitted = np.clip(np.stack([np.asarray(plane) for plane in resized], axis=-1), 0.0, 1.0)
    return fitted[..., 0] if pixels.ndim == 2 else fitted


def input_at_size(pair: Pair, size: PhotoSize, with_depth: bool) -> NDArray[np.float32]:
    """The network's input `(1, H/2, W/2, C)`, 0..1, of one photograph at one size.

    Raises:
        UserError: The photo or its depth map cannot be read.
    """
    pixels = cover(read_photo(pair.original).pixels, size)
    depth = None
    if with_depth and pair.depth is not None:
        depth = cover(read_depth(pair.depth), size)
    return load_input(pixels, depth)[np.newaxis]
