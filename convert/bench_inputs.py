"""A photo of the size and kind that each artifact takes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from calib_data.dataset import TEST, find_photos
from calib_data.errors import UserError
from calib_data.fit import input_at_size
from calib_data.sizes import PhotoSize
from calib_data.skipped import Skipped
from convert.flatbuffer import Flatbuffer
from convert.runners import PHOTO, SUFFIXES, check_tflite
from convert.runtimes import RUNTIMES, Runtime

_CHANNELS = (3, 4)


def tensor_shape(path: Path, size: PhotoSize) -> tuple[int, int, int, int]:
    """`(1, H, W, C)` of an artifact's input, where it leaves sides free those of a size.

    Raises:
        UserError: Missing, damaged, or not a PyNET.
    """
    if path.suffix not in SUFFIXES:
        raise UserError(f"{path.name} is no artifact.", f"Name a file that ends in {', '.join(SUFFIXES)}.")
    if not path.is_file():
        raise UserError(f"{path} is not a file.", "Make one with python -m convert.tflite or convert.onnx.")
    sides = {".tflite": _tflite_sides, ".onnx": _onnx_sides, ".keras": _keras_sides}[path.suffix](path)
    height, width = (side or own for side, own in zip(sides[:2], size.tensor, strict=True))
    return 1, height, width, sides[2]


def write_photo(shape: tuple[int, int, int, int], photos: Path, target: Path) -> None:
    """Write the first test photo of a folder as a .npy of a shape, 0..1, with its depth where it has four channels.

    Raises:
        UserError: The folder has no photo, or none with depth.
    """
    with_depth = shape[3] == 4
    pair = find_photos(photos, TEST, depth=with_depth, skipped=Skipped())[0]
    tensor = input_at_size(pair, PhotoSize(2 * shape[1], 2 * shape[2]), with_depth)
    np.save(target, tensor, allow_pickle=False)


def runtimes_for(path: Path, wanted: Sequence[Runtime]) -> list[Runtime]:
    """The runtimes among those wanted that run a file, all installed ones if none are named.

    Raises:
        UserError: None of them runs the file.
    """
    among = list(wanted) or [one for one in RUNTIMES.values() if one.installed and not one.optional]
    found = [one for one in among if one.suffix == path.suffix]
    if not found:
        names = ", ".join(one.name for one in RUNTIMES.values() if one.suffix == path.suffix)
        raise UserError(
            f"none of {', '.join(one.name for one in among)} runs {path.name}.", f"Take --runtime of {names}."
        )
    return found


def _tflite_sides(path: Path) -> tuple[int | None, int | None, int]:
    check_tflite(path)
    file = Flatbuffer.read(path.read_bytes(), str(path))
    _, height, width, channels = file.tensor(file.graph.inputs[0]).shape
    return int(height), int(width), int(channels)


def _onnx_sides(path: Path) -> tuple[int | None, int | None, int]:
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


def _keras_sides(path: Path) -> tuple[int | None, int | None, int]:
    from pynet_tf.model_files import load_model

    _, height, width, channels = load_model(path).input_shape
    return height, width, channels
