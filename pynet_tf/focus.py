"""What of a pair is in focus in its target, found from the photo and the target alone, never from a prediction.

`sharp_area` compares fine contrast: where the target kept what the photo has, it is in focus. `area_at_focus_depth`
takes the depth at which that is so, and all that lies there, textured or not.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calib_data.colour import LUMA

Plane: TypeAlias = NDArray[np.float32]
Area: TypeAlias = NDArray[np.bool_]

REFERENCE_SIDE = 1024
"""Pixels: the lengths below hold for photos with this shorter side, and scale with it, ..."""
LEAST_SCALE = 0.5
"""... but not below this: finer than that there is no detail to compare."""
FINE_SIGMA = 1.5
"""Pixels: what a Gaussian of this sigma takes away is fine contrast."""
GAIN_SIGMA = 8.0
"""Pixels: brightness is compared under this Gaussian."""
WINDOW_SIGMA = 5.0
"""Pixels: the Gaussian window in which the energy of fine contrast is taken."""
LEAST_TEXTURE = 0.01
"""Fine contrast (root mean square in the window, of values 0..1) below which a place of the photo says nothing."""
LEAST_KEPT = 0.5
"""Share of the photo's fine contrast that the target has where it is in focus."""
SMOOTHING_SIGMA = 8.0
"""Pixels: places without texture belong to what most of the textured ones round them, in this window, belong to."""
LEAST_TEXTURED = 0.2
"""Share of that window which must have texture."""
MOST_BRIGHTNESS_CHANGE = 1.5
"""Factor, up or down: where the target's brightness differs by more, a blurred light or background has spread."""
CLOSING_RADIUS = 24.0
"""Pixels: plain places between sharp ones, at most twice this wide, belong to the area."""
RIM = 3.0
"""Pixels by which the windows reach over the outline of what is sharp; taken off the area."""
DEPTH_TOLERANCE = 0.05
"""How far the depth (0..1) of what is in focus may lie from the depth in focus."""
LEAST_SHARE = 0.01
"""Share of the frame below which a pair counts as having nothing in focus."""

_DARK = 0.03  # keeps the noise of shadows from being a change of brightness
_DEPTHS = 201
_LUMA = np.array(LUMA, np.float32)


def sharp_area(photo: Plane, target: Plane) -> Area:
    """Where the target has the photo's fine contrast.

    1. Luma (ITU-R BT.601) of both; fine contrast is luma less its Gaussian.
    2. The target is divided by the gain, the least-squares factor between the two lumas under a wide Gaussian.
    3. The share kept is the root of the ratio of both energies of fine contrast, each in a Gaussian window.
    4. A place is sharp where the photo has texture, the share is at least `LEAST_KEPT`, and brightness, under the wide
       Gaussian and after the gain, is the photo's within `MOST_BRIGHTNESS_CHANGE`: the rim of a light's disc is none.
    5. Votes are taken in a wider window: a place belongs to the area where at least half of the texture round it is
       sharp, which takes away specks.
    6. Plain places between are filled (a closing with a disc), and the rim of the windows is taken off.

    Energies, not signs, are compared, so that a target that is some pixels off changes little.

    Args:
        photo: (H, W, 3), 0..1.
        target: (H, W, 3), 0..1.

    Returns:
        (H, W).
    """
    scale = max(LEAST_SCALE, min(photo.shape[:2]) / REFERENCE_SIDE)
    lumas = photo @ _LUMA, target @ _LUMA
    own_contrast, target_contrast = (_fine_contrast(luma, scale) for luma in lumas)
    own_brightness, target_brightness = (ndimage.gaussian_filter(luma, GAIN_SIGMA * scale) for luma in lumas)
    gain = _gain(own_brightness, target_brightness)
    textured = own_contrast >= LEAST_TEXTURE
    kept = target_contrast >= LEAST_KEPT * gain * own_contrast
    change = np.log((target_brightness + _DARK) / (gain * own_brightness + _DARK))
    sharp = textured & kept & (np.abs(change) <= np.log(MOST_BRIGHTNESS_CHANGE))
    window = SMOOTHING_SIGMA * scale
    share_textured, share_sharp = (ndimage.gaussian_filter(m.astype(np.float32), window) for m in (textured, sharp))
    voted = (share_textured >= LEAST_TEXTURED) & (share_sharp >= 0.5 * share_textured)
    closed = ~_dilated(~_dilated(voted, CLOSING_RADIUS * scale), CLOSING_RADIUS * scale)
    return ~_dilated(~(voted | (closed & ~textured)), RIM * scale)


def area_at_focus_depth(depth: Plane, sharp: Area) -> Area:
    """All that lies at the depth that is in focus, textured or not.

    The depth in focus is the one whose surroundings, `DEPTH_TOLERANCE` to both sides, agree best with what is sharp:
    with S sharp pixels among N there, counted by their nearness, the one with the largest S^2 / N, that is, S times
    the share that is sharp.

    Args:
        depth: (H, W), 0..1, near is bright.
        sharp: (H, W), from `sharp_area`.

    Returns:
        (H, W); empty where less than `LEAST_SHARE` of the frame is sharp, too little to tell a depth by.
    """
    if sharp.mean() < LEAST_SHARE:
        return np.zeros_like(sharp)
    sharp_there, there = (_counts_near(values) for values in (depth[sharp], depth.ravel()))
    agreement = sharp_there**2 / np.maximum(there, 1)
    focus = float(agreement.argmax()) / (_DEPTHS - 1)
    return np.abs(depth - focus) <= DEPTH_TOLERANCE


def _counts_near(depths: Plane) -> NDArray[np.float64]:
    """How many depths lie near each of `_DEPTHS` depths from 0 to 1, each by its nearness: 0 at the tolerance."""
    counts = np.bincount(np.rint(depths * (_DEPTHS - 1)).astype(np.int64), minlength=_DEPTHS)
    reach = round(DEPTH_TOLERANCE * (_DEPTHS - 1))
    return np.convolve(counts, np.bartlett(2 * reach + 1), mode="same")


def _dilated(area: Area, radius: float) -> Area:
    """All within `radius` pixels of an area (H, W); nothing lies beyond the frame."""
    if not area.any():
        return area
    return ndimage.distance_transform_edt(~area) <= radius


def _fine_contrast(luma: Plane, scale: float) -> Plane:
    fine = luma - ndimage.gaussian_filter(luma, FINE_SIGMA * scale)
    return np.sqrt(ndimage.gaussian_filter(fine**2, WINDOW_SIGMA * scale))


def _gain(photo: Plane, target: Plane) -> float:
    power = float((photo * photo).sum())
    return float((photo * target).sum()) / power if power > 0 else 1.0
