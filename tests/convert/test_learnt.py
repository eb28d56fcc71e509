"""Learnt ranges in .tflite files: no photos needed, and simulation and runtimes agree."""

from __future__ import annotations

import functools
from itertools import combinations
from pathlib import Path

import numpy as np
import onnx
import pytest
import tensorflow as tf

from convert.exporter import TFLiteExporter
from convert.flatbuffer import Flatbuffer, inventory
from convert.isolated import run_isolated
from convert.onnx_exporter import OnnxExporter
from convert.recipes import ONNX_STANDARD, load_recipe
from convert.runners import load_artifact
from convert.runtimes import find_runtime
from pynet_tf import PyNETConfig, build_pynet
from pynet_tf.metrics import psnr
from quantize.calibration import calibrate, spans
from quantize.scheme import RECIPES, make_scheme
from quantize.simulation import Simulation
from tests.convert.conftest import SIZE, inputs

RUNTIMES = ("litert-xnnpack", "litert-builtin", "tflite-runtime")


GOLDEN = Path(__file__).parent / "data"


@functools.cache
def simulate(recipe: str, head: str) -> Simulation:
    """A width-2 network with ranges from three photos."""
    model = build_pynet(PyNETConfig(width=2, head=head), seed=3)
    random = np.random.default_rng(3)
    for weight in model.weights:
        if weight.shape.rank == 1:
            weight.assign_add(random.normal(0, 0.05, weight.shape).astype(np.float32))
    scheme = make_scheme(model, RECIPES[recipe])
    return Simulation(model, scheme, spans(calibrate(model, scheme, inputs(3))))


@functools.cache
def export(recipe: str, head: str) -> bytes:
    """The file of such a network with its ranges."""
    simulation = simulate(recipe, head)
    return TFLiteExporter(simulation.model, SIZE, learnt=simulation.ranges).export(load_recipe(recipe))


@pytest.mark.slow
@pytest.mark.parametrize(("recipe", "least"), [("int8", 48.0), ("int8-full", 45.0)])
@pytest.mark.parametrize("head", ["direct", "residual", "blend"])
def test_simulation_and_all_runtimes_agree(recipe: str, least: float, head: str, tmp_path: Path) -> None:
    simulation = simulate(recipe, head)
    path = tmp_path / "learnt.tflite"
    path.write_bytes(export(recipe, head))
    (photo,) = inputs(1, seed=8)
    np.save(tmp_path / "photo.npy", photo)
    pictures = {"simulation": simulation(tf.constant(photo)).numpy()}
    for runtime in RUNTIMES:
        folder = tmp_path / runtime
        folder.mkdir()
        outcome = run_isolated(path, find_runtime(runtime), [tmp_path / "photo.npy"], folder, 2)
        assert not outcome.failure, outcome.failure
        pictures[runtime] = np.load(outcome.outputs[0], allow_pickle=False)
    found = {(one, two): psnr(pictures[one], pictures[two]) for one, two in combinations(pictures, 2)}
    assert min(found.values()) >= least, found


@pytest.mark.slow
def test_onnx_files_take_learnt_ranges_and_integer_weights(tmp_path: Path) -> None:
    simulations = {recipe: simulate(recipe, "residual") for recipe in ("int8", "int8-full")}
    path = tmp_path / "learnt.onnx"
    (photo,) = inputs(1, seed=8)
    for (recipe, simulation), least in zip(simulations.items(), (46.0, 42.0), strict=True):
        told: list[str] = []
        exporter = OnnxExporter(
            simulation.model,
            SIZE,
            photos=lambda: inputs(3),
            learnt=simulation.ranges,
            missing=lambda _recipe, tensors, told=told: told.extend(tensors),  # type: ignore[misc]
        )
        onnx.save(exporter.export(load_recipe(recipe, ONNX_STANDARD)).model, path)
        assert not [name for name in told if "_norm/" not in name]
        assert sum(entry.data_type == onnx.TensorProto.INT8 for entry in onnx.load(path).graph.initializer) > 100
        assert psnr(simulation(tf.constant(photo)).numpy(), load_artifact(path).run(photo)) >= least


@pytest.mark.parametrize(
    ("recipe", "head"), [pytest.param("int8", "residual", marks=pytest.mark.slow), ("int8-full", "blend")]
)
def test_the_ops_are_those_of_the_golden_inventory(recipe: str, head: str, request: pytest.FixtureRequest) -> None:
    entries = inventory(Flatbuffer.read(export(recipe, head)))
    assert not [one for one in entries if one.op == "QUANTIZE" and (one.inputs, one.output) == ("int8", "int8")]
    text = "".join(f"{e.op} v{e.version} {e.inputs} -> {e.output} x{e.count}\n" for e in entries)
    golden = GOLDEN / f"ops-learnt-{recipe}-{head}.txt"
    if request.config.getoption("--update-golden"):
        golden.write_text(text, "utf-8")
    assert text == golden.read_text("utf-8")


@pytest.mark.slow
def test_what_has_no_learnt_range_is_listed_and_calibrated() -> None:
    simulation = simulate("int8", "residual")
    told: dict[str, list[str]] = {}
    exporter = TFLiteExporter(
        simulation.model,
        SIZE,
        lambda: inputs(2),
        learnt=simulation.ranges,
        missing=lambda recipe, tensors: told.update({recipe: list(tensors)}),
    )
    exporter.export(load_recipe("int8-full"))
    assert "encoder4_conv3a_norm/Rsqrt" in told["int8-full"]
    assert all("_norm/" in name or name.startswith("level1") for name in told["int8-full"])
