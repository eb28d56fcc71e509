"""`python -m convert.tflite`: what it writes, what it prints, and what it does with bad input."""

from __future__ import annotations

import errno
import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from calib_data import command, files
from convert import tflite
from convert.artifact import read_metadata, read_side_file
from convert.runners import load_artifact
from pynet_tf import PyNETConfig, build_pynet, load_model, save_model
from quantize.calibration import calibrate, spans
from quantize.ranges import Ranges, save_with_ranges
from quantize.scheme import make_scheme
from tests.conftest import smooth_picture, write_picture
from tests.convert.conftest import inputs

SIZE = ["--size", "64x128"]


def convert(*arguments: object) -> int:
    return command.run(tflite.build_parser(), tflite.run, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def converted(tiny_model: Path, photo_folder: Path, tmp_path_factory: pytest.TempPathFactory):
    """The folder of a conversion by two recipes, its exit code, and what it printed."""
    out = tmp_path_factory.mktemp("dist")
    photos = ["--calibration", photo_folder, "--check", photo_folder]
    arguments = ["--model", tiny_model, *SIZE, *photos, "--recipe", "float16", "--recipe", "int8", "--out", out]
    done = subprocess.run(
        [sys.executable, "-m", "convert.tflite", *map(str, arguments)], capture_output=True, text=True, check=False
    )
    return out, done


def test_each_artifact_lies_beside_its_facts_and_nothing_else_does(converted) -> None:
    out, done = converted
    assert done.returncode == 0, done.stderr
    names = [f"tiny-64x128-{recipe}.{suffix}" for recipe in ("float16", "int8") for suffix in ("json", "tflite")]
    assert sorted(path.name for path in out.iterdir()) == names


@pytest.fixture(scope="module")
def tuned_model(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model with weights moved a little and ranges for `int8`, as fine-tuning leaves it."""
    model = load_model(tiny_model)
    scheme = make_scheme(model)
    ranges = spans(calibrate(model, scheme, inputs(2)))
    for weight in model.trainable_weights:
        weight.assign(weight * 1.001)
    everything = {name: (scheme.fixed | ranges)[group] for name, group in scheme.group.items()}
    path = tmp_path_factory.mktemp("tuned") / "other.keras"
    save_with_ranges(model, Ranges(recipe="int8", ranges=everything), path)
    return path


@pytest.mark.slow
def test_8_bit_recipes_are_made_of_the_tuned_model_and_all_are_compared_with_the_float_one(
    tiny_model: Path, tuned_model: Path, photo_folder: Path, tmp_path: Path
) -> None:
    photos = ["--check", photo_folder, "--calibration", photo_folder]
    recipes = ["--recipe", "float32", "--recipe", "int8"]
    assert convert("--model", tiny_model, "--tuned", tuned_model, *SIZE, *photos, *recipes, "--out", tmp_path) == 0
    plain, integer = (read_side_file(tmp_path / f"tiny-64x128-{recipe}.json") for recipe in ("float32", "int8"))
    assert (plain.model.file, integer.model.file) == (tiny_model.name, "other.keras")
    assert integer.model.sha256 == files.sha256(tuned_model)
    assert integer.calibration is None
    assert plain.runs[0].fidelity is not None and integer.runs[0].fidelity is not None
    assert plain.runs[0].fidelity.mean_psnr > 90
    assert 30 < integer.runs[0].fidelity.mean_psnr < 90


@pytest.mark.slow
def test_8_bits_serve_maps_of_every_size_alike(photo_folder: Path, tmp_path: Path) -> None:
    psnr = {}
    for name, sizes in (("alike", [1.0]), ("unlike", [1.0, 40.0, 1600.0])):
        model = build_pynet(PyNETConfig(width=2, head="direct"), seed=3)
        for norm in [layer.name for layer in model.layers if layer.name.endswith("_norm")]:
            layer = model.get_layer(norm.removesuffix("_norm"))
            layer.set_weights([weight * np.resize(sizes, layer.filters) for weight in layer.get_weights()])
        save_model(model, tmp_path / f"{name}.keras")
        photos = ["--calibration", photo_folder, "--check", photo_folder, "--recipe", "int8-full"]
        assert convert("--model", tmp_path / f"{name}.keras", *SIZE, *photos, "--out", tmp_path) == 0
        runs = read_side_file(tmp_path / f"{name}-64x128-int8-full.json").runs
        psnr[name] = min(run.fidelity.mean_psnr for run in runs if run.fidelity)
    assert psnr["unlike"] > psnr["alike"] - 1


def test_a_tuned_model_without_ranges_is_refused(tiny_model: Path, tmp_path: Path, capfd) -> None:
    assert convert("--tuned", tiny_model, *SIZE, "--out", tmp_path) == command.WRONG_INPUT
    assert "has no learnt ranges" in capfd.readouterr().err
    assert not list(tmp_path.iterdir())


def test_side_file_and_metadata_carry_the_same_facts(converted) -> None:
    out, _ = converted
    beside, inside = read_side_file(out / "tiny-64x128-int8.json"), read_metadata(out / "tiny-64x128-int8.tflite")
    assert beside.sha256 == files.sha256(out / "tiny-64x128-int8.tflite")
    assert beside.model_copy(update={"file": "", "sha256": ""}) == inside
    assert beside.calibration is not None
    assert len(beside.calibration.photos) == 3
    assert [run.runtime for run in beside.runs] == ["litert-xnnpack", "litert-builtin", "tflite-runtime"]
    assert all(run.fidelity is not None and run.fidelity.photos == 2 and run.ms for run in beside.runs)
    assert beside.runs[0].delegate_partitions > 0
    assert beside.runs[1].delegate_partitions == 0


def test_the_table_tells_what_it_must_and_the_last_line_what_is_next(converted) -> None:
    out, done = converted
    header, rows = done.stdout.split("recipe", 1)
    for word in ("MiB", "dB", "ms", "left in float", "TFLite", "litert-xnnpack", "tflite-runtime"):
        assert word in done.stdout
    assert "int8" in rows
    fastest = min((read_side_file(path) for path in out.glob("*.json")), key=lambda facts: facts.runs[0].ms)
    assert done.stdout.endswith(f"next: python -m pynet_tf.render PHOTO --model {out / fastest.file} --out rendered\n")
    assert "warning: 3 photos to calibrate on; 16 or more" in done.stderr
    assert header.count("checking") == 6


def test_the_published_file_runs(converted) -> None:
    out, _ = converted
    picture = load_artifact(out / "tiny-64x128-float16.tflite").run(np.full((1, 32, 64, 3), 0.5, np.float32))
    assert picture.shape == (1, 64, 128, 3)


@pytest.mark.slow
def test_an_rgbd_model_takes_depth_maps(tiny_rgbd_model: Path, photo_folder: Path, tmp_path: Path) -> None:
    photos = ["--calibration", photo_folder, "--check", photo_folder]
    assert convert("--model", tiny_rgbd_model, *SIZE, *photos, "--recipe", "int8", "--out", tmp_path) == 0
    facts = read_side_file(tmp_path / "tiny-rgbd-64x128-int8.json")
    assert facts.model.inputs == "rgbd"
    assert facts.input.shape == (1, 32, 64, 4)


def test_an_rgbd_model_without_depth_maps_says_so(tiny_rgbd_model: Path, tmp_path: Path, capsys) -> None:
    for number in range(2):
        write_picture(tmp_path / "photos" / f"{number}.png", smooth_picture(np.random.default_rng(number), 64, 128))
    photos = ["--calibration", tmp_path / "photos"]
    assert convert("--model", tiny_rgbd_model, *SIZE, *photos, "--recipe", "int8", "--out", tmp_path / "o") == 2
    assert "depth" in capsys.readouterr().err


@pytest.mark.slow
def test_a_newer_runtime_than_allowed_fails_the_gate(tiny_model, photo_folder, tmp_path: Path, capsys) -> None:
    arguments = ["--model", tiny_model, *SIZE, "--check", photo_folder, "--recipe", "float32", "--out", tmp_path]
    assert convert(*arguments, "--min-runtime", "2.1") == 1
    assert "needs TensorFlow Lite 2.2 for RESIZE_BILINEAR v3" in capsys.readouterr().err
    assert convert(*arguments, "--min-runtime", "2.14") == 0


@pytest.mark.slow
def test_one_unreadable_photo_is_named_and_fails_only_if_strict(tiny_model, photo_folder, tmp_path, capsys) -> None:
    shutil.copytree(photo_folder, tmp_path / "photos")
    broken = tmp_path / "photos" / "test" / "original" / "0.png"
    broken.write_bytes(broken.read_bytes()[:2000])
    arguments = ["--model", tiny_model, *SIZE, "--check", tmp_path / "photos", "--recipe", "float32", "--out", tmp_path]
    assert convert(*arguments) == 0
    said = capsys.readouterr().err
    assert "1 file skipped" in said
    assert "0.png" in said
    assert convert(*arguments, "--strict") == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--size", "1000x1536"], "the nearest size is 1024x1536"),
        (["--size", "big"], "is not HxW"),
        (["--size", "0x64"], "sides lie between 64 and"),
        (["--recipe", "int4"], "there is no recipe 'int4'; known are"),
        (["--recipe", "int8", "--recipe", "int8"], "two recipes are named int8"),
        (["--check-count", "0"], "--check-count is 0"),
        (["--threads", "-1"], "--threads is -1"),
        (["--min-runtime", "new"], "'new' is not a version"),
        (["--calibration", "nowhere"], "nowhere does not exist"),
        (["--check", "nowhere"], "nowhere does not exist"),
        (["--model", "nowhere.keras"], "nowhere.keras is not a file"),
        (["--model", "setup.cfg"], "is not a .keras file"),
        (["--out", "setup.cfg"], "cannot be a folder: a file has that name"),
    ],
)
def test_bad_options_are_refused_before_any_work(
    tiny_model: Path, tmp_path: Path, capsys, arguments: list[str], said: str
) -> None:
    common = [] if "--model" in arguments else ["--model", tiny_model]
    out = [] if "--out" in arguments else ["--out", tmp_path / "out"]
    small = [] if "--size" in arguments else SIZE
    try:
        code = convert(*common, *small, *out, *arguments)
    except SystemExit as leave:  # argparse
        code = leave.code
    captured = capsys.readouterr()
    assert code == 2
    assert said in captured.err
    assert "Traceback" not in captured.err
    assert "converting" not in captured.out
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())


def test_photos_that_are_all_calibrated_on_leave_none_to_check(tiny_model, tmp_path: Path, capsys) -> None:
    write_picture(tmp_path / "p" / "0.png", smooth_picture(np.random.default_rng(0), 64, 128))
    arguments = ["--calibration", tmp_path / "p", "--check", tmp_path / "p", "--out", tmp_path / "o"]
    assert convert("--model", tiny_model, *SIZE, *arguments) == 2
    assert "none is left to check on" in capsys.readouterr().err


def test_weights_that_are_nan_are_named(tiny_model: Path, tmp_path: Path, capsys) -> None:
    model = load_model(tiny_model)
    model.get_layer("level3_head").bias.assign([0.0, np.nan, np.inf])
    save_model(model, tmp_path / "nan.keras")
    assert convert("--model", tmp_path / "nan.keras", *SIZE, "--out", tmp_path / "o") == 2
    assert "2 of 3 values of level3_head/bias" in capsys.readouterr().err
    assert list((tmp_path / "o").iterdir()) == []


def test_a_full_disk_leaves_nothing_half_written(tiny_model, photo_folder, tmp_path, capsys, monkeypatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    arguments = ["--model", tiny_model, *SIZE, "--check", photo_folder, "--recipe", "float32", "--out", tmp_path / "o"]
    assert convert(*arguments) == 2
    assert "no space left on the disk" in capsys.readouterr().err
    assert list((tmp_path / "o").iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_in_the_middle_leaves_nothing(tiny_model, photo_folder, tmp_path, stop: signal.Signals) -> None:
    arguments = ["--model", tiny_model, *SIZE, "--check", photo_folder, "--recipe", "float32", "--recipe", "float16"]
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "convert.tflite", *map(str, arguments), "--out", str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("checking float32"):
            process.send_signal(stop)
            break
    _, errors = process.communicate()
    assert process.returncode == 2, errors
    assert "interrupted" in errors
    assert "Traceback" not in errors
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_what_a_killed_run_has_left_goes_with_the_next(tiny_model, photo_folder, tmp_path: Path) -> None:
    left = tmp_path / ".convert-999999999-abc"
    left.mkdir()
    Image.new("RGB", (2, 2)).save(left / "half.png")
    arguments = ["--model", tiny_model, *SIZE, "--check", photo_folder, "--recipe", "float32", "--out", tmp_path]
    assert convert(*arguments) == 0
    assert not left.exists()


def test_the_facts_are_json_for_machines(converted) -> None:
    out, _ = converted
    told = json.loads((out / "tiny-64x128-float16.json").read_text("utf-8"))
    assert told["schema_id"] == "pynet-artifact/1"
    assert told["recipe"]["name"] == "float16"
