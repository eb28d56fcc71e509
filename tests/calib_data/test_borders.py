from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from calib_data.borders import find_wedges
from tests.calib_data.pictures import HEIGHT, WIDTH, make_photo

PHOTO = make_photo(1)
TURNS = {"top": 0, "left": 1, "bottom": 2, "right": 3}


def _with_wedge(photo: NDArray[np.float32], border: str, length: int, depth: int) -> NDArray[np.float32]:
    turned = np.rot90(photo, -TURNS[border]).copy()
    edge = np.clip(depth * (1 - np.arange(turned.shape[1]) / length), 0, None)
    turned[np.arange(turned.shape[0])[:, None] < edge] = 0.0
    return np.rot90(turned, TURNS[border])


@settings(deadline=None)
@given(st.sampled_from(list(TURNS)), st.integers(40, HEIGHT), st.integers(5, 30))
def test_a_wedge_is_found_where_it_is(border: str, length: int, depth: int) -> None:
    (wedge,) = find_wedges(_with_wedge(PHOTO, border, length, depth))
    assert wedge.border == border
    assert wedge.depth == pytest.approx(depth, abs=2)
    assert wedge.length == pytest.approx(length, abs=length / depth + 2)


def test_a_band_of_even_height_is_found() -> None:
    photo = PHOTO.copy()
    photo[-12:] = 0.0
    (wedge,) = find_wedges(photo)
    assert (wedge.border, wedge.depth, wedge.length) == ("bottom", 12, WIDTH)


def test_a_wedge_survives_sensor_noise_beside_it_and_a_dark_object_in_it() -> None:
    photo = _with_wedge(PHOTO, "bottom", 200, 20)
    photo[-60:, 150:165] = 0.0
    assert [wedge.border for wedge in find_wedges(photo)] == ["bottom"]


def test_dark_scenery_with_a_ragged_edge_is_no_wedge() -> None:
    edge = 20 + 12 * np.sin(np.arange(WIDTH) / 1.5)
    photo = PHOTO.copy()
    photo[np.arange(HEIGHT)[:, None] < edge] = 0.0
    assert find_wedges(photo) == []


def test_dark_but_not_black_with_a_straight_edge_is_no_wedge() -> None:
    photo = PHOTO.copy()
    photo[:20] = np.random.default_rng(0).uniform(0.02, 0.06, (20, WIDTH, 3))
    assert find_wedges(photo) == []


@pytest.mark.parametrize("size", [(1, 1), (3, 5), (16, 16)])
def test_tiny_and_black_pictures_are_taken(size: tuple[int, int]) -> None:
    assert find_wedges(np.zeros((*size, 3), np.float32)) == []


def test_a_clean_photo_has_none() -> None:
    assert find_wedges(PHOTO) == []
