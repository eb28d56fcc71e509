"""Integers simulated in float: a network whose tensors take the values that 8 bits can hold.

Roundings are those of the files: activations have 256 values, one of them zero; weights 255, symmetric, a scale for
each map (Jacob et al., arXiv 1712.05877; LiteRT's 8-bit quantization specification). Gradients pass where values are
in range.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping

import numpy as np
import tensorflow as tf
import tf_keras as keras

from calib_data.errors import UserError
from quantize.graph import OUTPUT, walk
from quantize.ranges import check_range
from quantize.scheme import Range, Scheme

_SMALLEST = 1e-8


class Simulation:
    """A network with simulated integers; its weights are the float network's own.

    Args:
        model: A PyNET.
        scheme: What is quantized.
        ranges: A range for each group of the scheme that is learnt.
        weights: Whether weights are quantized; the analysis leaves them or the activations out.
        activations: Whether activations are.

    Raises:
        UserError: A range is missing, empty or not finite.
    """

    def __init__(
        self,
        model: keras.Model,
        scheme: Scheme,
        ranges: Mapping[str, Range],
        weights: bool = True,
        activations: bool = True,
    ) -> None:
        self.model, self.scheme = model, scheme
        self._weights, self._activations = weights, activations
        self._place = {name: place for place, name in enumerate(scheme.learnt)}
        self.variable = tf.Variable(tf.zeros((len(self._place), 2)), trainable=False, name="ranges")
        self.set_ranges(ranges)

    def of(self, model: keras.Model) -> Simulation:
        """Another network of this shape with these ranges, which both have in common from now on."""
        other = copy.copy(self)
        other.model = model
        return other

    def set_ranges(self, ranges: Mapping[str, Range]) -> None:
        """Take other ranges.

        Raises:
            UserError: One is missing, empty or not finite.
        """
        missing = [name for name in self._place if name not in ranges]
        if missing:
            raise UserError(
                f"{len(missing)} tensors have no range: {', '.join(missing[:5])}.", "Calibrate them on photos."
            )
        for name in self._place:
            check_range(name, ranges[name])
        self.variable.assign(np.array([ranges[name] for name in self._place], np.float32).reshape(-1, 2))

    @property
    def ranges(self) -> dict[str, Range]:
        """The range of every integer tensor, those of one group the same."""
        values = self.variable.numpy().astype(float)
        learnt = {name: (low, high) for name, (low, high) in zip(self._place, values.tolist(), strict=True)}
        groups = learnt | self.scheme.fixed
        return {name: groups[group] for name, group in self.scheme.group.items()}

    def layers(self, photo: tf.Tensor, layers: Iterable[str] | None = None) -> dict[str, tf.Tensor]:
        """The outputs of all layers on `(B, H, W, C)`, 0..1."""
        return walk(self.model, photo, self, layers or self.scheme.layers)

    def __call__(self, photo: tf.Tensor) -> tf.Tensor:
        """The picture `(B, 2H, 2W, 3)`, 0..1."""
        return self.layers(photo)[OUTPUT]

    def tensor(self, name: str, values: tf.Tensor) -> tf.Tensor:
        """As `quantize.graph.Observer`."""
        group = self.scheme.group.get(name)
        if group is None or not self._activations:
            return values
        if group in self.scheme.fixed:
            low, high = (tf.constant(end, tf.float32) for end in self.scheme.fixed[group])
        else:
            low, high = tf.unstack(self.variable[self._place[group]])
        return tf.quantization.fake_quant_with_min_max_vars(values, low, high)

    def constant(self, name: str, values: tf.Tensor) -> tf.Tensor:
        """As `quantize.graph.Observer`."""
        if name.partition("/")[0] in self.scheme.in_float or not self._weights:
            return values
        fixed = tf.stop_gradient(values)
        low, high = tf.minimum(tf.reduce_min(fixed), 0.0), tf.maximum(tf.reduce_max(fixed), _SMALLEST)
        return tf.quantization.fake_quant_with_min_max_vars(values, low, high)

    def kernel(self, layer: str, values: tf.Tensor, axis: int) -> tf.Tensor:
        """As `quantize.graph.Observer`."""
        values = tf.convert_to_tensor(values)
        return values if layer in self.scheme.in_float or not self._weights else quantized_kernel(values, axis)


def quantized_kernel(kernel: tf.Tensor, axis: int) -> tf.Tensor:
    """Weights with 255 values, symmetric, a scale for each map along `axis`."""
    order = [place for place in range(4) if place != axis] + [axis]
    moved = tf.transpose(kernel, order)
    largest = tf.maximum(tf.reduce_max(tf.abs(tf.stop_gradient(moved)), axis=(0, 1, 2)), _SMALLEST)
    values = tf.quantization.fake_quant_with_min_max_vars_per_channel(moved, -largest, largest, narrow_range=True)
    return tf.transpose(values, np.argsort(order))
