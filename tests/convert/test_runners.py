"""Running artifacts of any kind: one face, and clear words for what does not fit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from ai_edge_litert import schema_py_generated as schema

from calib_data.errors import UserError
from convert import load_artifact
from convert.flatbuffer import Flatbuffer
from convert.onnx_exporter import OnnxExporter
from convert.recipes import ONNX_STANDARD, load_recipe
from convert.runtimes import find_runtime
from pynet_tf import PyNETConfig, build_pynet, save_model
from tests.convert.conftest import inputs

PHOTO = next(inputs(1))


def test_a_keras_file_takes_any_size(tiny_model: Path) -> None:
    runner = load_artifact(tiny_model)
    assert runner.input_shape == (1, None, None, 3)
    picture = runner.run(PHOTO)
    assert (picture.shape, picture.dtype) == ((1, 128, 192, 3), np.float32)
    assert picture.min() >= 0
    assert picture.max() <= 1


@pytest.mark.parametrize("recipe", ["float32", "int8", "int16x8"])
def test_a_tflite_file_takes_and_gives_floats_whatever_its_types(files, tiny_model: Path, recipe: str) -> None:
    runner = load_artifact(str(files[recipe]))
    assert runner.input_shape == (1, 64, 96, 3)
    picture = runner.run(PHOTO)
    assert (picture.shape, picture.dtype) == ((1, 128, 192, 3), np.float32)
    assert np.abs(picture - load_artifact(tiny_model).run(PHOTO)).mean() < 0.02


def test_an_onnx_file_runs_too(onnx_exporter: OnnxExporter, tiny_model: Path, tmp_path: Path) -> None:
    onnx.save(onnx_exporter.export(load_recipe("float32", ONNX_STANDARD)).model, tmp_path / "tiny.onnx")
    runner = load_artifact(tmp_path / "tiny.onnx")
    assert runner.input_shape == (1, 64, 96, 3)
    np.testing.assert_allclose(runner.run(PHOTO), load_artifact(tiny_model).run(PHOTO), atol=1e-4)


@pytest.mark.parametrize(
    ("photo", "said"),
    [
        (PHOTO[:, :32], r"shape \(1, 32, 96, 3\); .* takes \(1, 64, 96, 3\)"),
        (np.concatenate([PHOTO, PHOTO[..., :1]], -1), r"\(1, 64, 96, 4\)"),
        (PHOTO[0], r"\(64, 96, 3\)"),
        (PHOTO.astype(np.float64), "type float64; float32"),
        ((PHOTO * 255).astype(np.uint8), "type uint8; float32"),
        (PHOTO * 255, "0 to 1 is taken"),
        (np.where(PHOTO > 0.5, np.float32(np.nan), PHOTO), "values go from nan to nan"),
    ],
)
def test_photos_that_do_not_fit_are_refused(files, photo: np.ndarray, said: str) -> None:
    with pytest.raises(UserError, match=said):
        load_artifact(files["float32"]).run(photo)


def test_a_keras_model_refuses_sides_that_are_not_multiples_of_32(tiny_model: Path) -> None:
    with pytest.raises(UserError, match="multiples of 32"):
        load_artifact(tiny_model).run(PHOTO[:, :63])


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.95])
def test_a_truncated_tflite_file(files, tmp_path: Path, share: float) -> None:
    content = files["float32"].read_bytes()
    broken = tmp_path / "broken.tflite"
    broken.write_bytes(content[: int(share * len(content))])
    with pytest.raises(UserError, match=r"broken\.tflite"):
        load_artifact(broken)


def test_a_tflite_file_of_somebody_else(files, tmp_path: Path) -> None:
    file = Flatbuffer.read(files["float32"].read_bytes())
    file.model.signatureDefs[0].inputs[0].name = b"image"
    other = tmp_path / "other.tflite"
    other.write_bytes(file.bytes())
    with pytest.raises(UserError, match="not a PyNET: it lacks the signature"):
        load_artifact(other)


def test_a_tflite_file_with_damaged_names_or_sides(files, tmp_path: Path) -> None:
    def name(file: Flatbuffer) -> None:
        file.model.signatureDefs[0].inputs[0].name = b"ph\xefto"

    def key(file: Flatbuffer) -> None:
        file.model.signatureDefs[0].signatureKey = None

    def sides(file: Flatbuffer) -> None:
        file.tensor(file.graph.inputs[0]).shape = np.array([1, 64, 96], np.int32)

    for number, damage in enumerate((name, key, sides)):
        file = Flatbuffer.read(files["float32"].read_bytes())
        damage(file)
        other = tmp_path / f"{number}.tflite"
        other.write_bytes(file.bytes())
        with pytest.raises(UserError, match="not a PyNET: it lacks the signature"):
            load_artifact(other)


def test_a_tflite_file_with_two_graphs(files, tmp_path: Path) -> None:
    file = Flatbuffer.read(files["float32"].read_bytes())
    file.model.subgraphs.append(schema.SubGraphT())
    other = tmp_path / "two.tflite"
    other.write_bytes(file.bytes())
    with pytest.raises(UserError, match="2 subgraphs"):
        load_artifact(other)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("model.h5", b"", r"ends in \.keras, \.tflite, \.onnx"),
        ("text.tflite", b"hello, world, hello", "is not a .tflite file"),
        ("text.onnx", b"hello, world, hello", r"onnxruntime .* refuses"),
        ("gone.tflite", None, "is not a file"),
    ],
)
def test_files_that_are_no_artifacts(tmp_path: Path, name: str, content: bytes | None, said: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=said):
        load_artifact(tmp_path / name)


def test_a_model_that_was_trained_only_in_part(tmp_path: Path) -> None:
    save_model(build_pynet(PyNETConfig(width=1), 5), tmp_path / "half.keras")
    with pytest.raises(UserError, match="level1, the full-size picture, is not among them"):
        load_artifact(tmp_path / "half.keras")


def test_sums_of_8_bit_products_are_exact_on_every_cpu(tmp_path: Path) -> None:
    values = {
        "x_scale": np.float32(1 / 255),
        "kernel": np.full((8, 16, 3, 3), 127, np.int8),
        "kernel_scale": np.float32(1 / 127),
        "y_scale": np.float32(16 * 9 / 255),
        "unsigned": np.uint8(0),
        "signed": np.int8(0),
    }
    steps = (
        ("QuantizeLinear", ["photo", "x_scale", "unsigned"], "x_bytes"),
        ("DequantizeLinear", ["x_bytes", "x_scale", "unsigned"], "x"),
        ("DequantizeLinear", ["kernel", "kernel_scale", "signed"], "k"),
        ("Conv", ["x", "k"], "sum"),
        ("QuantizeLinear", ["sum", "y_scale", "unsigned"], "y_bytes"),
        ("DequantizeLinear", ["y_bytes", "y_scale", "unsigned"], "bokeh"),
    )
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node(op, given, [made]) for op, given, made in steps],
        "sum",
        [onnx.helper.make_tensor_value_info("photo", onnx.TensorProto.FLOAT, (1, 16, 8, 8))],
        [onnx.helper.make_tensor_value_info("bokeh", onnx.TensorProto.FLOAT, (1, 8, 6, 6))],
        [onnx.numpy_helper.from_array(np.asarray(value), name) for name, value in values.items()],
    )
    opset = onnx.helper.make_opsetid("", 17)
    path = tmp_path / "sum.onnx"
    onnx.save(onnx.helper.make_model(graph, opset_imports=[opset], ir_version=8), path)
    (found,) = find_runtime("onnxruntime").session(path, 1).run(None, {"photo": np.ones((1, 16, 8, 8), np.float32)})
    np.testing.assert_allclose(found, 16 * 9, rtol=1e-6)  # clipped sums are 73
