"""What stands far behind: skies, skylines, houses."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from calib_data.scenes.arrays import Array, Random, coverage, grid, jitter, mix, pick, resample, smoothstep
from calib_data.scenes.layers import Layer
from calib_data.scenes.lens import Camera
from calib_data.scenes.light import Light
from calib_data.scenes.noise import fractal
from calib_data.scenes.planes import Seen
from calib_data.scenes.textures import Texture

_FARTHEST_M = 5000.0


def sky(random: Random, camera: Camera, light: Light, cloudy: float) -> Layer:
    """The sky over all of the canvas: a gradient with clouds; `cloudy` 0 is clear, 1 covered."""
    rows, columns = camera.canvas
    _, y, z = camera.rays()
    rise = np.broadcast_to(np.clip(y / z, -0.2, 1.5), (rows, columns))
    high = light.ambient * np.array([0.5, 0.95, 1.6], np.float32) * 1.6
    low = light.ambient * np.array([1.3, 1.35, 1.35], np.float32) * 1.9
    colour = mix(low, high, smoothstep(-0.05, 0.5, rise)[..., None])
    down, across = grid(rows, columns)
    zoom = 300 / camera.height
    field = fractal(512, 1.7, int(random.integers(3)), 2)
    shift = random.uniform(0, 512, 2)
    clouds = resample(field, *np.broadcast_arrays(down * zoom * 1.6 + shift[0], across * zoom * 0.7 + shift[1]))
    cover = smoothstep(0.9 - 2.4 * cloudy, 2.2 - 2.0 * cloudy, clouds)[..., None]
    white = light.ambient * 2.0 + light.sun * 0.35
    colour = mix(colour, white * (0.9 + 0.1 * clouds[..., None]), cover * 0.9)
    pixels = np.concatenate([colour, np.ones((rows, columns, 1), np.float32)], -1)
    return Layer(np.ascontiguousarray(pixels, np.float32), 0, 0, 1 / _FARTHEST_M, _FARTHEST_M)


def skyline(random: Random, camera: Camera, light: Light, distance: float, height: float, colour: Array) -> Layer | None:
    """A wooded hill or a far row of trees, `height` metres high at `distance` metres."""
    rows, columns = camera.canvas
    base, _, depth = camera.project(np.array([0, 0, distance], np.float32))
    scale = camera.focal / float(depth)
    field = fractal(512, 1.15, int(random.integers(3)), 2)
    down, across = grid(rows, columns)
    start, line = float(random.uniform(0, 512)), int(random.integers(512))
    metres = (across - columns / 2) / scale + start
    hills = resample(field, np.full_like(metres, line), metres * (8.0 / height))
    ridge = height * (0.9 + 0.1 * hills)
    above = float(base) - ridge * scale
    top = max(0, int(above.min()) - 2)
    bottom = min(rows, max(top + 1, int(float(base)) + 3))
    if top >= rows or bottom <= top:
        return None
    part = down[top:bottom]
    alpha = coverage(part - above)
    tufts = resample(field, *np.broadcast_arrays(part / scale * (14 / height), metres * (14 / height)))
    lit = smoothstep(-1.2, 1.8, tufts + 1.2 * (1 - (part - above) / (height * scale)))
    shade = colour * (light.ambient * 0.5 + light.sun * 0.6 * lit[..., None] + light.ambient * 0.4 * lit[..., None])
    shade = light.faded(shade.astype(np.float32), distance)
    pixels = np.concatenate([shade * alpha[..., None], alpha[..., None]], -1).astype(np.float32)
    return Layer(pixels, top, 0, 1 / distance, distance)


def facade(random: Random, light: Light, texture: Texture, lit_windows: float = 0.0) -> Callable[[Seen], Array]:
    """The front of a house, in metres on its plane: windows with frames, sills and shutters, a base, a cornice.

    Args:
        random: Chance.
        light: What falls on it.
        texture: Its wall.
        lit_windows: Share of windows behind which a lamp burns.

    Returns:
        What `plane_layer` takes as the plane's radiance.
    """
    bay, floor = float(random.uniform(1.9, 3.2)), float(random.uniform(2.6, 3.1))
    wide, high = float(random.uniform(0.42, 0.6)), float(random.uniform(1.1, 1.6))
    wide = min(wide, bay * 0.2)
    start, sill = float(random.uniform(0, bay)), float(random.uniform(0.7, 1.0))
    shutters = bool(random.random() < 0.5)
    shutter = jitter(random, pick(random, [(0.04, 0.09, 0.07), (0.05, 0.09, 0.17), (0.25, 0.08, 0.05), (0.3, 0.3, 0.28)]))
    frame = jitter(random, pick(random, [(0.7, 0.69, 0.66), (0.16, 0.09, 0.05), (0.3, 0.31, 0.32)]))
    base = jitter(random, (0.25, 0.24, 0.22))
    tones = random.random((64, 3)).astype(np.float32)

    def radiance(seen: Seen) -> Array:
        pixel = seen.footprint
        colour = texture.at(seen.across, -seen.up, pixel)
        column = (seen.across + start) / bay
        bay_number, across = np.floor(column), (column - np.floor(column) - 0.5) * bay
        row = seen.up / floor
        floor_number, up = np.floor(row), (row - np.floor(row)) * floor - sill
        up_middle = up - high / 2

        def box(half_width: float, half_height: float, x: float = 0.0, y: float = 0.0) -> Array:
            inside = np.minimum(half_width - np.abs(across - x), half_height - np.abs(up_middle - y))
            return coverage(inside / pixel)[..., None]

        which = (bay_number.astype(int) * 7 + floor_number.astype(int) * 13) % 64
        tone = tones[which]
        colour = mix(colour, base, coverage((0.55 - seen.up) / pixel)[..., None])
        shade_under = 1 - 0.45 * box(wide + 0.1, 0.09, y=-high / 2 - 0.16)
        colour = colour * shade_under
        light_on = light.sun * max(float(-light.towards_sun[2]), 0.0) + light.ambient * 0.85
        lit = colour * light_on
        if shutters:
            slats = 0.75 + 0.25 * np.sin(up * 70)[..., None] * np.clip(1 - pixel * 40, 0, 1)[..., None]
            for side in (-1, 1):
                lit = mix(lit, shutter * slats * light_on, box(wide * 0.5, high / 2, side * wide * 1.55))
        lit = mix(lit, frame * light_on, box(wide + 0.05, high / 2 + 0.05))
        lit = mix(lit, frame * light_on * 1.15, box(wide + 0.09, 0.035, y=-high / 2 - 0.05))
        sky_part = smoothstep(-0.5, 0.6, up_middle / high + (tone[..., 0] - 0.5) * 1.4)[..., None]
        glass = mix(np.array([0.02, 0.022, 0.025], np.float32), light.haze * 0.5, sky_part * (0.25 + 0.5 * tone[..., 1:2]))
        blind = (tone[..., 2:3] > 0.72) * coverage((up_middle - (tone[..., 1] - 0.5) * high) / pixel)[..., None]
        glass = mix(glass, np.array([0.5, 0.48, 0.43], np.float32) * light_on * 0.7, blind)
        if lit_windows > 0:
            warm = np.array([1.6, 0.85, 0.32], np.float32) * (0.5 + tone[..., 1:2])
            glass = mix(glass, warm, (tone[..., 2:3] < lit_windows) * (0.6 + 0.4 * sky_part))
        pane = wide / 2 - 0.02
        for side in (-1, 1):
            for level in (-1, 1):
                lit = mix(lit, glass, box(pane, high / 4 - 0.02, side * (wide / 2), level * high / 4))
        return light.faded(lit.astype(np.float32), seen.depth)

    return radiance
