"""The pictures on the page: before and after, where they differ, and the worst spot from near."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from convert.fidelity import finite
from convert.reporting.figures import STEPS
from convert.reporting.photos import ReportPhoto, load
from convert.reporting.record import Stage
from convert.reporting.stages import WorstPictures
from pynet_tf.metrics import Pixels

VISIBLE = 0.5
"""Steps of 1/255: smaller differences never show on a screen."""
CROP = 64
"""Pixels: side of the crops at the worst spot."""
_WIDEST = 960
_SPOT = 12
_QUALITY = 90
_SCALES = (1, 2, 4, 8, 16, 32, 64, 128, 255)
_HEAT = ((8, 10, 20), (46, 20, 92), (112, 30, 110), (182, 48, 84), (228, 92, 44), (250, 164, 26), (252, 242, 160))
"""Colours from no difference to the end of the scale; their brightness grows evenly."""


@dataclass(frozen=True)
class ShownPhoto:
    """One photo of one stage as the page shows it; pictures are `data:` addresses.

    Attributes:
        stage: The stage's id.
        photo: The photo's name.
        width: Of the pictures, in pixels.
        height: Likewise.
        before: What the float model makes of the photo.
        after: What the file makes of it.
        heat: The largest difference of the three colours, in `HEAT` colours up to `scale`.
        scale: What the last colour stands for, in steps of 1/255.
        spot: Row and column of the worst spot, in pixels of the full picture.
        marker: Left, top and side of the crop in percent of width, height and width.
        crop_before: The crop there, CROP pixels a side.
        crop_after: Likewise.
        crop_heat: Likewise, the difference.
        spot_difference: Largest difference in the crop, in steps of 1/255.
    """

    stage: str
    photo: str
    width: int
    height: int
    before: str
    after: str
    heat: str
    scale: int
    spot: tuple[int, int]
    marker: tuple[float, float, float]
    crop_before: str
    crop_after: str
    crop_heat: str
    spot_difference: float


def is_visible(stage: Stage) -> bool:
    """Whether any value of a stage's pictures differs by half a step of 1/255."""
    return stage.reference is not None and STEPS * stage.reference.frame.max_abs >= VISIBLE


def show(stage: str, worst: WorstPictures, photos: list[ReportPhoto]) -> list[ShownPhoto]:
    """The kept pictures of a stage, worst first."""
    return [_shown(stage, photos[number], load(path)[0]) for number, path in worst.paths()]


def heat_colours() -> list[str]:
    """The colours of the scale, from no difference to its end, as `#rrggbb`."""
    return ["#" + "".join(f"{part:02x}" for part in colour) for colour in _HEAT]


def _shown(stage: str, photo: ReportPhoto, picture: Pixels) -> ShownPhoto:
    reference = load(photo.reference)
    picture, _ = finite(picture, reference)
    steps = STEPS * np.abs(reference - picture).max(axis=2)
    scale = next(end for end in _SCALES if end >= min(float(np.percentile(steps, 99.9)), STEPS))
    top, left = _worst_spot(steps)
    window = slice(top, top + CROP), slice(left, left + CROP)
    height, width = steps.shape
    shown_width = min(width, _WIDEST)
    size = shown_width, max(1, round(height * shown_width / width))
    return ShownPhoto(
        stage=stage,
        photo=photo.name,
        width=size[0],
        height=size[1],
        before=_jpeg(reference, size),
        after=_jpeg(picture, size),
        heat=_png(_heat(_largest_in(steps, -(-width // shown_width)), scale)),
        scale=scale,
        spot=(top + CROP // 2, left + CROP // 2),
        marker=(100 * left / width, 100 * top / height, 100 * CROP / width),
        crop_before=_png(_bytes(reference[window])),
        crop_after=_png(_bytes(picture[window])),
        crop_heat=_png(_heat(steps[window], scale)),
        spot_difference=float(steps[window].max()),
    )


def _worst_spot(steps: NDArray[np.float32]) -> tuple[int, int]:
    """Top and left of the crop round the place where differences are largest together, not one stray pixel."""
    near = ndimage.uniform_filter(steps, _SPOT)
    row, column = divmod(int(near.argmax()), near.shape[1])
    height, width = steps.shape
    return min(max(0, row - CROP // 2), height - CROP), min(max(0, column - CROP // 2), width - CROP)


def _largest_in(steps: NDArray[np.float32], factor: int) -> NDArray[np.float32]:
    """A map made smaller by whole factors; the largest value of each square is kept, so that no spot is lost."""
    if factor == 1:
        return steps
    height, width = (side // factor * factor for side in steps.shape)
    return steps[:height, :width].reshape(height // factor, factor, width // factor, factor).max(axis=(1, 3))


def _heat(steps: NDArray[np.float32], scale: int) -> NDArray[np.uint8]:
    place = np.clip(steps / scale, 0, 1) * (len(_HEAT) - 1)
    colours = np.array(_HEAT, np.float32)
    channels = [np.interp(place, np.arange(len(_HEAT)), colours[:, channel]) for channel in range(3)]
    return np.stack(channels, axis=-1).astype(np.uint8)


def _bytes(pixels: Pixels) -> NDArray[np.uint8]:
    return np.rint(np.clip(pixels, 0, 1) * STEPS).astype(np.uint8)


def _jpeg(pixels: Pixels, size: tuple[int, int]) -> str:
    store = io.BytesIO()
    Image.fromarray(_bytes(pixels)).resize(size, Image.Resampling.LANCZOS).save(store, "JPEG", quality=_QUALITY)
    return _address("image/jpeg", store)


def _png(pixels: NDArray[np.uint8]) -> str:
    store = io.BytesIO()
    image = Image.fromarray(pixels)
    if max(image.size) > CROP:
        image = image.quantize(256, dither=Image.Dither.NONE)
    image.save(store, "PNG", optimize=True)
    return _address("image/png", store)


def _address(kind: str, store: io.BytesIO) -> str:
    return f"data:{kind};base64,{base64.b64encode(store.getvalue()).decode('ascii')}"
