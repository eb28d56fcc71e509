from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from calib_data.features import luma
from calib_data.fingerprints import NEAR, difference_hash, near_duplicates
from tests.calib_data.pictures import make_photo


def test_a_photo_is_recognised_at_another_size_and_exposure() -> None:
    hashes = [difference_hash(luma(picture)) for picture in (make_photo(1), make_photo(1)[::2, ::2] * 0.8)]
    ((first, second, bits),) = near_duplicates(hashes)
    assert (first, second) == (0, 1)
    assert bits <= NEAR


def test_different_photos_are_kept_apart() -> None:
    assert list(near_duplicates([difference_hash(luma(make_photo(seed))) for seed in range(8)])) == []


def test_nothing_to_compare() -> None:
    assert list(near_duplicates([])) == []


@settings(deadline=None)
@given(st.lists(st.integers(0, 3), max_size=8))
def test_exactly_the_repeats_are_found(seeds: list[int]) -> None:
    hashes = [np.random.default_rng(seed).integers(0, 256, 32, dtype=np.uint8) for seed in seeds]
    expected = [(i, j, 0) for i in range(len(seeds)) for j in range(i + 1, len(seeds)) if seeds[i] == seeds[j]]
    assert list(near_duplicates(hashes)) == expected
