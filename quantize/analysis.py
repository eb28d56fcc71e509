"""Where 8 bits lose: each unit of a network quantized alone and left float alone, its signal to noise, its ranges."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
import tf_keras as keras
from numpy.typing import NDArray

from pynet_tf.metrics import psnr
from pynet_tf.network import INPUT_NAME
from quantize.calibration import Chosen, Histogram, Observed
from quantize.graph import OUTPUT
from quantize.proposal import Proposal, propose
from quantize.scheme import Range
from quantize.simulation import Simulation
from quantize.switched import Switched
from quantize.weights import MAPS_AXIS, WeightLoss, weight_loss

BINS = 40
_SMALLEST = 1e-20
_NARROWEST = 1e-9

Picture = NDArray[np.float32]
Watch = Callable[[Iterable[str], int, str], Iterable[str]]


@dataclass(frozen=True)
class TensorRange:
    """One learnt range.

    Attributes:
        tensor: Whose name it is kept in.
        low: Least value.
        high: Largest value.
        way: How it was chosen, of `quantize.calibration.WAYS`.
        least: Least value on the photos.
        largest: Largest value on the photos.
        histogram: Shares of the values in `BINS` bins from `least` to `largest`.
    """

    tensor: str
    low: float
    high: float
    way: str
    least: float
    largest: float
    histogram: tuple[float, ...]


@dataclass(frozen=True)
class UnitLoss:
    """What one unit costs; PSNR of the picture against the float network, dB, mean over photos.

    Attributes:
        unit: A convolution with its leaky ReLU, or another layer.
        alone: PSNR with this unit alone in integers.
        without: PSNR with all but this unit in integers.
        sqnr: Signal to noise of its output with all in integers, dB.
        operations: Its share of all multiplications and other values computed, 0..1.
        weights: What quantizing its kernel costs; None without one.
        ranges: Of its tensors.
    """

    unit: str
    alone: float
    without: float
    sqnr: float
    operations: float
    weights: WeightLoss | None
    ranges: tuple[TensorRange, ...]


@dataclass(frozen=True)
class Analysis:
    """The whole; PSNR against the float network in dB, mean over photos.

    Attributes:
        recipe: What was analysed, `int8` or `int8-full`.
        photos: How many.
        all_integers: Everything quantized.
        weights_only: Weights alone.
        activations_only: Activations alone.
        units: Unit by unit, in the network's order.
        proposal: The way back to float.
    """

    recipe: str
    photos: int
    all_integers: float
    weights_only: float
    activations_only: float
    units: tuple[UnitLoss, ...]
    proposal: Proposal


def analyze(
    simulation: Switched,
    recipe: str,
    photos: Sequence[Picture],
    ranges: Mapping[str, TensorRange],
    wished: float,
    watch: Watch,
) -> Analysis:
    """Measure unit by unit.

    Args:
        simulation: The network.
        recipe: What its scheme is of.
        photos: Input tensors `(1, H/2, W/2, C)`, 0..1.
        ranges: Of the scheme's learnt groups (`ranges_of`).
        wished: PSNR in dB that the proposal has to reach.
        watch: Wraps the units, to show how far it is; gets their number and what is done.
    """
    bench = _Bench(simulation, photos)
    units = list(simulation.units)
    operations = bench.operations()
    sqnr = bench.sqnr()
    alone = {unit: bench.measure([unit]) for unit in watch(units, len(units), "each alone in integers")}
    without = {
        unit: bench.measure([other for other in units if other != unit])
        for unit in watch(units, len(units), "each alone in float")
    }
    rows = tuple(
        UnitLoss(
            unit,
            alone[unit],
            without[unit],
            sqnr[unit],
            operations[unit],
            _weights(simulation, simulation.units[unit]),
            tuple(ranges[name] for name in _groups(simulation, simulation.units[unit]) if name in ranges),
        )
        for unit in units
    )
    everything = bench.measure(units)
    return Analysis(
        recipe=recipe,
        photos=len(photos),
        all_integers=everything,
        weights_only=bench.measure(units, activations=False),
        activations_only=bench.measure(units, weights=False),
        units=rows,
        proposal=propose(
            {unit: value for unit, value in without.items() if unit != INPUT_NAME},
            operations,
            wished,
            lambda reverted: bench.measure([unit for unit in units if unit not in reverted]),
            lambda steps: watch(steps, len(steps), "back to float"),
        ),
    )


def ranges_of(
    observed: Sequence[Observed], chosen: Mapping[str, Chosen], used: Mapping[str, Range]
) -> dict[str, TensorRange]:
    """The ranges that are used with what the photos held, by group; the way of those that photos did not choose is
    `learnt`."""
    return {
        group: _range(group, [one for photo in observed for one in photo[group]], used[group], chosen[group])
        for group in chosen
    }


def _range(group: str, histograms: Sequence[Histogram], used: Range, chosen: Chosen) -> TensorRange:
    least, largest = min(one.low for one in histograms), max(one.high for one in histograms)
    edges = np.linspace(least, max(largest, least + _NARROWEST), BINS + 1)
    shares = sum(np.histogram(one.centres, edges, weights=one.shares)[0] for one in histograms) / len(histograms)
    way = chosen.way if np.allclose(used, chosen.range) else "learnt"
    return TensorRange(group, *used, way, least, largest, tuple(np.round(shares, 6).tolist()))


class _Bench:
    """Measures a switched network against itself in float."""

    def __init__(self, simulation: Switched, photos: Sequence[Picture]) -> None:
        self._simulation = simulation
        self._photos = [tf.constant(photo) for photo in photos]
        simulation.switch(())
        self._references = [self._picture(photo) for photo in self._photos]

    def measure(self, units: Collection[str], weights: bool = True, activations: bool = True) -> float:
        self._simulation.switch(units, weights, activations)
        pairs = zip(self._references, self._photos, strict=True)
        return float(np.mean([psnr(reference, self._picture(photo)) for reference, photo in pairs]))

    def sqnr(self) -> dict[str, float]:
        """Of each unit's output with all in integers, dB."""
        ends = {unit: layers[-1] for unit, layers in self._simulation.units.items()}
        signal, noise = dict.fromkeys(ends, 0.0), dict.fromkeys(ends, _SMALLEST)
        for photo in self._photos:
            plain, quantized = self._layers(photo, ()), self._layers(photo, self._simulation.units)
            for unit, layer in ends.items():
                signal[unit] += float(tf.reduce_sum(tf.square(plain[layer])))
                noise[unit] += float(tf.reduce_sum(tf.math.squared_difference(plain[layer], quantized[layer])))
        return {unit: 10 * float(np.log10(max(signal[unit], _SMALLEST) / noise[unit])) for unit in ends}

    def operations(self) -> dict[str, float]:
        """Each unit's share of all products of convolutions and values of other layers."""
        shapes = {name: tensor.shape for name, tensor in self._layers(self._photos[0], ()).items()}
        model, counts = self._simulation.model, {}
        for unit, layers in self._simulation.units.items():
            values = sum(int(np.prod(shapes[layer])) for layer in layers)
            first = model.get_layer(layers[0])
            is_convolution = isinstance(first, keras.layers.Conv2D)
            counts[unit] = values + (_products(first.kernel.shape, shapes, first) if is_convolution else 0)
        total = sum(counts.values())
        return {unit: count / total for unit, count in counts.items()}

    def _picture(self, photo: tf.Tensor) -> Picture:
        return np.clip(self._simulation.compute(photo)[OUTPUT].numpy(), 0.0, 1.0)

    def _layers(self, photo: tf.Tensor, units: Collection[str]) -> dict[str, tf.Tensor]:
        self._simulation.switch(units)
        return self._simulation.compute(photo)


def _products(kernel: tf.TensorShape, shapes: Mapping[str, tf.TensorShape], layer: keras.layers.Layer) -> int:
    """Multiplications of a convolution; a transposed one meets each tap once for each pixel that goes in."""
    _, height, width, _ = shapes[layer.name]
    pixels = height * width
    if isinstance(layer, keras.layers.Conv2DTranspose):
        pixels //= int(np.prod(layer.strides))
    return int(np.prod(kernel)) * pixels


def _weights(simulation: Simulation, layers: Sequence[str]) -> WeightLoss | None:
    layer = simulation.model.get_layer(layers[0])
    if not isinstance(layer, keras.layers.Conv2D) or layer.name in simulation.scheme.in_float:
        return None
    return weight_loss(layer.kernel.numpy(), MAPS_AXIS[type(layer)])


def _groups(simulation: Simulation, layers: Sequence[str]) -> list[str]:
    """The groups that the unit's tensors are in, in order."""
    names = (name for name in simulation.scheme.group if name.partition("/")[0] in layers)
    return list(dict.fromkeys(simulation.scheme.group[name] for name in names))
