"""What a path-traced scene consists of, as plain data: meshes with materials, lights, and the photographer's place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from calib_data.colour import to_linear
from calib_data.pathtraced.mesh import Floats, Mesh, Place, Point
from calib_data.pathtraced.textures import Colour

Material = dict[str, Any]  # a BSDF of Mitsuba; arrays (H, W, 3) in it stand for textures in linear light


@dataclass(frozen=True)
class Shape:
    """A mesh with its material, and the light that it gives off, if any: linear RGB radiance."""

    mesh: Mesh
    material: Material
    radiance: Place | None = None


@dataclass(frozen=True)
class View:
    """Where the camera stands and what is in focus.

    Attributes:
        eye: Position of the lens in metres.
        target: What lies in the middle of the picture.
        focus: The point that is in focus.
        focal_length: Of the lens, in metres.
        f_number: Focal length by aperture diameter, of the photo with bokeh.
        sensor_height: In metres; APS-C by default.
    """

    eye: Point
    target: Point
    focus: Point
    focal_length: float = 0.05
    f_number: float = 1.8
    sensor_height: float = 0.0149

    @property
    def field_of_view(self) -> float:
        """Vertical field of view in degrees, of a lens that is focused far away."""
        return float(np.degrees(2 * np.arctan(self.sensor_height / 2 / self.focal_length)))

    @property
    def focus_distance(self) -> float:
        """Distance of the plane in focus from the lens, along its axis, in metres."""
        axis = np.subtract(self.target, self.eye)
        return float(np.subtract(self.focus, self.eye) @ axis / np.linalg.norm(axis))

    @property
    def blur_at_infinity(self) -> float:
        """Diameter of the circle of confusion of a point far away, as a share of the picture's height."""
        return self.focal_length / self.f_number / self.focus_distance / (self.sensor_height / self.focal_length)


@dataclass(frozen=True)
class Setting:
    """A scene.

    Attributes:
        shapes: Everything that is seen.
        view: The camera.
        sky: Environment `(H, W, 3)` in linear radiance, top to bottom by latitude.
        sun: Direction in which sunlight travels and its linear RGB irradiance, or None under a covered sky.
        effort: How many times the usual number of samples its light needs.
        key: Where the photo's median brightness shall lie in linear light, 0..1: 0.18 for daylight, less for evenings.
    """

    shapes: list[Shape]
    view: View
    sky: Floats
    sun: tuple[Point, Place] | None = None
    key: float = 0.17
    effort: int = 1


def matte(colour: Floats | Colour) -> Material:
    """A surface without gloss; a colour is sRGB, a texture linear."""
    return {"type": "twosided", "bsdf": {"type": "diffuse", "reflectance": _coloured(colour)}}


def glossy(
    colour: Floats | Colour, roughness: float = 0.35, metallic: float = 0.0, bump: tuple[Floats, float] | None = None
) -> Material:
    """Paint, plastic, glaze, varnish or metal; `bump` is a height map and its scale."""
    base = {"type": "principled", "base_color": _coloured(colour), "roughness": roughness, "metallic": metallic}
    if bump is not None:
        base = {"type": "bumpmap", "texture": bump[0], "scale": bump[1], "bsdf": base}
    return {"type": "twosided", "bsdf": base}


def foliage(colour: Floats, roughness: float = 0.42, through: float = 0.7) -> Material:
    """Leaves and petals: some gloss, and light that shines through (0 none, 2 all)."""
    return {"type": "principledthin", "base_color": colour, "roughness": roughness, "diff_trans": through}


def lamp(mesh: Mesh, radiance: Place) -> Shape:
    """A body that shines."""
    return Shape(mesh, matte((0.1, 0.1, 0.1)), radiance)


def plain_sky(radiance: float, colour: Colour = (1.0, 1.0, 1.0)) -> Floats:
    """The same light from everywhere: a room's, of walls that are not built."""
    return np.broadcast_to(to_linear(colour) * np.float32(radiance), (16, 32, 3)).astype(np.float32)


def _coloured(colour: Floats | Colour) -> Any:
    if isinstance(colour, tuple):
        return {"type": "rgb", "value": [float(channel) for channel in to_linear(colour)]}
    return colour
