"""The detail that a blend adds in 8 bits, rounded at a quarter of a picture's step where it is small.

A head's last sums are `(background + gate * (photo - background)) + correction`. The picture's own step rounds the
product, and the sum with the correction again. In smooth areas, where eyes and SSIM look closest, that is most of what
8 bits cost. The difference is the sum of what is near zero and the rest,

    near = clip(photo - background, -1/8, 1/8),  far = (photo - background) - near

both without rounding, and the picture is `(background + gate * far) + (gate * near + correction)`. The last bracket is
small and has a finer scale; in smooth areas `far` is 0, so that the picture's step rounds once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ai_edge_litert import schema_py_generated as schema

from convert.flatbuffer import Flatbuffer, Op
from convert.rewrites.editing import INT8, Editor

NEAR, FAR = "/near", "/far"
"""End the names of what is computed besides, which are no tensors of the network."""
_FINER = 4


def refine_detail(file: Flatbuffer) -> None:
    """Write each 8-bit blend with a correction so, in place; everything else stays."""
    editor = Editor(file)
    operations = list(file.ops())
    readers = _readers(operations)
    found = [_blend_of(op, readers, file) for op in operations if op.name == "SUB"]
    blends = {id(blend.last.raw): blend for blend in found if blend is not None}
    replaced = {id(op.raw) for blend in blends.values() for op in (blend.product, blend.sum)}
    operators: list[Any] = []
    for raw in file.graph.operators:
        if id(raw) in blends:
            operators += _refined(editor, blends[id(raw)])
        elif id(raw) not in replaced:
            operators.append(raw)
    file.graph.operators = operators
    editor.tidy()


@dataclass(frozen=True)
class _Blend:
    """`last = sum + correction`, with `sum = background + product` and `product = gate * difference`."""

    difference: Op
    product: Op
    sum: Op
    last: Op

    @property
    def gate(self) -> int:
        return _other(self.product, self.difference)

    @property
    def correction(self) -> int:
        return _other(self.last, self.sum)


def _readers(operations: Sequence[Op]) -> dict[int, list[Op]]:
    """For each tensor the operations that read it."""
    readers: dict[int, list[Op]] = defaultdict(list)
    for op in operations:
        for index in {int(index) for index in op.raw.inputs}:
            readers[index].append(op)
    return readers


def _blend_of(difference: Op, readers: Mapping[int, Sequence[Op]], file: Flatbuffer) -> _Blend | None:
    """The blend to which a difference belongs, if there is one in 8 bits and of one step."""
    ops = [difference]
    for name in ("MUL", "ADD", "ADD"):
        found = readers.get(int(ops[-1].raw.outputs[0]), ())
        if len(found) != 1 or found[0].name != name:
            return None
        ops += found
    blend = _Blend(*ops)
    photo, background = (int(index) for index in difference.raw.inputs)
    of_one_step = (photo, background, *(int(op.raw.outputs[0]) for op in ops[:-1]))
    integers = (*of_one_step, blend.gate, blend.correction, int(blend.last.raw.outputs[0]))
    fits = (
        _other(blend.sum, blend.product) == background
        and {file.type_name(index) for index in integers} == {"int8"}
        and len({_step(file, index) for index in of_one_step}) == 1
    )
    return blend if fits else None


def _other(reader: Op, of: Op) -> int:
    """What an operation reads besides another's result."""
    one, other = (int(index) for index in reader.raw.inputs)
    return other if one == of.raw.outputs[0] else one


def _step(file: Flatbuffer, index: int) -> float:
    return float(file.tensor(index).quantization.scale[0])


def _zero(file: Flatbuffer, index: int) -> int:
    return int(file.tensor(index).quantization.zeroPoint[0])


def _refined(editor: Editor, blend: _Blend) -> Sequence[Any]:
    file = editor.file
    difference, detail, blended = (int(op.raw.outputs[0]) for op in (blend.difference, blend.product, blend.sum))
    photo, background = (int(index) for index in blend.difference.raw.inputs)
    step = _step(file, difference)

    def tensor(of: int, which: str, scale: float, zero: int) -> int:
        index = editor.tensor(file.tensor_name(of) + which, editor.shape(difference), schema.TensorType.INT8)
        editor.set_scale(index, scale, zero)
        return index

    near, near_detail = (tensor(of, NEAR, step / _FINER, 0) for of in (difference, detail))
    far, far_detail, large = (tensor(of, FAR, step, _zero(file, of)) for of in (difference, detail, blended))
    low, high = (_value(file, near_detail, end) + _value(file, blend.correction, end) for end in INT8)
    scale = (high - low) / (INT8[1] - INT8[0])
    small = tensor(blended, NEAR, scale, round(INT8[0] - low / scale))
    return [
        editor.arithmetic("SUB", photo, background, near),
        editor.arithmetic("SUB", difference, near, far),
        editor.arithmetic("MUL", blend.gate, near, near_detail),
        editor.arithmetic("MUL", blend.gate, far, far_detail),
        editor.arithmetic("ADD", background, far_detail, large),
        editor.arithmetic("ADD", near_detail, blend.correction, small),
        editor.arithmetic("ADD", large, small, int(blend.last.raw.outputs[0])),
    ]


def _value(file: Flatbuffer, index: int, integer: int) -> float:
    """What an integer of a tensor stands for."""
    return _step(file, index) * (integer - _zero(file, index))
