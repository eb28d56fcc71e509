"""What the sample models are worth on pairs that share nothing with those they were trained on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from calib_data import command
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
