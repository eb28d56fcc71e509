"""How near a picture is to its target: over the whole frame, and inside an area of it.

Every figure is made from a map, one value a pixel, so that the same map gives the mean of the frame and that of the
area. Pictures are (H, W, 3), 0..1, sRGB-encoded, and are compared as they are: no contrast stretch, no gain, no shift.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Pixels: TypeAlias = NDArray[np.float32]
Area: TypeAlias = NDArray[np.bool_]

PSNR_LIMIT = 150.0
"""dB; what equal pictures have."""
GAUSSIAN_SIGMA, GAUSSIAN_SIDE = 1.5, 11
UNIFORM_SIDE = 7
SSIM_K1, SSIM_K2 = 0.01, 0.03
MS_SSIM_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Exponents of the five scales, finest first (Wang et al. 2003, section 3.2)."""
SHORTEST_SIDE = GAUSSIAN_SIDE << (len(MS_SSIM_WEIGHTS) - 1)
"""Pixels: a shorter picture has no whole window at the coarsest scale of MS-SSIM."""

_Filter: TypeAlias = Callable[[Pixels], Pixels]


@dataclass(frozen=True)
class Figures:
    """What is measured of one picture, or the means over several.

    Attributes:
        psnr: dB, over all three channels; at most 150.
        ssim_gauss11: -1..1, 11x11 Gaussian window.
        ssim_uniform7: -1..1, 7x7 uniform window.
        ms_ssim: 0..1, five scales.
        ciede2000: Mean colour difference; 1 is about what an eye can just tell, 0 is equal.
        lpips: Learned perceptual distance over the frame, 0 is equal; None where it was not asked for.
    """

    psnr: float
    ssim_gauss11: float
    ssim_uniform7: float
    ms_ssim: float
    ciede2000: float
    lpips: float | None = None


def mean_figures(figures: Sequence[Figures]) -> Figures:
    """The mean of each figure over pictures, each picture counting once.

    Raises:
        ValueError: There are none.
    """
    if not figures:
        raise ValueError("no figures to take the mean of")

    def mean(name: str) -> float:
        return float(np.mean([getattr(one, name) for one in figures]))

    return Figures(
        psnr=mean("psnr"),
        ssim_gauss11=mean("ssim_gauss11"),
        ssim_uniform7=mean("ssim_uniform7"),
        ms_ssim=mean("ms_ssim"),
        ciede2000=mean("ciede2000"),
        lpips=None if any(one.lpips is None for one in figures) else mean("lpips"),
    )


def psnr(reference: Pixels, candidate: Pixels) -> float:
    """Peak signal-to-noise ratio in dB of pictures of one shape, 0..1: `10 log10(1 / mean((a - b)^2))`.

    Limited to 150 dB, which equal pictures have.
    """
    return psnr_of_error(float(np.mean(np.square(reference.astype(np.float64) - candidate))))


def psnr_of_error(squared_error: float) -> float:
    """PSNR in dB of a mean squared error of values 0..1, limited to 150 dB."""
    return PSNR_LIMIT if squared_error <= 10.0 ** (-PSNR_LIMIT / 10) else -10.0 * float(np.log10(squared_error))


class Comparison:
    """One picture against its target; `figures` reads the frame or an area of it.

    SSIM and MS-SSIM take each channel by itself, then the mean of the three. Windows that stand over the edge are left
    out, so their maps are smaller by half a window on each side, and an area is cropped likewise. At the coarser scales
    of MS-SSIM an area becomes weights: the share of each pixel that lies in it.

    Args:
        target: (H, W, 3), 0..1; both sides at least 176 pixels.
        picture: (H, W, 3), 0..1.

    Raises:
        ValueError: The shapes differ, or a side is too short.
    """

    def __init__(self, target: Pixels, picture: Pixels) -> None:
        if target.shape != picture.shape or target.ndim != 3 or target.shape[2] != 3:
            raise ValueError(f"pictures of one shape (H, W, 3) are compared, not {target.shape} and {picture.shape}")
        if min(target.shape[:2]) < SHORTEST_SIDE:
            raise ValueError(f"both sides must have at least {SHORTEST_SIDE} pixels, not {target.shape[:2]}")
        self._squared_error = np.square(target.astype(np.float64) - picture).mean(axis=2)
        self._ssim_uniform7 = _ssim_uniform7_map(target, picture)
        self._ssim_gauss11, self._scales = _gaussian_maps(target, picture)
        self._ciede2000 = ciede2000_map(target, picture)

    def figures(self, area: Area | None = None) -> Figures:
        """The figures over the frame, or inside `area`.

        Args:
            area: (H, W), for which `measurable` holds.

        Raises:
            ValueError: The area has another size or is not measurable.
        """
        shape = self._squared_error.shape
        if area is not None and (area.shape != shape or not measurable(area)):
            raise ValueError(f"the area is {area.shape} with {int(area.sum())} pixels, the pictures are {shape}")
        weights = np.ones(shape, np.float32) if area is None else area.astype(np.float32)
        return Figures(
            psnr=psnr_of_error(float(_weighted_means(self._squared_error, weights))),
            ssim_gauss11=float(_weighted_means(self._ssim_gauss11, weights)),
            ssim_uniform7=float(_weighted_means(self._ssim_uniform7, weights)),
            ms_ssim=self._ms_ssim(weights),
            ciede2000=float(_weighted_means(self._ciede2000, weights)),
        )

    def _ms_ssim(self, weights: Pixels) -> float:
        """The product over scales of each channel's mean to the scale's exponent; a negative mean counts as 0."""
        product = np.ones(3)
        for similarity, exponent in zip(self._scales, MS_SSIM_WEIGHTS, strict=True):
            product *= np.maximum(_weighted_means(similarity, weights), 0) ** exponent
            weights = _halved(weights)
        return float(product.mean())


