"""What a photograph is of: posts, trunks, lamps, signs, boxes, pots with plants, balls, stones, flowers, tableware."""

from __future__ import annotations

import math

import numpy as np

from calib_data.scenes import solids
from calib_data.scenes.arrays import Array, Colour, Random, jitter, pick
from calib_data.scenes.branches import grow, stroke_stamps
from calib_data.scenes.flowers import PETALS, flower
from calib_data.scenes.foliage import GREENS, Foliage, along_twigs, bush, leaf_stamps, some_foliage
from calib_data.scenes.layers import Layer, merged
from calib_data.scenes.materials import SOBER_PAINTS, bark, concrete, paint, peel, planks, stone
from calib_data.scenes.pictures import lettering, panelled, picture_radiance, printed
from calib_data.scenes.planes import Plane, plane_layer, wall
from calib_data.scenes.solids import Finish
from calib_data.scenes.stage import Stage
from calib_data.scenes.textures import Texture


FRUIT: tuple[Colour, ...] = (
    (0.45, 0.3, 0.04), (0.3, 0.035, 0.03), (0.24, 0.27, 0.045), (0.42, 0.16, 0.03), (0.34, 0.11, 0.06),
)  # fmt: skip


def _below(top: Array, height: float) -> Array:
    return np.asarray(top - np.array([0, height, 0], np.float32), np.float32)


def post(stage: Stage, top: Array, height: float) -> None:
    """A slim turned post of wood, stone or painted metal whose top is at a world point."""
    random = stage.random
    outline, slim = pick(random, [(solids.CAPPED_POST, 0.07), (solids.FINIAL, 0.13), (solids.BOLLARD, 0.1), (solids.BAR_KNOB, 0.06)])
    material = pick(random, [sober_paint, sober_paint, stone, concrete, planks])
    radius = height * slim * float(random.uniform(0.8, 1.3))
    base = _below(top, height)
    finish = Finish(material(random), 0.12 if material is sober_paint else 0.02)
    stage.add(solids.lathe(stage.camera, stage.light, base, radius, height, outline, finish, float(random.normal(0, 0.02))))
    stage.shade_ground(float(base[0]), float(base[2]), radius, height)


def trunk(stage: Stage, place: Array, radius: float) -> None:
    """The trunk of a tree through the whole picture, crooked and furrowed."""
    random = stage.random
    height = 0.5 * float(stage.camera.project(place)[2])
    wave = np.cumsum(random.normal(0, 0.022, (65, 2)), 0)
    rough = (1 + wave - wave.mean(0) + random.normal(0, 0.008, (65, 2))).astype(np.float32)
    outline = ((0.0, 1.12), (0.5, 1.0), (1.0, 0.93))
    base = _below(place, height * 0.5)
    stage.add(
        solids.lathe(stage.camera, stage.light, base, radius, height, outline, Finish(bark(random), 0.0), float(random.normal(0, 0.06)), (), np.clip(rough, 0.6, 1.5))
    )
    stage.shade_ground(float(base[0]), float(base[2]), radius, height)


def globe_lamp(stage: Stage, top: Array, radius: float) -> None:
    """A street lamp: a dull glass globe on a cap and a pole; `top` is the globe's middle."""
    random, camera, light = stage.random, stage.camera, stage.light
    pole = Finish(sober_paint(random), 0.15)
    long = float(camera.project(top)[2]) * 0.5
    stage.add(solids.lathe(camera, light, _below(top, long), radius * 0.16, long - radius, solids.POST, pole))
    cap = ((0.0, 0.35), (0.45, 0.5), (0.5, 0.95), (0.9, 1.0), (1.0, 0.0))
    stage.add(solids.lathe(camera, light, _below(top, radius * 1.25), radius * 0.55, radius * 0.4, cap, pole))
    glass = Finish(paint(random, (0.42, 0.43, 0.43)), 0.4, 50)
    stage.add(solids.ball(camera, light, top, radius, glass, 0.2))


def sign(stage: Stage, middle: Array, wide: float) -> None:
    """A sign with lettering on a pole."""
    random, camera, light = stage.random, stage.camera, stage.light
    aspect = float(random.uniform(0.3, 1.2))
    tall = wide * aspect
    turn = float(random.normal(0, 0.3))
    base = _below(middle, 0.5 * float(camera.project(middle)[2]))
    pole = Finish(sober_paint(random), 0.15)
    stage.add(solids.lathe(camera, light, base, 0.022 + 0.05 * wide, float(middle[1] - base[1]) + tall * 0.55, solids.POST, pole))
    x, z = float(middle[0]) - wide / 2 * math.cos(turn), float(middle[2]) - 0.06 - wide / 2 * math.sin(turn)
    plate = wall(x, z, turn, wide, tall, float(middle[1]) - tall / 2)
    edge = jitter(random, (0.3, 0.3, 0.3))
    stage.plane(plate, picture_radiance(lettering(random, aspect), plate, light, 0.012 * wide, edge), float(middle[2]) - 0.1)


