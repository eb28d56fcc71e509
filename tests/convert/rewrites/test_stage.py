"""The stage as a whole: which rewrites are applied, what they chose, and what the network keeps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from calib_data.errors import UserError
from convert.exporter import TFLiteExporter
from convert.flatbuffer import Flatbuffer
from convert.recipes import load_recipe
from convert.rewrites import cost
from convert.rewrites.cost import Form
from convert.rewrites.explain import COLUMNS, explanation
from convert.rewrites.stage import REWRITES, chosen_names, rewrite
from pynet_tf import PyNETConfig, build_pynet, load_model
from tests.convert.conftest import SIZE, inputs
from tests.convert.rewrites.graphs import computed, names


@pytest.fixture(scope="module")
def plain(tiny_model: Path) -> bytes:
    return TFLiteExporter(load_model(tiny_model), SIZE, rewrites=()).float32


def test_the_whole_network_computes_the_same(plain: bytes) -> None:
    file, photo = Flatbuffer.read(plain), next(inputs(1, seed=4))
    expected = computed(file, photo)
    choices = rewrite(file, REWRITES)
    assert any(choice.form.columns > 1 for choice in choices)
    np.testing.assert_allclose(computed(file, photo), expected, atol=1e-5)


def test_what_was_chosen_is_what_the_file_has(plain: bytes) -> None:
    file = Flatbuffer.read(plain)
    choices = {choice.scope: choice for choice in rewrite(file, REWRITES)}
    taps = {
        op.scope.split("/")[0]: tuple(file.tensor(op.raw.inputs[1]).shape) for op in file.ops() if op.name == "CONV_2D"
    }
    for scope, choice in choices.items():
        chosen = choice.chosen
        assert taps[scope] == (chosen.maps_out, chosen.rows, chosen.columns, chosen.maps_in)


def test_without_rewrites_the_file_stays_as_it_is(plain: bytes) -> None:
    file = Flatbuffer.read(plain)
    choices = rewrite(file, ())
    assert {choice.form for choice in choices} == {Form()}
    assert [op.scope for op in file.ops()] == [op.scope for op in Flatbuffer.read(plain).ops()]


def test_no_layer_is_lost_and_no_head_but_those_of_the_picture_is_there(plain: bytes) -> None:
    file = Flatbuffer.read(plain)
    layers = _layers(file)
    rewrite(file, REWRITES)
    assert _layers(file) == layers
    assert {layer for layer in layers if layer.endswith("_head")} == {"level1_head", "level2_head"}


def test_the_explanation_has_a_line_a_block_and_the_sum(plain: bytes) -> None:
    table = explanation(rewrite(Flatbuffer.read(plain), REWRITES))
    assert len(table.columns) == len(COLUMNS)
    first = list(table.columns[0].cells)
    assert {"encoder3", "level3_block5", "level1_head"} <= set(first)
    assert first[-1] == "all"


def test_rewrites_are_chosen_by_name() -> None:
    assert chosen_names([], []) == set(REWRITES)
    assert chosen_names(["columns"], []) == {"columns"}
    assert chosen_names([], ["late"]) == set(REWRITES) - {"late"}


@pytest.mark.parametrize("arguments", [(["colums"], []), ([], ["colums"])])
def test_an_unknown_rewrite_is_refused_with_those_that_there_are(arguments) -> None:
    with pytest.raises(UserError, match="no rewrite 'colums'; known are subpixel, columns, bands, halves, late"):
        chosen_names(*arguments)


@pytest.fixture(scope="module")
def wide() -> tuple[TFLiteExporter, bytes]:
    """A network with full tiles, rewritten as if its tables were large, and its plain file."""
    model = build_pynet(PyNETConfig(width=16, head="residual"), seed=3)
    for name in ("level1_head", "level2_head"):  # as a trained head's, so that the picture tells of all levels
        layer = model.get_layer(name)
        layer.set_weights([200 * weights for weights in layer.get_weights()])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cost, "_LARGE_TABLE", 0)
        patch.setattr(cost, "_WEIGHT_BYTES", 0)  # in so small a picture they would cost more than is saved
        exporter = TFLiteExporter(model, SIZE, lambda: inputs(1))
        made = exporter.choices, exporter.float32  # here, where the tables are large
    assert all(made)
    return exporter, TFLiteExporter(model, SIZE, rewrites=()).float32


@pytest.mark.slow
def test_float_files_are_computed_in_halves_and_are_the_same(
    wide: tuple[TFLiteExporter, bytes],
) -> None:
    exporter, plain = wide
    photo = next(inputs(1, seed=4))
    expected = computed(Flatbuffer.read(plain), photo)
    photo_alone = photo.repeat(2, axis=1).repeat(2, axis=2)
    assert np.abs(expected - photo_alone).mean() > 0.1
    for recipe, tolerance in (("float32", 2e-5), ("float16", 2e-2)):
        file = Flatbuffer.read(exporter.export(load_recipe(recipe)))
        assert "AVERAGE_POOL_2D" in names(file)
        np.testing.assert_allclose(computed(file, photo), expected, atol=tolerance)


@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["dynamic", "int8"])
def test_integers_are_not_made_of_sums_of_columns(wide: tuple[TFLiteExporter, bytes], recipe: str) -> None:
    exporter, _ = wide
    file = Flatbuffer.read(exporter.export(load_recipe(recipe)))
    assert any(choice.form.halves for choice in exporter.choices)
    assert "AVERAGE_POOL_2D" not in names(file)
    assert any("/bands" in file.tensor_name(index) for index in range(len(file.graph.tensors)))


def _layers(file: Flatbuffer) -> set[str]:
    return {op.scope.split("/")[0] for op in file.ops()}


def test_nothing_is_left_that_a_phone_does_not_need(exporter: TFLiteExporter) -> None:
    file = Flatbuffer.read(exporter.float32)
    scopes = {op.scope.split("/")[0] for op in file.ops()}
    assert not {f"level{level}_head" for level in range(3, 8)} & scopes
    constants = [file.constant(index) for index in range(len(file.graph.tensors)) if file.is_constant(index)]
    large = [values.tobytes() for values in constants if values.nbytes > 256]
    assert len(large) == len(set(large))
    for op in file.ops():
        if op.name == "MUL":
            factors = [file.constant(index) for index in op.raw.inputs if file.is_constant(index)]
            assert not any((values == 1).all() for values in factors)
