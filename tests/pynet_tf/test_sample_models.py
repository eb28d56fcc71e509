"""What the sample models are worth on pairs that share nothing with those they were trained on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from calib_data import command, render
from calib_data.dataset import RENDERED
from pynet_tf import evaluate
from pynet_tf.model_files import SAMPLE_MODEL


@pytest.mark.slow
def test_on_path_traced_pairs_both_are_one_decibel_over_the_best_gaussian_with_right_colours(tmp_path: Path) -> None:
    models = (SAMPLE_MODEL, SAMPLE_MODEL.with_name("pynet-rgbd-w8.keras"))
    facts = tmp_path / "facts.json"
    options = ["--data", RENDERED, *(word for model in models for word in ("--model", model)), "--json", facts]
    asked = [str(option) for option in (*options, "--over-gaussian", 1)]
    assert command.run(evaluate.build_parser(), evaluate.run, asked) == 0
    identity, _, *candidates = json.loads(facts.read_text("utf-8"))["candidates"]
    assert [candidate["name"] for candidate in candidates] == [model.name for model in models]
    for candidate in candidates:
        assert candidate["whole"]["ciede2000"] < identity["whole"]["ciede2000"] + 1


@pytest.mark.slow
def test_at_f16_the_one_trained_on_such_photos_is_nearer_to_the_targets_than_the_other_and_any_one_blur(
    tmp_path: Path,
) -> None:
    size = ["--size", "1024x1536", "--stopped-down", "--no-exposure-shift"]
    asked = ["--count", "4", "--seed", "2021", *size, "--out", str(tmp_path / "pairs")]
    assert command.run(render.build_parser(), render.run, asked) == 0
    models = (SAMPLE_MODEL.with_name("pynet-rgb-w8-stopped-down.keras"), SAMPLE_MODEL)
    facts = tmp_path / "facts.json"
    options = ["--data", tmp_path / "pairs", *(word for model in models for word in ("--model", model))]
    asked = [str(option) for option in (*options, "--json", facts)]
    assert command.run(evaluate.build_parser(), evaluate.run, asked) == 0
    _, gaussian, narrow, other = json.loads(facts.read_text("utf-8"))["candidates"]
    assert narrow["whole"]["psnr"] > gaussian["whole"]["psnr"] + 1.8
    assert narrow["whole"]["psnr"] > other["whole"]["psnr"] + 0.4
    assert narrow["in_focus"]["psnr"] > other["in_focus"]["psnr"] + 1.5
