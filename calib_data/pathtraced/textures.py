"""Textures as arrays, linear RGB 0..1, `(H, W, 3)` float32, that repeat without seams where that matters."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from calib_data.colour import to_linear
from calib_data.pathtraced.mesh import Floats, Random

Colour = tuple[float, float, float]


def noise(
    random: Random, size: tuple[int, int], cells: tuple[int, int], octaves: int = 5, gain: float = 0.55
) -> Floats:
    """Fractal noise `(H, W)` that repeats, mean 0, deviation 1; `cells` waves down and across in the first octave."""
    total = np.zeros(size)
    for octave in range(octaves):
        rows, columns = (min(count * 2**octave, side) for count, side in zip(cells, size, strict=True))
        grid = random.normal(size=(rows, columns))
        at = np.meshgrid(np.arange(size[0]) * rows / size[0], np.arange(size[1]) * columns / size[1], indexing="ij")
        total += gain**octave * ndimage.map_coordinates(grid, at, order=3, mode="grid-wrap")
    total -= total.mean()
    return (total / max(float(total.std()), 1e-9)).astype(np.float32)


def ramp(value: npt.NDArray[Any], *colours: Colour) -> Floats:
    """Colours (sRGB) along `value` 0..1, `(...)` to linear `(..., 3)`."""
    stops = np.linspace(0, 1, len(colours))
    channels = [np.interp(value, stops, [colour[channel] for colour in colours]) for channel in range(3)]
    return to_linear(np.stack(channels, -1))


def wood(random: Random, light: Colour, dark: Colour, planks: int = 4, side: int = 1024) -> Floats:
    """Planks along u with grain, a few knots, and joints."""
    rows = side // planks
    parts = []
    for _ in range(planks):
        y, x = np.mgrid[0:rows, 0:side] / side
        warp = noise(random, (rows, side), (2, 3), 3) * 0.014
        knot_x, knot_y = random.uniform(0, 1), random.uniform(0, rows / side)
        away = np.hypot((x - knot_x) / 3.5, y - knot_y)
        rings = (y + warp + 0.035 * np.exp(-((away / 0.03) ** 2))) * random.uniform(36, 60)
        grain = 0.5 + 0.5 * np.sin(2 * np.pi * rings + noise(random, (rows, side), (6, 3), 3))
        fibre = noise(random, (rows, side), (rows // 4, 8), 3, 0.8)
        tone = 0.45 * grain + 0.12 * fibre + random.normal(0.28, 0.1) + 0.5 * np.exp(-((away / 0.012) ** 2))
        tone[:3] = tone[-2:] = 1.35
        parts.append(tone)
    return ramp(np.clip(np.concatenate(parts), 0, 1.35) / 1.35, light, dark, (0.1, 0.07, 0.05))


def marble(random: Random, light: Colour, dark: Colour, side: int = 1024) -> Floats:
    """Clouded stone with veins."""
    size = (side, side)
    veins = np.exp(-np.abs(noise(random, size, (3, 3), 7, 0.6)) * 9) + 0.5 * np.exp(
        -np.abs(noise(random, size, (7, 7), 6, 0.6)) * 12
    )
    return ramp(np.clip(0.22 + 0.08 * noise(random, size, (4, 4), 7) + 0.6 * veins, 0, 1), light, dark)


def speckled(random: Random, *colours: Colour, cells: int = 12, contrast: float = 0.22, side: int = 1024) -> Floats:
    """Stone, plaster, concrete, earth: clouds with fine grain between the colours."""
    size = (side, side)
    clouds = noise(random, size, (cells, cells), 6, 0.65)
    grain = ndimage.gaussian_filter(random.normal(size=size), 0.7, mode="wrap") * 2
    return ramp(np.clip(0.5 + contrast * clouds + 0.6 * contrast * grain, 0, 1), *colours)


def slabs(
    random: Random, surface: Floats, rows: int, columns: int, joint: Colour, shift: float = 0.5, gap: int = 5
) -> Floats:
    """Bricks or tiles cut from `surface`, each of its own brightness, `shift` columns aside in every other row."""
    side = surface.shape[0]
    y, x = np.mgrid[0:side, 0:side] / side
    wobble = noise(random, (side, side), (16, 16), 4) * 0.0012
    row = (y + wobble) * rows
    column = (x + wobble) * columns + shift * (np.floor(row) % 2)
    inner_y, inner_x = row % 1, column % 1
    edge = np.minimum(np.minimum(inner_y, 1 - inner_y) / rows, np.minimum(inner_x, 1 - inner_x) / columns) * side
    tone = random.lognormal(0, 0.16, (rows, columns)).astype(np.float32)
    tint = np.exp(random.normal(0, 0.04, (rows, columns, 3)))
    at = np.floor(row).astype(int) % rows, np.floor(column).astype(int) % columns
    share = np.clip((edge - gap / 2) / 1.5 + 0.5, 0, 1)[..., None]
    worn = np.clip(edge / (4 * gap), 0.72, 1)[..., None]
    mortar = to_linear(joint) * np.exp(0.15 * noise(random, (side, side), (48, 48), 4))[..., None]
    cut = share * (surface * (tone[..., None] * tint)[at] * worn) + (1 - share) * mortar
    return np.clip(cut, 0, 0.95).astype(np.float32)


def upright(picture: Floats) -> Floats:
    """The texture turned, so that what ran along u runs along v."""
    return np.ascontiguousarray(np.swapaxes(picture, 0, 1))


def heights(picture: Floats) -> Floats:
    """A bump map `(H, W, 3)` from a texture's brightness."""
    return np.repeat(picture.mean(-1, keepdims=True), 3, -1).astype(np.float32)


