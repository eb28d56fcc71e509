"""Leaves by the thousand: bushes, hedges, hanging twigs with leaves, grass tufts and litter on the ground."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from calib_data.scenes.arrays import Array, Colour, Random, pick
from calib_data.scenes.branches import Path3
from calib_data.scenes.lens import Camera
from calib_data.scenes.light import Light
from calib_data.scenes.stamps import Stamp, leaf

_VIEWS = 14
_BUCKET = 1.22
_LARGEST_SHARE = 0.09  # of the picture's height: leaves longer than this are drawn one by one


@dataclass(frozen=True)
class Foliage:
    """A kind of leaf.

    Attributes:
        shape: As `stamps.leaf` takes it.
        length: Metres.
        colours: Linear RGB; each leaf takes a variation of one.
    """

    shape: str
    length: float
    colours: tuple[Colour, ...]

    @property
    def area(self) -> float:
        """What a leaf covers on average, in square metres."""
        shares = {"ovate": 0.3, "lance": 0.13, "round": 0.42, "lobed": 0.32, "oak": 0.36, "petal": 0.4}
        return shares[self.shape] * 0.8 * self.length**2


GREENS: tuple[Colour, ...] = ((0.055, 0.115, 0.022), (0.035, 0.085, 0.02), (0.09, 0.15, 0.03), (0.045, 0.1, 0.04))
AUTUMN: tuple[Colour, ...] = ((0.36, 0.2, 0.03), (0.3, 0.1, 0.025), (0.13, 0.13, 0.03), (0.22, 0.13, 0.05))
DARK: tuple[Colour, ...] = ((0.03, 0.065, 0.024), (0.04, 0.078, 0.02), (0.045, 0.065, 0.032))
DRY: tuple[Colour, ...] = ((0.2, 0.12, 0.06), (0.15, 0.085, 0.045), (0.28, 0.18, 0.08), (0.24, 0.1, 0.04))


def some_foliage(random: Random) -> Foliage:
    """A kind of leaf as it grows in gardens and streets."""
    colours = pick(random, [GREENS, GREENS, GREENS, DARK, AUTUMN, GREENS + AUTUMN[:1]])
    shape = pick(random, ["ovate", "ovate", "lance", "round", "lobed", "oak"])
    return Foliage(shape, float(random.uniform(0.035, 0.085)), colours)


def leaf_stamps(
    random: Random,
    camera: Camera,
    light: Light,
    foliage: Foliage,
    points: Array,
    exposed: Array,
    hanging: float = 0.0,
    flat: bool = False,
) -> list[Stamp]:
    """Leaves at world points `(n, 3)`.

    Args:
        random: Chance.
        camera: Where from.
        light: What falls on them.
        foliage: What kind.
        points: Where.
        exposed: How open to the light each lies, 0..1, `(n,)`.
        hanging: How far all tips hang down, 0..1.
        flat: Whether they lie on the ground.
    """
    count = len(points)
    turns = random.uniform(-math.pi, math.pi, count)
    views = random.integers(_VIEWS, size=count)
    sizes = foliage.length * np.exp(random.normal(0, 0.18, count))
    lit = _lit(random, light, foliage, points, exposed)
    atlas = _Atlas(random, foliage.shape, hanging, _LARGEST_SHARE * camera.height)
    rows, columns, depths = camera.project(points)
    long = sizes * camera.focal / np.maximum(depths, 0.15)
    lit = light.faded(lit, depths)
    height, width = camera.canvas
    seen = (depths > 0.15) & (long > 0.8) & (np.abs(rows - height / 2) < height / 2 + long)
    seen &= np.abs(columns - width / 2) < width / 2 + long
    stamps = []
    for index in np.flatnonzero(seen):
        squash = 1.0
        if flat:
            squash = max(0.12, (camera.altitude - float(points[index, 1])) / float(depths[index]))
        view = atlas.view(float(long[index]), int(views[index]), float(turns[index]), min(squash, 1.0))
        stamps.append(Stamp(view, float(rows[index]), float(columns[index]), float(depths[index]), lit[index]))
    return stamps


def _lit(random: Random, light: Light, foliage: Foliage, points: Array, exposed: Array) -> Array:
    """Radiance `(n, 3)` of leaves: neighbours of like colours, facing the sun or not, or lit from behind."""
    count = len(exposed)
    palette = np.asarray(foliage.colours)[random.permutation(len(foliage.colours))]
    waves = random.normal(0, 2.5, (3, 3)) / max(float(np.ptp(points, 0).max()), 1e-3) if count else np.zeros((3, 3))
    field = np.sin(points @ waves + random.uniform(0, 6, 3)).sum(1) + random.normal(0, 0.5, count)
    which = np.clip(np.floor((np.abs(field) / 2.6) ** 1.3 * len(palette)), 0, len(palette) - 1).astype(int)
    colours = palette[which]
    colours = colours * np.exp(random.normal(0, 0.1, (count, 3))) * np.exp(random.normal(0, 0.2, (count, 1)))
    facing = random.random((count, 1)) ** 1.5
    open_to = exposed[:, None]
    through = max(float(light.towards_sun[2]), 0.0) * np.array([0.8, 0.85, 0.25])
    sun = light.sun * open_to**1.5 * (0.1 + 1.0 * facing + through * (1 - facing))
    sky = light.ambient * (0.16 + 0.84 * open_to**1.3)
    return (colours * (sun + sky)).astype(np.float32)


class _Atlas:
    """Views of a leaf by size: drawn when first asked for, the same whatever the order."""

    def __init__(self, random: Random, shape: str, hanging: float, largest: float) -> None:
        self._seed = int(random.integers(2**31))
        self._shape = shape
        self._hanging = hanging
        self._largest = largest
        self._views: dict[tuple[int, int, int], Array] = {}

    def view(self, length: float, number: int, turn: float, squash: float) -> Array:
        """The leaf `length` pixels long; larger ones than the atlas holds are drawn each for itself."""
        if length > self._largest:
            return self._draw(length, number, turn, squash)
        bucket = round(math.log(max(length, 1.0)) / math.log(_BUCKET))
        key = bucket, number, round(squash * 8)
        if key not in self._views:
            spread = (number / _VIEWS * 2 - 1) * math.pi
            self._views[key] = self._draw(_BUCKET**bucket, number, spread, max(key[2], 1) / 8)
        return self._views[key]

    def _draw(self, length: float, number: int, turn: float, squash: float) -> Array:
        random = np.random.default_rng([self._seed, number])
        down = math.pi + turn * 0.35
        turn = turn + (down - turn) * self._hanging
        return leaf(random, self._shape, length, turn, float(random.uniform(0.35, 1.0)), squash)


def bush(
    random: Random, light: Light, centre: Array, radii: tuple[float, float, float], count: int
) -> tuple[Array, Array]:
    """Points of leaves in a rounded heap of smaller heaps, and how open to the light each is, 0..1.

    Args:
        random: Chance.
        light: Where it comes from.
        centre: World point.
        radii: Metres to the right, up and away.
        count: Leaves.
    """
    heaps = 12
    centres = centre + random.normal(0, 0.4, (heaps, 3)) * np.asarray(radii)
    sizes = random.uniform(0.3, 0.6, (heaps, 1)) * np.asarray(radii)
    return _on_heaps(random, light, centres, sizes, count)


def hedge(random: Random, light: Light, left: Array, right: Array, height: float, count: int) -> tuple[Array, Array]:
    """Points of leaves of a row of shrubs between two points on the ground, and how open to the light each is, 0..1."""
    long = float(np.linalg.norm(right - left))
    size = height * float(random.uniform(0.16, 0.3))
    heaps = int(np.clip(2.2 * long * height / size**2, 25, 260))
    along, up = random.random(heaps), random.random(heaps) ** 0.8
    centres = left + (right - left) * along[:, None]
    centres = centres + np.stack(
        [0 * up, up * (height - size), random.uniform(-0.9, 0.6, heaps) * size * (1.2 - up)], -1
    )
    sizes = size * random.uniform(0.55, 1.2, (heaps, 1)) * np.array([1.15, 0.9, 0.9])
    return _on_heaps(random, light, centres, sizes, count)


def _on_heaps(random: Random, light: Light, centres: Array, sizes: Array, count: int) -> tuple[Array, Array]:
    """Points in the shells of ellipsoids, most on the side of the camera, shaded as a round body is."""
    which = random.integers(len(centres), size=count)
    direction = random.normal(0, 1, (count, 3))
    direction[:, 2] = np.where(random.random(count) < 0.75, -np.abs(direction[:, 2]), direction[:, 2])
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    shell = random.random((count, 1)) ** 0.35
    points = centres[which] + direction * shell * sizes[which]
    points[:, 1] = np.where(points[:, 1] < 0, -0.3 * points[:, 1], points[:, 1])
    depth_in = np.clip((centres[which, 2] - centres[:, 2].mean()) / max(float(centres[:, 2].std()), 1e-3), -1, 2)
    sunny = np.clip(direction @ light.towards_sun.astype(float), -0.2, 1.0)
    exposed = 0.36 + 0.3 * direction[:, 1] + 0.34 * sunny - 0.1 * depth_in
    exposed = exposed * (0.25 + 0.75 * shell[:, 0] ** 3)
    return points.astype(np.float32), np.clip(exposed, 0.06, 1.0).astype(np.float32)


def along_twigs(random: Random, paths: list[Path3], spacing: float, thinnest: float, off: float) -> tuple[Array, Array]:
    """Points of leaves along strokes thinner than `thinnest` metres, about `spacing` metres apart and `off` away."""
    points: list[Array] = []
    for path in paths:
        for (start, radius), (end, _) in pairwise(path):
            count = random.poisson(float(np.linalg.norm(end - start)) / spacing)
            if radius < thinnest and count:
                shares = random.random((count, 1))
                points.append(start + (end - start) * shares + random.normal(0, off, (count, 3)))
    if not points:
        return np.zeros((0, 3), np.float32), np.zeros(0, np.float32)
    joined = np.concatenate(points).astype(np.float32)
    return joined, random.uniform(0.45, 1.0, len(joined)).astype(np.float32)


def litter(
    random: Random, centre: Array, spread: tuple[float, float], count: int, altitude: float
) -> tuple[Array, Array]:
    """Points of leaves that lie on the ground round a world point."""
    x = centre[0] + random.normal(0, spread[0], count)
    z = centre[2] + random.normal(0, spread[1], count)
    points = np.stack([x, np.full(count, altitude + 0.004), z], -1)
    return points.astype(np.float32), random.uniform(0.6, 1.0, count).astype(np.float32)
