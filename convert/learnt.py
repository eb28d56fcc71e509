"""Learnt ranges instead of calibration: from the network's tensors to those of the float32 file.

Rewrites keep the name of the tensor that they rearrange as a prefix, so that one learnt range serves all its forms.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from convert.flatbuffer import Flatbuffer
from convert.integers import Calibration
from convert.recipes import Recipe

_FORM = re.compile(r"/(?:columns|bands)\d+(?:/|$).*")
_COUNTED = re.compile(r"(?<![_\d])\d+$")  # the converter tells names apart by a number, TensorFlow by `_` and one

_UNREAD = (-1.0, 1.0)

Ranges = Mapping[str, tuple[float, float]]


def learnt_calibration(float32: bytes, ranges: Ranges, recipe: Recipe) -> tuple[Calibration, list[str]]:
    """The float32 file with learnt ranges, and what the recipe needs a range for that has none.

    Args:
        float32: The float32 file, rewritten.
        ranges: Least and largest value by layer, or `layer/step`.
        recipe: A recipe of kind int8.

    Returns:
        A calibration with NaN where a range is needed and missing, and the names of those tensors. Tensors that only
        float operations touch have a range that nothing reads.
    """
    file = Flatbuffer.read(float32)
    names, needed = _network_names(file), _integers(file, recipe)
    spans = np.tile(np.array(_UNREAD)[:, np.newaxis], len(file.graph.tensors))
    missing = []
    for index in _computed(file):
        if names[index] in ranges:
            spans[:, index] = ranges[names[index]]
        elif index in needed:
            spans[:, index] = np.nan
            missing.append(names[index])
    for tensor in file.graph.tensors:
        tensor.quantization = tensor.quantization or schema.QuantizationParametersT()
    return Calibration(file.bytes(), spans[:1], spans[1:]), list(dict.fromkeys(missing))


def filled(learnt: Calibration, measured: Calibration) -> Calibration:
    """Learnt ranges, and measured ones where they are missing."""
    absent = np.isnan(learnt.lowest[0])
    low, high = measured.ranges("int8")
    return Calibration(
        learnt.content,
        np.where(absent, low, learnt.lowest[0])[np.newaxis],
        np.where(absent, high, learnt.highest[0])[np.newaxis],
    )


def _integers(file: Flatbuffer, recipe: Recipe) -> set[int]:
    """What integer operations compute or read; the last operation clips, which their type does."""
    *ops, _ = file.ops()
    chosen = [op.raw for op in ops if recipe.type_of(op) == "int8"]
    return {int(index) for raw in chosen for index in (*raw.inputs, *raw.outputs)}


def _computed(file: Flatbuffer) -> list[int]:
    return [int(file.graph.inputs[0]), *(int(index) for raw in file.graph.operators for index in raw.outputs)]


def _network_names(file: Flatbuffer) -> dict[int, str]:
    """For each computed tensor `layer/step`, or the layer alone where it is the layer's output."""
    steps = {index: _COUNTED.sub("", _FORM.sub("", file.scope(index))) for index in _computed(file)}
    last = {step.partition("/")[0]: step for step in steps.values()}
    return {index: step.partition("/")[0] if step in last.values() else step for index, step in steps.items()}
