"""Ranges from photographs, by percentiles: the way that leaves the picture nearest to the float network's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import tensorflow as tf
import tf_keras as keras
from numpy.typing import NDArray

from calib_data.errors import UserError
from pynet_tf.network import LEAKY_SLOPE
from quantize.graph import OUTPUT, Observer, spread, walk
from quantize.scheme import Range, Scheme, make_scheme

_BINS = 1024
_BINS_OF_ALL = 4096
_LEVELS = 255
_COUNTED = 1 << 18  # so many values of a tensor, evenly spread, are counted; its extremes are those of all
_OUTSIDE = 5e-5  # the share of values that `percentile` leaves outside, half of it at each end
_SHARES = np.linspace(0.2, 1.0, 33)
_SMALLEST = 1e-6
_NO_PHOTOS, _NAME_SOME = "there are no photos to calibrate on.", "Name a folder with photos."

Values = NDArray[np.float64]


@dataclass
class Histogram:
    """What one tensor, or several of one range, held on one photo.

    Attributes:
        low: Least value.
        high: Largest value.
        centres: Middles of the bins.
        shares: Share of the values in each bin, of a sum of 1.
    """

    low: float
    high: float
    centres: Values
    shares: Values

    @classmethod
    def of(cls, values: NDArray[np.float32]) -> Histogram:
        """That of a tensor of any shape."""
        low, high = float(values.min()), float(values.max())
        counted = spread(values, _COUNTED).astype(np.float64)
        counts, edges = np.histogram(counted, _BINS, (low, max(high, low + _SMALLEST)))
        return cls(low, high, (edges[1:] + edges[:-1]) / 2, counts / counted.size)

    def with_another(self, other: Histogram, share: float) -> Histogram:
        """Both as one, of which the other has a share; `self`'s bins stay what they are while its range does."""
        low, high = min(self.low, other.low), max(self.high, other.high)
        counts, edges = np.histogram(
            np.concatenate([self.centres, other.centres]),
            _BINS_OF_ALL,
            (low, max(high, low + _SMALLEST)),
            weights=np.concatenate([self.shares * (1 - share), other.shares * share]),
        )
        return Histogram(low, high, (edges[1:] + edges[:-1]) / 2, counts)

    def error(self, span: Range) -> float:
        """Mean squared error of 8 bits: rounding, as evenly distributed, and clipping."""
        low, high = span
        outside = np.maximum(low - self.centres, 0) + np.maximum(self.centres - high, 0)
        step = (high - low) / _LEVELS
        inside = float(self.shares[outside == 0].sum())
        return inside * step**2 / 12 + float(self.shares @ outside**2)


Photos = list[list[Histogram]]
"""For each photo the histograms of the tensors that share a range."""
Observed = dict[str, list[Histogram]]
"""Of one photo, the histograms of each group's tensors."""


def _minmax(photos: Photos) -> Range:
    return _with_zero(min(one.low for one in _flat(photos)), max(one.high for one in _flat(photos)))


def _median(photos: Photos) -> Range:
    lows = [min(one.low for one in photo) for photo in photos]
    highs = [max(one.high for one in photo) for photo in photos]
    return _with_zero(float(np.median(lows)), float(np.median(highs)))


def _percentile(photos: Photos) -> Range:
    return _all_but(photos, _OUTSIDE / 2, _OUTSIDE / 2)


def _leaky(photos: Photos) -> Range:
    """As many times more are cut below zero as the leaky ReLU divides their errors by."""
    return _all_but(photos, _OUTSIDE / 2 / LEAKY_SLOPE, _OUTSIDE / 2)


def _all_but(photos: Photos, share_below: float, share_above: float) -> Range:
    centres = np.concatenate([one.centres for one in _flat(photos)])
    shares = np.concatenate([one.shares for one in _flat(photos)])
    order = np.argsort(centres)
    reached = np.cumsum(shares[order]) / shares.sum()
    ends = np.searchsorted(reached, [share_below, 1 - share_above])
    low, high = centres[order][np.minimum(ends, len(order) - 1)]
    return _with_zero(float(low), float(high))


def _least_error(photos: Photos) -> Range:
    """One end after the other, among shares of the extremes."""
    low, high = extremes = _minmax(photos)
    for _ in range(2):
        high = min((share * extremes[1] for share in _SHARES), key=lambda end: error_of(photos, (low, end)))
        low = min((share * extremes[0] for share in _SHARES), key=lambda end: error_of(photos, (end, high)))
    return _with_zero(low, high)


def _window(photos: Photos) -> Range:
    """256 steps of a photo, 1/255 each, round what percentiles leave inside.

    Where that is more than fits, its upper part: lights rise further than shadows fall.
    """
    low, high = _percentile(photos)
    spare = max(1 - (high - low), 0)
    top = min(max(round((high + spare / 2) * _LEVELS), 0), _LEVELS)
    return (top - _LEVELS) / _LEVELS, top / _LEVELS


WAYS: dict[str, Callable[[Photos], Range]] = {
    "minmax": _minmax,
    "percentile": _percentile,
    "median": _median,
    "mse": _least_error,
}
"""How any tensor's range can be chosen."""
_OWN_WAYS = {"window": _window, "leaky": _leaky}
WAY = "percentile"
"""How ranges are chosen where a scheme names no other way (docs/quantization.md tells why)."""


