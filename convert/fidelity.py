"""How near an artifact's pictures are to the float model's."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from pynet_tf.metrics import psnr


class Fidelity(BaseModel):
    """An artifact's pictures against the float model's, over several photos.

    Attributes:
        photos: How many were compared.
        mean_psnr: Mean of the photos' PSNR in dB.
        worst_psnr: The least of them, in dB.
        max_abs: The largest difference of any value of any photo, 0..1.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    photos: int
    mean_psnr: float
    worst_psnr: float
    max_abs: float


def finite(picture: NDArray[np.float32], reference: NDArray[np.float32]) -> tuple[NDArray[np.float32], int]:
    """A picture whose values that are no numbers are black or white, what is farther, and how many those are."""
    broken = ~np.isfinite(picture)
    count = int(np.count_nonzero(broken))
    return (np.where(broken, 1.0 - np.round(reference), picture).astype(np.float32) if count else picture), count


class Comparison:
    """Gathers fidelity photo by photo, so that one pair of pictures is in memory at a time."""

    def __init__(self) -> None:
        self._psnrs: list[float] = []
        self._largest = 0.0

    def add(self, reference: NDArray[np.float32], candidate: NDArray[np.float32]) -> None:
        """Compare two pictures `(1, H, W, 3)`, 0..1. What is no number counts as black or white, what is farther."""
        candidate, _ = finite(candidate, reference)
        self._psnrs.append(psnr(reference, candidate))
        self._largest = max(self._largest, float(np.max(np.abs(reference - candidate))))

    def result(self) -> Fidelity:
        """The figures over all photos."""
        return Fidelity(
            photos=len(self._psnrs),
            mean_psnr=float(np.mean(self._psnrs)),
            worst_psnr=float(np.min(self._psnrs)),
            max_abs=self._largest,
        )
