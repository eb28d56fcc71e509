from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from calib_data.features import photo_features
from calib_data.selection import coverage, farthest_points, random_coverage, standardised
from tests.calib_data.pictures import make_depth, make_photo

POINTS = arrays(np.float64, st.tuples(st.integers(1, 20), st.integers(1, 4)), elements=st.floats(-5, 5))


@given(POINTS, st.integers(0, 2**31), st.data())
def test_as_many_different_points_as_asked_and_always_the_same(
    points: np.ndarray, seed: int, data: st.DataObject
) -> None:
    count = data.draw(st.integers(1, len(points)))
    chosen = farthest_points(points, count, seed)
    assert len(set(chosen)) == count
    assert chosen == farthest_points(points, count, seed)


def test_each_cluster_is_visited_before_any_twice() -> None:
    centres = np.array([[0, 0], [10, 0], [0, 10], [10, 10]], np.float64)
    points = np.repeat(centres, 25, axis=0) + np.random.default_rng(0).normal(0, 0.1, (100, 2))
    for seed in range(10):
        assert {place // 25 for place in farthest_points(points, 4, seed)} == {0, 1, 2, 3}


def test_coverage_beats_random_picks() -> None:
    points = np.random.default_rng(0).standard_normal((200, 3))
    assert coverage(points, farthest_points(points, 20, 0)) < 0.8 * random_coverage(points, 20, 0)
    assert coverage(points, list(range(200))) == 0.0


def test_standardised_features_have_mean_0_and_deviation_1() -> None:
    features = [{"a": float(value), "b": 7.0} for value in range(10)]
    points = standardised(features)
    np.testing.assert_allclose(points.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(points.std(axis=0), [1, 0], atol=1e-12)


def test_an_oddity_does_not_rule() -> None:
    points = standardised([{"a": 0.0}] * 99 + [{"a": 1e6}])
    assert np.abs(points).max() == 3.0


def test_a_missing_depth_map_counts_as_the_mean() -> None:
    points = standardised([{"depth_mean": 0.0}, {"depth_mean": 1.0}, {}])
    assert points[2] == pytest.approx(0.0)


def test_features_tell_bright_colourful_textured_and_deep_apart() -> None:
    photo = make_photo(1)
    plain = photo_features(photo, None)
    assert "depth_mean" not in plain
    assert photo_features(photo * 0.5, None)["luma_mean"] == pytest.approx(plain["luma_mean"] / 2, rel=1e-4)
    assert photo_features(np.sqrt(photo), None)["luma_mean"] > plain["luma_mean"]
    grey = np.repeat(photo.mean(axis=2, keepdims=True), 3, axis=2)
    assert photo_features(grey, None)["chroma"] < 1e-4 < plain["chroma"]
    assert photo_features(np.roll(photo, 1, axis=2), None)["red_green"] != pytest.approx(plain["red_green"])
    smooth = np.full_like(photo, 0.5)
    assert photo_features(smooth, None)["gradient_log"] < plain["gradient_log"]
    assert photo_features(np.ones_like(photo), None)["clipped_share"] == 1.0
    assert photo_features(photo, make_depth())["depth_mean"] == pytest.approx(0.5, abs=1e-3)
