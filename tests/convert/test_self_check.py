"""The picture inside an artifact by which an app sees whether a phone computes right."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convert.runners import load_artifact
from convert.self_check import BOKEH_NAME, PHOTO_NAME, STEP, repeated, self_check, tile
from tests.convert.conftest import SIZE

SHAPE = (1, *SIZE.tensor, 3)


def unpacked(content: bytes) -> np.ndarray:
    return np.load(io.BytesIO(content), allow_pickle=False)


@pytest.mark.parametrize("channels", [3, 4])
def test_the_tile_is_always_the_same_and_has_something_to_tell(channels: int) -> None:
    pixels = tile(channels)
    assert pixels.shape == (64, 64, channels)
    assert pixels.dtype == np.uint8
    assert (pixels == tile(channels)).all()
    assert np.ptp(pixels, axis=(0, 1)).min() > 100
    assert np.abs(np.diff(pixels.astype(int), axis=0)).max() > 40  # edges, not blots alone


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 300), st.integers(1, 300))
def test_the_tile_is_repeated_by_reflection(height: int, width: int) -> None:
    pixels = tile(3)
    photo = repeated(pixels, height, width)
    assert photo.shape == (1, height, width, 3)
    assert photo.dtype == np.float32
    row, column = (np.abs((np.arange(length) + 63) % 126 - 63) for length in (height, width))
    assert (photo[0] == pixels[row][:, column].astype(np.float32) / 255).all()


@pytest.mark.parametrize("recipe", ["float32", "int8"])
def test_what_is_stored_is_what_the_artifact_makes_of_it(files: dict[str, Path], recipe: str, tmp_path: Path) -> None:
    inside = self_check(files[recipe], SHAPE, tmp_path, threads=1)
    assert set(inside) == {PHOTO_NAME, BOKEH_NAME}
    photo, bokeh = unpacked(inside[PHOTO_NAME]), unpacked(inside[BOKEH_NAME])
    assert (photo == tile(3)).all()
    assert bokeh.dtype == np.uint8
    made = load_artifact(files[recipe]).run(repeated(photo, *SHAPE[1:3]))[0, ::STEP, ::STEP]
    assert bokeh.shape == made.shape == (16, 24, 3)
    assert np.abs(bokeh - made * 255).max() <= 1
    assert np.ptp(bokeh) > 50
    assert not list(tmp_path.glob("*.npy")), "what was made on the way is left behind"


def test_an_artifact_that_does_not_run_has_none(files: dict[str, Path], tmp_path: Path) -> None:
    broken = tmp_path / "broken.tflite"
    broken.write_bytes(files["float32"].read_bytes()[:-20000])
    assert self_check(broken, SHAPE, tmp_path, threads=1) == {}
