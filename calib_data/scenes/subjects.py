"""What a photograph is of: any of the furniture, and pots with plants, flowers, fruit, stones, tableware."""

from __future__ import annotations

import math

import numpy as np

from calib_data.scenes import furniture, lathe
from calib_data.scenes.arrays import Array, Colour, Random, jitter, pick
from calib_data.scenes.branches import grow, stroke_stamps
from calib_data.scenes.flowers import PETALS, flower
from calib_data.scenes.foliage import GREENS, Foliage, along_twigs, bush, leaf_stamps, some_foliage
from calib_data.scenes.furniture import sober_paint
from calib_data.scenes.lathe import Turned
from calib_data.scenes.layers import Layer
from calib_data.scenes.materials import bark, concrete, paint, peel, stone
from calib_data.scenes.solids import ball, blob
from calib_data.scenes.stage import Stage
from calib_data.scenes.surfaces import Finish
from calib_data.scenes.textures import Texture

FRUIT: tuple[Colour, ...] = (
    (0.45, 0.3, 0.04), (0.3, 0.035, 0.03), (0.24, 0.27, 0.045), (0.42, 0.16, 0.03), (0.34, 0.11, 0.06),
)  # fmt: skip
_LABELS: tuple[Colour, ...] = ((0.5, 0.47, 0.38), (0.4, 0.07, 0.05), (0.07, 0.17, 0.1))


def at_eye_level(stage: Stage, depth: float, spread: float = 0.27) -> None:
    """Any subject near the middle of the picture that stands on the ground or that the lower edge cuts."""
    random, camera = stage.random, stage.camera
    across = float(random.normal(0, spread))
    frame = 0.3 * depth
    top = camera.place(across, float(random.uniform(-0.12, 0.42)), depth)
    middle = camera.place(across, float(random.uniform(-0.2, 0.22)), depth)
    what = pick(random, ["post"] * 5 + ["trunk"] * 3 + ["globe"] * 2 + ["sign"] * 3 + ["flowers"] * 3 + ["cabinet"] * 2)
    if what == "post":
        furniture.post(stage, top, frame * float(random.uniform(0.8, 1.6)))
    elif what == "trunk":
        furniture.trunk(stage, camera.place(across, 0.0, depth), frame * float(random.uniform(0.05, 0.2)))
    elif what == "globe":
        furniture.globe_lamp(stage, middle, frame * float(random.uniform(0.09, 0.24)))
    elif what == "sign":
        furniture.sign(stage, middle, frame * float(random.uniform(0.25, 0.6)))
    elif what == "flowers":
        flowers_on_stems(stage, depth, int(random.integers(1, 5)), across)
    elif float(top[1]) > 0.3 * frame:
        foot = furniture.below(top, float(top[1]))
        furniture.cabinet(stage, foot, float(top[1]), frame * float(random.uniform(0.25, 0.6)))


def at_foot_level(stage: Stage, place: Array, frame: float) -> None:
    """Any subject that stands or lies on the ground; `frame` is the height of the picture there, in metres."""
    random = stage.random
    what = pick(random, ["plant"] * 4 + ["lying"] * 4 + ["post"] * 2 + ["cabinet"])
    height = frame * float(random.uniform(0.2, 0.6))
    if what == "plant":
        pot_plant(stage, place, height * 0.6)
    elif what == "lying":
        lying(stage, place, height * 0.36)
    elif what == "post":
        furniture.post(stage, place + np.array([0, 1.3 * height, 0], np.float32), 1.3 * height)
    else:
        furniture.cabinet(stage, place, height, height * float(random.uniform(0.3, 0.8)))


def on_ground(stage: Stage, across: float, depth: float) -> Array:
    """The ground point at a depth, `across` picture heights to the right of the middle."""
    camera = stage.camera
    z = (depth - camera.altitude * math.sin(camera.pitch)) / math.cos(camera.pitch)
    return np.array([across * camera.height / camera.focal * depth, 0, z], np.float32)


def heap_of_leaves(
    stage: Stage, centre: Array, radii: tuple[float, float, float], foliage: Foliage, cover: float = 2.2
) -> None:
    """A bush; `cover` is how often its leaves cover its outline."""
    random = stage.random
    count = int(min(6000, cover * radii[0] * radii[1] * math.pi / foliage.area))
    points, exposed = bush(random, stage.light, centre, radii, count)
    stage.stamp(leaf_stamps(random, stage.camera, stage.light, foliage, points, exposed))


