"""The compiled figures are those of `pynet_tf.metrics`."""

from __future__ import annotations

import numpy as np
import pytest

from convert.reporting.compiled import Measured, measure
from pynet_tf.metrics import Comparison, Figures
from tests.conftest import smooth_picture


def close(found: Measured, wanted: Figures) -> bool:
    pairs = (
        (found.psnr, wanted.psnr),
        (found.ssim, wanted.ssim_gauss11),
        (found.ms_ssim, wanted.ms_ssim),
        (found.ciede2000, wanted.ciede2000),
    )
    return all(ours == pytest.approx(theirs, rel=2e-3, abs=2e-4) for ours, theirs in pairs)


@pytest.mark.parametrize(("height", "width"), [(192, 256), (177, 203)])
@pytest.mark.parametrize("noise", [0.2, 0.01, 0.0005])
def test_they_agree_over_the_frame_and_in_areas(height: int, width: int, noise: float) -> None:
    random = np.random.default_rng(int(1 / noise))
    reference = smooth_picture(random, height, width).astype(np.float32)
    picture = np.clip(reference + random.normal(0, noise, reference.shape), 0, 1).astype(np.float32)
    area = np.zeros((height, width), bool)
    area[: height // 2 + 10, 30:] = True
    comparison = Comparison(reference, picture)
    whole, inside = measure(reference, picture, [np.ones_like(area), area])
    assert close(whole, comparison.figures())
    assert close(inside, comparison.figures(area))


def test_greys_black_and_white_and_equal_pictures_agree() -> None:
    ramp = np.linspace(0, 1, 192, dtype=np.float32)[:, np.newaxis, np.newaxis] * np.ones((1, 200, 3), np.float32)
    everywhere = np.ones(ramp.shape[:2], bool)
    for picture in (ramp, 1 - ramp, ramp * np.array([1, 0.9, 0.5], np.float32)):
        assert close(measure(ramp, picture, [everywhere])[0], Comparison(ramp, picture).figures())
    equal = measure(ramp, ramp, [everywhere])[0]
    assert (equal.psnr, equal.ciede2000) == (150, pytest.approx(0, abs=1e-5))
