"""Kinds of scenes: what a photographer of gardens, streets and tables comes home with."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from calib_data.scenes import furniture, subjects, surroundings
from calib_data.scenes.arrays import Array, Random, pick
from calib_data.scenes.foliage import some_foliage
from calib_data.scenes.materials import (
    GROUNDS,
    WALLS,
    asphalt,
    cloth,
    cobbles,
    grass,
    gravel,
    planks,
    slabs,
    soil,
    stone,
)
from calib_data.scenes.planes import ground, wall
from calib_data.scenes.stage import Stage

Size = tuple[int, int]
Kind = Callable[[Random, Size], Stage]

_FAR_M = 400.0


def street(random: Random, size: Size) -> Stage:
    """A post or another subject at eye level, a street with houses and trees behind it."""
    focus = float(random.uniform(1.0, 2.7))
    mood = pick(random, ["sunny", "overcast", "overcast", "shade", "golden"])
    stage = Stage.open(random, size, mood, float(random.uniform(1.0, 1.6)), float(random.uniform(-2, 7)), focus)
    surroundings.open_sky(stage)
    if random.random() < 0.75:
        surroundings.house(stage, float(random.uniform(9, 28)))
    if random.random() < 0.7:
        leafy = bool(random.random() < 0.7)
        surroundings.trees(stage, float(random.uniform(7, 18)), int(random.integers(1, 4)), leafy)
    if random.random() < 0.4:
        surroundings.green_wall(stage, float(random.uniform(5, 10)))
    subjects.at_eye_level(stage, focus)
    for _ in range(int(random.integers(1, 4))):
        subjects.at_eye_level(stage, focus * float(random.uniform(1.3, 3.5)), 0.5)
    _clutter(stage, focus)
    stage.floor(ground(farthest=_FAR_M), pick(random, [asphalt, slabs, cobbles, grass])(random), 0.05)
    return stage


def low(random: Random, size: Size) -> Stage:
    """Near the ground: something that lies or stands on it, the ground running away behind."""
    focus = float(random.uniform(0.7, 1.9))
    altitude = focus * float(random.uniform(0.09, 0.3))
    pitch = math.degrees(math.atan2(altitude, focus)) + float(random.uniform(-5.0, -1.0))
    stage = Stage.open(random, size, pick(random, ["sunny", "golden", "overcast", "shade"]), altitude, pitch, focus)
    behind = focus + float(random.uniform(1.2, 4))
    if random.random() < 0.5:
        surroundings.open_sky(stage)
        surroundings.house(stage, float(random.uniform(8, 20)))
    else:
        stage.upright(wall(-20, behind, float(random.normal(0, 0.05)), 40, 6), pick(random, WALLS)(random))
    if random.random() < 0.6:
        surroundings.green_wall(stage, behind)
    frame = 0.3 * focus
    spot = subjects.on_ground(stage, float(random.normal(0, 0.22)), focus)
    subjects.at_foot_level(stage, spot, frame)
    for _ in range(int(random.integers(2, 7))):
        depth = focus * float(random.uniform(0.62, 0.9) if random.random() < 0.2 else random.uniform(1.2, 3.0))
        where = subjects.on_ground(stage, float(random.uniform(-0.75, 0.75)), depth)
        subjects.at_foot_level(stage, where, frame)
    if random.random() < 0.6:
        surroundings.fallen_leaves(stage, spot, (0.35 * focus, 0.6 * focus), int(random.integers(10, 120)))
    if random.random() < 0.5:
        depth = focus * float(random.choice([0.65, 1.0, 1.3]))
        surroundings.blades(stage, depth, int(random.integers(40, 300)), 0.08 * focus)
    shade_of_trees = float(random.choice([0.0, 0.8]))
    stage.floor(ground(nearest=0.2, farthest=_FAR_M), pick(random, GROUNDS)(random), 0.06, shade_of_trees)
    return stage


def down(random: Random, size: Size) -> Stage:
    """Looking down: paving or earth, leaves on it, a plant that reaches over it."""
    altitude = float(random.uniform(1.0, 1.6))
    pitch = float(random.uniform(48, 78))
    distance = altitude / math.sin(math.radians(pitch))
    plant = distance * float(random.uniform(0.55, 0.8))
    focus = pick(random, [plant, plant, distance])
    stage = Stage.open(random, size, pick(random, ["overcast", "shade", "sunny"]), altitude, pitch, focus)
    middle = stage.camera.place(0, 0, distance)
    surroundings.fallen_leaves(stage, middle, (0.25, 0.25), int(random.integers(8, 70)))
    for _ in range(int(random.integers(1, 4))):
        side = (float(pick(random, [-0.7, 0.7, 0.0])), 0.5)
        surroundings.leafy_twigs(stage, plant * float(random.uniform(0.95, 1.1)), 3, side, False)
    if random.random() < 0.7:
        subjects.flowers_on_stems(stage, plant, int(random.integers(1, 5)), float(random.normal(0, 0.2)))
    for _ in range(int(random.integers(0, 5))):
        where = stage.camera.place(float(random.uniform(-0.7, 0.7)), float(random.uniform(-0.45, 0.45)), distance)
        where[1] = 0
        subjects.lying(stage, where, float(random.uniform(0.012, 0.05)))
    paving = pick(random, [asphalt, slabs, slabs, cobbles, cobbles, gravel, soil, grass])(random)
    stage.floor(ground(nearest=-3.0, farthest=8), paving, 0.0, float(random.choice([0.0, 0.6])))
    return stage


def twigs(random: Random, size: Size) -> Stage:
    """Twigs in focus against bright sky, a hedge or a house."""
    focus = float(random.uniform(0.75, 1.8))
    mood = pick(random, ["overcast", "sunny", "golden", "shade"])
    stage = Stage.open(random, size, mood, 1.5, float(random.uniform(-14, 2)), focus)
    surroundings.open_sky(stage)
    if random.random() < 0.6:
        leafy = bool(random.random() < 0.6)
        surroundings.trees(stage, float(random.uniform(6, 14)), int(random.integers(2, 4)), leafy)
    else:
        surroundings.house(stage, float(random.uniform(8, 16)))
    if random.random() < 0.5:
        surroundings.green_wall(stage, float(random.uniform(3, 7)))
    for _ in range(int(random.integers(1, 4))):
        side = float(pick(random, [-0.7, -0.3, 0.3, 0.7]))
        knots = surroundings.leafy_twigs(stage, focus, int(random.integers(2, 5)), (side, 0.55))
        _fruit_on(stage, knots, focus)
    if random.random() < 0.5:
        surroundings.bare_twigs(stage, focus * float(random.uniform(1.0, 2.5)), int(random.integers(2, 5)))
    if random.random() < 0.4:
        side = float(pick(random, [-0.75, 0.75]))
        surroundings.leafy_twigs(stage, focus * float(random.uniform(0.6, 0.75)), 2, (side, 0.4))
    stage.floor(ground(nearest=1.0, farthest=_FAR_M), grass(random))
    return stage


def garden(random: Random, size: Size) -> Stage:
    """Flowers and bushes, one plant in focus among others."""
    focus = float(random.uniform(0.65, 1.5))
    altitude = float(random.uniform(0.5, 1.1))
    mood = pick(random, ["sunny", "overcast", "golden", "shade"])
    stage = Stage.open(random, size, mood, altitude, float(random.uniform(2, 16)), focus)
    surroundings.open_sky(stage)
    surroundings.green_wall(stage, focus + float(random.uniform(1.5, 6)))
    if mood in ("sunny", "golden"):
        surroundings.glints(stage, focus + 1.5, int(random.integers(15, 60)))
    for _ in range(int(random.integers(2, 5))):
        depth = focus * float(random.uniform(1.15, 2.2))
        centre = stage.camera.place(float(random.uniform(-0.7, 0.7)), float(random.uniform(-0.6, -0.1)), depth)
        wide = 0.3 * depth * float(random.uniform(0.3, 0.6))
        radii = (wide, wide * float(random.uniform(0.6, 1.1)), wide * 0.7)
        subjects.heap_of_leaves(stage, centre, radii, some_foliage(random))
    subjects.flowers_on_stems(stage, focus, int(random.integers(1, 8)), float(random.normal(0, 0.25)))
    if random.random() < 0.6:
        centre = stage.camera.place(float(random.choice([-0.5, 0.5])), -0.45, focus)
        subjects.heap_of_leaves(stage, centre, (0.1 * focus, 0.08 * focus, 0.08 * focus), some_foliage(random))
    _clutter(stage, focus)
    stage.floor(ground(nearest=0.3, farthest=_FAR_M), pick(random, [grass, soil, gravel])(random), 0.0, 0.6)
    return stage


def beside_wall(random: Random, size: Size) -> Stage:
    """A wall that runs away from the camera, with something before it."""
    focus = float(random.uniform(0.9, 2.1))
    altitude = float(random.uniform(0.8, 1.5))
    mood = pick(random, ["sunny", "overcast", "shade", "golden"])
    stage = Stage.open(random, size, mood, altitude, float(random.uniform(0, 14)), focus)
    side = float(pick(random, [-1.0, 1.0]))
    turn = side * float(random.uniform(0.45, 1.25))
    surroundings.open_sky(stage)
    if random.random() < 0.5:
        surroundings.house(stage, float(random.uniform(10, 20)))
    else:
        surroundings.green_wall(stage, float(random.uniform(6, 9)))
    through = focus * float(random.uniform(1.05, 1.6))
    x = -side * 0.12 * through * float(random.uniform(0.0, 1.4))
    back = 1.6 if side < 0 else 12.0
    corner = x - back * math.cos(turn), through - back * math.sin(turn)
    stage.upright(wall(*corner, turn, 13.6, float(random.uniform(1.8, 4))), pick(random, WALLS)(random))
    subjects.at_eye_level(stage, focus)
    if random.random() < 0.7:
        where = (float(pick(random, [-0.6, 0.6])), 0.55)
        surroundings.leafy_twigs(stage, focus * float(random.uniform(0.9, 1.15)), 3, where)
    _clutter(stage, focus)
    stage.floor(ground(farthest=_FAR_M), pick(random, GROUNDS)(random))
    return stage


def table(random: Random, size: Size) -> Stage:
    """A table with bottles, cups, boxes and fruit, pictures on the wall behind."""
    focus = float(random.uniform(0.7, 1.2))
    altitude = focus * float(random.uniform(0.16, 0.4))
    pitch = math.degrees(math.atan2(altitude, focus)) - float(random.uniform(2.0, 5.5))
    stage = Stage.open(random, size, pick(random, ["shade", "overcast", "golden"]), altitude, pitch, focus)
    behind = focus + float(random.uniform(0.8, 3.0))
    back = wall(-6, behind, float(random.normal(0, 0.04)), 12, 5, -1.5)
    stage.upright(back, pick(random, WALLS)(random), 0.0)
    surroundings.hung_pictures(stage, behind - 0.3)
    end = focus + float(random.uniform(0.35, 0.7))
    depths = [focus, focus, *random.uniform(0.75 * focus, end - 0.12, int(random.integers(3, 9)))]
    for depth in depths:
        subjects.tableware(stage, subjects.on_ground(stage, float(random.uniform(-0.65, 0.65)), float(depth)))
    if random.random() < 0.4:
        subjects.pot_plant(stage, subjects.on_ground(stage, float(random.uniform(-0.5, 0.5)), end - 0.15), 0.1)
    top = ground(nearest=0.15, farthest=end, half_width=1.4)
    stage.floor(top, pick(random, [planks, planks, stone, cloth])(random), 0.12)
    return stage


def evening(random: Random, size: Size) -> Stage:
    """Dusk: lamps and lit windows far behind a subject."""
    focus = float(random.uniform(0.9, 2.4))
    stage = Stage.open(random, size, "evening", float(random.uniform(0.9, 1.5)), float(random.uniform(-2, 5)), focus)
    surroundings.open_sky(stage)
    if random.random() < 0.7:
        surroundings.house(stage, float(random.uniform(12, 28)), float(random.uniform(0.2, 0.6)))
    surroundings.trees(stage, float(random.uniform(8, 16)), 2, bool(random.random() < 0.5))
    surroundings.far_lamps(stage, int(random.integers(12, 60)), 6.0, 30.0)
    subjects.at_eye_level(stage, focus)
    subjects.at_eye_level(stage, focus * float(random.uniform(1.3, 3.5)), 0.5)
    _clutter(stage, focus)
    stage.floor(ground(farthest=_FAR_M), pick(random, [asphalt, cobbles, slabs])(random), 0.3)
    return stage


def fence(random: Random, size: Size) -> Stage:
    """Bars of a fence, in focus before a garden or blurred before a subject."""
    focus = float(random.uniform(1.0, 2.0))
    mood = pick(random, ["sunny", "overcast", "golden"])
    stage = Stage.open(random, size, mood, float(random.uniform(0.9, 1.4)), float(random.uniform(-1, 8)), focus)
    surroundings.open_sky(stage)
    if random.random() < 0.6:
        surroundings.house(stage, float(random.uniform(9, 20)))
    surroundings.green_wall(stage, focus + float(random.uniform(1.5, 6)))
    near = bool(random.random() < 0.4)
    furniture.bars(stage, focus * (float(random.uniform(0.6, 0.78)) if near else 1.0))
    subjects.at_eye_level(stage, focus * (1.0 if near else float(random.uniform(1.4, 2.5))), 0.4)
    where = (float(pick(random, [-0.6, 0.6])), 0.5)
    surroundings.leafy_twigs(stage, focus * float(random.uniform(0.95, 1.4)), 3, where)
    stage.floor(ground(farthest=_FAR_M), pick(random, GROUNDS)(random))
    return stage


KINDS: dict[str, Kind] = {
    kind.__name__: kind for kind in (street, low, down, twigs, garden, beside_wall, table, evening, fence)
}


def _fruit_on(stage: Stage, knots: Array, focus: float) -> None:
    """Sometimes fruit of one kind hanging from points of twigs."""
    random = stage.random
    radius = focus * float(random.uniform(0.008, 0.026))
    colour = pick(random, subjects.FRUIT)
    for _ in range(int(random.integers(0, 5))):
        place = pick(random, knots) - np.array([0, radius * 0.9, radius], np.float32)
        stage.add(subjects.fruit(stage, place.astype(np.float32), radius * float(random.uniform(0.8, 1.1)), colour))


def _clutter(stage: Stage, focus: float) -> None:
    """Sometimes something thin and out of focus before the subject."""
    random = stage.random
    if random.random() < 0.25:
        where = (float(pick(random, [-0.75, 0.75])), float(random.uniform(0.1, 0.6)))
        surroundings.leafy_twigs(stage, focus * float(random.uniform(0.58, 0.8)), int(random.integers(1, 3)), where)
    elif random.random() < 0.2:
        surroundings.bare_twigs(stage, focus * float(random.uniform(0.6, 0.85)), 2)