def pot_plant(stage: Stage, base: Array, height: float) -> None:
    """A pot, `height` metres high, with a leafy, sometimes flowering plant."""
    random = stage.random
    texture = pick(random, [_terracotta, _terracotta, concrete, stone, sober_paint])(random)
    radius = height * float(random.uniform(0.42, 0.58))
    stage.turn(base, Turned(lathe.POT, radius, height, planted=True), Finish(texture, 0.04))
    stage.shade_ground(float(base[0]), float(base[2]), radius, height * 1.5)
    leaves = Foliage(some_foliage(random).shape, height * float(random.uniform(0.14, 0.26)), GREENS)
    spread = float(random.uniform(0.5, 0.9))
    rim = base + np.array([0, height, 0], np.float32)
    centre = (rim + np.array([0, height * spread * 0.5, 0])).astype(np.float32)
    heap_of_leaves(stage, centre, (radius * 1.1, height * spread, radius), leaves, 2.6)
    colour = pick(random, PETALS)
    for _ in range(int(random.integers(0, 14))):
        aside, up, before = random.normal(0, 0.6), random.uniform(0.2, 1.1), random.uniform(0.4, 1.2)
        place = (rim + np.array([radius * aside, height * up, -radius * before])).astype(np.float32)
        petals = jitter(random, colour, 0.05, 0.1)
        stage.stamp(flower(random, stage.camera, stage.light, place, height * 0.12, petals))


def lying(stage: Stage, point: Array, radius: float) -> None:
    """A ball, a fruit or a stone that lies on a world point."""
    random, camera, light = stage.random, stage.camera, stage.light
    what = pick(random, ["ball", "stone", "stone", "fruit", "fruit"])
    stage.shade_ground(float(point[0]), float(point[2]), radius * 0.85, radius * 1.6)
    if what == "ball":
        finish = Finish(paint(random), 0.15, 40)
        stage.add(ball(camera, light, furniture.below(point, -radius), radius, finish, float(random.uniform(0, 3))))
    elif what == "fruit":
        stage.add(fruit(stage, furniture.below(point, -0.92 * radius), radius, pick(random, FRUIT)))
    else:
        texture = pick(random, [stone, stone, concrete, bark])(random)
        middle = furniture.below(point, -0.75 * radius)
        stage.add(blob(random, camera, light, middle, radius, Finish(texture, 0.01)))


def fruit(stage: Stage, middle: Array, radius: float, colour: Colour) -> Layer | None:
    """An apple, an orange or the like round a world point."""
    skin = Finish(peel(stage.random, colour), 0.1, 22)
    tilt, squash = float(stage.random.uniform(-0.6, 0.6)), float(stage.random.uniform(0.85, 1.1))
    return ball(stage.camera, stage.light, middle, radius, skin, tilt, squash)


def flowers_on_stems(stage: Stage, depth: float, count: int, across: float) -> None:
    """Flowers of one kind with stems and leaves, round a depth and `across` (picture heights to the right)."""
    random, camera, light = stage.random, stage.camera, stage.light
    colour = pick(random, PETALS)
    radius = float(random.uniform(0.018, 0.05)) * min(1.0, depth)
    kind = Foliage(pick(random, ["ovate", "lance", "round"]), radius * float(random.uniform(1.2, 2.4)), GREENS)
    for number in range(count):
        spread, reach = (0.02, 1.0) if number == 0 else (0.28, float(random.uniform(0.85, 1.3)))
        place = camera.place(
            across + float(random.normal(0, spread)), float(random.uniform(-0.22, 0.25)), depth * reach
        )
        down = np.array([float(random.normal(0, 0.2)), -1.0, float(random.normal(0, 0.1))])
        heading = (down / np.linalg.norm(down)).astype(np.float32)
        stem = [(point, 0.0022) for point, _ in grow(random, place, heading, 0.3 * depth + 0.1, 0.0025, 0.06)]
        stage.stamp(stroke_stamps(random, camera, light, [stem], jitter(random, (0.06, 0.1, 0.028)), 0.02))
        points, exposed = along_twigs(random, [stem[2:]], kind.length * 0.5, 1.0, kind.length * 0.35)
        stage.stamp(leaf_stamps(random, camera, light, kind, points, exposed))
        size = radius * float(random.uniform(0.8, 1.15))
        stage.stamp(flower(random, camera, light, place, size, jitter(random, colour, 0.05, 0.12)))


def tableware(stage: Stage, base: Array) -> None:
    """A bottle, cup, vase, jar, box or fruit on a table."""
    random = stage.random
    what = pick(random, ["bottle", "cup", "cup", "vase", "fruit", "fruit", "jar", "carton", "carton"])
    scale = float(random.uniform(0.75, 1.1))
    if what == "fruit":
        lying(stage, base, 0.035 * scale)
        return
    if what == "carton":
        furniture.carton(stage, base, 0.16 * scale)
        return
    outline, radius, height = {
        "bottle": (lathe.BOTTLE, 0.036, 0.26), "cup": (lathe.CUP, 0.042, 0.085),
        "vase": (lathe.VASE, 0.055, 0.17), "jar": (lathe.JAR, 0.04, 0.1),
    }[what]  # fmt: skip
    labelled = what in ("bottle", "jar") and random.random() < 0.7
    bands = [(0.16, 0.5, jitter(random, pick(random, _LABELS)))] if labelled else []
    glaze = Finish(pick(random, [paint, sober_paint])(random), 0.3, 60)
    stage.turn(base, Turned(outline, radius * scale, height * scale, bands=bands), glaze)
    stage.shade_ground(float(base[0]), float(base[2]), radius * scale, height * scale)


def _terracotta(random: Random) -> Texture:
    return paint(random, (0.3, 0.12, 0.065))
