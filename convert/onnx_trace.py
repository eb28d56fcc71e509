"""From a Keras model to a float32 ONNX graph, once for all recipes.

The graph is traced at one size, but nothing in it depends on the size: norms are InstanceNormalization, the photo is
resized by a factor, and transposed convolutions have fixed paddings. So the sides of its input may be freed afterwards.
"""

from __future__ import annotations

import warnings

import onnx
import tf2onnx
import tf_keras as keras

from calib_data.sizes import PhotoSize
from convert.onnx_graph import DOMAIN, OnnxGraph
from convert.trace import BOKEH, PHOTO, renderer

IR_VERSION = 8


def export_plainly(model: keras.Model, size: PhotoSize, opset: int) -> OnnxGraph:
    """What tf2onnx makes of a model: `photo` `(1, H/2, W/2, C)` to `bokeh` `(1, H, W, 3)`, both 0..1.

    Raises:
        UserError: The model is no PyNET, or does not build level 1.
    """
    function = renderer(model, size)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # tf2onnx's own
        exported, _ = tf2onnx.convert.from_function(function, function.input_signature, opset=opset)
    graph = OnnxGraph(exported)
    exported.ir_version = IR_VERSION
    del exported.opset_import[:]
    exported.opset_import.append(onnx.helper.make_opsetid(DOMAIN, opset))
    _rename(graph, {graph.input.name: PHOTO, graph.output.name: BOKEH})
    return graph


def _rename(graph: OnnxGraph, names: dict[str, str]) -> None:
    for node in graph.nodes:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
    for entry in (graph.input, graph.output):
        entry.name = names.get(entry.name, entry.name)
