"""What lights a scene: sun, sky and the light thrown back by the ground, and the shadows that things cast."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from calib_data.scenes.arrays import Array, Random, along, smoothstep


@dataclass(frozen=True)
class Light:
    """Light at the scene; radiances are relative to a white surface in plain daylight.

    Attributes:
        towards_sun: Unit vector (x right, y up, z away from the camera).
        sun: Linear RGB of the sunlight on a surface that faces it.
        ambient: Linear RGB of the light from the whole sky.
        haze: Linear RGB that distance fades to.
        haze_distance_m: Distance at which 63 % has faded.
    """

    towards_sun: Array
    sun: Array
    ambient: Array
    haze: Array
    haze_distance_m: float

    def on(self, normal: Array) -> Array:
        """Irradiance `(..., 3)` on surfaces with unit normals `(..., 3)`; the shaded side gets less sky."""
        facing = np.clip(along(normal, self.towards_sun), 0.0, 1.0)[..., None]
        upward = 0.62 + 0.38 * normal[..., 1:2]
        return np.asarray(facing * self.sun + upward * self.ambient, np.float32)

    def glint(self, normal: Array, sharpness: float) -> Array:
        """Highlight `(..., 3)` that a smooth surface with these normals shows to the camera (Blinn-Phong)."""
        half = self.towards_sun - np.array([0, 0, 1], np.float32)
        half /= max(float(np.linalg.norm(half)), 1e-6)
        shine = np.clip(along(normal, half), 0.0, 1.0)[..., None] ** sharpness
        sky = np.clip(normal[..., 1:2], 0.0, 1.0) ** 3 * 0.15
        return np.asarray(shine * self.sun + sky * self.ambient, np.float32)

    def faded(self, colour: Array, depth: Array | float) -> Array:
        """`colour` as seen through the air between."""
        through = np.exp(-np.asarray(depth, np.float32) / self.haze_distance_m)[..., None]
        return np.asarray(colour * through + self.haze * (1.0 - through), np.float32)


@dataclass(frozen=True)
class Caster:
    """A thing that stands on the ground and shades it: position and size in metres."""

    x: float
    z: float
    radius: float
    height: float


@dataclass(frozen=True)
class Row:
    """Shrubs in a row across the scene, at z = `z` + `slope` * x; metres."""

    z: float
    slope: float
    height: float


def ground_shadow(x: Array, z: Array, casters: Sequence[Caster | Row], light: Light) -> tuple[Array, Array]:
    """How much sun and how much sky reaches ground points at `x`, `z` (metres), each 0..1."""
    sun, sky = np.ones_like(x), np.ones_like(x)
    rise = max(float(light.towards_sun[1]), 0.15)
    step_x, step_z = -float(light.towards_sun[0]) / rise, -float(light.towards_sun[2]) / rise
    for caster in casters:
        if isinstance(caster, Row):
            away = (z - caster.z - caster.slope * x) / caster.height
            sky *= 1.0 - 0.75 * np.exp(-((away / 0.35) ** 2))
            sun *= 1.0 - 0.9 * smoothstep(-0.5, -0.1, away - min(step_z, 0.0)) * (away < 1)
            continue
        far_x, far_z = step_x * caster.height, step_z * caster.height
        length = max(math.hypot(far_x, far_z), 1e-3)
        share = np.clip(((x - caster.x) * far_x + (z - caster.z) * far_z) / length**2, 0.0, 1.0)
        away = np.hypot(x - caster.x - share * far_x, z - caster.z - share * far_z)
        soft = 0.15 * caster.radius + 0.04 * share * length
        sun *= smoothstep(caster.radius - soft, caster.radius + soft, away)
        near = np.hypot(x - caster.x, z - caster.z) / max(caster.radius, 1e-3)
        sky *= 1.0 - 0.82 * np.exp(-((near / 1.25) ** 2))
    return sun, sky


def _towards(azimuth: float, elevation: float) -> Array:
    flat = math.cos(elevation)
    return np.array([math.sin(azimuth) * flat, math.sin(elevation), math.cos(azimuth) * flat], np.float32)


def daylight(random: Random, mood: str) -> Light:
    """Light of a mood: `sunny`, `golden`, `overcast`, `shade` or `evening`."""
    azimuth = float(random.uniform(-math.pi, math.pi))
    elevation = math.radians(float(random.uniform(28, 65)))
    if mood == "evening":  # a street lamp behind the camera
        azimuth = math.pi + azimuth / 3
    tint = np.exp(random.normal(0, 0.04, 3)).astype(np.float32)
    settings = {
        "sunny": (1.9, (1.0, 0.93, 0.82), 0.55, (0.86, 0.95, 1.12), 1.0),
        "golden": (1.7, (1.0, 0.74, 0.45), 0.42, (0.85, 0.95, 1.15), 0.55),
        "overcast": (0.22, (1.0, 0.98, 0.95), 0.95, (0.95, 1.0, 1.05), 1.0),
        "shade": (0.1, (1.0, 0.95, 0.9), 0.6, (0.9, 1.0, 1.1), 1.0),
        "evening": (0.3, (1.0, 0.68, 0.38), 0.13, (0.8, 0.9, 1.25), 1.0),
    }
    sun, sun_colour, sky, sky_colour, lift = settings[mood]
    return Light(
        _towards(azimuth, elevation * lift),
        (sun * np.asarray(sun_colour)).astype(np.float32) * tint,
        (sky * np.asarray(sky_colour)).astype(np.float32) * tint,
        (1.1 * sky * np.asarray(sky_colour)).astype(np.float32),
        float(np.exp(random.uniform(math.log(350), math.log(4000)))),
    )
