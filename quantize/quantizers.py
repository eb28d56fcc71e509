"""tfmot's quantizers, set as the 8-bit files need them.

tfmot computes: ranges of weights, rounding, clipping and gradients are those of its `LastValueQuantizer`,
`MovingAverageQuantizer` and `FixedQuantizer`. Ours is where ranges come from (photos, shared by groups), and scales by
map for transposed convolutions, which tfmot gives one scale although converter and runtimes take one a map.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
import tf_keras as keras
from tensorflow_model_optimization.quantization.keras import quantizers as tfmot

from quantize.scheme import Range

_BITS = 8
_KERNEL_RANK = 4


class KernelQuantizer(tfmot.LastValueQuantizer):
    """Weights with 255 values, symmetric, a scale for each map; always the range that they have now.

    Args:
        axis: Along which the maps lie: 3 for convolutions, 2 for transposed ones.
    """

    def __init__(self, axis: int) -> None:
        super().__init__(num_bits=_BITS, per_axis=True, symmetric=True, narrow_range=True)
        self._order = [place for place in range(_KERNEL_RANK) if place != axis] + [axis]

    def build(self, tensor_shape: tf.TensorShape, name: str, layer: keras.layers.Layer) -> dict[str, tf.Variable]:
        """As tfmot's, whose own takes the last axis."""
        shape = (tensor_shape[self._order[-1]],)
        return {key: layer.add_weight(f"{name}_{key}", shape, trainable=False) for key in ("min_var", "max_var")}

    def __call__(self, inputs: tf.Tensor, training: bool, weights: Any, **options: Any) -> tf.Tensor:
        """Quantize a kernel."""
        moved = tf.transpose(inputs, self._order)
        return tf.transpose(super().__call__(moved, True, weights, **options), np.argsort(self._order))


class ConstantQuantizer(tfmot.LastValueQuantizer):
    """What a norm multiplies by or adds, with 256 values; always the range that it has now."""

    def __init__(self) -> None:
        super().__init__(num_bits=_BITS, per_axis=False, symmetric=False, narrow_range=False)

    def __call__(self, inputs: tf.Tensor, training: bool, weights: Any, **options: Any) -> tf.Tensor:
        """Quantize a vector."""
        return super().__call__(inputs, True, weights, **options)


class RangeQuantizer(tfmot.MovingAverageQuantizer):
    """A tensor with 256 values, in a range from photos that other tensors may share.

    Args:
        shared: Gives `min_var` and `max_var`; whoever owns it moves them, no batch does.
    """

    def __init__(self, shared: SharedRange) -> None:
        super().__init__(num_bits=_BITS, per_axis=False, symmetric=False, narrow_range=False)
        self._shared = shared

    def build(self, tensor_shape: tf.TensorShape, name: str, layer: keras.layers.Layer) -> SharedRange:
        """The range that is there already."""
        return self._shared

    def __call__(self, inputs: tf.Tensor, training: bool, weights: Any, **options: Any) -> tf.Tensor:
        """Quantize a tensor."""
        return super().__call__(inputs, False, weights, **options)


class SharedRange:
    """A row of a variable `(groups, 2)`, as the two scalars that tfmot's quantizers ask for.

    Args:
        variable: Least and largest value of each group.
        row: Which group.
    """

    def __init__(self, variable: tf.Variable, row: int) -> None:
        self._variable, self._row = variable, row

    def __getitem__(self, key: str) -> tf.Tensor:
        return self._variable[self._row, ("min_var", "max_var").index(key)]


def fixed_quantizer(span: Range) -> tfmot.FixedQuantizer:
    """A tensor with 256 values in a range that is known beforehand."""
    low, high = span
    return tfmot.FixedQuantizer(_BITS, low, high, narrow_range=False)
