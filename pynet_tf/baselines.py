"""What a model must beat: the best single Gaussian blur of the whole photo.

PSNR rewards blur, so the sharp photo alone is too low a bar. Blurs are made in the cosine domain (DCT-II), where a
Gaussian is a product and the squared error of every sigma follows from one transform of the pair (Parseval), exactly
and without blurring anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from pynet_tf.metrics import psnr_of_error

Pixels: TypeAlias = NDArray[np.float32]

SIGMA_STEP = 1.02
SIGMAS = (0.0, *(float(sigma) for sigma in np.round(np.geomspace(0.3, 0.3 * SIGMA_STEP**280, 281), 4)))
"""Pixels: none, then 0.3 to 77 in steps of 2 %."""

_AXES = (0, 1)


@dataclass(frozen=True)
class BestGaussian:
    """One blur for a whole set.

    Attributes:
        sigma: Standard deviation in pixels.
        mean_psnr: Mean PSNR over the set's pairs, in dB.
    """

    sigma: float
    mean_psnr: float


def gaussian_blur(photo: Pixels, sigma: float) -> Pixels:
    """Blur a photo (H, W, 3), 0..1, by a Gaussian of `sigma` pixels, the photo mirrored at its edges."""
    if sigma == 0:
        return photo
    height, width = photo.shape[:2]
    transfer = np.outer(_transfer(height, sigma), _transfer(width, sigma)).astype(np.float32)
    spectrum = fft.dctn(photo, axes=_AXES, norm="ortho")
    blurred = fft.idctn(spectrum * transfer[..., np.newaxis], axes=_AXES, norm="ortho")
    return np.clip(blurred, 0, 1)


class GaussianSearch:
    """Finds, pair by pair, the sigma of `SIGMAS` with the best mean PSNR over all pairs."""

    def __init__(self) -> None:
        self._psnrs: list[NDArray[np.float64]] = []

    def add(self, photo: Pixels, target: Pixels) -> None:
        """Take in a pair, (H, W, 3) both, 0..1."""
        height, width = photo.shape[:2]
        own, wanted = (fft.dctn(pixels.astype(np.float64), axes=_AXES, norm="ortho") for pixels in (photo, target))
        down = np.stack([_transfer(height, sigma) for sigma in SIGMAS])
        along = np.stack([_transfer(width, sigma) for sigma in SIGMAS])
        common = _bilinear(down, (own * wanted).sum(axis=2), along)
        power = _bilinear(down**2, (own * own).sum(axis=2), along**2)
        errors = ((wanted * wanted).sum() - 2 * common + power) / photo.size
        self._psnrs.append(np.array([psnr_of_error(float(error)) for error in errors]))

    def best(self) -> BestGaussian:
        """The best sigma over the pairs so far.

        Raises:
            ValueError: There are none.
        """
        if not self._psnrs:
            raise ValueError("no pairs to choose a sigma by")
        means = np.mean(self._psnrs, axis=0)
        place = int(means.argmax())
        return BestGaussian(SIGMAS[place], float(means[place]))


def _transfer(length: int, sigma: float) -> NDArray[np.float64]:
    """What a Gaussian leaves of each of the `length` frequencies of a DCT: `exp(-(pi k sigma / length)^2 / 2)`."""
    return np.exp(-0.5 * (np.pi * sigma / length * np.arange(length)) ** 2)


def _bilinear(
    down: NDArray[np.float64], matrix: NDArray[np.float64], along: NDArray[np.float64]
) -> NDArray[np.float64]:
    """`down[s] @ matrix @ along[s]` for each s."""
    return np.einsum("sw,sw->s", down @ matrix, along)
