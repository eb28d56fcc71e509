"""The float model as TensorFlow's frozen graph, from whose names converters make those of their files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tf_keras as keras
from numpy.typing import NDArray

from calib_data.sizes import PhotoSize
from convert.reporting.layers.tensors import KIND_OF, Tensor
from convert.trace import freeze

_PASSED_THROUGH = frozenset({"Identity", "NoOp"})


class FloatGraph:
    """A `Graph` of a Keras model at one size."""

    name = "float graph"

    def __init__(self, model: keras.Model, size: PhotoSize) -> None:
        self._function = freeze(model, size)
        operations = self._function.graph.get_operations()
        self.tensors = [_tensor(op) for op in operations if op.type in KIND_OF]
        self.output = self.tensors[-1].name

    def read(self, photo: NDArray[np.float32], names: Sequence[str], folder: Path) -> Iterator[NDArray[np.float32]]:
        """Run the part of the graph that the tensors need; `folder` is not used."""
        import tensorflow as tf

        graph = self._function.graph
        fetched = [graph.get_tensor_by_name(f"{name}:0") for name in names]
        for values in self._function.prune(self._function.inputs, fetched)(tf.constant(photo)):
            yield values.numpy()


def _tensor(operation: Any) -> Tensor:
    reads = (_source(tensor.op) for tensor in operation.inputs)
    return Tensor(
        name=operation.name,
        op=operation.type,
        shape=tuple(operation.outputs[0].shape.as_list()),
        reads=tuple(source.name for source in reads if source.type != "Const"),
    )


def _source(operation: Any) -> Any:
    while operation.type in _PASSED_THROUGH and operation.inputs:
        operation = operation.inputs[0].op
    return operation
