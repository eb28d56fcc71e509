"""Integer recipes from one calibrated file: the converter's own quantizer, with the ranges that we want.

The calibrated file is the float32 file with the range of every tensor on the calibration photos. Quantizing it takes
under a second, so each recipe starts from the same calibration.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray
from tensorflow.lite.python import convert as tensorflow_convert
from tensorflow.lite.python.optimize.calibrator import Calibrator

from calib_data.errors import UserError
from convert.flatbuffer import Flatbuffer
from convert.int16 import finish_int16, prepare_int16
from convert.photo_ranges import covering
from convert.policy import ElementType
from convert.recipes import Recipe


@dataclass(frozen=True)
class Calibration:
    """A float32 file and the range of each of its tensors on each photo.

    Attributes:
        content: The file with ranges, as the quantizer reads it.
        lowest: Least value of each tensor on each photo, `(photos, tensors)`; NaN for what is not computed.
        highest: Largest values, likewise.
    """

    content: bytes
    lowest: NDArray[np.float64]
    highest: NDArray[np.float64]

    def ranges(self, kind: ElementType) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The range of each tensor, `(tensors,)` twice, that files of a kind use.

        With 8 bits, one that covers most photos (`convert.photo_ranges`). With 16 bits there is resolution to spare,
        and the extremes are kept.
        """
        if kind == "int16x8":
            return self.lowest.min(axis=0), self.highest.max(axis=0)
        return covering(self.lowest, self.highest)


def calibrate(float32: bytes, photos: Iterable[NDArray[np.float32]]) -> Calibration:
    """Run the float32 file on photos and note every tensor's range on each.

    Args:
        float32: The float32 file.
        photos: Input tensors `(1, H/2, W/2, C)`, 0..1; streamed, so that one is in memory at a time.

    Raises:
        UserError: There are no photos.
    """
    content, lows, highs = b"", [], []
    for photo in photos:
        content = bytes(Calibrator(float32).calibrate(functools.partial(_only, photo)))
        low, high = _noted_ranges(content)
        lows.append(low)
        highs.append(high)
    if not lows:
        raise UserError("there are no photos to calibrate on.", "Name a folder with photos by --calibration.")
    return Calibration(content, np.array(lows), np.array(highs))


def _only(photo: NDArray[np.float32]) -> Iterator[list[NDArray[np.float32]]]:
    yield [photo]


def _noted_ranges(content: bytes) -> tuple[list[float], list[float]]:
    graph = schema.Model.GetRootAsModel(content, 0).Subgraphs(0)
    low, high = [], []
    for place in range(graph.TensorsLength()):
        noted = graph.Tensors(place).Quantization()
        there = noted is not None and noted.MinLength() == 1
        low.append(float(noted.Min(0)) if there else np.nan)
        high.append(float(noted.Max(0)) if there else np.nan)
    return low, high


def integer_ready(calibration: Calibration, kind: ElementType) -> Flatbuffer:
    """A file with the ranges of a kind: input and output are 0..1 exactly, the clipping is left to the type.

    Raises:
        UserError: A tensor has no range, or one that is not finite: the network did not run properly.
    """
    file = Flatbuffer.read(calibration.content)
    lowest, highest = calibration.ranges(kind)
    for tensor, low, high in zip(file.graph.tensors, lowest, highest, strict=True):
        if not np.isnan(low):
            _set_range(tensor, float(low), float(high))
    clip = list(file.ops())[-1]
    if clip.name != "MINIMUM":
        raise UserError("the float32 graph does not end in a MINIMUM.", "Make it with convert.trace.freeze.")
    file.graph.operators.pop()
    file.graph.outputs = [clip.raw.inputs[0]]
    for index in (file.graph.inputs[0], file.graph.outputs[0]):
        _set_range(file.tensor(index), 0.0, 1.0)
    for op in file.ops():
        for index in op.raw.outputs:
            low, high = tensor_range(file.tensor(index)) or (np.nan, np.nan)
            if not (np.isfinite(low) and np.isfinite(high)):
                raise UserError(
                    f"{op.scope} took values from {low} to {high} on the calibration photos.",
                    "Check the model's weights and look at the photos with python -m calib_data.check.",
                )
    return file


def tensor_range(tensor: Any) -> tuple[float, float] | None:
    """Least and largest value of a calibrated tensor, or None where it has none."""
    noted = tensor.quantization
    if noted is None or noted.min is None or len(noted.min) != 1:
        return None
    return float(noted.min[0]), float(noted.max[0])


def quantize(calibration: Calibration, recipe: Recipe) -> Flatbuffer:
    """Make an integer file of a calibrated one.

    Args:
        calibration: What `calibrate` returned.
        recipe: A recipe of kind int8 or int16x8.

    Raises:
        UserError: The converter refuses; its reason is in the message.
    """
    file = integer_ready(calibration, recipe.kind)
    left_float = {file.tensor_name(op.raw.outputs[0]) for op in file.ops() if recipe.type_of(op) == "float32"}
    if recipe.kind == "int16x8":
        constants = prepare_int16(file)
        result = Flatbuffer.read(_convert(file.bytes(), left_float, tf.float32, _io_type("QUANTIZED_INT16")))
        return finish_int16(result, constants)
    io = tf.uint8 if recipe.io == "uint8" else tf.float32
    return Flatbuffer.read(_convert(file.bytes(), left_float, io, _io_type("QUANTIZED_INT8")))


def _convert(content: bytes, left_float: set[str], io: tf.DType, inference_type: Any) -> bytes:
    with _captured_stderr() as noise:
        try:
            return bytes(
                tensorflow_convert.mlir_quantize(
                    content,
                    inference_type=inference_type,
                    input_data_type=io,
                    output_data_type=io,
                    denylisted_nodes=left_float,
                )
            )
        except RuntimeError as error:
            reason = (str(error) or noise()).strip().splitlines()
            raise UserError(
                f"the converter refuses the recipe: {reason[-1] if reason else 'it gave no reason'}.",
                "Leave the operation that it names in float32 by a rule of the recipe.",
            ) from error


def _io_type(name: str) -> Any:
    return tensorflow_convert._types_pb2.IODataType.Value(name)


def _set_range(tensor: Any, low: float, high: float) -> None:
    tensor.quantization.min = np.array([low], np.float32)
    tensor.quantization.max = np.array([high], np.float32)


@contextlib.contextmanager
def _captured_stderr() -> Iterator[Any]:
    """Take what native code prints to standard error; yields a function that returns it."""
    sys.stderr.flush()
    saved = os.dup(2)
    with tempfile.TemporaryFile() as store:
        os.dup2(store.fileno(), 2)

        def text() -> str:
            store.seek(0)
            return store.read().decode("utf-8", "replace")

        try:
            yield text
        finally:
            os.dup2(saved, 2)
            os.close(saved)
