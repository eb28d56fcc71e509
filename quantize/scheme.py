"""Which tensors of a PyNET are integers, which of them share a range, and which ranges are fixed.

- A convolution and its leaky ReLU are one unit of two tensors: runtimes never fuse the two.
- What only moves or picks values (joins, pools, resizing, slices) has the range of what it reads, so that no runtime
  has to scale anything anew.
- Photos and blends of photos are 0..1; a sigmoid has the scale that its kernels know, and beyond 8 it is 0 or 1 to 8
  bits.
- Differences of photos have the photos' own step of 1/255: subtracting, and adding to a photo again, round nothing.
- What a leaky ReLU reads may be cut more below zero than above: errors there are divided by five.
- A layer that stays float gives integers only to integer layers that read it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

import tensorflow as tf
import tf_keras as keras

from calib_data.errors import UserError
from pynet_tf.layers import PhotoColours, SpaceToDepth
from pynet_tf.network import INPUT_NAME, TENSOR_MULTIPLE
from quantize.graph import OUTPUT, Observer, layers_of, parents, walk

Range = tuple[float, float]

_HEAD = (OUTPUT, f"{OUTPUT}_photo")
RECIPES: dict[str, tuple[str, ...]] = {"int8": ("*_norm", *_HEAD), "int8-full": ()}
"""Patterns of the layers that each recipe leaves in float: `int8` the norms, and what the head does with the photo."""

_PHOTO: Range = (0.0, 1.0)
_STEPS: dict[str, Range] = {
    "Sigmoid": (0.0, 255 / 256),
    "Sigmoid_1": (0.0, 255 / 256),
    "add": _PHOTO,
    "add_1": (-8.0, 8.0),
    "add_2": _PHOTO,
}
_DIFFERENCES = ("sub", "mul", "sub_1", "mul_1")
_SAME_RANGE = (
    keras.layers.Concatenate,
    keras.layers.MaxPooling2D,
    keras.layers.AveragePooling2D,
    keras.layers.UpSampling2D,
    PhotoColours,
    SpaceToDepth,
)


@dataclass(frozen=True)
class Scheme:
    """How a network is quantized.

    Attributes:
        layers: All layers of the full-size picture, in order.
        read: For each layer the layers whose outputs it reads.
        in_float: The layers that stay float.
        group: For each tensor that is an integer, the tensor in whose name its range is kept.
        fixed: The ranges that are known beforehand, by group.
        ways: How a learnt group's range is chosen, by `quantize.calibration`; groups that are not named take
            percentiles.
    """

    layers: tuple[str, ...]
    read: dict[str, list[str]]
    in_float: frozenset[str]
    group: dict[str, str]
    fixed: dict[str, Range]
    ways: dict[str, str] = field(default_factory=dict)

    @property
    def learnt(self) -> list[str]:
        """The groups whose ranges are learnt, in order."""
        return sorted(set(self.group.values()) - set(self.fixed))

    def integers(self, in_float: Collection[str]) -> frozenset[str]:
        """The tensors that are integers if these layers stay float.

        A layer's output is one if the layer computes with integers or a layer that does so reads it.
        """
        layers = {layer for layer in (INPUT_NAME, *self.layers) if layer not in in_float}
        given = layers | {parent for layer in layers - {INPUT_NAME} for parent in self.read[layer]}
        return frozenset(name for name in self.group if name in given or name.partition("/")[0] in layers)


def make_scheme(model: keras.Model, in_float: Iterable[str] = RECIPES["int8"]) -> Scheme:
    """The scheme of a network.

    Args:
        model: A PyNET that builds level 1.
        in_float: Patterns (`*`) of the layers that stay float.

    Raises:
        UserError: The model does not build level 1, or a pattern matches no layer of one that has such layers.
    """
    if OUTPUT not in model.output_names:
        raise UserError(
            f"the model builds {', '.join(model.output_names)}, but a phone needs level1.",
            "Train it down to level 1: python -m pynet_tf.train --levels 7-1.",
        )
    layers, kinds = layers_of(model), {layer.name: type(layer) for layer in model.layers}
    names = _tensors(model, layers)
    floats = frozenset(layer for layer in layers if any(fnmatchcase(layer, pattern) for pattern in in_float))
    read, roots = parents(model), _Roots(names)
    for layer in layers:
        if issubclass(kinds[layer], _SAME_RANGE):
            for parent in read[layer]:
                roots.join(layer, parent)
    for name in names:
        if name.startswith(f"{OUTPUT}/strided_slice"):
            roots.join(name, read[OUTPUT][-1])
    everything = Scheme(tuple(layers), read, frozenset(), {name: roots.of(name) for name in names}, {})
    integers = everything.integers(floats)
    group = {name: root for name, root in everything.group.items() if name in integers}
    fixed = {roots.of(name): _PHOTO for name in (INPUT_NAME, OUTPUT)}
    fixed |= {f"{OUTPUT}/{step}": span for step, span in _STEPS.items() if f"{OUTPUT}/{step}" in names}
    ways = {f"{OUTPUT}/{step}": "window" for step in _DIFFERENCES}
    ways |= dict.fromkeys(_only_for_leaky(kinds, everything), "leaky")
    return replace(everything, in_float=floats, group=group, fixed=fixed, ways=ways)


def known_ranges(model: keras.Model) -> dict[str, Range]:
    """The ranges of all tensors of a network that are known without photos, by `layer` or `layer/step`."""
    scheme = make_scheme(model, ())
    return {name: scheme.fixed[group] for name, group in scheme.group.items() if group in scheme.fixed}


def _only_for_leaky(kinds: Mapping[str, type], scheme: Scheme) -> Iterator[str]:
    """The tensors that nothing but a leaky ReLU reads, and that share their range with none."""
    shared = Counter(scheme.group.values())
    readers = Counter(parent for layer in scheme.layers for parent in scheme.read[layer])
    for layer in scheme.layers:
        if issubclass(kinds[layer], keras.layers.LeakyReLU):
            (parent,) = scheme.read[layer]
            if readers[parent] == 1 and shared[scheme.group[parent]] == 1:
                yield parent


def in_float_of(recipe: str) -> tuple[str, ...]:
    """The layers that a recipe leaves in float, as patterns.

    Raises:
        UserError: There is no such recipe for training.
    """
    if recipe not in RECIPES:
        raise UserError(f"ranges cannot be learnt for the recipe {recipe!r}.", f"Take one of {', '.join(RECIPES)}.")
    return RECIPES[recipe]


class _Roots:
    """Sets of tensors of one range, each known by its first member."""

    def __init__(self, names: Iterable[str]) -> None:
        self._order = {name: place for place, name in enumerate(names)}
        self._above = {name: name for name in self._order}

    def of(self, name: str) -> str:
        while self._above[name] != name:
            name = self._above[name]
        return name

    def join(self, one: str, other: str) -> None:
        first, second = sorted((self.of(one), self.of(other)), key=self._order.__getitem__)
        self._above[second] = first


class _Names(Observer):
    """An observer that takes down the names of tensors."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def tensor(self, name: str, values: tf.Tensor) -> tf.Tensor:
        self.names.append(name)
        return values


def _tensors(model: keras.Model, layers: list[str]) -> list[str]:
    """All tensors' names, in order, by walking over a tiny picture."""
    seen = _Names()
    walk(model, tf.zeros((1, TENSOR_MULTIPLE, TENSOR_MULTIPLE, model.input_shape[-1])), seen, layers)
    return seen.names
