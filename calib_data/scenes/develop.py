"""From linear light to a photograph: exposure, tone, vignette, noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter

from calib_data.colour import to_encoded
from calib_data.scenes.arrays import Array, Pixels, Random, grid, luminance


@dataclass(frozen=True)
class Look:
    """How a pair is developed; both photos of it alike.

    Attributes:
        exposure: Factor on linear light.
        contrast: Strength of the tone curve, 0 is none.
        black: Encoded value 0..1 that becomes black.
        saturation: Factor on the distance from grey.
        vignette: Share of the light that the corners lose.
        warmth: Relative gain of red over blue.
        softness: Standard deviation of what lens and sensor blur everywhere, as a fraction of the picture's height.
        noise: Standard deviation at middle grey, of encoded values 0..1.
    """

    exposure: float
    contrast: float
    black: float
    saturation: float
    vignette: float
    warmth: float
    softness: float
    noise: float


def some_look(random: Random, image: Array, key: float, noise: bool) -> Look:
    """A look that brings the middle tones of a linear picture `(H, W, 3)` to `key`."""
    grey = luminance(image[::4, ::4])
    return Look(
        exposure=_exposure(grey, key),
        contrast=float(random.uniform(0.15, 0.55)),
        black=float(random.uniform(0.0, 0.06)),
        saturation=float(random.uniform(0.75, 1.0)),
        vignette=float(random.uniform(0.05, 0.3)),
        warmth=float(random.normal(0.0, 0.04)),
        softness=float(random.uniform(0.45, 0.75)) / 1024,
        noise=float(random.uniform(0.004, 0.012)) if noise else 0.0,
    )


def _exposure(grey: Array, key: float) -> float:
    """What brings the middle tones to `key`, held back where a seventh of the picture would be very bright."""
    wanted = key / float(np.exp(np.mean(np.log(np.maximum(grey, 1e-3)))))
    bearable = 0.5 / max(float(np.percentile(grey, 85)), 1e-3)
    return wanted if wanted < bearable else float(wanted**0.4 * bearable**0.6)


def develop(image: Array, look: Look, random: Random) -> Pixels:
    """Linear RGB `(H, W, 3)` to encoded RGB `(H, W, 3)`, uint8.

    Highlights roll off by their brightest channel, so that coloured lights keep their hue.
    """
    height, width = image.shape[:2]
    rows, columns = grid(height, width)
    away = ((rows - height / 2) ** 2 + (columns - width / 2) ** 2) * (4 / (height**2 + width**2))
    gains = np.array([1 + look.warmth, 1.0, 1 - look.warmth], np.float32) * look.exposure
    light = np.asarray(image * gains * (1 - look.vignette * away)[..., None], np.float32)
    light = gaussian_filter(light, (look.softness * height, look.softness * height, 0), mode="nearest", truncate=3.0)
    light = _rolled_off(light)
    if look.noise > 0:
        light = _with_noise(light, look.noise, random)
    return np.rint(_toned(to_encoded(light), look) * 255).astype(np.uint8)


def _toned(encoded: Array, look: Look) -> Array:
    """Encoded values 0..1 after saturation, black point and tone curve."""
    grey = luminance(encoded)[..., None]
    muted = grey + (encoded - grey) * look.saturation
    deep = np.clip((muted - look.black) / (1 - look.black), 0, 1)
    curved = deep * deep * (3 - 2 * deep)
    return np.asarray(deep + (curved - deep) * look.contrast, np.float32)


def _rolled_off(light: Array, knee: float = 0.7) -> Array:
    """Values over `knee` approach 1; a little of the surplus turns white, as on film."""
    brightest = light.max(-1, keepdims=True)
    over = np.maximum(brightest - knee, 0.0)
    shown = np.where(brightest > knee, knee + (1 - knee) * (1 - np.exp(-over / (1 - knee))), brightest)
    scaled = light * (shown / np.maximum(brightest, 1e-6))
    white = np.clip(over / 8, 0.0, 0.55)
    return np.asarray(scaled + (shown - scaled) * white, np.float32)


def _with_noise(light: Array, sigma: float, random: Random) -> Array:
    """Shot noise, growing with the root of the light, over a floor of read noise; fine grain in linear light."""
    deviation = sigma * 0.9 * np.sqrt(np.maximum(light, 0.0) * 0.5 + 0.003)
    grain = random.standard_normal(light.shape, dtype=np.float32)
    grey = random.standard_normal((*light.shape[:2], 1), dtype=np.float32)
    return np.asarray(light + deviation * (0.6 * grain + 0.8 * grey), np.float32)
