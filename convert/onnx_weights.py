"""Recipes of an ONNX graph without calibration: 16-bit floats, and int8 weights."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from calib_data.errors import UserError
from convert.onnx_graph import OnnxGraph
from convert.weights import per_map_scales

_CODES = {"float32": TensorProto.FLOAT, "float16": TensorProto.FLOAT16}
_LARGEST_FLOAT16 = float(np.finfo(np.float16).max)
_MAPS_AXIS = {"Conv": 0, "ConvTranspose": 1}
_KEEPS_FLOAT32 = {"Resize": (1, 2)}  # its region and its factors


def compute_in_float16(graph: OnnxGraph, chosen: Iterable[onnx.NodeProto]) -> OnnxGraph:
    """A copy in which the chosen operations take and give float16; a Cast stands where types meet.

    Input and output stay float32.

    Raises:
        UserError: A weight is too large for float16 (65,504).
    """
    result = graph.copy()
    names = {node.name for node in chosen}
    kinds = {node.output[0]: "float16" if node.name in names else "float32" for node in result.nodes}
    kinds[result.input.name] = "float32"
    constants, nodes, casts = result.constants(), [], set()
    for node in result.nodes:
        wanted = kinds[node.output[0]]
        for place, name in enumerate(node.input):
            if name in constants:
                if wanted == "float16" and place not in _KEEPS_FLOAT32.get(node.op_type, ()):
                    constants[name] = _narrow(name, constants[name])
            elif name in kinds and kinds[name] != wanted:
                node.input[place] = f"{name}/{wanted}"
                if node.input[place] not in casts:
                    nodes.append(_cast(name, wanted))
                    casts.add(node.input[place])
        nodes.append(node)
    picture = result.output.name
    if kinds[picture] == "float16":
        nodes[-1].output[0] = f"{picture}/float16"
        nodes.append(
            helper.make_node("Cast", [f"{picture}/float16"], [picture], f"{picture}/float32", to=TensorProto.FLOAT)
        )
    result.set_nodes(nodes)
    result.set_constants(constants)
    return result


def store_as_int8(graph: OnnxGraph, chosen: Iterable[onnx.NodeProto]) -> OnnxGraph:
    """A copy in which the chosen convolutions' weights are int8, symmetric and with a scale for each output map.

    A Cast and a Mul bring them back: runtimes do both once, when they load the file, which they do not with a
    DequantizeLinear. What is computed is float32.
    """
    result = graph.copy()
    names = {node.name for node in chosen}
    constants, nodes = result.constants(), []
    for node in result.nodes:
        if node.name in names:
            weights, axis = node.input[1], _MAPS_AXIS[node.op_type]
            values = constants.pop(weights)
            scales = per_map_scales(np.moveaxis(values, axis, 0))
            shape = [-1 if place == axis else 1 for place in range(values.ndim)]
            constants[f"{weights}/int8"] = np.rint(values / scales.reshape(shape)).astype(np.int8)
            constants[f"{weights}/scale"] = scales.reshape(shape)
            wide = f"{weights}/wide"
            nodes.append(helper.make_node("Cast", [f"{weights}/int8"], [wide], wide, to=TensorProto.FLOAT))
            nodes.append(helper.make_node("Mul", [wide, f"{weights}/scale"], [weights], weights))
        nodes.append(node)
    result.set_nodes(nodes)
    result.set_constants(constants)
    return result


def _cast(name: str, kind: str) -> onnx.NodeProto:
    return helper.make_node("Cast", [name], [f"{name}/{kind}"], f"{name}/{kind}", to=_CODES[kind])


def _narrow(name: str, values: NDArray[Any]) -> NDArray[Any]:
    if values.dtype != np.float32:  # places and sizes
        return values
    largest = np.abs(values).max(initial=0.0)
    if largest > _LARGEST_FLOAT16:
        raise UserError(
            f"a weight of {name} is {largest:.3g}; float16 ends at {_LARGEST_FLOAT16:.0f}.",
            "Leave that layer in float32 by a rule of the recipe.",
        )
    return values.astype(np.float16)
