"""From a Keras model to a float32 ONNX graph, once for all recipes.

The graph is traced at one size, but nothing in it depends on the size: norms are InstanceNormalization, the photo is
resized by a factor, and transposed convolutions have fixed paddings. So the sides of its input may be freed afterwards.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import onnx
import tf2onnx
import tf_keras as keras

from calib_data.errors import UserError
from calib_data.sizes import PhotoSize
from convert.onnx_equal import check_equal
from convert.onnx_graph import DOMAIN, OnnxGraph
from convert.onnx_simplify import Norm, simplify, with_ends
from convert.trace import BOKEH, LEVEL, PHOTO, renderer
from pynet_tf.layers import InstanceNorm

OPSETS = (15, 16, 17, 18)
IR_VERSION = 8
_LEAST = PhotoSize(128, 192)
_CATCH_ERRORS = "TF2ONNX_CATCH_ERRORS"


def trace(model: keras.Model, size: PhotoSize, opset: int) -> OnnxGraph:
    """The float32 graph of a model, from `photo_nchw` `(1, C, H, W)` to `picture` `(1, 3, 2H, 2W)`, of any size.

    What tf2onnx writes is simplified; both are run on a picture and must agree.

    Args:
        model: A PyNET that builds level 1.
        size: The photo that comes out where it is traced and compared; at least 128x192, below which tf2onnx writes
            the turns of level 7 in other operations.
        opset: Version of ONNX's operations, 15 to 18.

    Raises:
        UserError: The model is no PyNET or does not build level 1, or the opset is another.
    """
    if opset not in OPSETS:
        raise UserError(f"opset {opset} is not of {OPSETS[0]} to {OPSETS[-1]}.", "Take one of these.")
    size = PhotoSize(max(size.height, _LEAST.height), max(size.width, _LEAST.width))
    plain = export_plainly(model, size, opset)
    graph = simplify(plain, _norms(model))
    check_equal(plain, with_ends(graph, "nhwc", None), (1, *size.tensor, model.input_shape[-1]))
    return graph


def export_plainly(model: keras.Model, size: PhotoSize, opset: int) -> OnnxGraph:
    """What tf2onnx makes of a model: `photo` `(1, H/2, W/2, C)` to `bokeh` `(1, H, W, 3)`, both 0..1.

    Raises:
        UserError: The model is no PyNET, or does not build level 1.
    """
    function = renderer(model, size)
    with _loud(), warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # tf2onnx's own
        exported, _ = tf2onnx.convert.from_function(function, function.input_signature, opset=opset)
    graph = OnnxGraph(exported)
    exported.ir_version = IR_VERSION
    del exported.opset_import[:]
    exported.opset_import.append(onnx.helper.make_opsetid(DOMAIN, opset))
    graph.rename({graph.input.name: PHOTO, graph.output.name: BOKEH})
    return graph


@contextmanager
def _loud() -> Iterator[None]:
    """An optimization of tf2onnx that fails is an error; otherwise it copies the graph before each, and drops it."""
    before = os.environ.get(_CATCH_ERRORS)
    os.environ[_CATCH_ERRORS] = "FALSE"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_CATCH_ERRORS]
        else:
            os.environ[_CATCH_ERRORS] = before


def _norms(model: keras.Model) -> list[Norm]:
    """The instance norms of the part of a model that makes the full-size picture."""
    network = keras.Model(model.input, model.output[LEVEL])
    return [
        Norm(layer.name, layer.scale.numpy(), layer.shift.numpy(), layer.epsilon)
        for layer in network.layers
        if isinstance(layer, InstanceNorm)
    ]