def palette(random: Random, colours: list[Colour], spread: float = 0.07) -> Floats:
    """For leaves and blades: u picks a colour near one of `colours`, v darkens stem and veins."""
    picked = np.asarray(colours)[np.sort(random.integers(0, len(colours), 256))]
    across = np.clip(
        picked * np.exp(random.normal(0, spread * 2, (256, 1))) + random.normal(0, spread / 2, (256, 3)), 0, 1
    )
    along = 0.72 + 0.28 * np.linspace(0, 1, 64) + random.normal(0, 0.03, 64)
    return np.clip(to_linear(across)[None] * along[:, None, None], 0, 0.9).astype(np.float32)


def label(random: Random, ground: Colour, ink: Colour, lines: int = 9, side: int = 512) -> Floats:
    """A printed sheet: a heading, an emblem and lines of words, all by chance."""
    page = np.zeros((side, side), np.float32)
    page[side // 14 : side // 14 + 6, side // 12 : -side // 12] = 1
    page[-side // 14 : -side // 14 + 6, side // 12 : -side // 12] = 1
    y, x = np.mgrid[0:side, 0:side] / side
    away = np.hypot(x - 0.5, y - 0.3)
    page[(np.abs(away - 0.12) < 0.014) | (away < random.uniform(0.05, 0.09))] = 1
    _words(random, page, 0.5, 0.09, 0.06)
    for place in np.linspace(0.64, 0.9, lines):
        _words(random, page, place, 0.26 / lines * 0.6, 0.022)
    paper = to_linear(ground) * np.exp(0.03 * noise(random, (side, side), (9, 9), 5))[..., None]
    return np.clip(paper * (1 - page[..., None]) + to_linear(ink) * page[..., None], 0, 0.95).astype(np.float32)


def _words(random: Random, page: Floats, top: float, height: float, letter: float) -> None:
    """Strokes that look like letters from where nobody can read them."""
    side = len(page)
    rows = slice(int(top * side), int((top + height) * side))
    place = 0.12
    while place < 0.84:
        width = letter * random.uniform(0.5, 1.1)
        if random.random() < 0.84:
            stroke = max(2, int(width * side * 0.28))
            left, right = int(place * side), int((place + width * 0.8) * side)
            page[rows, left : left + stroke] = 1
            if random.random() < 0.6:
                page[rows, right - stroke : right] = 1
            bar = rows.start + int(random.integers(0, 3) * (rows.stop - rows.start - stroke) / 2)
            page[bar : bar + stroke, left:right] = 1
        place += width


def sky(random: Random, zenith: Colour, horizon: Colour, ground: Colour, clouds: float = 0.3) -> Floats:
    """An environment `(256, 512, 3)` by latitude, top to bottom, and longitude: sky with clouds above, ground below."""
    size = (256, 512)
    up = np.cos(np.linspace(0, np.pi, size[0]))[:, None]
    blend = np.clip(up, 0, 1) ** 0.45
    cover = np.clip(noise(random, size, (6, 6), 6) * 0.5 + clouds, 0, 1) * np.clip(up * 5, 0, 1)
    above = to_linear(horizon) * (1 - blend)[..., None] + to_linear(zenith) * blend[..., None]
    above = above * (1 - cover[..., None]) + cover[..., None] * 1.25
    return np.where((up > 0)[..., None], above, to_linear(ground) * np.ones_like(above)).astype(np.float32)
