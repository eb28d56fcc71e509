"""The five ONNX recipes: their types, their operations, and pictures like the float model's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import numpy_helper

from calib_data.errors import UserError
from convert.checking import Check
from convert.onnx_equal import check_equal, session
from convert.onnx_exporter import OnnxExporter, OnnxForm
from convert.onnx_graph import OnnxGraph, inventory
from convert.onnx_integers import quantize
from convert.onnx_ranges import by_tensor
from convert.onnx_simplify import Layout, with_ends
from convert.onnx_trace import trace
from convert.onnx_weights import compute_in_float16
from convert.recipes import ONNX_STANDARD, Recipe, Rule, load_recipe
from convert.runners import load_artifact
from convert.runtimes import find_runtime
from pynet_tf import PyNETConfig, build_pynet, load_model
from quantize.calibration import measure
from tests.conftest import smooth_picture
from tests.convert.conftest import SIZE, inputs

GOLDEN = Path(__file__).parent / "data"
LEAST_PSNR = {"float32": 90, "float16": 55, "dynamic": 45, "int8": 40, "int8-full": 37}
STEPS = {"QuantizeLinear", "DequantizeLinear", "Transpose"}


def standard(name: str) -> Recipe:
    return load_recipe(name, ONNX_STANDARD)


@pytest.fixture(scope="module")
def model(tiny_model: Path):
    return load_model(tiny_model)


@pytest.fixture(scope="module")
def files(onnx_exporter: OnnxExporter, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("onnx")
    made = {name: folder / f"tiny-{name}.onnx" for name in ONNX_STANDARD}
    for name, path in made.items():
        onnx.save(onnx_exporter.export(standard(name)).model, path)
    return made


@pytest.fixture(scope="module")
def check(model, tmp_path_factory: pytest.TempPathFactory) -> Check:
    return Check(model, inputs(2, seed=11), tmp_path_factory.mktemp("check"))


@pytest.mark.parametrize("recipe", ONNX_STANDARD)
def test_pictures_are_like_the_float_models(files, check: Check, recipe: str) -> None:
    facts = check.run(files[recipe], find_runtime("onnxruntime"))
    assert facts.failure == ""
    assert facts.fidelity is not None
    assert facts.fidelity.worst_psnr >= LEAST_PSNR[recipe]


@pytest.mark.parametrize("recipe", ONNX_STANDARD)
def test_the_ops_are_those_of_the_golden_inventory(files, recipe: str, request: pytest.FixtureRequest) -> None:
    graph = OnnxGraph(onnx.load(files[recipe]))
    lines = [f"{e.op} v{e.version} {e.inputs} -> {e.output} x{e.count}" for e in inventory(graph)]
    text, golden = "\n".join(lines) + "\n", GOLDEN / f"onnx-ops-{recipe}.txt"
    if request.config.getoption("--update-golden"):
        golden.write_text(text, "utf-8")
    assert text == golden.read_text("utf-8")


@pytest.mark.parametrize("recipe", ONNX_STANDARD)
def test_files_say_what_older_runtimes_read(files, recipe: str) -> None:
    model = onnx.load(files[recipe])
    assert model.ir_version <= 8
    assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", 17)]
    assert [entry.name for entry in model.graph.input] == ["photo"]
    assert [entry.name for entry in model.graph.output] == ["bokeh"]


def test_every_tensor_is_named_after_its_layer_as_in_tflite_files(onnx_exporter: OnnxExporter, model) -> None:
    layers = {layer.name for layer in model.layers}
    scopes = [op.scope for op in onnx_exporter.float32.ops()]
    assert len(scopes) == len(set(scopes))
    assert {scope.partition("/")[0] for scope in scopes} - layers == {"picture"}
    assert "level4_block1_conv5a_norm/add_1" in scopes


def test_float16_leaves_the_norms_in_float32(files) -> None:
    types = {(entry.op, entry.output) for entry in inventory(OnnxGraph(onnx.load(files["float16"])))}
    assert ("InstanceNormalization", "float32") in types
    assert ("Conv", "float16") in types
    assert ("Conv", "float32") not in types


def test_int8_weights_have_a_scale_for_each_map_and_norms_stay_float(files) -> None:
    graph = OnnxGraph(onnx.load(files["int8"]))
    values, producers = graph.constants(), graph.producers()
    readers = graph.readers()
    convolutions = [node for node in graph.nodes if node.op_type in ("Conv", "ConvTranspose")]
    quantized = [node for node in convolutions if node.input[1] in producers]
    left = {node.name.partition("/")[0] for node in convolutions} - {node.name.partition("/")[0] for node in quantized}
    assert left == {"level1_up", "level1_head"}
    for node in quantized:
        weights, scales = (values[name] for name in producers[node.input[1]].input[:2])
        assert weights.dtype == np.int8
        assert len(scales) == weights.shape[0 if node.op_type == "Conv" else 1]
        assert np.abs(weights).max() <= 127
    for node in graph.nodes:
        if node.op_type == "InstanceNormalization":
            assert readers[node.output[0]][0].op_type == "LeakyRelu"


def test_int8_full_leaves_no_operation_without_integers_around_it(files) -> None:
    graph = OnnxGraph(onnx.load(files["int8-full"]))
    producers, readers, constants = graph.producers(), graph.readers(), graph.constants()
    for node in graph.nodes:
        if node.op_type not in STEPS:
            computed = [name for name in node.input if name not in constants and name]
            assert all(producers[name].op_type == "DequantizeLinear" for name in computed), node.name
            assert all(reader.op_type == "QuantizeLinear" for reader in readers[node.output[0]]), node.name


@pytest.mark.parametrize("recipe", ["int8", "int8-full"])
def test_integer_files_take_and_give_bytes(files, recipe: str) -> None:
    graph = OnnxGraph(onnx.load(files[recipe]))
    types = graph.types()
    assert types["photo"] == ("uint8", (1, 64, 96, 3))
    assert types["bokeh"] == ("uint8", (1, 128, 192, 3))


def test_files_shrink_with_their_weights(files) -> None:
    size = {recipe: path.stat().st_size for recipe, path in files.items()}
    assert size["float32"] > size["float16"] > size["dynamic"]


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(height=st.integers(1, 4), width=st.integers(1, 4))
def test_free_sides_take_any_multiple_of_32(onnx_exporter: OnnxExporter, model, height: int, width: int) -> None:
    graph = with_ends(onnx_exporter.float32, "nhwc", None)
    photo = np.random.default_rng(height).random((1, 32 * height, 32 * width, 3), np.float32)
    picture = session(graph).run(None, {"photo": photo})[0]
    expected = np.clip(model(photo, training=False)["level1"].numpy(), 0, 1)
    np.testing.assert_allclose(picture, expected, atol=1e-4)


def test_nchw_computes_the_same_with_the_maps_first(onnx_exporter: OnnxExporter, files, tmp_path: Path) -> None:
    path, photo = tmp_path / "nchw.onnx", next(inputs(1))
    onnx.save(with_ends(onnx_exporter.float32, "nchw", SIZE.tensor).model, path)
    assert onnx.load(path).graph.input[0].type.tensor_type.shape.dim[1].dim_value == 3
    runner = load_artifact(path)
    assert runner.input_shape == (1, 64, 96, 3)
    np.testing.assert_array_equal(runner.run(photo), load_artifact(files["float32"]).run(photo))


def test_ranges_by_name_replace_what_is_measured(onnx_exporter: OnnxExporter) -> None:
    given_ranges = {name: (-2.0, 3.1) for node in onnx_exporter.float32.nodes for name in node.output}
    given_ranges["photo_nchw"] = (-5.0, 5.0)  # bytes are 0..1 whatever is said
    learnt = quantize(onnx_exporter.float32, standard("int8-full"), given_ranges)
    assert scales(learnt) == {round(5.1 / 255, 6), round(1 / 255, 6)}


@pytest.mark.slow
def test_learnt_ranges_that_suffice_need_no_photos(model) -> None:
    told: list[str] = []
    every = dict.fromkeys(measure(model, inputs(1)).percentiles, (-1.0, 2.0))
    sparing = OnnxExporter(model, SIZE, learnt=every, missing=lambda _recipe, tensors: told.extend(tensors))
    assert scales(sparing.export(standard("int8-full"))) == {round(3 / 255, 6), round(1 / 255, 6)}
    assert told == []


@pytest.mark.slow
def test_what_has_no_learnt_range_is_told_and_calibrated(model) -> None:
    told: dict[str, list[str]] = {}
    some = OnnxExporter(
        model,
        SIZE,
        photos=lambda: inputs(1),
        learnt={"level3_add4": (-9.0, 9.0)},
        missing=lambda recipe, tensors: told.update({recipe: list(tensors)}),
    )
    found = scales(some.export(standard("int8-full")))
    assert round(18 / 255, 6) in found
    assert len(found) > 10
    assert "level3_add4/add" not in told["int8-full"]
    assert "encoder4_pool/MaxPool" in told["int8-full"]


def scales(graph: OnnxGraph) -> set[float]:
    """Those of all roundings."""
    values = graph.constants()
    return {round(float(values[node.input[1]]), 6) for node in graph.nodes if node.op_type == "QuantizeLinear"}


@pytest.mark.parametrize("limits", [(1.0, -1.0), (float("nan"), 1.0), (0.0, float("inf"))])
def test_ranges_that_are_none_are_refused(onnx_exporter: OnnxExporter, limits: tuple[float, float]) -> None:
    ranges = by_tensor(onnx_exporter.float32, onnx_exporter.measured)
    with pytest.raises(UserError, match="the range of level3_add4/add is"):
        quantize(onnx_exporter.float32, standard("int8"), {**ranges, "level3_add4/add": limits})


def test_a_missing_range_is_named(onnx_exporter: OnnxExporter) -> None:
    with pytest.raises(UserError, match="there is no range for"):
        quantize(onnx_exporter.float32, standard("int8"), {})


def test_without_photos_an_integer_recipe_says_so(model) -> None:
    with pytest.raises(UserError, match="needs calibration photos"):
        dict(OnnxExporter(model, SIZE).measured)


def test_a_simplification_that_changed_something_is_refused(onnx_exporter: OnnxExporter) -> None:
    changed = onnx_exporter.float32.copy()
    values = changed.constants()
    values["level1_head/bias"] = values["level1_head/bias"] + np.float32(0.01)
    changed.set_constants(values)
    before, after = (with_ends(graph, "nhwc", None) for graph in (onnx_exporter.float32, changed))
    check_equal(before, before.copy(), (1, 32, 32, 3))
    with pytest.raises(UserError, match="gives another picture"):
        check_equal(before, after, (1, 32, 32, 3))


def test_a_mixed_recipe_leaves_what_it_names_in_float_and_may_take_floats(onnx_exporter, check, tmp_path: Path) -> None:
    rules = (Rule(type="int8"), Rule(scope="level3_block[1-4]_*", type="float32"))
    graph, path = onnx_exporter.export(Recipe(name="mixed", rules=rules)), tmp_path / "mixed.onnx"
    producers = graph.producers()
    integers = {node.name for node in graph.nodes if node.op_type == "Conv" and node.input[1] in producers}
    assert "level3_block5_conv3a/BiasAdd" in integers
    assert "level3_block2_conv3a/BiasAdd" not in integers
    assert graph.types()["photo"][0] == "float32"
    onnx.save(graph.model, path)
    facts = check.run(path, find_runtime("onnxruntime"))
    assert facts.fidelity is not None, facts.failure
    assert facts.fidelity.worst_psnr > LEAST_PSNR["int8-full"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("scopes", "layout"), [(["space_to_depth/*"], "nhwc"), (["level1_photo/*", "level1/*"], "nchw")]
)
def test_bytes_reach_the_ends_whatever_stays_float_there(
    model, check: Check, tmp_path: Path, scopes: list[str], layout: Layout
) -> None:
    rules = (Rule(type="int8"), *(Rule(scope=scope, type="float32") for scope in scopes))
    path, form = tmp_path / "ends.onnx", OnnxForm(layout=layout)
    exporter = OnnxExporter(model, SIZE, form, lambda: inputs(3))
    onnx.save(exporter.export(Recipe(name="ends", rules=rules, io="uint8")).model, path)
    facts = check.run(path, find_runtime("onnxruntime"))
    assert facts.fidelity is not None, facts.failure
    assert facts.fidelity.worst_psnr > LEAST_PSNR["int8-full"]


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (Rule(scope="levl3_*", type="float16"), r"no operation matches scope 'levl3_\*'"),
        (Rule(op="CONV_2D", type="float16"), "no operation matches"),
        (Rule(type="int16x8"), "no operation matches"),
    ],
)
def test_a_rule_that_fits_nothing_is_refused(onnx_exporter: OnnxExporter, rule: Rule, said: str) -> None:
    with pytest.raises(UserError, match=said):
        onnx_exporter.export(Recipe(name="typo", rules=(rule,)))


def test_a_weight_too_large_for_float16_is_named(onnx_exporter: OnnxExporter) -> None:
    graph = onnx_exporter.float32.copy()
    values = graph.constants()
    weights = values["level3_block5_conv7a/weight"].copy()
    weights.flat[0] = 1e6
    graph.set_constants({**values, "level3_block5_conv7a/weight": weights})
    with pytest.raises(UserError, match=r"level3_block5_conv7a.*65504"):
        compute_in_float16(graph, [op.raw for op in graph.ops() if op.name == "Conv"])


def test_an_opset_out_of_range_is_refused(model) -> None:
    with pytest.raises(UserError, match="opset 14 is not of 15 to 18"):
        trace(model, SIZE, 14)


def test_a_model_without_level_1_is_refused() -> None:
    with pytest.raises(UserError, match="a phone needs level1"):
        trace(build_pynet(PyNETConfig(width=1), 3), SIZE, 17)


@pytest.mark.slow
def test_a_blending_head_with_depth_of_the_oldest_opset_computes_the_same_at_any_size(tmp_path: Path) -> None:
    model = build_pynet(PyNETConfig(inputs="rgbd", width=2, head="blend"), seed=3)
    form = OnnxForm(opset=15, any_size=True)
    exporter = OnnxExporter(model, SIZE, form, lambda: map(with_depth, inputs(2)))
    photo = with_depth(smooth_picture(np.random.default_rng(7), 96, 32)[np.newaxis].astype(np.float32))
    expected = np.clip(model(photo, training=False)["level1"].numpy(), 0, 1)
    for recipe, limit in (("float32", 1e-6), ("float16", 1e-3), ("int8", 0.01), ("int8-full", 0.02)):
        graph = exporter.export(standard(recipe))
        onnx.save(graph.model, tmp_path / "blend.onnx")
        assert onnx.load(tmp_path / "blend.onnx").opset_import[0].version == form.opset
        assert np.abs(load_artifact(tmp_path / "blend.onnx").run(photo) - expected).mean() < limit
    parts = [node for node in graph.nodes if node.op_type == "Conv" and node.name.startswith("level1/strided_slice")]
    assert sorted(graph.types()[node.output[0]][1][1] for node in parts) == [1, 1]  # each gate with a scale of its own
    assert [node.op_type for node in graph.nodes].count("Slice") == 1  # the photo's colours


def with_depth(photo: np.ndarray) -> np.ndarray:
    return np.concatenate([photo, photo[..., :1]], axis=-1)


def test_constants_are_named_after_layer_and_part(onnx_exporter: OnnxExporter, model) -> None:
    names = {entry.name for entry in onnx_exporter.float32.model.graph.initializer}
    assert {"level3_block5_conv7a/weight", "level3_block5_conv7a/bias", "level4_block1_conv3a_norm/scale"} <= names
    weight = next(e for e in onnx_exporter.float32.model.graph.initializer if e.name == "level3_block5_conv7a/weight")
    kernel = model.get_layer("level3_block5_conv7a").kernel.numpy()
    np.testing.assert_array_equal(numpy_helper.to_array(weight), kernel.transpose(3, 2, 0, 1))
