"""A map of fine detail for the finest encoder stage, by which a network tells what a small aperture left in focus.

A photograph at f/16 is a ninth as blurred as the same at f/1.8: a pixel or two of the half-size input, lost in the
first pooling. Networks that were trained on photos with everything in focus have no map that shows it, and with more
training they learn scenes by heart sooner than to look for it. So a few of the finest stage's maps are given up for
the second differences across and down, of either sign, and one map behind them for the mean of their amounts: an
energy of detail, as depth from defocus reads it (Subbarao and Surya, IJCV 13(3), 1994). Training may change every
weight.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tf_keras as keras
from numpy.typing import NDArray

from calib_data.colour import LUMA
from calib_data.errors import UserError
from pynet_tf.network import FIRST_LAYER

_GAIN = 10.0
"""Brings a photo's second differences, a few hundredths, to the size of a trained network's maps."""
_BEHIND = 1.25
"""The same, of their mean amount."""
_HANDED_ON = 0.03
"""Deviation of the drawn weights by which the next encoder stage reads the map."""


def see_detail(
    network: keras.Model, given_up: Sequence[int] = (4, 5, 6, 7), into: int = 7, seed: int = 1
) -> keras.Model:
    """Give a network of any training a map of fine detail; its function changes by what the maps given up had done.

    Args:
        network: A PyNET of width 5 or more, changed in place.
        given_up: Four of the first convolution's maps, best those that the picture hangs on least.
        into: The map of the finest stage's second convolution that becomes the mean detail.
        seed: Of the small weights by which the next stage reads it.

    Returns:
        The network.

    Raises:
        UserError: Not four maps, or one that the network has not.
    """
    first, second = network.get_layer(FIRST_LAYER), network.get_layer("encoder3_conv3b")
    if len(set(given_up)) != 4 or not {*given_up, into} <= set(range(first.filters)):
        raise UserError(
            f"maps {', '.join(map(str, given_up))} and {into} cannot make a map of detail.",
            f"Name four different maps and one, each of 0 to {first.filters - 1}.",
        )
    kernel, bias = first.get_weights()
    for place, difference in zip(given_up, _differences(kernel.shape[2]), strict=True):
        kernel[..., place], bias[place] = _GAIN * difference, 0.0
    first.set_weights([kernel, bias])
    kernel, bias = second.get_weights()
    kernel[:, :, list(given_up)], kernel[..., into], bias[into] = 0.0, 0.0, 0.0
    kernel[:, :, list(given_up), into] = _BEHIND / 9
    second.set_weights([kernel, bias])
    _read(network, into, np.random.default_rng(seed))
    return network


def _differences(channels: int) -> list[NDArray[np.float32]]:
    """Kernels `(3, 3, channels)` over 2x2 pixels in the channels: -1/2, 1, -1/2 across and down, and both negated."""
    across = np.zeros((6, 6))  # pixels; the middle 2x2 are the block in the middle
    across[2:4, 1:4] = -0.5, 1.0, -0.5
    colours = np.pad(LUMA, (0, channels // 4 - len(LUMA)))
    kernels = []
    for pixels in (across, across.T):
        blocks = pixels.reshape(3, 2, 3, 2).transpose(0, 2, 1, 3)
        kernel = np.multiply.outer(blocks, colours).reshape(3, 3, channels).astype(np.float32)
        kernels += [kernel, -kernel]
    return kernels


def _read(network: keras.Model, into: int, drawn: np.random.Generator) -> None:
    """The next stage reads the new map a little, what is nearer to the picture not yet."""
    maps = network.get_layer("encoder3_conv3b_leaky").output
    places = {}
    for layer in network.layers:
        if isinstance(layer, keras.layers.Concatenate):
            before = 0
            for part in layer.input:
                if part.name == maps.name:
                    places[layer.output.name] = before + into
                before += part.shape[-1]
    for layer in network.layers:
        if not isinstance(layer, keras.layers.Conv2D):
            continue
        weights = layer.get_weights()
        if layer.name == "encoder4_conv3a":
            weights[0][:, :, into] = drawn.normal(0, _HANDED_ON, weights[0][:, :, into].shape)
        elif layer.input.name in places:
            weights[0][:, :, places[layer.input.name]] = 0.0
        else:
            continue
        layer.set_weights(weights)
