"""The command: tables, JSON, sheet, gates, and what it refuses."""

from __future__ import annotations

import json
import sys
import types
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from calib_data import command
from calib_data.files import sha256
from pynet_tf import evaluate
from pynet_tf.sheet import DIFFERENCE_FACTOR, PictureSheet

pytestmark = pytest.mark.usefixtures("models_loaded_once")


def evaluate_command(*arguments: object) -> int:
    return command.run(evaluate.build_parser(), evaluate.run, [str(argument) for argument in arguments])


def test_a_model_is_scored_beside_both_baselines(tiny_model: Path, photo_folder: Path, tmp_path: Path, capsys) -> None:
    facts, sheet = tmp_path / "facts.json", tmp_path / "sheet.png"
    arguments = ("--data", photo_folder, "--model", tiny_model, "--border", 8, "--json", facts, "--sheet", sheet)
    assert evaluate_command(*arguments) == 0
    told = json.loads(facts.read_text())
    assert [entry["name"] for entry in told["candidates"]] == ["identity", "gaussian", tiny_model.name]
    assert told["candidates"][2]["sha256"] == sha256(tiny_model)
    assert told["protocol"]["split"] == "test"
    assert told["protocol"]["border_px"] == 8
    assert "no contrast stretch" in told["protocol"]["values"]
    assert [photo["name"] for photo in told["photos"]] == ["0", "1"]
    means = [photo["whole"][tiny_model.name]["psnr"] for photo in told["photos"]]
    assert told["candidates"][2]["whole"]["psnr"] == pytest.approx(np.mean(means))
    with Image.open(sheet) as picture:
        assert picture.format == "PNG"
        assert picture.width > 1600
    printed = capsys.readouterr().out
    for words in ("border px: 8", "no contrast stretch", "SSIM gauss11", "SSIM uniform7", "CIEDE2000", "sigma"):
        assert words in printed
    assert printed.splitlines()[-1].startswith("next: python -m pynet_tf.render PHOTO --model")


def test_targets_as_predictions_pass_the_gates_and_photos_fail_them(photo_folder: Path, capsys) -> None:
    split = photo_folder / "test"
    arguments = ("--data", photo_folder, "--predictions")
    assert evaluate_command(*arguments, split / "bokeh", "--over-gaussian", 3) == 0
    assert evaluate_command(*arguments, split / "original", "--over-gaussian", 3) == 1
    assert "dB over the best Gaussian in the whole frame, not +3" in capsys.readouterr().err


def test_the_in_focus_gate(photo_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    split = photo_folder / "test"
    arguments = ("--data", photo_folder, "--predictions", split / "original", "--in-focus-over-gaussian")
    assert evaluate_command(*arguments, -100) == 0
    assert evaluate_command(*arguments, 100) == 1
    monkeypatch.setattr("pynet_tf.protocol.LEAST_SHARE", 1.1)
    assert evaluate_command(*arguments, -100) == 1
    assert "no pair has enough in focus to judge by" in capsys.readouterr().err


def test_several_models_folders_and_splits(
    tiny_model: Path, tiny_rgbd_model: Path, photo_folder: Path, tmp_path: Path
) -> None:
    facts = tmp_path / "facts.json"
    models = ("--model", tiny_model, "--model", tiny_rgbd_model, "--count", 1, "--json", facts)
    assert evaluate_command("--data", photo_folder, "--split", "train", *models) == 0
    told = json.loads(facts.read_text())
    assert [entry["baseline"] for entry in told["candidates"]] == [True, True, False, False]
    assert [(photo["name"], photo["split"]) for photo in told["photos"]] == [("0", "train")]


def test_an_unreadable_photo_is_named_and_counts_with_strict(photo_folder: Path, tmp_path: Path, capsys) -> None:
    split = tmp_path / "test"
    for part in ("original", "bokeh"):
        (split / part).mkdir(parents=True)
        for name in ("0.png", "1.png"):
            (split / part / name).write_bytes((photo_folder / "test" / part / name).read_bytes())
    (split / "original" / "1.png").write_bytes(b"")
    arguments = ("--data", tmp_path, "--predictions", split / "bokeh", "--json", tmp_path / "facts.json")
    assert evaluate_command(*arguments) == 0
    assert evaluate_command(*arguments, "--strict") == 1
    captured = capsys.readouterr()
    assert "1 file skipped" in captured.err
    assert "1.png is empty" in captured.err
    told = json.loads((tmp_path / "facts.json").read_text())
    assert told["photos_scored"] == 1
    assert told["skipped"][0]["photo"].endswith("1.png")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--split", "val"), "invalid choice"),
        (("--border", "-1"), "0 or more"),
        (("--count", "0"), "of 1 or more"),
        (("--sheet", "sheet.gif"), "does not end in"),
        (("--size", "100x100"), "multiples of 64"),
        (("--size", "192x256", "--height", "192"), "not allowed with"),
    ],
)
def test_wrong_options_are_refused_at_once(arguments: tuple[str, ...], words: str, capsys) -> None:
    with pytest.raises(SystemExit) as left:
        evaluate_command(*arguments)
    assert left.value.code == 2
    assert words in capsys.readouterr().err


