"""Flowers, fruit and lights: the small bright things."""

from __future__ import annotations

import math

import numpy as np

from calib_data.scenes.arrays import Array, Colour, Random, coverage, grid, jitter, pick
from calib_data.scenes.lens import Camera
from calib_data.scenes.light import Light
from calib_data.scenes.stamps import Stamp, leaf

PETALS: tuple[Colour, ...] = (
    (0.55, 0.045, 0.17), (0.58, 0.55, 0.52), (0.6, 0.36, 0.03), (0.4, 0.02, 0.025), (0.28, 0.15, 0.42),
    (0.6, 0.27, 0.31), (0.55, 0.15, 0.03),
    (0.55, 0.045, 0.17), (0.58, 0.55, 0.52),
)  # fmt: skip
LAMPS: tuple[Colour, ...] = (
    (1.0, 0.55, 0.16), (1.0, 0.75, 0.4), (1.0, 0.08, 0.05), (0.1, 0.9, 0.3), (0.2, 0.45, 1.0), (1.0, 0.9, 0.75),
    (1.0, 0.3, 0.05),
)  # fmt: skip


def flower(random: Random, camera: Camera, light: Light, centre: Array, radius: float, colour: Array) -> list[Stamp]:
    """A blossom round the world point `centre`: a daisy with one ring of petals, or a rose with several.

    Args:
        random: Chance.
        camera: Where from.
        light: What falls on it.
        centre: World point.
        radius: Metres.
        colour: Linear RGB of a petal.
    """
    row, column, depth = (float(value) for value in camera.project(centre))
    if depth < 0.2:
        return []
    size = radius * camera.focal / depth
    full = bool(random.random() < 0.55)
    rings = int(random.integers(3, 6)) if full else int(random.integers(1, 3))
    count = int(random.integers(5, 8)) if full else int(random.integers(7, 18))
    squash, lean = float(random.uniform(0.6, 1.0)), float(random.uniform(-0.25, 0.25))
    lit = light.ambient * 0.9 + light.sun * 0.6
    stamps = []
    for ring in range(rings):
        share = 1 - 0.8 * ring / rings if full else 1 - 0.12 * ring
        inner = 0.55 + 0.45 * share if full else 0.9 + 0.1 * ring
        for petal in range(count if not full else max(3, count - ring)):
            turn = 2 * math.pi * (petal + 0.5 * (ring % 2)) / count + float(random.normal(0, 0.12))
            length = size * share * float(random.uniform(0.9, 1.08))
            tilt = float(random.uniform(0.8, 1.25)) if full else float(random.uniform(5.5, 7.5)) / count
            pixels = leaf(random, "petal", length * 1.1, turn, tilt, squash)
            right, up = math.sin(turn) * length * 0.52, math.cos(turn) * length * 0.52 * squash
            bright = 1.1 * inner * (0.82 + 0.18 * math.cos(turn)) * float(random.uniform(0.78, 1.15))
            tone = colour * lit * bright * (1 + np.array([0.06, -0.04, -0.05]) * float(random.normal()))
            place = row - up + lean * right, column + right
            shown = light.faded(tone.astype(np.float32), depth)
            stamps.append(Stamp(pixels, *place, depth - 0.0005 * (ring + 1), shown))
    return stamps if full else stamps + _heart(random, (row, column), size, squash, depth, lit)


def _heart(
    random: Random, place: tuple[float, float], size: float, squash: float, depth: float, lit: Array
) -> list[Stamp]:
    """The yellow or brown middle of a daisy: many dots, darker towards the lower edge."""
    tone = pick(random, [(0.5, 0.28, 0.02), (0.42, 0.33, 0.03), (0.1, 0.05, 0.02)])
    stamps = []
    for _ in range(46):
        away, angle = size * 0.24 * math.sqrt(float(random.random())), float(random.uniform(0, 2 * math.pi))
        colour = np.asarray(tone) * lit * float(random.uniform(0.5, 1.3)) * (1 - 0.3 * math.sin(angle) * away / size)
        where = place[0] + away * math.sin(angle) * squash, place[1] + away * math.cos(angle)
        stamps.append(Stamp(spot(max(size * 0.07, 0.8)), *where, depth - 0.004, colour.astype(np.float32)))
    return stamps


def spot(diameter: float) -> Array:
    """A soft-edged round stamp `(n, n, 4)` of lightness 1; smaller than a pixel it is fainter instead."""
    side = math.ceil(diameter) + 2
    rows, columns = grid(side, side)
    shown = max(diameter, 1.0)
    alpha = coverage(shown / 2 - np.hypot(rows - side / 2, columns - side / 2)) * min(1.0, diameter**2)
    return np.repeat(alpha[..., None], 4, -1).astype(np.float32)


def lamp(diameter: float) -> Array:
    """A lamp as a stamp: its disc, and round it the faint halo that lenses give, which hides nothing."""
    side = math.ceil(diameter * 7) + 6
    rows, columns = grid(side, side)
    away = np.hypot(rows - side / 2, columns - side / 2)
    shown = max(diameter, 1.2)
    disc = coverage(shown / 2 - away) * min(1.0, (diameter / shown) ** 2)
    halo = 0.012 * np.clip(1 - 2 * away / side, 0, 1) ** 2 / (0.15 + (away / shown) ** 2) * min(1.0, diameter)
    light = disc + halo
    return np.stack([light, light, light, disc], -1).astype(np.float32)


def lights(
    random: Random, camera: Camera, points: Array, radius: float, radiance: float, colours: tuple[Colour, ...] = LAMPS
) -> list[Stamp]:
    """Lamps at world points: coloured, and far brighter than white (`radiance` in linear light, white is 1)."""
    stamps = []
    for point in points:
        row, column, depth = (float(value) for value in camera.project(point))
        power = radiance * float(np.exp(random.normal(0, 0.35)))
        colour = jitter(random, pick(random, colours), 0.1, 0.0) * power
        if depth > 0.3:
            stamps.append(Stamp(lamp(2 * radius * camera.focal / depth), row, column, depth, colour.astype(np.float32)))
    return stamps
