"""The tanh of small values in 8 bits as a polynomial, so that its result has a scale of its own.

Kernels for an 8-bit TANH give steps of 1/128 whatever comes out, so that a head's correction `0.58 * tanh(x)` has steps
coarser than the picture's own, and most corrections are smaller than one. Where all values fit, a file computes instead

    tanh(x) / c = x * (x^2 * (x^2 - b / c) + a / c)

with a, b and c by least squares up to the largest value that `x` can hold; the convolution that follows takes the
factor c.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from convert.flatbuffer import Flatbuffer, Op
from convert.rewrites.editing import INT8, Editor

Values: TypeAlias = NDArray[np.float64]

POLYNOMIAL = "/polynomial"
"""In the names of the tensors on the way, which are no tensors of the network."""
REACH = 1.2
"""The largest value for which the polynomial is within a third of a step of 1/255 after the factor 0.58."""
_LEAST_REACH = 0.1  # under it XNNPACK refuses sums of a square and a constant: their scales are too far apart
_LEAST, _LARGEST = INT8


def refine_tanh(file: Flatbuffer) -> None:
    """Write each 8-bit TANH of small values, before a convolution, as products and sums, in place."""
    editor = Editor(file)
    operators: list[Any] = []
    for op in list(file.ops()):
        readers = _up_to_convolution(file, op) if op.name == "TANH" and _is_small(file, op) else []
        operators += _polynomial(editor, op, readers) if readers else [op.raw]
    file.graph.operators = operators
    editor.tidy()


def _is_small(file: Flatbuffer, op: Op) -> bool:
    return file.type_name(op.raw.outputs[0]) == "int8" and float(np.abs(_values(file, op.raw.inputs[0])).max()) <= REACH


def _values(file: Flatbuffer, index: int) -> Values:
    """All that an 8-bit tensor can hold."""
    scale, zero = _quantization(file, index)
    return (np.arange(_LEAST, _LARGEST + 1) - zero) * scale


def _quantization(file: Flatbuffer, index: int) -> tuple[float, int]:
    noted = file.tensor(index).quantization
    return float(noted.scale[0]), int(noted.zeroPoint[0])


def _up_to_convolution(file: Flatbuffer, op: Op) -> list[Op]:
    """What reads a result, up to the convolution that alone does so, reshapes first; empty if there is none."""
    readers = [other for other in file.ops() if op.raw.outputs[0] in other.raw.inputs]
    if len(readers) != 1:
        return []
    (reader,) = readers
    if reader.name == "RESHAPE":
        others = _up_to_convolution(file, reader)
        return [reader, *others] if others else []
    return [reader] if reader.name == "CONV_2D" else []


def _polynomial(editor: Editor, op: Op, readers: Sequence[Op]) -> Sequence[Any]:
    file, (source,), (target,) = editor.file, op.raw.inputs, op.raw.outputs
    values = _values(file, source)
    reach = max(float(np.abs(values).max()), _LEAST_REACH)
    x = np.linspace(0, reach, _LARGEST - _LEAST + 1)
    a, b, c = _fit(x)
    steps = _Steps(editor, file.tensor_name(target) + POLYNOMIAL, editor.shape(source))
    square = steps.product(source, source, x**2)
    inner = steps.sum(square, -b / c, x**2 - b / c)
    fourth = steps.product(square, inner, x**2 * (x**2 - b / c))
    outer = steps.sum(fourth, a / c, x**2 * (x**2 - b / c) + a / c)
    result = steps.product(source, outer, np.tanh(values) / c, int(target))
    _follow(editor, readers, result, c)
    return steps.operators


def _fit(x: Values) -> tuple[float, float, float]:
    """a, b and c, all positive."""
    powers, largest = (1, 3, 5), x.max()
    terms = np.stack([(x / largest) ** power for power in powers], axis=1)
    a, b, c = np.linalg.lstsq(terms, np.tanh(x), rcond=None)[0] / [largest**power for power in powers]
    return float(a), float(-b), float(c)


class _Steps:
    """Operations in the making, each with a tensor of its own scale."""

    def __init__(self, editor: Editor, name: str, shape: Sequence[int]) -> None:
        self._editor, self._name, self._shape = editor, name, shape
        self.operators: list[Any] = []

    def product(self, one: int, other: int, values: Values, target: int | None = None) -> int:
        return self._add("MUL", one, other, values, target)

    def sum(self, one: int, constant: float, values: Values) -> int:
        whole = np.array(_LARGEST if constant > 0 else _LEAST, np.int8)
        other = self._editor.constant(f"{self._name}/{constant:g}", whole)
        self._editor.set_scale(other, constant / float(whole), 0)
        return self._add("ADD", one, other, values, None)

    def _add(self, kind: str, one: int, other: int, values: Values, target: int | None) -> int:
        name = f"{self._name}/{len(self.operators)}"
        made = self._editor.tensor(name, self._shape, schema.TensorType.INT8) if target is None else target
        self._editor.file.tensor(made).name = name.encode()
        low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
        scale = (high - low) / (_LARGEST - _LEAST)
        self._editor.set_scale(made, scale, round(_LEAST - low / scale))
        self.operators.append(self._editor.arithmetic(kind, one, other, made))
        return made


def _follow(editor: Editor, readers: Sequence[Op], result: int, factor: float) -> None:
    """Give the new scale to reshapes on the way; let the convolution multiply by the factor, its result unchanged."""
    file = editor.file
    scale, zero = _quantization(file, result)
    *reshapes, convolution = readers
    for reshape in reshapes:
        editor.set_scale(int(reshape.raw.outputs[0]), scale, zero)
    _, kernel, bias = (int(index) for index in convolution.raw.inputs)
    noted, added = file.tensor(kernel).quantization, file.tensor(bias).quantization
    noted.scale = (noted.scale * factor).astype(np.float32)
    before, added.scale = added.scale, (noted.scale * scale).astype(np.float32)
    file.set_constant(bias, np.rint(file.constant(bias) * before / added.scale).astype(np.int32))
