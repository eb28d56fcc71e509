"""PyNET's own layers, written in the operations that converters and phones handle best.

Only these and plain Keras layers make up a model, each with a name, so that a saved model carries no code and
a quantization scheme can address every part.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
import tf_keras as keras

PACKAGE = "pynet_tf"
CORRECTION_LIMIT = 0.58
_OPEN = 4.0  # a gate that starts at sigmoid(4) = 0.98
_COLOURS = 3


@keras.saving.register_keras_serializable(PACKAGE)
class InstanceNorm(keras.layers.Layer):
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

    def call(self, maps: tf.Tensor) -> tf.Tensor:
        """Normalize `(B, H, W, C)`."""
        centred = maps - _mean_of_rows_then_columns(maps)
        variance = _mean_of_rows_then_columns(centred * centred)
        return centred * (tf.math.rsqrt(variance + self.epsilon) * self.scale) + self.shift

    def get_config(self) -> dict[str, Any]:
        """The layer's options as plain data."""
        return {**super().get_config(), "epsilon": self.epsilon}


@keras.saving.register_keras_serializable(PACKAGE)
class SpaceToDepth(keras.layers.Layer):
    """Moves 2x2 pixels into channels: `(B, H, W, C)` to `(B, H/2, W/2, 4C)`, as `tf.nn.space_to_depth`.

    A stride-2 convolution with a constant kernel of zeros and ones: exact, and it exists in every type and on
    every back end, which SPACE_TO_DEPTH does not.
    """

    def build(self, input_shape: tf.TensorShape) -> None:
        """Make the constant kernel."""
        channels = input_shape[-1]
        kernel = np.zeros((2, 2, channels, 4 * channels), np.float32)
        for row, column, channel in np.ndindex(2, 2, channels):
            kernel[row, column, channel, (2 * row + column) * channels + channel] = 1.0
        self._kernel = kernel
        super().build(input_shape)

    def call(self, photo: tf.Tensor) -> tf.Tensor:
        """Rearrange `(B, H, W, C)`."""
        return tf.nn.conv2d(photo, tf.constant(self._kernel, photo.dtype), strides=2, padding="VALID")


@keras.saving.register_keras_serializable(PACKAGE)
class PhotoColours(keras.layers.Layer):
    """The three colours of the input tensor without its depth: `(B, H, W, 4)` to `(B, H, W, 3)`."""

    def call(self, photo: tf.Tensor) -> tf.Tensor:
        """Take the first three channels."""
        return photo[..., :3]


@keras.saving.register_keras_serializable(PACKAGE)
class DirectHead(keras.layers.Layer):
    """The paper's head: `0.58 * tanh(x) + 0.5`, in -0.08..1.08; `(B, H, W, 3)` to `(B, H, W, 3)`."""

    def call(self, maps: tf.Tensor) -> tf.Tensor:
        """Turn three maps into a picture."""
        return tf.nn.bias_add(_bounded(maps), tf.fill([_COLOURS], tf.constant(0.5, maps.dtype)))


@keras.saving.register_keras_serializable(PACKAGE)
class ResidualHead(keras.layers.Layer):
    """The photo plus a bounded correction: `photo + 0.58 * tanh(x)`, in -0.58..1.58; `(B, H, W, 3)` twice to one."""

    def call(self, inputs: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        """Correct the resized photo `inputs[0]` by the maps `inputs[1]`."""
        photo, maps = inputs
        return photo + _bounded(maps)


@keras.saving.register_keras_serializable(PACKAGE)
class BlendHead(keras.layers.Layer):
    """Chooses between the photo and two blurred ones, pixel by pixel, and corrects the result.

    Of five maps the first two are gates: `s = softer + sigmoid(b) * (soft - softer)`, and the picture is
    `s + sigmoid(a + 4) * (photo - s) + 0.58 * tanh(c)` with the other three maps c. It starts near the photo, as
    `ResidualHead` does, but blurs detail away by closing a gate instead of by drawing its negative, for which a narrow
    network has too few maps. Three pictures `(B, H, W, 3)` and maps `(B, H, W, 5)` to `(B, H, W, 3)`.
    """

    def call(self, inputs: tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]) -> tf.Tensor:
        """Blend the resized photo `inputs[0]` with `inputs[1]` and the softer `inputs[2]` by the maps `inputs[3]`."""
        photo, soft, softer, maps = inputs
        background = softer + tf.sigmoid(maps[..., 1:2]) * (soft - softer)
        blended = background + tf.sigmoid(maps[..., :1] + _OPEN) * (photo - background)
        return blended + _bounded(maps[..., 2:])


OWN_LAYERS: dict[str, type[keras.layers.Layer]] = {
    layer.__name__: layer for layer in (InstanceNorm, SpaceToDepth, PhotoColours, DirectHead, ResidualHead, BlendHead)
}


def _bounded(maps: tf.Tensor) -> tf.Tensor:
    """`0.58 * tanh(x)`, scaled by a constant 1x1 convolution: the 16-bit converter refuses a product after tanh."""
    scale = CORRECTION_LIMIT * np.eye(_COLOURS, dtype=np.float32)[np.newaxis, np.newaxis]
    return tf.nn.conv2d(tf.tanh(maps), tf.constant(scale, maps.dtype), strides=1, padding="VALID")


def _mean_of_rows_then_columns(maps: tf.Tensor) -> tf.Tensor:
    rows = tf.reduce_mean(maps, axis=2, keepdims=True)
    return tf.reduce_mean(rows, axis=1, keepdims=True)
