from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calib_data.tensors import load_input, resize_depth
from tests.calib_data.pictures import make_depth, make_photo


@given(
    height=st.integers(1, 24),
    width=st.integers(1, 24),
    depth=st.none() | st.tuples(st.integers(1, 40), st.integers(1, 40)),
)
def test_input_is_half_the_photo_with_depth_as_fourth_channel(
    height: int, width: int, depth: tuple[int, int] | None
) -> None:
    pixels = make_photo(0, 2 * height, 2 * width)
    tensor = load_input(pixels, None if depth is None else np.full(depth, 0.25, np.float32))
    assert tensor.shape == (height, width, 3 if depth is None else 4)
    assert tensor.dtype == np.float32
    np.testing.assert_allclose(tensor[0, 0, :3], pixels[:2, :2].mean(axis=(0, 1)), rtol=1e-5)
    if depth is not None:
        np.testing.assert_allclose(tensor[..., 3], 0.25, rtol=1e-6)


def test_depth_keeps_its_ramp() -> None:
    resized = resize_depth(make_depth(512, 768), 128, 192)
    np.testing.assert_allclose(resized, make_depth(128, 192), atol=0.005)


def test_depth_at_its_size_is_untouched() -> None:
    depth = make_depth(64, 96)
    assert resize_depth(depth, 64, 96) is depth


@pytest.mark.parametrize("size", [(32, 48), (300, 100)])
def test_depth_of_any_size_is_brought_to_the_input(size: tuple[int, int]) -> None:
    assert load_input(make_photo(0, 128, 192), make_depth(*size)).shape == (64, 96, 4)
