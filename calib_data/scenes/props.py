"""Parts that several kinds of scene share: backgrounds, bushes, clutter before the lens, and subjects."""

from __future__ import annotations

import math

import numpy as np

from calib_data.scenes import solids
from calib_data.scenes.arrays import Array, jitter, pick
from calib_data.scenes.backdrops import facade, sky, skyline
from calib_data.scenes.branches import forked, grow, stroke_stamps
from calib_data.scenes.flowers import PETALS, flower, lights, spot
from calib_data.scenes.foliage import (
    DARK, DRY, GREENS, Foliage, along_twigs, bush, hedge, leaf_stamps, litter, some_foliage,
)  # fmt: skip
from calib_data.scenes.materials import bark, concrete, paint, plaster, planks, stone
from calib_data.scenes.planes import wall
from calib_data.scenes.solids import Finish
from calib_data.scenes.stage import Stage
from calib_data.scenes.stamps import Stamp


def open_sky(stage: Stage) -> None:
    """Sky with a wooded skyline or two."""
    random = stage.random
    cloudy = 1.0 if float(stage.light.sun.mean()) < 0.5 * float(stage.light.ambient.mean()) else float(random.uniform(0, 0.6))
    stage.add(sky(random, stage.camera, stage.light, cloudy))
    for distance in sorted(random.uniform(40, 300, int(random.integers(1, 4))), reverse=True):
        tall = float(random.uniform(0.02, 0.12)) * float(distance) + 4
        colour = jitter(random, pick(random, GREENS + DARK), 0.15, 0.3)
        stage.add(skyline(random, stage.camera, stage.light, float(distance), tall, colour))


def house(stage: Stage, distance: float, lit_windows: float = 0.0) -> None:
    """The front of a house across the picture, a little turned."""
    random = stage.random
    turn = float(random.normal(0, 0.35))
    middle = float(random.uniform(-0.15, 0.15)) * distance
    long = float(random.uniform(9, 26))
    x, z = middle - long / 2 * math.cos(turn), distance - long / 2 * math.sin(turn)
    front = wall(x, z, turn, long, float(random.uniform(6, 14)))
    texture = pick(random, [plaster, plaster, plaster, concrete])(random)
    stage.plane(front, facade(random, stage.light, texture, lit_windows), order=distance + long / 2)


def heap_of_leaves(stage: Stage, centre: Array, radii: tuple[float, float, float], foliage: Foliage, cover: float = 2.2) -> None:
    """A bush; `cover` is how often its leaves cover its outline."""
    random = stage.random
    area = radii[0] * radii[1] * 3.1
    count = int(min(6000, cover * area / (0.4 * foliage.length**2)))
    points, exposed = bush(random, centre, radii, count)
    stage.stamp(leaf_stamps(random, stage.camera, stage.light, foliage, points, exposed))


def green_wall(stage: Stage, distance: float, foliage: Foliage | None = None) -> None:
    """A hedge across the picture, with a dark heart that closes it."""
    random, camera = stage.random, stage.camera
    half = distance * camera.width / camera.focal * 0.75
    height = float(random.uniform(0.35, 1.4)) * distance * 0.3 + camera.altitude * float(random.uniform(0.4, 1.2))
    foliage = foliage or some_foliage(random)
    area = 2 * half * height
    length = max(foliage.length, math.sqrt(2.4 * area / (0.4 * 5000)))
    foliage = Foliage(foliage.shape, length, foliage.colours)
    slant = float(random.normal(0, 0.15)) * distance
    left, right = np.array([-half, 0, distance - slant]), np.array([half, 0, distance + slant])
    heart = Foliage("round", length * 2.4, DARK)
    points, exposed = hedge(random, left + [0, 0, 0.4], right + [0, 0, 0.4], height * 0.93, 0.15, 900)
    stage.stamp(leaf_stamps(random, camera, stage.light, heart, points, exposed * 0.12))
    points, exposed = hedge(random, left, right, height, float(random.uniform(0.4, 0.9)), 5000)
    stage.stamp(leaf_stamps(random, camera, stage.light, foliage, points, exposed))


