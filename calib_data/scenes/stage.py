"""A scene while it is being set: camera, light, chance, and the layers so far."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from calib_data.scenes.arrays import Array, Random, along, resample, smoothstep
from calib_data.scenes.lathe import Turned, lathe
from calib_data.scenes.layers import Layer
from calib_data.scenes.lens import Camera, Lens
from calib_data.scenes.light import Caster, Light, Row, daylight, ground_shadow
from calib_data.scenes.noise import fractal
from calib_data.scenes.planes import Plane, Seen, plane_layer
from calib_data.scenes.stamps import Stamp, layers_of
from calib_data.scenes.surfaces import Finish
from calib_data.scenes.textures import Texture

F_NUMBER = 1.8  # as all of EBB!'s shallow photographs
MARGIN_SHARE = 0.075
_KEYS = {"sunny": 0.17, "golden": 0.15, "overcast": 0.16, "shade": 0.12, "evening": 0.065}


@dataclass
class Stage:
    """What a kind of scene works with.

    Attributes:
        random: Chance of this scene.
        camera: Camera and lens.
        light: Sun and sky.
        key: Lightness to which the photo will be exposed.
        layers: What has been set so far.
        casters: What shades the ground.
    """

    random: Random
    camera: Camera
    light: Light
    key: float
    layers: list[Layer] = field(default_factory=list)
    casters: list[Caster | Row] = field(default_factory=list)

    @classmethod
    def open(
        cls,
        random: Random,
        size: tuple[int, int],
        mood: str,
        altitude: float,
        pitch: float,
        focus: float,
    ) -> Stage:
        """An empty stage; how near its focus is decides the strength of the blur.

        Args:
            random: Chance.
            size: Height and width of the photo.
            mood: As `light.daylight` takes it.
            altitude: Metres of the camera over the ground.
            pitch: Degrees downwards.
            focus: Metres to what is sharp.
        """
        lens = Lens(round(focus, 3), F_NUMBER)
        camera = Camera(*size, math.ceil(MARGIN_SHARE * size[0]), altitude, math.radians(pitch), lens)
        key = _KEYS[mood] * float(np.exp(random.normal(0, 0.22)))
        return cls(random, camera, daylight(random, mood), key)

    def add(self, *layers: Layer | None) -> None:
        """Put layers on the stage; None, for what the camera does not see, is passed over."""
        self.layers.extend(layer for layer in layers if layer is not None)

    def stamp(self, stamps: list[Stamp]) -> None:
        """Put stamps on the stage."""
        self.add(*layers_of(stamps, self.camera))

    def turn(self, base: Array, body: Turned, finish: Finish) -> None:
        """Put a turned body on the stage, standing on a world point."""
        self.add(lathe(self.camera, self.light, base, body, finish))

    def plane(self, plane: Plane, radiance: Callable[[Seen], Array], order: float | None = None) -> None:
        """Put a plane with its own colours on the stage."""
        self.add(plane_layer(self.camera, plane, radiance, order))

    def floor(self, plane: Plane, texture: Texture, gloss: float = 0.0, dapple: float = 0.0) -> None:
        """Put a level surface on the stage, with the shadows of all `casters` so far.

        `gloss` is how much it mirrors the sky at a glance, `dapple` how deep the shade of trees on it is, both 0..1.
        """
        field_, shift = fractal(512, 1.5, 1, 2), self.random.uniform(0, 512, 2)
        large = fractal(512, 1.3, 2)

        def radiance(seen: Seen) -> Array:
            sun, sky = ground_shadow(seen.world[..., 0], seen.world[..., 2], self.casters, self.light)
            if dapple > 0:
                spots = resample(field_, seen.world[..., 2] * 40 + shift[0], seen.world[..., 0] * 60 + shift[1])
                sun = sun * (1 - dapple * smoothstep(-0.3, 0.5, spots))
            colour = texture.at(seen.across, seen.up, seen.footprint)
            patches = resample(large, seen.up * 37.3 + shift[1], seen.across * 31.7 + shift[0])
            colour = colour * np.exp(0.18 * patches)[..., None]
            normal = np.zeros((*seen.depth.shape, 3), np.float32)
            normal[..., 1] = 1
            facing = max(float(self.light.towards_sun[1]), 0.0)
            lit = colour * (sun[..., None] * self.light.sun * facing + sky[..., None] * self.light.ambient)
            if gloss > 0:
                grazing = np.clip(1 - self.camera.altitude / np.maximum(seen.depth, 0.1), 0, 1) ** 5
                lit = lit + gloss * grazing[..., None] * self.light.haze
            return self.light.faded(lit.astype(np.float32), seen.depth)

        self.plane(plane, radiance)

    def upright(self, plane: Plane, texture: Texture, darker_below: float = 0.35) -> None:
        """Put a wall on the stage, with the shade that gathers where it meets the ground."""
        shift = self.random.uniform(0, 512, 2)
        large = fractal(512, 1.4, 3)

        def radiance(seen: Seen) -> Array:
            colour = texture.at(seen.across, -seen.up, seen.footprint)
            patches = resample(large, seen.up * 41.0 + shift[0], seen.across * 29.0 + shift[1])
            facing = max(float(along(plane.normal, self.light.towards_sun)), 0.0)
            low = 1 - darker_below * np.exp(-seen.up / 0.12)
            lit = (
                colour * (np.exp(0.1 * patches) * low)[..., None] * (facing * self.light.sun + 0.8 * self.light.ambient)
            )
            return self.light.faded(lit.astype(np.float32), seen.depth)

        self.plane(plane, radiance)

    def shade_ground(self, x: float, z: float, radius: float, height: float) -> None:
        """Remember a thing that stands on the ground, for the floor's shadows."""
        self.casters.append(Caster(x, z, radius, height))
