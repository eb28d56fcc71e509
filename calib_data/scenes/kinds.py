"""Kinds of scenes: what a photographer of gardens, streets and tables comes home with."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from calib_data.scenes import props, solids
from calib_data.scenes.arrays import Random, jitter, pick
from calib_data.scenes.branches import stroke_stamps
from calib_data.scenes.foliage import some_foliage
from calib_data.scenes.materials import GROUNDS, WALLS, asphalt, cobbles, grass, gravel, paint, planks, slabs, soil
from calib_data.scenes.planes import Seen, ground, wall
from calib_data.scenes.solids import Finish
from calib_data.scenes.stage import Stage
from calib_data.scenes.textures import photograph

Size = tuple[int, int]
Kind = Callable[[Random, Size], Stage]


def street(random: Random, size: Size) -> Stage:
    """A post or another subject at eye level, a street with houses and trees behind it."""
    focus = float(random.uniform(1.4, 3.6))
    stage = Stage.open(random, size, pick(random, ["sunny", "overcast", "overcast", "shade", "golden"]), float(random.uniform(1.0, 1.6)), float(random.uniform(-2, 7)), focus)
    props.open_sky(stage)
    if random.random() < 0.75:
        props.house(stage, float(random.uniform(9, 28)))
    if random.random() < 0.7:
        props.trees(stage, float(random.uniform(7, 18)), int(random.integers(1, 4)), bool(random.random() < 0.6))
    if random.random() < 0.5:
        props.green_wall(stage, float(random.uniform(5, 10)))
    _subject_in_air(stage, focus)
    for _ in range(int(random.integers(0, 3))):
        _subject_in_air(stage, focus * float(random.uniform(1.25, 3)))
    _clutter(stage, focus)
    stage.floor(ground(farthest=80), pick(random, [asphalt, slabs, cobbles, grass])(random), 0.05)
    return stage


def low(random: Random, size: Size) -> Stage:
    """Near the ground: something that lies or stands on it, the ground running away behind."""
    focus = float(random.uniform(0.9, 2.4))
    mood = pick(random, ["sunny", "golden", "overcast", "shade"])
    altitude = focus * float(random.uniform(0.12, 0.4))
    pitch = math.degrees(math.atan2(altitude, focus)) + float(random.uniform(-5.5, -1.5))
    stage = Stage.open(random, size, mood, altitude, pitch, focus)
    if random.random() < 0.5:
        props.open_sky(stage)
        props.house(stage, float(random.uniform(8, 20)))
    else:
        stage.upright(wall(-20, focus + float(random.uniform(1.5, 5)), float(random.normal(0, 0.06)), 40, 6), pick(random, WALLS)(random))
    if random.random() < 0.6:
        props.green_wall(stage, focus + float(random.uniform(1.0, 4.0)))
    spot = _on_ground(stage, float(random.normal(0, 0.22)), focus)
    if random.random() < 0.5:
        props.round_subject(stage, spot, 0.3 * focus * float(random.uniform(0.1, 0.25)))
    else:
        props.lathe_subject(stage, spot, 0.3 * focus * float(random.uniform(0.35, 0.8)))
    for _ in range(int(random.integers(1, 6))):
        depth = focus * float(random.choice([random.uniform(0.62, 0.9), random.uniform(1.2, 3.0)]))
        where = _on_ground(stage, float(random.uniform(-0.75, 0.75)), depth)
        if random.random() < 0.6:
            props.round_subject(stage, where, 0.3 * focus * float(random.uniform(0.05, 0.2)))
        else:
            props.lathe_subject(stage, where, 0.3 * focus * float(random.uniform(0.3, 0.7)))
    if random.random() < 0.6:
        props.fallen_leaves(stage, spot, (0.35 * focus, 0.6 * focus), int(random.integers(10, 90)))
    if random.random() < 0.5:
        props.blades(stage, focus * float(random.choice([0.65, 1.0, 1.3])), int(random.integers(20, 120)), 0.1 * focus)
    stage.floor(ground(nearest=0.2, farthest=60), pick(random, GROUNDS)(random), 0.06, float(random.choice([0.0, 0.7])))
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
    props.fallen_leaves(stage, middle, (0.25, 0.25), int(random.integers(4, 40)))
    for _ in range(int(random.integers(1, 4))):
        side = (float(pick(random, [-0.7, 0.7, 0.0])), 0.5)
        props.leafy_twigs(stage, plant * float(random.uniform(0.95, 1.1)), 3, side, False)
    if random.random() < 0.7:
        props.flowers_on_stems(stage, plant, int(random.integers(1, 4)), float(random.normal(0, 0.2)))
    for _ in range(int(random.integers(0, 4))):
        where = stage.camera.place(float(random.uniform(-0.7, 0.7)), float(random.uniform(-0.45, 0.45)), distance)
        where[1] = 0
        props.round_subject(stage, where, float(random.uniform(0.012, 0.05)))
    stage.floor(ground(nearest=-3.0, farthest=8), pick(random, [asphalt, slabs, cobbles, gravel, soil, grass])(random))
    return stage


def twigs(random: Random, size: Size) -> Stage:
    """Twigs in focus against bright sky, a hedge or a house."""
    focus = float(random.uniform(0.9, 2.2))
    stage = Stage.open(random, size, pick(random, ["overcast", "sunny", "golden", "shade"]), 1.5, float(random.uniform(-14, 2)), focus)
    props.open_sky(stage)
    if random.random() < 0.6:
        props.trees(stage, float(random.uniform(6, 14)), int(random.integers(2, 4)), bool(random.random() < 0.5))
    else:
        props.house(stage, float(random.uniform(8, 16)))
    if random.random() < 0.5:
        props.green_wall(stage, float(random.uniform(3, 7)))
    for _ in range(int(random.integers(1, 3))):
        side = float(pick(random, [-0.7, -0.3, 0.3, 0.7]))
        props.leafy_twigs(stage, focus, int(random.integers(2, 5)), (side, 0.55))
    if random.random() < 0.5:
        props.bare_twigs(stage, focus * float(random.uniform(1.0, 2.5)), int(random.integers(2, 5)))
    for _ in range(int(random.integers(0, 4))):
        place = stage.camera.place(float(random.normal(0, 0.25)), float(random.uniform(-0.25, 0.15)), focus * float(random.uniform(0.97, 1.03)))
        colour = pick(random, [(0.65, 0.42, 0.04), (0.5, 0.05, 0.03), (0.3, 0.35, 0.04), (0.6, 0.2, 0.03)])
        finish = Finish(paint(random, colour), 0.08, 25)
        stage.add(solids.ball(stage.camera, stage.light, place, focus * float(random.uniform(0.012, 0.032)), finish, 0.3, float(random.uniform(0.9, 1.1))))
    if random.random() < 0.4:
        props.leafy_twigs(stage, focus * float(random.uniform(0.6, 0.75)), 2, (float(pick(random, [-0.75, 0.75])), 0.4))
    stage.floor(ground(nearest=1.0, farthest=80), grass(random))
    return stage


def garden(random: Random, size: Size) -> Stage:
    """Flowers and bushes, one plant in focus among others."""
    focus = float(random.uniform(0.7, 1.8))
    altitude = float(random.uniform(0.5, 1.1))
    stage = Stage.open(random, size, pick(random, ["sunny", "overcast", "golden", "shade"]), altitude, float(random.uniform(2, 16)), focus)
    props.open_sky(stage)
    props.green_wall(stage, focus + float(random.uniform(1.5, 6)))
    if random.random() < 0.5:
        props.gaps_of_sky(stage, focus + 1.6, int(random.integers(20, 80)))
    for _ in range(int(random.integers(1, 4))):
        depth = focus * float(random.uniform(1.15, 2.2))
        centre = stage.camera.place(float(random.uniform(-0.7, 0.7)), float(random.uniform(-0.6, -0.1)), depth)
        wide = 0.3 * depth * float(random.uniform(0.3, 0.6))
        props.heap_of_leaves(stage, centre, (wide, wide * float(random.uniform(0.6, 1.1)), wide * 0.7), some_foliage(random))
    props.flowers_on_stems(stage, focus, int(random.integers(1, 8)), float(random.normal(0, 0.25)))
    if random.random() < 0.5:
        centre = stage.camera.place(float(random.choice([-0.5, 0.5])), -0.45, focus)
        props.heap_of_leaves(stage, centre, (0.1 * focus, 0.08 * focus, 0.08 * focus), some_foliage(random))
    _clutter(stage, focus)
    stage.floor(ground(nearest=0.3, farthest=40), pick(random, [grass, soil, gravel])(random), 0.0, 0.5)
    return stage


def beside_wall(random: Random, size: Size) -> Stage:
    """A wall that runs away from the camera, with something before it."""
    focus = float(random.uniform(1.2, 2.8))
    altitude = float(random.uniform(0.8, 1.5))
    stage = Stage.open(random, size, pick(random, ["sunny", "overcast", "shade", "golden"]), altitude, float(random.uniform(0, 14)), focus)
    side = float(pick(random, [-1.0, 1.0]))
    turn = side * float(random.uniform(0.45, 1.25))
    props.open_sky(stage)
    if random.random() < 0.5:
        props.house(stage, float(random.uniform(10, 20)))
    else:
        props.green_wall(stage, float(random.uniform(6, 9)))
    through = focus * float(random.uniform(1.05, 1.6))
    x = -side * 0.12 * through * float(random.uniform(0.0, 1.4))
    back = 1.6 if side < 0 else 12.0
    long = 13.6
    plane = wall(x - back * math.cos(turn), through - back * math.sin(turn), turn, long, float(random.uniform(1.8, 4)))
    stage.upright(plane, pick(random, WALLS)(random))
    _subject_in_air(stage, focus)
    if random.random() < 0.6:
        props.leafy_twigs(stage, focus * float(random.uniform(0.9, 1.15)), 3, (float(pick(random, [-0.6, 0.6])), 0.55))
    _clutter(stage, focus)
    stage.floor(ground(farthest=40), pick(random, GROUNDS)(random))
    return stage


def table(random: Random, size: Size) -> Stage:
    """A table with bottles, cups and fruit, pictures on the wall behind."""
    focus = float(random.uniform(0.8, 1.6))
    altitude = focus * float(random.uniform(0.16, 0.42))
    pitch = math.degrees(math.atan2(altitude, focus)) - float(random.uniform(1.0, 4.5))
    stage = Stage.open(random, size, pick(random, ["shade", "overcast", "golden"]), altitude, pitch, focus)
    behind = focus + float(random.uniform(0.8, 3.0))
    back = wall(-6, behind, float(random.normal(0, 0.04)), 12, 5, -1.5)
    stage.upright(back, pick(random, WALLS)(random), 0.0)
    for _ in range(int(random.integers(1, 4))):
        _picture(stage, behind - 0.03)
    for _ in range(int(random.integers(3, 8))):
        depth = focus * float(random.choice([1.0, random.uniform(0.65, 0.95), random.uniform(1.05, 1.7)]))
        _tableware(stage, depth, float(random.uniform(-0.7, 0.7)))
    _tableware(stage, focus, float(random.normal(0, 0.2)))
    top = ground(nearest=0.15, farthest=focus + float(random.uniform(0.4, 0.75)), half_width=1.4)
    stage.floor(top, pick(random, [planks, planks, slabs, _tablecloth])(random), 0.12)
    return stage


def evening(random: Random, size: Size) -> Stage:
    """Dusk: lamps and lit windows far behind a subject."""
    focus = float(random.uniform(1.2, 3.2))
    stage = Stage.open(random, size, "evening", float(random.uniform(0.9, 1.5)), float(random.uniform(-3, 4)), focus)
    props.open_sky(stage)
    if random.random() < 0.7:
        props.house(stage, float(random.uniform(12, 28)), float(random.uniform(0.2, 0.6)))
    props.trees(stage, float(random.uniform(8, 16)), 2, bool(random.random() < 0.5))
    props.far_lamps(stage, int(random.integers(12, 60)), 7.0, 30.0, 5.0)
    _subject_in_air(stage, focus)
    _clutter(stage, focus)
    stage.floor(ground(farthest=60), pick(random, [asphalt, cobbles, slabs])(random), 0.3)
    return stage


def fence(random: Random, size: Size) -> Stage:
    """Bars of a fence, in focus before a garden or blurred before a subject."""
    focus = float(random.uniform(1.3, 2.6))
    stage = Stage.open(random, size, pick(random, ["sunny", "overcast", "golden"]), float(random.uniform(0.9, 1.4)), float(random.uniform(-1, 8)), focus)
    props.open_sky(stage)
    if random.random() < 0.6:
        props.house(stage, float(random.uniform(9, 20)))
    props.green_wall(stage, focus + float(random.uniform(1.5, 6)))
    near = bool(random.random() < 0.4)
    at = focus * (float(random.uniform(0.55, 0.75)) if near else 1.0)
    finish = Finish(paint(random), 0.08, 30)
    slant = float(random.normal(0, 0.25))
    gap = 0.3 * focus * float(random.uniform(0.12, 0.4))
    outline = pick(random, [solids.POST, solids.SPIKE, solids.FINIAL, solids.CAPPED_POST])
    tip = float(random.uniform(-0.1, 0.75))
    thick = gap * float(random.uniform(0.08, 0.2))
    bars = math.ceil(0.6 * at * size[1] / stage.camera.focal / gap) + 1
    for place in range(-bars, bars + 1):
        depth = at + slant * place * gap
        if depth < 0.4:
            continue
        top = stage.camera.place(place * gap * stage.camera.focal / depth / size[0], tip, depth)
        height = 0.5 * at
        stage.add(solids.lathe(stage.camera, stage.light, top - np.array([0, height, 0], np.float32), thick, height, outline, finish))
    rail = stage.camera.place(0, tip - 0.2, at)
    ends = [rail + np.array([share * bars * gap, 0, slant * share * bars * gap + thick], np.float32) for share in np.linspace(-1, 1, 9)]
    stage.stamp(stroke_stamps(random, stage.camera, stage.light, [[(point.astype(np.float32), thick * 0.8) for point in ends]], finish.texture.levels[-1].mean((0, 1)), 0.05))
    if near:
        _subject_in_air(stage, focus)
    props.leafy_twigs(stage, focus * float(random.uniform(0.95, 1.4)), 3, (float(pick(random, [-0.6, 0.6])), 0.5))
    stage.floor(ground(farthest=60), pick(random, GROUNDS)(random))
    return stage


KINDS: dict[str, Kind] = {
    kind.__name__: kind for kind in (street, low, down, twigs, garden, beside_wall, table, evening, fence)
}


def _on_ground(stage: Stage, across: float, depth: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """The ground point at a depth, `across` picture heights from the middle."""
    camera = stage.camera
    z = (depth - camera.altitude * math.sin(camera.pitch)) / math.cos(camera.pitch)
    return np.array([across * camera.height / camera.focal * depth, 0, z], np.float32)


def _subject_in_air(stage: Stage, depth: float) -> None:
    """A post-like subject cut by the lower edge, or a leafy or flowering one, somewhere near the middle."""
    random, camera = stage.random, stage.camera
    across = float(random.normal(0, 0.27))
    if random.random() < 0.25:
        props.flowers_on_stems(stage, depth, int(random.integers(1, 5)), across)
        return
    top = camera.place(across, float(random.uniform(-0.1, 0.42)), depth)
    height = 0.3 * depth * float(random.uniform(0.5, 1.5))
    props.lathe_subject(stage, top - np.array([0, height, 0], np.float32), height)


def _clutter(stage: Stage, focus: float) -> None:
    """Sometimes something thin and out of focus before the subject."""
    random = stage.random
    if random.random() < 0.35:
        props.leafy_twigs(stage, focus * float(random.uniform(0.58, 0.8)), int(random.integers(1, 3)), (float(pick(random, [-0.75, 0.75])), float(random.uniform(0.1, 0.6))))
    elif random.random() < 0.25:
        props.bare_twigs(stage, focus * float(random.uniform(0.6, 0.85)), 2)


def _picture(stage: Stage, depth: float) -> None:
    """A framed photograph on a wall."""
    random = stage.random
    image = photograph(pick(random, ["coffee", "chelsea", "rocket", "galaxies"]))
    wide = float(random.uniform(0.2, 0.5))
    tall = wide * image.shape[0] / image.shape[1]
    corner = stage.camera.place(float(random.uniform(-0.7, 0.5)), float(random.uniform(0.0, 0.35)), depth)
    frame = jitter(random, pick(random, [(0.02, 0.02, 0.02), (0.6, 0.58, 0.54), (0.2, 0.11, 0.05)]))
    border = 0.018
    plane = wall(float(corner[0]), depth, 0.0, wide + 2 * border, tall + 2 * border, float(corner[1]))

    def radiance(seen: Seen) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        x, y = seen.across - border, tall - (seen.up - border)
        inside = (x > 0) & (x < wide) & (y > 0) & (y < tall)
        step = max(1, int(float(seen.footprint.min()) * image.shape[1] / wide))
        reduced = image[::step, ::step]
        rows = np.clip(y / tall * reduced.shape[0] - 0.5, 0, reduced.shape[0] - 1.01)
        columns = np.clip(x / wide * reduced.shape[1] - 0.5, 0, reduced.shape[1] - 1.01)
        from calib_data.scenes.arrays import resample

        colour = np.where(inside[..., None], resample(reduced, rows, columns), frame)
        return (colour * (stage.light.ambient * 0.8 + stage.light.sun * 0.3)).astype(np.float32)

    stage.plane(plane, radiance, depth)


def _tableware(stage: Stage, depth: float, across: float) -> None:
    random, camera, light = stage.random, stage.camera, stage.light
    base = _on_ground(stage, across, depth)
    what = pick(random, ["bottle", "cup", "vase", "fruit", "fruit", "jar"])
    if what == "fruit":
        props.round_subject(stage, base, float(random.uniform(0.025, 0.05)))
        return
    outline, radius, height = {
        "bottle": (solids.BOTTLE, 0.036, 0.28), "cup": (solids.CUP, 0.042, 0.085), "vase": (solids.VASE, 0.06, 0.2), "jar": (solids.POST, 0.045, 0.12),
    }[what]  # fmt: skip
    scale = float(random.uniform(0.75, 1.1))
    label = []
    if random.random() < 0.6:
        label.append((0.2, 0.5, jitter(random, pick(random, [(0.65, 0.62, 0.5), (0.6, 0.1, 0.06), (0.1, 0.25, 0.15), (0.6, 0.45, 0.08)]))))
    finish = Finish(paint(random), 0.35, 60)
    stage.add(solids.lathe(camera, light, base, radius * scale, height * scale, outline, finish, 0.0, label))
    stage.shade_ground(float(base[0]), float(base[2]), radius * scale, height * scale)


def _tablecloth(random: Random):  # type: ignore[no-untyped-def]
    from calib_data.scenes.materials import cloth

    return cloth(random)
