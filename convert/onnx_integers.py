"""Integer recipes of an ONNX graph: onnxruntime's own quantizer, with the ranges that we want.

What comes out is QDQ: between the operations that take integers stand QuantizeLinear and DequantizeLinear, which
runtimes fuse into integer kernels. Activations are uint8, weights int8, symmetric and with a scale for each output map.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper
from onnxruntime.quantization import CalibrationMethod, QuantType
from onnxruntime.quantization.calibrate import TensorData, TensorsData
from onnxruntime.quantization.qdq_quantizer import QDQQuantizer

from calib_data.errors import UserError
from convert.onnx_graph import OnnxGraph
from convert.onnx_ranges import Ranges
from convert.recipes import Recipe

_EXACT = (0.0, 1.0)
_LARGEST_BYTE = 255


def quantize(graph: OnnxGraph, recipe: Recipe, ranges: Ranges) -> OnnxGraph:
    """Make an integer graph of a float one.

    Args:
        graph: What `simplify` returned.
        recipe: A recipe of kind int8.
        ranges: Least and largest value of each tensor by name; those of the photo and the picture are 0..1 whatever
            is said of them.

    Raises:
        UserError: A tensor has no range, or one that is not finite.
    """
    ready = _with_parts_apart(_without_clip(graph), recipe)
    chosen = [op.raw for op in ready.ops() if recipe.type_of(op) == recipe.kind]
    known = {**ranges, ready.input.name: _EXACT, ready.output.name: _EXACT}
    _check_ranges(ready, chosen, known)
    quantizer = QDQQuantizer(
        ready.model,
        per_channel=True,
        reduce_range=False,
        weight_qType=QuantType.QInt8,
        activation_qType=QuantType.QUInt8,
        tensors_range=_as_tensors_data(known),
        nodes_to_quantize=[node.name for node in chosen],
        nodes_to_exclude=[],
        op_types_to_quantize=sorted({node.op_type for node in chosen}),
        extra_options={"WeightSymmetric": True, "ForceQuantizeNoInputCheck": True},
    )
    with _quiet():
        quantizer.quantize_model()
        quantizer.model.topological_sort()
    result = OnnxGraph(quantizer.model.model)
    if recipe.io == "uint8":
        _take_bytes(result)
    result.drop_unused()
    return result


def _without_clip(graph: OnnxGraph) -> OnnxGraph:
    """A copy that leaves the clipping of the picture to its type, whose range is 0..1."""
    result = graph.copy()
    *others, clip = result.nodes
    result.set_nodes(others)
    result.output.name = clip.input[0]
    return result


def _with_parts_apart(graph: OnnxGraph, recipe: Recipe) -> OnnxGraph:
    """A copy in which a convolution whose maps are only read in slices is one convolution for each.

    So each has a scale of its own: corrections of colours are small, what opens and shuts gates is large.
    """
    result = graph.copy()
    constants, readers = result.constants(), result.readers()
    kinds = {op.raw.output[0]: recipe.type_of(op) for op in result.ops()}
    nodes: list[onnx.NodeProto] = []
    apart: set[str] = set()
    for node in result.nodes:
        slices = readers[node.output[0]]
        cuts = [(one, maps) for one in slices if (maps := _cut_maps(one, constants)) is not None]
        in_integers = all(kinds[one.output[0]] == recipe.kind for one in (node, *slices))
        if node.op_type == "Conv" and cuts and len(cuts) == len(slices) and in_integers:
            nodes += [_part(result, node, one, maps, constants) for one, maps in cuts]
            apart |= {one.output[0] for one, _ in cuts}
        elif node.output[0] not in apart:
            nodes.append(node)
    result.set_nodes(nodes)
    return result


def _cut_maps(node: onnx.NodeProto, constants: dict[str, NDArray[Any]]) -> slice | None:
    """Which maps a Slice takes; None if it is none, or cuts anything else."""
    if node.op_type != "Slice" or any(name not in constants for name in node.input[1:]):
        return None
    start, end, axes, *steps = (constants[name].tolist() for name in node.input[1:])
    return slice(start[0], end[0]) if axes == [1] and steps in ([], [[1]]) else None


def _part(
    graph: OnnxGraph, node: onnx.NodeProto, reader: onnx.NodeProto, maps: slice, constants: dict[str, NDArray[Any]]
) -> onnx.NodeProto:
    part = onnx.NodeProto()
    part.CopyFrom(node)
    part.name = part.output[0] = reader.output[0]
    part.input[1:] = [graph.add_constant(f"{part.name}/{name}", constants[name][maps]) for name in node.input[1:]]
    return part


def _check_ranges(graph: OnnxGraph, chosen: Iterable[onnx.NodeProto], ranges: Ranges) -> None:
    constants = graph.constants()
    for node in chosen:
        for name in (*node.input, *node.output):
            if name in constants or name == "":
                continue
            if name not in ranges:
                raise UserError(f"there is no range for {name}.", "Calibrate it, or add it to the ranges.")
            low, high = ranges[name]
            if not (np.isfinite(low) and np.isfinite(high) and low <= high):
                raise UserError(f"the range of {name} is {low} to {high}.", "Give finite limits, the lower first.")


def _as_tensors_data(ranges: Ranges) -> TensorsData:
    return TensorsData(
        CalibrationMethod.MinMax,
        {name: TensorData(lowest=np.float32(low), highest=np.float32(high)) for name, (low, high) in ranges.items()},
    )


def _take_bytes(graph: OnnxGraph) -> None:
    """Make input and output uint8, where 255 is 1; the steps between them and float fall away where integers read."""
    photo, picture = graph.input.name, graph.output.name
    scale = graph.add_constant("bytes/scale", 1 / _LARGEST_BYTE)
    zero = graph.add_constant("bytes/zero_point", 0, np.uint8)
    floats, names, kept = f"{photo}/float", {}, []
    for node in graph.nodes:
        if node.op_type == "QuantizeLinear" and node.input[0] == photo:
            names[node.output[0]] = photo
        elif node.op_type == "DequantizeLinear" and node.output[0] == picture:
            names[node.input[0]] = picture
        else:
            node.input[:] = [floats if name == photo else name for name in node.input]
            kept.append(node)
    in_float = picture not in names.values()
    if in_float:
        names[picture] = f"{picture}/float"
    for node in kept:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
    if in_float:
        kept.append(helper.make_node("QuantizeLinear", [names[picture], scale, zero], [picture], f"{picture}/bytes"))
    if any(floats in node.input for node in kept):
        kept.insert(0, helper.make_node("DequantizeLinear", [photo, scale, zero], [floats], floats))
    graph.set_nodes(kept)
    for entry in (graph.input, graph.output):
        entry.type.tensor_type.elem_type = onnx.TensorProto.UINT8


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the quantizer's log."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
