"""What a level begins to train with: the weights of the level below, and a way through for the photo's colours.

A head that adds to the photo has the photo's colours before the first step. The `direct` head must make the whole
picture, and from drawn weights it learns one mean tone first and colours last, if ever. So with that head a few of the
first weights are not drawn: level 3 begins with the photo, which passes through three of the finest encoder stage's
maps, and levels 2 and 1 begin with the picture of the level below, its pixels doubled. Kernels that hand on what
they get are Dirac's (Zagoruyko and Komodakis, arXiv 1706.00388); that a larger network begins with the function of a
smaller one is Net2Net's idea (Chen et al., arXiv 1511.05641). Single taps are used throughout, as what sums over
neighbours would draw a frame where the picture ends. The graph is the paper's, and training may change every weight.
"""

from __future__ import annotations

import numpy as np
import tf_keras as keras
from numpy.typing import NDArray

from calib_data.errors import UserError
from pynet_tf.layers import DirectHead
from pynet_tf.network import FIRST_LAYER, HEAD_LAYERS, LEAKY_SLOPE

_COLOURS = 3
_STEEPNESS = 2.1
"""Of the line through tanh's inverse: `0.58 * tanh(2.1 * (y - 0.5)) + 0.5` is y to 0.05 for y in 0..1."""
_ABOVE_ZERO = 3.0
"""Added to what passes a leaky ReLU, and taken off behind it: tanh's inputs of any picture are above -3."""
_DRAWN = 0.05
"""Share of a head's drawn weights that stays, so that no two maps begin the same."""

_DRAW = {True: "the whole picture", False: "what is added to the photo"}
"""What a head's maps mean, by whether it is `direct`."""

Kernel = NDArray[np.float32]


def begin(network: keras.Model, below: keras.Model | None) -> None:
    """Give a network that was just built the weights with which it is to begin.

    Args:
        network: A PyNET with drawn weights; changed in place.
        below: One that was trained, to its finest level or further; all that both have is taken from it. None to
            begin from nothing.

    Raises:
        UserError: As `copy_weights`, or the maps of one's heads are a picture and those of the other's a correction.
    """
    direct = _is_direct(network)
    if below is not None and _is_direct(below) != direct:
        raise UserError(
            f"the heads of the model to start from draw {_DRAW[not direct]}, those of this network {_DRAW[direct]}.",
            f"Train with --head {'blend or residual' if direct else 'direct'}, as that model was.",
        )
    trained = set() if below is None else {layer.name for layer in below.layers}
    names = {layer.name for layer in network.layers}
    if direct and "level3_head" not in trained:
        _let_colours_through(network, names)
    if below is not None:
        copy_weights(below, network)
    for level, enlarge in ((2, _enlarge_level_3), (1, _enlarge_level_2)):
        head = f"level{level}_head"
        if direct and head in names - trained:
            enlarge(network)


def _is_direct(network: keras.Model) -> bool:
    return any(isinstance(layer, DirectHead) for layer in network.layers)


def copy_weights(source: keras.Model, target: keras.Model) -> int:
    """Copy the weights of layers that both models have, by name; returns how many layers that were.

    A network with depth may start from one without: what reads the depth map begins at zero. One with another head
    keeps those layers of its own heads that have other shapes.

    Raises:
        UserError: A layer of that name has other shapes, or no layer is common.
    """
    copied = 0
    names = {other.name for other in target.layers}
    for layer in source.layers:
        if not layer.weights or layer.name not in names:
            continue
        weights, other = layer.get_weights(), target.get_layer(layer.name)
        if layer.name == FIRST_LAYER and source.input_shape[-1] < target.input_shape[-1]:
            weights = [_with_depth(weights[0]), *weights[1:]]
        if [weight.shape for weight in weights] != [tuple(weight.shape) for weight in other.weights]:
            if layer.name in HEAD_LAYERS:
                continue
            raise UserError(
                f"layer {layer.name} has other shapes in the model to start from.",
                "Train with the same --width and norm as that model; only --inputs rgbd may start from rgb.",
            )
        other.set_weights(weights)
        copied += 1
    if not copied:
        raise UserError("the model to start from has no layer in common with this one.", "Start from a PyNET.")
    return copied


