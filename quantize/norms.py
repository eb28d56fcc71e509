"""Norm strategies: what becomes of instance norm before a network is made ready for integers.

`instance` keeps it, with maps of one size before it. `frozen` takes each map's mean and variance from photos, once
for all, so that the norm is a product and a sum that fold into the convolution before it. What is left is a plain PyNET
without norm: no mean over the picture for an NPU to lack or to round, and no tile that looks other than its neighbour
because its mean differs. It is no longer the same function, so that it is fine-tuned with the original as its teacher.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
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
from quantize.graph import Observer, layers_of, walk

_MEAN, _VARIANCE = "Mean_1", "Mean_3"
_SUFFIX = "_norm"
_CLEAR = 28  # times epsilon: with a quarter of this variance a scaled map is off by 5 % at most

Picture = NDArray[np.float32]


def even(model: keras.Model, photos: Iterable[Picture]) -> keras.Model:
    """The network with maps of one deviation before each instance norm, so that 8 bits serve all of them alike.

    A norm takes the size of its maps away again, so that each may be scaled by a factor of its own: that brings its
    deviation to the geometric mean of all (a form of cross-layer equalization, Nagel et al., arXiv 1906.04721). What
    epsilon changes by that, the norm's scale makes up for at the photos' mean variance; elsewhere it is about 1e-5.
    Maps that hardly rise over epsilon on these photos stay as they are: on a photo where they do, nothing would.

    Args:
        model: A PyNET that builds level 1.
        photos: Input tensors `(1, H/2, W/2, C)`, 0..1.

    Returns:
        A PyNET of the same shape; the same one if it has no norm.

    Raises:
        UserError: There are no photos.
    """
    norms = _norms(model)
    if not norms:
        return model
    seen = _Statistics()
    needed = layers_of(model)
    for photo in photos:
        walk(model, tf.constant(photo), seen, _up_to_last(norms, needed), kept=())
    if not seen.found:
        raise _no_photos()
    result = build_pynet(config_of(model))
    copy_weights(model, result)
    for norm in norms:
        _scale_evenly(seen.mean(norm, _VARIANCE), _convolution_of(norm, result), result.get_layer(norm.name))
    return result


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
        raise _no_photos()
    result = build_pynet(replace(config, norm="none"))
    copy_weights(model, result)
    norms = _norms(model)
    seen = _Statistics(common=True)
    walk(model, tf.constant(np.concatenate(batch)), seen, _up_to_last(norms, layers_of(model)), kept=())
    for norm in norms:
        _fold(norm, seen, _convolution_of(norm, result))
    return result


NORMS: dict[str, Callable[[keras.Model, Iterable[Picture]], keras.Model]] = {"instance": even, "frozen": freeze}
"""Every strategy by name: from a network and photos to the network that is tuned."""


class _Statistics(Observer):
    """An observer that takes down mean and variance of maps.

    Args:
        common: Give every photo those of all, at once.
    """

    def __init__(self, common: bool = False) -> None:
        self._common = common
        self.found: dict[tuple[str, str], list[Picture]] = {}

    def mean(self, norm: InstanceNorm, step: str) -> Picture:
        """Of a norm's statistics `(C,)`, the mean over all photos."""
        return np.mean(self.found[norm.name, step], axis=0)

    def tensor(self, name: str, values: tf.Tensor) -> tf.Tensor:
        layer, _, step = name.partition("/")
        if step not in {_MEAN, _VARIANCE}:
            return values
        common = tf.reduce_mean(values, axis=0, keepdims=True)
        self.found.setdefault((layer, step), []).append(common.numpy().reshape(-1))
        return common if self._common else values


def _norms(model: keras.Model) -> list[InstanceNorm]:
    return [layer for layer in model.layers if isinstance(layer, InstanceNorm)]


def _up_to_last(norms: Sequence[InstanceNorm], layers: Sequence[str]) -> Sequence[str]:
    """The layers that the norms need."""
    return layers[: max((layers.index(norm.name) + 1 for norm in norms), default=0)]


def _convolution_of(norm: InstanceNorm, model: keras.Model) -> keras.layers.Conv2D:
    return model.get_layer(norm.name.removesuffix(_SUFFIX))


def _no_photos() -> UserError:
    return UserError("there are no photos to take statistics from.", "Name a folder with photos.")


def _scale_evenly(variance: Picture, convolution: keras.layers.Conv2D, norm: InstanceNorm) -> None:
    """Bring a convolution's maps of such variance to one deviation; its norm gives what it gave before."""
    deviation, clear = np.sqrt(variance + norm.epsilon), variance > _CLEAR * norm.epsilon
    if not clear.any():
        return
    factor = np.where(clear, np.exp(np.mean(np.log(deviation[clear]))) / deviation, 1.0)
    convolution.set_weights([weight * factor for weight in convolution.get_weights()])
    norm.scale.assign(norm.scale * np.sqrt(variance * factor**2 + norm.epsilon) / (factor * deviation))


def _fold(norm: InstanceNorm, seen: _Statistics, convolution: keras.layers.Conv2D) -> None:
    """Make a convolution compute what it and the norm with fixed statistics compute."""
    mean, variance = seen.mean(norm, _MEAN), seen.mean(norm, _VARIANCE)
    factor = norm.scale.numpy() / np.sqrt(variance + norm.epsilon)
    kernel, bias = convolution.get_weights()
    convolution.set_weights([kernel * factor, (bias - mean) * factor + norm.shift.numpy()])
