"""Files and photos for the tests of the report: made once, at the smallest size that MS-SSIM takes."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx

from calib_data.sizes import PhotoSize
from convert.exporter import TFLiteExporter
from convert.flatbuffer import Flatbuffer
from convert.onnx_exporter import OnnxExporter
from convert.recipes import load_recipe
from pynet_tf import load_model
from tests.conftest import smooth_picture

SIZE = PhotoSize(192, 256)
SCRIPT = "<script>alert(1)<script>"
UP = "level2_up"
"""A transposed convolution, whose scale the tests break."""


@dataclass(frozen=True)
class Files:
    """What the tests compare: `model` and files made of it."""

    model: Path
    float32: Path
    int8: Path
    onnx: Path


def make(model: Path, folder: Path) -> Files:
    """Files of a tiny model; the int8 one bears a name that is HTML."""
    made = Files(model, folder / "tiny-float32.tflite", folder / f"{SCRIPT}.tflite", folder / "tiny.onnx")
    random = np.random.default_rng(7)
    tensors = [smooth_picture(random, *SIZE.tensor)[np.newaxis].astype(np.float32) for _ in range(2)]
    exporter = TFLiteExporter(load_model(model), SIZE, lambda: tensors)
    made.float32.write_bytes(exporter.export(load_recipe("float32")))
    made.int8.write_bytes(exporter.export(load_recipe("int8")))
    onnx.save(OnnxExporter(load_model(model), SIZE).export(load_recipe("float32")).model, made.onnx)
    return made


def broken_tflite(source: Path, target: Path, factor: float = 8.0) -> Path:
    """A copy of an int8 file in which one scale of the weights of `UP` is wrong by a factor."""
    file = Flatbuffer.read(source.read_bytes())
    op = next(op for op in file.ops() if op.name == "CONV_2D" and UP in op.scope)
    noted = file.tensor(int(op.raw.inputs[1])).quantization
    scales = np.array(noted.scale)
    scales[scales.argmax()] *= factor
    noted.scale = scales
    target.write_bytes(file.bytes())
    return target


def broken_onnx(source: Path, target: Path, factor: float = 8.0) -> Path:
    """A copy of an .onnx file in which the weights, or their scale, of one output map of `UP` are wrong by a factor."""
    model = onnx.load(source)
    node = next(node for node in model.graph.node if node.op_type == "ConvTranspose" and UP in node.name)
    step = next((one for one in model.graph.node if one.output[0] == node.input[1]), None)
    name = node.input[1] if step is None else step.input[1]
    noted = next(one for one in model.graph.initializer if one.name == name)
    values = onnx.numpy_helper.to_array(noted).copy()
    if step is None:
        values[:, np.abs(values).sum(axis=(0, 2, 3)).argmax()] *= factor
    else:
        values[values.argmax()] *= factor
    noted.CopyFrom(onnx.numpy_helper.from_array(values, name))
    onnx.save(model, target)
    return target


def report(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the command as a user does."""
    return subprocess.run(
        [sys.executable, "-m", "convert.report", *map(str, arguments)], capture_output=True, text=True, check=False
    )


def copied(source: Path, target: Path) -> Path:
    """A copy under another name."""
    shutil.copyfile(source, target)
    return target
