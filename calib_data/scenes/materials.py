"""Surfaces of the outdoors and of houses: seamless textures drawn anew, in natural colours, for each scene."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from calib_data.scenes.arrays import Array, Colour, Random, coverage, grid, jitter, mix, pick, smoothstep
from calib_data.scenes.noise import cells, fractal, relief
from calib_data.scenes.textures import Texture, relief_photograph

Material = Callable[[Random], Texture]
_SIDE = 1024
_SMALL_SIDE = 512  # of textures that are only seen on small things
_VARIANTS = 2


def _noise(random: Random, exponent: float, lowest: int = 1, stretch: float = 1.0, side: int = _SIDE) -> Array:
    field = fractal(side, exponent, int(random.integers(_VARIANTS)), lowest, stretch)
    return np.roll(field, tuple(int(shift) for shift in random.integers(side, size=2)), (0, 1))


def _tinted(lightness: Array, colour: Array) -> Array:
    return np.asarray(np.clip(lightness, 0.02, None)[..., None] * colour, np.float32)


def _weathered(random: Random, tile: Array, strength: float = 0.12, lowest: int = 3) -> Array:
    """Blotches and stains, softly darker and a little warmer; `lowest` as `noise.fractal` takes it."""
    side = tile.shape[0]
    stain = np.exp(strength * _noise(random, 1.5, lowest, side=side))
    warmth = 0.05 * _noise(random, 1.7, lowest, side=side)
    factors = np.stack([stain * (1 + warmth), stain, stain * (1 - warmth)], -1)
    return np.asarray(tile * factors, np.float32)


def asphalt(random: Random) -> Texture:
    """Tar with light and dark grit."""
    border, name = cells(_SIDE, 160, 1)
    grit = np.where(name > 0.9, 1.0 + 3.0 * (name - 0.9), 0.82 + 0.2 * name) * (
        0.75 + 0.25 * smoothstep(0.0, 0.3, border)
    )
    crack_border, _ = cells(_SIDE, 3, int(random.integers(_VARIANTS)))
    crack = smoothstep(0.0, 0.02, crack_border + 0.012 * _noise(random, 1.1, 8) - float(random.uniform(-0.02, 0.012)))
    tile = _tinted(grit * (0.45 + 0.55 * crack), jitter(random, (0.135, 0.13, 0.125), 0.03, 0.25))
    return Texture.of(_weathered(random, tile), 0.55)


def gravel(random: Random) -> Texture:
    """Small stones of many greys and browns."""
    lightness = relief_photograph("gravel")
    _, name = cells(_SIDE, 64, 2)
    hue = (name[..., None] - 0.5) * np.array([0.25, 0.0, -0.3], np.float32)
    tile = _tinted(lightness, jitter(random, (0.2, 0.178, 0.15), 0.06, 0.2)) * (1 + hue)
    return Texture.of(_weathered(random, tile), float(random.uniform(0.7, 1.1)))


def grass(random: Random) -> Texture:
    """A mown lawn with dry and lush places."""
    lightness = relief_photograph("grass") ** 1.25
    dry = smoothstep(-0.5, 2.0, _noise(random, 1.2, 5) + float(random.uniform(-0.6, 0.6)))[..., None]
    lush = jitter(random, (0.075, 0.125, 0.022), 0.1, 0.2)
    tile = lightness[..., None] * mix(lush, jitter(random, (0.2, 0.17, 0.065)), dry * 0.75)
    return Texture.of(_weathered(random, tile, 0.2), float(random.uniform(0.4, 0.6)))


def soil(random: Random) -> Texture:
    """Earth with bits of bark and stones."""
    lightness = 0.55 * relief_photograph("gravel") + 0.45 * relief_photograph("grass")
    rough = 1 + 0.2 * _noise(random, 1.2)
    tile = _tinted(lightness * rough, jitter(random, (0.12, 0.085, 0.055), 0.07, 0.25))
    return Texture.of(_weathered(random, tile, 0.25), 0.7)


def cobbles(random: Random) -> Texture:
    """Setts in mortar, worn round."""
    border, name = cells(_SIDE, 9, int(random.integers(_VARIANTS)), 0.55)
    edge = border + 0.035 * _noise(random, 1.2, 6)
    stone = smoothstep(0.04, 0.17, edge)
    dome = relief(np.clip(edge, 0, 0.45) + 0.012 * _noise(random, 0.9), 7.0)
    grain = 1 + 0.11 * _noise(random, 0.6)
    lightness = (0.65 + 0.6 * name) * dome * grain
    hue = (np.roll(name, 331, 1)[..., None] - 0.5) * np.array([0.22, 0.0, -0.22], np.float32)
    face = _tinted(lightness, jitter(random, (0.25, 0.235, 0.22), 0.05, 0.25)) * (1 + hue)
    joint = _tinted(0.8 + 0.25 * _noise(random, 0.7), jitter(random, (0.1, 0.09, 0.065), 0.1, 0.3))
    return Texture.of(_weathered(random, mix(joint, face, stone[..., None])), float(random.uniform(0.8, 1.1)))


def _blocks(columns: int, rows: int, joint: float, bond: float, wobble: Array) -> tuple[Array, Array]:
    """Rectangles in courses: inside 0..1 `(n, n)` and a number 0..1 a block; `joint` in tile sides."""
    down, across = np.broadcast_arrays(*grid(_SIDE, _SIDE))
    row = down / _SIDE * rows + wobble
    course = np.floor(row)
    column = across / _SIDE * columns + (course % 2) * bond + wobble
    distance_down = (0.5 - np.abs(row - course - 0.5)) / rows
    distance_across = (0.5 - np.abs(column - np.floor(column) - 0.5)) / columns
    inside = coverage((np.minimum(distance_down, distance_across) - joint / 2) * (_SIDE / 2.5))
    name = np.modf(np.sin((course % rows) * 12.9898 + (np.floor(column) % columns) * 78.233) * 43758.547)[0]
    return inside, np.abs(name).astype(np.float32)


def slabs(random: Random) -> Texture:
    """Concrete paving in running bond."""
    inside, name = _blocks(2, 4, 0.006, 0.5, 0.004 * _noise(random, 1.4))
    border, speck = cells(_SIDE, 160, 1)
    grit = 0.9 + 0.25 * speck + 0.5 * (speck > 0.95) - 0.08 * (border < 0.15)
    face = _tinted(grit * (0.86 + 0.28 * name), jitter(random, (0.29, 0.275, 0.25), 0.04, 0.2))
    tile = mix(np.array([0.06, 0.055, 0.045], np.float32), face, inside[..., None])
    return Texture.of(_weathered(random, tile, 0.16), float(random.uniform(0.8, 1.2)))


def bricks(random: Random) -> Texture:
    """A brick wall, each brick fired a little differently."""
    inside, name = _blocks(4, 12, 0.011, 0.5, 0.02 * _noise(random, 1.3))
    colour: Colour = pick(random, [(0.3, 0.115, 0.07), (0.36, 0.17, 0.1), (0.2, 0.085, 0.065), (0.42, 0.3, 0.19)])
    grain = 1 + 0.14 * _noise(random, 0.8) + 0.1 * _noise(random, 1.4, 6)
    bump = relief(inside + 0.03 * _noise(random, 0.9), 0.35)
    hue = (name[..., None] - 0.5) * np.array([0.3, -0.1, -0.2], np.float32)
    face = _tinted((0.6 + 0.8 * name) * grain * bump, jitter(random, colour)) * (1 + hue)
    mortar = _tinted((1 + 0.12 * _noise(random, 0.7)) * bump, jitter(random, (0.36, 0.33, 0.28), 0.04, 0.3))
    return Texture.of(_weathered(random, mix(mortar, face, inside[..., None]), 0.15), 1.0)


def old_bricks(random: Random) -> Texture:
    """Long thin bricks, after a photograph."""
    tile = np.ascontiguousarray(relief_photograph("brick").T) ** 1.3
    colour = jitter(random, pick(random, [(0.3, 0.15, 0.1), (0.33, 0.29, 0.24), (0.22, 0.2, 0.19)]))
    return Texture.of(_weathered(random, _tinted(tile, colour), 0.2), float(random.uniform(0.9, 1.3)))


def plaster(random: Random) -> Texture:
    """A painted, roughly plastered wall with stains."""
    colour = pick(
        random,
        [
            (0.72, 0.63, 0.47),
            (0.74, 0.73, 0.7),
            (0.62, 0.42, 0.28),
            (0.5, 0.54, 0.55),
            (0.68, 0.56, 0.36),
            (0.45, 0.2, 0.14),
        ],
    )
    grain = relief(_noise(random, 0.9, 20), 0.09) * (1 + 0.03 * _noise(random, 1.6))
    streaks = np.exp(-0.06 * np.clip(_noise(random, 1.3, 3, 6.0), 0, None))
    return Texture.of(_weathered(random, _tinted(grain * streaks, jitter(random, colour, 0.05, 0.12)), 0.08), 1.3)


def concrete(random: Random) -> Texture:
    """Cast concrete with pores and water marks."""
    pores = smoothstep(2.6, 3.2, _noise(random, 0.7, 30))
    marks = np.exp(0.1 * _noise(random, 1.3, 2, 5.0))
    tile = _tinted(
        marks * (1 + 0.05 * _noise(random, 0.7)) * (1 - 0.5 * pores), jitter(random, (0.27, 0.26, 0.235), 0.03, 0.25)
    )
    return Texture.of(_weathered(random, tile, 0.12), 1.2)


def planks(random: Random) -> Texture:
    """Boards side by side, upright, with grain and gaps."""
    count = int(random.integers(6, 10))
    across = grid(_SIDE, _SIDE)[1] / _SIDE * count + 0.03 * _noise(random, 1.6, 1, 8.0)
    board = np.floor(across)
    shade = 0.75 + 0.5 * np.modf(np.abs(np.sin(board % count * 91.7) * 437.5))[0]
    gap = coverage((np.abs(across - board - 0.5) * -1 + 0.487) * (_SIDE / count))
    rings = np.sin(18 * (across - board) + 3.5 * _noise(random, 1.5, 1, 10.0))
    grain = 1 + 0.13 * rings + 0.12 * _noise(random, 0.8, 4, 24.0)
    colour = pick(
        random, [(0.3, 0.19, 0.1), (0.24, 0.21, 0.18), (0.14, 0.075, 0.045), (0.4, 0.28, 0.15), (0.1, 0.16, 0.12)]
    )
    tile = _tinted(shade * grain * (0.12 + 0.88 * gap), jitter(random, colour))
    return Texture.of(_weathered(random, tile, 0.12), float(random.uniform(0.8, 1.2)))


def bark(random: Random) -> Texture:
    """Furrowed bark."""
    ridge = np.abs(_noise(random, 1.5, 7, 5.0)) + 0.1 * np.abs(_noise(random, 1.0, 16, 2.5))
    furrow = smoothstep(0.05, 0.75, ridge)
    lightness = (0.18 + 0.82 * furrow) * relief(ridge, 3.0) * (1 + 0.1 * _noise(random, 0.7))
    tile = _tinted(lightness, jitter(random, (0.19, 0.155, 0.12), 0.06, 0.3))
    moss = smoothstep(0.8, 2.2, _noise(random, 1.4))[..., None] * float(random.uniform(0, 0.7))
    return Texture.of(_weathered(random, mix(tile, tile * np.array([0.75, 1.1, 0.35], np.float32), moss), 0.15, 1), 0.5)


def stone(random: Random) -> Texture:
    """Rough natural stone with lichen."""
    bump = relief(_noise(random, 1.25), 0.9)
    lichen = smoothstep(1.2, 1.9, _noise(random, 1.0, 4))[..., None]
    tile = _tinted(bump * (1 + 0.1 * _noise(random, 0.7)), jitter(random, (0.24, 0.225, 0.2), 0.06, 0.3))
    return Texture.of(_weathered(random, mix(tile, jitter(random, (0.36, 0.35, 0.2)), lichen * 0.6), 0.2, 1), 0.5)


def cloth(random: Random) -> Texture:
    """A coarse weave, plain or checked."""
    down, across = grid(_SIDE, _SIDE)
    weave = 1 + 0.16 * np.sin(down * (np.pi / 4)) * np.sin(across * (np.pi / 4))
    colour = jitter(random, pick(random, [(0.45, 0.08, 0.07), (0.1, 0.16, 0.34), (0.5, 0.46, 0.38), (0.07, 0.2, 0.14)]))
    check = 0.5 * (np.sin(down * (np.pi / 64)) > 0.2) + 0.5 * (np.sin(across * (np.pi / 64)) > 0.2)
    light = check[..., None] * float(pick(random, [0.0, 0.6]))
    tile = (
        mix(colour, np.array([0.62, 0.58, 0.5], np.float32), light)
        * (weave * (1 + 0.06 * _noise(random, 1.2)))[..., None]
    )
    return Texture.of(tile, 0.3)


def paint(random: Random, colour: Colour | None = None) -> Texture:
    """Painted metal or plastic with scuffs."""
    if colour is None:
        colour = pick(random, PAINTS)
    scuff = smoothstep(2.2, 2.9, _noise(random, 1.0, 8, 3.0, _SMALL_SIDE))[..., None] * 0.6
    tile = _tinted(1 + 0.035 * _noise(random, 0.9, side=_SMALL_SIDE), jitter(random, colour, 0.08, 0.2))
    return Texture.of(_weathered(random, mix(tile, np.array([0.3, 0.28, 0.26], np.float32), scuff), 0.06), 0.5)


def peel(random: Random, colour: Colour) -> Texture:
    """The skin of a fruit: streaks from pole to pole, freckles, a riper side."""
    ripe = smoothstep(-1.5, 1.5, _noise(random, 1.9, side=_SMALL_SIDE))[..., None]
    freckles = 1 + 0.35 * smoothstep(2.2, 2.8, _noise(random, 0.8, 20, side=_SMALL_SIDE))
    streaks = 1 + 0.08 * _noise(random, 1.2, 6, 8.0, _SMALL_SIDE)
    second = np.asarray(colour) * np.array([1.25, 0.7, 0.8])
    return Texture.of(_tinted(freckles * streaks, mix(np.asarray(colour), second, ripe)), 0.2)


PAINTS: tuple[Colour, ...] = (
    (0.33, 0.035, 0.03), (0.45, 0.06, 0.2), (0.035, 0.085, 0.21), (0.06, 0.16, 0.26), (0.03, 0.11, 0.06),
    (0.5, 0.31, 0.05),
    (0.45, 0.13, 0.03), (0.5, 0.49, 0.46), (0.025, 0.025, 0.027), (0.22, 0.22, 0.22), (0.11, 0.2, 0.2),
    (0.12, 0.12, 0.13),
    (0.3, 0.29, 0.27), (0.16, 0.075, 0.045),
)  # fmt: skip
SOBER_PAINTS: tuple[Colour, ...] = (
    (0.025, 0.025, 0.027), (0.2, 0.2, 0.2), (0.09, 0.1, 0.11), (0.03, 0.06, 0.04), (0.4, 0.39, 0.37),
    (0.05, 0.075, 0.13), (0.1, 0.055, 0.035),
    (0.25, 0.05, 0.035),
)  # fmt: skip
GROUNDS: tuple[Material, ...] = (asphalt, gravel, grass, grass, soil, cobbles, slabs, slabs)
WALLS: tuple[Material, ...] = (bricks, bricks, old_bricks, plaster, concrete, planks, planks)
