"""Maps that are joined with larger ones are made as large, so that one range for all serves them too.

What a convolution with a leaky ReLU gives is multiplied by a power of two, and the kernels of all that read it are
divided by it: the same function to the last bits, as a leaky ReLU, a pool and a join let a factor through (a form of
cross-layer equalization, Nagel et al., arXiv 1906.04721). A norm, a sum or a head would not; what reaches one stays.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import tensorflow as tf
import tf_keras as keras
from numpy.typing import NDArray

from pynet_tf.growth import copy_weights
from pynet_tf.model_files import config_of
from pynet_tf.network import build_pynet
from quantize.graph import OUTPUT, Observer, layers_of, parents, spread, walk
from quantize.scheme import make_scheme

Picture = NDArray[np.float32]
_SHARE = 0.9999  # of the values of a tensor; rare lights are not what its size is
_LOOKED_AT = 1 << 18  # values of a tensor
_CONVOLUTIONS = (keras.layers.Conv2D, keras.layers.Conv2DTranspose)
_LETTING_THROUGH = (keras.layers.MaxPooling2D, keras.layers.Concatenate)


def enlarge(model: keras.Model, photos: Iterable[Picture]) -> keras.Model:
    """The network with what is joined made as large, by powers of two, as the largest that it shares a range with.

    Args:
        model: A PyNET that builds level 1.
        photos: Input tensors `(1, H/2, W/2, C)`, 0..1.

    Returns:
        A PyNET of the same function; the same one if nothing is to be made larger.
    """
    factors = _factors(model, photos)
    if not factors:
        return model
    result = build_pynet(config_of(model))
    copy_weights(model, result)
    read = parents(result)
    scaled = dict(factors)
    for layer in result.layers:
        name, given = layer.name, read.get(layer.name, [])
        if isinstance(layer, _LETTING_THROUGH):
            found = [scaled.get(parent, 1.0) for parent in given]
            if any(np.any(factor != 1) for factor in found):
                widths = [result.get_layer(parent).output_shape[-1] for parent in given]
                pairs = zip(found, widths, strict=True)
                scaled[name] = np.concatenate([np.broadcast_to(factor, width) for factor, width in pairs])
        elif isinstance(layer, _CONVOLUTIONS):
            _multiply(layer, factors.get(f"{name}_leaky", 1.0), scaled.get(given[0], 1.0))
    return result


def _multiply(layer: keras.layers.Conv2D, by: float, divided: float | NDArray[np.float64]) -> None:
    """Make a convolution's result `by` times as large, while what it reads has become `divided` times as large."""
    kernel, *bias = layer.get_weights()
    shape = (-1,) if isinstance(layer, keras.layers.Conv2DTranspose) else (-1, 1)
    kernel = kernel * by / np.reshape(divided, shape)
    layer.set_weights([kernel, *(one * by for one in bias)])


def _factors(model: keras.Model, photos: Iterable[Picture]) -> dict[str, float]:
    """For each leaky ReLU that may be made larger and gains by it, the factor."""
    group, scalable = make_scheme(model, ()).group, set(_scalable(model))
    members = [layer.name for layer in model.layers if isinstance(layer, keras.layers.LeakyReLU)]
    seen = _Sizes(frozenset(members))
    needed = layers_of(model)
    for photo in photos:
        walk(model, tf.constant(photo), seen, needed, kept=())
    largest: dict[str, float] = {}
    for name, size in seen.found.items():
        largest[group[name]] = max(largest.get(group[name], 0.0), size)
    ratios = {name: largest[group[name]] / size for name, size in seen.found.items() if name in scalable and size > 0}
    return {name: float(2 ** np.floor(np.log2(ratio))) for name, ratio in ratios.items() if ratio >= 2}


def _scalable(model: keras.Model) -> Iterable[str]:
    """Leaky ReLUs right behind a convolution, all of whose readers let a factor through to convolutions."""
    read = parents(model)
    readers: dict[str, list[str]] = {}
    for name, given in read.items():
        for parent in given:
            readers.setdefault(parent, []).append(name)

    def absorbed(name: str) -> bool:
        return all(
            isinstance(model.get_layer(reader), _CONVOLUTIONS)
            or (isinstance(model.get_layer(reader), _LETTING_THROUGH) and absorbed(reader))
            for reader in readers.get(name, [OUTPUT])
        )

    for layer in model.layers:
        if isinstance(layer, keras.layers.LeakyReLU) and absorbed(layer.name):
            (parent,) = read[layer.name]
            if isinstance(model.get_layer(parent), _CONVOLUTIONS):
                yield layer.name


@dataclass
class _Sizes(Observer):
    """An observer that notes how large tensors are: of all photos the largest of their quantiles."""

    wanted: frozenset[str]
    found: dict[str, float] = field(default_factory=dict)

    def tensor(self, name: str, values: tf.Tensor) -> tf.Tensor:
        if name in self.wanted:
            size = float(np.quantile(np.abs(spread(values.numpy(), _LOOKED_AT)), _SHARE))
            self.found[name] = max(self.found.get(name, 0.0), size)
        return values