def measurable(area: Area) -> bool:
    """Whether something of an area (H, W) is left at every scale of MS-SSIM, whose coarsest windows begin 80 px in."""
    weights = area.astype(np.float32)
    for _ in MS_SSIM_WEIGHTS[1:]:
        weights = _halved(weights)
    return bool(_whole_windows(weights, GAUSSIAN_SIDE).any())


def ciede2000_map(target: Pixels, picture: Pixels) -> NDArray[np.float32]:
    """CIEDE2000 colour difference of each pixel (H, W), from sRGB by CIELAB under D65 (2 degree observer).

    Sharma, Wu and Dalal, "The CIEDE2000 color-difference formula", 2005, with all weights 1.
    """
    from skimage.color import deltaE_ciede2000, rgb2lab

    difference = deltaE_ciede2000(rgb2lab(target), rgb2lab(picture))  # type: ignore[no-untyped-call]
    return difference.astype(np.float32)


def _ssim_uniform7_map(target: Pixels, picture: Pixels) -> Pixels:
    """SSIM (H - 6, W - 6) in a uniform window with sample statistics (divided by n - 1), which is skimage's default."""

    def window_mean(plane: Pixels) -> Pixels:
        return ndimage.uniform_filter(plane, (UNIFORM_SIDE, UNIFORM_SIDE, 0))

    samples = UNIFORM_SIDE**2
    luminance, structure = _similarity(target, picture, window_mean, samples / (samples - 1))
    return _whole_windows(luminance * structure, UNIFORM_SIDE).mean(axis=2)


def _gaussian_maps(target: Pixels, picture: Pixels) -> tuple[Pixels, list[Pixels]]:
    """SSIM (H - 10, W - 10), and what MS-SSIM averages at each scale (h, w, 3), finest first.

    Window and population statistics of Wang, Bovik, Sheikh and Simoncelli 2004. Of MS-SSIM (Wang, Simoncelli and Bovik
    2003) each scale has the product of contrast and structure, the coarsest that of luminance too; scales are halved by
    2x2 means.
    """
    luminance, structure = _similarity(target, picture, _gaussian_mean, 1.0)
    ssim = _whole_windows(luminance * structure, GAUSSIAN_SIDE).mean(axis=2)
    scales = [structure]
    for _ in MS_SSIM_WEIGHTS[1:]:
        target, picture = _halved(target), _halved(picture)
        luminance, structure = _similarity(target, picture, _gaussian_mean, 1.0)
        scales.append(structure)
    scales[-1] = luminance * structure
    return ssim, [_whole_windows(similarity, GAUSSIAN_SIDE) for similarity in scales]


def _gaussian_mean(plane: Pixels) -> Pixels:
    sigma = (GAUSSIAN_SIGMA, GAUSSIAN_SIGMA, 0)
    return ndimage.gaussian_filter(plane, sigma, radius=(GAUSSIAN_SIDE // 2, GAUSSIAN_SIDE // 2, 0))


def _similarity(target: Pixels, picture: Pixels, mean: _Filter, correction: float) -> tuple[Pixels, Pixels]:
    """Luminance, and contrast times structure, of SSIM; both (H, W, 3).

    Args:
        target: (H, W, 3), 0..1.
        picture: (H, W, 3), 0..1.
        mean: The weighted mean over a window.
        correction: What turns population into sample statistics, n / (n - 1), or 1.
    """
    target_mean, picture_mean = mean(target), mean(picture)
    covariance = correction * (mean(target * picture) - target_mean * picture_mean)
    means_squared = target_mean**2 + picture_mean**2
    variances = correction * (mean(target**2 + picture**2) - means_squared)
    luminance = (2 * target_mean * picture_mean + SSIM_K1**2) / (means_squared + SSIM_K1**2)
    structure = (2 * covariance + SSIM_K2**2) / (variances + SSIM_K2**2)
    return luminance, structure


def _whole_windows(values: Pixels, side: int) -> Pixels:
    """Without the places whose window stands over the edge."""
    edge = side // 2
    return values[edge:-edge, edge:-edge]


def _halved(values: Pixels) -> Pixels:
    """2x2 means of (H, W) or (H, W, C); an odd side's last row or column is doubled first, as TensorFlow does."""
    odd = [(0, values.shape[0] % 2), (0, values.shape[1] % 2), (0, 0)][: values.ndim]
    even = np.pad(values, odd, mode="edge") if values.shape[0] % 2 or values.shape[1] % 2 else values
    height, width = even.shape[:2]
    return even.reshape(height // 2, 2, width // 2, 2, *even.shape[2:]).mean(axis=(1, 3))


def _weighted_means(values: NDArray[Any], weights: Pixels) -> NDArray[np.float64]:
    """Weighted means over height and width of (h, w) or (h, w, C); the weights (H, W) lose the same edge first."""
    edge = (weights.shape[0] - values.shape[0]) // 2
    inner = weights[edge : weights.shape[0] - edge, edge : weights.shape[1] - edge].astype(np.float64)
    return np.tensordot(inner, values, axes=((0, 1), (0, 1))) / inner.sum()
