"""Bringing the network's picture up to a photo's own size without losing what is sharp in it.

The network sees the photo small: at half of its output's size, which may itself be far below the photo's. What is
finer than that is taken from the photo, where the network kept things sharp, and left out where it blurred them:

    result = up(bokeh) + mask * (photo - up(seen))

`seen` is what the network was shown, at the size of its output. Where it changed nothing, `bokeh` equals `seen`, the
mask is 1 and the result is the photo itself.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from calib_data.colour import LUMA
from calib_data.photo import half_size

Pixels = NDArray[np.float32]

_DETAIL_SIGMA = 2.0  # finer than this counts as detail; all sigmas in pixels of the network's input
_WINDOWS = (48.0, 12.0, 3.0)  # sigmas, from a region's to a place's
_NOISE = 3 * (2 / 255) ** 2  # variance over three channels below which a place says nothing about itself
_BLURRED, _KEPT = 0.35, 0.8  # shares of detail at which the mask begins and ends
_GUIDE_RADIUS = 4
_GUIDE_EPSILON = 1e-3
_LUMA = np.array(LUMA, np.float32)
_ROWS = 256


def restore_detail(photo: Pixels, seen: Pixels, bokeh: Pixels) -> Pixels:
    """Bring the network's picture up to the photo's size with the photo's detail where it was kept.

    The mask is brought up by the fast guided filter (He and Sun, arXiv 1505.00996) with the photo's luma as guide, a
    band of rows at a time.

    Args:
        photo: (H, W, 3), 0..1.
        seen: (h, w, 3), the network's input brought to the size of its output.
        bokeh: (h, w, 3), the network's output.

    Returns:
        (H, W, 3), 0..1.
    """
    slope, offset = _guided_coefficients(kept_detail(seen, bokeh), _halved(seen) @ _LUMA)
    result = np.empty_like(photo)
    for rows, (base, lost, slope_rows, offset_rows) in _bands_at(photo.shape, bokeh, seen, slope, offset):
        band = photo[rows]
        mask = np.clip(slope_rows[..., 0] * (band @ _LUMA) + offset_rows[..., 0], 0, 1)
        np.clip(base + mask[..., np.newaxis] * (band - lost), 0, 1, out=result[rows])
    return result


def kept_detail(seen: Pixels, bokeh: Pixels) -> Pixels:
    """Where the network kept the detail that it saw: 0 blurred, 1 kept; (h, w, 3) twice to (h // 2, w // 2).

    The share that was kept is the slope of a regression of the output's detail on the input's in a Gaussian window,
    cov(seen, bokeh) / var(seen). A place without detail says nothing about itself, so each window's estimate is drawn
    towards that of the next larger one, by as much as its variance lies below that of noise; the largest is drawn
    towards 1.
    """
    given, rendered = (_detail(_halved(picture)) for picture in (seen, bokeh))
    covariance, variance = (given * rendered).sum(axis=2), (given * given).sum(axis=2)
    share = np.ones_like(variance)
    for sigma in _WINDOWS:
        common, own = (ndimage.gaussian_filter(moment, sigma, mode="nearest") for moment in (covariance, variance))
        share = (common + _NOISE * share) / (own + _NOISE)
    ramp = np.clip((share - _BLURRED) / (_KEPT - _BLURRED), 0, 1)
    return ramp * ramp * (3 - 2 * ramp)


def resized(pixels: Pixels, height: int, width: int, resampling: Image.Resampling = Image.Resampling.BICUBIC) -> Pixels:
    """Scale (h, w, C) to (height, width, C), antialiased where it shrinks; bicubic may leave 0..1 a little."""
    if pixels.shape[:2] == (height, width):
        return pixels
    return _resized_rows(pixels, (height, width), slice(0, height), resampling)


def _resized_rows(
    pixels: Pixels, size: tuple[int, int], rows: slice, resampling: Image.Resampling = Image.Resampling.BICUBIC
) -> Pixels:
    """Some rows of `pixels` scaled to `size`; the same, whatever the band, as the filter reaches beyond it."""
    scale = len(pixels) / size[0]
    box = (0, rows.start * scale, pixels.shape[1], min(rows.stop * scale, len(pixels)))
    target = (size[1], rows.stop - rows.start)
    planes = (Image.fromarray(np.ascontiguousarray(plane)) for plane in np.moveaxis(pixels, 2, 0))
    return np.stack([np.asarray(plane.resize(target, resampling, box)) for plane in planes], axis=2)


def _bands_at(shape: tuple[int, ...], *pictures: Pixels) -> Iterator[tuple[slice, list[Pixels]]]:
    """Bands of rows of the given size, each with the pictures scaled to that size."""
    for top in range(0, shape[0], _ROWS):
        rows = slice(top, min(top + _ROWS, shape[0]))
        yield rows, [_resized_rows(picture, (shape[0], shape[1]), rows) for picture in pictures]


def _halved(picture: Pixels) -> Pixels:
    height, width = picture.shape[:2]
    return half_size(picture[: height // 2 * 2, : width // 2 * 2])


def _detail(picture: Pixels) -> Pixels:
    return picture - ndimage.gaussian_filter(picture, (_DETAIL_SIGMA, _DETAIL_SIGMA, 0), mode="nearest")


def _guided_coefficients(mask: Pixels, guide: Pixels) -> tuple[Pixels, Pixels]:
    """Slope and offset (h, w, 1) such that `slope * guide + offset` is the guided filter of the mask.

    He, Sun and Tang, "Guided Image Filtering", ECCV 2010.
    """

    def mean(values: Pixels) -> Pixels:
        return ndimage.uniform_filter(values, 2 * _GUIDE_RADIUS + 1, mode="nearest")

    mean_mask, mean_guide = mean(mask), mean(guide)
    variance = mean(guide * guide) - mean_guide**2
    slope = (mean(mask * guide) - mean_mask * mean_guide) / (variance + _GUIDE_EPSILON)
    offset = mean_mask - slope * mean_guide
    return mean(slope)[..., np.newaxis], mean(offset)[..., np.newaxis]
