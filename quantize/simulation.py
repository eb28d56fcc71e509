"""Integers simulated in float: a network whose tensors take the values that 8 bits can hold.

Roundings are those of the files: activations have 256 values, one of them zero; weights 255, symmetric, a scale for
each map (Jacob et al., arXiv 1712.05877; LiteRT's 8-bit quantization specification). tfmot's quantizers compute them
(`quantize.configs`); gradients pass where values are in range.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import tensorflow as tf
import tf_keras as keras

from calib_data.errors import UserError
from quantize.configs import PyNETQuantizeScheme, Quantizer
from quantize.graph import OUTPUT, Observer, walk
from quantize.ranges import check_range
from quantize.scheme import Range, Scheme


class Simulation(Observer):
    """A network with simulated integers; its weights are the float network's own.

    Args:
        model: A PyNET.
        scheme: What is quantized.
        ranges: A range for each group of the scheme that is learnt.

    Raises:
        UserError: A range is missing, empty or not finite.
    """

    def __init__(self, model: keras.Model, scheme: Scheme, ranges: Mapping[str, Range]) -> None:
        self.model, self.scheme = model, scheme
        self._place = {name: place for place, name in enumerate(scheme.learnt)}
        self.variable = tf.Variable(tf.zeros((len(self._place), 2)), trainable=False, name="ranges")
        self.set_ranges(ranges)
        self.quantization = PyNETQuantizeScheme(scheme, self.variable)
        self._weights = dict(_weight_quantizers(model, self.quantization))

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

    def layers(self, photo: tf.Tensor, layers: Sequence[str] | None = None) -> dict[str, tf.Tensor]:
        """The outputs of all layers on `(B, H, W, C)`, 0..1; the picture is limited to 0..1, as in the files."""
        tensors = walk(self.model, photo, self, layers or self.scheme.layers)
        return {**tensors, OUTPUT: tf.clip_by_value(tensors[OUTPUT], 0.0, 1.0)}

    def __call__(self, photo: tf.Tensor) -> tf.Tensor:
        """The picture `(B, 2H, 2W, 3)`, 0..1."""
        return self.layers(photo)[OUTPUT]

    def tensor(self, name: str, values: tf.Tensor) -> tf.Tensor:
        """As `quantize.graph.Observer`."""
        quantizer = self.quantization.quantizer(name)
        return values if quantizer is None else quantizer(values, False, quantizer.build(values.shape, name, None))

    def constant(self, name: str, values: tf.Tensor) -> tf.Tensor:
        """As `quantize.graph.Observer`."""
        return self._weight(name, values)

    def kernel(self, layer: str, values: tf.Tensor, axis: int) -> tf.Tensor:
        """As `quantize.graph.Observer`."""
        return self._weight(f"{layer}/kernel", tf.convert_to_tensor(values))

    def _weight(self, name: str, values: tf.Tensor) -> tf.Tensor:
        if name not in self._weights:
            return values
        quantizer, ranges = self._weights[name]
        return quantizer(values, True, ranges)


def _weight_quantizers(
    model: keras.Model, quantization: PyNETQuantizeScheme
) -> Iterator[tuple[str, tuple[Quantizer, dict[str, tf.Variable]]]]:
    """For each weight that is an integer, `layer/weight`, its quantizer and the variables that this asks for."""
    holder = keras.layers.Layer(name="weight_ranges")
    for layer in filter(quantization.supports, model.layers):
        config = quantization.get_quantize_config(layer)
        for name, (weight, quantizer) in zip(config.weights, config.get_weights_and_quantizers(layer), strict=True):
            yield f"{layer.name}/{name}", (quantizer, quantizer.build(weight.shape, f"{layer.name}_{name}", holder))