@dataclass(frozen=True)
class Chosen:
    """A range and how it was found.

    Attributes:
        range: Least and largest value.
        way: Of `WAYS`, `window` for differences of photos, or `leaky` for what a leaky ReLU reads.
        errors: Of each way's range, the mean squared error that 8 bits give the tensor by itself.
    """

    range: Range
    way: str
    errors: dict[str, float]


@dataclass
class _Noting(Observer):
    """An observer that keeps histograms of one photo."""

    group: Mapping[str, str]
    found: dict[str, list[Histogram]] = field(default_factory=dict)

    def tensor(self, name: str, values: tf.Tensor) -> tf.Tensor:
        if name in self.group:
            self.found.setdefault(self.group[name], []).append(_histogram(name, values.numpy()))
        return values


def calibrate(model: keras.Model, scheme: Scheme, photos: Iterable[NDArray[np.float32]]) -> dict[str, Chosen]:
    """Choose a range for every learnt group of a scheme.

    Args:
        model: A PyNET, run in float.
        scheme: Which tensors need ranges.
        photos: Input tensors `(1, H/2, W/2, C)`, 0..1; streamed.

    Raises:
        UserError: There are no photos, or a tensor's values are not finite.
    """
    return choose(observe(model, scheme, photos), scheme)


def observe(model: keras.Model, scheme: Scheme, photos: Iterable[NDArray[np.float32]]) -> list[Observed]:
    """What every learnt group of a scheme held on each photo; arguments and errors as for `calibrate`."""
    noted = list(_note(model, scheme, photos))
    if not noted:
        raise UserError(_NO_PHOTOS, _NAME_SOME)
    return noted


@dataclass(frozen=True)
class Measured:
    """Ranges of all tensors of a network, without fine-tuning.

    Attributes:
        percentiles: For 8 bits, by `WAY` or as the scheme says. Those of one group share one; what is known has the
            range that is known.
        extremes: Least and largest value of each group over all photos.
    """

    percentiles: dict[str, Range]
    extremes: dict[str, Range]


def measure(model: keras.Model, photos: Iterable[NDArray[np.float32]]) -> Measured:
    """Measure a network without a scheme's help, in memory that does not grow with the number of photos.

    Arguments and errors as for `calibrate`.
    """
    scheme = make_scheme(model, ())
    held: dict[str, Histogram] = {}
    for number, photo in enumerate(_note(model, replace(scheme, fixed={}), photos)):
        for group, histograms in photo.items():
            one = histograms[0]
            for place, other in enumerate(histograms[1:], start=2):
                one = one.with_another(other, 1 / place)
            held[group] = held[group].with_another(one, 1 / (number + 1)) if number else one
    if not held:
        raise UserError(_NO_PHOTOS, _NAME_SOME)
    percentiles = {
        group: (WAYS | _OWN_WAYS)[scheme.ways.get(group, WAY)]([[held[group]]]) for group in scheme.learnt
    } | scheme.fixed
    return Measured(
        {name: percentiles[group] for name, group in scheme.group.items()},
        {name: _minmax([[held[group]]]) for name, group in scheme.group.items()},
    )


def choose(observed: Sequence[Observed], scheme: Scheme) -> dict[str, Chosen]:
    """A range for every learnt group of a scheme, from what was observed."""
    return {
        group: _choose([photo[group] for photo in observed], scheme.ways.get(group, WAY)) for group in scheme.learnt
    }


def spans(chosen: Mapping[str, Chosen]) -> dict[str, Range]:
    """The ranges alone."""
    return {group: one.range for group, one in chosen.items()}


def error_of(photos: Photos, span: Range) -> float:
    """Mean squared error of a range, over photos and tensors."""
    return float(np.mean([one.error(span) for one in _flat(photos)]))


def _note(model: keras.Model, scheme: Scheme, photos: Iterable[NDArray[np.float32]]) -> Iterator[Observed]:
    learnt = set(scheme.learnt)
    wanted = {name: group for name, group in scheme.group.items() if group in learnt}
    for photo in photos:
        noting = _Noting(wanted)
        walk(model, tf.constant(photo), noting, scheme.layers, {OUTPUT})
        yield noting.found


def _histogram(name: str, values: NDArray[np.float32]) -> Histogram:
    low, high = float(values.min()), float(values.max())
    if not np.isfinite([low, high]).all():
        raise UserError(
            f"{name} took values from {low} to {high} on the calibration photos.",
            "Check the model's weights and look at the photos with python -m calib_data.check.",
        )
    return Histogram.of(values)


def _choose(photos: Photos, chosen: str) -> Chosen:
    ranges = {way: (WAYS | _OWN_WAYS)[way](photos) for way in dict.fromkeys((*WAYS, chosen))}
    return Chosen(ranges[chosen], chosen, {way: error_of(photos, span) for way, span in ranges.items()})


def _flat(photos: Photos) -> list[Histogram]:
    return [one for photo in photos for one in photo]


def _with_zero(low: float, high: float) -> Range:
    """Integers always hold zero, and no range is empty."""
    low, high = min(low, 0.0), max(high, 0.0)
    return low, max(high, low + _SMALLEST)
