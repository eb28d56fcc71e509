"""Where it is lost: tensors are found by name, and one broken scale is found among a thousand tensors."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import onnx
import pytest

from calib_data.dataset import SAMPLES, find_pairs
from calib_data.fit import input_at_size
from calib_data.sizes import PhotoSize
from convert.exporter import TFLiteExporter
from convert.leaky import NEGATIVE
from convert.onnx_exporter import OnnxExporter
from convert.recipes import ONNX_STANDARD, load_recipe
from convert.reporting.layers.float_graph import FloatGraph
from convert.reporting.layers.matching import Matcher
from convert.reporting.layers.onnx_graph import OnnxGraph
from convert.reporting.layers.study import sqnr, study
from convert.reporting.layers.tflite_graph import TFLiteGraph
from convert.reporting.record import LayerStudy
from pynet_tf import SAMPLE_MODEL, load_model
from quantize.joins import enlarge
from quantize.norms import even
from quantize.ranges import load_ranges
from tests.conftest import smooth_picture
from tests.convert.reporting.files import SIZE, UP, Files, broken_onnx, broken_tflite

PHOTO = smooth_picture(np.random.default_rng(3), *SIZE.tensor)[np.newaxis].astype(np.float32)


@pytest.fixture(scope="module")
def float_graph(files: Files) -> FloatGraph:
    return FloatGraph(load_model(files.model), SIZE)


def studied(graph, reference, folder: Path, layers=None, photo=PHOTO) -> LayerStudy:
    (folder / "reference").mkdir()
    return study(graph, reference, layers or reference, photo, folder, "stage", "photo")


def test_a_float_file_has_every_tensor_of_its_graph_and_none_falls(files, float_graph, tmp_path: Path) -> None:
    found = studied(TFLiteGraph(files.float32, "litert-xnnpack", 2), float_graph, tmp_path)
    assert found.unmatched == ()
    assert min(row.sqnr for row in found.rows) > 80
    assert found.first_fall == ""
    assert [row.place for row in found.rows] == sorted(row.place for row in found.rows)


def test_an_onnx_file_is_matched_in_its_own_layout(files, float_graph, tmp_path: Path) -> None:
    graph = OnnxGraph(files.onnx, PHOTO.shape, 2)
    matches, unmatched = Matcher(float_graph).match(graph)
    assert any(match.is_transposed for match in matches)
    assert unmatched == ["photo_nchw", "level1/Conv2D", "picture"]
    assert min(row.sqnr for row in studied(graph, float_graph, tmp_path).rows) > 80


@pytest.mark.slow
def test_an_integer_onnx_file_is_read_behind_its_rounding(tiny_model: Path, float_graph, tmp_path: Path) -> None:
    quantizing = OnnxExporter(load_model(tiny_model), SIZE, photos=lambda: [PHOTO])
    whole, broken = tmp_path / "whole.onnx", tmp_path / "broken.onnx"
    onnx.save(quantizing.export(load_recipe("int8", ONNX_STANDARD)).model, whole)
    (tmp_path / "whole").mkdir()
    found = studied(OnnxGraph(whole, PHOTO.shape, 2), float_graph, tmp_path / "whole")
    assert found.first_fall == ""
    assert {row.op for row in found.rows} >= {"Conv", "ConvTranspose", "InstanceNormalization", "LeakyRelu"}
    assert 20 < np.median([row.alone for row in found.rows if row.alone is not None]) < 60
    assert found.rows[-1].tensor == "bokeh"
    assert found.rows[-1].sqnr > 20
    broken_onnx(whole, broken)
    assert studied(OnnxGraph(broken, PHOTO.shape, 2), float_graph, tmp_path).first_fall == UP


@pytest.mark.parametrize("reference", ["float graph", "float file"])
def test_one_broken_scale_of_a_tflite_file_is_named(files, float_graph, tmp_path: Path, reference: str) -> None:
    broken = broken_tflite(files.int8, tmp_path / "broken.tflite")
    against = float_graph if reference == "float graph" else TFLiteGraph(files.float32, "litert-xnnpack", 2)
    assert studied(TFLiteGraph(broken, "litert-xnnpack", 2), against, tmp_path, float_graph).first_fall == UP


def test_a_whole_int8_file_falls_off_nowhere(files: Files, float_graph, tmp_path: Path) -> None:
    assert studied(TFLiteGraph(files.int8, "litert-xnnpack", 2), float_graph, tmp_path).first_fall == ""


@pytest.mark.slow
def test_scales_that_a_norm_or_the_next_kernels_take_back_are_no_error(files, float_graph, tmp_path: Path) -> None:
    model = load_model(files.model)
    layer = model.get_layer("encoder4_conv3a")
    layer.set_weights([weight * np.resize([1.0, 5.0, 25.0], layer.filters) for weight in layer.get_weights()])
    layer = model.get_layer("encoder3_conv3b")
    layer.set_weights([weight / 16 for weight in layer.get_weights()])
    plain = FloatGraph(model, SIZE)
    scaled = tmp_path / "scaled.tflite"
    suited = enlarge(even(model, [PHOTO]), [PHOTO])
    scaled.write_bytes(TFLiteExporter(suited, SIZE).float32)
    found = studied(TFLiteGraph(scaled, "litert-xnnpack", 2), plain, tmp_path)
    assert found.first_fall == ""
    rows = {row.layer: row for row in found.rows}
    for name in ("encoder4_conv3a", "encoder3_conv3b", "encoder3_conv3b_leaky", "level3_join0", "level3_block1_conv3a"):
        assert rows[name].sqnr > 70, name
        assert rows[name].alone is None or rows[name].alone > 70, name


@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["int8", "int8-full"])
def test_the_fine_tuned_sample_model_falls_off_nowhere(tmp_path: Path, recipe: str) -> None:
    tuned, size = SAMPLE_MODEL.with_name("pynet-rgb-w8-int8.keras"), PhotoSize(256, 384)
    photo, learnt = input_at_size(find_pairs(SAMPLES, "test")[0], size, with_depth=False), load_ranges(tuned)
    assert learnt is not None
    file = tmp_path / "tuned.tflite"
    exporter = TFLiteExporter(load_model(tuned), size, lambda: [photo], learnt=learnt.ranges)
    file.write_bytes(exporter.export(load_recipe(recipe)))
    graph, plain = TFLiteGraph(file, "litert-xnnpack", 2), FloatGraph(load_model(), size)
    found = studied(graph, plain, tmp_path, photo=photo)
    assert found.first_fall == ""
    assert min(row.alone for row in found.rows if row.alone is not None) > 20


@pytest.mark.slow
def test_a_power_of_two_that_no_kernel_takes_back_is_named_where_it_is_read(files, float_graph, tmp_path: Path) -> None:
    model = load_model(files.model)
    layer = model.get_layer("encoder3_conv3b")
    layer.set_weights([weight * 4 for weight in layer.get_weights()])
    broken = tmp_path / "broken.tflite"
    broken.write_bytes(TFLiteExporter(model, SIZE).float32)
    fall = studied(TFLiteGraph(broken, "litert-xnnpack", 2), float_graph, tmp_path).first_fall
    assert fall in {"encoder4_conv3a", "level3_block1_conv3a"}


def test_one_broken_scale_of_an_onnx_file_is_named(files, float_graph, tmp_path: Path) -> None:
    broken = broken_onnx(files.onnx, tmp_path / "broken.onnx")
    assert studied(OnnxGraph(broken, PHOTO.shape, 2), float_graph, tmp_path).first_fall == UP


def test_what_has_no_equal_is_listed_and_not_guessed(files, float_graph, tmp_path: Path) -> None:
    found = studied(TFLiteGraph(files.int8, "litert-xnnpack", 2), float_graph, tmp_path)
    steps = [name for name in found.unmatched if name.startswith("tfl.")]
    assert len(steps) > 50
    assert not {row.tensor for row in found.rows} & set(found.unmatched)
    tensors = TFLiteGraph(files.int8, "litert-xnnpack", 2).tensors
    added = re.compile(rf"{NEGATIVE}$|/phases2/")
    names = {tensor.name for tensor in tensors if tensor.op != "RESHAPE" and not added.search(tensor.name)}
    assert {row.tensor.rpartition("/")[2] for row in found.rows if UP in row.tensor} == {"phases2", "LeakyRelu"}
    assert {row.tensor for row in found.rows if "LeakyRelu" in row.tensor}
    assert names >= {row.tensor for row in found.rows} | set(found.unmatched)
    assert len(names) == found.matched + len(found.unmatched)


def test_a_file_of_another_size_matches_nothing_large(float_graph, exporter: TFLiteExporter, tmp_path: Path) -> None:
    smaller = tmp_path / "smaller.tflite"
    smaller.write_bytes(exporter.float32)
    matches, _ = Matcher(float_graph).match(TFLiteGraph(smaller, "litert-xnnpack", 2))
    assert matches
    assert all(match.tensor.shape[1:3] == (1, 1) for match in matches)


def test_sqnr_is_by_its_formula() -> None:
    values = np.array([3.0, 4.0], np.float32)
    assert sqnr(values, values) == 150
    assert sqnr(values, values * 0.9) == pytest.approx(20, abs=1e-4)
    assert sqnr(values, np.array([np.nan, 4], np.float32)) == -150
