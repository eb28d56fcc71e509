"""Leaky ReLUs in 8 bits as a sum, so that every runtime rounds them alike.

LiteRT's built-in LEAKY_RELU rounds twice and moves what is negative down by a quarter of a step on average; XNNPACK's
doesn't. Layer after layer that parts the two, and costs the built-in kernels 1.9 dB. All kernels for MUL and ADD round
once:

    leaky(x) = x + relu((slope - 1) * x)

The product takes (1 - slope) times the step of `x`, so that it holds the integers of `x` and rounds nothing.
"""

from __future__ import annotations

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from convert.flatbuffer import Flatbuffer, Op
from convert.rewrites.editing import INT8, Editor

NEGATIVE = "/negative"
"""Ends the names of the products, which are no tensors of the network."""
_LEAST, _LARGEST = INT8


def split_leaky(file: Flatbuffer) -> None:
    """Write each 8-bit LEAKY_RELU of a quantized file as MUL with a fused ReLU and ADD, in place.

    Those of other types stay. The sum has the tensor, name and scale of what it stands for.
    """
    editor = Editor(file)
    operators = []
    for op in list(file.ops()):
        if op.name == "LEAKY_RELU" and file.type_name(op.raw.outputs[0]) == "int8":
            operators += _sum(editor, op)
        else:
            operators.append(op.raw)
    file.graph.operators = operators
    editor.tidy()


def _sum(editor: Editor, op: Op) -> list[object]:
    source, target = int(op.raw.inputs[0]), int(op.raw.outputs[0])
    share = np.float32(1 - op.raw.builtinOptions.alpha)
    factor = editor.constant(f"leaky/{share:g}", np.array(-_LARGEST, np.int8))
    editor.set_scale(factor, float(share) / _LARGEST, 0)
    name = editor.file.tensor_name(target) + NEGATIVE
    negative = editor.tensor(name, editor.shape(target), schema.TensorType.INT8)
    editor.set_scale(negative, float(share) * editor.file.tensor(source).quantization.scale[0], _LEAST)
    return [
        editor.arithmetic("MUL", source, factor, negative, relu=True),
        editor.arithmetic("ADD", source, negative, target),
    ]
