"""A simulation in which any part of the network can be integers or float, without being compiled anew."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
import tensorflow as tf
import tf_keras as keras

from pynet_tf.network import INPUT_NAME
from quantize.scheme import Range, Scheme
from quantize.simulation import Simulation

_FOLLOWERS = ("_leaky", "_norm")


def units_of(scheme: Scheme) -> dict[str, list[str]]:
    """The layers of a scheme in units: a convolution with its leaky ReLU, and every other layer by itself.

    A norm that stays float belongs to its convolution, an integer one is a unit; so is the photo.
    """
    units: dict[str, list[str]] = {INPUT_NAME: [INPUT_NAME]}
    for layer in scheme.layers:
        units.setdefault(_unit(layer, scheme), []).append(layer)
    return units


def _unit(layer: str, scheme: Scheme) -> str:
    for suffix in _FOLLOWERS:
        if layer.endswith(suffix) and (suffix == "_leaky" or layer in scheme.in_float):
            return layer.removesuffix(suffix)
    return layer


class Switched(Simulation):
    """A simulation with a switch for each unit.

    Args:
        model: A PyNET.
        scheme: What can be quantized.
        ranges: As for `Simulation`.

    Attributes:
        units: The layers of each unit, in order.
    """

    def __init__(self, model: keras.Model, scheme: Scheme, ranges: Mapping[str, Range]) -> None:
        super().__init__(model, scheme, ranges)
        self.units = units_of(scheme)
        places = [*scheme.group, *(f"{layer}/weights" for layer in scheme.layers)]
        self._switch = {name: place for place, name in enumerate(places)}
        self._on = tf.Variable(tf.zeros(len(places), tf.bool), trainable=False)
        self._compiled = tf.function(self.layers)

    def switch(self, units: Collection[str], weights: bool = True, activations: bool = True) -> None:
        """Compute these units with integers, all others in float; of them only weights or activations if wished."""
        chosen = {layer for unit in units for layer in self.units[unit]} - self.scheme.in_float
        on = self.scheme.integers({INPUT_NAME, *self.scheme.layers} - chosen) if activations else frozenset()
        on |= {f"{layer}/weights" for layer in chosen} if weights else set()
        self._on.assign(np.array([name in on for name in self._switch]))

    def compute(self, photo: tf.Tensor) -> dict[str, tf.Tensor]:
        """The output of every layer, the photo's name for that of the input; `(B, H, W, C)`, 0..1, goes in."""
        return self._compiled(photo)

    def tensor(self, name: str, values: tf.Tensor) -> tf.Tensor:
        """As `quantize.graph.Observer`."""
        return self._either(name, values, super().tensor(name, values))

    def constant(self, name: str, values: tf.Tensor) -> tf.Tensor:
        """As `quantize.graph.Observer`."""
        return self._either(f"{name.partition('/')[0]}/weights", values, super().constant(name, values))

    def kernel(self, layer: str, values: tf.Tensor, axis: int) -> tf.Tensor:
        """As `quantize.graph.Observer`."""
        return self._either(f"{layer}/weights", values, super().kernel(layer, values, axis))

    def _either(self, name: str, values: tf.Tensor, quantized: tf.Tensor) -> tf.Tensor:
        if quantized is values:
            return values
        return tf.where(self._on[self._switch[name]], quantized, values)
