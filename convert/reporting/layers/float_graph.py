"""The float model as TensorFlow's frozen graph, from whose names converters make those of their files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
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
        graph = self._function.graph
        fetched = [graph.get_tensor_by_name(f"{name}:0") for name in names]
        for values in self._function.prune(self._function.inputs, fetched)(tf.constant(photo)):
            yield values.numpy()

    def layer(self, name: str, handed: NDArray[np.float32]) -> NDArray[np.float32] | None:
        """Apply one layer with weights by itself.

        Args:
            name: The tensor that the layer computes: of a convolution, or of the BiasAdd or ReLU behind one.
            handed: What it reads, `(1, h, w, C)`.

        Returns:
            `(1, h, w, C)`; None for a tensor that is no convolution's.
        """
        operation = self._function.graph.get_operation_by_name(name)
        behind = []
        while operation.type in _BEHIND:
            behind.append(operation)
            operation = _source(operation.inputs[0].op)
        if operation.type not in _LAYERS:
            return None
        values = _LAYERS[operation.type](operation, tf.constant(np.ascontiguousarray(handed)))
        for last in reversed(behind):
            values = _BEHIND[last.type](last, values)
        return values.numpy()


def _convolution(operation: Any, handed: tf.Tensor) -> tf.Tensor:
    return tf.raw_ops.Conv2D(
        input=handed,
        filter=_constant(operation.inputs[1]),
        strides=operation.get_attr("strides"),
        padding=operation.get_attr("padding"),
    )


def _transposed_convolution(operation: Any, handed: tf.Tensor) -> tf.Tensor:
    return tf.raw_ops.Conv2DBackpropInput(
        input_sizes=operation.outputs[0].shape.as_list(),
        filter=_constant(operation.inputs[1]),
        out_backprop=handed,
        strides=operation.get_attr("strides"),
        padding=operation.get_attr("padding"),
    )


def _biased(operation: Any, values: tf.Tensor) -> tf.Tensor:
    return values + _constant(operation.inputs[1])


def _rectified(_: Any, values: tf.Tensor) -> tf.Tensor:
    return tf.nn.relu(values)


_LAYERS = {"Conv2D": _convolution, "Conv2DBackpropInput": _transposed_convolution}
_BEHIND = {"BiasAdd": _biased, "Relu": _rectified}


def _constant(tensor: Any) -> NDArray[np.float32]:
    return tf.make_ndarray(_source(tensor.op).get_attr("value"))


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
