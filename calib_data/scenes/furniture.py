"""What stands in streets and on tables: posts, trunks, lamps, signs, fences, cabinets, boxes."""

from __future__ import annotations

import math

import numpy as np

from calib_data.scenes import lathe
from calib_data.scenes.arrays import Array, Random, jitter, pick
from calib_data.scenes.branches import stroke_stamps
from calib_data.scenes.lathe import Turned
from calib_data.scenes.layers import merged
from calib_data.scenes.materials import SOBER_PAINTS, bark, concrete, paint, planks, stone
from calib_data.scenes.pictures import lettering, panelled, picture_radiance, printed
from calib_data.scenes.planes import Plane, plane_layer, wall
from calib_data.scenes.solids import ball
from calib_data.scenes.stage import Stage
from calib_data.scenes.surfaces import Finish
from calib_data.scenes.textures import Texture


def below(top: Array, height: float) -> Array:
    """The world point `height` metres under `top`."""
    return np.asarray(top - np.array([0, height, 0], np.float32), np.float32)


def sober_paint(random: Random) -> Texture:
    """Paint as railings and posts have it."""
    return paint(random, pick(random, SOBER_PAINTS))


def post(stage: Stage, top: Array, height: float) -> None:
    """A slim post of wood, stone or painted metal whose top is at a world point; its head is `height` metres high."""
    random = stage.random
    heads = [(lathe.CAPPED_POST, 0.07), (lathe.FINIAL, 0.13), (lathe.BOLLARD, 0.1)]
    outline, slim = pick(random, heads)
    material = pick(random, [sober_paint, sober_paint, stone, concrete, planks])
    radius = height * slim * float(random.uniform(0.8, 1.3))
    over_ground = float(top[1])
    height = min(height, over_ground)
    if height < 0.05:
        return
    finish = Finish(material(random), 0.12 if material is sober_paint else 0.02)
    shaft = Turned(lathe.POST, radius * outline[0][1], over_ground - 0.98 * height)
    stage.turn(below(top, over_ground), shaft, finish)
    stage.turn(below(top, height), Turned(outline, radius, height, float(random.normal(0, 0.02))), finish)
    stage.shade_ground(float(top[0]), float(top[2]), radius, over_ground)


def trunk(stage: Stage, place: Array, radius: float) -> None:
    """The trunk of a tree through the whole picture, crooked and furrowed."""
    random = stage.random
    half = 0.25 * float(stage.camera.project(place)[2])
    base = below(place, min(half, float(place[1])))
    wave = np.cumsum(random.normal(0, 0.022, (lathe.EDGE_KNOTS, 2)), 0)
    rough = np.clip(1 + wave - wave.mean(0) + random.normal(0, 0.008, wave.shape), 0.6, 1.5).astype(np.float32)
    height = float(place[1] - base[1]) + half
    body = Turned(lathe.TRUNK, radius, height, float(random.normal(0, 0.06)), rough=rough)
    stage.turn(base, body, Finish(bark(random), 0.0))
    stage.shade_ground(float(base[0]), float(base[2]), radius, height)


def globe_lamp(stage: Stage, middle: Array, radius: float) -> None:
    """A street lamp: a dull glass globe round a world point, on a cap and a pole."""
    random = stage.random
    pole = Finish(sober_paint(random), 0.15)
    long = min(float(stage.camera.project(middle)[2]) * 0.5, float(middle[1]))
    if long < 1.3 * radius:
        return
    stage.turn(below(middle, long), Turned(lathe.POST, radius * 0.16, long - radius), pole)
    stage.turn(below(middle, radius * 1.25), Turned(lathe.LAMP_CAP, radius * 0.55, radius * 0.4), pole)
    glass = Finish(paint(random, (0.42, 0.43, 0.43)), 0.4, 50)
    stage.add(ball(stage.camera, stage.light, middle, radius, glass, 0.2))


def sign(stage: Stage, middle: Array, wide: float) -> None:
    """A sign with lettering, `wide` metres, on a pole."""
    random = stage.random
    aspect = float(random.uniform(0.3, 1.2))
    tall, turn = wide * aspect, float(random.normal(0, 0.3))
    if float(middle[1]) < tall:
        return
    down = min(0.5 * float(stage.camera.project(middle)[2]), float(middle[1]))
    pole = Turned(lathe.POST, 0.022 + 0.05 * wide, down + tall * 0.55)
    stage.turn(below(middle, down), pole, Finish(sober_paint(random), 0.15))
    x, z = float(middle[0]) - wide / 2 * math.cos(turn), float(middle[2]) - 0.06 - wide / 2 * math.sin(turn)
    plate = wall(x, z, turn, wide, tall, float(middle[1]) - tall / 2)
    edge = jitter(random, (0.3, 0.3, 0.3))
    painted = picture_radiance(lettering(random, aspect), plate, stage.light, 0.012 * wide, edge)
    stage.plane(plate, painted, float(middle[2]) - 0.1)


