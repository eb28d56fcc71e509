from __future__ import annotations

import numpy as np
import pytest

from calib_data.scenes.arrays import Array
from calib_data.scenes.layers import Layer, blur_levels, composite_blurred, composite_sharp, merged
from calib_data.scenes.lens import Camera, Lens

CAMERA = Camera(128, 160, 12, altitude=1.0, pitch=0.0, lens=Lens(2.0, 1.434))
FAR, FOCUS, NEAR = 20.0, 2.0, 1.2


def flat(
    colour: tuple[float, float, float], depth: float, rows: slice = slice(None), columns: slice = slice(None)
) -> Layer:
    alpha = np.zeros((*CAMERA.canvas, 1), np.float32)
    alpha[rows, columns] = 1
    pixels = np.concatenate([alpha * np.asarray(colour, np.float32), alpha], -1)
    return Layer(pixels, 0, 0, 1 / depth, depth)


def inner(image: Array) -> Array:
    return image[CAMERA.margin : -CAMERA.margin, CAMERA.margin : -CAMERA.margin]


def test_far_and_near_layers_are_sorted_whatever_their_order() -> None:
    red, green = flat((1, 0, 0), FAR), flat((0, 1, 0), FOCUS, columns=slice(0, 90))
    image, inverse_depth = composite_sharp([green, red], CAMERA.canvas)
    assert image[64, 20].tolist() == [0, 1, 0] and image[64, 150].tolist() == [1, 0, 0]
    assert inverse_depth[64, 20] == pytest.approx(1 / FOCUS) and inverse_depth[64, 150] == pytest.approx(1 / FAR)


def test_what_is_in_focus_equals_the_original_where_nothing_blurred_reaches() -> None:
    random = np.random.default_rng(3)
    subject = flat((0, 0, 0), FOCUS, slice(40, 110), slice(50, 120))
    subject.pixels[40:110, 50:120, :3] = random.random((70, 70, 3), dtype=np.float32)
    layers = [flat((0.2, 0.3, 0.9), FAR), subject]
    sharp, _ = composite_sharp(layers, CAMERA.canvas)
    np.testing.assert_allclose(composite_blurred(layers, CAMERA)[40:110, 50:120], sharp[40:110, 50:120], atol=1e-5)


@pytest.mark.parametrize("depth", [FAR, NEAR])
def test_no_dark_fringe_where_white_meets_white(depth: float) -> None:
    layers = [flat((1, 1, 1), 50.0), flat((1, 1, 1), depth, columns=slice(0, 90))]
    np.testing.assert_allclose(inner(composite_blurred(layers, CAMERA)), 1, atol=2e-3)


def test_a_blurred_edge_mixes_linearly_with_what_lies_behind_it() -> None:
    edge = 92
    image = composite_blurred([flat((0, 0, 1), FOCUS), flat((1, 0, 0), NEAR, columns=slice(0, edge))], CAMERA)
    row = image[70]
    np.testing.assert_allclose(row.sum(-1), 1, atol=2e-3)
    assert (row[edge - 1, 0] + row[edge, 0]) / 2 == pytest.approx(0.5, abs=0.02)
    assert np.all(np.diff(row[edge - 20 : edge + 20, 0]) <= 1e-4)


def test_behind_a_sharp_edge_the_background_is_complete() -> None:
    """The subject's colour must not bleed into the blurred background, nor leave a hole beside it."""
    layers = [flat((0, 1, 0), FAR), flat((1, 0, 0), FOCUS, columns=slice(0, 90))]
    image = composite_blurred(layers, CAMERA)
    np.testing.assert_allclose(
        inner(image)[:, 90 - CAMERA.margin :], np.broadcast_to([0, 1, 0], (128, 82, 3)), atol=2e-3
    )


def test_a_small_light_becomes_a_coloured_disc_and_keeps_its_power() -> None:
    lamp = np.zeros((4, 4, 4), np.float32)
    lamp[1:3, 1:3] = [20, 8, 2, 1]
    layers = [flat((0, 0, 0), 60.0), Layer(lamp, 70, 80, 1 / FAR, FAR)]
    image = composite_blurred(layers, CAMERA)
    assert image.sum((0, 1)) == pytest.approx(lamp[..., :3].sum((0, 1)), rel=0.02)
    middle = image[71:73, 81:83].mean((0, 1))
    assert middle[0] < 4 and middle[0] / middle[2] == pytest.approx(10, rel=0.02)


def test_blur_grows_smoothly_along_a_receding_surface() -> None:
    rows, columns = CAMERA.canvas
    stripes = (np.arange(columns) // 2 % 2).astype(np.float32)
    pixels = np.ones((rows, columns, 4), np.float32)
    pixels[..., :3] = stripes[None, :, None]
    inverse_depth = np.linspace(1 / FAR, 1 / FOCUS, rows, dtype=np.float32)[:, None] * np.ones((1, columns), np.float32)
    image = composite_blurred([Layer(pixels, 0, 0, inverse_depth, FAR)], CAMERA)
    contrast = inner(image)[..., 0].std(1)
    assert contrast[-1] > 0.45 and contrast[10] < 0.05
    smooth = np.convolve(contrast, np.ones(3) / 3, "valid")
    assert np.abs(np.diff(smooth)).max() < 0.06


def test_a_plain_receding_surface_stays_plain() -> None:
    rows, columns = CAMERA.canvas
    pixels = np.full((rows, columns, 4), 0.6, np.float32)
    pixels[..., 3] = 1
    inverse_depth = np.tile(np.linspace(0.05, 0.9, rows, dtype=np.float32)[:, None], (1, columns))
    image = composite_blurred([Layer(pixels, 0, 0, inverse_depth, FAR)], CAMERA)
    np.testing.assert_allclose(inner(image), 0.6, atol=2e-3)


def test_levels_rise_to_the_largest() -> None:
    levels = blur_levels(0.3, 40)
    assert levels[0] == 1 and levels[-1] >= 40 and np.all(np.diff(levels) > 0)


def test_faces_of_one_body_leave_no_seam() -> None:
    seam = 80.4
    cover = np.clip(seam - np.arange(160, dtype=np.float32), 0, 1)[None, :, None] * np.ones((30, 1, 1), np.float32)
    left = Layer(np.repeat(cover, 4, -1), 50, 0, 0.8, 1.0)
    right = Layer(np.repeat(1 - cover, 4, -1), 50, 0, 0.8, 1.1)
    body = merged([left, right], 1.0)
    assert body is not None and float(body.pixels[..., 3].min()) == pytest.approx(1)
    assert merged([], 1.0) is None
