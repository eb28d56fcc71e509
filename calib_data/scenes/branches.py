"""Twigs, stems, wires and whole bare trees: tapered strokes, round and shaded."""

from __future__ import annotations

import math
from dataclasses import astuple, dataclass
from itertools import pairwise

import numpy as np

from calib_data.scenes.arrays import Array, Random, coverage, grid
from calib_data.scenes.lens import Camera
from calib_data.scenes.light import Light
from calib_data.scenes.planes import NEAREST_M
from calib_data.scenes.stamps import Stamp

Path3 = list[tuple[Array, float]]
_PIECE_PX = 26.0


def grow(
    random: Random, start: Array, heading: Array, length: float, radius: float, wander: float, droop: float = 0.0
) -> Path3:
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
    """Strokes as stamps of short straight pieces, each path of its own lightness and a little uneven."""
    stamps: list[Stamp] = []
    for path in paths:
        row, column, depth = camera.project(np.stack([point for point, _ in path]))
        pixels = np.array([radius for _, radius in path]) * camera.focal / np.maximum(depth, NEAREST_M)
        tones = float(random.uniform(0.8, 1.2)) * random.uniform(0.8, 1.2, len(path))
        knots = [
            _Knot(*(float(value) for value in knot)) for knot in zip(row, column, depth, pixels, tones, strict=True)
        ]
        for start, end in pairwise(knots):
            if min(start.depth, end.depth) > NEAREST_M and _on_canvas(camera, start, end):
                lit = light.faded(np.asarray(colour, np.float32), (start.depth + end.depth) / 2)
                stamps += [_capsule(*piece, lit, light, gloss) for piece in _pieces(start, end)]
    return stamps


@dataclass(frozen=True)
class _Knot:
    """A point of a stroke on the canvas: its place, depth in metres, radius in pixels, lightness."""

    row: float
    column: float
    depth: float
    radius: float
    tone: float

    def towards(self, other: _Knot, share: float) -> _Knot:
        mine, theirs = astuple(self), astuple(other)
        return _Knot(*(a + (b - a) * share for a, b in zip(mine, theirs, strict=True)))


def _on_canvas(camera: Camera, start: _Knot, end: _Knot) -> bool:
    rows, columns = camera.canvas
    reach = max(start.radius, end.radius)
    down = max(start.row, end.row) > -reach and min(start.row, end.row) < rows + reach
    return down and max(start.column, end.column) > -reach and min(start.column, end.column) < columns + reach


def _pieces(start: _Knot, end: _Knot) -> list[tuple[_Knot, _Knot]]:
    """A straight stroke cut up, so that the boxes round its pieces stay small."""
    length = math.hypot(end.row - start.row, end.column - start.column)
    count = max(1, math.ceil(length / max(_PIECE_PX, 3 * max(start.radius, end.radius))))
    return list(pairwise(start.towards(end, place / count) for place in range(count + 1)))


def _capsule(start: _Knot, end: _Knot, colour: Array, light: Light, gloss: float) -> Stamp:
    """A piece of a round rod; lines thinner than a pixel become faint, not thick."""
    reach = max(start.radius, end.radius) + 1.5
    height = math.ceil(abs(end.row - start.row) + 2 * reach)
    width = math.ceil(abs(end.column - start.column) + 2 * reach)
    middle = start.towards(end, 0.5)
    rows, columns = grid(height, width)
    rows = rows + (round(middle.row - height / 2) - start.row)
    columns = columns + (round(middle.column - width / 2) - start.column)
    length = max(math.hypot(end.row - start.row, end.column - start.column), 1e-3)
    down, right = (end.row - start.row) / length, (end.column - start.column) / length
    along = np.clip(rows * down + columns * right, 0.0, length)
    radius = start.radius + (end.radius - start.radius) * along / length
    away = np.hypot(rows - along * down, columns - along * right)
    alpha = coverage(np.maximum(radius, 0.5) - away) * np.minimum(radius * 2, 1.0)
    across = np.clip((columns * down - rows * right) / np.maximum(radius, 0.5), -1, 1)
    normal = np.stack([across * down, across * right, -np.sqrt(1 - across * across)], -1).astype(np.float32)
    shade = light.on(normal) * middle.tone
    if gloss > 0:
        shade = shade + gloss * light.glint(normal, 30.0)
    pixels = np.concatenate([shade * alpha[..., None], alpha[..., None]], -1).astype(np.float32)
    return Stamp(pixels, middle.row, middle.column, middle.depth, colour)
