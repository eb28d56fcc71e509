"""Flowers, fruit and lights: the small bright things."""

from __future__ import annotations

import math

import numpy as np

from calib_data.scenes.arrays import Array, Colour, Random, coverage, grid, jitter, pick
from calib_data.scenes.lens import Camera
from calib_data.scenes.light import Light
from calib_data.scenes.stamps import Stamp, leaf, petal_lightness

PETALS: tuple[Colour, ...] = (
    (0.7, 0.05, 0.2), (0.75, 0.7, 0.68), (0.75, 0.45, 0.03), (0.55, 0.02, 0.03), (0.4, 0.2, 0.6), (0.8, 0.35, 0.4), (0.75, 0.2, 0.03),
)  # fmt: skip
LAMPS: tuple[Colour, ...] = (
    (1.0, 0.55, 0.16), (1.0, 0.75, 0.4), (1.0, 0.08, 0.05), (0.1, 0.9, 0.3), (0.2, 0.45, 1.0), (1.0, 0.9, 0.75), (1.0, 0.3, 0.05),
)  # fmt: skip


def flower(random: Random, camera: Camera, light: Light, centre: Array, radius: float, colour: Array) -> list[Stamp]:
    """A blossom round the world point `centre`: rings of petals, shorter and nearer inwards, and a heart."""
    row, column, depth = (float(value) for value in camera.project(centre))
    if depth < 0.2:
        return []
    size = radius * camera.focal / depth
    rings = int(random.integers(1, 5))
    count = int(random.integers(5, 9)) if rings > 1 else int(random.integers(6, 15))
    shape = "round" if rings > 1 or count < 8 else "ovate"
    squash = float(random.uniform(0.65, 1.0))
    lean = float(random.uniform(-0.6, 0.6))
    stamps = []
    for ring in range(rings):
        share = 1 - 0.75 * ring / max(rings, 1)
        for petal in range(count):
            turn = 2 * math.pi * (petal + 0.5 * (ring % 2)) / count + float(random.normal(0, 0.08))
            tilt = float(random.uniform(0.55, 0.95))
            length = size * share * float(random.uniform(0.9, 1.08))
            pixels = petal_lightness(leaf(random, shape, length * 1.05, turn, tilt))
            right, up = math.sin(turn) * length * 0.5, math.cos(turn) * length * 0.5 * squash
            bright = (0.62 + 0.38 * share + 0.25 * math.cos(turn)) * float(random.uniform(0.85, 1.1))
            lit = colour * (light.ambient + light.sun * 0.7) * bright
            place = row - up + lean * right * 0.2, column + right + lean * up * 0.3
            stamps.append(Stamp(pixels, *place, depth - 0.0005 * (ring + 1), light.faded(lit.astype(np.float32), depth)))
    heart = (np.array([0.5, 0.3, 0.03], np.float32) * (light.ambient + light.sun * 0.7)).astype(np.float32)
    for _ in range(22):
        away, angle = size * 0.17 * math.sqrt(float(random.random())), float(random.uniform(0, 2 * math.pi))
        dot = spot(max(size * 0.075, 0.8)) * np.array([1, 1, 1, 1], np.float32)
        tone = float(random.uniform(0.5, 1.4))
        stamps.append(
            Stamp(dot, row + away * math.sin(angle) * squash, column + away * math.cos(angle), depth - 0.004, heart * tone)
        )
    return stamps


def spot(diameter: float) -> Array:
    """A soft-edged round stamp `(n, n, 4)` of lightness 1; smaller than a pixel it is fainter instead."""
    side = math.ceil(diameter) + 2
    rows, columns = grid(side, side)
    shown = max(diameter, 1.0)
    alpha = coverage(shown / 2 - np.hypot(rows - side / 2, columns - side / 2)) * min(1.0, diameter**2)
    return np.repeat(alpha[..., None], 4, -1).astype(np.float32)


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
            stamps.append(Stamp(spot(2 * radius * camera.focal / depth), row, column, depth, colour.astype(np.float32)))
    return stamps
