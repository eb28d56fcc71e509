"""PyNET as one writes it plainly in TensorFlow 2, without a thought for converters and phones."""

from __future__ import annotations

import tensorflow as tf
import tf_keras as keras

from calib_data.sizes import PhotoSize
from pynet_tf.layers import BlendHead, DirectHead, InstanceNorm, ResidualHead, SpaceToDepth

_LEVEL = "level1"


class PlainInstanceNorm(InstanceNorm):
    """Instance norm by moments; `(B, H, W, C)` to the same."""

    def call(self, maps: tf.Tensor) -> tf.Tensor:
        """Normalize `(B, H, W, C)`."""
        mean, variance = tf.nn.moments(maps, (1, 2), keepdims=True)
        return tf.nn.batch_normalization(maps, mean, variance, self.shift, self.scale, self.epsilon)


class PlainSpaceToDepth(keras.layers.Layer):
    """`tf.nn.space_to_depth`; `(B, H, W, C)` to `(B, H/2, W/2, 4C)`."""

    def call(self, photo: tf.Tensor) -> tf.Tensor:
        """Rearrange `(B, H, W, C)`."""
        return tf.nn.space_to_depth(photo, 2)


class PlainDirectHead(keras.layers.Layer):
    """`0.58 * tanh(x) + 0.5`; `(B, H, W, 3)` to `(B, H, W, 3)`."""

    def call(self, maps: tf.Tensor) -> tf.Tensor:
        """Turn three maps into a picture."""
        return 0.58 * tf.tanh(maps) + 0.5


class PlainResidualHead(keras.layers.Layer):
    """`photo + 0.58 * tanh(x)`; `(B, H, W, 3)` twice to one."""

    def call(self, inputs: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        """Correct the resized photo `inputs[0]` by the maps `inputs[1]`."""
        photo, maps = inputs
        return photo + 0.58 * tf.tanh(maps)


class PlainBlendHead(keras.layers.Layer):
    """The blend, written as its formula; three pictures and maps `(B, H, W, 3)` and two gates to one picture."""

    def call(self, inputs: tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]) -> tf.Tensor:
        """Blend the photo and two blurred ones by the gates, and correct the result by the maps."""
        photo, soft, softer, maps, gates = inputs
        blurred, sharp = tf.sigmoid(gates[..., 1:2]), tf.sigmoid(gates[..., 0:1] + 4.0)
        background = blurred * soft + (1.0 - blurred) * softer
        return sharp * photo + (1.0 - sharp) * background + 0.58 * tf.tanh(maps)


_PLAIN: dict[type[keras.layers.Layer], type[keras.layers.Layer]] = {
    InstanceNorm: PlainInstanceNorm,
    SpaceToDepth: PlainSpaceToDepth,
    DirectHead: PlainDirectHead,
    ResidualHead: PlainResidualHead,
    BlendHead: PlainBlendHead,
}


def plain_network(model: keras.Model) -> keras.Model:
    """The same network with plain layers: same names, weights, input and outputs as `model`, a PyNET."""
    network = keras.models.clone_model(model, clone_function=_plain_layer)
    for layer in network.layers:
        layer.set_weights(model.get_layer(layer.name).get_weights())
    return network


def plain_renderer(model: keras.Model, size: PhotoSize) -> keras.Model:
    """The plain network at one size: `photo` `(1, H/2, W/2, C)` to the full-size picture `(1, H, W, 3)`, both 0..1."""
    network = plain_network(keras.Model(model.input, model.output[_LEVEL]))
    photo = keras.Input((*size.tensor, model.input_shape[-1]), batch_size=1, name="photo")
    picture = keras.layers.Activation("linear", name="bokeh")(tf.clip_by_value(network(photo), 0.0, 1.0))
    return keras.Model(photo, picture)


def _plain_layer(layer: keras.layers.Layer) -> keras.layers.Layer:
    return _PLAIN.get(type(layer), type(layer)).from_config(layer.get_config())
