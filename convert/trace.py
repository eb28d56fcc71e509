"""From a Keras model to a frozen function, once for all recipes."""

from __future__ import annotations

from typing import Any

import tensorflow as tf
import tf_keras as keras
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from calib_data.errors import UserError
from calib_data.sizes import PhotoSize
from pynet_tf.model_files import check_pynet

PHOTO, BOKEH, LEVEL = "photo", "bokeh", "level1"


def renderer(model: keras.Model, size: PhotoSize) -> Any:
    """The part of a model that makes the full-size picture, as a function at one size.

    Args:
        model: A PyNET that builds level 1.
        size: The photo that comes out.

    Returns:
        A `tf.function` from `photo` `(1, H/2, W/2, C)` to `(1, H, W, 3)`, both 0..1.

    Raises:
        UserError: The model is no PyNET, or does not build level 1.
    """
    check_pynet(model, model.name)
    if LEVEL not in model.output:
        raise UserError(
            f"the model builds {', '.join(model.output)}, but a phone needs level1.",
            "Train it down to level 1: python -m pynet_tf.train --levels 7-1.",
        )
    network = keras.Model(model.input, model.output[LEVEL], name="pynet")
    signature = tf.TensorSpec((1, *size.tensor, model.input_shape[-1]), tf.float32, name=PHOTO)

    @tf.function(input_signature=[signature], autograph=False)
    def render(photo: tf.Tensor) -> tf.Tensor:
        return tf.minimum(tf.nn.relu(network(photo, training=False)), 1.0)

    return render


def freeze(model: keras.Model, size: PhotoSize) -> Any:
    """Trace what `renderer` gives, with its weights as constants.

    Returns:
        A concrete function from `photo` to `bokeh`.

    Raises:
        UserError: The model is no PyNET, or does not build level 1.
    """
    return convert_variables_to_constants_v2(renderer(model, size).get_concrete_function())