def box(stage: Stage, corner: Array, wide: float, tall: float, deep: float, turn: float, faces: tuple[Texture, Texture, Texture]) -> None:
    """A cuboid that stands on the world point `corner`, its nearest lower corner; faces: right, left and top."""
    right = np.array([math.cos(turn), 0, math.sin(turn)], np.float32)
    back = np.array([-math.sin(turn), 0, math.cos(turn)], np.float32)
    up = np.array([0, 1, 0], np.float32)
    sides = (
        Plane(corner, right, up, wide, tall),
        Plane((corner + back * deep).astype(np.float32), -back, up, deep, tall),
        Plane((corner + up * tall).astype(np.float32), right, back, wide, deep),
    )
    nearness = float(corner[2])
    layers = []
    for side, texture in zip(sides, faces, strict=True):
        eye = np.array([0, stage.camera.altitude, 0], np.float32)
        if float(side.normal @ (eye - side.corner)) > 0:
            layers.append(plane_layer(stage.camera, side, picture_radiance(texture, side, stage.light), nearness))
    stage.add(merged([layer for layer in layers if layer is not None], nearness))
    middle = corner + right * wide / 2 + back * deep / 2
    stage.shade_ground(float(middle[0]), float(middle[2]), max(wide, deep) * 0.5, tall)


def cabinet(stage: Stage, place: Array, height: float) -> None:
    """A box of painted metal, concrete or wood, as they stand in streets."""
    random = stage.random
    texture = pick(random, [sober_paint, concrete, planks, sober_paint])(random)
    faces = panelled(random, texture), panelled(random, texture), Texture(texture.levels, 1.0)
    wide = height * float(random.uniform(0.3, 0.8))
    box(stage, place, wide, height, wide * float(random.uniform(0.5, 1.0)), float(random.uniform(0.2, 1.3)), faces)


def carton(stage: Stage, place: Array, height: float) -> None:
    """A printed box or a book that stands on a table."""
    random = stage.random
    front = printed(random)
    side = Texture.of(np.ascontiguousarray(np.roll(front.levels[0], 200, 1)), 1.0)
    top = Texture.of(np.broadcast_to(front.levels[-1].mean((0, 1)), (64, 64, 3)).copy(), 1.0)
    wide, deep = height * float(random.uniform(0.5, 0.9)), height * float(random.uniform(0.15, 0.5))
    box(stage, place, wide, height, deep, float(random.uniform(0.15, 0.9)), (front, side, top))


def heap_of_leaves(stage: Stage, centre: Array, radii: tuple[float, float, float], foliage: Foliage, cover: float = 2.2) -> None:
    """A bush; `cover` is how often its leaves cover its outline."""
    random = stage.random
    count = int(min(6000, cover * radii[0] * radii[1] * 3.1 / foliage.area))
    points, exposed = bush(random, stage.light, centre, radii, count)
    stage.stamp(leaf_stamps(random, stage.camera, stage.light, foliage, points, exposed))


def pot_plant(stage: Stage, base: Array, height: float) -> None:
    """A pot with a leafy, sometimes flowering plant."""
    random = stage.random
    terracotta = paint(random, (0.3, 0.12, 0.065))
    texture = pick(random, [terracotta, terracotta, concrete(random), stone(random), sober_paint(random)])
    radius = height * float(random.uniform(0.42, 0.58))
    stage.add(solids.lathe(stage.camera, stage.light, base, radius, height, solids.POT, Finish(texture, 0.04)))
    stage.shade_ground(float(base[0]), float(base[2]), radius, height * 1.5)
    kind = some_foliage(random)
    top = base + np.array([0, height, 0], np.float32)
    plant = Foliage(kind.shape, height * float(random.uniform(0.14, 0.26)), GREENS)
    spread = float(random.uniform(0.5, 0.9))
    heap_of_leaves(stage, top + np.array([0, height * spread * 0.5, 0], np.float32), (radius * 1.1, height * spread, radius), plant, 2.6)
    colour = pick(random, PETALS)
    for _ in range(int(random.integers(0, 14))):
        offset = np.array([random.normal(0, radius * 0.6), height * float(random.uniform(0.2, 1.1)), -radius * float(random.uniform(0.4, 1.2))])
        stage.stamp(flower(random, stage.camera, stage.light, (top + offset).astype(np.float32), height * 0.12, jitter(random, colour, 0.05, 0.1)))


def lying(stage: Stage, point: Array, radius: float) -> None:
    """A ball, a fruit or a stone that lies on a world point."""
    random, camera, light = stage.random, stage.camera, stage.light
    what = pick(random, ["ball", "stone", "stone", "fruit", "fruit"])
    middle = point + np.array([0, radius, 0], np.float32)
    stage.shade_ground(float(point[0]), float(point[2]), radius * 0.85, radius * 1.6)
    if what == "ball":
        stage.add(solids.ball(camera, light, middle, radius, Finish(paint(random), 0.15, 40), float(random.uniform(0, 3))))
    elif what == "fruit":
        stage.add(fruit(stage, (middle - [0, radius * 0.08, 0]).astype(np.float32), radius, pick(random, FRUIT)))
    else:
        texture = pick(random, [stone, stone, concrete, bark])(random)
        stage.add(solids.blob(random, camera, light, middle - [0, radius * 0.25, 0], radius, Finish(texture, 0.01)))


