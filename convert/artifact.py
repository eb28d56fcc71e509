"""What is known about an artifact: the side file beside it, and the same facts inside it.

The facts are appended to the .tflite file as a zip with `metadata.json`; runtimes ignore it, and any zip reader, an
Android app's included, finds it at the end of the file. In an .onnx file they are in its metadata
(`convert.onnx_artifact`). The side file adds the hash of the whole.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import zipfile
from collections import Counter
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from calib_data.errors import UserError
from calib_data.files import BROKEN_ZIP
from convert.fidelity import Fidelity
from convert.flatbuffer import Flatbuffer, OpCount, inventory
from convert.policy import BACKENDS, minimum_runtime, taken_by
from convert.recipes import Recipe

SCHEMA = "pynet-artifact/1"
METADATA_NAME = "metadata.json"
DATA = ".data"
"""Ends the name of the file with the weights, after that of the .onnx file."""
_MIB = 1 << 20
_TOOLS = ("tensorflow", "tf-keras", "ai-edge-litert", "tflite-runtime", "numpy", "pynet-bokeh")
_LARGEST_METADATA = 16 << 20
_MOMENT = (1980, 1, 1, 0, 0, 0)


class Facts(BaseModel):
    """A record that refuses unknown keys and does not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SourceModel(Facts):
    """The float model that was converted."""

    file: str
    sha256: str
    inputs: Literal["rgb", "rgbd"]
    width: int
    head: Literal["direct", "residual", "blend"]
    norm: Literal["instance", "none"]


class CalibrationFacts(Facts):
    """The photos whose ranges an integer recipe used; `sha256` is over the photos' names and hashes."""

    photos: tuple[str, ...]
    sha256: str


class TensorFacts(Facts):
    """One tensor that is computed: values are `(stored - zero_point) * scale`, or as stored if those are empty."""

    name: str
    shape: tuple[int, ...]
    type: str
    scale: tuple[float, ...] = ()
    zero_point: tuple[int, ...] = ()


class Port(TensorFacts):
    """An input or output by its signature name, with the range of its real values."""

    range: tuple[float, float] = (0.0, 1.0)


class OpFacts(Facts):
    """A line of the op inventory."""

    op: str
    version: int
    inputs: str
    output: str
    count: int


class BackendFacts(Facts):
    """Which operations a back end takes, by its own rules; `left` lists those that stay on other kernels."""

    taken: int
    left: dict[str, int]


class RuntimeFacts(Facts):
    """One runtime's run of the artifact; without `fidelity` it failed, and `failure` says why.

    `delegate_partitions` is in how many parts XNNPACK runs the graph: 0 is not at all, 1 is in one go.
    """

    runtime: str
    version: str
    fidelity: Fidelity | None
    ms: float | None
    peak_mib: float | None
    threads: int
    delegate_partitions: int = 0
    failure: str = ""


class OnnxFacts(Facts):
    """What only .onnx files have; `external_data` is the file with the weights, empty where they are in the .onnx."""

    opset: int
    ir_version: int
    layout: Literal["nhwc", "nchw"]
    external_data: str = ""
    external_data_sha256: str = ""


class ArtifactFacts(Facts):
    """All that is known about an artifact. `file` and `sha256` are in the side file only.

    `photo_size` is None where height and width are free; free sides of tensors are -1.
    """

    schema_id: str = SCHEMA
    name: str
    format: Literal["tflite", "onnx"] = "tflite"
    file: str = ""
    sha256: str = ""
    content_sha256: str
    model: SourceModel
    recipe: Recipe
    photo_size: tuple[int, int] | None
    input: Port
    output: Port
    calibration: CalibrationFacts | None
    tools: dict[str, str]
    minimum_runtime: str
    minimum_runtime_because: tuple[str, ...]
    left_in_float: dict[str, int]
    backends: dict[str, BackendFacts]
    runs: tuple[RuntimeFacts, ...]
    ops: tuple[OpFacts, ...]
    tensors: tuple[TensorFacts, ...]
    onnx: OnnxFacts | None = None


def file_mib(path: Path) -> float:
    """Size of an artifact in MiB, with the weights that lie beside an .onnx file."""
    beside = path.with_name(path.name + DATA)
    return (path.stat().st_size + (beside.stat().st_size if beside.is_file() else 0)) / _MIB


