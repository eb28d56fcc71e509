"""A .tflite file as Python objects: its operations, tensors and constants, read and written.

The classes are LiteRT's own, generated from the schema; this module adds the names by which the rest of `convert`
speaks of them. Source of the format: LiteRT, `tflite/schema/schema.fbs`.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from calib_data.errors import UserError

IDENTIFIER = b"TFL3"
SIGNATURE = "serving_default"

_OP_NAMES = {value: name for name, value in vars(schema.BuiltinOperator).items() if not name.startswith("_")}
_OP_CODES = {name: value for value, name in _OP_NAMES.items()}
_TYPE_NAMES = {value: name.lower() for name, value in vars(schema.TensorType).items() if not name.startswith("_")}
_TYPES = {name: value for value, name in _TYPE_NAMES.items()}


@dataclass(frozen=True)
class Op:
    """One operation of the graph.

    Attributes:
        name: Its builtin name, such as `CONV_2D`.
        version: The operation's version in the file.
        scope: The name of its first output without the model's own prefix, such as `level4_block1_conv3a/Conv2D`.
        raw: The schema's object, which may be changed.
    """

    name: str
    version: int
    scope: str
    raw: Any


class Flatbuffer:
    """A .tflite file with one subgraph, as PyNET's are."""

    def __init__(self, model: Any) -> None:
        self.model = model

    @classmethod
    def read(cls, content: bytes, name: str = "the model") -> Flatbuffer:
        """Read the bytes of a .tflite file.

        Raises:
            UserError: The bytes are no .tflite file, or a damaged one.
        """
        fix = "Convert it again with python -m convert.tflite."
        if len(content) < 16 or content[4:8] != IDENTIFIER:
            raise UserError(f"{name} is not a .tflite file.", fix)
        try:
            model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(content, 0))
        except (struct.error, IndexError, ValueError, TypeError) as error:
            raise UserError(f"{name} is damaged or truncated ({error}).", fix) from error
        if not model.subgraphs or len(model.subgraphs) != 1:
            raise UserError(f"{name} has {len(model.subgraphs or ())} subgraphs; a PyNET has one.", fix)
        return cls(model)

    def bytes(self) -> bytes:
        """The file's content."""
        builder = flatbuffers.Builder(1 << 20)
        builder.Finish(self.model.Pack(builder), IDENTIFIER)
        return bytes(builder.Output())

    @property
    def graph(self) -> Any:
        """The one subgraph."""
        return self.model.subgraphs[0]

    def ops(self) -> Iterator[Op]:
        """All operations in order of execution."""
        for raw in self.graph.operators:
            code = self.model.operatorCodes[raw.opcodeIndex]
            yield Op(_OP_NAMES[code.builtinCode], code.version, self.scope(raw.outputs[0]), raw)

    def tensor(self, index: int) -> Any:
        """A tensor by its place."""
        return self.graph.tensors[index]

    def tensor_name(self, index: int) -> str:
        """A tensor's full name."""
        return str(self.graph.tensors[index].name.decode("utf-8"))

    def scope(self, index: int) -> str:
        """A tensor's name without the model's prefix; of fused operations, the last named layer."""
        parts = [part.partition("/") for part in self.tensor_name(index).split(";")]
        inner = [rest for _, slash, rest in parts if slash]
        return inner[-1] if inner else parts[-1][0]

    def type_name(self, index: int) -> str:
        """A tensor's element type, such as `int8`; `none` for an input that is left out."""
        return _TYPE_NAMES[self.graph.tensors[index].type] if index >= 0 else "none"

    def is_constant(self, index: int) -> bool:
        """Whether a tensor's values are in the file."""
        data = self.model.buffers[self.graph.tensors[index].buffer].data
        return data is not None and len(data) > 0

    def constant(self, index: int) -> NDArray[Any]:
        """A constant tensor's values, in its shape."""
        tensor = self.graph.tensors[index]
        data = bytes(bytearray(self.model.buffers[tensor.buffer].data))
        shape = () if tensor.shape is None else tuple(tensor.shape)
        return np.frombuffer(data, np.dtype(_TYPE_NAMES[tensor.type])).reshape(shape)

    def set_constant(self, index: int, values: NDArray[Any]) -> None:
        """Give a tensor other values, of any type and of its shape, in a buffer of its own."""
        tensor = self.graph.tensors[index]
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(values.tobytes(), np.uint8)
        self.model.buffers.append(buffer)
        tensor.buffer = len(self.model.buffers) - 1
        tensor.type = _TYPES[values.dtype.name]

    def set_version(self, op: Op, version: int) -> None:
        """Give one operation another version, without touching others of its kind."""
        self.op_code(op.name, version)
        op.raw.opcodeIndex = self.op_code(op.name, version)

    def op_code(self, name: str, version: int) -> int:
        """The place of an operation's code and version in the model's list, added if it is new."""
        for place, code in enumerate(self.model.operatorCodes):
            if code.builtinCode == _OP_CODES[name] and code.version == version:
                return place
        code = schema.OperatorCodeT()
        code.builtinCode = _OP_CODES[name]
        code.deprecatedBuiltinCode = min(_OP_CODES[name], 127)
        code.version = version
        self.model.operatorCodes.append(code)
        return len(self.model.operatorCodes) - 1

    def drop_unused(self) -> None:
        """Empty buffers that nothing uses and forget codes of operations that do not occur.

        Runtimes look up every code in the list, so that one of a version too new keeps a file from loading.
        """
        codes = sorted({raw.opcodeIndex for raw in self.graph.operators})
        self.model.operatorCodes = [self.model.operatorCodes[code] for code in codes]
        for raw in self.graph.operators:
            raw.opcodeIndex = codes.index(raw.opcodeIndex)
        used = {tensor.buffer for tensor in self.graph.tensors}
        used |= {entry.buffer for entry in self.model.metadata or ()}
        for place, buffer in enumerate(self.model.buffers):
            if place not in used:
                buffer.data = None

    def sign(self, inputs: dict[str, int], outputs: dict[str, int]) -> None:
        """Name inputs and outputs: one signature `serving_default`, and the tensors themselves."""
        signature = schema.SignatureDefT()
        signature.signatureKey = SIGNATURE.encode()
        signature.inputs = [self._mapped(name, index) for name, index in inputs.items()]
        signature.outputs = [self._mapped(name, index) for name, index in outputs.items()]
        self.model.signatureDefs = [signature]

    def _mapped(self, name: str, index: int) -> Any:
        mapping = schema.TensorMapT()
        mapping.name, mapping.tensorIndex = name.encode(), int(index)
        self.graph.tensors[index].name = name.encode()
        return mapping


@dataclass(frozen=True)
class OpCount:
    """A line of the inventory: how often an operation occurs with these types.

    Attributes:
        op: Builtin name.
        version: Version in the file.
        inputs: Types of the inputs, joined by commas; constants included.
        output: Type of the first output.
        count: How many there are.
    """

    op: str
    version: int
    inputs: str
    output: str
    count: int


def inventory(file: Flatbuffer) -> tuple[OpCount, ...]:
    """Every operation of a file by name, version and types, counted and sorted."""
    counts: Counter[tuple[str, int, str, str]] = Counter()
    for op in file.ops():
        inputs = ",".join(file.type_name(index) for index in op.raw.inputs)
        counts[op.name, op.version, inputs, file.type_name(op.raw.outputs[0])] += 1
    return tuple(OpCount(*key, count) for key, count in sorted(counts.items()))
