"""Norm strategies: what becomes of instance norm before a network is made ready for integers.

`instance` keeps it. `frozen` takes each map's mean and variance from photos, once for all, so that the norm is a
product and a sum that fold into the convolution before it. What is left is a plain PyNET without norm: no mean over the
picture for an NPU to lack or to round, and no tile that looks other than its neighbour because its mean differs. It is
no longer the same function, so that it is fine-tuned with the original as its teacher.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np
import tensorflow as tf
import tf_keras as keras
from numpy.typing import NDArray

from calib_data.errors import UserError
from pynet_tf.growth import copy_weights
from pynet_tf.layers import InstanceNorm
from pynet_tf.model_files import config_of
from pynet_tf.network import build_pynet
from quantize.graph import layers_of, walk

_MEAN, _VARIANCE = "Mean_1", "Mean_3"
_SUFFIX = "_norm"

Picture = NDArray[np.float32]


def keep(model: keras.Model, photos: Iterable[Picture]) -> keras.Model:
    """The network as it is."""
    return model


def freeze(model: keras.Model, photos: Iterable[Picture]) -> keras.Model:
    """The network with statistics from photos, folded into its convolutions.

    Each norm's statistics are taken behind norms that are frozen already, over all photos at once.

    Args:
        model: A PyNET that builds level 1.
        photos: Input tensors `(1, H/2, W/2, C)` of one size, 0..1.

    Returns:
        A PyNET without norm.

    Raises:
        UserError: There are no photos, or the network has no norm.
    """
    config = config_of(model)
    if config.norm != "instance":
        raise UserError("the network has no instance norm to freeze.", "Take the norm strategy instance.")
    batch = list(photos)
    if not batch:
        raise UserError("there are no photos to take statistics from.", "Name a folder with photos.")
    result = build_pynet(replace(config, norm="none"))
    copy_weights(model, result)
    norms = [layer for layer in model.layers if isinstance(layer, InstanceNorm)]
    needed = layers_of(model)
    up_to_last = max((needed.index(norm.name) + 1 for norm in norms), default=0)
    seen = _Statistics()
    walk(model, tf.constant(np.concatenate(batch)), seen, needed[:up_to_last], kept=())
    for norm in norms:
        _fold(norm, seen, result.get_layer(norm.name.removesuffix(_SUFFIX)))
    return result


NORMS: dict[str, Callable[[keras.Model, Iterable[Picture]], keras.Model]] = {"instance": keep, "frozen": freeze}
"""Every strategy by name: from a network and photos to the network that is tuned."""


class _Statistics:
    """An observer that gives every photo the mean and variance of all."""

    def __init__(self) -> None:
        self.found: dict[tuple[str, str], Picture] = {}

    def tensor(self, name: str, values: tf.Tensor) -> tf.Tensor:
        layer, _, step = name.partition("/")
        if step not in {_MEAN, _VARIANCE}:
            return values
        common = tf.reduce_mean(values, axis=0, keepdims=True)
        self.found[layer, step] = common.numpy().reshape(-1)
        return common

    def constant(self, name: str, values: tf.Tensor) -> tf.Tensor:
        return values

    def kernel(self, layer: str, values: tf.Tensor, axis: int) -> tf.Tensor:
        return values


def _fold(norm: InstanceNorm, seen: _Statistics, convolution: keras.layers.Conv2D) -> None:
    """Make a convolution compute what it and the norm with fixed statistics compute."""
    mean, variance = seen.found[norm.name, _MEAN], seen.found[norm.name, _VARIANCE]
    factor = norm.scale.numpy() / np.sqrt(variance + norm.epsilon)
    kernel, bias = convolution.get_weights()
    convolution.set_weights([kernel * factor, (bias - mean) * factor + norm.shift.numpy()])
