"""Maps that suit integers: the network of the same function of which 8 bits lose least."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tf_keras as keras
from numpy.typing import NDArray

from quantize.joins import enlarge
from quantize.norms import NORMS

SUITED_ON = 6
"""Photos that are enough: scales decide how finely maps are rounded, not what they are."""


def suited(model: keras.Model, photos: Sequence[NDArray[np.float32]], norm: str = "instance") -> keras.Model:
    """The network with maps of one size before norms and before joins.

    Args:
        model: A PyNET that builds level 1.
        photos: Input tensors `(1, H/2, W/2, C)`, 0..1.
        norm: What becomes of instance norm, of `quantize.norms.NORMS`.

    Returns:
        A PyNET of the same function, but for `frozen` norms.

    Raises:
        UserError: There are no photos, or no norm to freeze.
    """
    return enlarge(NORMS[norm](model, photos), photos)