def trees(stage: Stage, distance: float, count: int, leafy: bool) -> None:
    """Trees at about a distance: trunks with branches, bare or in leaf."""
    random, camera, light = stage.random, stage.camera, stage.light
    half = distance * camera.width / camera.focal * 0.6
    for _ in range(count):
        z = distance * float(random.uniform(0.85, 1.3))
        foot = np.array([float(random.uniform(-half, half)), 0, z], np.float32)
        thick = float(random.uniform(0.05, 0.16))
        trunk = grow(random, foot, np.array([0, 1, 0], np.float32), float(random.uniform(3, 6)), thick, 0.05)
        paths = [trunk]
        for point, radius in trunk[2:]:
            for _ in range(int(random.integers(1, 3))):
                side = random.normal(0, 1, 3) * np.array([1, 0.3, 1]) + np.array([0, 0.5, 0])
                side = (side / np.linalg.norm(side)).astype(np.float32)
                paths += forked(random, point, side, float(random.uniform(1.0, 2.2)), radius * 0.5, 1 if leafy else 2)
        stage.stamp(stroke_stamps(random, camera, light, paths, jitter(random, (0.11, 0.085, 0.065))))
        stage.shade_ground(float(foot[0]), z, thick, 4.0)
        if leafy:
            kind = some_foliage(random)
            points, exposed = along_twigs(random, paths, 0.02, 0.05, 0.12)
            chosen = random.permutation(len(points))[:2500]
            big = Foliage(kind.shape, kind.length * 1.8, kind.colours)
            stage.stamp(leaf_stamps(random, camera, light, big, points[chosen], exposed[chosen]))


def leafy_twigs(stage: Stage, depth: float, count: int, where: tuple[float, float], hanging: bool = True) -> None:
    """Twigs with leaves that reach into the picture from `where` (right, up in picture heights) at a depth."""
    random, camera, light = stage.random, stage.camera, stage.light
    foliage = some_foliage(random)
    foliage = Foliage(foliage.shape, min(foliage.length, 0.1 * depth * 0.3 * 1.8 + 0.01), foliage.colours)
    reach = 0.3 * depth
    for _ in range(count):
        start = camera.place(where[0] + float(random.normal(0, 0.1)), where[1] + float(random.normal(0, 0.1)), depth * float(random.uniform(0.93, 1.07)))
        heading = np.array([-where[0], (-0.9 if hanging else -where[1]), 0.0]) + random.normal(0, 0.35, 3)
        heading = (heading / np.linalg.norm(heading)).astype(np.float32)
        paths = forked(random, start, heading, reach * float(random.uniform(0.6, 1.3)), 0.006 * depth * 0.6, 1, 0.13)
        stage.stamp(stroke_stamps(random, camera, light, paths, jitter(random, (0.1, 0.075, 0.05))))
        points, exposed = along_twigs(random, paths, foliage.length * 0.55, 0.02, foliage.length * 0.4)
        stage.stamp(leaf_stamps(random, camera, light, foliage, points, exposed, 0.5 if hanging else 0.0))


def bare_twigs(stage: Stage, depth: float, count: int) -> None:
    """Leafless twigs across the picture at about a depth."""
    random, camera = stage.random, stage.camera
    paths = []
    for _ in range(count):
        side = float(pick(random, [-1.0, 1.0]))
        start = camera.place(side * float(random.uniform(0.5, 0.9)), float(random.uniform(-0.5, 0.6)), depth * float(random.uniform(0.85, 1.2)))
        heading = np.array([-side, float(random.normal(0.1, 0.5)), float(random.normal(0, 0.2))])
        heading = (heading / np.linalg.norm(heading)).astype(np.float32)
        paths += forked(random, start, heading, 0.35 * depth, 0.0022 * depth, 2, 0.14)
    stage.stamp(stroke_stamps(random, camera, stage.light, paths, jitter(random, (0.12, 0.095, 0.075))))


