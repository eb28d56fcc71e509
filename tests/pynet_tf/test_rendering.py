"""Photos of any size come back in their size, with their detail where the network kept it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from calib_data.errors import UserError
from calib_data.sizes import PhotoSize
from pynet_tf.detail import kept_detail, resized, restore_detail
from pynet_tf.rendering import fit_photo, focus_depth, render

FREE = (1, None, None, 3)


def smooth(height: int, width: int) -> np.ndarray:
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    return np.stack([x / width, y / height, 0.5 + 0.4 * np.sin(x / 60) * np.cos(y / 60)], axis=2).astype(np.float32)


def textured(height: int, width: int) -> np.ndarray:
    noise = np.random.default_rng(0).random((height, width, 3), dtype=np.float32)
    return (0.5 * smooth(height, width) + 0.5 * ndimage.gaussian_filter(noise, (1, 1, 0)) * 1.5).clip(0, 1)


def double(tensor: np.ndarray) -> np.ndarray:
    """A network that changes nothing: its input at twice the size, bilinear."""
    from PIL import Image

    colours = tensor[0, ..., :3]
    return resized(colours, 2 * len(colours), 2 * colours.shape[1], Image.Resampling.BILINEAR)[np.newaxis]


def blur(picture: np.ndarray, sigma: float = 6) -> np.ndarray:
    return ndimage.gaussian_filter(picture, (sigma, sigma, 0))


@settings(max_examples=25, deadline=None)
@given(st.integers(64, 400), st.integers(64, 400), st.booleans())
def test_any_size_is_kept_and_a_network_that_changes_nothing_returns_the_photo(
    height: int, width: int, detail: bool
) -> None:
    photo = smooth(height, width)
    shapes = []

    def run(tensor: np.ndarray) -> np.ndarray:
        shapes.append(tensor.shape)
        return double(tensor)

    result = render(photo, run, FREE, always_detail=detail)
    assert result.shape == photo.shape
    assert result.dtype == np.float32
    assert np.abs(result - photo).max() < 0.03
    assert shapes[0][1] % 32 == shapes[0][2] % 32 == 0


@settings(max_examples=25, deadline=None)
@given(st.integers(64, 700), st.integers(64, 700), st.sampled_from([(64, 128), (160, 96), (256, 256)]))
def test_any_size_through_a_file_of_fixed_size(height: int, width: int, tensor_size: tuple[int, int]) -> None:
    photo = smooth(height, width)

    def run(tensor: np.ndarray) -> np.ndarray:
        assert tensor.shape == (1, *tensor_size, 3)
        return double(tensor)

    result = render(photo, run, (1, *tensor_size, 3))
    assert result.shape == photo.shape
    assert np.abs(result - photo).mean() < 0.02


@settings(max_examples=100)
@given(st.integers(64, 9000), st.integers(64, 5800), st.sampled_from([FREE, (1, 512, 768, 3), (1, 768, None, 3)]))
def test_a_fit_never_enlarges_keeps_the_aspect_and_lies_within_the_padded_size(
    height: int, width: int, shape: tuple[int | None, ...]
) -> None:
    fit = fit_photo(height, width, shape)
    seen = fit.scaled[::-1] if fit.turned else fit.scaled
    assert fit.scaled[0] <= height
    assert fit.scaled[1] <= width
    assert abs(fit.scaled[0] * width - fit.scaled[1] * height) <= max(height, width)
    assert seen[0] <= fit.padded.height
    assert seen[1] <= fit.padded.width
    assert fit.padded.height % 64 == fit.padded.width % 64 == 0


def test_sizes_at_which_a_network_runs() -> None:
    assert fit_photo(1024, 1518, FREE).padded == PhotoSize(1024, 1536)
    assert fit_photo(4000, 3000, FREE).scaled == (1365, 1024)
    assert fit_photo(1000, 20000, FREE).scaled == (154, 3072)
    turned = fit_photo(4000, 3000, (1, 512, 768, 3))
    assert (turned.turned, turned.padded, turned.scaled) == (True, PhotoSize(1024, 1536), (1365, 1024))
    assert not fit_photo(300, 200, (1, 512, 768, 3)).turned


def test_the_networks_output_is_returned_as_it_is_where_nothing_was_scaled() -> None:
    photo = textured(200, 300)
    result = render(photo, lambda tensor: np.full_like(double(tensor), 0.25), FREE)
    assert (result == 0.25).all()


@pytest.mark.parametrize("size", [(1500, 1201), (640, 1280)])
def test_what_the_network_keeps_has_the_photos_own_detail_and_what_it_blurs_has_none(size: tuple[int, int]) -> None:
    """The left half is kept and the right half blurred; the photo is scaled by 2 or more."""
    photo = textured(*size)

    def run(tensor: np.ndarray) -> np.ndarray:
        picture = double(tensor)[0]
        kept = np.linspace(0, 1, picture.shape[1])[:, np.newaxis] < 0.5
        return np.where(kept, picture, blur(picture))[np.newaxis].astype(np.float32)

    result = render(photo, run, (1, 256, 512, 3) if size[0] < size[1] else (1, 512, 256, 3))
    assert result.shape == photo.shape
    left, right = slice(0, int(0.45 * size[1])), slice(int(0.55 * size[1]), None)
    assert np.abs(result[:, left] - photo[:, left]).mean() < 0.004
    detail = [np.abs(picture - blur(picture, 2))[:, right].mean() for picture in (result, photo)]
    assert detail[0] < 0.1 * detail[1]


def test_kept_detail_is_one_where_nothing_changed_even_without_any_detail() -> None:
    assert (kept_detail(np.full((64, 96, 3), 0.5, np.float32), np.full((64, 96, 3), 0.4, np.float32)) > 0.99).all()
    picture = textured(128, 161)
    assert (kept_detail(picture, picture) > 0.99).all()
    assert kept_detail(picture, blur(picture)).max() < 0.1
    brighter = (0.8 * picture + 0.1).astype(np.float32)
    assert kept_detail(picture, brighter).min() > 0.9


def test_bands_leave_no_seams() -> None:
    """A photo of several bands against its upper part in one."""
    seen = textured(300, 100)
    bokeh = blur(seen, 3)
    photo = resized(seen, 600, 200)
    result = restore_detail(photo, seen, bokeh)
    jumps = np.abs(np.diff(result.mean(axis=(1, 2)), n=2))
    assert jumps[255] < 4 * np.median(jumps) + 1e-3


def test_depth_reaches_the_network_as_the_fourth_channel() -> None:
    received = []

    def run(tensor: np.ndarray) -> np.ndarray:
        received.append(tensor)
        return double(tensor)

    depth = np.tile(np.linspace(0, 1, 40, dtype=np.float32), (30, 1))
    render(smooth(128, 192), run, (1, None, None, 4), depth)
    assert received[0].shape == (1, 64, 96, 4)
    assert received[0][..., 3].min() >= 0
    assert (np.diff(received[0][0, 10, :, 3]) >= -1e-6).all()
    assert received[0][0, 10, -1, 3] > 0.97


def test_a_missing_or_useless_depth_map_is_refused() -> None:
    with pytest.raises(UserError, match="takes a depth map") as refusal:
        render(smooth(64, 64), double, (1, None, None, 4))
    assert "--focus" in refusal.value.fix
    with pytest.raises(UserError, match="takes no depth"):
        render(smooth(64, 64), double, FREE, np.zeros((8, 8), np.float32))


@given(st.integers(64, 300), st.integers(64, 300), st.floats(0, 1), st.floats(0, 1))
def test_a_focus_is_nearest_at_its_point_and_falls_off(height: int, width: int, down: float, right: float) -> None:
    row, column = int(down * (height - 1)), int(right * (width - 1))
    depth = focus_depth(height, width, column, row)
    assert depth.shape == (height, width)
    assert depth.dtype == np.float32
    assert depth[row, column] == depth.max() == 1
    assert depth.min() >= 0
    assert (np.diff(depth[row, column:]) <= 0).all()


def test_a_focus_in_a_large_photo_or_outside_of_one() -> None:
    depth = focus_depth(4096, 6144, 3000, 1000)
    assert depth.shape == (1024, 1536)
    assert np.unravel_index(depth.argmax(), depth.shape) == (250, 750)
    for point in ((6144, 0), (-1, 5), (0, 4096), (float("nan"), 0)):
        with pytest.raises(UserError, match="outside of the photo"):
            focus_depth(4096, 6144, *point)


def test_values_that_are_no_numbers_are_refused_and_not_drawn_black() -> None:
    with pytest.raises(UserError, match="gives values that are no numbers"):
        render(smooth(128, 192), lambda tensor: double(tensor) * np.float32(np.nan), FREE)
