"""The tensors of a .tflite file, read by making them outputs, so that any runtime and its own kernels compute them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from calib_data.files import write_bytes
from convert.flatbuffer import Flatbuffer, Op
from convert.reporting.layers.tapping import run_tapped
from convert.reporting.layers.tensors import Tensor

_BIAS = {"CONV_2D": 2, "TRANSPOSE_CONV": 3}
_RELU = 1


class TFLiteGraph:
    """A `Graph` of a .tflite file on one runtime.

    Args:
        path: The file.
        runtime: A name of `convert.runtimes`.
        threads: For the runtime.
    """

    def __init__(self, path: Path, runtime: str, threads: int) -> None:
        self.name = path.name
        self._path, self._runtime, self._threads = path, runtime, threads
        file = Flatbuffer.read(path.read_bytes(), str(path))
        self._places = {file.tensor_name(int(op.raw.outputs[0])): int(op.raw.outputs[0]) for op in file.ops()}
        self.tensors = [_tensor(file, op) for op in file.ops()]
        self.output = file.tensor_name(int(file.graph.outputs[0]))

    def read(self, photo: NDArray[np.float32], names: Sequence[str], folder: Path) -> Iterator[NDArray[np.float32]]:
        """Write a copy of the file whose outputs the tensors are, and run it in a process of its own.

        Raises:
            RuntimeFailedError: The runtime refuses the copy, or its process dies.
        """
        file = Flatbuffer.read(self._path.read_bytes(), str(self._path))
        file.graph.outputs = np.array([self._places[name] for name in names], np.int32)
        file.model.signatureDefs = []
        tapped = folder / "tapped.tflite"
        write_bytes(tapped, file.bytes())
        yield from run_tapped(tapped, self._runtime, self._threads, photo, len(names), folder)


def _tensor(file: Flatbuffer, op: Op) -> Tensor:
    place = _BIAS.get(op.name)
    output = int(op.raw.outputs[0])
    shape = file.tensor(output).shape
    return Tensor(
        name=file.tensor_name(output),
        op=op.name,
        shape=() if shape is None else tuple(int(side) for side in shape),
        reads=tuple(
            file.tensor_name(int(index)) for index in op.raw.inputs if index >= 0 and not file.is_constant(int(index))
        ),
        has_bias=place is not None and place < len(op.raw.inputs) and int(op.raw.inputs[place]) >= 0,
        has_relu=getattr(op.raw.builtinOptions, "fusedActivationFunction", 0) == _RELU,
    )
