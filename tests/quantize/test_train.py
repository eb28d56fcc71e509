"""Fine-tuning: the same trainer, a file with ranges that converts without photos, and clear refusals."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from calib_data import command
from convert import tflite
from convert.artifact import ArtifactFacts
from pynet_tf import load_model
from quantize import train
from quantize.ranges import load_ranges
from quantize.scheme import make_scheme


def run(*arguments: object) -> int:
    return command.run(train.build_parser(), train.run, [str(argument) for argument in arguments])


SMALL = ["--size", "128x128", "--calibrate", 2, "--batch", 1, "--crop", 32, "--evaluate-every", 2, "--save-every", 1]


@pytest.fixture(scope="module")
def tuned(tiny_model: Path, photo_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run of two steps."""
    folder = tmp_path_factory.mktemp("tuned") / "run"
    options = ["--model", tiny_model, "--data", photo_folder, "--out", folder, "--steps", 2, *SMALL]
    assert run(*options) == 0
    return folder


@pytest.mark.slow
def test_every_evaluation_compares_simulation_and_file(tuned: Path) -> None:
    entries = [json.loads(line) for line in (tuned / "log.jsonl").read_text("utf-8").splitlines()]
    compared = [entry for entry in entries if "agreement" in entry]
    assert [entry["step"] for entry in compared] == [2]
    for entry in compared:
        assert entry["agreement"] >= 48
        assert min(entry["float_psnr"], entry["file_psnr"]) > 40


@pytest.mark.slow
def test_the_result_converts_without_calibration(tuned: Path, photo_folder: Path, tmp_path: Path) -> None:
    model = tuned / "model.keras"
    ranges = load_ranges(model)
    assert ranges is not None
    assert ranges.recipe == "int8"
    assert set(ranges.ranges) == set(make_scheme(load_model(model)).group)
    options = ["--model", model, "--recipe", "int8", "--size", "128x128", "--check", photo_folder, "--check-count", 1]
    call = [*options, "--calibration", photo_folder, "--out", tmp_path]
    assert command.run(tflite.build_parser(), tflite.run, [str(one) for one in call]) == 0
    facts = ArtifactFacts.model_validate_json((tmp_path / "model-128x128-int8.json").read_text("utf-8"))
    assert facts.calibration is None


@pytest.mark.slow
def test_a_run_resumes_with_the_same_options_only(
    tuned: Path, tiny_model: Path, photo_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--model", tiny_model, "--data", photo_folder, "--out", tuned, "--steps", 2, *SMALL]
    assert run(*options) == 2
    assert "holds a run already" in capsys.readouterr().err
    assert run(*options, "--resume", "--task-weight", 0.5) == 2
    assert "another tuning" in capsys.readouterr().err
    before = (tuned / "model.keras").read_bytes()
    (tuned / "model.keras").unlink()
    assert run(*options, "--resume") == 0
    assert (tuned / "model.keras").read_bytes() == before


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--warm-up", 2, "--warm-up is 2.0"),
        ("--output-weight", "nan", "--output-weight is nan"),
        ("--calibrate", 0, "--calibrate is 0"),
        ("--crop", 40, "multiple of 32"),
    ],
)
def test_numbers_out_of_range_are_refused(
    tiny_model: Path, photo_folder: Path, tmp_path: Path, option: str, value: object, message: str, capsys
) -> None:
    call = ["--model", tiny_model, "--data", photo_folder, "--out", tmp_path / "run", *SMALL, option, value]
    assert run(*call) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_losses_against_the_targets_are_chosen_and_noted(tiny_model: Path, photo_folder: Path, tmp_path: Path) -> None:
    call = ["--model", tiny_model, "--data", photo_folder, "--out", tmp_path / "run", "--steps", 1, *SMALL]
    assert run(*call, "--loss", "ssim=0.02", "--loss", "l2") == 0
    settings = json.loads((tmp_path / "run" / "run.json").read_text("utf-8"))
    assert settings["plan"][0]["loss_weights"] == {"ssim": 0.02, "l2": 1.0}


def test_an_unknown_loss_is_refused(tiny_model: Path, photo_folder: Path, tmp_path: Path, capsys) -> None:
    call = ["--model", tiny_model, "--data", photo_folder, "--out", tmp_path / "run", *SMALL]
    assert run(*call, "--loss", "l3=1") == 2
    assert "l3 is no loss" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
