"""The scheme in tfmot's terms: a `QuantizeConfig` for each layer, found through a `QuantizeRegistry`.

`quantize.simulation` asks the registry itself. tfmot's `quantize_apply` takes the scheme too and gives the same
pictures (`tests/quantize/test_configs.py`), in a model of tfmot's wrappers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import tensorflow as tf
import tf_keras as keras
from tensorflow_model_optimization.quantization import keras as tfmot

from pynet_tf.layers import InstanceNorm, SteppedLayer
from quantize.quantizers import ConstantQuantizer, KernelQuantizer, RangeQuantizer, SharedRange, fixed_quantizer
from quantize.scheme import Scheme

Quantizer: TypeAlias = Any  # a tfmot.quantizers.Quantizer; tfmot is untyped

_WEIGHTS: tuple[tuple[type, dict[str, Callable[[], Quantizer]]], ...] = (
    (keras.layers.Conv2DTranspose, {"kernel": lambda: KernelQuantizer(2)}),
    (keras.layers.Conv2D, {"kernel": lambda: KernelQuantizer(3)}),
    (InstanceNorm, {"scale": ConstantQuantizer, "shift": ConstantQuantizer}),
)
"""By kind of layer, first match, its weights that are integers. Biases have 32 bits, which lose nothing."""


class PyNETQuantizeConfig(tfmot.QuantizeConfig):
    """How one layer is quantized.

    Args:
        weights: A quantizer for each weight that is an integer, by attribute.
        steps: A quantizer for each tensor inside the layer that is one, by the step's name.
        output: The output's; None where only float operations read it.
    """

    def __init__(
        self, weights: Mapping[str, Quantizer], steps: Mapping[str, Quantizer], output: Quantizer | None
    ) -> None:
        self.weights, self.steps, self.output = weights, steps, output

    def get_weights_and_quantizers(self, layer: keras.layers.Layer) -> list[tuple[tf.Variable, Quantizer]]:
        """As tfmot's."""
        return [(getattr(layer, name), quantizer) for name, quantizer in self.weights.items()]

    def set_quantize_weights(self, layer: keras.layers.Layer, quantize_weights: Sequence[tf.Tensor]) -> None:
        """As tfmot's."""
        for name, values in zip(self.weights, quantize_weights, strict=True):
            setattr(layer, name, values)

    def get_activations_and_quantizers(self, layer: keras.layers.Layer) -> list[tuple[Callable[..., Any], Quantizer]]:
        """As tfmot's: every step inside is one, that leaves its tensor as it is before it is quantized."""
        return [(keras.activations.linear, quantizer) for quantizer in self.steps.values()]

    def set_quantize_activations(
        self, layer: keras.layers.Layer, quantize_activations: Sequence[Callable[[tf.Tensor], tf.Tensor]]
    ) -> None:
        """As tfmot's: the layer lets its steps through."""
        if isinstance(layer, SteppedLayer):
            by_step = dict(zip(self.steps, quantize_activations, strict=True))
            layer.each = lambda step, values: by_step[step](values) if step in by_step else values

    def get_output_quantizers(self, layer: keras.layers.Layer) -> list[Quantizer]:
        """As tfmot's."""
        return [] if self.output is None else [self.output]

    def get_config(self) -> dict[str, Any]:
        """As tfmot's; ranges are kept by `quantize.ranges`, so that there is nothing to write here."""
        return {}


class PyNETQuantizeScheme(tfmot.QuantizeScheme, tfmot.QuantizeRegistry, tfmot.QuantizeLayoutTransform):
    """A scheme with ranges, which is its own registry; the layout stays, for PyNET is written as it is converted.

    Args:
        scheme: Which tensors are integers.
        ranges: A variable with a row for each learnt group of the scheme: least and largest value.
    """

    def __init__(self, scheme: Scheme, ranges: tf.Variable) -> None:
        self._scheme = scheme
        rows = {group: RangeQuantizer(SharedRange(ranges, row)) for row, group in enumerate(scheme.learnt)}
        fixed = {group: fixed_quantizer(span) for group, span in scheme.fixed.items()}
        self._tensors = {name: (rows | fixed)[group] for name, group in scheme.group.items()}

    def get_quantize_registry(self) -> PyNETQuantizeScheme:
        """As tfmot's."""
        return self

    def get_layout_transformer(self) -> PyNETQuantizeScheme:
        """As tfmot's."""
        return self

    def apply(self, model: keras.Model, layer_quantize_map: dict[str, Any]) -> tuple[keras.Model, dict[str, Any]]:
        """As tfmot's: nothing is changed."""
        return model, layer_quantize_map

    def supports(self, layer: keras.layers.Layer) -> bool:
        """Whether any tensor or weight of a layer is an integer."""
        return layer.name in self._scheme.layers

    def quantizer(self, tensor: str) -> Quantizer | None:
        """That of a tensor, by the name of its layer or `layer/step`; None for one that stays float."""
        return self._tensors.get(tensor)

    def get_quantize_config(self, layer: keras.layers.Layer) -> PyNETQuantizeConfig:
        """As tfmot's."""
        begin = f"{layer.name}/"
        steps = {name.removeprefix(begin): one for name, one in self._tensors.items() if name.startswith(begin)}
        return PyNETQuantizeConfig(self._weights(layer), steps, self.quantizer(layer.name))

    def _weights(self, layer: keras.layers.Layer) -> dict[str, Quantizer]:
        if layer.name in self._scheme.in_float:
            return {}
        found = next((weights for kind, weights in _WEIGHTS if isinstance(layer, kind)), {})
        return {name: make() for name, make in found.items()}
