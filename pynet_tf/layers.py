"""PyNET's own layers, written in the operations that converters and phones handle best.

Only these and plain Keras layers make up a model, each with a name, so that a saved model carries no code and
a quantization scheme can address every part.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import tensorflow as tf
import tf_keras as keras

PACKAGE = "pynet_tf"
CORRECTION_LIMIT = 0.58
Each: TypeAlias = Callable[[str, tf.Tensor], tf.Tensor]
"""Sees what a step of a layer computes, by its operation's name in the traced graph; what it returns is used on."""

_OPEN = 4.0  # a gate that starts at sigmoid(4) = 0.98
_COLOURS = 3


def _as_it_is(_: str, tensor: tf.Tensor) -> tf.Tensor:
    return tensor


class SteppedLayer(keras.layers.Layer, ABC):
    """A layer of several steps, whose tensors on the way can be seen and changed.

    Attributes:
        each: Sees every tensor on the way when the layer is called; by default it leaves them as they are.
    """

    each: Each = staticmethod(_as_it_is)

    def call(self, inputs: Any, training: bool = False) -> tf.Tensor:
        """What `steps` computes; while training, unless somebody looks on, in operations that are faster to train."""
        return self.steps(inputs, self.each, training and self.each is _as_it_is)

    @abstractmethod
    def steps(self, inputs: Any, each: Each, training: bool = False) -> tf.Tensor:
        """Compute the layer's output, with every tensor on the way, constants included, through `each`.

        When training the same numbers up to rounding are computed in other operations, and `each` may see less.
        """


@keras.saving.register_keras_serializable(PACKAGE)
class InstanceNorm(SteppedLayer):
    """Normalizes every map of every picture by its own mean and variance (Ulyanov et al., arXiv 1607.08022).

    `y = (x - mean) * scale / sqrt(variance + epsilon) + shift` over H and W with the biased variance;
    `(B, H, W, C)` to `(B, H, W, C)`. Rows are averaged before columns, because phone GPUs add in 16 bits and one
    long sum would overflow; the variance is a mean of products, because no runtime has an int16 squared
    difference.
    """

    def __init__(self, epsilon: float = 1e-3, **options: Any) -> None:
        super().__init__(**options)
        self.epsilon = epsilon

    def build(self, input_shape: tf.TensorShape) -> None:
        """Make shift and scale, in the order of the original's variables."""
        maps = input_shape[-1]
        self.shift = self.add_weight(name="shift", shape=(maps,), initializer="zeros")
        self.scale = self.add_weight(name="scale", shape=(maps,), initializer="ones")
        super().build(input_shape)

    def steps(self, maps: tf.Tensor, each: Each, training: bool = False) -> tf.Tensor:
        """As `call`, with every tensor on the way, constants included, through `each`."""
        if training:
            scale, shift = tf.convert_to_tensor(self.scale), tf.convert_to_tensor(self.shift)
            return _normalized(maps, scale, shift, self.epsilon)
        rows = each("Mean", tf.reduce_mean(maps, axis=2, keepdims=True))
        centred = each("sub", maps - each("Mean_1", tf.reduce_mean(rows, axis=1, keepdims=True)))
        rows = each("Mean_2", tf.reduce_mean(each("mul", centred * centred), axis=2, keepdims=True))
        variance = each("Mean_3", tf.reduce_mean(rows, axis=1, keepdims=True))
        deviation = each("Rsqrt", tf.math.rsqrt(each("add", variance + self.epsilon)))
        factor = each("mul_1", deviation * each("scale", self.scale))
        return each("add_1", each("mul_2", centred * factor) + each("shift", self.shift))

    def get_config(self) -> dict[str, Any]:
        """The layer's options as plain data."""
        return {**super().get_config(), "epsilon": self.epsilon}


