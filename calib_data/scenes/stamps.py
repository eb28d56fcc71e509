"""Small pictures with opacity that are set on a layer many times: leaves, petals, pieces of twigs."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from calib_data.scenes.arrays import Array, Random, coverage, grid, smoothstep
from calib_data.scenes.layers import Layer
from calib_data.scenes.lens import Camera
from calib_data.scenes.noise import fractal

_MOTTLED_PX = 50


@dataclass(frozen=True)
class Stamp:
    """One thing to set down.

    Attributes:
        pixels: `(h, w, 4)`: lightness of each channel times opacity, and opacity.
        row: Canvas row of its middle.
        column: Canvas column of its middle.
        depth: Metres.
        colour: Linear RGB by which the lightness is multiplied.
    """

    pixels: Array
    row: float
    column: float
    depth: float
    colour: Array


def leaf(random: Random, shape: str, length: float, turn: float, tilt: float, squash: float = 1.0) -> Array:
    """A leaf as a stamp.

    Args:
        random: Chance: veins, curl, damage.
        shape: `ovate`, `lance`, `round`, `lobed`, `oak` or `petal`.
        length: In pixels.
        turn: Radians from upright, clockwise, of its tip.
        tilt: How much it is turned from the viewer across its length: 1 is flat on, 0.2 nearly edge on.
        squash: Height over width of a circle that lies as the leaf does: 1 faces the camera.

    Returns:
        `(h, w, 4)`; lightness is about 1 where a leaf is lit, higher where it shines.
    """
    wide, tall = max(3, math.ceil(length) + 2), max(3, math.ceil(length * squash) + 2)
    rows, columns = grid(tall, wide)
    rows, columns = (rows - tall / 2) / squash, columns - wide / 2
    half = length / 2
    along = (columns * math.sin(turn) - rows * math.cos(turn)) / half
    cross = (columns * math.cos(turn) + rows * math.sin(turn)) / (half * tilt)
    chance = random.random(5).astype(np.float32)
    sag, vein = float(chance[4]), float(chance[3])
    cross = cross + (sag - 0.5) * 0.35 * (1 - along * along)
    inside = _outline(shape, along, cross, vein)
    alpha = coverage(inside * half * min(1.0, 0.35 + 0.65 * tilt) * squash)
    light = _petal_light(along, cross, chance) if shape == "petal" else _leaf_light(along, cross, half, chance)
    if length > _MOTTLED_PX:
        light = light * (1 + 0.07 * _mottle(tall, wide, vein))
    shine = np.broadcast_to(np.clip(light, 0.15, 2.5)[..., None], (tall, wide, 3))
    return np.concatenate([shine * alpha[..., None], alpha[..., None]], -1).astype(np.float32)


def _petal_light(along: Array, cross: Array, chance: Array) -> Array:
    """Lightness of a petal: darker towards its foot, finely veined lengthwise, one side turned from the light."""
    veins = np.cos(cross * (26 + 12 * chance[0]) + 2 * along * cross)
    light = 0.78 + 0.24 * along + 0.05 * veins + (0.12 + 0.12 * chance[1]) * np.tanh(3 * cross) * (chance[2] - 0.4)
    return np.asarray(light - 0.1 * (1 - smoothstep(0.0, 0.12, np.abs(cross))) * (along < 0.4), np.float32)


def _mottle(tall: int, wide: int, where: float) -> Array:
    field = fractal(512, 0.9, 5, 8)
    shift = int(where * 512)
    return np.take(np.take(field, range(shift, shift + tall), 0, mode="wrap"), range(wide), 1, mode="wrap")


def _leaf_light(along: Array, cross: Array, half: float, chance: Array) -> Array:
    """Lightness of a leaf: a light rib, side veins, two halves that face the light differently, gloss."""
    curl, split, gloss = (float(value) for value in chance[:3])
    near_rib = np.abs(cross)
    rib = 1 - smoothstep(0.015, 0.05 + 0.6 / max(half, 1.0), near_rib)
    side_veins = 0.5 + 0.5 * np.cos((along * 7 + near_rib * 6) * math.pi)
    light = 1.0 + (0.28 + 0.3 * curl) * np.sign(cross) * (split - 0.35) * smoothstep(0.0, 0.08, near_rib)
    light = light * (1 - 0.12 * smoothstep(0.75, 1.0, side_veins)) + 0.25 * rib
    light = light + 0.5 * gloss**3 * np.exp(-(((cross - 0.25) / 0.2) ** 2) - ((along - 0.1) / 0.5) ** 2)
    return np.asarray(light * (0.85 + 0.3 * (along * (curl - 0.3))), np.float32)


def _outline(shape: str, along: Array, cross: Array, chance: float) -> Array:
    """Signed distance from the edge, roughly in half lengths; inside is positive."""
    if shape in ("ovate", "lance", "round"):
        width = {"ovate": 0.5, "lance": 0.2, "round": 0.78}[shape]
        position = np.clip((along + 1) / 2, 0.0, 1.0)
        bulge = np.clip(np.sin(math.pi * position**0.8), 0.0, 1.0) ** (0.75 if shape == "round" else 1.0)
        teeth = 0.03 * np.abs(np.sin(along * (14 + 12 * chance))) if shape == "ovate" else 0.0
        half_width = width * bulge * (1.0 + teeth)
        stalk = np.where(along < -0.75, 0.022, 0.0)
        return np.asarray(np.minimum(np.maximum(half_width, stalk) - np.abs(cross), (1 - np.abs(along))), np.float32)
    if shape == "petal":
        position = np.clip((along + 1) / 2, 0.0, 1.0)
        half_width = (0.5 + 0.12 * chance) * np.clip(np.sin(math.pi * position**1.5), 0.0, 1.0) ** 0.6
        notch = 0.06 * np.exp(-((cross / 0.12) ** 2)) * (chance > 0.5)
        return np.asarray(np.minimum(half_width - np.abs(cross), 1 - notch - np.abs(along)), np.float32)
    angle = np.arctan2(cross, along + 0.25)
    radius = np.hypot(cross, along + 0.25)
    lobes = 5 if shape == "lobed" else 7
    bent = angle + 0.12 * np.sin(2 * angle + 6 * chance) + 0.05 * np.sin(5 * angle + 11 * chance)
    wave = np.abs(np.cos(bent * lobes / 2)) ** (0.8 if shape == "lobed" else 0.6)
    reach = (0.42 + 0.6 * wave) * (0.95 - 0.4 * np.abs(angle / math.pi) ** 1.5)
    if shape == "lobed":
        reach = reach * (1 + 0.06 * np.sin(angle * 23 + 6 * chance))
    stalk = np.where((along < -0.25) & (along > -1), 0.025 - np.abs(cross), -1.0)
    return np.maximum(reach - radius, stalk).astype(np.float32)


def layers_of(stamps: list[Stamp], camera: Camera) -> list[Layer]:
    """Set stamps down, far to near, in layers so thin that each has one circle of confusion."""
    slabs: dict[int, list[Stamp]] = {}
    for stamp in stamps:
        slabs.setdefault(_slab(camera, stamp.depth), []).append(stamp)
    made = (_layer(slab, camera) for slab in slabs.values())
    return [layer for layer in made if layer is not None]


def _slab(camera: Camera, depth: float) -> int:
    """Number of the slab: steps of 1.2 pixels (at a height of 1024), from 9 pixels on of 13 %."""
    confusion = float(camera.lens.confusion(1 / depth, 1024))
    size = abs(confusion)
    step = size / 1.2 if size < 9 else 7.5 + math.log(size / 9) / math.log(1.14)
    return round(math.copysign(step, confusion))


def _layer(stamps: list[Stamp], camera: Camera) -> Layer | None:
    rows, columns = camera.canvas
    boxes = [(round(s.row - s.pixels.shape[0] / 2), round(s.column - s.pixels.shape[1] / 2)) for s in stamps]
    top = max(0, min(box[0] for box in boxes))
    left = max(0, min(box[1] for box in boxes))
    bottom = min(rows, max(box[0] + s.pixels.shape[0] for box, s in zip(boxes, stamps, strict=True)))
    right = min(columns, max(box[1] + s.pixels.shape[1] for box, s in zip(boxes, stamps, strict=True)))
    if bottom <= top or right <= left:
        return None
    pixels = np.zeros((bottom - top, right - left, 4), np.float32)
    order = sorted(range(len(stamps)), key=lambda index: -stamps[index].depth)
    for index in order:
        _set_down(pixels, stamps[index], boxes[index][0] - top, boxes[index][1] - left)
    depth = float(np.mean([stamp.depth for stamp in stamps]))
    return Layer(pixels, top, left, 1.0 / depth, depth)


def _set_down(pixels: Array, stamp: Stamp, top: int, left: int) -> None:
    height, width = stamp.pixels.shape[:2]
    r0, r1 = max(top, 0), min(top + height, pixels.shape[0])
    c0, c1 = max(left, 0), min(left + width, pixels.shape[1])
    if r1 <= r0 or c1 <= c0:
        return
    part = stamp.pixels[r0 - top : r1 - top, c0 - left : c1 - left]
    window = pixels[r0:r1, c0:c1]
    window *= 1.0 - part[..., 3:]
    window += part * np.append(stamp.colour, np.float32(1))
