"""What is round a subject: sky, houses, hedges, trees, twigs before the lens, grass and leaves on the ground, lamps."""

from __future__ import annotations

import math

import numpy as np

from calib_data.scenes.arrays import Array, jitter, pick
from calib_data.scenes.backdrops import sky, skyline
from calib_data.scenes.branches import Path3, forked, grow, stroke_stamps
from calib_data.scenes.flowers import lights, spot
from calib_data.scenes.foliage import (
    AUTUMN,
    DARK,
    DRY,
    GREENS,
    Foliage,
    along_twigs,
    bush,
    hedge,
    leaf_stamps,
    litter,
    some_foliage,
)
from calib_data.scenes.houses import HouseFront
from calib_data.scenes.light import Row
from calib_data.scenes.materials import bricks, concrete, plaster
from calib_data.scenes.pictures import HUNG, hung_photograph, picture_radiance
from calib_data.scenes.planes import wall
from calib_data.scenes.stage import Stage
from calib_data.scenes.stamps import Stamp


def open_sky(stage: Stage) -> None:
    """Sky with a wooded skyline or two."""
    random = stage.random
    covered = float(stage.light.sun.mean()) < 0.5 * float(stage.light.ambient.mean())
    cloudy = 1.0 if covered else float(random.uniform(0, 0.6))
    stage.add(sky(random, stage.camera, stage.light, cloudy))
    for distance in sorted(random.uniform(40, 300, int(random.integers(1, 3))), reverse=True):
        far_wood(stage, float(distance), float(random.uniform(0.02, 0.1)) * float(distance) + 3)


def far_wood(stage: Stage, distance: float, height: float) -> None:
    """A row of trees in the distance: dark behind, with clumps of leaves before it."""
    random, camera = stage.random, stage.camera
    kind = pick(random, [GREENS, GREENS, GREENS + AUTUMN[:1], DARK, AUTUMN])
    stage.add(skyline(random, camera, stage.light, distance, height * 0.8, jitter(random, DARK[0], 0.1, 0.2)))
    half = distance * camera.width / camera.focal * 0.58
    left, right = np.array([-half, 0, distance]), np.array([half, 0, distance])
    clumps = Foliage("oak", 2.2 * math.sqrt(2 * half * min(height, 0.3 * distance) / 3000), kind)
    points, exposed = hedge(random, stage.light, left, right, height, 3000)
    stage.stamp(leaf_stamps(random, camera, stage.light, clumps, points, exposed))


def house(stage: Stage, distance: float, lit_windows: float = 0.0) -> None:
    """The front of a house across the picture, a little turned; `lit_windows` is the share where a lamp burns."""
    random = stage.random
    turn = float(random.normal(0, 0.35))
    middle = float(random.uniform(-0.15, 0.15)) * distance
    long = float(random.uniform(9, 26))
    x, z = middle - long / 2 * math.cos(turn), distance - long / 2 * math.sin(turn)
    front = wall(x, z, turn, long, float(random.uniform(6, 14)))
    texture = pick(random, [plaster, plaster, plaster, concrete, bricks])(random)
    stage.plane(front, HouseFront.some(random, stage.light, texture, lit_windows), order=distance + long / 2)


