"""From linear light to a photograph: one exposure and one curve for both photos of a pair."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from calib_data.pathtraced.mesh import Floats

Pixels = npt.NDArray[np.uint8]

_LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)  # ITU-R BT.709
_SHOULDER = 0.7  # linear light up to here, then softly towards white


def exposure(light: Floats, key: float) -> float:
    """The factor that brings the geometric mean of the brightness of `(H, W, 3)` to `key`."""
    return key / float(np.exp(np.log(light @ _LUMA + 1e-4).mean()))


def develop(light: Floats, factor: float) -> Pixels:
    """An sRGB picture `(H, W, 3)` uint8 of linear light `(H, W, 3)`, exposed by `factor`."""
    exposed = light * factor
    over = np.maximum(exposed - _SHOULDER, 0) / (1 - _SHOULDER)
    value = np.minimum(exposed, _SHOULDER) + (1 - _SHOULDER) * over / (1 + over**1.5) ** (2 / 3)
    encoded = np.where(value <= 0.0031308, 12.92 * value, 1.055 * np.maximum(value, 1e-8) ** (1 / 2.4) - 0.055)
    return np.rint(np.clip(encoded, 0, 1) * 255).astype(np.uint8)


def depth_picture(inverse_depth: Floats) -> Pixels:
    """Inverse depth `(H, W)` stretched to uint8: 255 is the nearest point, 0 the farthest."""
    low, high = float(inverse_depth.min()), float(inverse_depth.max())
    return np.rint((inverse_depth - low) / max(high - low, 1e-6) * 255).astype(np.uint8)
