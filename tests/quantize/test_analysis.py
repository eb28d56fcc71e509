"""The analysis: switches agree with schemes, the search finds the cheapest way, and the recipe converts."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from calib_data import command
from calib_data.sizes import PhotoSize
from convert.exporter import TFLiteExporter
from convert.flatbuffer import Flatbuffer
from convert.recipes import load_recipe
from pynet_tf import load_model
from quantize import analyze
from quantize.calibration import calibrate, spans
from quantize.graph import OUTPUT
from quantize.proposal import propose
from quantize.scheme import RECIPES, make_scheme
from quantize.simulation import Simulation
from quantize.switched import Switched
from quantize.weights import weight_loss
from tests.quantize.conftest import Make, inputs

LOSS = {"a": 6.0, "b": 3.0, "c": 1.0, "d": 0.1}
COST = {"a": 0.7, "b": 0.1, "c": 0.1, "d": 0.1}


def psnr_without(reverted) -> float:
    return 40.0 + sum(LOSS[unit] for unit in reverted)


@pytest.mark.parametrize(
    ("wished", "chosen"), [(40, set()), (43, {"b"}), (44, {"b", "c"}), (46, {"a"}), (50, {"a", "b", "c"})]
)
def test_the_wish_is_reached_with_the_fewest_float_operations(wished: float, chosen: set[str]) -> None:
    found = propose({u: psnr_without([u]) for u in LOSS}, COST, wished, psnr_without, lambda units: units)
    assert found.reached
    assert set(found.chosen.reverted) == chosen
    costs = [one.operations for one in found.tried]
    assert costs == sorted(costs)


def test_a_wish_that_is_out_of_reach_gives_the_nearest() -> None:
    found = propose({u: psnr_without([u]) for u in LOSS}, COST, 90, psnr_without, lambda units: units)
    assert not found.reached
    assert found.chosen.psnr == max(one.psnr for one in found.tried)


@pytest.mark.slow
def test_switches_compute_what_schemes_compute(make_model: Make) -> None:
    model = make_model(head="blend")
    scheme = make_scheme(model, RECIPES["int8"])
    ranges = spans(calibrate(model, scheme, inputs(2)))
    switched = Switched(model, scheme, ranges)
    photo = tf.constant(next(inputs(1)))
    switched.switch(())
    np.testing.assert_allclose(switched.compute(photo)[OUTPUT], np.clip(model(photo)[OUTPUT], 0, 1), atol=2e-6)
    switched.switch(switched.units)
    np.testing.assert_allclose(switched.compute(photo)[OUTPUT], Simulation(model, scheme, ranges)(photo), atol=1e-6)
    back = "level4_block2_conv5a"
    mixed = make_scheme(model, [*RECIPES["int8"], *switched.units[back]])
    switched.switch([unit for unit in switched.units if unit != back])
    np.testing.assert_allclose(switched.compute(photo)[OUTPUT], Simulation(model, mixed, ranges)(photo), atol=1e-6)


def test_clipping_is_never_worse_and_pays_for_an_outlier() -> None:
    kernel = np.random.default_rng(1).normal(0, 1, (9, 9, 64, 4)).astype(np.float32)
    plain = weight_loss(kernel, 3)
    kernel[0, 0, 0, 0] = 12.0
    outlier = weight_loss(kernel, 3)
    assert plain.clipped >= plain.sqnr
    assert outlier.clipped > outlier.sqnr
    assert outlier.spread > 2


@pytest.fixture(scope="module")
def analysed(tiny_model: Path, photo_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("analysis")
    options = ["--model", tiny_model, "--data", photo_folder, "--size", "64x64", "--count", 1, "--out", folder]
    assert command.run(analyze.build_parser(), analyze.run, [str(one) for one in [*options, "--wish", 60]]) == 0
    return folder


@pytest.mark.slow
def test_the_command_measures_every_unit(analysed: Path, tiny_model: Path) -> None:
    found = json.loads((analysed / "analysis.json").read_text("utf-8"))
    scheme = make_scheme(load_model(tiny_model))
    assert {unit["unit"] for unit in found["units"]} >= {"photo", "encoder3_conv3a", "level7_up_p", "level1"}
    assert sum(unit["operations"] for unit in found["units"]) == pytest.approx(1)
    ranges = {span["tensor"] for unit in found["units"] for span in unit["ranges"]}
    assert ranges == set(scheme.learnt)
    assert found["all_integers"] <= min(found["weights_only"], found["activations_only"]) + 0.01
    page = (analysed / "analysis.html").read_text("utf-8")
    assert "http" not in page.replace("http-equiv", "")
    assert page.count('class="chart"') == 4


@pytest.mark.slow
def test_the_proposed_recipe_converts_and_leaves_its_layers_in_float(analysed: Path, tiny_model: Path) -> None:
    recipe = load_recipe(str(analysed / "recipe.json"))
    size = PhotoSize(64, 64)
    model = load_model(tiny_model)
    exporter = TFLiteExporter(model, size, lambda: inputs(1, 3, *size.tensor))
    file = Flatbuffer.read(exporter.export(recipe))
    scopes = [rule.scope.removesuffix("/*") for rule in recipe.rules[2:]]
    assert scopes
    for op in file.ops():
        if op.scope.partition("/")[0] in scopes and op.name == "CONV_2D":
            assert file.type_name(op.raw.outputs[0]) == "float32"


@pytest.mark.parametrize(("option", "value"), [("--count", 0), ("--wish", "nan"), ("--calibrate", -1)])
def test_numbers_out_of_range_are_refused(tmp_path: Path, option: str, value: object, capsys) -> None:
    out = tmp_path / "out"
    call = ["--out", out, option, value]
    assert command.run(analyze.build_parser(), analyze.run, [str(one) for one in call]) == 2
    assert f"{option} is {value}" in capsys.readouterr().err
    assert not out.exists()
