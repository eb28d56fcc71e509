from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage, signal

from calib_data.alignment import measure_shift, scene_likeness
from calib_data.features import luma
from tests.calib_data.pictures import WIDTH, make_photo

PICTURE = luma(make_photo(1))
OTHER = luma(make_photo(2))
SOFT = ndimage.gaussian_filter(luma(make_photo(3, 512, 768)), 1.0)


def _disc(radius: int) -> NDArray[np.float32]:
    down, right = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    disc = (down**2 + right**2 <= radius**2).astype(np.float32)
    return disc / disc.sum()


def _defocused(picture: NDArray[np.float32], radius: int) -> NDArray[np.float32]:
    """As a camera defocuses: by a disc, and rounded to 8 bits."""
    blurred = signal.fftconvolve(np.pad(picture, radius, mode="reflect"), _disc(radius), mode="valid")
    return (np.rint(blurred * 255) / 255).astype(np.float32)


def _target(picture: NDArray[np.float32], radius: int) -> NDArray[np.float32]:
    """In focus in the middle third alone."""
    target = _defocused(picture, radius)
    third = slice(WIDTH // 3, 2 * WIDTH // 3)
    target[:, third] = picture[:, third]
    return target


@settings(max_examples=25, deadline=None)
@given(down=st.integers(-20, 20), right=st.integers(-20, 20), gain=st.floats(0.6, 1.0), radius=st.integers(2, 12))
def test_shift_is_found_through_defocus_and_exposure(down: int, right: int, gain: float, radius: int) -> None:
    moved = np.roll(_target(PICTURE, radius) * np.float32(gain), (down, right), (0, 1))
    shift = measure_shift(PICTURE, moved)
    assert shift.clear
    assert shift.down == pytest.approx(down, abs=0.3)
    assert shift.right == pytest.approx(right, abs=0.3)
    assert shift.pixels == pytest.approx(np.hypot(down, right), abs=0.5)


def test_what_is_in_focus_decides_where_subject_and_background_have_moved_apart() -> None:
    target = _defocused(PICTURE, 4)
    third = slice(WIDTH // 3, 2 * WIDTH // 3)
    target[:, third] = np.roll(PICTURE, (0, 6), (0, 1))[:, third]
    shift = measure_shift(PICTURE, target)
    assert shift.clear
    assert shift.right == pytest.approx(6, abs=0.3)


@pytest.mark.parametrize("radius", [2, 3, 4, 6, 10])
@pytest.mark.parametrize("picture", [PICTURE, SOFT], ids=["crisp", "soft"])
def test_a_ring_of_defocus_is_not_taken_for_a_shift(picture: NDArray[np.float32], radius: int) -> None:
    shift = measure_shift(picture, _defocused(picture, radius))
    assert not shift.clear or shift.pixels < 1


def test_the_share_in_focus_is_told() -> None:
    assert measure_shift(PICTURE, _target(PICTURE, 6)).focus == pytest.approx(1 / 3, abs=0.07)
    assert measure_shift(PICTURE, PICTURE).focus == pytest.approx(1, abs=0.01)
    assert measure_shift(PICTURE, _defocused(PICTURE, 10)).focus == pytest.approx(0, abs=0.01)


def test_a_fraction_of_a_pixel_is_found() -> None:
    moved = ndimage.shift(PICTURE, (0, 0.4), order=3, mode="reflect")
    assert measure_shift(PICTURE, moved).right == pytest.approx(0.4, abs=0.2)


def test_other_pictures_have_no_clear_shift() -> None:
    assert not measure_shift(PICTURE, OTHER).clear


def test_constant_pictures_have_no_shift() -> None:
    assert not measure_shift(np.zeros_like(PICTURE), PICTURE).clear
    assert not measure_shift(PICTURE, np.zeros_like(PICTURE)).clear


def test_a_blurred_scene_stays_alike_and_another_is_not() -> None:
    assert scene_likeness(PICTURE, ndimage.gaussian_filter(PICTURE, 6) * 1.3) > 0.9
    assert scene_likeness(PICTURE, OTHER) < 0.5
    assert scene_likeness(PICTURE, np.zeros_like(PICTURE)) == 0.0
