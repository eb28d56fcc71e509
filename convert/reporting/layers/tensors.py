"""Tensors of a graph that can be read, whatever the graph's format."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

KINDS: dict[str, str] = {
    # kind: what TensorFlow, TFLite and ONNX call it
    "add": "AddV2 Add ADD",
    "average_pool": "AvgPool AVERAGE_POOL_2D AveragePool",
    "bias": "BiasAdd",
    "concat": "ConcatV2 CONCATENATION Concat",
    "conv": "Conv2D CONV_2D Conv",
    "deconv": "Conv2DBackpropInput TRANSPOSE_CONV ConvTranspose",
    "leaky": "LeakyRelu LEAKY_RELU",
    "max_pool": "MaxPool MAX_POOL_2D",
    "mean": "Mean MEAN ReduceMean",
    "minimum": "Minimum MINIMUM Min",
    "mul": "Mul MUL",
    "relu": "Relu RELU",
    "resize": "ResizeBilinear RESIZE_BILINEAR Resize",
    "rsqrt": "Rsqrt RSQRT",
    "sigmoid": "Sigmoid LOGISTIC",
    "slice": "StridedSlice STRIDED_SLICE Slice",
    "sub": "Sub SUB",
    "tanh": "Tanh TANH",
}
KIND_OF = {op: kind for kind, ops in KINDS.items() for op in ops.split()}
_PASS_BYTES = 1 << 30


@dataclass(frozen=True)
class Tensor:
    """What an operation computes.

    Attributes:
        name: Its name in the graph.
        op: The operation, as the format calls it.
        shape: Its shape.
        reads: Names of the tensors that the operation reads, constants aside.
        has_bias: Whether a convolution adds its bias itself.
        has_relu: Whether a ReLU is fused into the operation.
    """

    name: str
    op: str
    shape: tuple[int, ...]
    reads: tuple[str, ...]
    has_bias: bool = False
    has_relu: bool = False

    @property
    def kind(self) -> str:
        """The operation's kind, alike in all formats; empty for those that no two formats share."""
        return KIND_OF.get(self.op, "")


class Graph(Protocol):
    """A graph whose tensors can be read."""

    @property
    def name(self) -> str:
        """For the report."""
        ...

    @property
    def tensors(self) -> Sequence[Tensor]:
        """What its operations compute, in order of execution."""
        ...

    @property
    def output(self) -> str:
        """Name of the tensor that is the picture."""
        ...

    def read(self, photo: NDArray[np.float32], names: Sequence[str], folder: Path) -> Iterator[NDArray[np.float32]]:
        """The values of tensors as floats, in the order of `names`, for one input `(1, H/2, W/2, C)`."""
        ...


def passes(tensors: Sequence[Tensor]) -> Iterator[list[Tensor]]:
    """Groups of tensors whose values together take at most 1 GiB, in order; one that is larger goes alone."""
    group: list[Tensor] = []
    total = 0
    for tensor in tensors:
        size = 4 * int(np.prod(tensor.shape))
        if group and total + size > _PASS_BYTES:
            yield group
            group, total = [], 0
        group.append(tensor)
        total += size
    if group:
        yield group
