"""Textures that tile, in metres, and the photographs that come with scikit-image.

| photograph | what | rights |
|---|---|---|
| `brick.png` | wall of bricks, grey | CC0 (CC0Textures, Bricks25) |
| `grass.png` | lawn from above, grey | CC0 (linolafett on DeviantArt, Grass-01) |
| `gravel.png` | gravel from above, grey | CC0 (CC0Textures, Gravel04) |
| `coffee.png` | cup on a wooden table | CC0, photographer Rachel Michetti, courtesy of Pikolo Espresso Bar |
| `chelsea.png` | a cat | CC0, photographer Stefan van der Walt |
| `rocket.jpg` | a rocket before its start | public domain, SpaceX |
| `hubble_deep_field.jpg` | galaxies | public domain, NASA |

All lie inside of scikit-image's wheel; nothing is downloaded. Photographs of that package whose rights are not stated,
or that show people, are not used.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from calib_data.colour import to_linear
from calib_data.errors import UserError
from calib_data.scenes.arrays import Array, resample

PHOTOGRAPHS = {
    "brick": "brick.png",
    "grass": "grass.png",
    "gravel": "gravel.png",
    "coffee": "coffee.png",
    "chelsea": "chelsea.png",
    "rocket": "rocket.jpg",
    "galaxies": "hubble_deep_field.jpg",
}


@lru_cache(maxsize=len(PHOTOGRAPHS))
def photograph(name: str) -> Array:
    """One of `PHOTOGRAPHS` in linear light: `(h, w, 3)`, 0..1.

    Raises:
        UserError: The installed scikit-image lacks it.
    """
    import skimage

    path = Path(skimage.__file__).parent / "data" / PHOTOGRAPHS[name]
    try:
        with Image.open(path) as picture:
            encoded = np.asarray(picture.convert("RGB"), np.float32) / 255
    except FileNotFoundError as error:
        raise UserError(
            f"The installed scikit-image has no {path.name}.",
            "Reinstall it: pip install --force-reinstall scikit-image.",
        ) from error
    return to_linear(encoded)


@lru_cache(maxsize=4)
def relief_photograph(name: str, side: int = 1024) -> Array:
    """The lightness of a square photograph as a seamless tile: `(side, side)`, mean 1.

    Slow changes are taken out: repeated from tile to tile, they would show as a pattern.
    """
    grey = photograph(name)[..., 1]
    short = min(grey.shape)
    grey = _seamless(grey[:short, :short])
    step = (np.arange(side, dtype=np.float32) + 0.5) * (grey.shape[0] / side) - 0.5
    tile = resample(grey, *np.broadcast_arrays(step[:, None], step[None, :]))
    tile = tile / gaussian_filter(tile, side / 14, mode="wrap")
    return np.asarray(tile / tile.mean(), np.float32)


def _seamless(tile: Array, share: float = 0.12) -> Array:
    """Cross-fade the last rows and columns into what precedes the first ones."""
    for axis in (0, 1):
        moved = np.moveaxis(tile, axis, 0)
        wide = int(len(moved) * share)
        fade = np.linspace(0, 1, wide, dtype=np.float32)[:, None]
        body = moved[wide:].copy()
        body[-wide:] = np.sqrt(1 - fade) * body[-wide:] + np.sqrt(fade) * moved[:wide]
        body[-wide:] /= np.sqrt(1 - fade) + np.sqrt(fade)
        tile = np.moveaxis(body, 0, axis)
    return np.ascontiguousarray(tile)


@dataclass(frozen=True)
class Texture:
    """A tile of colour with its smaller versions.

    Attributes:
        levels: Linear RGB tiles `(n, n, 3)`, each half of the one before.
        metres: Side of the tile in the world.
    """

    levels: tuple[Array, ...]
    metres: float

    @classmethod
    def of(cls, tile: Array, metres: float) -> Texture:
        """The texture of a square tile `(n, n, 3)` whose side is a power of two."""
        levels = [np.ascontiguousarray(tile, dtype=np.float32)]
        while levels[-1].shape[0] > 4:
            side = levels[-1].shape[0] // 2
            levels.append(levels[-1].reshape(side, 2, side, 2, 3).mean((1, 3), dtype=np.float32))
        return cls(tuple(levels), metres)

    def at(self, across: Array, down: Array, footprint: Array | float) -> Array:
        """Albedo `(..., 3)` at positions in metres, for pixels that see `footprint` metres (trilinear)."""
        across, down, footprint = np.broadcast_arrays(across, down, footprint)
        shape = across.shape
        across, down = across.ravel(), down.ravel()
        side = self.levels[0].shape[0]
        level = np.log2(np.maximum(footprint.ravel() * (side / self.metres), 1e-6))
        level = np.clip(level, 0.0, len(self.levels) - 1)
        result = np.zeros((across.size, 3), np.float32)
        for place in range(int(level.min()), int(np.ceil(level.max())) + 1):
            weight = 1.0 - np.abs(level - place)
            chosen = np.flatnonzero(weight > 0.004)
            if chosen.size:
                scale = self.levels[place].shape[0] / self.metres
                colour = resample(self.levels[place], down[chosen] * scale - 0.5, across[chosen] * scale - 0.5)
                result[chosen] += colour * weight[chosen, None]
        return result.reshape(*shape, 3)
