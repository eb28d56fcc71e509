"""`python -m convert.bench`: what it measures, what it prints, and what it does with bad input."""

from __future__ import annotations

import json
from pathlib import Path

import onnx
import pytest
import tensorflow as tf
from onnx import TensorProto, helper

from calib_data import command
from calib_data.sizes import PhotoSize
from convert import bench
from convert.bench_inputs import tensor_shape
from convert.bench_machine import Machine
from convert.bench_plot import plot
from convert.bench_results import Result
from convert.bench_roofline import gmac, matrix_peak
from convert.flatbuffer import Flatbuffer
from tests.conftest import ROOT

QUICK = ["--runs", "2", "--warmups", "0"]


def call(*arguments: object) -> int:
    return command.run(bench.build_parser(), bench.run, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def measured(files, tiny_model: Path, photo_folder: Path, tmp_path_factory: pytest.TempPathFactory):
    """The JSON and the plot of a benchmark of three files, one of which two runtimes run."""
    folder = tmp_path_factory.mktemp("bench")
    told, drawn = folder / "bench.json", folder / "bench.png"
    arguments = [files["float32"], files["int8"], tiny_model, "--size", "64x64", "--photos", photo_folder, *QUICK]
    runtimes = ["--runtime", "litert-xnnpack", "--runtime", "tflite-runtime", "--runtime", "keras"]
    assert call(*arguments, *runtimes, "--threads", 1, "--json", told, "--plot", drawn) == 0
    return json.loads(told.read_text("utf-8")), drawn


def test_every_file_runs_on_every_runtime_that_takes_it(measured) -> None:
    pairs = {(one["artifact"].rpartition("-")[2], one["runtime"]) for one in measured[0]["results"]}
    tflite = {(f"{recipe}.tflite", on) for recipe in ("float32", "int8") for on in ("litert-xnnpack", "tflite-runtime")}
    assert pairs == tflite | {("tiny.keras", "keras")}


def test_figures_are_those_of_the_runs(measured) -> None:
    for one in measured[0]["results"]:
        assert one["failure"] == ""
        assert (one["runs"], one["threads"]) == (2, 1)
        assert 0 < one["p5_ms"] <= one["median_ms"] <= one["p95_ms"]
        assert one["load_ms"] > 0
        assert one["first_ms"] > 0
        assert one["peak_mib"] > 0
        assert one["file_mib"] > 0
    assert measured[0]["matrix_gflops"] > 0
    assert measured[0]["machine"]["cores"] > 0
    assert set(measured[0]["tools"]) >= {"ai-edge-litert", "tflite-runtime", "numpy"}


def test_time_is_told_for_every_kind_of_operation_in_the_file(measured, files) -> None:
    for one in measured[0]["results"]:
        if one["artifact"].endswith(".tflite"):
            content = (files["int8"] if "int8" in one["artifact"] else files["float32"]).read_bytes()
            assert set(one["op_ms"]) == {op.name for op in Flatbuffer.read(content).ops()}


def test_the_plot_is_a_picture(measured) -> None:
    assert measured[1].read_bytes().startswith(b"\x89PNG")


def test_a_plot_shows_what_has_both_figures(tmp_path: Path) -> None:
    common = {"version": "1", "threads": 1, "file_mib": 1.0}
    results = [
        Result(artifact=f"m-8x8-{name}.onnx", runtime="r", median_ms=ms, p5_ms=ms, p95_ms=ms, psnr=db, **common)
        for name, ms, db in (("int8", 5.0, 45.0), ("float32", 9.0, None), ("failed", None, 40.0))
    ]
    plot(results, tmp_path / "plot.svg", "<title>")
    drawn = (tmp_path / "plot.svg").read_text("utf-8")
    assert "int8" in drawn
    assert "float32" not in drawn
    assert "failed" not in drawn


def test_products_are_pixels_times_taps_times_maps(tmp_path: Path) -> None:
    weights = tf.ones((3, 3, 2, 5))

    @tf.function(input_signature=[tf.TensorSpec((1, 6, 8, 2), tf.float32)])
    def both(maps: tf.Tensor) -> tf.Tensor:
        maps = tf.nn.conv2d(maps, weights, 1, "SAME")
        return tf.nn.conv2d_transpose(maps, tf.ones((3, 3, 4, 5)), (1, 12, 16, 4), 2)

    path = tmp_path / "two.tflite"
    path.write_bytes(tf.lite.TFLiteConverter.from_concrete_functions([both.get_concrete_function()]).convert())
    assert gmac(path, (1, 6, 8, 2)) == pytest.approx(6 * 8 * 9 * (2 * 5 + 5 * 4) / 1e9)


@pytest.mark.parametrize("shape", [(1, 2, 6, 8), (1, 2, "h", "w")])
def test_products_of_an_onnx_file_of_any_size(tmp_path: Path, shape: tuple) -> None:
    nodes = [
        helper.make_node("Conv", ["photo", "w"], ["m"], pads=[1, 1, 1, 1]),
        helper.make_node("ConvTranspose", ["m", "v"], ["bokeh"], strides=[2, 2], pads=[0, 0, 1, 1]),
    ]
    constants = [
        helper.make_tensor(name, TensorProto.FLOAT, sides, [0.0] * 9 * sides[0] * sides[1])
        for name, sides in (("w", (5, 2, 3, 3)), ("v", (5, 4, 3, 3)))
    ]
    ends = [helper.make_tensor_value_info("photo", TensorProto.FLOAT, shape)]
    outs = [helper.make_tensor_value_info("bokeh", TensorProto.FLOAT, (1, 4, None, None))]
    path = tmp_path / "two.onnx"
    graph = helper.make_graph(nodes, "g", ends, outs, constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    assert gmac(path, (1, 6, 8, 2)) == pytest.approx(6 * 8 * 9 * (2 * 5 + 5 * 4) / 1e9)


def test_the_matrix_product_has_a_speed() -> None:
    assert matrix_peak(1) > 0.1


def test_this_machine_is_told() -> None:
    machine = Machine.here()
    assert machine.processor
    assert f"{machine.cores} cores" in machine.line()


def test_free_sides_take_those_of_the_size(tiny_rgbd_model: Path, files) -> None:
    assert tensor_shape(tiny_rgbd_model, PhotoSize(128, 192)) == (1, 64, 96, 4)
    assert tensor_shape(files["int8"], PhotoSize(512, 512)) == (1, 64, 96, 3)


def test_a_runtime_that_refuses_a_file_leaves_the_others(files, photo_folder: Path, tmp_path: Path, capsys) -> None:
    told = tmp_path / "bench.json"
    runtimes = ["--runtime", "tflite-runtime"]
    arguments = [*QUICK, *runtimes, "--photos", photo_folder, "--json", told, "--no-ops"]
    assert call(files["int16x8"], files["float32"], *arguments) == 0
    failed, good = json.loads(told.read_text("utf-8"))["results"]
    assert "RSQRT" in failed["failure"]
    assert good["median_ms"] > 0
    assert good["op_ms"] == {}
    assert "int16x8.tflite on tflite-runtime fails" in capsys.readouterr().out
    assert call(files["int16x8"], *arguments) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere.tflite"], "nowhere.tflite is not a file"),
        (["setup.cfg"], "setup.cfg is no artifact"),
        (["{int8}", "{int8}"], "is named twice"),
        (["{int8}", "--runtime", "tpu"], "there is no runtime 'tpu'"),
        (["{int8}", "--runtime", "onnxruntime"], "none of onnxruntime runs tiny-128x192-int8.tflite"),
        (["{int8}", "--threads", "0"], "--threads is 0; 1 or more"),
        (["{int8}", "--runs", "0"], "--runs is 0; 1 or more"),
        (["{int8}", "--warmups", "-1"], "--warmups is -1; 0 or more"),
        (["{int8}", "--plot", "x.txt"], "x.txt is no picture"),
        (["{broken}"], "broken.tflite"),
        (["{text}"], "text.onnx"),
    ],
)
def test_bad_options_are_refused_before_any_run(files, tmp_path, capsys, arguments: list[str], said: str) -> None:
    broken, text = tmp_path / "broken.tflite", tmp_path / "text.onnx"
    broken.write_bytes(files["int8"].read_bytes()[:5000])
    text.write_bytes(b"hello, world, hello")
    names = {"int8": str(files["int8"]), "broken": str(broken), "text": str(text)}
    assert call(*(argument.format(**names) for argument in arguments)) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert "loading" not in captured.out


def test_the_documented_schema_is_the_one_in_force(request: pytest.FixtureRequest) -> None:
    from convert.bench_results import Benchmark

    schema, text = ROOT / "docs" / "bench.schema.json", json.dumps(Benchmark.model_json_schema(), indent=2) + "\n"
    if request.config.getoption("--update-golden"):
        schema.write_text(text, "utf-8")
    assert text == schema.read_text("utf-8")
