"""In which unit a file holds a map: fine-tuning gives some another scale than the float model's, and takes it back.

`quantize.norms` scales maps that a norm reads, each by a factor of its own, which the norm takes away.
`quantize.joins` makes what is joined larger by a power of two, by which the kernels that read it are divided. Neither
is an error. Where a power of two is one, what reads it shows it: float layers are applied to the reference's unit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Units = NDArray[np.float32]
LEAST_ENERGY = 1e-3
"""Of the mean: maps with less say nothing of their scale."""
_NEAR = 0.05  # how far the logarithm to base 2 of a factor may lie from a whole number
_TINY = 1e-30


def units_before_a_norm(reference: NDArray[np.float32], values: NDArray[np.float32]) -> Units:
    """For each map of `(1, h, w, C)` its scale, the inverse of the least-squares factor `sum r x / sum x^2`."""
    both, energy = _sums(reference * values), _sums(values * values)
    return np.where(both != 0, energy / np.where(both != 0, both, 1), 1).astype(np.float32)


def units_of_a_join(reference: NDArray[np.float32], values: NDArray[np.float32]) -> Units:
    """For each map of `(1, h, w, C)` the power of two from 2 on by which it is larger than its reference, or 1."""
    factors = _sums(reference * values) / np.maximum(_sums(reference * reference), _TINY)
    powers = np.log2(np.maximum(np.nan_to_num(factors), _TINY))
    whole = np.rint(powers)
    return np.where((whole >= 1) & (np.abs(powers - whole) < _NEAR), 2.0**whole, 1.0).astype(np.float32)


def unit_of_a_layer(reference: NDArray[np.float32], values: NDArray[np.float32]) -> Units:
    """As `units_of_a_join`, if all maps that are not almost nothing agree; a scale of one map alone is an error."""
    units, energy = units_of_a_join(reference, values), _sums(reference * reference)
    agreed = np.unique(units[energy > LEAST_ENERGY * energy.mean()])
    return np.full_like(units, agreed[0] if len(agreed) == 1 else 1.0)


def _sums(products: NDArray[np.float32]) -> NDArray[np.float64]:
    return np.asarray(products.sum(axis=tuple(range(products.ndim - 1)), dtype=np.float64))
