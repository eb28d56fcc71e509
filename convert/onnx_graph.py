"""An .onnx model as a graph of named operations and constants, read and changed.

The classes are ONNX's own; this module adds the names by which the rest of `convert` speaks of them.
Source of the format: https://github.com/onnx/onnx/blob/main/docs/IR.md
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from convert.flatbuffer import Op, OpCount

DOMAIN = ""
_TYPE_NAMES: dict[int, str] = {
    onnx.TensorProto.FLOAT: "float32",
    onnx.TensorProto.FLOAT16: "float16",
    onnx.TensorProto.UINT8: "uint8",
    onnx.TensorProto.INT8: "int8",
    onnx.TensorProto.INT32: "int32",
    onnx.TensorProto.INT64: "int64",
}


class OnnxGraph:
    """A model with one input and one output, as PyNET's are.

    Attributes:
        model: The ONNX protocol buffer, which may be changed.
    """

    def __init__(self, model: onnx.ModelProto) -> None:
        self.model = model

    def copy(self) -> OnnxGraph:
        """A graph of its own with the same content."""
        return OnnxGraph(onnx.ModelProto.FromString(self.model.SerializeToString()))

    @property
    def nodes(self) -> Sequence[onnx.NodeProto]:
        """The operations, each after those whose results it reads."""
        return self.model.graph.node

    @property
    def input(self) -> onnx.ValueInfoProto:
        """The one input."""
        return self.model.graph.input[0]

    @property
    def output(self) -> onnx.ValueInfoProto:
        """The one output."""
        return self.model.graph.output[0]

    @property
    def opset(self) -> int:
        """Version of ONNX's own operations."""
        return next(entry.version for entry in self.model.opset_import if entry.domain == DOMAIN)

    def ops(self) -> Iterator[Op]:
        """All operations in order, with the version of the operator set that last changed each."""
        for node in self.nodes:
            yield Op(node.op_type, self._version(node), node.output[0], node)

    def set_nodes(self, nodes: Iterable[onnx.NodeProto]) -> None:
        """Replace all operations."""
        kept = [onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]
        del self.model.graph.node[:]
        self.model.graph.node.extend(kept)

    def rename(self, names: dict[str, str]) -> None:
        """Give tensors other names wherever they are written or read."""
        for node in self.nodes:
            node.input[:] = [names.get(name, name) for name in node.input]
            node.output[:] = [names.get(name, name) for name in node.output]
        for entry in (self.input, self.output):
            entry.name = names.get(entry.name, entry.name)

    def producers(self) -> dict[str, onnx.NodeProto]:
        """The operation that computes each tensor."""
        return {name: node for node in self.nodes for name in node.output}

    def readers(self) -> dict[str, list[onnx.NodeProto]]:
        """The operations that read each tensor."""
        found: dict[str, list[onnx.NodeProto]] = defaultdict(list)
        for node in self.nodes:
            for name in node.input:
                found[name].append(node)
        return found

    def constants(self) -> dict[str, NDArray[Any]]:
        """Values of all constants by name."""
        return {entry.name: numpy_helper.to_array(entry) for entry in self.model.graph.initializer}

    def set_constants(self, values: dict[str, NDArray[Any]]) -> None:
        """Replace all constants."""
        del self.model.graph.initializer[:]
        self.model.graph.initializer.extend(numpy_helper.from_array(array, name) for name, array in values.items())

    def add_constant(self, name: str, values: NDArray[Any] | float, kind: type = np.float32) -> str:
        """Add a constant, of `kind` if it is a number; returns its name."""
        array = values if isinstance(values, np.ndarray) else np.array(values, kind)
        self.model.graph.initializer.append(numpy_helper.from_array(array, name))
        return name

    def drop_unused(self) -> None:
        """Forget constants that nothing reads, and noted types of tensors."""
        read = {name for node in self.nodes for name in node.input}
        self.set_constants({name: values for name, values in self.constants().items() if name in read})
        del self.model.graph.value_info[:]

    def types(self) -> dict[str, tuple[str, tuple[int, ...]]]:
        """Element type and shape of every tensor; -1 for a side that is free."""
        inferred = onnx.shape_inference.infer_shapes(self.model, strict_mode=True)
        entries = [*inferred.graph.input, *inferred.graph.output, *inferred.graph.value_info]
        known = {entry.name: (_type_name(entry.type.tensor_type.elem_type), _shape(entry)) for entry in entries}
        for constant in inferred.graph.initializer:
            known[constant.name] = (_type_name(constant.data_type), tuple(constant.dims))
        return known

    def _version(self, node: onnx.NodeProto) -> int:
        return int(onnx.defs.get_schema(node.op_type, self.opset, node.domain).since_version)


def inventory(graph: OnnxGraph) -> tuple[OpCount, ...]:
    """Every operation by name, version and types, counted and sorted."""
    types = {name: kind for name, (kind, _) in graph.types().items()}
    counts: Counter[tuple[str, int, str, str]] = Counter()
    for op in graph.ops():
        inputs = ",".join(types.get(name, "none") for name in op.raw.input)
        counts[op.name, op.version, inputs, types[op.raw.output[0]]] += 1
    return tuple(OpCount(*key, count) for key, count in sorted(counts.items()))


def _type_name(code: int) -> str:
    return _TYPE_NAMES.get(code, onnx.TensorProto.DataType.Name(code).lower())


def _shape(entry: onnx.ValueInfoProto) -> tuple[int, ...]:
    return tuple(side.dim_value if side.HasField("dim_value") else -1 for side in entry.type.tensor_type.shape.dim)
