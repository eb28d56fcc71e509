"""How far the two pictures of a pair are apart, judged where both are in focus.

Defocus leads plain phase correlation astray twice over: where the target is blurred, what remains is the background,
which alignment has matched already while the subject may be off; and a disc of confusion turns the peak into a ring
round the true place. So only what is in focus in the target counts, and a peak with a twin opposite is not believed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

CLEAR_PEAK = 25.0
"""Peaks above this many standard deviations are trusted: true pairs reach 31 to 215, unrelated photographs 21."""
LEAST_FOCUS = 0.05
"""Share of the frame that must be in focus in the target."""
MOST_MIRRORED = 0.5
"""Largest height of the peak's mirror image: true shifts have at most 0.3, rings of defocus 0.7 and more."""

_FINE, _COARSE, _NEARBY = 1.5, 6.0, 8.0  # Gaussian sigmas in pixels
_NOISE = 0.004
_SOFT, _SHARP = 0.3, 0.6  # fine contrast by that of the photo: out of focus, in focus
_SCENE_BLOCK = 16

Plane = NDArray[np.float32]


@dataclass(frozen=True)
class Shift:
    """The displacement of a target's content against its photo's.

    Attributes:
        down: Pixels by which it lies below.
        right: Pixels by which it lies to the right.
        peak: Height of the correlation peak in standard deviations of the correlation.
        mirrored: Height of the correlation at the opposite shift, as a share of the peak.
        focus: Share of the frame that is in focus in the target, 0..1.
    """

    down: float
    right: float
    peak: float
    mirrored: float
    focus: float

    @property
    def pixels(self) -> float:
        """Length of the displacement in pixels."""
        return float(np.hypot(self.down, self.right))

    @property
    def clear(self) -> bool:
        """Whether enough is in focus and one peak stands out."""
        return self.focus >= LEAST_FOCUS and self.peak >= CLEAR_PEAK and self.mirrored <= MOST_MIRRORED


def measure_shift(photo: Plane, target: Plane) -> Shift:
    """Phase correlation (Kuglin and Hines, 1975) of fine contrast in focus, with a parabola through the peak.

    Args:
        photo: Luma (H, W), 0..1.
        target: Luma (H, W), 0..1, of the same size.

    Returns:
        The shift in pixels of the arrays; all zero where nothing is in focus.
    """
    fine_photo, fine_target = _fine_contrast(photo), _fine_contrast(target)
    in_focus = _in_focus(fine_photo, fine_target, _NOISE / max(_coarse_contrast(photo), _NOISE))
    window = np.hanning(photo.shape[0])[:, None].astype(np.float32) * np.hanning(photo.shape[1]).astype(np.float32)
    sought = fft.rfft2(fine_target * window * in_focus)
    focus = float(in_focus.mean())
    # With the target's mask on the photo too, small shifts stand out best; without it, large ones are found.
    found = [_locate(fft.rfft2(fine_photo * mask), sought, photo.shape, focus) for mask in (window * in_focus, window)]
    return max(found, key=lambda shift: shift.peak)


def scene_likeness(first: Plane, second: Plane) -> float:
    """Normalised correlation (-1..1) of two pictures of one size, (H, W), blurred beyond what defocus changes.

    True pairs reach 0.96 and more, photographs of different places 0.57. A constant picture has 0.
    """
    coarse = [
        ndimage.zoom(ndimage.gaussian_filter(luma, _SCENE_BLOCK), 1 / _SCENE_BLOCK, order=1) for luma in (first, second)
    ]
    centred = [luma - luma.mean() for luma in coarse]
    norm = float(np.sqrt((centred[0] ** 2).sum() * (centred[1] ** 2).sum()))
    return float((centred[0] * centred[1]).sum() / norm) if norm > 0 else 0.0


def _coarse_contrast(luma: Plane) -> float:
    return float(ndimage.gaussian_filter(luma, _COARSE).std())


def _fine_contrast(luma: Plane) -> Plane:
    """Detail under about two pixels, free of exposure."""
    return (luma - ndimage.gaussian_filter(luma, _FINE)) / max(_coarse_contrast(luma), _NOISE)


def _in_focus(fine_photo: Plane, fine_target: Plane, noise: float) -> Plane:
    """Where the target has the photo's fine contrast, (H, W), 0..1."""
    energy = [np.sqrt(ndimage.gaussian_filter(fine**2, _NEARBY)) for fine in (fine_photo, fine_target)]
    return np.clip((energy[1] / (energy[0] + noise) - _SOFT) / (_SHARP - _SOFT), 0, 1)


def _locate(photo: NDArray[np.complex64], target: NDArray[np.complex64], shape: tuple[int, ...], focus: float) -> Shift:
    """The peak of the phase correlation of two spectra."""
    cross = np.conj(photo) * target
    magnitude = np.abs(cross)
    strongest = float(magnitude.max())
    if strongest == 0.0:
        return Shift(0.0, 0.0, 0.0, 0.0, focus)
    correlation = fft.irfft2(cross / (magnitude + 1e-9 * strongest), s=shape)
    row, column = (int(place) for place in np.unravel_index(int(correlation.argmax()), correlation.shape))
    peak = float(correlation[row, column])
    return Shift(
        down=_signed(row + _vertex(correlation[:, column], row), shape[0]),
        right=_signed(column + _vertex(correlation[row], column), shape[1]),
        peak=peak / float(correlation.std()),
        mirrored=_opposite(correlation, row, column) / peak,
        focus=focus,
    )


def _opposite(correlation: Plane, row: int, column: int) -> float:
    """The highest of the 3x3 places round the peak's mirror image; 0 where they would touch the peak's own."""
    height, width = correlation.shape
    if max(abs(_signed(row, height)), abs(_signed(column, width))) <= 1:
        return 0.0
    rows, columns = (-row + np.arange(-1, 2)) % height, (-column + np.arange(-1, 2)) % width
    return max(0.0, float(correlation[np.ix_(rows, columns)].max()))


def _vertex(values: Plane, place: int) -> float:
    """Offset (-0.5..0.5) of the vertex of the parabola through a peak and its two neighbours, which wrap round."""
    before, peak, after = (float(values[(place + step) % len(values)]) for step in (-1, 0, 1))
    curvature = before - 2 * peak + after
    return 0.5 * (before - after) / curvature if curvature < 0 else 0.0


def _signed(place: float, length: int) -> float:
    return place - length if place > length / 2 else place
