"""Integer recipes from a file with ranges: the converter's own quantizer, with the ranges that we want.

Quantizing such a file takes under a second, so that one measurement serves all recipes.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.lite.python import convert as tensorflow_convert

from calib_data.errors import UserError
from convert.detail import refine_detail
from convert.flatbuffer import Flatbuffer
from convert.int16 import finish_int16, prepare_int16
from convert.leaky import split_leaky
from convert.recipes import Recipe
from convert.rewrites.editing import Editor
from convert.tanh import refine_tanh


def make_integer_ready(file: Flatbuffer) -> None:
    """Prepare a float32 file with ranges for the quantizer: input and output are 0..1 exactly, the type clips.

    Raises:
        UserError: A tensor has no range, or one that is not finite: the network did not run properly.
    """
    clip = list(file.ops())[-1]
    if clip.name != "MINIMUM":
        raise UserError("the float32 graph does not end in a MINIMUM.", "Make it with convert.trace.freeze.")
    file.graph.operators.pop()
    file.graph.outputs = [clip.raw.inputs[0]]
    for index in (file.graph.inputs[0], file.graph.outputs[0]):
        set_range(file.tensor(index), 0.0, 1.0)
    for op in file.ops():
        for index in op.raw.outputs:
            low, high = tensor_range(file.tensor(index)) or (np.nan, np.nan)
            if not (np.isfinite(low) and np.isfinite(high)):
                raise UserError(
                    f"{op.scope} has a range from {low} to {high}.",
                    "Check the model's weights and look at the photos with python -m calib_data.check.",
                )


def tensor_range(tensor: Any) -> tuple[float, float] | None:
    """Least and largest value of a tensor, or None where it has no range."""
    noted = tensor.quantization
    if noted is None or noted.min is None or len(noted.min) != 1:
        return None
    return float(noted.min[0]), float(noted.max[0])


def quantize(file: Flatbuffer, recipe: Recipe) -> Flatbuffer:
    """Make an integer file of one with ranges.

    Args:
        file: A float32 file with a range for every computed tensor, as `convert.ranged.give_ranges` leaves it; used up.
        recipe: A recipe of kind int8 or int16x8.

    Raises:
        UserError: The converter refuses; its reason is in the message.
    """
    make_integer_ready(file)
    left_float = {file.tensor_name(op.raw.outputs[0]) for op in file.ops() if recipe.type_of(op) == "float32"}
    if recipe.kind == "int16x8":
        constants = prepare_int16(file)
        result = Flatbuffer.read(_convert(file.bytes(), left_float, tf.float32, _io_type("QUANTIZED_INT16")))
        return finish_int16(result, constants)
    io = tf.uint8 if recipe.io == "uint8" else tf.float32
    result = Flatbuffer.read(_convert(file.bytes(), left_float, io, _io_type("QUANTIZED_INT8")))
    split_leaky(result)
    refine_tanh(result)
    refine_detail(result)
    _give_bytes_at_once(result)
    return result


def _give_bytes_at_once(file: Flatbuffer) -> None:
    """Turn floats into the output's bytes by one QUANTIZE, where the converter wrote two."""
    operators = file.graph.operators
    made = {int(op.raw.outputs[0]): op for op in file.ops()}
    last = made[int(file.graph.outputs[0])]
    before = made.get(int(last.raw.inputs[0]))
    if last.name == "QUANTIZE" and before is not None and before.name == "QUANTIZE":
        last.raw.inputs = before.raw.inputs
        file.graph.operators = [raw for raw in operators if raw is not before.raw]
        Editor(file).tidy()


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


def set_range(tensor: Any, low: float, high: float) -> None:
    """Give a tensor a range; the quantizer makes scale and zero point of it."""
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
