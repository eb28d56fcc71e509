"""The perceptual loss: mean squared difference of VGG-19's maps relu5_4 (Simonyan and Zisserman, arXiv 1409.1556)."""

from __future__ import annotations

import os
from pathlib import Path

import tensorflow as tf
import tf_keras as keras

from calib_data.errors import UserError
from pynet_tf.losses import Loss

WEIGHTS_FILE = "vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5"
_LAYER = "block5_conv4"


def perceptual_loss(weights: Path | None = None) -> Loss:
    """A loss on `(B, H, W, 3)`, 0..1, sides of 32 pixels or more.

    Args:
        weights: Keras' weights of VGG-19 without its top, an HDF5 file; Keras' cache by default.

    Raises:
        UserError: The file is not there, or holds no VGG-19.
    """
    network = keras.applications.VGG19(include_top=False, weights=None)
    file = weights or cached_weights()
    if not file.is_file():
        raise UserError(
            f"the loss vgg needs VGG-19's weights, and {file} does not exist.",
            "Run keras.applications.VGG19(include_top=False) once on a machine with network, which fills Keras' cache, "
            f"and copy {WEIGHTS_FILE} here; name it with --vgg-weights FILE, or choose losses without vgg.",
        )
    try:
        network.load_weights(str(file))
    except (ValueError, OSError, KeyError) as error:
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise UserError(f"{file} holds no weights of VGG-19: {reason}.", f"Name Keras' {WEIGHTS_FILE}.") from error
    features = keras.Model(network.input, network.get_layer(_LAYER).output, trainable=False)

    def vgg(target: tf.Tensor, output: tf.Tensor) -> tf.Tensor:
        seen = [features(keras.applications.vgg19.preprocess_input(255.0 * picture)) for picture in (target, output)]
        return tf.reduce_mean(tf.square(seen[0] - seen[1]), axis=(1, 2, 3))

    return vgg


def cached_weights() -> Path:
    """Where Keras keeps the weights that it has downloaded."""
    home = Path(os.environ.get("KERAS_HOME", Path.home() / ".keras"))
    return home / "models" / WEIGHTS_FILE
