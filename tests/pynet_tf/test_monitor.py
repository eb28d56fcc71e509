"""The watch over a level in training: figures, pictures, and the alarm when a network collapses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from calib_data.dataset import find_pairs
from pynet_tf import PyNETConfig, build_pynet
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
    assert standing.warnings(0.2) == []
    assert pictures.shape == (2, 32, 3 * 32, 3)


def test_a_direct_head_of_zeros_is_grey_and_raises_the_alarm(photo_folder: Path) -> None:
    standing, _ = watched(photo_folder, "direct").look()
    assert standing.spread == pytest.approx(0, abs=1e-6)
    assert standing.chroma == pytest.approx(0, abs=1e-6)
    assert standing.warnings(0.05) == []
    contrast, colour, worse = standing.warnings(0.5)
    assert "collapses to one tone" in contrast
    assert "--head residual" in contrast
    assert "collapses to grey" in colour
    assert "worse than the photo as it is" in worse


def test_the_same_crops_every_time(photo_folder: Path) -> None:
    watch = watched(photo_folder, "residual")
    assert watch.look()[0] == watch.look()[0]


def test_an_output_as_good_as_the_photo_is_no_alarm() -> None:
    assert Standing(30.0, 25.0, 0.9, 0.8).warnings(1.0) == []