def green_wall(stage: Stage, distance: float) -> None:
    """Shrubs side by side across the picture, with a dark heart that closes them."""
    random, camera = stage.random, stage.camera
    half = distance * camera.width / camera.focal * 0.58
    frame = 0.3 * distance
    height = max(0.5, camera.altitude + frame * float(random.uniform(-0.15, 0.6)))
    some = some_foliage(random)
    shape = "ovate" if some.shape == "lance" else some.shape
    seen = min(height, frame)
    length = max(some.length * 0.8, math.sqrt(2 * half * seen * 2.0 / (0.27 * 7000)))
    foliage = Foliage(shape, length, some.colours)
    slant = float(random.normal(0, 0.1)) * distance
    left, right = np.array([-half, 0, distance - slant]), np.array([half, 0, distance + slant])
    count = int(min(9000, 2.2 * 2 * half * height / foliage.area))
    heart = Foliage("round", length * 1.8, DARK)
    inwards = np.array([0, 0, 0.25 * height])
    points, exposed = hedge(random, stage.light, left + inwards, right + inwards, height * 0.8, count // 3)
    stage.stamp(leaf_stamps(random, camera, stage.light, heart, points, exposed * 0.35))
    points, exposed = hedge(random, stage.light, left, right, height, count)
    stage.stamp(leaf_stamps(random, camera, stage.light, foliage, points, exposed))
    stage.casters.append(Row(distance, slant / half, height))


def trees(stage: Stage, distance: float, count: int, leafy: bool) -> None:
    """Trees at about a distance: trunks with branches, bare or in leaf."""
    random, camera, light = stage.random, stage.camera, stage.light
    half = distance * camera.width / camera.focal * 0.6
    for _ in range(count):
        z = distance * float(random.uniform(0.85, 1.3))
        thick = float(random.uniform(0.05, 0.16))
        foot = np.array([float(random.uniform(-half, half)), thick, z], np.float32)
        trunk = grow(random, foot, np.array([0, 1, 0], np.float32), float(random.uniform(3, 6)), thick, 0.05)
        paths = [[(foot, thick * 1.25), (trunk[1][0], trunk[1][1])], trunk]
        _weeds(stage, foot, thick)
        for point, radius in trunk[2:]:
            for _ in range(int(random.integers(1, 3))):
                side = _unit(random.normal(0, 1, 3) * np.array([1, 0.3, 1]) + np.array([0, 0.5, 0]))
                long = float(random.uniform(1.0, 2.2))
                paths += forked(random, point, side, long, radius * 0.5, 1 if leafy else 2)
        stage.stamp(stroke_stamps(random, camera, light, paths, jitter(random, (0.085, 0.068, 0.052))))
        stage.shade_ground(float(foot[0]), z, thick * 2, 4.0)
        if leafy:
            _leaf_out(stage, paths)


def _weeds(stage: Stage, foot: Array, thick: float) -> None:
    """What grows round the foot of a tree."""
    random = stage.random
    kind = Foliage(pick(random, ["lance", "ovate"]), float(random.uniform(0.05, 0.1)), GREENS)
    middle = foot - np.array([0, foot[1], thick], np.float32)
    points, exposed = bush(random, stage.light, middle, (thick * 3, 0.12, thick * 2), 260)
    stage.stamp(leaf_stamps(random, stage.camera, stage.light, kind, points, exposed))


def _leaf_out(stage: Stage, paths: list[Path3]) -> None:
    """Leaves on a tree: sparse or dense, the lower ones in the shade of the upper."""
    random = stage.random
    kind = some_foliage(random)
    points, exposed = along_twigs(random, paths, 0.016, 0.05, 0.16)
    if len(points):
        high = points[:, 1] - points[:, 1].min()
        exposed = exposed * (0.35 + 0.65 * high / max(float(high.max()), 1e-3))
    chosen = random.permutation(len(points))[: int(random.integers(1200, 4500))]
    big = Foliage(kind.shape, kind.length * 1.6, kind.colours)
    exposed = exposed[chosen].astype(np.float32)
    stage.stamp(leaf_stamps(random, stage.camera, stage.light, big, points[chosen], exposed))


def leafy_twigs(stage: Stage, depth: float, count: int, where: tuple[float, float], hanging: bool = True) -> Array:
    """Twigs with leaves that reach into the picture from `where` (right, up, in picture heights) at a depth.

    Returns:
        Points along the twigs, where fruit may hang.
    """
    random, camera, light = stage.random, stage.camera, stage.light
    kind = some_foliage(random)
    foliage = Foliage(kind.shape, min(kind.length, 0.055 * depth + 0.01), kind.colours)
    bark = jitter(random, (0.09, 0.066, 0.045))
    knots = []
    for _ in range(count):
        across, up = (float(value) for value in random.normal(where, 0.1))
        start = camera.place(across, up, depth * float(random.uniform(0.93, 1.07)))
        heading = _unit(np.array([-where[0], -0.9 if hanging else -where[1], 0.0]) + random.normal(0, 0.35, 3))
        reach = 0.3 * depth * float(random.uniform(0.6, 1.3))
        paths = forked(random, start, heading, reach, 0.0036 * depth, 1, 0.13)
        stage.stamp(stroke_stamps(random, camera, light, paths, bark))
        points, exposed = along_twigs(random, paths, foliage.length * 0.45, 0.02, foliage.length * 0.4)
        stage.stamp(leaf_stamps(random, camera, light, foliage, points, exposed, 0.5 if hanging else 0.0))
        knots += [point for path in paths for point, _ in path[3::3]]
    return np.stack(knots)


def bare_twigs(stage: Stage, depth: float, count: int) -> None:
    """Leafless twigs across the picture at about a depth."""
    random, camera = stage.random, stage.camera
    paths: list[Path3] = []
    for _ in range(count):
        side = float(pick(random, [-1.0, 1.0]))
        across, up = side * float(random.uniform(0.5, 0.9)), float(random.uniform(-0.5, 0.6))
        start = camera.place(across, up, depth * float(random.uniform(0.85, 1.2)))
        heading = _unit(np.array([-side, float(random.normal(0.1, 0.5)), float(random.normal(0, 0.2))]))
        paths += forked(random, start, heading, 0.35 * depth, 0.0022 * depth, 2, 0.14)
    stage.stamp(stroke_stamps(random, camera, stage.light, paths, jitter(random, (0.1, 0.08, 0.062))))


def blades(stage: Stage, depth: float, count: int, tall: float) -> None:
    """Blades of grass that stand on the ground at about a depth, in tufts."""
    random, camera = stage.random, stage.camera
    half = 0.5 * depth * camera.width / camera.focal * 1.1
    tufts = random.uniform(-half, half, max(3, count // 12))
    paths = []
    for _ in range(count):
        z = depth * float(random.uniform(0.85, 1.2))
        foot = np.array([float(pick(random, tufts)) + float(random.normal(0, 0.02)), -0.005, z], np.float32)
        heading = _unit(np.array([float(random.normal(0, 0.35)), 1.0, float(random.normal(0, 0.2))]))
        paths.append(grow(random, foot, heading, tall * float(random.uniform(0.4, 1.2)), 0.0019, 0.05, 0.6))
    stage.stamp(stroke_stamps(random, camera, stage.light, paths, jitter(random, (0.1, 0.13, 0.035)), 0.02))


def fallen_leaves(stage: Stage, centre: Array, spread: tuple[float, float], count: int) -> None:
    """Dry leaves that lie on the ground."""
    random = stage.random
    kind = Foliage(pick(random, ["ovate", "lobed", "oak"]), float(random.uniform(0.03, 0.07)), DRY)
    points, exposed = litter(random, centre, spread, count, 0.0)
    stage.stamp(leaf_stamps(random, stage.camera, stage.light, kind, points, exposed, flat=True))


def far_lamps(stage: Stage, count: int, nearest: float, farthest: float) -> None:
    """Street lamps, headlights and signs: small, coloured and far brighter than white."""
    random, camera = stage.random, stage.camera
    z = random.uniform(nearest, farthest, count)
    across = random.uniform(-1, 1, count) * camera.width / camera.height * 0.55
    up = random.normal(0.02, 0.14, count)
    points = np.stack([camera.place(*place) for place in zip(across, up, z, strict=True)])
    points[:, 1] = np.maximum(points[:, 1], 0.3)
    stage.stamp(lights(random, camera, points, 0.03, float(random.uniform(10, 22))))


def glints(stage: Stage, distance: float, count: int) -> None:
    """Sun that wet leaves throw back: specks, far brighter than white."""
    random, camera = stage.random, stage.camera
    stamps = []
    for _ in range(count):
        place = camera.place(float(random.normal(0, 0.4)), float(random.uniform(-0.05, 0.5)), distance)
        row, column, depth = (float(value) for value in camera.project(place))
        size = float(random.uniform(0.0008, 0.0022)) * camera.height
        colour = stage.light.sun * float(np.exp(random.normal(1.8, 0.5)))
        stamps.append(Stamp(spot(size), row, column, depth, colour.astype(np.float32)))
    stage.stamp(stamps)


def hung_pictures(stage: Stage, depth: float) -> None:
    """A few framed photographs, each another, before a wall at a depth."""
    names = stage.random.permutation(HUNG)
    for name in names[: int(stage.random.integers(1, len(HUNG) + 1))]:
        _hung_picture(stage, depth, str(name))


def _hung_picture(stage: Stage, depth: float, name: str) -> None:
    random = stage.random
    texture, aspect = hung_photograph(name)
    border, wide = 0.018, float(random.uniform(0.2, 0.5))
    corner = stage.camera.place(float(random.uniform(-0.7, 0.5)), float(random.uniform(0.0, 0.3)), depth)
    frame = jitter(random, pick(random, [(0.02, 0.02, 0.02), (0.5, 0.48, 0.44), (0.2, 0.11, 0.05)]))
    plane = wall(float(corner[0]), depth, 0.0, wide + 2 * border, wide * aspect + 2 * border, float(corner[1]))
    stage.plane(plane, picture_radiance(texture, plane, stage.light, border, frame), depth)


def _unit(vector: Array) -> Array:
    return np.asarray(vector / np.linalg.norm(vector), np.float32)
