"""`python -m convert.onnx`: what it writes, what it prints, and what it does with bad input."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest

from calib_data import command, files
from calib_data.errors import UserError
from convert import onnx as onnx_command
from convert.artifact import read_metadata, read_side_file
from convert.runners import Runner, load_artifact
from tests.conftest import smooth_picture

pytestmark = pytest.mark.slow

SIZE = ["--size", "64x128"]
OLD_PYTHON = os.environ.get("PYNET_OLD_ONNXRUNTIME_PYTHON", "")


def convert(*arguments: object) -> int:
    return command.run(onnx_command.build_parser(), onnx_command.run, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def converted(tiny_model: Path, photo_folder: Path, tmp_path_factory: pytest.TempPathFactory):
    """The folder of a conversion to files of any size with weights beside, and what the command printed.

    Of the newest opset; other tests have the oldest and the usual one.
    """
    out = tmp_path_factory.mktemp("dist")
    photos = ["--calibration", photo_folder, "--check", photo_folder]
    recipes = ["--recipe", "float16", "--recipe", "int8"]
    form = ["--any-size", "--external-data", "--opset", "18"]
    arguments = ["--model", tiny_model, *SIZE, *photos, *recipes, *form, "--out", out]
    done = subprocess.run(
        [sys.executable, "-m", "convert.onnx", *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return out, done


def test_each_artifact_lies_beside_its_facts_and_weights_and_nothing_else_does(converted) -> None:
    names = {
        f"tiny-anysize-{recipe}{suffix}"
        for recipe in ("float16", "int8")
        for suffix in (".json", ".onnx", ".onnx.data")
    }
    assert {path.name for path in converted[0].iterdir()} == names


def test_side_file_and_metadata_carry_the_same_facts(converted) -> None:
    out, _ = converted
    path = out / "tiny-anysize-int8.onnx"
    beside, inside = read_side_file(path.with_suffix(".json")), read_metadata(path)
    assert beside.sha256 == files.sha256(path)
    assert beside.model_copy(update={"file": "", "sha256": ""}) == inside
    assert (beside.format, beside.photo_size, beside.minimum_runtime) == ("onnx", None, "1.14")
    assert beside.onnx is not None
    assert (beside.onnx.opset, beside.onnx.ir_version, beside.onnx.layout) == (18, 8, "nhwc")
    weights = out / beside.onnx.external_data
    assert beside.onnx.external_data_sha256 == files.sha256(weights)
    stored = onnx.load(out / beside.file, load_external_data=False).graph.initializer
    lengths = [int(entry.value) for one in stored for entry in one.external_data if entry.key == "length"]
    assert weights.stat().st_size == sum(lengths)
    assert (beside.input.type, beside.input.shape, beside.input.zero_point) == ("uint8", (1, -1, -1, 3), (0,))
    assert beside.input.scale == (pytest.approx(1 / 255),)
    assert beside.calibration is not None
    assert len(beside.calibration.photos) == 3
    assert beside.left_in_float["InstanceNormalization"] == 76
    assert [run.runtime for run in beside.runs] == ["onnxruntime"]
    assert all(run.fidelity is not None and run.fidelity.photos == 2 and run.ms for run in beside.runs)
    assert sum(op.count for op in beside.ops) == len(beside.tensors)


def test_the_file_is_a_valid_one_of_a_low_version(converted) -> None:
    path = converted[0] / "tiny-anysize-float16.onnx"
    onnx.checker.check_model(str(path), full_check=True)
    assert onnx.load(path).ir_version == 8
    assert onnx.load(path).producer_name == "pynet-bokeh"


def test_the_table_tells_what_it_must_and_the_last_line_what_is_next(converted) -> None:
    out, done = converted
    whole = sum((out / f"tiny-anysize-int8.onnx{suffix}").stat().st_size for suffix in ("", ".data"))
    assert f" {whole / 2**20:.2f} " in next(line for line in done.stdout.splitlines() if line.startswith("│ int8 "))
    for word in ("MiB", "dB", "ms", "left in float", "onnxruntime", "from"):
        assert word in done.stdout
    assert done.stdout.strip().splitlines()[-1].startswith("next: python -m convert.bench")
    assert "warning: 3 photos to calibrate on; 16 or more" in done.stderr


@pytest.fixture(scope="module")
def float_model(tiny_model: Path) -> Runner:
    return load_artifact(tiny_model)


@pytest.mark.parametrize("size", [(32, 64), (64, 32), (96, 96)])
def test_the_published_file_takes_any_size(converted, float_model: Runner, size: tuple[int, int]) -> None:
    runner = load_artifact(converted[0] / "tiny-anysize-float16.onnx")
    assert runner.input_shape == (1, None, None, 3)
    photo = smooth_picture(np.random.default_rng(1), *size)[np.newaxis].astype(np.float32)
    assert np.abs(runner.run(photo) - float_model.run(photo)).max() < 0.01
    with pytest.raises(UserError, match="multiples of 32"):
        runner.run(photo[:, :31])


def test_a_file_that_has_lost_its_weights_says_so(converted, tmp_path: Path) -> None:
    path = shutil.copy(converted[0] / "tiny-anysize-int8.onnx", tmp_path)
    with pytest.raises(UserError, match="refuses"):
        load_artifact(path)


def test_it_renders_photos_like_a_tflite_file(converted, photo_folder: Path, tmp_path: Path) -> None:
    from pynet_tf import render

    photo = photo_folder / "test" / "original" / "0.png"
    arguments = [str(photo), "--model", str(converted[0] / "tiny-anysize-int8.onnx"), "--out", str(tmp_path)]
    assert command.run(render.build_parser(), render.run, arguments) == 0
    assert list(tmp_path.glob("0*"))


def test_a_tflite_file_of_that_name_keeps_its_side_file(tiny_model: Path, photo_folder, tmp_path: Path, capsys) -> None:
    (tmp_path / "tiny-64x128-float32.tflite").write_bytes(b"")
    arguments = ["--model", tiny_model, *SIZE, "--check", photo_folder, "--recipe", "float32", "--out", tmp_path]
    assert convert(*arguments) == 2
    assert "its side file has the name that tiny-64x128-float32.onnx needs" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["tiny-64x128-float32.tflite"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--size", "1000x1536"], "the nearest size is 1024x1536"),
        (["--recipe", "int16x8"], "there is no recipe 'int16x8'; known are float32, float16, dynamic, int8, int8-full"),
        (["--recipe", "int8", "--recipe", "int8"], "two recipes are named int8"),
        (["--opset", "14"], "--opset is 14; 15 to 18 are allowed"),
        (["--opset", "19"], "--opset is 19; 15 to 18 are allowed"),
        (["--layout", "chwn"], "invalid choice: 'chwn'"),
        (["--check-count", "0"], "--check-count is 0"),
        (["--threads", "-1"], "--threads is -1"),
        (["--calibration", "nowhere"], "nowhere does not exist"),
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


@pytest.mark.skipif(not OLD_PYTHON, reason="PYNET_OLD_ONNXRUNTIME_PYTHON names no Python with an old onnxruntime")
@pytest.mark.parametrize("recipe", ["float16", "int8"])
def test_an_old_onnxruntime_gives_the_same_picture(converted, tmp_path: Path, recipe: str) -> None:
    path = converted[0] / f"tiny-anysize-{recipe}.onnx"
    photo = smooth_picture(np.random.default_rng(1), 64, 96)[np.newaxis].astype(np.float32)
    tensor = np.rint(255 * photo).astype(np.uint8) if recipe == "int8" else photo
    np.save(tmp_path / "photo.npy", tensor)
    code = (
        "import sys, numpy, onnxruntime\n"
        "session = onnxruntime.InferenceSession(sys.argv[1], providers=['CPUExecutionProvider'])\n"
        "picture = session.run(['bokeh'], {'photo': numpy.load(sys.argv[2])})[0]\n"
        "numpy.save(sys.argv[3], picture)\n"
        "print(onnxruntime.__version__)\n"
    )
    arguments = [OLD_PYTHON, "-c", code, str(path), str(tmp_path / "photo.npy"), str(tmp_path / "picture.npy")]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    picture = np.load(tmp_path / "picture.npy").astype(np.float32) / (255 if recipe == "int8" else 1)
    assert np.abs(picture - load_artifact(path).run(photo)).max() < 0.03


def test_the_facts_are_json_for_machines(converted) -> None:
    told = json.loads((converted[0] / "tiny-anysize-int8.json").read_text("utf-8"))
    assert told["format"] == "onnx"
    assert told["recipe"]["name"] == "int8"