def describe(
    content: bytes,
    name: str,
    model: SourceModel,
    recipe: Recipe,
    calibration: CalibrationFacts | None,
    runs: Iterable[RuntimeFacts] = (),
) -> ArtifactFacts:
    """The facts about the content of a .tflite file."""
    file = Flatbuffer.read(content, name)
    ops = inventory(file)
    oldest, because = minimum_runtime(ops)
    photo, bokeh = int(file.graph.inputs[0]), int(file.graph.outputs[0])
    computed = (index for op in file.ops() for index in op.raw.outputs)
    height, width = (int(side) for side in file.tensor(bokeh).shape[1:3])
    return ArtifactFacts(
        name=name,
        content_sha256=hashlib.sha256(content).hexdigest(),
        model=model,
        recipe=recipe,
        photo_size=(height, width),
        input=Port(**_tensor(file, photo).model_dump()),
        output=Port(**_tensor(file, bokeh).model_dump()),
        calibration=calibration,
        tools=versions(_TOOLS),
        minimum_runtime=oldest,
        minimum_runtime_because=because,
        left_in_float=left_in_float(ops, recipe),
        backends=_backends(ops),
        runs=tuple(runs),
        ops=tuple(OpFacts(**vars(entry)) for entry in ops),
        tensors=tuple(_tensor(file, int(index)) for index in computed),
    )


def versions(tools: Iterable[str]) -> dict[str, str]:
    """Those of the packages that are installed."""
    found = {}
    for tool in tools:
        with contextlib.suppress(PackageNotFoundError):
            found[tool] = version(tool)
    return found


def with_metadata(content: bytes, facts: ArtifactFacts, more: Mapping[str, bytes] | None = None) -> bytes:
    """The content of a .tflite file with its facts, and more files by name, appended as a zip."""
    inside = facts.model_copy(update={"file": "", "sha256": ""})
    store = io.BytesIO()
    with zipfile.ZipFile(store, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, entry in {METADATA_NAME: inside.model_dump_json(indent=1).encode(), **(more or {})}.items():
            archive.writestr(zipfile.ZipInfo(name, _MOMENT), entry, zipfile.ZIP_DEFLATED)
    return content + store.getvalue()


def read_metadata(path: Path) -> ArtifactFacts:
    """The facts inside a .tflite or .onnx file.

    Raises:
        UserError: There are none, or they do not fit the schema.
    """
    if path.suffix == ".onnx":
        from convert.onnx_artifact import stored_metadata

        return parse_facts(stored_metadata(path), str(path))
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.getinfo(METADATA_NAME).file_size > _LARGEST_METADATA:
                raise UserError(f"{path}: its metadata is larger than 16 MiB.", "Convert it again.")
            return parse_facts(archive.read(METADATA_NAME), str(path))
    except (*BROKEN_ZIP, KeyError) as error:
        raise UserError(f"{path} carries no metadata.", "Convert it with python -m convert.tflite.") from error


def read_side_file(path: Path) -> ArtifactFacts:
    """The facts in the .json file beside an artifact.

    Raises:
        UserError: The file is missing or does not fit the schema.
    """
    if not path.is_file():
        raise UserError(f"{path} is not a file.", "The side file lies beside its artifact; convert again to make it.")
    return parse_facts(path.read_bytes(), str(path))


def parse_facts(content: bytes | str, name: str) -> ArtifactFacts:
    """Read facts from JSON.

    Raises:
        UserError: It does not fit the schema.
    """
    try:
        return ArtifactFacts.model_validate(json.loads(content))
    except (ValueError, RecursionError) as error:
        first = str(error).splitlines()[:3]
        raise UserError(f"{name} does not fit the schema {SCHEMA}: {' '.join(first)}.", "Convert it again.") from error


def _tensor(file: Flatbuffer, index: int) -> TensorFacts:
    tensor = file.tensor(index)
    noted = tensor.quantization
    quantized = noted is not None and noted.scale is not None and len(noted.scale) > 0
    return TensorFacts(
        name=file.tensor_name(index),
        shape=tuple(int(side) for side in np.atleast_1d(tensor.shape if tensor.shape is not None else ())),
        type=file.type_name(index),
        scale=tuple(float(scale) for scale in noted.scale) if quantized else (),
        zero_point=tuple(int(point) for point in noted.zeroPoint) if quantized else (),
    )


def _backends(ops: Iterable[OpCount]) -> dict[str, BackendFacts]:
    facts = {}
    for backend in BACKENDS:
        taken, left = 0, Counter[str]()
        for entry in ops:
            if taken_by(backend, entry.op, entry.output):
                taken += entry.count
            else:
                left[f"{entry.op} ({entry.output})"] += entry.count
        facts[backend] = BackendFacts(taken=taken, left=dict(left))
    return facts


def left_in_float(ops: Iterable[OpCount], recipe: Recipe) -> dict[str, int]:
    """Float operations of a recipe of integers, without the steps between the two."""
    left: dict[str, int] = {}
    for entry in ops if recipe.needs_calibration else ():
        if entry.output == "float32" and entry.op not in ("QUANTIZE", "DEQUANTIZE"):
            left[entry.op] = left.get(entry.op, 0) + entry.count
    return left