def test_a_folder_named_like_a_baseline_keeps_figures_of_its_own(photo_folder: Path, tmp_path: Path) -> None:
    folder, facts = tmp_path / "identity", tmp_path / "facts.json"
    folder.symlink_to(photo_folder / "test" / "bokeh")
    assert evaluate_command("--data", photo_folder, "--predictions", folder, "--json", facts) == 0
    identity, _, targets = json.loads(facts.read_text())["candidates"]
    assert identity["name"] == "identity" != targets["name"]
    assert identity["whole"]["psnr"] < targets["whole"]["psnr"] == 150


def test_one_model_twice_and_missing_ones_are_refused(tiny_model: Path, photo_folder: Path, capsys) -> None:
    assert evaluate_command("--data", photo_folder, "--model", tiny_model, tiny_model) == 2
    assert "is named twice" in capsys.readouterr().err
    assert evaluate_command("--data", photo_folder, "--model", "nowhere.keras") == 2
    assert "nowhere.keras is not a file" in capsys.readouterr().err


def test_without_its_package_lpips_says_how_to_get_it(photo_folder: Path, monkeypatch, capsys) -> None:
    monkeypatch.setitem(sys.modules, "lpips", None)
    assert evaluate_command("--data", photo_folder, "--lpips") == 2
    assert "pip install" in capsys.readouterr().err


def test_lpips_is_one_more_column(photo_folder: Path, monkeypatch, tmp_path: Path, capsys) -> None:
    """Against a stand-in for the package, which needs PyTorch: the mean absolute difference of what it is given."""

    class Network:
        def __init__(self, net: str, verbose: bool) -> None:
            assert net == "alex"

        def eval(self) -> Network:
            return self

        def __call__(self, first: np.ndarray, second: np.ndarray, normalize: bool) -> np.ndarray:
            assert normalize
            assert first.shape[:2] == (1, 3)
            return np.abs(first - second).mean()

    class NoGrad:
        def __enter__(self) -> None: ...

        def __exit__(self, *_: object) -> None: ...

    monkeypatch.setitem(sys.modules, "lpips", types.SimpleNamespace(LPIPS=Network))
    monkeypatch.setitem(sys.modules, "torch", types.SimpleNamespace(from_numpy=np.asarray, no_grad=NoGrad))
    facts, predicted = tmp_path / "facts.json", photo_folder / "test" / "bokeh"
    assert evaluate_command("--data", photo_folder, "--predictions", predicted, "--lpips", "--json", facts) == 0
    assert "LPIPS" in capsys.readouterr().out
    identity, _, targets = json.loads(facts.read_text())["candidates"]
    assert identity["whole"]["lpips"] > 0.01
    assert targets["whole"]["lpips"] == 0
    assert identity["in_focus"]["lpips"] is None


def test_a_sheet_shows_pictures_unstretched_and_the_difference_times_its_factor(tmp_path: Path) -> None:
    grey = [np.full((200, 400, 3), level, np.float32) for level in (0.3, 0.4, 0.5)]
    sheet = PictureSheet(most_rows=1)
    for _ in range(2):
        sheet.add("one", *grey)
    assert len(sheet) == 1
    sheet.write(tmp_path / "sheet.png")
    with Image.open(tmp_path / "sheet.png") as picture:
        row = np.asarray(picture)[140, 200::406, 0][:4] / 255
    assert row == pytest.approx([0.3, 0.4, 0.5, DIFFERENCE_FACTOR * 0.1], abs=0.01)


def test_real_pairs_are_scored(real_photos: Path, tmp_path: Path) -> None:
    facts = tmp_path / "facts.json"
    originals = real_photos / "original"
    assert evaluate_command("--data", real_photos, "--predictions", originals, "--height", 512, "--json", facts) == 0
    told = json.loads(facts.read_text())
    identity, blur, _ = (entry["whole"]["psnr"] for entry in told["candidates"])
    assert told["photos_scored"] == 4
    assert told["photos_in_focus"] >= 2
    assert blur > identity + 1
