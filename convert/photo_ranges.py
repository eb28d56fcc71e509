"""One range of a tensor from its ranges on many photos."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

COVERED = 0.8
"""The share of photos that stay within an 8-bit range, at each of its ends."""

Ends = NDArray[np.float64]


def covering(lowest: Ends, highest: Ends) -> tuple[Ends, Ends]:
    """The range of each tensor for 8 bits: all but the outliers among photos stay within.

    Every photo within would take resolution from all of them, and half of them within clips the lights of the others.

    Args:
        lowest: Least value on each photo, `(photos, tensors)`.
        highest: Largest values, likewise.

    Returns:
        Least and largest value, `(tensors,)` twice.
    """
    return np.quantile(lowest, 1 - COVERED, axis=0), np.quantile(highest, COVERED, axis=0)
