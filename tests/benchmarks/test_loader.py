"""The benchmark of the input pipeline: the port of the original's loader, and one small run of all contestants."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks import loader
from benchmarks.original_loader import load_training_data, random_batch
from calib_data import command
from calib_data.dataset import find_pairs


@pytest.mark.parametrize("depth", [False, True])
def test_the_original_holds_everything_as_float64_and_serves_turned_crops(photo_folder: Path, depth: bool) -> None:
    random = np.random.default_rng(1)
    photos, targets = load_training_data(find_pairs(photo_folder, "train", depth=depth), 64, 128, depth, random)
    assert (photos.dtype, photos.shape) == (np.float64, (3, 64, 64, 4 if depth else 3))
    assert (targets.dtype, targets.shape) == (np.float64, (3, 128, 128, 3))
    small = targets.reshape(3, 64, 2, 64, 2, 3).mean(axis=(2, 4))
    assert np.abs((photos[..., :3] * 0.9 + 0.05) - small).mean() < 0.02  # as the pairs were made
    photo_batch, target_batch = random_batch((photos, targets), 5, random)
    assert (photo_batch.dtype, photo_batch.shape) == (np.float32, (5, *photos.shape[1:]))
    for photo, target in zip(photo_batch, target_batch, strict=True):
        assert np.abs((photo[..., :3] * 0.9 + 0.05) - target.reshape(64, 2, 64, 2, 3).mean(axis=(1, 3))).mean() < 0.02


@pytest.mark.slow
def test_all_loaders_are_measured(photo_folder: Path, tmp_path: Path, capsys) -> None:
    arguments = ["--data", photo_folder, "--level", 3, "--crop", 32, "--batch", 2, "--batches", 3, "--runs", 1]
    arguments += ["--inputs", "rgbd", "--json", tmp_path / "loader.json"]
    assert command.run(loader.build_parser(), loader.run, [str(argument) for argument in arguments]) == 0
    written = json.loads((tmp_path / "loader.json").read_text("utf-8"))
    assert set(written["medians"]) == set(loader.CONTESTANTS)
    for figures in written["medians"].values():
        assert 0 < figures["rate_in_all"] < figures["rate"]
        assert 0 < figures["idle_mib"] <= figures["peak_mib"]
    assert "median of 1" in capsys.readouterr().out


def test_no_runs_are_refused(photo_folder: Path, capsys) -> None:
    assert command.run(loader.build_parser(), loader.run, ["--data", str(photo_folder), "--runs", "0"]) == 2
    assert "--runs is 0" in capsys.readouterr().err
