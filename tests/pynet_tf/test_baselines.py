"""The best single Gaussian: the blur is scipy's, and the sigma is the one that blurring and comparing finds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from pynet_tf.baselines import SIGMA_STEP, GaussianSearch, gaussian_blur
from pynet_tf.metrics import psnr
from tests.conftest import smooth_picture


@settings(max_examples=10, deadline=None)
@given(st.integers(64, 100), st.integers(64, 100), st.floats(1.0, 12.0))
def test_the_blur_is_a_gaussian_mirrored_at_the_edges(height: int, width: int, sigma: float) -> None:
    photo = smooth_picture(np.random.default_rng(height), height, width).astype(np.float32)
    wanted = ndimage.gaussian_filter(photo.astype(float), (sigma, sigma, 0), mode="reflect", truncate=8)
    assert gaussian_blur(photo, sigma) == pytest.approx(wanted, abs=2e-3)


@pytest.mark.parametrize("sigma", [0.0, 0.8, 3.0, 9.0])
def test_the_sigma_by_which_a_target_was_made_is_found(sigma: float) -> None:
    photo = smooth_picture(np.random.default_rng(2), 96, 128).astype(np.float32)
    search = GaussianSearch()
    search.add(photo, gaussian_blur(photo, sigma))
    assert search.best().sigma == pytest.approx(sigma, rel=SIGMA_STEP - 1)


def test_one_sigma_is_chosen_by_the_mean_over_the_set() -> None:
    random = np.random.default_rng(3)
    photos = [smooth_picture(random, 96, 128).astype(np.float32) for _ in range(3)]
    targets = [gaussian_blur(photo, sigma) for photo, sigma in zip(photos, (1.0, 2.0, 6.0), strict=True)]
    noisy = [np.clip(t + random.normal(0, 0.03, t.shape), 0, 1).astype(np.float32) for t in targets]
    search = GaussianSearch()
    for photo, target in zip(photos, noisy, strict=True):
        search.add(photo, target)
    best = search.best()

    def mean_psnr(sigma: float) -> float:
        return float(np.mean([psnr(t, gaussian_blur(p, sigma)) for p, t in zip(photos, noisy, strict=True)]))

    assert best.mean_psnr == pytest.approx(mean_psnr(best.sigma), abs=1e-3)
    assert all(best.mean_psnr >= mean_psnr(best.sigma * factor) - 1e-3 for factor in (0.7, 0.95, 1.05, 1.4))


def test_without_pairs_there_is_no_best() -> None:
    with pytest.raises(ValueError, match="no pairs"):
        GaussianSearch().best()
