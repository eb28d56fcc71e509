"""A PyNET run layer by layer, with every tensor passing through an observer's hands.

tfmot's wrappers around layers see what goes into a layer and what comes out, but not the steps of a norm, and each has
a range of its own. So the network is walked instead: the weights stay those of the plain network, and an observer may
note, change or quantize any tensor. `tests/quantize/test_graph.py` holds that walking changes nothing by itself.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import tensorflow as tf
import tf_keras as keras
from numpy.typing import NDArray

from pynet_tf.layers import BlendHead, DirectHead, InstanceNorm, ResidualHead
from pynet_tf.network import INPUT_NAME

OUTPUT = "level1"
CONSTANTS = frozenset({"scale", "shift"})
OUTPUT_STEPS: dict[type, str] = {InstanceNorm: "add_1", DirectHead: "BiasAdd", ResidualHead: "add", BlendHead: "add_3"}
"""Of each layer of several steps, the one that is its output."""


class Observer:
    """What happens to the tensors on the way: nothing, unless a subclass says so.

    Names are those of layers, and `layer/step` for the steps inside one, as in the traced graph.
    """

    def tensor(self, name: str, values: tf.Tensor) -> tf.Tensor:
        """A feature map or picture `(B, H, W, C)`; what is returned is used on."""
        return values

    def constant(self, name: str, values: tf.Tensor) -> tf.Tensor:
        """A vector `(C,)` that a norm multiplies by or adds."""
        return values

    def kernel(self, layer: str, values: tf.Tensor, axis: int) -> tf.Tensor:
        """The weights of a convolution, whose maps lie along `axis`."""
        return values


def spread(values: NDArray[np.float32], about: int) -> NDArray[np.float32]:
    """About so many values of a tensor of any shape, of all its maps alike, from evenly spread places."""
    pixels = np.reshape(values, (-1, np.shape(values)[-1] if np.ndim(values) else 1))
    return pixels[:: max(1, pixels.size // about) | 1].ravel()


def parents(model: keras.Model) -> dict[str, list[str]]:
    """For each layer the layers whose outputs it reads, in order."""
    nodes = {layer.name: layer.inbound_nodes for layer in model.layers if layer.name != INPUT_NAME}
    return {name: [tensor.node.layer.name for tensor in inbound[0].keras_inputs] for name, inbound in nodes.items()}


def layers_of(model: keras.Model, output: str = OUTPUT) -> list[str]:
    """The layers that one output needs, each after those that it reads; the input aside."""
    read, needed, pending = parents(model), set(), [output]
    while pending:
        name = pending.pop()
        if name not in needed and name != INPUT_NAME:
            needed.add(name)
            pending += read[name]
    return [layer.name for layer in model.layers if layer.name in needed]


def walk(
    model: keras.Model,
    photo: tf.Tensor,
    observer: Observer,
    layers: Sequence[str],
    kept: Collection[str] | None = None,
) -> dict[str, tf.Tensor]:
    """Run a network on `(B, H, W, C)`, 0..1.

    Args:
        model: A PyNET.
        photo: Input tensors.
        observer: Sees and may change everything.
        layers: As `layers_of` gives them.
        kept: Layers whose outputs are wanted; others are let go once all have read them. All by default.

    Returns:
        The outputs of the layers by name.
    """
    read, by_name = parents(model), {layer.name: layer for layer in model.layers}
    last = {parent: name for name in layers for parent in read[name]}
    tensors = {INPUT_NAME: observer.tensor(INPUT_NAME, photo)}
    for name in layers:
        tensors[name] = _run(by_name[name], [tensors[parent] for parent in read[name]], observer)
        if kept is not None:
            for parent in {parent for parent in read[name] if last[parent] == name} - set(kept):
                del tensors[parent]
    return tensors


def _run(layer: keras.layers.Layer, inputs: list[tf.Tensor], observer: Observer) -> tf.Tensor:
    given = inputs if len(inputs) > 1 else inputs[0]
    if isinstance(layer, tuple(OUTPUT_STEPS)):
        return _run_steps(layer, given, observer)
    if isinstance(layer, keras.layers.Conv2DTranspose):
        result = _convolve_transposed(layer, given, observer.kernel(layer.name, layer.kernel, 2))
    elif isinstance(layer, keras.layers.Conv2D):
        result = tf.nn.conv2d(given, observer.kernel(layer.name, layer.kernel, 3), 1, "SAME") + layer.bias
    else:
        result = layer(given)
    return observer.tensor(layer.name, result)


def _run_steps(layer: keras.layers.Layer, given: tf.Tensor | list[tf.Tensor], observer: Observer) -> tf.Tensor:
    last = OUTPUT_STEPS[type(layer)]

    def each(step: str, values: tf.Tensor) -> tf.Tensor:
        if step in CONSTANTS:
            return observer.constant(f"{layer.name}/{step}", tf.convert_to_tensor(values))
        return observer.tensor(layer.name if step == last else f"{layer.name}/{step}", values)

    return layer.steps(given, each)


def _convolve_transposed(layer: keras.layers.Layer, maps: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    batch, height, width, _ = tf.unstack(tf.shape(maps))
    shape = tf.stack([batch, 2 * height, 2 * width, layer.filters])
    result = tf.nn.conv2d_transpose(maps, kernel, shape, 2, "SAME")
    static = [None if side is None else 2 * side for side in maps.shape[1:3]]
    return tf.ensure_shape(result, [maps.shape[0], *static, layer.filters])
