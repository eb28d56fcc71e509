"""The watch over a level in training: figures, pictures, and the alarm when a network collapses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from calib_data.dataset import find_pairs
from pynet_tf import PyNETConfig, build_pynet
from pynet_tf.losses import l2
from pynet_tf.monitor import Standing, Watch
from pynet_tf.schedule import LevelPlan

PLAN = LevelPlan(3, 10, 1, 64, 1e-3)


def watched(photo_folder: Path, head: str):
    model = build_pynet(PyNETConfig(width=1, head=head), 3, seed=1)
    layer = model.get_layer("level3_head")
    layer.set_weights([np.zeros_like(weight) for weight in layer.get_weights()])
    return Watch(model, find_pairs(photo_folder, "test"), PLAN, depth=False)


def test_a_residual_head_of_zeros_is_the_photo_itself(photo_folder: Path) -> None:
    standing, pictures = watched(photo_folder, "residual").look()
    assert standing.psnr == pytest.approx(standing.identity_psnr, abs=1.0)
    assert standing.spread == pytest.approx(1 / 0.9, abs=0.1)
    assert standing.colours > 0.98
    assert standing.warnings(0.2, 3) == []
    assert pictures.shape == (2, 32, 3 * 32, 3)


def test_a_direct_head_of_zeros_is_grey_and_raises_the_alarm(photo_folder: Path) -> None:
    standing, _ = watched(photo_folder, "direct").look()
    assert standing.spread == pytest.approx(0, abs=1e-6)
    assert standing.chroma == pytest.approx(0, abs=1e-6)
    assert standing.warnings(0.05, 3) == []
    contrast, colour, worse = standing.warnings(0.5, 3)
    assert "collapses to one tone" in contrast
    assert "--head blend and residual" in contrast
    assert "collapses to grey" in colour
    assert "worse than the photo as it is" in worse


def test_one_tone_with_all_the_contrast_raises_the_alarm_too(photo_folder: Path) -> None:
    def brown(photo: tf.Tensor, training: bool) -> dict[str, tf.Tensor]:
        brightness = tf.reduce_mean(tf.nn.avg_pool2d(photo, 2, 2, "SAME"), axis=-1, keepdims=True)
        return {"level3": brightness * tf.constant([1.25, 1.0, 0.75])}

    standing, _ = Watch(brown, find_pairs(photo_folder, "test"), PLAN, depth=False).look()
    assert standing.spread > 0.5
    assert standing.chroma > 0.5
    (warning,) = [one for one in standing.warnings(0.5, 3) if "worse" not in one]
    assert "one tone with contrast" in warning
    assert f"{standing.colours:.2f}" in warning


def test_losses_of_the_plan_are_among_the_figures(photo_folder: Path) -> None:
    pairs = find_pairs(photo_folder, "test")
    watch = Watch(lambda photo, training: {"level3": photo[:, ::2, ::2] * 0}, pairs, PLAN, False, losses={"l2": l2})
    standing, _ = watch.look()
    assert standing.figures()["watched_l2"] == pytest.approx(standing.losses["l2"], rel=1e-4)
    assert 10 ** (-standing.psnr / 10) == pytest.approx(standing.losses["l2"], rel=0.2)


def test_the_same_crops_every_time(photo_folder: Path) -> None:
    watch = watched(photo_folder, "residual")
    assert watch.look()[0] == watch.look()[0]


def test_an_output_as_good_as_the_photo_is_no_alarm() -> None:
    assert Standing(30.0, 25.0, 0.9, 0.8, 0.95).warnings(1.0, 1) == []


@pytest.mark.parametrize(("level", "psnr", "alarms"), [(7, 31.0, 0), (7, 30.4, 1), (6, 31.0, 0), (5, 31.9, 1)])
def test_coarse_levels_may_end_a_little_under_the_photo(level: int, psnr: float, alarms: int) -> None:
    assert len(Standing(psnr, 32.0, 1.0, 1.0, 1.0).warnings(1.0, level)) == alarms
