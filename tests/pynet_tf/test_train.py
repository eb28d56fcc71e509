"""Training: bottom-up, repeatable, resumable, and clear about bad input."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from calib_data import command
from calib_data.dataset import find_pairs
from pynet_tf import PyNETConfig, load_model, train
from pynet_tf.losses import l1, ssim
from pynet_tf.model_files import config_of, finest_level
from pynet_tf.pipeline import crops
from pynet_tf.schedule import LevelPlan, make_plan
from pynet_tf.training import copy_weights
from tests.conftest import smooth_picture, write_picture


def run(*arguments: object) -> int:
    return command.run(train.build_parser(), train.run, [str(argument) for argument in arguments])


SMALL = ["--width", 1, "--batch", 1, "--crop", 32, "--steps", 2, "--save-every", 1]


def test_levels_are_trained_one_after_the_other_down_to_a_model(photo_folder: Path, tmp_path: Path, capsys) -> None:
    assert run("--data", photo_folder, "--out", tmp_path / "run", *SMALL) == 0
    levels = [json.loads(line)["level"] for line in (tmp_path / "run" / "log.jsonl").read_text("utf-8").splitlines()]
    assert levels == [7, 6, 5, 4, 3, 2, 1]
    model = load_model(tmp_path / "run" / "model.keras")
    assert config_of(model) == PyNETConfig(width=1, head="residual")
    assert finest_level(model) == 1
    assert "next: python -m convert.tflite" in capsys.readouterr().out


def test_rgbd_and_the_papers_head_train_too(photo_folder: Path, tmp_path: Path) -> None:
    options = ["--inputs", "rgbd", "--head", "direct", "--levels", "7-6"]
    assert run("--data", photo_folder, "--out", tmp_path / "run", *SMALL, *options) == 0
    model = load_model(tmp_path / "run" / "model.keras")
    assert (config_of(model).inputs, config_of(model).head, finest_level(model)) == ("rgbd", "direct", 6)


def test_a_run_that_was_cut_off_ends_like_one_that_was_not(photo_folder: Path, tmp_path: Path, monkeypatch) -> None:
    arguments = ["--data", photo_folder, *SMALL, "--levels", "7-6", "--steps", 4, "--seed", 9]
    assert run(*arguments, "--out", tmp_path / "whole") == 0
    with monkeypatch.context() as patch:
        patch.setattr("pynet_tf.training.np.isfinite", _fails_at(call=6))
        assert run(*arguments, "--out", tmp_path / "cut") == 2
    assert run(*arguments, "--out", tmp_path / "cut", "--resume") == 0
    whole, cut = (load_model(tmp_path / name / "model.keras").get_weights() for name in ("whole", "cut"))
    for one, other in zip(whole, cut, strict=True):
        np.testing.assert_array_equal(one, other)


def test_what_was_learnt_in_a_level_is_where_the_next_begins(photo_folder: Path, tmp_path: Path) -> None:
    assert run("--data", photo_folder, "--out", tmp_path / "a", *SMALL, "--levels", "7") == 0
    start = ["--start-from", tmp_path / "a" / "model.keras", "--levels", "6"]
    assert run("--data", photo_folder, "--out", tmp_path / "b", *SMALL, *start) == 0
    first, second = (load_model(tmp_path / name / "model.keras") for name in ("a", "b"))
    before, after = (model.get_layer("level7_head").get_weights()[0] for model in (first, second))
    np.testing.assert_array_equal(before, after)  # level 6 does not pass through level 7's head
    assert copy_weights(first, second) > 20


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--levels", "1-7"], "levels run from 7"),
        (["--levels", "all"], "levels run from 7"),
        (["--crop", "100"], "must be a multiple of 32"),
        (["--crop", "128"], "Take --crop 96 or less"),
        (["--steps", "0"], "--steps is 0"),
        (["--width", "0"], "width is 0"),
        (["--resume"], "holds no run to resume"),
        (["--data", "nowhere"], "nowhere does not exist"),
        (["--start-from", "setup.cfg"], "is not a .keras file"),
    ],
)
def test_bad_options_are_refused_before_training(photo_folder, tmp_path, capsys, arguments, said: str) -> None:
    data = [] if "--data" in arguments else ["--data", photo_folder]
    assert run(*data, "--out", tmp_path / "run", *SMALL, *arguments) == 2
    assert said in capsys.readouterr().err


def test_a_folder_with_a_run_is_not_overwritten_nor_resumed_as_another(photo_folder, tmp_path, capsys) -> None:
    arguments = ["--data", photo_folder, "--out", tmp_path / "run", *SMALL, "--levels", "7"]
    assert run(*arguments) == 0
    assert run(*arguments) == 2
    assert "Add --resume" in capsys.readouterr().err
    assert run(*arguments, "--resume", "--seed", 5) == 2
    assert "another seed" in capsys.readouterr().err


def test_crops_depend_on_the_seed_and_their_number_alone(photo_folder: Path) -> None:
    pairs, plan = find_pairs(photo_folder, "train", depth=True), LevelPlan(5, 10, 2, 64, 1e-3)
    whole = list(crops(pairs, plan, True, 3).take(4))
    later = list(crops(pairs, plan, True, 3, first_step=2).take(2))
    other = next(iter(crops(pairs, plan, True, 4)))
    for (photo, target), (photo_again, target_again) in zip(whole[2:], later, strict=True):
        np.testing.assert_array_equal(photo, photo_again)
        np.testing.assert_array_equal(target, target_again)
    assert whole[0][0].shape == (2, 64, 64, 4)
    assert whole[0][1].shape == (2, 8, 8, 3)
    assert not np.array_equal(whole[0][0], other[0])


@pytest.mark.parametrize("level", [1, 2, 4])
def test_input_and_target_show_the_same_part_of_the_photo(tmp_path: Path, level: int) -> None:
    photo = smooth_picture(np.random.default_rng(1), 128, 192)
    for part in ("original", "bokeh"):
        write_picture(tmp_path / part / "0.png", photo)
    inputs, target = next(iter(crops(find_pairs(tmp_path), LevelPlan(level, 1, 2, 32, 1e-3), False, 1)))
    shrink = 2 ** max(0, level - 2)
    small = inputs.numpy().reshape(2, 32 // shrink, shrink, 32 // shrink, shrink, 3).mean((2, 4))
    wide = target.numpy()
    if level == 1:
        wide = wide.reshape(2, 32, 2, 32, 2, 3).mean((2, 4))
    assert np.abs(small - wide).mean() < 0.03


def test_losses_are_zero_for_equal_pictures_and_grow() -> None:
    picture = smooth_picture(np.random.default_rng(1), 64, 64)[np.newaxis].astype(np.float32)
    for loss in (l1, ssim):
        assert float(loss(picture, picture)) == pytest.approx(0, abs=1e-6)
        assert float(loss(picture, picture * 0.5)) > 0.01


def test_the_default_plan_covers_all_levels() -> None:
    assert [plan.level for plan in make_plan()] == [7, 6, 5, 4, 3, 2, 1]
    assert [(plan.level, plan.steps) for plan in make_plan("5-4", steps=3)] == [(5, 3), (4, 3)]


def _fails_at(call: int):
    calls = iter(range(1, 1000))

    def isfinite(value: float) -> bool:
        return next(calls) != call and bool(np.abs(value) < 1e30)

    return isfinite
