"""Twigs, stems, wires and whole bare trees: tapered strokes, round and shaded."""

from __future__ import annotations

import math

import numpy as np

from calib_data.scenes.arrays import Array, Random, coverage, grid
from calib_data.scenes.lens import Camera
from calib_data.scenes.light import Light
from calib_data.scenes.stamps import Stamp

Path3 = list[tuple[Array, float]]
_PIECE_PX = 26.0


def grow(random: Random, start: Array, heading: Array, length: float, radius: float, wander: float, droop: float = 0.0) -> Path3:
    """A crooked line in space: points and radii in metres, tapering to a third.

    Args:
        random: Chance.
        start: World point.
        heading: Unit vector.
        length: Metres.
        radius: Metres at the start.
        wander: Radians by which it turns about each tenth of its length.
        droop: How much it bends down along its length.
    """
    path: Path3 = [(start, radius)]
    steps = 10
    point, direction = start, heading
    for step in range(1, steps + 1):
        turned = direction + random.normal(0, wander, 3) + np.array([0, -droop / steps, 0])
        direction = (turned / np.linalg.norm(turned)).astype(np.float32)
        point = (point + direction * (length / steps)).astype(np.float32)
        path.append((point, radius * (1 - 0.67 * step / steps)))
    return path


def forked(
    random: Random, start: Array, heading: Array, length: float, radius: float, generations: int, wander: float = 0.16
) -> list[Path3]:
    """A branch with its twigs, and theirs, `generations` deep."""
    path = grow(random, start, heading, length, radius, wander)
    paths = [path]
    if generations == 0:
        return paths
    for _ in range(int(random.integers(3, 6))):
        at = int(random.integers(3, 10))
        along = path[at][0] - path[at - 1][0]
        side = along / max(float(np.linalg.norm(along)), 1e-6) + random.normal(0, 0.55, 3) * np.array([1, 1, 0.5])
        side = (side / np.linalg.norm(side)).astype(np.float32)
        share = float(random.uniform(0.35, 0.7))
        paths += forked(random, path[at][0], side, length * share, path[at][1] * 0.65, generations - 1, wander)
    return paths


def stroke_stamps(
    random: Random, camera: Camera, light: Light, paths: list[Path3], colour: Array, gloss: float = 0.0
) -> list[Stamp]:
    """Strokes as stamps of short straight pieces."""
    stamps: list[Stamp] = []
    rows, columns = camera.canvas
    for path in paths:
        points = np.stack([point for point, _ in path])
        row, column, depth = camera.project(points)
        tone = float(random.uniform(0.8, 1.2))
        for place in range(len(path) - 1):
            if min(depth[place], depth[place + 1]) < 0.15:
                continue
            ends = ((row[place], column[place]), (row[place + 1], column[place + 1]))
            if max(ends[0][0], ends[1][0]) < 0 or min(ends[0][0], ends[1][0]) > rows:
                continue
            if max(ends[0][1], ends[1][1]) < 0 or min(ends[0][1], ends[1][1]) > columns:
                continue
            middle = float(depth[place] + depth[place + 1]) / 2
            thick = (path[place][1] * camera.focal / depth[place], path[place + 1][1] * camera.focal / depth[place + 1])
            lit = light.faded((colour * tone).astype(np.float32), middle)
            stamps += _pieces(ends, thick, middle, lit, light, gloss, random)
    return stamps


def _pieces(
    ends: tuple[tuple[float, float], tuple[float, float]],
    thick: tuple[float, float],
    depth: float,
    colour: Array,
    light: Light,
    gloss: float,
    random: Random,
) -> list[Stamp]:
    (r0, c0), (r1, c1) = ends
    length = math.hypot(r1 - r0, c1 - c0)
    count = max(1, math.ceil(length / max(_PIECE_PX, 3 * max(thick))))
    knots = random.uniform(0.8, 1.2, 2)
    stamps = []
    for piece in range(count):
        a, b = piece / count, (piece + 1) / count
        start = (r0 + (r1 - r0) * a, c0 + (c1 - c0) * a)
        end = (r0 + (r1 - r0) * b, c0 + (c1 - c0) * b)
        radii = (thick[0] + (thick[1] - thick[0]) * a, thick[0] + (thick[1] - thick[0]) * b)
        pixels = _capsule(start, end, radii, light, gloss, float(knots[0] + (knots[1] - knots[0]) * a))
        stamps.append(Stamp(pixels, (start[0] + end[0]) / 2, (start[1] + end[1]) / 2, depth, colour))
    return stamps


def _capsule(
    start: tuple[float, float], end: tuple[float, float], radii: tuple[float, float], light: Light, gloss: float, tone: float
) -> Array:
    """A piece of a round rod; lines thinner than a pixel become faint, not thick."""
    reach = max(radii) + 1.5
    height = math.ceil(abs(end[0] - start[0]) + 2 * reach)
    width = math.ceil(abs(end[1] - start[1]) + 2 * reach)
    rows, columns = grid(height, width)
    middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
    corner = (round(middle[0] - height / 2), round(middle[1] - width / 2))
    rows, columns = rows + corner[0] - start[0], columns + corner[1] - start[1]
    down, right = end[0] - start[0], end[1] - start[1]
    length = max(math.hypot(down, right), 1e-3)
    down, right = down / length, right / length
    along = np.clip(rows * down + columns * right, 0.0, length)
    off_row, off_column = rows - along * down, columns - along * right
    radius = radii[0] + (radii[1] - radii[0]) * along / length
    across = (columns * down - rows * right) / np.maximum(radius, 0.5)
    alpha = coverage(np.maximum(radius, 0.5) - np.hypot(off_row, off_column)) * np.minimum(radius * 2, 1.0)
    across = np.clip(across, -1, 1)
    facing = np.sqrt(1 - across * across)
    normal = np.stack([across * down, across * right, -facing], -1).astype(np.float32)
    shade = light.on(normal) * tone
    if gloss > 0:
        shade = shade + gloss * light.glint(normal, 30.0)
    return np.concatenate([shade * alpha[..., None], alpha[..., None]], -1).astype(np.float32)
