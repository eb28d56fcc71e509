"""Height, width and channels that an artifact takes, read from the file; no runtime loads it."""

from __future__ import annotations

from pathlib import Path

from calib_data.errors import UserError
from convert.runners import PHOTO, SUFFIXES, check_tflite

Sides = tuple[int | None, int | None, int]
_CHANNELS = (3, 4)


def input_sides(path: Path) -> Sides:
    """Height and width of an artifact's input tensor, None where they are free, and its channels.

    Raises:
        UserError: Missing, damaged, or not a PyNET.
    """
    if path.suffix not in SUFFIXES:
        raise UserError(f"{path.name} is no artifact.", f"Name a file that ends in {', '.join(SUFFIXES)}.")
    if not path.is_file():
        raise UserError(f"{path} is not a file.", "Make one with python -m convert.tflite or convert.onnx.")
    return {".tflite": _tflite_sides, ".onnx": _onnx_sides, ".keras": _keras_sides}[path.suffix](path)


def _tflite_sides(path: Path) -> Sides:
    file = check_tflite(path)
    _, height, width, channels = file.tensor(file.graph.inputs[0]).shape
    return int(height), int(width), int(channels)


def _onnx_sides(path: Path) -> Sides:
    from convert.onnx_artifact import read_onnx
    from convert.onnx_graph import OnnxGraph

    graph = OnnxGraph(read_onnx(path, with_weights=False))
    sides = [side.dim_value or None for side in graph.input.type.tensor_type.shape.dim]
    if graph.input.name != PHOTO or len(sides) != 4:
        raise UserError(
            f"{path} takes {graph.input.name}, {len(sides)} sides; a PyNET takes {PHOTO} with 4.",
            "Make one with python -m convert.onnx.",
        )
    _, *others = sides
    height, width, channels = (*others[1:], others[0]) if others[0] in _CHANNELS else others
    if channels not in _CHANNELS:
        raise UserError(f"{path} takes {channels} channels; a PyNET takes 3 or 4.", "Make one with convert.onnx.")
    return height, width, channels


def _keras_sides(path: Path) -> Sides:
    from pynet_tf.model_files import load_model

    _, height, width, channels = load_model(path).input_shape
    return height, width, channels
