from __future__ import annotations

import math

import numpy as np
import pytest

from calib_data.scenes import lathe
from calib_data.scenes.arrays import Array
from calib_data.scenes.lathe import Turned
from calib_data.scenes.lens import Camera, Lens
from calib_data.scenes.light import Caster, daylight, ground_shadow
from calib_data.scenes.planes import ground, plane_layer, wall
from calib_data.scenes.solids import ball, blob
from calib_data.scenes.stamps import Stamp, layers_of, leaf
from calib_data.scenes.surfaces import Finish
from calib_data.scenes.textures import Texture

CAMERA = Camera(256, 384, 12, altitude=1.0, pitch=math.radians(10), lens=Lens(2.0, 1.8))
LIGHT = daylight(np.random.default_rng(1), "overcast")
PLAIN = Finish(Texture.of(np.full((64, 64, 3), 0.4, np.float32), 0.5), 0.0)


def point(x: float, y: float, z: float) -> Array:
    return np.array([x, y, z], np.float32)


def test_the_ground_lies_where_the_camera_projects_it() -> None:
    layer = plane_layer(CAMERA, ground(farthest=50), lambda seen: seen.world)
    assert layer is not None and isinstance(layer.inverse_depth, np.ndarray)
    row, column, depth = CAMERA.project(point(0.3, 0, 6))
    at = int(row) - layer.top, int(column) - layer.left
    np.testing.assert_allclose(layer.pixels[at][:3], [0.3, 0, 6], atol=0.2)
    assert 1 / layer.inverse_depth[at] == pytest.approx(float(depth), rel=0.02)
    assert layer.order == pytest.approx(50, rel=0.1)


def test_a_wall_ends_at_its_edges() -> None:
    layer = plane_layer(CAMERA, wall(-0.2, 5, 0.0, 0.4, 1.2), lambda seen: seen.world * 0 + 0.5)
    assert layer is not None
    assert layer.pixels.shape[1] == pytest.approx(0.4 / 5 * CAMERA.focal, rel=0.1)
    assert layer.pixels[..., 3].max() == 1


def test_what_lies_behind_the_camera_or_aside_is_not_drawn() -> None:
    assert plane_layer(CAMERA, wall(-1, -3, 0.0, 2, 2), lambda seen: seen.world) is None
    assert plane_layer(CAMERA, wall(90, 5, 0.0, 2, 2), lambda seen: seen.world) is None
    assert ball(CAMERA, LIGHT, point(0, 1, -2), 0.2, PLAIN) is None
    assert lathe.lathe(CAMERA, LIGHT, point(50, 0, 3), Turned(lathe.POST, 0.1, 1), PLAIN) is None


@pytest.mark.parametrize("outline", [lathe.POST, lathe.POT, lathe.BOTTLE, lathe.FINIAL])
def test_turned_bodies_are_as_wide_as_their_radius(outline: lathe.Outline) -> None:
    layer = lathe.lathe(CAMERA, LIGHT, point(0, 0.5, 3), Turned(outline, 0.08, 0.3), PLAIN)
    assert layer is not None and layer.inverse_depth == pytest.approx(1 / float(CAMERA.project(point(0, 0.5, 3))[2]))
    widest = layer.pixels[..., 3].sum(1).max()
    assert widest == pytest.approx(2 * 0.08 * max(r for _, r in outline) * CAMERA.focal / 3, rel=0.12)
    assert np.all(np.isfinite(layer.pixels)) and layer.pixels.min() >= 0


def test_balls_and_stones_cover_about_their_disc() -> None:
    where, expected = point(0.1, 0.6, 3), math.pi * (0.1 * CAMERA.focal / 3.03) ** 2
    sphere = ball(CAMERA, LIGHT, where, 0.1, PLAIN)
    rock = blob(np.random.default_rng(2), CAMERA, LIGHT, where, 0.1, PLAIN)
    assert sphere is not None and rock is not None
    assert sphere.pixels[..., 3].sum() == pytest.approx(expected, rel=0.05)
    assert rock.pixels[..., 3].sum() == pytest.approx(expected * 0.8, rel=0.4)


@pytest.mark.parametrize("shape", ["ovate", "lance", "round", "lobed", "oak", "petal"])
@pytest.mark.parametrize("length", [2.0, 9.0, 120.0])
def test_leaves_of_any_size_are_inside_their_stamp(shape: str, length: float) -> None:
    stamp = leaf(np.random.default_rng(3), shape, length, 0.7, 0.8)
    alpha = stamp[..., 3]
    assert np.all(np.isfinite(stamp)) and alpha.min() >= 0 and alpha.max() <= 1 and stamp.min() >= 0
    if length > 2:
        assert 0.05 < alpha.mean() < 0.8 and np.all(stamp[..., :3][alpha == 0] == 0)


def test_stamps_are_layered_by_their_blur() -> None:
    pixels = np.ones((4, 4, 4), np.float32)
    depths = [2.0, 2.001, 4.0, 4.01, 20.0]
    stamps = [Stamp(pixels, 60, 60 + 8 * place, depth, np.ones(3, np.float32)) for place, depth in enumerate(depths)]
    layers = layers_of(stamps, CAMERA)
    assert sorted(layer.order for layer in layers) == pytest.approx([2.0005, 4.005, 20.0], rel=1e-4)
    assert layers_of([Stamp(pixels, -90, 10, 2.0, np.ones(3, np.float32))], CAMERA) == []


def test_things_shade_the_ground_beside_them() -> None:
    sunny = daylight(np.random.default_rng(4), "sunny")
    x, z = (axis.astype(np.float32) for axis in np.meshgrid(np.linspace(-3, 3, 61), np.linspace(2, 8, 61)))
    sun, sky = ground_shadow(x, z, [Caster(0, 5, 0.2, 1.0)], sunny)
    assert sun.min() < 0.05 and 0.001 < (sun < 0.5).mean() < 0.2 and sky[30, 30] < 0.5
    assert sky[0, 0] == pytest.approx(1, abs=1e-3)
