"""Simple measures of a photograph: how bright, colourful, textured and deep it is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calib_data.photo import half_size

_REC709 = np.array([0.2126, 0.7152, 0.0722], np.float32)
_LONGEST_SHORT_SIDE = 768
_CLIPPED, _BURIED = 0.98, 0.02
_BLOCKS = 8


def luma(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Luma by the weights of ITU-R BT.709, on encoded values: (H, W, 3) to (H, W), 0..1."""
    return pixels @ _REC709


def brightest(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """The highest channel: (H, W, 3) to (H, W). Far quicker than `pixels.max(axis=2)`."""
    return np.maximum(np.maximum(pixels[..., 0], pixels[..., 1]), pixels[..., 2])


def darkest(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """The lowest channel: (H, W, 3) to (H, W)."""
    return np.minimum(np.minimum(pixels[..., 0], pixels[..., 1]), pixels[..., 2])


def reduced(pixels: NDArray[np.float32], short_side: int = _LONGEST_SHORT_SIDE) -> NDArray[np.float32]:
    """Halve a picture (H, W, C) until its short side is under `short_side`; odd last rows and columns are dropped."""
    while min(pixels.shape[:2]) >= short_side:
        height, width = (side // 2 * 2 for side in pixels.shape[:2])
        pixels = half_size(pixels[:height, :width])
    return pixels


def detail(picture: NDArray[np.float32]) -> float:
    """Fine contrast (under about 2 pixels) as a share of coarse contrast, of luma (H, W); exposure cancels out.

    The outer sixteenth on each side is left out: alignment leaves black wedges there. A constant picture has 0.
    """
    height, width = (side // 16 for side in picture.shape)
    inner = picture[height : picture.shape[0] - height, width : picture.shape[1] - width]
    coarse = float(ndimage.gaussian_filter(inner, 6.0).std())
    fine = float((inner - ndimage.gaussian_filter(inner, 1.5)).std())
    return fine / coarse if coarse > 0 else 0.0


def colour_spread(pixels: NDArray[np.float32]) -> float:
    """How far the channels are apart, 0..1, in the most colourful hundredth of a photo (H, W, 3)."""
    return float(np.percentile(brightest(pixels) - darkest(pixels), 99))


def photo_features(pixels: NDArray[np.float32], depth: NDArray[np.float32] | None) -> dict[str, float]:
    """The features by which a varied subset is chosen.

    Args:
        pixels: A photograph (H, W, 3), 0..1, of any size.
        depth: Its depth map (h, w), 0..1, or None.

    Returns:
        Name to value; `depth_mean` and `depth_spread` only with a depth map.
    """
    small = reduced(pixels)
    features = _brightness(luma(small), small) | _colour(small) | _texture(luma(small))
    if depth is not None:
        features |= {"depth_mean": float(depth.mean()), "depth_spread": float(depth.std())}
    return features


def _brightness(picture: NDArray[np.float32], pixels: NDArray[np.float32]) -> dict[str, float]:
    low, middle, high = (float(value) for value in np.percentile(picture, (5, 50, 95)))
    return {
        "luma_mean": float(picture.mean()),
        "luma_median": middle,
        "contrast": high - low,
        "clipped_share": float((brightest(pixels) >= _CLIPPED).mean()),
        "buried_share": float((brightest(pixels) <= _BURIED).mean()),
    }


def _colour(pixels: NDArray[np.float32]) -> dict[str, float]:
    """Opponent colours (Hasler and Suesstrunk, 2003) tell hue without its wrap at red."""
    red, green, blue = pixels[..., 0], pixels[..., 1], pixels[..., 2]
    red_green, yellow_blue = red - green, (red + green) / 2 - blue
    return {
        "red_green": float(red_green.mean()),
        "yellow_blue": float(yellow_blue.mean()),
        "colour_spread": float(np.hypot(red_green.std(), yellow_blue.std())),
        "chroma": float(np.hypot(red_green, yellow_blue).mean()),
    }


def _texture(picture: NDArray[np.float32]) -> dict[str, float]:
    """Gradient energy, as a logarithm since it spans decades, and how unevenly it is spread over the photo."""
    down, right = np.gradient(picture)
    steepness = np.hypot(down, right)
    height, width = (side // _BLOCKS for side in steepness.shape)
    blocks = steepness[: height * _BLOCKS, : width * _BLOCKS].reshape(_BLOCKS, height, _BLOCKS, width).mean(axis=(1, 3))
    mean = float(steepness.mean())
    return {
        "gradient_log": float(np.log10(mean + 1e-4)),
        "gradient_unevenness": float(blocks.std() / mean) if mean > 0 else 0.0,
    }