def blades(stage: Stage, depth: float, count: int, tall: float, ground: float = 0.0) -> None:
    """Blades of grass that stand on the ground at about a depth."""
    random, camera = stage.random, stage.camera
    half = 0.5 * depth * camera.width / camera.focal * 1.1
    paths = []
    for _ in range(count):
        z = depth * float(random.uniform(0.8, 1.25))
        foot = np.array([float(random.uniform(-half, half)), ground, z], np.float32)
        heading = np.array([float(random.normal(0, 0.35)), 1.0, float(random.normal(0, 0.2))])
        heading = (heading / np.linalg.norm(heading)).astype(np.float32)
        paths.append(grow(random, foot, heading, tall * float(random.uniform(0.5, 1.2)), 0.0022, 0.05, 0.5))
    stage.stamp(stroke_stamps(random, camera, stage.light, paths, jitter(random, (0.11, 0.14, 0.035)), 0.02))


def fallen_leaves(stage: Stage, centre: Array, spread: tuple[float, float], count: int, altitude: float = 0.0) -> None:
    """Dry leaves on the ground."""
    random = stage.random
    kind = Foliage(pick(random, ["ovate", "lobed", "oak"]), float(random.uniform(0.03, 0.07)), DRY)
    points, exposed = litter(random, centre, spread, count, altitude)
    stage.stamp(leaf_stamps(random, stage.camera, stage.light, kind, points, exposed))


def flowers_on_stems(stage: Stage, depth: float, count: int, across: float, ground: float = 0.0) -> None:
    """Flowers of one kind with stems and leaves, round the depth and `across` (picture heights)."""
    random, camera, light = stage.random, stage.camera, stage.light
    colour = pick(random, PETALS)
    radius = float(random.uniform(0.02, 0.045)) * min(1.0, depth)
    kind = Foliage(pick(random, ["ovate", "lance"]), radius * 2.2, GREENS)
    for number in range(count):
        spread = 0.02 if number == 0 else 0.25
        place = camera.place(
            across + float(random.normal(0, spread)), float(random.uniform(-0.2, 0.2)), depth * (1.0 if number == 0 else float(random.uniform(0.85, 1.3)))
        )
        down = np.array([float(random.normal(0, 0.15)), -1.0, float(random.normal(0, 0.1))])
        stem = grow(random, place, (down / np.linalg.norm(down)).astype(np.float32), 0.3 * depth + 0.1, 0.0025, 0.05)
        stem = [(point, 0.0025) for point, _ in stem]
        stage.stamp(stroke_stamps(random, camera, light, [stem], jitter(random, (0.07, 0.12, 0.03)), 0.03))
        points, exposed = along_twigs(random, [stem], 0.02, 1.0, radius * 0.7)
        stage.stamp(leaf_stamps(random, camera, light, kind, points, exposed))
        stage.stamp(flower(random, camera, light, place, radius, jitter(random, colour, 0.05, 0.1)))