@keras.saving.register_keras_serializable(PACKAGE)
class SpaceToDepth(keras.layers.Layer):
    """Moves 2x2 pixels into channels: `(B, H, W, C)` to `(B, H/2, W/2, 4C)`, as `tf.nn.space_to_depth`.

    A stride-2 convolution with a constant kernel of zeros and ones: exact, and it exists in every type and on
    every back end, which SPACE_TO_DEPTH does not. Training takes that, which is faster.
    """

    def build(self, input_shape: tf.TensorShape) -> None:
        """Make the constant kernel."""
        channels = input_shape[-1]
        kernel = np.zeros((2, 2, channels, 4 * channels), np.float32)
        for row, column, channel in np.ndindex(2, 2, channels):
            kernel[row, column, channel, (2 * row + column) * channels + channel] = 1.0
        self._kernel = kernel
        super().build(input_shape)

    def call(self, photo: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Rearrange `(B, H, W, C)`."""
        if training:
            return tf.nn.space_to_depth(photo, 2)
        return tf.nn.conv2d(photo, tf.constant(self._kernel, photo.dtype), strides=2, padding="VALID")


@keras.saving.register_keras_serializable(PACKAGE)
class PhotoColours(keras.layers.Layer):
    """The three colours of the input tensor without its depth: `(B, H, W, 4)` to `(B, H, W, 3)`."""

    def call(self, photo: tf.Tensor) -> tf.Tensor:
        """Take the first three channels."""
        return photo[..., :3]


@keras.saving.register_keras_serializable(PACKAGE)
class DirectHead(SteppedLayer):
    """The paper's head: `0.58 * tanh(x) + 0.5`, in -0.08..1.08; `(B, H, W, 3)` to `(B, H, W, 3)`."""

    def steps(self, maps: tf.Tensor, each: Each, training: bool = False) -> tf.Tensor:
        """As `call`, with every tensor on the way through `each`; the convolution and its bias are one step."""
        half = tf.fill([_COLOURS], tf.constant(0.5, maps.dtype))
        return each("BiasAdd", tf.nn.bias_add(_scaled(each("Tanh", tf.tanh(maps)), training), half))


@keras.saving.register_keras_serializable(PACKAGE)
class ResidualHead(SteppedLayer):
    """The photo plus a bounded correction: `photo + 0.58 * tanh(x)`, in -0.58..1.58; `(B, H, W, 3)` twice to one."""

    def steps(self, inputs: tuple[tf.Tensor, tf.Tensor], each: Each, training: bool = False) -> tf.Tensor:
        """As `call`, with every tensor on the way through `each`."""
        photo, maps = inputs
        return each("add", photo + _bounded(maps, each, training))


@keras.saving.register_keras_serializable(PACKAGE)
class BlendHead(SteppedLayer):
    """Chooses between the photo and two blurred ones, pixel by pixel, and corrects the result.

    With two gates a and b, `s = softer + sigmoid(b) * (soft - softer)`, and the picture is
    `s + sigmoid(a + 4) * (photo - s) + 0.58 * tanh(c)` with three maps c. It starts near the photo, as
    `ResidualHead` does, but blurs detail away by closing a gate instead of by drawing its negative, for which a narrow
    network has too few maps. Three pictures `(B, H, W, 3)`, maps `(B, H, W, 3)` and gates `(B, H, W, 2)` to
    `(B, H, W, 3)`; gates come apart from maps because they are larger: in integers each has its own scale.
    """

    def steps(
        self, inputs: tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor], each: Each, training: bool = False
    ) -> tf.Tensor:
        """As `call`, with every tensor on the way through `each`."""
        photo, soft, softer, maps, gates = inputs
        gate = each("Sigmoid", tf.sigmoid(each("strided_slice", gates[..., 1:])))
        background = each("add", softer + each("mul", gate * each("sub", soft - softer)))
        opened = each("add_1", each("strided_slice_1", gates[..., :1]) + _OPEN)
        detail = each("mul_1", each("Sigmoid_1", tf.sigmoid(opened)) * each("sub_1", photo - background))
        blended = each("add_2", background + detail)
        return each("add_3", blended + _bounded(maps, each, training))


OWN_LAYERS: dict[str, type[keras.layers.Layer]] = {
    layer.__name__: layer for layer in (InstanceNorm, SpaceToDepth, PhotoColours, DirectHead, ResidualHead, BlendHead)
}


def _normalized(maps: tf.Tensor, scale: tf.Tensor, shift: tf.Tensor, epsilon: float) -> tf.Tensor:
    """`InstanceNorm`'s function with its gradient as a formula, which reads the maps less often than the chain rule.

    With d the upstream gradient, c the centred maps and r the reciprocal deviation, that of the maps is
    `r * scale * (d - mean(d) - c * r^2 * mean(d * c))` (Ioffe and Szegedy, arXiv 1502.03167, for one picture).
    """

    @tf.custom_gradient
    def normalized(maps: tf.Tensor, scale: tf.Tensor, shift: tf.Tensor) -> tuple[tf.Tensor, Callable[..., Any]]:
        centred = maps - _mean(maps)
        deviation = tf.math.rsqrt(_mean(centred * centred) + epsilon)

        def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
            plain, along = _mean(upstream), _mean(upstream * centred)
            of_maps = deviation * scale * (upstream - (plain + centred * (along * deviation * deviation)))
            pixels = tf.cast(tf.shape(maps)[1] * tf.shape(maps)[2], maps.dtype)
            of_scale, of_shift = (tf.reduce_sum(means, axis=(0, 1, 2)) * pixels for means in (along * deviation, plain))
            return of_maps, of_scale, of_shift

        return centred * (deviation * scale) + shift, gradient

    return normalized(maps, scale, shift)


def _mean(maps: tf.Tensor) -> tf.Tensor:
    """Over the picture: `(B, H, W, C)` to `(B, 1, 1, C)`."""
    return tf.reduce_mean(maps, axis=(1, 2), keepdims=True)


def _bounded(maps: tf.Tensor, each: Each, training: bool) -> tf.Tensor:
    """`0.58 * tanh(x)`."""
    return each("Conv2D", _scaled(each("Tanh", tf.tanh(maps)), training))


def _scaled(maps: tf.Tensor, training: bool) -> tf.Tensor:
    """`0.58 * x`; but in training by a constant 1x1 convolution: the 16-bit converter refuses a product after tanh."""
    if training:
        return CORRECTION_LIMIT * maps
    scale = CORRECTION_LIMIT * np.eye(_COLOURS, dtype=np.float32)[np.newaxis, np.newaxis]
    return tf.nn.conv2d(maps, tf.constant(scale, maps.dtype), strides=1, padding="VALID")
