"""Training: bottom-up, repeatable, resumable, and clear about bad input."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from calib_data import command
from calib_data.dataset import find_pairs
from pynet_tf import PyNETConfig, build_pynet, load_model, save_model, train
from pynet_tf.growth import copy_weights
from pynet_tf.model_files import config_of, finest_level
from pynet_tf.schedule import make_plan
from pynet_tf.training import Run, RunSettings
from tests.conftest import ROOT, smooth_picture, write_picture


def run(*arguments: object) -> int:
    return command.run(train.build_parser(), train.run, [str(argument) for argument in arguments])


IN_PROCESS = (
    "import sys; from calib_data import command; from pynet_tf import train; "
    "sys.exit(command.run(train.build_parser(), train.run, sys.argv[1:]))"
)
SMALL = ["--width", 1, "--batch", 1, "--crop", 32, "--steps", 2, "--save-every", 1]


def log_of(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text("utf-8").splitlines()]


def losses(folder: Path) -> list[tuple[float, float, float]]:
    return [(entry["level"], entry["step"], entry["loss"]) for entry in log_of(folder) if "loss" in entry]


def test_levels_are_trained_one_after_the_other(photo_folder: Path, tmp_path: Path, capsys) -> None:
    assert run("--data", photo_folder, "--out", tmp_path / "run", "--levels", "7-6", *SMALL) == 0
    entries = log_of(tmp_path / "run")
    assert [entry["level"] for entry in entries if "loss" in entry] == [7, 6]
    assert all(entry["psnr"] > 0 and entry["identity_psnr"] > 0 for entry in entries if "psnr" in entry)
    model = load_model(tmp_path / "run" / "model.keras")
    assert config_of(model) == PyNETConfig(width=1, head="blend")
    assert finest_level(model) == 6
    assert finest_level(load_model(tmp_path / "run" / "level7-best.keras")) == 7
    curves = EventAccumulator(str(tmp_path / "run" / "tensorboard" / "level6")).Reload()
    tags = set(curves.Tags()["tensors"])
    assert {"loss", "watched_l1", "watched_l2", "learning_rate", "crops_a_second", "psnr", "colours"} <= tags
    pictures = tf.make_ndarray(curves.Tensors("input, output, target")[0].tensor_proto)
    shown = tf.io.decode_png(pictures[2])  # behind width and height
    assert shown.shape[1] == 3 * shown.shape[0]
    said = capsys.readouterr().out
    assert "3 pairs to train on, 2 to watch" in said
    assert ("1 device (GPU)" if tf.config.list_physical_devices("GPU") else "1 device (CPU; ") in said
    assert "next: python -m pynet_tf.evaluate" in said


def test_a_network_without_norm_trains_on_crops_of_many_sizes_and_tones(photo_folder, tmp_path) -> None:
    options = ["--norm", "none", "--levels", "7", "--zoom", 2, "--tones", 0.2, "--sharpness", 2, "--same-exposure"]
    assert run("--data", photo_folder, "--out", tmp_path / "run", *SMALL, *options) == 0
    assert config_of(load_model(tmp_path / "run" / "model.keras")).norm == "none"
    (plan,) = json.loads((tmp_path / "run" / "run.json").read_text("utf-8"))["plan"]
    assert (plan["zoom"], plan["tones"], plan["sharpness"], plan["same_exposure"]) == (2.0, 0.2, 2.0, True)


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16"])
def test_rgbd_and_the_papers_head_train_in_mixed_precision_too(photo_folder, tmp_path, precision: str) -> None:
    options = ["--inputs", "rgbd", "--head", "direct", "--levels", "7-6", "--precision", precision]
    assert run("--data", photo_folder, "--out", tmp_path / "run", *SMALL, *options) == 0
    model = load_model(tmp_path / "run" / "model.keras")
    assert (config_of(model).inputs, config_of(model).head, finest_level(model)) == ("rgbd", "direct", 6)
    assert {layer.dtype_policy.name for layer in model.layers} == {"float32"}


class Quiet:
    """Tells nothing, and interrupts after some steps."""

    def __init__(self, interrupt_at: tuple[int, int] | None = None) -> None:
        self._interrupt_at = interrupt_at
        self.warnings: list[str] = []

    def warn(self, message: str) -> None:
        self.warnings.append(message)

    def advance(self, plan, step: int, figures) -> None:
        if (plan.level, step) == self._interrupt_at:
            raise KeyboardInterrupt


@pytest.mark.slow
def test_a_run_that_was_cut_off_ends_like_one_that_was_not(photo_folder: Path, tmp_path: Path) -> None:
    pairs = find_pairs(photo_folder, "train")
    plan = make_plan("7-6", steps=7, batch=1, crop=32)
    settings = RunSettings(PyNETConfig(width=1, head="residual"), plan, 9, save_every=2, log_every=1, evaluate_every=3)

    def go(folder: str, resume: bool = False, interrupt_at: tuple[int, int] | None = None) -> None:
        training = Run(tmp_path / folder, settings, Quiet(interrupt_at))
        training.open(resume, pairs)
        training.train(pairs, pairs[:1])

    go("whole")
    for resume, place in ((False, (7, 5)), (True, (6, 5))):
        with pytest.raises(KeyboardInterrupt):
            go("cut", resume, place)
    go("cut", resume=True)
    assert losses(tmp_path / "cut") == losses(tmp_path / "whole")
    whole, cut = (load_model(tmp_path / name / "model.keras").get_weights() for name in ("whole", "cut"))
    for one, other in zip(whole, cut, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_a_killed_process_goes_on_from_its_last_checkpoint(photo_folder: Path, tmp_path: Path) -> None:
    small = ["--width", "1", "--batch", "1", "--crop", "32", "--save-every", "1", "--log-every", "1"]
    call = [*small, "--levels", "7", "--steps", "60", "--data", str(photo_folder)]
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    command_line = [sys.executable, "-m", "pynet_tf.train", *call, "--out", str(killed)]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        command_line, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("level 7 step 9/"):
            process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert not (killed / "model.keras").exists()
    assert run(*call, "--out", killed, "--resume") == 0
    assert run(*call, "--out", whole) == 0
    assert losses(killed) == losses(whole)


@pytest.mark.slow
def test_what_was_learnt_in_a_level_is_where_the_next_begins(
    photo_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--data", photo_folder, "--out", tmp_path / "a", *SMALL, "--levels", "7") == 0
    start = ["--from", tmp_path / "a" / "model.keras", "--levels", "6"]
    assert run("--data", photo_folder, "--out", tmp_path / "b", *SMALL, *start) == 0
    first, second = (load_model(tmp_path / name / "model.keras") for name in ("a", "b"))
    before, after = (model.get_layer("level7_head").get_weights()[0] for model in (first, second))
    np.testing.assert_array_equal(before, after)  # level 6 does not pass through level 7's head
    assert copy_weights(first, second) > 20
    assert "begins over drawn weights" not in "".join(capsys.readouterr())
    assert run("--data", photo_folder, "--out", tmp_path / "c", *SMALL, *start[:2], "--levels", "5") == 0
    assert "no level 6: level 5 begins over drawn weights" in "".join(capsys.readouterr())


def test_a_network_with_depth_starts_as_the_one_without_it() -> None:
    without = build_pynet(PyNETConfig(width=2, head="residual"), 5, seed=1)
    with_depth = build_pynet(PyNETConfig(width=2, head="residual", inputs="rgbd"), 5, seed=2)
    copy_weights(without, with_depth)
    photo = np.random.default_rng(1).random((1, 64, 64, 4), np.float32)
    np.testing.assert_allclose(without(photo[..., :3])["level5"], with_depth(photo)["level5"], atol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--levels", "1-7"], "levels run from 7"),
        (["--levels", "all"], "levels run from 7"),
        (["--plan", "student", "--levels", "7-1"], "the plan student has no levels 7-1"),
        (["--plan", "best"], "--plan is 'best'"),
        (["--loss", "l3=1"], "l3 is no loss"),
        (["--loss", "l1=-1"], "the loss l1 has the weight -1.0"),
        (["--loss", "vgg=1", "--levels", "1", "--vgg-weights", "nowhere.h5"], "nowhere.h5 does not exist"),
        (["--loss", "ms_ssim"], "the loss ms_ssim needs outputs of 176 pixels a side, not 1"),
        (["--crop", "100"], "must be a multiple of 32"),
        (["--crop", "128"], "Take --crop 96 or less"),
        (["--steps", "0"], "--steps is 0"),
        (["--learning-rate", "2"], "--learning-rate is 2.0"),
        (["--save-every", "0"], "--save-every is 0"),
        (["--width", "0"], "width is 0"),
        (["--seed", "100000000000000000000"], "--seed is 100000000000000000000; 0 to 2147483647"),
        (["--cache-mib", "-1"], "--cache-mib is -1"),
        (["--levels", "\u00b2"], "levels run from 7"),
        (["--resume"], "holds no run to resume"),
        (["--data", "nowhere"], "nowhere does not exist"),
        (["--watch", "nowhere"], "nowhere does not exist"),
        (["--from", "setup.cfg"], "is not a .keras file"),
        (["--strategy", "multi-worker"], "needs the variable TF_CONFIG"),
    ],
)
def test_bad_options_are_refused_before_training(photo_folder, tmp_path, capsys, arguments, said: str) -> None:
    data = [] if "--data" in arguments else ["--data", photo_folder]
    assert run(*data, "--out", tmp_path / "run", *SMALL, *arguments) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "run" / "run.json").exists()


def test_a_folder_with_a_run_is_not_overwritten_nor_resumed_as_another(photo_folder, tmp_path, capsys) -> None:
    arguments = ["--data", photo_folder, "--out", tmp_path / "run", *SMALL, "--levels", "7"]
    assert run(*arguments) == 0
    assert run(*arguments) == 2
    assert "Add --resume" in capsys.readouterr().err
    assert run(*arguments, "--resume", "--seed", 5) == 2
    assert "another seed" in capsys.readouterr().err
    assert run(*arguments, "--resume", "--evaluate-every", 1) == 2
    assert "another evaluate_every" in capsys.readouterr().err
    assert run(*arguments, "--resume", "--from", tmp_path / "run" / "model.keras") == 2
    assert "holds a run that began with no model" in capsys.readouterr().err
    assert run(*arguments, "--resume", "--watch", photo_folder / "train", "--keep", 9, "--log-every", 1) == 0
    assert "the watched pairs are others" in capsys.readouterr().err
    record = tmp_path / "run" / "run.json"
    settings = json.loads(record.read_text("utf-8"))
    del settings["plan"][0]["sharpness"]  # as a version without this option wrote it
    record.write_text(json.dumps(settings), "utf-8")
    assert run(*arguments, "--resume") == 0
    record.write_text("{", "utf-8")
    assert run(*arguments, "--resume") == 2
    assert "run.json is damaged" in capsys.readouterr().err


def test_what_ended_before_it_kept_anything_is_begun_anew_without_ado(photo_folder, tmp_path, capsys) -> None:
    save_model(build_pynet(PyNETConfig(width=1, head="direct"), 7), tmp_path / "direct.keras")
    call = [
        "--data",
        photo_folder,
        "--out",
        tmp_path / "run",
        *SMALL,
        "--levels",
        "7",
        "--from",
        tmp_path / "direct.keras",
    ]
    assert run(*call) == 2
    assert "Train with --head direct" in capsys.readouterr().err
    assert run(*call, "--head", "direct") == 0


def test_a_run_goes_on_without_a_pair_that_turned_out_broken_and_says_so(photo_folder, tmp_path, capsys) -> None:
    data = tmp_path / "data"
    shutil.copytree(photo_folder, data)
    broken = data / "train" / "bokeh" / "1.png"
    broken.write_bytes(broken.read_bytes()[:2000])
    arguments = ["--data", data, "--out", tmp_path / "run", *SMALL, "--levels", "7", "--steps", 6]
    assert run(*arguments) == 2
    assert "1.png is truncated or damaged" in capsys.readouterr().err
    for part in ("original", "bokeh"):
        (data / "train" / part / "1.png").unlink()
    assert run(*arguments, "--resume", "--skip-incomplete") == 0
    assert "the pairs are others than those with which" in capsys.readouterr().err


def test_a_watched_picture_that_turns_out_broken_is_named(photo_folder, tmp_path, capsys) -> None:
    data = tmp_path / "data"
    shutil.copytree(photo_folder, data)
    broken = data / "test" / "bokeh" / "0.png"
    broken.write_bytes(broken.read_bytes()[:2000])
    assert run("--data", data, "--out", tmp_path / "run", *SMALL, "--levels", "7") == 2
    assert f"{broken} is truncated or damaged" in capsys.readouterr().err


def test_missing_depth_maps_are_named_or_passed_over_and_counted(tmp_path: Path, capsys) -> None:
    photo = smooth_picture(np.random.default_rng(1), 128, 128)
    for part in ("original", "bokeh"):
        for number in (0, 1):
            write_picture(tmp_path / "data" / part / f"{number}.png", photo)
    (tmp_path / "data" / "original_depth").mkdir()
    Image.new("L", (64, 64), 100).save(tmp_path / "data" / "original_depth" / "0.png")
    call = ["--data", tmp_path / "data", "--watch", tmp_path / "data", *SMALL, "--levels", "7", "--inputs", "rgbd"]
    assert run(*call, "--out", tmp_path / "run") == 2
    assert "1.png has no original_depth picture" in capsys.readouterr().err
    assert run(*call, "--out", tmp_path / "run", "--skip-incomplete") == 0
    told = capsys.readouterr()
    assert "1 file skipped" in told.err
    assert "1 pair to train on, 1 to watch" in told.out


def test_three_steps_that_are_not_finite_stop_the_run_with_its_checkpoint_kept(photo_folder, tmp_path, capsys) -> None:
    model = build_pynet(PyNETConfig(width=1, head="residual"), 7, seed=1)
    for name in ("encoder3_conv3a", "encoder3_conv3b"):
        layer = model.get_layer(name)
        layer.set_weights([np.full_like(weight, 1e30) for weight in layer.get_weights()])
    save_model(model, tmp_path / "large.keras")
    call = ["--data", photo_folder, "--out", tmp_path / "run", *SMALL, "--steps", 9, "--levels", "7"]
    assert run(*call, "--from", tmp_path / "large.keras") == 2
    said = capsys.readouterr().err
    assert "level 7: steps 1 to 3 were not finite" in said
    assert (tmp_path / "run" / "level7" / "step-2").is_dir()
    stopped = tmp_path / "run" / "level7-stopped.keras"
    assert str(stopped) in said
    kept, began = (load_model(path).get_layer("encoder3_conv3b") for path in (stopped, tmp_path / "large.keras"))
    for one, other in zip(kept.get_weights(), began.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
@pytest.mark.parametrize("largest", [2000, 60_000])
def test_a_run_whose_files_cannot_grow_says_so_and_goes_on_with_room(photo_folder, tmp_path, largest: int) -> None:
    call = ["--data", photo_folder, "--out", tmp_path / "run", *SMALL, "--levels", "7"]
    limited = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({largest}, {largest})); {IN_PROCESS}"
    done = subprocess.run(
        [sys.executable, "-c", limited, *map(str, call)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2, done.stderr
    assert "could not be written" in done.stderr
    assert "go on with --resume" in done.stderr
    assert "Traceback" not in done.stderr
    assert run(*call, "--resume") == 0


@pytest.mark.slow
def test_a_step_compiled_by_xla_takes_the_same_way(photo_folder: Path, tmp_path: Path) -> None:
    call = ["--data", photo_folder, *SMALL, "--levels", "7", "--log-every", 1]
    assert run(*call, "--out", tmp_path / "plain") == 0
    assert run(*call, "--out", tmp_path / "compiled", "--xla") == 0
    np.testing.assert_allclose(losses(tmp_path / "compiled"), losses(tmp_path / "plain"), rtol=1e-3)