def bars(stage: Stage, depth: float) -> None:
    """The upright bars and two rails of a fence, a little slanted to the picture, at about a depth."""
    random, camera = stage.random, stage.camera
    wooden = bool(random.random() < 0.35)
    finish = Finish(planks(random), 0.0) if wooden else Finish(sober_paint(random), 0.12, 30)
    outline = pick(random, [lathe.POST, lathe.BAR_SPIKE, lathe.BAR_SPIKE, lathe.BAR_KNOB])
    gap = 0.3 * depth * float(random.uniform(0.12, 0.35))
    thick = gap * float(random.uniform(0.09, 0.16))
    slant, tip = float(random.normal(0, 0.3)), float(random.uniform(-0.1, 0.7))
    body = Turned(outline, thick, 0.55 * depth)
    count = math.ceil(0.6 * depth * camera.width / camera.focal / gap) + 1
    top = camera.place(0, tip, depth)
    for place in range(-count, count + 1):
        offset = np.array([place * gap, -body.height, place * gap * slant], np.float32)
        if depth + offset[2] > 0.5 * depth:
            stage.turn(top + offset, body, finish)
    tone = finish.texture.levels[-1].mean((0, 1))
    shares = np.linspace(-1, 1, 33) * count * gap
    shares = shares[depth + shares * slant > 0.5 * depth]
    for drop in (0.13, 0.13 + float(random.uniform(0.3, 0.6))):
        line = [top + np.array([share, -drop * 0.3 * depth, share * slant + thick], np.float32) for share in shares]
        path = [(point.astype(np.float32), thick * 0.7) for point in line]
        stage.stamp(stroke_stamps(random, camera, stage.light, [path], tone, 0.05))


def cabinet(stage: Stage, place: Array, height: float, wide: float) -> None:
    """A box of painted metal, concrete or wood, as they stand in streets, on a world point."""
    random = stage.random
    texture = pick(random, [sober_paint, concrete, planks, sober_paint])(random)
    faces = panelled(random, texture), panelled(random, texture), Texture(texture.levels, 1.0)
    deep, turn = wide * float(random.uniform(0.5, 1.0)), float(random.uniform(0.2, 1.3))
    _cuboid(stage, place, (wide, height, deep), turn, faces)


def carton(stage: Stage, place: Array, height: float) -> None:
    """A printed box or a book that stands on a world point."""
    random = stage.random
    front = printed(random)
    side = Texture.of(np.roll(front.levels[0], 200, 1), 1.0)
    top = Texture.of(np.broadcast_to(front.levels[-1].mean((0, 1)), (64, 64, 3)), 1.0)
    wide, deep = height * float(random.uniform(0.5, 0.9)), height * float(random.uniform(0.15, 0.5))
    _cuboid(stage, place, (wide, height, deep), float(random.uniform(0.15, 0.9)), (front, side, top))


def _cuboid(
    stage: Stage, corner: Array, size: tuple[float, float, float], turn: float, faces: tuple[Texture, Texture, Texture]
) -> None:
    """A box whose nearest lower corner is a world point; size: wide, tall, deep; faces: right, left and top."""
    wide, tall, deep = size
    right = np.array([math.cos(turn), 0, math.sin(turn)], np.float32)
    back = np.array([-math.sin(turn), 0, math.cos(turn)], np.float32)
    up = np.array([0, 1, 0], np.float32)
    sides = (
        Plane(corner, right, up, wide, tall),
        Plane((corner + back * deep).astype(np.float32), -back, up, deep, tall),
        Plane((corner + up * tall).astype(np.float32), right, back, wide, deep),
    )
    nearest = float(corner[2])
    eye = np.array([0, stage.camera.altitude, 0], np.float32)
    layers = [
        plane_layer(stage.camera, side, picture_radiance(texture, side, stage.light), nearest)
        for side, texture in zip(sides, faces, strict=True)
        if float(np.sum(side.normal * (eye - side.corner))) > 0
    ]
    stage.add(merged([layer for layer in layers if layer is not None], nearest))
    middle = corner + right * wide / 2 + back * deep / 2
    stage.shade_ground(float(middle[0]), float(middle[2]), max(wide, deep) * 0.5, tall)
