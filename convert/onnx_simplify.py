"""What tf2onnx writes, written in fewer and plainer operations that compute the same.

1. An instance norm's ten operations become one InstanceNormalization.
2. The two clips at the end become one Clip.
3. The constant convolution that scales the correction becomes a Mul.
4. The turns between NHWC and NCHW are left to the first and the last operation, or taken away.
5. Every tensor is named after its layer, as in the .tflite files; every constant after its part in the layer.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper

from calib_data.errors import UserError
from convert.onnx_graph import OnnxGraph
from convert.runners import BOKEH, PHOTO

Layout = Literal["nhwc", "nchw"]
TURNED_PHOTO = "photo_nchw"
PICTURE = "picture"
_PREFIX = "pynet/"
_TO_NCHW, _TO_NHWC = [0, 3, 1, 2], [0, 2, 3, 1]
_CONSTANT_PARTS = {
    "Conv": ("weight", "bias"),
    "ConvTranspose": ("weight", "bias"),
    "Mul": ("factor",),
    "Resize": ("roi", "scales"),
    "Slice": ("starts", "ends", "axes", "steps"),
}
_RESIZED = {2: "level1_photo", 8: "level1_soft", 32: "level1_softer"}


@dataclass(frozen=True)
class Norm:
    """An instance norm: `(x - mean) * scale / sqrt(variance + epsilon) + shift`; scale and shift are `(C,)`."""

    name: str
    scale: NDArray[np.float32]
    shift: NDArray[np.float32]
    epsilon: float


def simplify(graph: OnnxGraph, norms: Iterable[Norm]) -> OnnxGraph:
    """A copy in NCHW throughout, of any size, from `photo_nchw` to `picture`, without the turns at its ends.

    Raises:
        UserError: The graph is not what tf2onnx made of a PyNET so far.
    """
    result = graph.copy()
    result.set_nodes(_without_turns(result))
    for norm in norms:
        _fuse_norm(result, norm)
    _fuse_clips(result)
    _scale_by_products(result)
    _name_tensors(result)
    _name_constants(result)
    result.drop_unused()
    return result


def with_ends(graph: OnnxGraph, layout: Layout, sides: tuple[int, int] | None) -> OnnxGraph:
    """A copy from `photo` to `bokeh` in a layout.

    Args:
        graph: What `simplify` returned, or a recipe made of it.
        layout: `nhwc` turns the photo at the start and the picture at the end; `nchw` takes both as they are computed.
        sides: Height and width of the input tensor; None leaves them free.
    """
    result = graph.copy()
    channels = result.input.type.tensor_type.shape.dim[1].dim_value
    if layout == "nhwc":
        first = helper.make_node("Transpose", [PHOTO], [result.input.name], result.input.name, perm=_TO_NCHW)
        last = helper.make_node("Transpose", [result.output.name], [BOKEH], BOKEH, perm=_TO_NHWC)
        result.set_nodes([first, *result.nodes, last])
    else:
        result.rename({result.input.name: PHOTO, result.output.name: BOKEH})
    for entry, name, maps, factor in ((result.input, PHOTO, channels, 1), (result.output, BOKEH, 3, 2)):
        names = ("height", "width") if factor == 1 else ("bokeh_height", "bokeh_width")
        wanted: list[Any] = list(names) if sides is None else [factor * side for side in sides]
        shape: list[Any] = [1, *wanted, maps] if layout == "nhwc" else [1, maps, *wanted]
        entry.CopyFrom(helper.make_tensor_value_info(name, entry.type.tensor_type.elem_type, shape))
    return result


def _without_turns(graph: OnnxGraph) -> list[onnx.NodeProto]:
    """All operations but the turns of the photo to NCHW and of the picture back; a photo's colours are cut in NCHW."""
    names = _cut_turned(graph)
    kept = []
    for node in graph.nodes:
        if node.op_type == "Transpose" and node.input[0] == PHOTO:
            names[node.output[0]] = TURNED_PHOTO
        elif node.op_type == "Transpose" and node.output[0] == BOKEH:
            names[node.input[0]] = PICTURE
        elif node.output[0] not in names:
            kept.append(node)
    others = [node.name for node in kept if node.op_type == "Transpose"]
    if others or not {TURNED_PHOTO, PICTURE} <= set(names.values()):
        raise UserError(
            f"tf2onnx leaves other turns than at the ends: {', '.join(others) or 'none at all'}.",
            "Install the versions of constraints.txt.",
        )
    channels = graph.input.type.tensor_type.shape.dim[3].dim_value
    graph.set_nodes(kept)
    graph.rename(names)
    for entry, name, maps in ((graph.input, TURNED_PHOTO, channels), (graph.output, PICTURE, 3)):
        shape: list[Any] = [1, maps, f"{name}_height", f"{name}_width"]
        entry.CopyFrom(helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape))
    return list(graph.nodes)


