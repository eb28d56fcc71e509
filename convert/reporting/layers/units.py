"""In which unit a file holds a map: fine-tuning gives some another scale than the float model's, and takes it back.

`quantize.norms` scales maps that a norm reads, each by a factor of its own, which the norm takes away.
`quantize.joins` makes what is joined larger by a power of two, by which the kernels that read it are divided. Neither
is an error. Where a power of two is one, what reads it shows it: float layers are applied to the reference's unit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Maps = NDArray[np.float32]
Units = NDArray[np.float32]
LEAST_ENERGY = 1e-3
"""Of the mean: maps with less say nothing of their scale."""
_NEAR = 0.05  # how far the logarithm to base 2 of the usual factor may lie from a whole number
_TINY = 1e-30


def units_of_a_convolution(reference: Maps, values: Maps, has_norm: bool) -> Units:
    """For each map of `(1, h, w, C)` that a convolution gives, the unit in which it is held.

    Args:
        reference: What the float convolution gives for what the file's reads, in the reference's units.
        values: What the file's gives.
        has_norm: Whether a norm reads them: each map may have a unit of its own, the inverse of the least-squares
            factor `sum r x / sum x^2`. Otherwise it is one power of two from 2 on, or 1, for all of them, which most
            tell; another scale of one map is an error.
    """
    both = _sums(reference * values)
    if has_norm:
        return np.where(both != 0, _sums(values * values) / np.where(both != 0, both, 1), 1).astype(np.float32)
    energy = _sums(reference * reference)
    loud = energy > LEAST_ENERGY * energy.mean()
    powers = np.log2(np.maximum(np.nan_to_num(both / np.maximum(energy, _TINY)), _TINY))[loud]
    usual = float(np.median(powers)) if loud.any() else 0.0
    whole = round(usual)
    return np.full(len(energy), 2**whole if whole >= 1 and abs(usual - whole) < _NEAR else 1.0, np.float32)


def in_unit(values: Maps, units: Units | None) -> Maps:
    """`(1, h, w, C)` in the reference's units; a form of `convert.rewrites` repeats the maps in their order."""
    return values if units is None else values / np.resize(units, values.shape[-1])


def _sums(products: Maps) -> NDArray[np.float64]:
    """Of each map."""
    return products.sum(axis=(0, 1, 2), dtype=np.float64)
