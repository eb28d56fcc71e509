"""A bottom-up run through all seven levels, on pairs made for it: it learns, and nothing collapses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from calib_data import command, render
from pynet_tf import evaluate, load_model, train
from pynet_tf.model_files import finest_level


def run(module, *arguments: object) -> int:
    return command.run(module.build_parser(), module.run, [str(argument) for argument in arguments])


@pytest.mark.slow
def test_three_minutes_bottom_up_on_generated_pairs_beat_the_photo_itself(tmp_path: Path, capsys) -> None:
    data, out = tmp_path / "pairs", tmp_path / "run"
    assert run(render, "--count", 12, "--size", "256x384", "--seed", 7, "--test", 3, "--out", data) == 0
    options = ["--width", 4, "--batch", 4, "--crop", 96, "--steps", 100, "--evaluate-every", 50, "--cache", "memory"]
    assert run(train, "--data", data, "--out", out, "--plan", "small", *options) == 0
    assert "collapses" not in capsys.readouterr().err
    entries = [json.loads(line) for line in (out / "log.jsonl").read_text("utf-8").splitlines()]
    looks = [entry for entry in entries if "psnr" in entry]
    assert list(dict.fromkeys(entry["level"] for entry in looks)) == [7, 6, 5, 4, 3, 2, 1]
    last = looks[-1]
    assert last["psnr"] > last["identity_psnr"] + 0.3
    assert 0.8 < last["spread"] < 1.2
    assert 0.8 < last["chroma"] < 1.2
    assert finest_level(load_model(out / "model.keras")) == 1
    figures = tmp_path / "figures.json"
    assert run(evaluate, "--data", data, "--model", out / "model.keras", "--json", figures) == 0
    assert json.loads(figures.read_text("utf-8"))["protocol"]
