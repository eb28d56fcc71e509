"""What 8 bits cost the weights of one convolution, and whether clipping them would help."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import tf_keras as keras
from numpy.typing import NDArray

MAPS_AXIS: dict[type, int] = {keras.layers.Conv2D: 3, keras.layers.Conv2DTranspose: 2}
"""Along which axis of its kernel a layer's maps lie."""

_STEPS = 127
_SHARES = np.linspace(0.5, 1.0, 11)
_SMALLEST = 1e-20

Kernel = NDArray[np.float32]


@dataclass(frozen=True)
class WeightLoss:
    """Signal to noise of a kernel in 8 bits with a scale for each map, dB.

    Attributes:
        sqnr: With the largest weight of each map as its range.
        clipped: With the range, from half of that up to it, that loses least for each map.
        spread: Largest over smallest of the maps' ranges; what one scale for all would have to span.
    """

    sqnr: float
    clipped: float
    spread: float


def weight_loss(kernel: Kernel, axis: int) -> WeightLoss:
    """Measure a kernel of rank 4 whose maps lie along `axis`."""
    maps = np.moveaxis(kernel, axis, -1).reshape(-1, kernel.shape[axis]).astype(np.float64)
    largest = np.maximum(np.abs(maps).max(axis=0), _SMALLEST)
    noise = np.array([_noise(maps, share * largest) for share in _SHARES])
    signal = np.square(maps).sum()
    return WeightLoss(
        sqnr=_decibel(signal, noise[-1].sum()),
        clipped=_decibel(signal, noise.min(axis=0).sum()),
        spread=float(largest.max() / largest.min()),
    )


def _noise(maps: NDArray[np.float64], limits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Squared error of each map."""
    step = limits / _STEPS
    rounded = np.clip(np.rint(maps / step), -_STEPS, _STEPS) * step
    error: NDArray[np.float64] = np.square(maps - rounded).sum(axis=0)
    return error


def _decibel(signal: float, noise: float) -> float:
    return 10 * float(np.log10(max(signal, _SMALLEST) / max(noise, _SMALLEST)))
