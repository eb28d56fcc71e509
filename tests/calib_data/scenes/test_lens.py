from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calib_data.scenes.lens import Camera, Lens, blur_reach, disc_blur

CAMERA = Camera(512, 768, 24, altitude=1.2, pitch=math.radians(8), lens=Lens(2.0, 1.8))


def test_thin_lens_formula() -> None:
    lens = Lens(focus_distance_m=2.0, f_number=1.8)
    aperture, focal, focus = 50 / 1.8, 50.0, 2000.0
    for depth in (0.8, 2.0, 5.0, 100.0):
        on_sensor = aperture * focal / (focus - focal) * (depth * 1000 - focus) / (depth * 1000)
        assert lens.confusion(1 / depth, 1024) == pytest.approx(on_sensor / 14.9 * 1024, abs=1e-6)


def test_blur_scales_with_the_height_of_the_photo() -> None:
    lens = Lens(1.5, 2.0)
    assert lens.confusion(0.1, 1024) == pytest.approx(2 * lens.confusion(0.1, 512))


@given(st.floats(-0.7, 0.7), st.floats(-0.5, 0.5), st.floats(0.5, 50))
def test_place_and_project_are_inverse(across: float, up: float, depth: float) -> None:
    row, column, seen = CAMERA.project(CAMERA.place(across, up, depth))
    rows, columns = CAMERA.canvas
    assert seen == pytest.approx(depth, rel=1e-3)
    assert column - columns / 2 == pytest.approx(across * CAMERA.height, abs=0.3)
    assert rows / 2 - row == pytest.approx(up * CAMERA.height, abs=0.3)


def test_rays_pass_through_the_points_that_project_there() -> None:
    x, y, z = CAMERA.rays()
    row, column, depth = CAMERA.project(
        np.array([x[0, 700], CAMERA.altitude + y[31, 0], z[31, 0]]) * [4, 1, 4] + [0, y[31, 0] * 3, 0]
    )
    assert (float(row), float(column)) == (pytest.approx(31.5, abs=0.1), pytest.approx(700.5, abs=0.1))
    assert depth == pytest.approx(4.0, rel=1e-4)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.floats(0, 70))
def test_disc_blur_keeps_the_sum(height: int, width: int, diameter: float) -> None:
    image = np.random.default_rng(1).random((height, width, 4), dtype=np.float32)
    blurred = disc_blur(image, diameter)
    reach = blur_reach(diameter)
    assert blurred.shape == (height + 2 * reach, width + 2 * reach, 4)
    np.testing.assert_allclose(blurred.sum((0, 1)), image.sum((0, 1)), rtol=2e-3, atol=0.05)


@pytest.mark.parametrize("diameter", [7.0, 15.0, 30.0, 60.0])
def test_a_point_becomes_an_even_disc(diameter: float) -> None:
    image = np.zeros((65, 65, 1), np.float32)
    image[32, 32] = 1
    disc = disc_blur(image, diameter)[..., 0]
    area = math.pi * diameter**2 / 4
    middle = disc.shape[0] // 2
    assert disc[middle, middle] * area == pytest.approx(1, rel=0.15)
    half = np.count_nonzero(disc > 0.5 / area)
    assert half == pytest.approx(area, rel=0.1)


def test_a_disc_no_wider_than_a_pixel_changes_nothing() -> None:
    image = np.random.default_rng(2).random((5, 6, 4), dtype=np.float32)
    np.testing.assert_array_equal(disc_blur(image, 1.0), image)
