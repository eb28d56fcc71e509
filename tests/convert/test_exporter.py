"""The six recipes: their types, their operations, and pictures like the float model's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from calib_data.errors import UserError
from calib_data.sizes import PhotoSize
from convert.checking import Check
from convert.exporter import TFLiteExporter
from convert.flatbuffer import Flatbuffer, inventory
from convert.policy import minimum_runtime
from convert.recipes import STANDARD, Recipe, Rule, load_recipe
from convert.runners import TFLiteRunner
from convert.runtimes import find_runtime
from convert.weights import store_as_float16
from pynet_tf import PyNETConfig, build_pynet, load_model
from tests.convert.conftest import SIZE, inputs

GOLDEN = Path(__file__).parent / "data"
LEAST_PSNR = {"float32": 90, "float16": 60, "dynamic": 45, "int8": 40, "int8-full": 37, "int16x8": 55}
INTEGER_ONLY = {"QUANTIZE", "DEQUANTIZE"}


@pytest.fixture(scope="module")
def check(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Check:
    return Check(load_model(tiny_model), inputs(2, seed=11), tmp_path_factory.mktemp("check"))


@pytest.mark.parametrize("runtime", ["litert-xnnpack", "litert-builtin", "tflite-runtime"])
@pytest.mark.parametrize("recipe", STANDARD)
def test_pictures_are_like_the_float_models(files, check: Check, recipe: str, runtime: str) -> None:
    facts = check.run(files[recipe], find_runtime(runtime))
    if recipe == "int16x8" and runtime == "tflite-runtime":
        assert "RSQRT" in facts.failure
        return
    assert facts.failure == ""
    assert facts.fidelity is not None
    assert facts.fidelity.photos == 2
    assert facts.fidelity.worst_psnr >= LEAST_PSNR[recipe]


@pytest.mark.parametrize("recipe", STANDARD)
def test_the_ops_are_those_of_the_golden_inventory(files, recipe: str, request: pytest.FixtureRequest) -> None:
    lines = [f"{e.op} v{e.version} {e.inputs} -> {e.output} x{e.count}" for e in _inventory(files[recipe])]
    text, golden = "\n".join(lines) + "\n", GOLDEN / f"ops-{recipe}.txt"
    if request.config.getoption("--update-golden"):
        golden.write_text(text, "utf-8")
    assert text == golden.read_text("utf-8")


def test_int8_full_has_no_float_tensor_at_all(files) -> None:
    types = {kind for entry in _inventory(files["int8-full"]) for kind in (*entry.inputs.split(","), entry.output)}
    assert types <= {"int8", "int32", "uint8"}


def test_int8_keeps_exactly_the_norms_and_the_heads_last_steps_in_float(files) -> None:
    file = Flatbuffer.read(files["int8"].read_bytes())
    floats = [op for op in file.ops() if file.type_name(op.raw.outputs[0]) == "float32" and op.name not in INTEGER_ONLY]
    assert floats
    layers = {op.scope.split("/")[0] for op in floats}
    norms = {layer for layer in layers if layer.endswith("_norm")}
    assert layers - norms == {"level1", "level1_photo"}
    counts = {entry.inputs: entry.count for entry in _inventory(files["int8"]) if entry.op == "DEQUANTIZE"}
    assert counts == {"uint8": 1, "int8": len(norms) + 1}


def test_integer_files_take_and_give_bytes(files) -> None:
    for recipe in ("int8", "int8-full"):
        file = Flatbuffer.read(files[recipe].read_bytes())
        for index in (*file.graph.inputs, *file.graph.outputs):
            assert file.type_name(index) == "uint8"
            assert file.tensor(index).quantization.scale[0] == pytest.approx(1 / 255)
            assert file.tensor(index).quantization.zeroPoint[0] == 0


@pytest.mark.parametrize("recipe", STANDARD)
def test_all_but_int16x8_run_on_2_14(files, recipe: str) -> None:
    version, because = minimum_runtime(_inventory(files[recipe]))
    assert because
    newest = tuple(int(part) for part in version.split("."))
    assert (newest <= (2, 14)) == (recipe != "int16x8")


def test_input_and_output_have_their_names_in_every_file(files) -> None:
    for path in files.values():
        signature = Flatbuffer.read(path.read_bytes()).model.signatureDefs[0]
        assert [entry.name for entry in signature.inputs] == [b"photo"]
        assert [entry.name for entry in signature.outputs] == [b"bokeh"]


def test_float16_halves_and_dynamic_quarters_the_weights(files) -> None:
    size = {recipe: path.stat().st_size for recipe, path in files.items()}
    assert size["float32"] > size["float16"] > size["dynamic"]


@pytest.mark.slow
def test_photos_are_streamed_once_for_all_integer_recipes(tiny_model: Path) -> None:
    streams = []

    def photos():
        streams.append(1)
        return inputs(2)

    exporter = TFLiteExporter(load_model(tiny_model), PhotoSize(64, 64), lambda: _cropped(photos()))
    for name in ("int8", "int8-full", "int16x8"):
        exporter.export(load_recipe(name))
    assert streams == [1]


def test_a_mixed_recipe_leaves_the_layers_that_it_names_in_float(exporter: TFLiteExporter) -> None:
    recipe = Recipe(
        name="mixed", rules=(Rule(type="int8"), Rule(scope="level3_block[1-4]_*", type="float32")), io="uint8"
    )
    file = Flatbuffer.read(exporter.export(recipe))
    convs = {op.scope.split("_conv")[0]: file.type_name(op.raw.outputs[0]) for op in file.ops() if op.name == "CONV_2D"}
    assert convs["level3_block2"] == "float32"
    assert convs["level3_block5"] == "int8"


def test_float16_for_one_level_leaves_the_others(exporter: TFLiteExporter) -> None:
    recipe = Recipe(name="some", rules=(Rule(scope="level7_*", type="float16"),))
    file = Flatbuffer.read(exporter.export(recipe))
    widened = {op.raw.outputs[0] for op in file.ops() if op.name == "DEQUANTIZE"}
    read = [op.scope for op in file.ops() if op.name != "DEQUANTIZE" and widened & set(op.raw.inputs)]
    assert read
    assert all(scope.startswith("level7_") for scope in read)
    assert {file.type_name(op.raw.inputs[0]) for op in file.ops() if op.name == "DEQUANTIZE"} == {"float16"}


def test_a_scope_that_fits_nothing_is_refused(exporter: TFLiteExporter) -> None:
    recipe = Recipe(name="typo", rules=(Rule(scope="levl3_*", type="float16"),))
    with pytest.raises(UserError, match=r"no operation matches scope 'levl3_\*'"):
        exporter.export(recipe)


def test_a_weight_too_large_for_float16_is_named(exporter: TFLiteExporter) -> None:
    file = Flatbuffer.read(exporter.float32)
    op = next(op for op in file.ops() if op.name == "CONV_2D" and op.scope.startswith("level3_block5_conv7a"))
    weights = int(op.raw.inputs[1])
    file.set_constant(weights, file.constant(weights) * np.float32(1e7))
    with pytest.raises(UserError, match=r"level3_block5_conv7a.*65504"):
        store_as_float16(file, [op])


def test_without_photos_an_integer_recipe_says_so(tiny_model: Path) -> None:
    with pytest.raises(UserError, match="needs calibration photos"):
        dict(TFLiteExporter(load_model(tiny_model), SIZE).measured.percentiles)


def test_an_empty_stream_of_photos_is_refused(tiny_model: Path) -> None:
    with pytest.raises(UserError, match="no photos to calibrate on"):
        dict(TFLiteExporter(load_model(tiny_model), SIZE, lambda: ()).measured.percentiles)


def test_ranges_that_are_not_finite_are_refused_by_layer(tiny_model: Path) -> None:
    model = load_model(tiny_model)
    bias = model.get_layer("encoder4_conv3a").bias
    bias.assign(bias + 1e38)
    kernel = model.get_layer("encoder3_conv3a").kernel
    kernel.assign(kernel * 1e38)
    with pytest.raises(UserError, match=r"took values from .* on the calibration photos"):
        dict(TFLiteExporter(model, SIZE, lambda: inputs(1)).measured.percentiles)


def test_a_model_without_level_1_is_refused() -> None:
    with pytest.raises(UserError, match="a phone needs level1"):
        TFLiteExporter(build_pynet(PyNETConfig(width=1), 3), SIZE).export(load_recipe("float32"))


def test_pictures_are_clipped_to_0_to_1(files, tmp_path: Path) -> None:
    file = Flatbuffer.read(files["float32"].read_bytes())
    (head,) = (op for op in file.ops() if op.name == "CONV_2D" and op.scope.startswith("level1_head"))
    bias = int(head.raw.inputs[2])
    file.set_constant(bias, np.resize(np.float32([5, -5, 0]), file.constant(bias).shape))  # columns repeat the maps
    path = tmp_path / "clipped.tflite"
    path.write_bytes(file.bytes())
    picture = TFLiteRunner(path).run(next(inputs(1)))
    assert (picture.min(), picture.max()) == (0.0, 1.0)


def _inventory(path: Path):
    return inventory(Flatbuffer.read(path.read_bytes()))


def _cropped(photos):
    return (np.ascontiguousarray(photo[:, :32, :32]) for photo in photos)