def fruit(stage: Stage, middle: Array, radius: float, colour: Colour) -> Layer | None:
    """An apple, an orange or the like."""
    skin = Finish(peel(stage.random, colour), 0.1, 22)
    squash = float(stage.random.uniform(0.85, 1.1))
    return solids.ball(stage.camera, stage.light, middle, radius, skin, float(stage.random.uniform(-0.6, 0.6)), squash)


def flowers_on_stems(stage: Stage, depth: float, count: int, across: float) -> None:
    """Flowers of one kind with stems and leaves, round a depth and `across` (picture heights to the right)."""
    random, camera, light = stage.random, stage.camera, stage.light
    colour = pick(random, PETALS)
    radius = float(random.uniform(0.018, 0.05)) * min(1.0, depth)
    kind = Foliage(pick(random, ["ovate", "lance", "round"]), radius * float(random.uniform(1.2, 2.4)), GREENS)
    for number in range(count):
        spread, reach = (0.02, 1.0) if number == 0 else (0.28, float(random.uniform(0.85, 1.3)))
        place = camera.place(across + float(random.normal(0, spread)), float(random.uniform(-0.22, 0.25)), depth * reach)
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
    random, camera, light = stage.random, stage.camera, stage.light
    what = pick(random, ["bottle", "cup", "cup", "vase", "fruit", "fruit", "jar", "carton", "carton"])
    scale = float(random.uniform(0.75, 1.1))
    if what == "fruit":
        return lying(stage, base, 0.035 * scale)
    if what == "carton":
        return carton(stage, base, 0.16 * scale)
    outline, radius, height = {
        "bottle": (solids.BOTTLE, 0.036, 0.26), "cup": (solids.CUP, 0.042, 0.085),
        "vase": (solids.VASE, 0.055, 0.17), "jar": (solids.JAR, 0.04, 0.1),
    }[what]  # fmt: skip
    bands = []
    if what in ("bottle", "jar") and random.random() < 0.7:
        bands.append((0.16, 0.5, jitter(random, pick(random, [(0.5, 0.47, 0.38), (0.4, 0.07, 0.05), (0.07, 0.17, 0.1)]))))
    glaze = Finish(pick(random, [paint, sober_paint])(random), 0.3, 60)
    stage.add(solids.lathe(camera, light, base, radius * scale, height * scale, outline, glaze, 0.0, bands))
    stage.shade_ground(float(base[0]), float(base[2]), radius * scale, height * scale)


def sober_paint(random: Random) -> Texture:
    """Paint as railings and posts have it."""
    return paint(random, pick(random, SOBER_PAINTS))


def at_eye_level(stage: Stage, depth: float, spread: float = 0.27) -> None:
    """Any subject whose upper end is near the middle of the picture, and which the lower edge cuts."""
    random, camera = stage.random, stage.camera
    across = float(random.normal(0, spread))
    frame = 0.3 * depth
    top = camera.place(across, float(random.uniform(-0.12, 0.42)), depth)
    what = int(random.choice(6, p=[0.28, 0.17, 0.11, 0.15, 0.17, 0.12]))
    if what == 0:
        post(stage, top, frame * float(random.uniform(0.8, 1.6)))
    elif what == 1:
        trunk(stage, camera.place(across, 0.0, depth), frame * float(random.uniform(0.05, 0.2)))
    elif what == 2:
        globe_lamp(stage, camera.place(across, float(random.uniform(-0.2, 0.2)), depth), frame * float(random.uniform(0.09, 0.24)))
    elif what == 3:
        sign(stage, camera.place(across, float(random.uniform(-0.2, 0.25)), depth), frame * float(random.uniform(0.25, 0.6)))
    elif what == 4:
        flowers_on_stems(stage, depth, int(random.integers(1, 5)), across)
    else:
        height = frame * float(random.uniform(0.5, 1.2))
        cabinet(stage, _below(top, height), height)


def on_ground(stage: Stage, across: float, depth: float) -> Array:
    """The ground point at a depth, `across` picture heights to the right of the middle."""
    camera = stage.camera
    z = (depth - camera.altitude * math.sin(camera.pitch)) / math.cos(camera.pitch)
    return np.array([across * camera.height / camera.focal * depth, 0, z], np.float32)


def at_foot_level(stage: Stage, place: Array, frame: float) -> None:
    """Any subject that stands or lies on the ground at a world point; `frame` is the picture's height there, in metres."""
    random = stage.random
    what = int(random.choice(4, p=[0.34, 0.37, 0.19, 0.1]))
    if what == 0:
        pot_plant(stage, place, frame * float(random.uniform(0.18, 0.36)))
    elif what == 1:
        lying(stage, place, frame * float(random.uniform(0.06, 0.22)))
    elif what == 2:
        height = frame * float(random.uniform(0.35, 0.8))
        post(stage, place + np.array([0, height, 0], np.float32), height)
    else:
        cabinet(stage, place, frame * float(random.uniform(0.2, 0.6)))
