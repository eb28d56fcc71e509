"""Flat surfaces in perspective: grounds, walls and table tops."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from calib_data.scenes.arrays import Array, coverage
from calib_data.scenes.layers import Layer
from calib_data.scenes.lens import Camera

NEAREST_M = 0.15
_FARTHEST_M = 2000.0


@dataclass(frozen=True)
class Plane:
    """A rectangle in space.

    Attributes:
        corner: World point x, y, z where both coordinates are 0.
        across: Unit vector of the first coordinate.
        up: Unit vector of the second, at a right angle to the first.
        width: Extent in metres along `across`; from 0 upwards.
        height: Extent in metres along `up`; from 0 upwards.
    """

    corner: Array
    across: Array
    up: Array
    width: float
    height: float

    @property
    def normal(self) -> Array:
        """Unit normal that `across` and `up` span; grounds, and walls before the camera, face it."""
        return np.cross(self.up, self.across).astype(np.float32)

    def at(self, across: float, up: float) -> Array:
        """The world point at these coordinates."""
        return np.asarray(self.corner + across * self.across + up * self.up, np.float32)


@dataclass(frozen=True)
class Seen:
    """The part of a plane that the camera sees, in its bounding box on the canvas.

    Attributes:
        across: First coordinate in metres, `(h, w)`.
        up: Second coordinate.
        depth: Metres along the optical axis.
        footprint: Metres that a pixel covers, the geometric mean of both ways.
        world: World points `(h, w, 3)`.
    """

    across: Array
    up: Array
    depth: Array
    footprint: Array
    world: Array


def ground(altitude: float = 0.0, nearest: float = 0.3, farthest: float = 60.0, half_width: float = 200.0) -> Plane:
    """A level plane from `nearest` to `farthest` metres before the camera."""
    corner = np.array([-half_width, altitude, nearest], np.float32)
    return Plane(corner, _unit(1, 0, 0), _unit(0, 0, 1), 2 * half_width, farthest - nearest)


def wall(x: float, z: float, turn: float, width: float, height: float, bottom: float = 0.0) -> Plane:
    """An upright plane that starts at `x`, `z` and runs to the right, turned away from the camera by `turn` radians."""
    return Plane(
        np.array([x, bottom, z], np.float32), _unit(np.cos(turn), 0, np.sin(turn)), _unit(0, 1, 0), width, height
    )


def plane_layer(
    camera: Camera, plane: Plane, radiance: Callable[[Seen], Array], order: float | None = None
) -> Layer | None:
    """Draw a plane.

    Args:
        camera: Where from.
        plane: What.
        radiance: Colour of what is seen: linear RGB `(h, w, 3)`.
        order: Depth by which the layer is sorted; its farthest by default.

    Returns:
        The layer, or None where the camera does not see the plane.
    """
    top, bottom, left, right = _bounds(camera, plane)
    if bottom <= top or right <= left:
        return None
    ray_x, ray_y, ray_z = camera.rays()
    rays = ray_x[:, left:right], ray_y[top:bottom], ray_z[top:bottom]
    slope = _along(plane.normal, rays)
    eye = np.array([0, camera.altitude, 0], np.float32)
    with np.errstate(divide="ignore"):
        depth = _dot(plane.normal, plane.corner - eye) / slope
    usable = (depth > NEAREST_M) & (depth < _FARTHEST_M)
    depth = np.where(usable, depth, _FARTHEST_M).astype(np.float32)
    across = _dot(eye - plane.corner, plane.across) + depth * _along(plane.across, rays)
    up = _dot(eye - plane.corner, plane.up) + depth * _along(plane.up, rays)
    tilt = np.maximum(np.abs(slope) / np.sqrt(rays[0] ** 2 + rays[1] ** 2 + rays[2] ** 2), 0.02)
    pixel = depth / camera.focal
    over_edges = np.minimum(np.minimum(across, plane.width - across), np.minimum(up, plane.height - up) * tilt)
    alpha = np.where(usable, coverage(over_edges / pixel), 0.0).astype(np.float32)
    box = _used(alpha)
    if box is None:
        return None
    alpha, depth = alpha[box], depth[box]
    ray = np.stack(np.broadcast_arrays(rays[0][:, box[1]], rays[1][box[0]], rays[2][box[0]]), -1)
    footprint = (pixel / np.sqrt(tilt)).astype(np.float32)
    colour = radiance(Seen(across[box], up[box], depth, footprint[box], eye + depth[..., None] * ray))
    pixels = np.concatenate([colour * alpha[..., None], alpha[..., None]], -1).astype(np.float32)
    farthest = float(depth[alpha > 0].max())
    inverse_depth = (1.0 / np.minimum(depth, farthest)).astype(np.float32)
    return Layer(pixels, top + box[0].start, left + box[1].start, inverse_depth, farthest if order is None else order)


def _used(alpha: Array) -> tuple[slice, slice] | None:
    """Rows and columns outside of which nothing is covered; None if nothing is."""
    rows, columns = np.flatnonzero(alpha.any(1)), np.flatnonzero(alpha.any(0))
    if rows.size == 0:
        return None
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def _bounds(camera: Camera, plane: Plane) -> tuple[int, int, int, int]:
    """Rows and columns of the canvas within which the plane lies: all of them if it reaches behind the camera."""
    rows, columns = camera.canvas
    corners = [plane.at(across, up) for across in (0, plane.width) for up in (0, plane.height)]
    row, column, depth = camera.project(np.stack(corners))
    if float(depth.min()) < NEAREST_M:
        return 0, rows, 0, columns
    top, bottom = np.clip([np.floor(row.min()) - 2, np.ceil(row.max()) + 2], 0, rows).astype(int)
    left, right = np.clip([np.floor(column.min()) - 2, np.ceil(column.max()) + 2], 0, columns).astype(int)
    return int(top), int(bottom), int(left), int(right)


def _unit(x: float, y: float, z: float) -> Array:
    vector = np.array([x, y, z], np.float32)
    return vector / np.float32(np.linalg.norm(vector))


def _dot(first: Array, second: Array) -> float:
    return float(np.sum(first * second))


def _along(axis: Array, rays: tuple[Array, Array, Array]) -> Array:
    return np.asarray(axis[0] * rays[0] + axis[1] * rays[1] + axis[2] * rays[2], np.float32)
