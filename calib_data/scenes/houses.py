"""Fronts of houses: windows with frames, sills, shutters and blinds, in metres, sharp at any distance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calib_data.scenes.arrays import Array, Colour, Random, coverage, jitter, mix, pick, smoothstep
from calib_data.scenes.light import Light
from calib_data.scenes.planes import Seen
from calib_data.scenes.textures import Texture

_SHUTTERS: tuple[Colour, ...] = ((0.04, 0.09, 0.07), (0.05, 0.09, 0.17), (0.25, 0.08, 0.05), (0.3, 0.3, 0.28))
_FRAMES: tuple[Colour, ...] = ((0.7, 0.69, 0.66), (0.16, 0.09, 0.05), (0.3, 0.31, 0.32))
_BASE_HEIGHT_M = 0.55
_TONES = 64
_DARK_GLASS = np.array([0.02, 0.022, 0.025], np.float32)
_BLIND = np.array([0.35, 0.335, 0.3], np.float32)
_LAMPLIGHT = np.array([1.6, 0.85, 0.32], np.float32)


@dataclass(frozen=True)
class HouseFront:
    """The front of a house; called with what is seen of its plane, it gives the radiance, as `plane_layer` wants it.

    Attributes:
        light: What falls on it.
        texture: Its wall.
        bay: Metres from window to window.
        floor: Metres from floor to floor.
        half_width: Of a window, metres.
        high: Height of a window, metres.
        sill: Height of the sill over the floor, metres.
        start: Metres by which the bays are shifted.
        shutter: Linear RGB of the shutters, or None without any.
        frame: Linear RGB of the frames.
        base: Linear RGB of the foot of the wall.
        tones: Chances 0..1 of each window: reflection, brightness, blind or lamp; `(64, 3)`.
        lit_windows: Share of windows behind which a lamp burns.
    """

    light: Light
    texture: Texture
    bay: float
    floor: float
    half_width: float
    high: float
    sill: float
    start: float
    shutter: Array | None
    frame: Array
    base: Array
    tones: Array
    lit_windows: float

    @classmethod
    def some(cls, random: Random, light: Light, texture: Texture, lit_windows: float = 0.0) -> HouseFront:
        """A front with measures and colours as houses have them."""
        bay = float(random.uniform(1.9, 3.2))
        return cls(
            light=light,
            texture=texture,
            bay=bay,
            floor=float(random.uniform(2.6, 3.1)),
            half_width=min(float(random.uniform(0.42, 0.6)), bay * 0.2),
            high=float(random.uniform(1.1, 1.6)),
            sill=float(random.uniform(0.7, 1.0)),
            start=float(random.uniform(0, bay)),
            shutter=jitter(random, pick(random, _SHUTTERS)) if random.random() < 0.5 else None,
            frame=jitter(random, pick(random, _FRAMES)),
            base=jitter(random, (0.25, 0.24, 0.22)),
            tones=random.random((_TONES, 3)).astype(np.float32),
            lit_windows=lit_windows,
        )

    def __call__(self, seen: Seen) -> Array:
        """Radiance `(h, w, 3)` of what is seen."""
        window = _Window.of(self, seen)
        wall = self.texture.at(seen.across, -seen.up, seen.footprint)
        wall = mix(wall, self.base, coverage((_BASE_HEIGHT_M - seen.up) / seen.footprint)[..., None])
        wall = wall * (1 - 0.45 * window.box(self.half_width + 0.1, 0.09, y=-self.high / 2 - 0.16))
        falling = self.light.sun * max(float(-self.light.towards_sun[2]), 0.0) + self.light.ambient * 0.85
        shown = wall * falling
        if self.shutter is not None:
            slats = 0.75 + 0.25 * np.sin(window.up * 70) * np.clip(1 - seen.footprint * 40, 0, 1)
            for side in (-1, 1):
                leaf = window.box(self.half_width * 0.5, self.high / 2, side * self.half_width * 1.55)
                shown = mix(shown, self.shutter * slats[..., None] * falling, leaf)
        shown = mix(shown, self.frame * falling, window.box(self.half_width + 0.05, self.high / 2 + 0.05))
        shown = mix(
            shown, self.frame * falling * 1.15, window.box(self.half_width + 0.09, 0.035, y=-self.high / 2 - 0.05)
        )
        shown = mix(shown, self._glass(window, falling), self._panes(window))
        return self.light.faded(shown, seen.depth)

    def _panes(self, window: _Window) -> Array:
        """Coverage of the four panes of each window."""
        pane = self.half_width / 2 - 0.02, self.high / 4 - 0.02
        places = [(side * self.half_width / 2, level * self.high / 4) for side in (-1, 1) for level in (-1, 1)]
        return np.maximum.reduce([window.box(*pane, *place) for place in places])

    def _glass(self, window: _Window, falling: Array) -> Array:
        """What the panes show: a dark room or the sky, a blind, or a lamp."""
        tone = window.tone
        sky = smoothstep(-0.5, 0.6, window.up / self.high + (tone[..., 0] - 0.5) * 1.4)[..., None]
        glass = mix(_DARK_GLASS, self.light.haze * 0.5, sky * (0.25 + 0.5 * tone[..., 1:2]))
        drawn = coverage((window.up - (tone[..., 1] - 0.5) * self.high) / window.pixel)[..., None]
        glass = mix(glass, _BLIND * falling, (tone[..., 2:3] > 0.72) * drawn)
        burning = (tone[..., 2:3] < self.lit_windows) * (0.6 + 0.4 * sky)
        return mix(glass, _LAMPLIGHT * (0.5 + tone[..., 1:2]), burning)


@dataclass(frozen=True)
class _Window:
    """Coordinates in metres from the middle of the nearest window, the chances of that window, and a pixel's size."""

    across: Array
    up: Array
    tone: Array
    pixel: Array

    @classmethod
    def of(cls, front: HouseFront, seen: Seen) -> _Window:
        column, row = (seen.across + front.start) / front.bay, seen.up / front.floor
        bay, storey = np.floor(column), np.floor(row)
        across = (column - bay - 0.5) * front.bay
        up = (row - storey) * front.floor - front.sill - front.high / 2
        tone = front.tones[(bay.astype(int) * 7 + storey.astype(int) * 13) % _TONES]
        return cls(across.astype(np.float32), up.astype(np.float32), tone, seen.footprint)

    def box(self, half_width: float, half_height: float, x: float = 0.0, y: float = 0.0) -> Array:
        """Coverage `(h, w, 1)` of a rectangle round `x`, `y`."""
        inside = np.minimum(half_width - np.abs(self.across - x), half_height - np.abs(self.up - y))
        return coverage(inside / self.pixel)[..., None]
