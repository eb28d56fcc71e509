"""What is in focus: found where the target kept the detail, whatever its exposure, and by depth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from pynet_tf.focus import area_at_focus_depth, sharp_area

SIDE = 512


@pytest.fixture(scope="module")
def textured() -> np.ndarray:
    random = np.random.default_rng(1)
    grain = ndimage.gaussian_filter(random.normal(0, 1, (SIDE, SIDE)), 1)
    coarse = ndimage.gaussian_filter(random.normal(0, 1, (SIDE, SIDE)), 40)
    luma = 0.4 + 0.1 * coarse / coarse.std() + 0.06 * grain / grain.std()
    return np.clip(np.repeat(luma[..., None], 3, axis=2), 0, 1).astype(np.float32)


def half_blurred(photo: np.ndarray) -> np.ndarray:
    """The left half stays, the right half is out of focus."""
    blurred = ndimage.gaussian_filter(photo, (6, 6, 0))
    blurred[:, : SIDE // 2] = photo[:, : SIDE // 2]
    return blurred


@pytest.mark.parametrize("gain", [0.7, 1.0, 1.3])
@pytest.mark.parametrize("shift", [0, 3])
def test_what_kept_its_detail_is_in_focus_at_any_exposure_and_a_little_off(textured, gain: float, shift: int) -> None:
    area = sharp_area(textured, np.roll(np.clip(half_blurred(textured) * gain, 0, 1), shift, axis=1))
    assert area[:, 20 : SIDE // 2 - 20].mean() > 0.98
    assert area[:, SIDE // 2 + 20 : -20].mean() < 0.02


def test_a_target_that_is_the_photo_is_in_focus_everywhere(textured) -> None:
    assert sharp_area(textured, textured).mean() > 0.99


def test_a_plain_wall_says_nothing(textured) -> None:
    plain = np.full_like(textured, 0.5)
    assert not sharp_area(plain, plain).any()
    assert not sharp_area(np.zeros_like(plain), np.zeros_like(plain)).any()


def test_a_plain_strip_between_sharp_edges_is_filled() -> None:
    photo = np.full((SIDE, SIDE, 3), 0.2, np.float32)
    photo[:, 250:266] = 0.8
    area = sharp_area(photo, photo)
    assert area[:, 250:266].all()
    assert area.mean() < 0.15


def test_the_disc_of_a_light_is_no_detail(textured) -> None:
    photo = ndimage.gaussian_filter(textured, (30, 30, 0))
    target = photo.copy()
    rows, columns = np.indices((SIDE, SIDE)) - 256
    photo[254:258, 254:258] = 1
    target[rows**2 + columns**2 < 30**2] = 0.95
    assert sharp_area(photo, target).mean() < 0.002


def test_depth_takes_in_all_that_lies_at_the_depth_in_focus() -> None:
    depth = np.full((100, 100), 0.1, np.float32)
    depth[:, :60], depth[:, 60:70] = 0.7, 0.9
    sharp = np.zeros((100, 100), bool)
    sharp[20:60, 10:50] = True
    area = area_at_focus_depth(depth, sharp)
    assert (area == (depth == np.float32(0.7))).all()


@pytest.mark.parametrize("end", [0.0, 1.0])
def test_the_ends_of_the_depths_can_be_in_focus(end: float) -> None:
    depth = np.full((100, 100), end, np.float32)
    depth[:, 40:] = 0.5
    sharp = np.zeros((100, 100), bool)
    sharp[:, 5:35] = True
    assert (area_at_focus_depth(depth, sharp) == (depth == np.float32(end))).all()


def test_too_little_that_is_sharp_tells_no_depth() -> None:
    sharp = np.zeros((100, 100), bool)
    sharp[:9, :9] = True
    assert not area_at_focus_depth(np.full((100, 100), 0.5, np.float32), sharp).any()
