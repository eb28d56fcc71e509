"""Ranges of the network's tensors, measured or learnt: from the network's tensors to those of the float32 file.

Rewrites keep the name of the tensor that they rearrange as a prefix, so that one range serves all its forms.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from ai_edge_litert import schema_py_generated as schema

from convert.flatbuffer import Flatbuffer
from convert.integers import set_range
from convert.recipes import Recipe
from convert.rewrites.forms import FORM

_FORM = re.compile(FORM + "(?:/|$).*")
_COUNTED = re.compile(r"(?<![_\d])\d+$")  # the converter tells names apart by a number, TensorFlow by `_` and one

_UNREAD = (-1.0, 1.0)
_MISSING = (math.nan, math.nan)

Ranges = Mapping[str, tuple[float, float]]


def give_ranges(file: Flatbuffer, ranges: Ranges, recipe: Recipe) -> list[str]:
    """Give the tensors of a float32 file their ranges, in place of any that they had.

    Args:
        file: The float32 file, rewritten.
        ranges: Least and largest value by layer, or `layer/step`.
        recipe: An integer recipe.

    Returns:
        The names of the tensors that need a range and have none; they are given NaN. Tensors that only float operations
        touch are given a range that nothing reads.
    """
    names, needed = _network_names(file), _integers(file, recipe)
    missing = []
    for tensor in file.graph.tensors:
        tensor.quantization = tensor.quantization or schema.QuantizationParametersT()
    for index in _computed(file):
        if names[index] not in ranges and index in needed:
            missing.append(names[index])
        set_range(file.tensor(index), *ranges.get(names[index], _MISSING if index in needed else _UNREAD))
    return list(dict.fromkeys(missing))


def _integers(file: Flatbuffer, recipe: Recipe) -> set[int]:
    """What integer operations compute or read; the last operation clips, which their type does."""
    *ops, _ = file.ops()
    chosen = [op.raw for op in ops if recipe.type_of(op) == recipe.kind]
    return {int(index) for raw in chosen for index in (*raw.inputs, *raw.outputs)}


def _computed(file: Flatbuffer) -> list[int]:
    return [int(file.graph.inputs[0]), *(int(index) for raw in file.graph.operators for index in raw.outputs)]


def _network_names(file: Flatbuffer) -> dict[int, str]:
    """For each computed tensor `layer/step`, or the layer alone where it is the layer's output."""
    steps = {index: _COUNTED.sub("", _FORM.sub("", file.scope(index))) for index in _computed(file)}
    last = {step.partition("/")[0]: step for step in steps.values()}
    return {index: step.partition("/")[0] if step in last.values() else step for index, step in steps.items()}
