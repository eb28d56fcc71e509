"""The camera and its thin lens: where points fall, how large their circles of confusion are, and the blur itself."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from scipy import fft

from calib_data.scenes.arrays import Array

REFERENCE_HEIGHT = 1024
SENSOR_HEIGHT_MM = 14.9  # APS-C, as the camera that took EBB!
FOCAL_LENGTH_MM = 50.0


@dataclass(frozen=True)
class Lens:
    """A thin lens before a sensor.

    Attributes:
        focus_distance_m: Distance that is sharp.
        f_number: Focal length over aperture diameter of the blurred photo.
        focal_length_mm: Focal length.
        sensor_height_mm: Height of the picture on the sensor.
    """

    focus_distance_m: float
    f_number: float
    focal_length_mm: float = FOCAL_LENGTH_MM
    sensor_height_mm: float = SENSOR_HEIGHT_MM

    @property
    def blur_scale(self) -> float:
        """Diameter of the circle of confusion of a point at infinity, as a fraction of the picture's height.

        Thin lens: c = (f / N) * f / (s - f) for focal length f, f-number N and focus distance s.
        """
        focus_mm = self.focus_distance_m * 1000
        diameter = self.focal_length_mm / self.f_number
        return diameter * self.focal_length_mm / (focus_mm - self.focal_length_mm) / self.sensor_height_mm

    def confusion(self, inverse_depth: Any, height: int) -> Any:
        """Signed diameter in pixels of the circle of confusion at depths 1 / `inverse_depth` metres; far is positive.

        c = blur_scale * (1 - focus_distance / depth), linear in inverse depth.
        """
        return self.blur_scale * height * (1.0 - self.focus_distance_m * inverse_depth)


@dataclass(frozen=True)
class Camera:
    """A pinhole over the ground, looking along +z; x to the right, y up, metres.

    Attributes:
        height: Rows of the photo.
        width: Columns of the photo.
        margin: Rows and columns that are drawn beyond each edge, so that blur finds what lies there.
        altitude: Metres over the ground.
        pitch: Radians downwards.
        lens: Its lens.
    """

    height: int
    width: int
    margin: int
    altitude: float
    pitch: float
    lens: Lens

    @property
    def focal(self) -> float:
        """Focal length in pixels."""
        return self.lens.focal_length_mm / self.lens.sensor_height_mm * self.height

    @property
    def canvas(self) -> tuple[int, int]:
        """Rows and columns of the photo with its margins."""
        return self.height + 2 * self.margin, self.width + 2 * self.margin

    def project(self, point: Any) -> tuple[Any, Any, Any]:
        """Canvas row, canvas column and depth of world points `(..., 3)` given as x, y, z."""
        point = np.asarray(point, np.float32)
        x, y, z = point[..., 0], point[..., 1] - self.altitude, point[..., 2]
        depth = z * math.cos(self.pitch) - y * math.sin(self.pitch)
        up = y * math.cos(self.pitch) + z * math.sin(self.pitch)
        rows, columns = self.canvas
        return rows / 2 - self.focal * up / depth, columns / 2 + self.focal * x / depth, depth

    def place(self, across: float, up: float, depth: float) -> Array:
        """World point seen at `across` and `up` picture heights from the middle (right, up) at a depth in metres."""
        u, v = across * self.height / self.focal, up * self.height / self.focal
        y = self.altitude + depth * (v * math.cos(self.pitch) - math.sin(self.pitch))
        return np.array([u * depth, y, depth * (v * math.sin(self.pitch) + math.cos(self.pitch))], np.float32)

    def rays(self) -> tuple[Array, Array, Array]:
        """World directions per unit of depth through every canvas pixel: x `(1, W)`, y `(H, 1)`, z `(H, 1)`."""
        rows, columns = self.canvas
        u = (np.arange(columns, dtype=np.float32)[None, :] + 0.5 - columns / 2) / self.focal
        v = (rows / 2 - np.arange(rows, dtype=np.float32)[:, None] - 0.5) / self.focal
        y = v * math.cos(self.pitch) - math.sin(self.pitch)
        z = v * math.sin(self.pitch) + math.cos(self.pitch)
        return u.astype(np.float32), y.astype(np.float32), z.astype(np.float32)


def disc_blur(image: Array, diameter: float) -> Array:
    """Convolve with a disc, on a canvas that grows by `blur_reach(diameter)` on every side (zeros outside).

    Large discs are applied at half or a quarter of the size.

    Args:
        image: `(h, w, C)`.
        diameter: In pixels; below 1 nothing is blurred.

    Returns:
        `(h + 2 reach, w + 2 reach, C)`; the sum over the picture is kept.
    """
    reach = blur_reach(diameter)
    if reach == 0:
        return image
    step = 1 if diameter < 14 else 2 if diameter < 40 else 4
    height, width = image.shape[0] + 2 * reach, image.shape[1] + 2 * reach
    small = _reduced(image, reach, step)
    blurred = _convolved(small, diameter / step)
    return blurred[:height, :width] if step == 1 else _enlarged(blurred, step, height, width)


def blur_reach(diameter: float) -> int:
    """How many pixels a disc of this diameter spills over an edge."""
    return 0 if diameter <= 1.0 else math.ceil(diameter / 2 + 1)


def _reduced(image: Array, reach: int, step: int) -> Array:
    height, width = image.shape[0] + 2 * reach, image.shape[1] + 2 * reach
    rows, columns = -(-height // step), -(-width // step)
    padded = np.zeros((rows * step, columns * step, image.shape[2]), np.float32)
    padded[reach : reach + image.shape[0], reach : reach + image.shape[1]] = image
    if step == 1:
        return padded
    return padded.reshape(rows, step, columns, step, -1).mean((1, 3), dtype=np.float32)


def _enlarged(image: Array, step: int, height: int, width: int) -> Array:
    for axis, length in ((0, height), (1, width)):
        position = np.clip((np.arange(length) + 0.5) / step - 0.5, 0, image.shape[axis] - 1)
        low = np.minimum(position.astype(int), max(image.shape[axis] - 2, 0))
        high = np.minimum(low + 1, image.shape[axis] - 1)
        weight = (position - low).astype(np.float32).reshape((-1, 1, 1) if axis == 0 else (1, -1, 1))
        first = image.take(low, axis)
        image = first + (image.take(high, axis) - first) * weight
    return image


def _convolved(image: Array, diameter: float) -> Array:
    height, width = image.shape[:2]
    shape = (fft.next_fast_len(height, real=True), fft.next_fast_len(width, real=True))
    transfer = _disc_transfer(shape, round(diameter, 2))
    planes = np.ascontiguousarray(image.transpose(2, 0, 1))
    blurred = fft.irfft2(fft.rfft2(planes, shape, workers=1) * transfer, shape, workers=1)
    return np.ascontiguousarray(blurred[:, :height, :width].transpose(1, 2, 0), dtype=np.float32)


@lru_cache(maxsize=8)
def _disc_transfer(shape: tuple[int, int], diameter: float) -> Array:
    rows = np.minimum(np.arange(shape[0]), shape[0] - np.arange(shape[0]))[:, None].astype(np.float32)
    columns = np.minimum(np.arange(shape[1]), shape[1] - np.arange(shape[1]))[None, :].astype(np.float32)
    disc = np.clip(diameter / 2 + 0.5 - np.hypot(rows, columns), 0.0, 1.0).astype(np.float32)
    transfer: Array = fft.rfft2(disc / disc.sum(), workers=1).real.astype(np.float32)
    return transfer