def _cut_turned(graph: OnnxGraph) -> dict[str, str]:
    """Let slices of the photo's channels that are turned afterwards cut the turned photo; the tensors that replace."""
    producers, constants, readers = graph.producers(), graph.constants(), graph.readers()
    turned = {}
    for node in graph.nodes:
        cut = producers.get(node.input[0])
        if node.op_type != "Transpose" or cut is None or cut.op_type != "Slice" or cut.input[0] != PHOTO:
            continue
        if constants[cut.input[3]].tolist() == [_TO_NHWC.index(1)] and readers[cut.output[0]] == [node]:
            turned[node.output[0]] = cut.output[0]
            cut.input[0], cut.input[3] = TURNED_PHOTO, graph.add_constant(f"{TURNED_PHOTO}/axis", np.array([1]))
    return turned


def _fuse_norm(graph: OnnxGraph, norm: Norm) -> None:
    scope = f"{_PREFIX}{norm.name}/"
    made = {name for node in graph.nodes if node.output[0].startswith(scope) for name in node.output}
    made |= {node.output[0] for node in graph.nodes if node.op_type == "Reshape" and node.input[0] in made}
    constants = {entry.name for entry in graph.model.graph.initializer}
    inside = [node for node in graph.nodes if node.output[0] in made]
    outside = [node for node in graph.nodes if node.output[0] not in made]
    sources = {name for node in inside for name in node.input} - made - constants
    results = {name for node in outside for name in node.input} & made
    if len(sources) != 1 or len(results) != 1:
        raise UserError(
            f"the norm {norm.name} has {len(sources)} inputs and {len(results)} outputs in what tf2onnx wrote.",
            "Install the versions of constraints.txt.",
        )
    result = results.pop()
    parameters = [
        graph.add_constant(f"{norm.name}/{part}", values)
        for part, values in (("scale", norm.scale), ("shift", norm.shift))
    ]
    fused = helper.make_node(
        "InstanceNormalization", [sources.pop(), *parameters], [result], norm.name, epsilon=norm.epsilon
    )
    place = next(number for number, node in enumerate(graph.nodes) if node.output[0] == result)
    before = [node for node in graph.nodes[:place] if node.output[0] not in made]
    after = [node for node in graph.nodes[place:] if node.output[0] not in made]
    graph.set_nodes([*before, fused, *after])


def _fuse_clips(graph: OnnxGraph) -> None:
    """Turn `min(relu(x), 1)`, with which `convert.trace.renderer` ends, into one Clip."""
    relu, minimum = graph.nodes[-2:]
    if (relu.op_type, minimum.op_type) != ("Relu", "Min") or minimum.output[0] != graph.output.name:
        raise UserError("the graph does not end in Relu and Min.", "Install the versions of constraints.txt.")
    limits = [graph.add_constant(f"{PICTURE}/{name}", value) for name, value in (("low", 0), ("high", 1))]
    clip = helper.make_node("Clip", [relu.input[0], *limits], [minimum.output[0]], PICTURE)
    graph.set_nodes([*graph.nodes[:-2], clip])


def _scale_by_products(graph: OnnxGraph) -> None:
    """Turn 1x1 convolutions without bias whose weights are a multiple of the identity into products."""
    constants = graph.constants()
    for node in graph.nodes:
        weights = constants.get(node.input[1]) if node.op_type == "Conv" and len(node.input) == 2 else None
        if weights is None or weights.shape[2:] != (1, 1) or weights.shape[0] != weights.shape[1]:
            continue
        factor = weights[0, 0, 0, 0]
        if np.array_equal(weights[..., 0, 0], factor * np.eye(len(weights), dtype=np.float32)):
            node.op_type, node.input[1] = "Mul", graph.add_constant(f"{node.input[1]}/factor", float(factor))
            del node.attribute[:]


def _name_tensors(graph: OnnxGraph) -> None:
    names, constants = {}, graph.constants()
    for node in graph.nodes:
        name = node.output[0].removeprefix(_PREFIX).partition(":")[0]
        if node.op_type == "Resize":
            name = f"{_RESIZED[int(constants[node.input[2]][-1])]}/resize/ResizeBilinear"
        names[node.output[0]] = name
    graph.rename({**names, graph.output.name: PICTURE})
    for node in graph.nodes:
        node.name = node.output[0]


def _free_name(name: str, values: NDArray[Any], taken: dict[str, NDArray[Any]]) -> str:
    """The name, or with a number at its end where a layer has several such parts of other values."""
    candidates = itertools.chain([name], (f"{name}_{number}" for number in itertools.count(2)))
    return next(free for free in candidates if free not in taken or np.array_equal(taken[free], values))


def _name_constants(graph: OnnxGraph) -> None:
    """Give every operation constants of its own, named `layer/weight` and the like."""
    values = graph.constants()
    named: dict[str, NDArray[Any]] = {}
    for node in graph.nodes:
        layer = node.output[0].partition("/")[0]
        parts = _CONSTANT_PARTS.get(node.op_type, ())
        for place, name in enumerate(node.input):
            if name not in values:
                continue
            part = parts[place - 1] if 0 < place <= len(parts) else name.rpartition("/")[2].partition(":")[0]
            node.input[place] = _free_name(f"{layer}/{part}", values[name], named)
            named[node.input[place]] = values[name]
    graph.set_constants(named)