def lathe_subject(stage: Stage, base: Array, height: float) -> None:
    """Something turned: a post, a bollard, a pot, a vase or a bottle of about this height."""
    random, light = stage.random, stage.light
    outline, slim, gloss = pick(
        random,
        [(solids.CAPPED_POST, 0.09, 0.15), (solids.FINIAL, 0.24, 0.2), (solids.BOLLARD, 0.13, 0.15), (solids.POT, 0.5, 0.06), (solids.VASE, 0.38, 0.25), (solids.BOTTLE, 0.16, 0.4), (solids.SPIKE, 0.09, 0.2)],
    )
    if outline is solids.POT:
        texture = pick(random, [paint, lambda r: paint(r, (0.36, 0.13, 0.06)), concrete, stone])(random)
    elif outline in (solids.CAPPED_POST, solids.BOLLARD):
        texture = pick(random, [paint, concrete, stone, planks])(random)
    else:
        texture = pick(random, [paint, paint, stone])(random)
    radius = height * slim * float(random.uniform(0.85, 1.2))
    bands = []
    if random.random() < 0.4:
        low = float(random.uniform(0.15, 0.5))
        bands.append((low, low + float(random.uniform(0.06, 0.2)), jitter(random, pick(random, [(0.7, 0.7, 0.68), (0.55, 0.04, 0.03), (0.6, 0.4, 0.03)]))))
    stage.add(solids.lathe(stage.camera, light, base, radius, height, outline, Finish(texture, gloss * 0.5), float(random.normal(0, 0.02)), bands))
    stage.shade_ground(float(base[0]), float(base[2]), radius, height)
    if outline is solids.POT:
        kind = some_foliage(random)
        top = base + np.array([0, height, 0], np.float32)
        heap_of_leaves(stage, top + np.array([0, height * 0.45, 0], np.float32), (radius * 1.25, height * 0.55, radius), Foliage(kind.shape, height * 0.22, GREENS), 3.0)
        for _ in range(int(random.integers(0, 9))):
            spot_ = top + np.array([random.normal(0, radius * 0.7), height * float(random.uniform(0.3, 1.1)), -radius * float(random.uniform(0.3, 1.2))], np.float32)
            stage.stamp(flower(random, stage.camera, light, spot_, height * 0.13, jitter(random, pick(random, PETALS))))


def round_subject(stage: Stage, ground_point: Array, radius: float) -> None:
    """A ball, a fruit or a stone that lies on the ground at a world point."""
    random, camera, light = stage.random, stage.camera, stage.light
    centre = ground_point + np.array([0, radius, 0], np.float32)
    what = pick(random, ["ball", "stone", "stone", "pumpkin"])
    stage.shade_ground(float(centre[0]), float(centre[2]), radius * 0.85, radius * 1.6)
    if what == "ball":
        stage.add(solids.ball(camera, light, centre, radius, Finish(paint(random), 0.12, 40), float(random.uniform(0, 3))))
    elif what == "pumpkin":
        texture = paint(random, (0.6, 0.22, 0.03))
        stage.add(solids.ball(camera, light, centre - [0, radius * 0.12, 0], radius, Finish(texture, 0.08, 20), 0.0, 0.85))
    else:
        texture = pick(random, [stone, bark, concrete])(random)
        stage.add(solids.blob(random, camera, light, centre - [0, radius * 0.25, 0], radius, Finish(texture, 0.02)))


def far_lamps(stage: Stage, count: int, nearest: float, farthest: float, highest: float) -> None:
    """Street lamps, headlights and signs: small, coloured and far brighter than white."""
    random = stage.random
    z = random.uniform(nearest, farthest, count)
    half = z * stage.camera.width / stage.camera.focal * 0.55
    points = np.stack([random.uniform(-1, 1, count) * half, random.uniform(0.3, highest, count), z], -1).astype(np.float32)
    stage.stamp(lights(random, stage.camera, points, 0.03, 26.0))


def gaps_of_sky(stage: Stage, distance: float, count: int) -> None:
    """Bright specks where the sky shows through leaves."""
    random, camera = stage.random, stage.camera
    stamps = []
    for _ in range(count):
        place = camera.place(float(random.normal(0, 0.4)), float(random.uniform(-0.1, 0.55)), distance)
        row, column, depth = (float(value) for value in camera.project(place))
        size = float(random.exponential(0.012)) * camera.focal / depth * (distance / 6) + 0.5
        stamps.append(Stamp(spot(size), row, column, depth, (stage.light.ambient * 4).astype(np.float32)))
    stage.stamp(stamps)