def _with_depth(kernel: NDArray[np.float32]) -> NDArray[np.float32]:
    """The first kernel `(3, 3, 4 * 3, maps)` for four channels in each of the 2x2 pixels, zero for the fourth."""
    side, _, channels, maps = kernel.shape
    pixels = kernel.reshape(side, side, 4, channels // 4, maps)
    return np.pad(pixels, ((0, 0), (0, 0), (0, 0), (0, 1), (0, 0))).reshape(side, side, -1, maps)


def _let_colours_through(network: keras.Model, names: set[str]) -> None:
    """Mean colours of 2x2 pixels in the finest encoder stage's first three maps, and from there to level 3's head."""
    first = network.get_layer(FIRST_LAYER)
    maps = min(_COLOURS, first.filters)
    colours = np.arange(maps)
    channels = first.input_shape[-1] // 4
    passing = {
        FIRST_LAYER: [(colours + pixel * channels, 0.25) for pixel in range(4)],
        "encoder3_conv3b": [(colours, 1.0)],
    }
    if "level3_head" in names:
        behind = network.get_layer("level3_block9_conv3a").input_shape[-1] - first.filters
        passing |= {"level3_block9_conv3a": [(behind + colours, 1.0)], "level3_block9_conv3b": [(colours, 1.0)]}
        kernel, bias = network.get_layer("level3_head").get_weights()
        kernel *= _DRAWN
        kernel[1, 1, colours, colours] += _STEEPNESS
        bias[:maps] = -_STEEPNESS / 2
        network.get_layer("level3_head").set_weights([kernel, bias])
    for name, taps in passing.items():
        kernel, bias = network.get_layer(name).get_weights()
        kernel[..., :maps] = 0.0
        for sources, share in taps:
            kernel[1, 1, sources, colours] = share
        network.get_layer(name).set_weights([kernel, bias])


def _enlarge_level_3(network: keras.Model) -> None:
    """Level 2 begins with level 3's picture: its sum before tanh as a pair of maps of either sign, for leaky ReLU."""
    below, bias_below = network.get_layer("level3_head").get_weights()
    sums = below.sum(axis=(0, 1))
    kernel = network.get_layer("level2_up").get_weights()[0]
    for colour in range(_COLOURS):
        kernel[:, :, 2 * colour : 2 * colour + 2] = 0.0
        kernel[:2, :2, 2 * colour] = sums[:, colour]
        kernel[:2, :2, 2 * colour + 1] = -sums[:, colour]
    network.get_layer("level2_up").set_weights([kernel])
    head = network.get_layer("level2_head").get_weights()[0] * _DRAWN
    for colour in range(_COLOURS):
        head[1, 1, 2 * colour, colour] += 1 / (1 + LEAKY_SLOPE)
        head[1, 1, 2 * colour + 1, colour] -= 1 / (1 + LEAKY_SLOPE)
    network.get_layer("level2_head").set_weights([head, bias_below])


def _enlarge_level_2(network: keras.Model) -> None:
    """Level 1 begins with level 2's picture, lifted over zero on its way; level 2's own output is no picture then."""
    below, bias_below = network.get_layer("level2_head").get_weights()
    network.get_layer("level2_head").set_weights([below, bias_below + _ABOVE_ZERO])
    kernel = np.zeros_like(network.get_layer("level1_up").get_weights()[0])
    kernel[:2, :2] = np.eye(_COLOURS)
    network.get_layer("level1_up").set_weights([kernel])
    head, bias = network.get_layer("level1_head").get_weights()
    head *= _DRAWN
    head[1, 1] += np.eye(_COLOURS)
    network.get_layer("level1_head").set_weights([head, bias - _ABOVE_ZERO])
