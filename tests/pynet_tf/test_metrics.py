"""The metrics against scikit-image, TensorFlow and the published formulas."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.color import rgb2lab
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from pynet_tf import metrics
from pynet_tf.metrics import SHORTEST_SIDE, Comparison, Figures, ciede2000_map, mean_figures, measurable, psnr
from tests.conftest import smooth_picture

SIDES = st.integers(SHORTEST_SIDE, SHORTEST_SIDE + 40)
quickly = settings(max_examples=8, deadline=None)


def pictures(height: int, width: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    target = smooth_picture(random, height, width).astype(np.float32)
    noisy = np.clip(target * random.uniform(0.8, 1.1) + random.normal(0, 0.05, target.shape), 0, 1)
    return target, noisy.astype(np.float32)


@quickly
@given(SIDES, SIDES, st.integers(0, 99))
def test_psnr_and_both_ssims_are_those_of_scikit_image(height: int, width: int, seed: int) -> None:
    target, picture = pictures(height, width, seed)
    figures = Comparison(target, picture).figures()
    options = {"channel_axis": 2, "data_range": 1.0}
    gaussian = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    assert figures.psnr == pytest.approx(peak_signal_noise_ratio(target, picture, data_range=1.0), abs=1e-4)
    assert figures.psnr == pytest.approx(psnr(target, picture), abs=1e-9)
    wanted = structural_similarity(target.astype(float), picture.astype(float), **gaussian, **options)
    assert figures.ssim_gauss11 == pytest.approx(wanted, abs=1e-5)
    wanted = structural_similarity(target.astype(float), picture.astype(float), **options)
    assert figures.ssim_uniform7 == pytest.approx(wanted, abs=1e-5)


@quickly
@given(SIDES, SIDES, st.integers(0, 99))
def test_ms_ssim_is_that_of_tensorflow_at_odd_and_even_sizes(height: int, width: int, seed: int) -> None:
    target, picture = pictures(height, width, seed)
    wanted = float(tf.image.ssim_multiscale(target, picture, 1.0, power_factors=metrics.MS_SSIM_WEIGHTS))
    assert Comparison(target, picture).figures().ms_ssim == pytest.approx(wanted, abs=1e-4)


@quickly
@given(st.integers(0, 2**32 - 1))
def test_the_colour_error_is_ciede2000(seed: int) -> None:
    random = np.random.default_rng(seed)
    target, picture = random.random((2, 4, 5, 3)).astype(np.float32)
    wanted = [ciede2000(*labs) for labs in zip(lab(target), lab(picture), strict=True)]
    assert ciede2000_map(target, picture).ravel() == pytest.approx(wanted, abs=2e-3)


def test_colour_errors_that_are_known() -> None:
    assert ciede2000((50, 2.6772, -79.7751), (50, 0, -82.7485)) == pytest.approx(2.0425, abs=1e-4)  # Sharma et al. 2005
    assert ciede2000((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514)) == pytest.approx(0.9082, abs=1e-4)
    black, white = np.zeros((1, 1, 3), np.float32), np.ones((1, 1, 3), np.float32)
    assert ciede2000_map(black, white)[0, 0] == pytest.approx(100, abs=0.01)


def test_equal_pictures_have_the_best_of_every_figure() -> None:
    target, _ = pictures(180, 200, 1)
    best = Comparison(target, target).figures()
    assert best.psnr == metrics.PSNR_LIMIT
    assert (best.ssim_gauss11, best.ssim_uniform7, best.ms_ssim) == pytest.approx((1, 1, 1), abs=1e-6)
    assert best.ciede2000 == 0


def test_more_noise_is_worse_by_every_figure() -> None:
    target, _ = pictures(180, 200, 2)
    noise = np.random.default_rng(3).normal(0, 1, target.shape)
    noisy = [np.clip(target + level * noise, 0, 1).astype(np.float32) for level in (0.01, 0.05, 0.2)]
    measured = [Comparison(target, picture).figures() for picture in noisy]
    for better, worse in pairwise(measured):
        assert better.ciede2000 < worse.ciede2000
        for name in ("psnr", "ssim_gauss11", "ssim_uniform7", "ms_ssim"):
            assert getattr(better, name) > getattr(worse, name)


def test_an_area_counts_only_what_lies_in_it() -> None:
    target, picture = pictures(240, 260, 4)
    picture[:, :130] = target[:, :130]
    left, right = np.zeros((2, 240, 260), bool)
    left[:, :90], right[:, 170:] = True, True
    figures = Comparison(target, picture)
    assert figures.figures(left).psnr == metrics.PSNR_LIMIT
    assert figures.figures(left).ms_ssim == pytest.approx(1, abs=1e-4)
    assert figures.figures(right).psnr == pytest.approx(psnr(target[:, 170:], picture[:, 170:]), abs=1e-6)
    assert figures.figures(right).ms_ssim < figures.figures().ms_ssim < 1
    everything = np.ones((240, 260), bool)
    assert figures.figures(everything) == figures.figures()


def test_an_area_at_the_edge_alone_cannot_be_measured() -> None:
    area = np.zeros((300, 300), bool)
    area[:70] = True
    assert not measurable(area)
    target, picture = pictures(300, 300, 5)
    with pytest.raises(ValueError, match="the area is"):
        Comparison(target, picture).figures(area)
    area[150, 150] = True
    assert measurable(area)


@pytest.mark.parametrize("shape", [(175, 300, 3), (300, 175, 3), (300, 300, 1)])
def test_pictures_too_small_or_without_colours_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"pixels|shape"):
        Comparison(np.zeros(shape, np.float32), np.zeros(shape, np.float32))


def test_means_are_taken_figure_by_figure() -> None:
    first, second = Figures(20, 0.5, 0.6, 0.7, 4), Figures(30, 0.7, 0.8, 0.9, 2)
    assert mean_figures([first, second]) == Figures(25, pytest.approx(0.6), 0.7, 0.8, 3)
    with pytest.raises(ValueError, match="no figures"):
        mean_figures([])


def lab(pixels: np.ndarray) -> list[tuple[float, float, float]]:
    return [(float(one[0]), float(one[1]), float(one[2])) for one in rgb2lab(pixels.astype(float)).reshape(-1, 3)]


def ciede2000(first: tuple[float, float, float], second: tuple[float, float, float]) -> float:
    """Step by step as in Sharma et al. 2005, equations 2 to 22."""
    lightness, chroma, hue = [], [], []
    mean_chroma = (math.hypot(*first[1:]) + math.hypot(*second[1:])) / 2
    green_red = 0.5 * (1 - math.sqrt(mean_chroma**7 / (mean_chroma**7 + 25**7)))
    for light, a, b in (first, second):
        stretched = (1 + green_red) * a
        lightness.append(light)
        chroma.append(math.hypot(stretched, b))
        hue.append(math.degrees(math.atan2(b, stretched)) % 360)
    turn = hue[1] - hue[0]
    turn -= 360 * round(turn / 360) if chroma[0] * chroma[1] else turn
    hue_difference = 2 * math.sqrt(chroma[0] * chroma[1]) * math.sin(math.radians(turn / 2))
    mean_hue = (hue[0] + turn / 2) % 360 if chroma[0] * chroma[1] else hue[0] + hue[1]
    light, middle = sum(lightness) / 2, sum(chroma) / 2
    weight = 1 - 0.17 * cosine(mean_hue - 30) + 0.24 * cosine(2 * mean_hue)
    weight += 0.32 * cosine(3 * mean_hue + 6) - 0.20 * cosine(4 * mean_hue - 63)
    rotation = 30 * math.exp(-(((mean_hue - 275) / 25) ** 2))
    twist = -math.sin(math.radians(2 * rotation)) * 2 * math.sqrt(middle**7 / (middle**7 + 25**7))
    by_light = (lightness[1] - lightness[0]) / (1 + 0.015 * (light - 50) ** 2 / math.sqrt(20 + (light - 50) ** 2))
    by_chroma = (chroma[1] - chroma[0]) / (1 + 0.045 * middle)
    by_hue = hue_difference / (1 + 0.015 * middle * weight)
    return math.sqrt(by_light**2 + by_chroma**2 + by_hue**2 + twist * by_chroma * by_hue)


def cosine(degrees: float) -> float:
    return math.cos(math.radians(degrees))
