"""What lies farthest behind: skies and wooded skylines."""

from __future__ import annotations

import numpy as np

from calib_data.scenes.arrays import Array, Random, coverage, grid, mix, resample, smoothstep
from calib_data.scenes.layers import Layer
from calib_data.scenes.lens import Camera
from calib_data.scenes.light import Light
from calib_data.scenes.noise import fractal

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


def skyline(
    random: Random, camera: Camera, light: Light, distance: float, height: float, colour: Array
) -> Layer | None:
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
