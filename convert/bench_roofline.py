"""How much arithmetic an artifact is, and how much the machine can do.

`python -m convert.bench_roofline` prints the GFLOP/s of a large matrix product; how many threads it takes is set by the
environment before it starts. It is called by `matrix_peak` and not meant for people.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from convert.flatbuffer import Flatbuffer

_GIGA = 1e9
_MATRIX, _PRODUCTS = 2048, 5
_THREAD_SETTINGS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def gmac(path: Path, tensor_shape: tuple[int, ...]) -> float | None:
    """Products of the convolutions, plain and transposed, of one run, in 10^9; None for a .keras file.

    Counted from the graph: taps times maps in times maps out for every place of the output (of the input, where
    transposed). Products with the zeros beyond the edges count, as kernels do them.

    Args:
        path: An artifact.
        tensor_shape: `(1, H, W, C)` of its input, where the file leaves sides free.
    """
    count = {".tflite": _tflite_products, ".onnx": _onnx_products}.get(path.suffix)
    return None if count is None else count(path, tensor_shape) / _GIGA


def matrix_peak(threads: int) -> float | None:
    """GFLOP/s of a product of two 2048x2048 float32 matrices on some threads: the best of five, in another process.

    None where that process fails, as for want of memory.
    """
    environment = {**os.environ, **dict.fromkeys(_THREAD_SETTINGS, str(threads))}
    call = [sys.executable, "-m", "convert.bench_roofline"]
    done = subprocess.run(call, capture_output=True, text=True, env=environment, check=False)
    return None if done.returncode else float(done.stdout)


def _tflite_products(path: Path, _: tuple[int, ...]) -> int:
    file = Flatbuffer.read(path.read_bytes(), str(path))

    def size(index: int, sides: slice) -> int:
        return math.prod(int(side) for side in file.tensor(index).shape[sides])

    products = 0
    for op in file.ops():
        if op.name == "CONV_2D":
            products += size(op.raw.inputs[1], slice(None)) * size(op.raw.outputs[0], slice(0, 3))
        elif op.name == "TRANSPOSE_CONV":
            products += size(op.raw.inputs[1], slice(None)) * size(op.raw.inputs[2], slice(0, 3))
    return products


def _onnx_products(path: Path, tensor_shape: tuple[int, ...]) -> int:
    from convert.onnx_artifact import read_onnx
    from convert.onnx_graph import OnnxGraph

    graph = OnnxGraph(read_onnx(path))
    _set_sides(graph.input, tensor_shape)
    graph.output.type.tensor_type.ClearField("shape")
    shapes = {name: shape for name, (_, shape) in graph.types().items()}
    products = 0
    for node in graph.nodes:
        if node.op_type in ("Conv", "ConvTranspose"):
            places = shapes[node.output[0] if node.op_type == "Conv" else node.input[0]]
            products += math.prod(shapes[node.input[1]]) * places[0] * places[2] * places[3]
    return products


def _set_sides(entry: Any, tensor_shape: tuple[int, ...]) -> None:
    """Give a free side of an input, of either layout, the height or width of the photo."""
    sides = entry.type.tensor_type.shape.dim
    order = (0, 3, 1, 2) if sides[1].dim_value == tensor_shape[3] else (0, 1, 2, 3)
    for side, place in zip(sides, order, strict=True):
        side.dim_value = tensor_shape[place]


def _measure() -> float:
    matrix = np.random.default_rng(0).random((_MATRIX, _MATRIX), np.float32)
    seconds = []
    for _ in range(_PRODUCTS):
        began = time.perf_counter()
        matrix @ matrix
        seconds.append(time.perf_counter() - began)
    return 2 * _MATRIX**3 / min(seconds) / _GIGA


if __name__ == "__main__":
    print(_measure())
