"""What is known about an .onnx artifact, and how it is written: metadata inside, weights inside or beside."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from onnx import external_data_helper

from calib_data.errors import UserError
from calib_data.files import sha256
from convert.artifact import (
    DATA,
    METADATA_NAME,
    ArtifactFacts,
    CalibrationFacts,
    OnnxFacts,
    OpFacts,
    Port,
    RuntimeFacts,
    SourceModel,
    TensorFacts,
    versions,
)
from convert.onnx_exporter import OnnxForm
from convert.onnx_graph import OnnxGraph, inventory
from convert.recipes import Recipe
from convert.runners import BOKEH, PHOTO

_KEY = METADATA_NAME.removesuffix(".json")
_TOOLS = ("tensorflow", "tf-keras", "tf2onnx", "onnx", "onnxruntime", "numpy", "pynet-bokeh")
_PRODUCER = "pynet-bokeh"
_LEAST_BYTES_OUTSIDE = 256  # factors of sizes stay inside, where shapes are inferred from them
_FIRST_RUNTIME = {15: "1.10", 16: "1.11", 17: "1.12", 18: "1.14"}
"""onnxruntime's docs, Versioning: the first release that has an operator set; all of them read IR version 8."""


def describe_onnx(
    graph: OnnxGraph,
    name: str,
    form: OnnxForm,
    model: SourceModel,
    recipe: Recipe,
    left_in_float: dict[str, int],
    calibration: CalibrationFacts | None,
    runs: Iterable[RuntimeFacts] = (),
) -> ArtifactFacts:
    """The facts about a graph that `OnnxExporter.export` returned.

    Args:
        graph: The graph, without metadata.
        name: The artifact's, without suffix.
        form: What the file looks like from outside.
        model: What it was made of.
        recipe: By which it was made.
        left_in_float: How many operations of each kind an integer recipe leaves in float.
        calibration: Photos whose ranges were used.
        runs: What runtimes made of it.
    """
    tensors = _tensors(graph)
    photo, bokeh = (tensors.pop(name) for name in (PHOTO, BOKEH))
    sides = bokeh.shape[1:3] if form.layout == "nhwc" else bokeh.shape[2:]
    return ArtifactFacts(
        name=name,
        format="onnx",
        content_sha256=hashlib.sha256(graph.model.SerializeToString(deterministic=True)).hexdigest(),
        model=model,
        recipe=recipe,
        photo_size=None if form.any_size else (sides[0], sides[1]),
        input=Port(**photo.model_dump()),
        output=Port(**bokeh.model_dump()),
        calibration=calibration,
        tools=versions(_TOOLS),
        minimum_runtime=_FIRST_RUNTIME[form.opset],
        minimum_runtime_because=(f"opset {form.opset}",),
        left_in_float=left_in_float,
        backends={},
        runs=tuple(runs),
        ops=tuple(OpFacts(**vars(entry)) for entry in inventory(graph)),
        tensors=(*tensors.values(), bokeh),
        onnx=OnnxFacts(opset=form.opset, ir_version=graph.model.ir_version, layout=form.layout),
    )


def write_onnx(graph: OnnxGraph, path: Path, facts: ArtifactFacts, external_data: bool) -> ArtifactFacts:
    """Write a graph with its facts inside; returns the facts with the hashes of what was written.

    Args:
        graph: What to write; a copy of it carries the metadata.
        path: The .onnx file; with external data, `path` with `.data` at its end takes the weights.
        facts: What is known.
        external_data: Whether the weights go into a file of their own.
    """
    model = graph.copy().model
    model.producer_name, model.producer_version = _PRODUCER, version(_PRODUCER)
    noted = facts.onnx
    assert noted is not None
    if external_data:
        data = path.with_name(path.name + DATA)
        data.unlink(missing_ok=True)  # it would be appended to
        for tensor in model.graph.initializer:
            if len(tensor.raw_data) >= _LEAST_BYTES_OUTSIDE:
                external_data_helper.set_external_data(tensor, data.name)
        model = external_data_helper.write_external_data_tensors(model, str(path.parent))
        noted = noted.model_copy(update={"external_data": data.name, "external_data_sha256": sha256(data)})
    inside = facts.model_copy(update={"file": "", "sha256": "", "onnx": noted})
    onnx.helper.set_model_props(model, {_KEY: inside.model_dump_json()})
    path.write_bytes(model.SerializeToString(deterministic=True))
    onnx.checker.check_model(str(path), full_check=True)
    return inside.model_copy(update={"file": path.name, "sha256": sha256(path)})


def read_onnx(path: Path, with_weights: bool = True) -> onnx.ModelProto:
    """Read an .onnx file.

    Raises:
        UserError: Not an .onnx file, damaged, or its external data is missing.
    """
    fix = "Make one with python -m convert.onnx."
    try:
        model = onnx.load(str(path), load_external_data=with_weights)
    except DecodeError as error:
        raise UserError(f"{path} is not an .onnx file, or damaged: {error}.", fix) from error
    except (FileNotFoundError, ValueError, onnx.checker.ValidationError) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"{path} lacks its weights: {reason}.", "Keep the .data file beside it, whole.") from error
    if not model.graph.node or not model.opset_import:
        raise UserError(f"{path} holds no graph.", fix)
    if len(model.graph.input) != 1:
        raise UserError(f"{path} has {len(model.graph.input)} inputs; a PyNET has one.", fix)
    return model


def stored_metadata(path: Path) -> str:
    """The JSON that `write_onnx` has put into a file.

    Raises:
        UserError: Not an .onnx file, or without metadata.
    """
    for entry in read_onnx(path, with_weights=False).metadata_props:
        if entry.key == _KEY:
            return str(entry.value)
    raise UserError(f"{path} carries no metadata.", "Convert it with python -m convert.onnx.")


def _tensors(graph: OnnxGraph) -> dict[str, TensorFacts]:
    """Input and all computed tensors, with the scales of those that a QuantizeLinear gives."""
    types, constants = graph.types(), graph.constants()
    steps = {}
    for node in graph.nodes:
        place = {"QuantizeLinear": node.output[0], "DequantizeLinear": node.input[0]}.get(node.op_type)
        if place is not None and place not in constants:
            steps[place] = tuple(np.atleast_1d(constants[name]).tolist() for name in node.input[1:3])
    for node in graph.nodes:  # the turns at the ends keep what they turn
        if node.op_type == "Transpose":
            for name, other in ((node.input[0], node.output[0]), (node.output[0], node.input[0])):
                if other in steps:
                    steps.setdefault(name, steps[other])
    names = [graph.input.name, *(name for node in graph.nodes for name in node.output)]
    return {
        name: TensorFacts(
            name=name,
            shape=types[name][1],
            type=types[name][0],
            scale=tuple(steps[name][0]) if name in steps else (),
            zero_point=tuple(steps[name][1]) if name in steps else (),
        )
        for name in names
    }
